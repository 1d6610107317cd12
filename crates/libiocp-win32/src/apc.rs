//! Calls that are queued for threads: making them.
//!
//! A function of the program may end its thread, and unwind through the wait that it is called
//! in. So a wait that is alertable has two parts: one that waits, and in which no panic leaves;
//! and around it one in which nothing with a destructor is alive, which makes the calls.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr::without_provenance_mut;

use libiocp::apc::{Apc, CompletionRoutine};
use libiocp::status::Status;
use libiocp::thread::Thread;

use crate::types::DWORD;

/// What an alertable wait returns when calls have been made.
pub(crate) const WAIT_IO_COMPLETION: DWORD = 192;

/// Makes the calls that are queued for the calling thread, oldest first, until there are none.
///
/// # Safety
/// Nothing with a destructor is alive in the frames between this and the program's.
pub(crate) unsafe extern "C-unwind" fn make_calls() {
    while let Some(apc) = next() {
        // SAFETY: the program has queued the function with what it is to be given.
        unsafe { make(apc) };
    }
}

/// Makes the calls that have ended a wait.
///
/// # Safety
/// As [`make_calls`].
pub(crate) unsafe extern "C-unwind" fn after_wait(result: DWORD) -> DWORD {
    if result == WAIT_IO_COMPLETION {
        // SAFETY: this function's contract.
        unsafe { make_calls() };
    }
    result
}

/// `extern "C"`, so that no panic leaves.
#[allow(improper_ctypes_definitions)]
extern "C" fn next() -> Option<Apc> {
    Thread::current().next_apc()
}

/// # Safety
/// The function may be called with what goes with it.
unsafe fn make_completion(
    routine: CompletionRoutine,
    (status, bytes): (Status, usize),
    overlapped: *mut c_void,
) {
    let bytes = bytes as u32;
    // SAFETY: this function's contract.
    unsafe {
        match routine {
            CompletionRoutine::File(routine) => routine(status.win32(), bytes, overlapped),
            CompletionRoutine::Socket(routine) => routine(status.wsa(), bytes, overlapped, 0),
            CompletionRoutine::Native(routine, context) => {
                routine(without_provenance_mut(context), overlapped, 0);
            }
        }
    }
}

/// # Safety
/// The function may be called with what goes with it.
unsafe fn make(apc: Apc) {
    // SAFETY: this function's contract.
    unsafe {
        match apc {
            Apc::User(routine, argument) => routine(argument),
            Apc::Native(routine, [first, second, third]) => routine(
                without_provenance_mut(first),
                without_provenance_mut(second),
                without_provenance_mut(third),
            ),
            Apc::Timer(routine, argument, time) => {
                routine(without_provenance_mut(argument), time as u32, (time >> 32) as u32);
            }
            Apc::Completion { routine, status, bytes, overlapped } => {
                make_completion(routine, (status, bytes), without_provenance_mut(overlapped));
            }
        }
    }
}

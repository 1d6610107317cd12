//! Calls that are queued for threads.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::status;
use super::types::NTSTATUS;
use crate::apc::make_calls;
use crate::kernel::system;
use crate::types::{HANDLE, LPVOID};
use libiocp::apc::{Apc, NativeRoutine};
use libiocp::object::access;
use libiocp::status::Status;

/// `NtQueueApcThread`: lets a thread call a function in its next alertable
/// wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueueApcThread(
    ThreadHandle: HANDLE,
    ApcRoutine: Option<NativeRoutine>,
    ApcArgument1: LPVOID,
    ApcArgument2: LPVOID,
    ApcArgument3: LPVOID,
) -> NTSTATUS {
    let arguments = [ApcArgument1, ApcArgument2, ApcArgument3].map(|it| it as usize);
    let queue = || {
        let thread = system().thread(ThreadHandle as usize, access::THREAD_SET_CONTEXT)?;
        let routine = ApcRoutine.ok_or(Status::INVALID_PARAMETER)?;
        let ticket = thread.queue_apc(Apc::Native(routine, arguments));
        ticket.map(drop).ok_or(Status::UNSUCCESSFUL)
    };
    status(queue())
}

/// `NtTestAlert`: makes the calls that are queued for the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn NtTestAlert() -> NTSTATUS {
    // SAFETY: nothing with a destructor is alive here.
    unsafe { make_calls() };
    0
}

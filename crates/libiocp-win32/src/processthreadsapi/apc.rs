//! Calls for other threads to make.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use libiocp::apc::{Apc, UserRoutine};
use libiocp::object::access;
use libiocp::status::Status;

use crate::codes::ERROR_INVALID_PARAMETER;
use crate::errhandlingapi::set_last_error;
use crate::kernel::system;
use crate::types::{DWORD, HANDLE, ULONG_PTR};

fn queue(routine: Option<UserRoutine>, thread: HANDLE, data: usize) -> Result<(), u32> {
    let thread = system().thread(thread.addr(), access::THREAD_SET_CONTEXT);
    let thread = thread.map_err(Status::win32)?;
    let routine = routine.ok_or(ERROR_INVALID_PARAMETER)?;
    let ticket = thread.queue_apc(Apc::User(routine, data));
    ticket.map(drop).ok_or(Status::UNSUCCESSFUL.win32())
}

/// `QueueUserAPC`: lets a thread call a function in its next alertable wait. 31 for a thread
/// that has ended; a NULL function, with which Windows would fault later, is refused with 87.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueueUserAPC(
    pfnAPC: Option<UserRoutine>,
    hThread: HANDLE,
    dwData: ULONG_PTR,
) -> DWORD {
    match queue(pfnAPC, hThread, dwData) {
        Ok(()) => 1,
        Err(code) => {
            set_last_error(code);
            0
        }
    }
}

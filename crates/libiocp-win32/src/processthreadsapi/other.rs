//! Other processes.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{null_on_error, succeed, system};
use crate::types::{BOOL, DWORD, HANDLE, TRUE};
use libiocp::handle::Handle;
use libiocp::object::{Object, access};
use libiocp::process::Process;
use libiocp::status::Status;
use libiocp::system::INHERIT;
use std::sync::Arc;

const ERROR_NOT_SUPPORTED: DWORD = 50;
const ERROR_NOACCESS: DWORD = 998;

/// `OpenProcess`: a handle of a process of the same user. NULL on failure: 87
/// if there is none with this number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenProcess(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    dwProcessId: DWORD,
) -> HANDLE {
    let open = |id| {
        let object = Object::Process(Handle::of(system().processes().open(id)?));
        let access = object.map_access(dwDesiredAccess);
        system().insert_with(object, access, if bInheritHandle != 0 { INHERIT } else { 0 })
    };
    null_on_error(match dwProcessId {
        0 => Err(Status::INVALID_PARAMETER),
        id => open(id),
    })
}

/// A process, if the handle has one of the two rights to ask.
pub(crate) fn asked(handle: HANDLE) -> Result<Arc<Process>, Status> {
    let limited = access::PROCESS_QUERY_LIMITED_INFORMATION;
    let whole = access::PROCESS_QUERY_INFORMATION;
    let value = handle as usize;
    system().process(value, limited).or_else(|_| system().process(value, whole))
}

/// `GetExitCodeProcess`: the code a process ended with; 259 while it runs.
///
/// Of the code that a program returns Linux keeps the low 8 bits; one that a
/// signal ended has the code of the exception that is its like. How a process
/// that this one did not start has ended only its parent knows: 50.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExitCodeProcess(hProcess: HANDLE, lpExitCode: *mut DWORD) -> BOOL {
    let code = match asked(hProcess) {
        Err(status) => return fail(status.win32()),
        Ok(process) => process.exit_code(),
    };
    if lpExitCode.is_null() {
        return fail(ERROR_NOACCESS);
    }
    let Some(code) = code else { return fail(ERROR_NOT_SUPPORTED) };
    // SAFETY: the documentation asks for a valid place.
    unsafe { lpExitCode.write(code) };
    TRUE
}

/// `TerminateProcess`: ends a process at once, with this exit code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TerminateProcess(hProcess: HANDLE, uExitCode: u32) -> BOOL {
    let process = system().process(hProcess as usize, access::PROCESS_TERMINATE);
    succeed(process.and_then(|process| process.terminate(uExitCode)))
}

/// `GetProcessId`: the number of a process; 0 on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessId(Process: HANDLE) -> DWORD {
    match asked(Process) {
        Ok(process) => process.id(),
        Err(status) => {
            set_last_error(status.win32());
            0
        }
    }
}

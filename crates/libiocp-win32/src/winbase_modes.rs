//! `winbase.h`: how completions are notified.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{succeed, system};
use crate::types::{BOOL, HANDLE};
use libiocp::file::{SKIP_COMPLETION_PORT_ON_SUCCESS, SKIP_SET_EVENT_ON_HANDLE};

const ERROR_INVALID_PARAMETER: u32 = 87;

/// `SetFileCompletionNotificationModes`: no packet for what succeeds at once
/// (1); the handle is not signaled by completions (2). Modes are only added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFileCompletionNotificationModes(FileHandle: HANDLE, Flags: u8) -> BOOL {
    let known = SKIP_COMPLETION_PORT_ON_SUCCESS | SKIP_SET_EVENT_ON_HANDLE;
    let file = match system().file(FileHandle as usize, 0) {
        Ok(file) => file,
        Err(status) => return fail(status.win32()),
    };
    if u32::from(Flags) & !known != 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    succeed(file.add_modes(u32::from(Flags)))
}

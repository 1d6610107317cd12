//! `errhandlingapi.h`: the last error.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cell::Cell;

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
}

/// Sets the calling thread's last error.
pub(crate) fn set_last_error(code: u32) {
    LAST_ERROR.set(code);
}

/// `GetLastError`: the calling thread's last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetLastError() -> u32 {
    LAST_ERROR.get()
}

/// `SetLastError`: sets the calling thread's last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetLastError(dwErrCode: u32) {
    LAST_ERROR.set(dwErrCode);
}

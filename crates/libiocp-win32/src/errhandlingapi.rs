//! `errhandlingapi.h`: the last error, and the error mode.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::codes::ERROR_INVALID_PARAMETER;
use crate::types::{BOOL, DWORD, FALSE, TRUE};

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
    static THREAD_ERROR_MODE: Cell<u32> = const { Cell::new(0) };
}

static ERROR_MODE: AtomicU32 = AtomicU32::new(0);

const SEM_NOALIGNMENTFAULTEXCEPT: u32 = 0x4;
const THREAD_MODE_BITS: u32 = 0x8003;

/// Sets the calling thread's last error.
pub(crate) fn set_last_error(code: u32) {
    LAST_ERROR.set(code);
}

/// Sets the last error and gives `FALSE`.
pub(crate) fn fail(code: u32) -> BOOL {
    LAST_ERROR.set(code);
    FALSE
}

/// `GetLastError`: the calling thread's last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetLastError() -> DWORD {
    LAST_ERROR.get()
}

/// `SetLastError`: sets the calling thread's last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetLastError(dwErrCode: DWORD) {
    LAST_ERROR.set(dwErrCode);
}

/// `SetErrorMode`: sets the process' error mode and gives the one before.
///
/// The modes choose between message boxes and failing calls; calls always fail here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetErrorMode(uMode: u32) -> u32 {
    // The alignment bit stays once it is set.
    let keep = |old: u32| Some(uMode | (old & SEM_NOALIGNMENTFAULTEXCEPT));
    ERROR_MODE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, keep).unwrap_or(0)
}

/// `GetErrorMode`: the process' error mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetErrorMode() -> u32 {
    ERROR_MODE.load(Ordering::Relaxed)
}

/// `SetThreadErrorMode`: sets the calling thread's error mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadErrorMode(dwNewMode: DWORD, lpOldMode: *mut DWORD) -> BOOL {
    if dwNewMode & !THREAD_MODE_BITS != 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let old = THREAD_ERROR_MODE.replace(dwNewMode);
    if !lpOldMode.is_null() {
        // SAFETY: the caller's promise: valid for writes when not null.
        unsafe { lpOldMode.write(old) };
    }
    TRUE
}

/// `GetThreadErrorMode`: the calling thread's error mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetThreadErrorMode() -> DWORD {
    THREAD_ERROR_MODE.get()
}

//! Comparing file times, and the local zone.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cmp::Ordering;

use crate::codes::ERROR_INVALID_PARAMETER;
use crate::errhandlingapi::fail;
use crate::timezoneapi::{filetime, shifted, ticks};
use crate::types::{BOOL, FILETIME, LONG, TRUE};

/// `CompareFileTime`: -1, 0 or 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CompareFileTime(
    lpFileTime1: *const FILETIME,
    lpFileTime2: *const FILETIME,
) -> LONG {
    // SAFETY: the caller's promise: both are readable.
    let (first, second) = unsafe { (ticks(lpFileTime1.read()), ticks(lpFileTime2.read())) };
    match first.cmp(&second) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// `FileTimeToLocalFileTime`: UTC to local time, by the offset in force now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FileTimeToLocalFileTime(
    lpFileTime: *const FILETIME,
    lpLocalFileTime: *mut FILETIME,
) -> BOOL {
    // SAFETY: the caller's promise: one is readable, the other writable.
    unsafe { shift(lpFileTime, lpLocalFileTime, 1) }
}

/// `LocalFileTimeToFileTime`: local time to UTC, by the offset in force now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalFileTimeToFileTime(
    lpLocalFileTime: *const FILETIME,
    lpFileTime: *mut FILETIME,
) -> BOOL {
    // SAFETY: the caller's promise: one is readable, the other writable.
    unsafe { shift(lpLocalFileTime, lpFileTime, -1) }
}

/// # Safety
/// `from` is readable and `to` is valid for writes.
unsafe fn shift(from: *const FILETIME, to: *mut FILETIME, sign: i64) -> BOOL {
    // SAFETY: this function's contract.
    let time = ticks(unsafe { from.read() });
    if time >= 1 << 63 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: this function's contract.
    unsafe { to.write(filetime(shifted(time, sign))) };
    TRUE
}

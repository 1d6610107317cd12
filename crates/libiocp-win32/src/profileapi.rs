//! `profileapi.h`: the high-resolution clock, 10 MHz as on Windows.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::codes::ERROR_NOACCESS;
use crate::errhandlingapi::fail;
use crate::types::{BOOL, LARGE_INTEGER, TRUE};

const FREQUENCY: i64 = 10_000_000;

/// `QueryPerformanceCounter`: 100-nanosecond ticks since some point before the start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryPerformanceCounter(lpPerformanceCount: *mut LARGE_INTEGER) -> BOOL {
    if lpPerformanceCount.is_null() {
        return fail(ERROR_NOACCESS);
    }
    let now = crate::sysinfoapi::clock(libc::CLOCK_BOOTTIME);
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpPerformanceCount.write(now.tv_sec * FREQUENCY + now.tv_nsec / 100) };
    TRUE
}

/// `QueryPerformanceFrequency`: ticks in a second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryPerformanceFrequency(lpFrequency: *mut LARGE_INTEGER) -> BOOL {
    if lpFrequency.is_null() {
        return fail(ERROR_NOACCESS);
    }
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpFrequency.write(FREQUENCY) };
    TRUE
}

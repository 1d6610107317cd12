//! The process: its end and its times.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::GetCurrentProcess;
use crate::codes::{ERROR_INVALID_HANDLE, ERROR_NOACCESS};
use crate::errhandlingapi::fail;
use crate::futex;
use crate::timezoneapi::{filetime, unix_ticks};
use crate::types::{BOOL, FILETIME, HANDLE, TRUE};

/// `ExitProcess`: ends the process at once, after writing out what C streams still hold.
///
/// Other threads stop where they are, and handlers of `atexit` do not run, as on Windows. A parent
/// on Linux sees the low 8 bits of the code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExitProcess(uExitCode: u32) -> ! {
    flush_streams();
    // SAFETY: ends the process.
    unsafe { libc::_exit(uExitCode.cast_signed()) }
}

/// Writes out every C stream.
///
/// A stream whose lock another thread holds, say in a blocked read, would make that wait for
/// ever, so a thread does it and gets a second.
pub(crate) fn flush_streams() {
    static DONE: AtomicU32 = AtomicU32::new(0);
    let flusher = std::thread::Builder::new().spawn(|| {
        // SAFETY: NULL means every stream.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        DONE.store(1, Ordering::Release);
        futex::wake_all(&raw const DONE);
    });
    if flusher.is_err() {
        return;
    }
    let deadline = Some(std::time::Instant::now() + Duration::from_secs(1));
    while DONE.load(Ordering::Acquire) == 0 && futex::wait(&DONE, 0, deadline) {}
}

/// When the process began, in ticks since 1601.
fn creation_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold anything; the 22nd field is the 20th after it.
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let started: u64 =
        after_name.split(' ').nth(19).and_then(|field| field.parse().ok()).unwrap_or(0);
    // SAFETY: no memory is involved.
    let hertz = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100).max(1);
    let now = unix_ticks(crate::sysinfoapi::clock(libc::CLOCK_REALTIME));
    let up = crate::sysinfoapi::clock(libc::CLOCK_BOOTTIME);
    let up_ticks = up.tv_sec.unsigned_abs() * 10_000_000 + up.tv_nsec.unsigned_abs() / 100;
    now.saturating_sub(up_ticks) + started * (10_000_000 / hertz)
}

fn ticks(time: libc::timeval) -> u64 {
    time.tv_sec.unsigned_abs() * 10_000_000 + time.tv_usec.unsigned_abs() * 10
}

/// `GetProcessTimes`: when this process began, and the processor time it has had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessTimes(
    hProcess: HANDLE,
    lpCreationTime: *mut FILETIME,
    lpExitTime: *mut FILETIME,
    lpKernelTime: *mut FILETIME,
    lpUserTime: *mut FILETIME,
) -> BOOL {
    // SAFETY: no memory is involved.
    if hProcess != unsafe { GetCurrentProcess() } {
        return fail(ERROR_INVALID_HANDLE);
    }
    let targets = [lpCreationTime, lpExitTime, lpKernelTime, lpUserTime];
    if targets.iter().any(|target| target.is_null()) {
        return fail(ERROR_NOACCESS);
    }
    // SAFETY: all-zero is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is valid for writes.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    let values = [creation_ticks(), 0, ticks(usage.ru_stime), ticks(usage.ru_utime)];
    for (target, value) in targets.into_iter().zip(values) {
        // SAFETY: the caller's promise: valid for writes.
        unsafe { target.write(filetime(value)) };
    }
    TRUE
}

//! Giving up the processor.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::time::Duration;

use crate::types::{BOOL, DWORD, FALSE, INFINITE, TRUE};

/// `Sleep`: at least that many milliseconds; 0 lets another thread run, `INFINITE` never ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Sleep(dwMilliseconds: DWORD) {
    match dwMilliseconds {
        // Sleep(0) is no wait: it keeps the thread's place at its port (PORT-109).
        0 => std::thread::yield_now(),
        INFINITE => libiocp::blocking(|| {
            loop {
                std::thread::park();
            }
        }),
        // The standard library sleeps again after a signal, so never returns early.
        ms => libiocp::blocking(|| std::thread::sleep(Duration::from_millis(u64::from(ms)))),
    }
}

/// `SleepEx`: as [`Sleep`]. Without completion routines an alertable sleep is
/// as any other, and the answer is always 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SleepEx(dwMilliseconds: DWORD, bAlertable: BOOL) -> DWORD {
    let _ = bAlertable;
    // SAFETY: the same contract.
    unsafe { Sleep(dwMilliseconds) };
    0
}

/// `SwitchToThread`: lets another thread run; tells whether one did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SwitchToThread() -> BOOL {
    let before = switches();
    std::thread::yield_now();
    if switches() == before { FALSE } else { TRUE }
}

/// How often the calling thread has given way so far.
fn switches() -> i64 {
    // SAFETY: all-zero is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is valid for writes.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    usage.ru_nvcsw + usage.ru_nivcsw
}

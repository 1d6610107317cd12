//! Giving up the processor.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::time::Duration;

use libiocp::thread::Thread;
use libiocp::wait::wait_any;

use crate::apc::{WAIT_IO_COMPLETION, after_wait};
use crate::kernel::{deadline, engine};
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

extern "C" fn sleep_alertably(milliseconds: DWORD) -> DWORD {
    let thread = Thread::current();
    let is_alerted = wait_any(&[thread.alert()], deadline(milliseconds), &**engine()).is_some();
    match milliseconds {
        _ if is_alerted => return WAIT_IO_COMPLETION,
        0 => std::thread::yield_now(),
        _ => {}
    }
    0
}

/// `SleepEx`: as [`Sleep`]; if alertable, only until calls are queued for the calling thread.
/// 192 if it has made any, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn SleepEx(dwMilliseconds: DWORD, bAlertable: BOOL) -> DWORD {
    // SAFETY: there is nothing here but numbers.
    unsafe {
        if bAlertable != FALSE {
            return after_wait(sleep_alertably(dwMilliseconds));
        }
        Sleep(dwMilliseconds);
    }
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

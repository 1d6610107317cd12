//! Waiting on a 32-bit word, as the locks of this crate do.
//!
//! Every wait here may really block, so it goes through [`libiocp::blocking`], which gives up
//! the caller's place at its completion port for as long (PORT-106).
#![allow(unsafe_code)]

use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use crate::types::{DWORD, INFINITE};

/// When a wait ends: at a moment, or never.
pub(crate) type Deadline = Option<Instant>;

/// The deadline that many milliseconds from now; `INFINITE` is never.
pub(crate) fn deadline(milliseconds: DWORD) -> Deadline {
    if milliseconds == INFINITE {
        return None;
    }
    Some(Instant::now() + Duration::from_millis(u64::from(milliseconds)))
}

/// Sleeps while `word` holds `expected`. False when the deadline has passed; true otherwise,
/// also for no reason: the caller looks at its condition again.
pub(crate) fn wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> bool {
    let timeout = match deadline {
        None => None,
        Some(end) => {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            Some(timespec(left))
        }
    };
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    libiocp::blocking(|| {
        // SAFETY: the word and the time-out are borrowed and outlive the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                timeout,
            )
        };
        // `errno` is looked at before the thread takes its place at the port again.
        result == 0 || crate::codes::errno() != libc::ETIMEDOUT
    })
}

/// Wakes one thread asleep on the word and gives how many that were.
pub(crate) fn wake_one(word: *const AtomicU32) -> i64 {
    wake(word, 1)
}

/// Wakes every thread asleep on the word and gives how many there were.
pub(crate) fn wake_all(word: *const AtomicU32) -> i64 {
    wake(word, i32::MAX)
}

fn wake(word: *const AtomicU32, count: i32) -> i64 {
    // SAFETY: a private wake uses the address as a key only, so even a word that is gone by now
    // is safe: at worst another waiter is woken for no reason.
    unsafe {
        libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count)
    }
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

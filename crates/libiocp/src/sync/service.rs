//! Threads of the library's own.
#![allow(unsafe_code)]

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread that works for the library.
///
/// # Errors
/// When the system has none to give.
pub(crate) fn start_service(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    // The application's signals are not for these threads.
    let _blocked = SignalsBlocked::new();
    Builder::new().name(name.to_owned()).spawn(work)
}

/// From now on the kernel ends the calling thread's sleeps as soon as their
/// time has come, instead of gathering those of fifty microseconds.
pub(crate) fn sleep_precisely() {
    let nanoseconds: libc::c_ulong = 1;
    // SAFETY: no memory is involved.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanoseconds) };
}

/// While it lives the calling thread, and the threads it starts, take no
/// signals.
struct SignalsBlocked(libc::sigset_t);

impl SignalsBlocked {
    fn new() -> Self {
        // SAFETY: both sets are valid places; all zeroes is a valid set.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was in force before.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}

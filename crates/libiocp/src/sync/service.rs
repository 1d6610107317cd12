//! What a thread asks of the kernel for itself.
#![allow(unsafe_code)]

use std::io;
use std::thread::{Builder, JoinHandle};

/// From now on the kernel ends the calling thread's sleeps as soon as their
/// time has come, instead of gathering those of fifty microseconds.
pub(crate) fn sleep_precisely() {
    let nanoseconds: libc::c_ulong = 1;
    // SAFETY: no memory is involved.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanoseconds) };
}

/// Starts a thread that runs the application's code: with a stack of so many
/// bytes, and the signals of whoever made `mask`.
///
/// # Errors
/// When the system has none to give.
pub(crate) fn start_thread(
    name: &str,
    stack: usize,
    mask: &SignalMask,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let mask = mask.clone();
    let work = move || {
        mask.apply();
        work();
    };
    Builder::new().name(name.to_owned()).stack_size(stack).spawn(work)
}

/// The signals that a thread does not take.
#[derive(Clone)]
pub(crate) struct SignalMask(libc::sigset_t);

impl std::fmt::Debug for SignalMask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignalMask")
    }
}

impl SignalMask {
    /// Those of the calling thread.
    pub(crate) fn of_this_thread() -> Self {
        // SAFETY: all zeroes is a valid set, which the call fills.
        unsafe {
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &raw mut mask);
            Self(mask)
        }
    }

    fn apply(&self) {
        // SAFETY: the set is one that was in force before.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}

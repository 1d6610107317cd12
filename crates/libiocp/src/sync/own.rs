//! Which threads are the library's own and none of the program's.
#![allow(unsafe_code)]

use std::sync::{Mutex, PoisonError};

/// The kernel's numbers of the library's own threads that run.
static OWN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A thread of the library's own, from before its work until after it.
#[derive(Debug)]
pub(crate) struct OwnThread(u32);

impl OwnThread {
    /// The calling thread is one.
    pub(crate) fn enter() -> Self {
        // SAFETY: the call has no arguments and cannot fail.
        let id = unsafe { libc::gettid() } as u32;
        OWN.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        Self(id)
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        OWN.lock().unwrap_or_else(PoisonError::into_inner).retain(|&id| id != self.0);
    }
}

/// The kernel's numbers of the threads that are the library's own. One that has
/// just started, or is about to end, may be missing.
pub fn own_threads() -> Vec<u32> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

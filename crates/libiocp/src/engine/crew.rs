//! The library's own threads.
#![allow(unsafe_code)]

use crate::sync::{Arc, Mutex, SignalsBlocked};
use std::thread::JoinHandle;

/// The threads that an engine has started, so that they can be waited for, and
/// told from the program's.
#[derive(Debug, Default)]
pub(super) struct Crew {
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// The kernel's numbers of those that run.
    ids: Arc<Mutex<Vec<u32>>>,
}

impl Crew {
    /// Starts a thread; false if none is to be had.
    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> bool {
        // The application's signals are not for these threads.
        let blocked = SignalsBlocked::new();
        let ids = Arc::clone(&self.ids);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _member = Member::enter(ids);
            work();
        });
        drop(blocked);
        let Ok(thread) = thread else { return false };
        self.handles.lock().push(thread);
        true
    }

    /// Waits until every thread has ended, but for the calling one: the last
    /// operation of all may complete on one of them.
    pub(super) fn join(&self) {
        let this_thread = std::thread::current().id();
        loop {
            // A thread that ends may have started another.
            let handles = std::mem::take(&mut *self.handles.lock());
            if handles.is_empty() {
                return;
            }
            for thread in handles {
                if thread.thread().id() != this_thread {
                    let _ = thread.join();
                }
            }
        }
    }

    /// The kernel's numbers of the threads that run now. One that is not there
    /// yet, or not there any more, is one that is about to.
    pub(super) fn ids(&self) -> Vec<u32> {
        self.ids.lock().clone()
    }
}

/// A thread that is one of the crew, from before its work until after it.
struct Member {
    ids: Arc<Mutex<Vec<u32>>>,
    id: u32,
}

impl Member {
    fn enter(ids: Arc<Mutex<Vec<u32>>>) -> Self {
        // SAFETY: the call has no arguments and cannot fail.
        let id = unsafe { libc::gettid() } as u32;
        ids.lock().push(id);
        Self { ids, id }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.ids.lock().retain(|&id| id != self.id);
    }
}

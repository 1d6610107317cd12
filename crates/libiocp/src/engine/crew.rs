//! The threads of an engine.

use crate::sync::{Mutex, OwnThread, SignalsBlocked};
use std::thread::JoinHandle;

/// The threads that an engine has started, so that they can be waited for.
#[derive(Debug, Default)]
pub(super) struct Crew {
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Crew {
    /// Starts a thread; false if none is to be had.
    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> bool {
        // The application's signals are not for these threads.
        let blocked = SignalsBlocked::new();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _own = OwnThread::enter();
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
}

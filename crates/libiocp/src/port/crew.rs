//! Asking for threads that are not there.

use super::{Port, State};
use std::fmt::Debug;

/// Sees to it that threads wait at a port.
pub(crate) trait Crew: Debug + Send + Sync {
    /// So many packets wait though fewer threads run than may, because none
    /// waits. Called whenever that becomes true or more of it does, with no
    /// lock held, by a thread that is not to be kept.
    fn ask(&self, missing: u32);
}

impl Port {
    /// How many threads are to be asked for.
    #[inline]
    pub(super) fn missing(&self, queue: &State) -> u32 {
        if self.crew.is_some() { queue.missing() } else { 0 }
    }

    #[inline]
    pub(super) fn ask_crew(&self, missing: u32) {
        if missing > 0
            && let Some(crew) = self.crew.as_ref().and_then(|crew| crew.upgrade())
        {
            crew.ask(missing);
        }
    }

    /// How many threads are missing now.
    pub(crate) fn missing_now(&self) -> u32 {
        self.queue.lock().missing()
    }
}

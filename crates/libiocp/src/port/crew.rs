//! Threads that leave, and asking for threads that are not there.

use super::presence::Presence;
use super::{Port, State};
use crate::sync::{Arc, Weak};
use std::fmt::Debug;

/// Sees to it that threads wait at a port.
pub(crate) trait Crew: Debug + Send + Sync {
    /// So many packets wait though fewer threads run than may, because none
    /// waits. Called whenever that becomes true or more of it does, with no
    /// lock held, by a thread that is not to be kept.
    fn ask(&self, missing: u32);
}

impl Port {
    /// Like `new`; `crew` is asked for a thread whenever a packet waits though
    /// fewer threads run than may, because none is there.
    pub(crate) fn with_crew(limit: u32, crew: Weak<dyn Crew>) -> Arc<Self> {
        let port = Arc::new(Self { crew: Some(crew), ..Self::new(limit) });
        port.queue.lock().let_have_more();
        // All its packets may be there before the first of its threads.
        port.roster.know(&port);
        port
    }

    /// A thread that ran for the port blocks elsewhere, turns away or exits.
    pub(super) fn leave(&self, presence: &Arc<Presence>) {
        let (hand_off, missing) = {
            let mut queue = self.queue.lock();
            if queue.is_closed() || Self::forget(&mut queue, presence) {
                return;
            }
            queue.step_down();
            Self::settle(&mut queue);
            let hand_off = queue.release();
            if hand_off.is_some() {
                self.reset_if_empty(&queue);
            }
            (hand_off, self.missing(&queue))
        };
        if let Some((waiter, packet)) = hand_off {
            waiter.deliver(packet);
        }
        self.ask_crew(missing);
    }

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

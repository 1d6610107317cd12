//! Operations that the calling thread waits for.

use super::{Complete, Engine, Op, Outcome, Started, Stream, Tag};
use crate::sync::{Arc, Deadline, Idle, Mutex, Parker};

/// A thread that waits for one outcome.
#[derive(Debug, Default)]
struct Waiting {
    parker: Parker,
    outcome: Mutex<Option<Outcome>>,
}

impl Complete for Waiting {
    fn complete(self: Arc<Self>, outcome: Outcome) {
        *self.outcome.lock() = Some(outcome);
        self.parker.unpark();
    }
}

impl Engine {
    /// Carries an operation out, behind those that are queued already, and
    /// waits for it: it does not count against a port meanwhile. When the
    /// time is up the operation is cancelled, and the outcome is `ETIMEDOUT`
    /// unless it was done all the same.
    pub fn run(&self, stream: &Arc<Stream>, op: Op, deadline: Option<Deadline>) -> Outcome {
        let waiting = Arc::new(Waiting::default());
        let tag = Tag { context: Arc::as_ptr(&waiting) as usize, ..Tag::default() };
        let share = || Arc::clone(&waiting) as Arc<dyn Complete>;
        if let Started::Done(outcome) = self.start(stream, op, tag, false, share) {
            return outcome;
        }
        let was_notified = crate::sync::blocking(|| self.park(&waiting.parker, deadline));
        if !was_notified {
            let was_cancelled = self.cancel(stream, &|other| *other == tag) > 0;
            crate::sync::blocking(|| self.park(&waiting.parker, None));
            if was_cancelled {
                return Outcome::error(libc::ETIMEDOUT);
            }
        }
        let outcome = waiting.outcome.lock().take();
        outcome.unwrap_or_else(|| Outcome::error(libc::EIO))
    }
}

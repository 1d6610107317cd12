//! Room for packets that will come: who starts an operation claims it, so that
//! the packet at its end needs no memory.

use super::{Packet, Port};
use crate::status::Status;
use crate::sync::Ordering;

/// Room is set aside for so many at once, so that the lock is seldom taken.
const BATCH: usize = 32;

/// The room for one packet at one port. Whoever has it gives it back with
/// `Port::renounce` or uses it with `Port::post_promised`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise(usize);

impl Port {
    /// Claims room for one packet.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`.
    #[inline]
    pub(crate) fn promise(&self) -> Result<Promise, Status> {
        if self.claim() || self.set_aside() {
            return Ok(Promise(self.address()));
        }
        Err(Status::INSUFFICIENT_RESOURCES)
    }

    /// Whether it is here that the packet has room.
    fn has_made(&self, promise: &Promise) -> bool {
        promise.0 == self.address()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes some of the room that is set aside and nobody's; false if there is
    /// none.
    #[inline]
    pub(super) fn claim(&self) -> bool {
        let mut seen = self.unclaimed.load(Ordering::Relaxed);
        while seen > 0 {
            let (order, unordered) = (Ordering::Relaxed, Ordering::Relaxed);
            // The room itself is reached under the lock.
            match self.unclaimed.compare_exchange_weak(seen, seen - 1, order, unordered) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Sets room aside, of which one part is the caller's.
    #[cold]
    fn set_aside(&self) -> bool {
        let mut queue = self.queue.lock();
        for count in [BATCH, 1] {
            if queue.promise(count) {
                self.unclaimed.fetch_add(count - 1, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// There will be no packet.
    pub(crate) fn renounce(&self, promise: Promise) {
        if self.has_made(&promise) {
            self.unclaimed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Like `post`, with the room that was claimed; a promise of another port
    /// is worth nothing.
    pub(crate) fn post_promised(&self, promise: Promise, packet: Packet) {
        if !self.has_made(&promise) {
            return self.post(packet);
        }
        let mut queue = self.queue.lock();
        queue.keep_promise();
        self.post_locked(queue, packet);
    }
}

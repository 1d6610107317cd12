//! What others may know of a thread: whether it is on its own.

use super::Port;
use crate::blocked::this_thread;
use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A thread, as a port has it on its roster.
///
/// While it is on its own it counts at its port, or was seen blocked: it is
/// outside the library, or inside but on its way. Otherwise it is inside: it
/// waits for a packet, has said itself that it blocks, or sleeps for a lock of
/// this library. It steps in before its place is given up, and out after it has
/// one, so that this holds whenever nobody has the port's lock.
#[derive(Debug)]
pub(super) struct Presence {
    thread: u32,
    /// Odd while it is inside; counted up by the thread alone.
    stint: AtomicU64,
    /// The address of the port it has turned to.
    port: AtomicUsize,
    /// Whether it was seen blocked; changed under the lock of its port.
    was_seen: AtomicBool,
}

impl PartialEq for Presence {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Presence {
    /// That of the calling thread, which is inside.
    pub(super) fn new() -> Self {
        Self {
            thread: this_thread(),
            stint: AtomicU64::new(1),
            port: AtomicUsize::new(0),
            was_seen: AtomicBool::new(false),
        }
    }

    /// The kernel's number of the thread.
    pub(super) fn thread(&self) -> u32 {
        self.thread
    }

    /// By the thread itself: it is inside. False if it was before.
    pub(super) fn step_in(&self) -> bool {
        let stint = self.stint.load(Ordering::Relaxed);
        let was_out = stint.is_multiple_of(2);
        if was_out {
            self.stint.store(stint + 1, Ordering::Release);
        }
        was_out
    }

    /// By the thread itself: it is on its own.
    pub(super) fn step_out(&self) {
        let stint = self.stint.load(Ordering::Relaxed);
        self.stint.store(stint + stint % 2, Ordering::Release);
    }

    /// A name for the time that it has been on its own; `None` while inside.
    pub(super) fn stint(&self) -> Option<u64> {
        Some(self.stint.load(Ordering::Acquire)).filter(|stint| stint.is_multiple_of(2))
    }

    /// By the thread itself, while it is inside.
    pub(super) fn turn_to(&self, port: &Port) {
        self.set_seen(false);
        self.port.store(std::ptr::from_ref(port).addr(), Ordering::Release);
    }

    /// Whether it is to this port that it has turned.
    pub(super) fn belongs_to(&self, port: &Port) -> bool {
        self.port.load(Ordering::Acquire) == std::ptr::from_ref(port).addr()
    }

    pub(super) fn was_seen(&self) -> bool {
        self.was_seen.load(Ordering::Relaxed)
    }

    pub(super) fn set_seen(&self, was_seen: bool) {
        self.was_seen.store(was_seen, Ordering::Relaxed);
    }
}

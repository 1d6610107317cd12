//! What a thread knows of itself: the port it runs for and where it waits.

use super::presence::Presence;
use super::{NoPacket, Packet, Port};
use crate::sync::{Arc, AtomicU64, AtomicUsize, Ordering, Parker, Watcher, watch_this_thread};
use std::cell::{Cell, OnceCell, RefCell};

#[cfg(loom)]
use loom::thread_local;

thread_local! {
    static SEAT: Seat = Seat::default();
}

/// The thread-local of this module.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// The port this thread runs for.
    port: RefCell<Option<Arc<Port>>>,
    /// What stands for that port in the table of handles; zero if unknown.
    stamp: Cell<u64>,
    /// Whether it is blocked elsewhere, and so does not count.
    is_blocked: Cell<bool>,
    taken: Taken,
    waiter: OnceCell<Arc<Waiter>>,
    presence: OnceCell<Arc<Presence>>,
}

/// Counts the packets that a thread gets without waiting.
#[derive(Debug, Default)]
pub(super) struct Taken(Cell<usize>);

impl Taken {
    /// As many as a reactor hands out at once.
    const MANY: usize = 64;

    /// Adds to the count; tells whether it is time to look at other work.
    #[inline]
    pub(super) fn add(&self, count: usize) -> bool {
        let before = self.0.get();
        let after = before.wrapping_add(count);
        self.0.set(after);
        before / Self::MANY != after / Self::MANY
    }
}

impl Seat {
    pub(super) fn taken(&self) -> &Taken {
        &self.taken
    }

    /// A seat for one call, if the thread is tearing down its thread-locals
    /// and its own is gone.
    pub(super) fn default_if_gone() -> Option<Seat> {
        SEAT.try_with(|_| ()).is_err().then(Seat::default)
    }

    /// Lends the calling thread's seat, or the one in its place.
    pub(super) fn with<R>(instead: &Option<Seat>, f: impl FnOnce(&Seat) -> R) -> R {
        match instead {
            None => SEAT.with(f),
            Some(seat) => f(seat),
        }
    }

    /// Whether the thread runs for `port`, or did when it last asked for a
    /// packet.
    pub(super) fn belongs_to(&self, port: &Arc<Port>) -> bool {
        self.port.borrow().as_ref().is_some_and(|it| Arc::ptr_eq(it, port))
    }

    /// The thread turns to `port`; true if it was running for it already.
    pub(super) fn turn_to(&self, port: &Arc<Port>) -> bool {
        let mut current = self.port.borrow_mut();
        // Who asks for a packet is not blocked, whoever says so.
        let was_blocked = self.is_blocked.replace(false);
        if let Some(old) = current.as_ref() {
            if Arc::ptr_eq(old, port) {
                return !was_blocked;
            }
            self.presence().step_in();
            old.part(self.presence(), !was_blocked);
        }
        port.join(self.presence());
        *current = Some(Arc::clone(port));
        self.stamp.set(0);
        watch_this_thread(Watcher { leave: block, enter: unblock, hold: held_up, go_on });
        false
    }

    fn presence(&self) -> &Arc<Presence> {
        self.presence.get_or_init(|| Arc::new(Presence::new()))
    }

    /// Lends the waiter to `wait`, in which the thread does not count: what it
    /// completes meanwhile may call out, and that may block.
    pub(super) fn while_waiting<R>(&self, wait: impl FnOnce(&Arc<Waiter>) -> R) -> R {
        self.is_blocked.set(true);
        self.presence().step_in();
        let result = wait(self.waiter.get_or_init(Default::default));
        self.is_blocked.set(false);
        self.presence().step_out();
        result
    }
}

impl Seat {
    /// The thread runs for no port any more.
    fn leave_for_good(&self) {
        let port = self.port.borrow_mut().take();
        if let Some(port) = port {
            self.presence().step_in();
            port.part(self.presence(), !self.is_blocked.get());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave_for_good();
    }
}

/// Lends the calling thread's presence, if it has ever turned to a port.
pub(super) fn with_presence<R>(f: impl FnOnce(&Arc<Presence>) -> R) -> Option<R> {
    SEAT.try_with(|seat| seat.presence.get().map(f)).ok().flatten()
}

/// Lends the port that the calling thread runs for, if `stamp` stands for it
/// and the thread counts there: while blocked elsewhere it does not.
#[inline]
pub(super) fn recall<R>(stamp: u64, f: impl FnOnce(&Arc<Port>, &Taken) -> R) -> Option<R> {
    let lend = |seat: &Seat| match seat.port.borrow().as_ref() {
        Some(port) if seat.stamp.get() == stamp && stamp != 0 && !seat.is_blocked.get() => {
            Some(f(port, &seat.taken))
        }
        _ => None,
    };
    SEAT.try_with(lend).ok().flatten()
}

/// From now on `stamp` stands for the port that the calling thread runs for.
pub(super) fn remember(stamp: u64) {
    let _ = SEAT.try_with(|seat| seat.stamp.set(stamp));
}

/// The calling thread exits: it runs for no port any more.
pub(crate) fn leave_for_good() {
    let _ = SEAT.try_with(Seat::leave_for_good);
}

/// The calling thread blocks; false if it does not count in any case.
fn block() -> bool {
    let left = SEAT.try_with(|seat| {
        let port = seat.port.borrow().clone()?;
        if seat.is_blocked.replace(true) {
            return None;
        }
        seat.presence().step_in();
        Some((port, Arc::clone(seat.presence())))
    });
    let left = left.ok().flatten();
    if let Some((port, presence)) = &left {
        port.leave(presence);
    }
    left.is_some()
}

/// The calling thread does not count against its port's limit until it asks
/// for the next packet.
pub(crate) fn step_aside() {
    block();
}

/// The calling thread, which has blocked, goes on. During thread exit the
/// seat is gone, and with it the count.
fn unblock() {
    let _ = SEAT.try_with(|seat| {
        let port = seat.port.borrow().clone();
        if let Some(port) = port.filter(|_| seat.is_blocked.replace(false)) {
            port.enter();
            seat.presence().step_out();
        }
    });
}

/// The calling thread sleeps for a lock of this library: that is no blocking,
/// and must not look like it. False if it does not in any case.
fn held_up() -> bool {
    with_presence(|it| it.step_in()).unwrap_or(false)
}

/// It has the lock.
fn go_on() {
    with_presence(|it| it.step_out());
}

const WAITING: u64 = 0;
const DELIVERED: u64 = 1;
const ABANDONED: u64 = 2;
const ALERTED: u64 = 3;

/// A waiting thread, and the slot in which it gets its packet.
///
/// The slot is written by the one thread that took the waiter from the queue,
/// before it notifies the parker; the owner reads it after the notification.
#[derive(Debug, Default)]
pub(super) struct Waiter {
    parker: Parker,
    state: AtomicU64,
    key: AtomicUsize,
    overlapped: AtomicUsize,
    status: AtomicU64,
    bytes: AtomicUsize,
}

impl Waiter {
    pub(super) fn parker(&self) -> &Parker {
        &self.parker
    }

    /// Before the owner is among the waiters.
    pub(super) fn prepare(&self) {
        self.state.store(WAITING, Ordering::Relaxed);
    }

    pub(super) fn deliver(&self, packet: Packet) {
        self.key.store(packet.key, Ordering::Relaxed);
        self.overlapped.store(packet.overlapped, Ordering::Relaxed);
        self.status.store(packet.status, Ordering::Relaxed);
        self.bytes.store(packet.bytes, Ordering::Relaxed);
        self.state.store(DELIVERED, Ordering::Relaxed);
        self.parker.unpark();
    }

    pub(super) fn abandon(&self) {
        self.state.store(ABANDONED, Ordering::Relaxed);
        self.parker.unpark();
    }

    pub(super) fn alert(&self) {
        self.state.store(ALERTED, Ordering::Relaxed);
        self.parker.unpark();
    }

    /// After the notification: a packet has been received, or why not.
    pub(super) fn why_woken(&self) -> Result<(), NoPacket> {
        match self.state.load(Ordering::Relaxed) {
            ABANDONED => Err(NoPacket::Abandoned),
            ALERTED => Err(NoPacket::Alerted),
            _ => Ok(()),
        }
    }

    pub(super) fn received(&self) -> Packet {
        debug_assert_eq!(self.state.load(Ordering::Relaxed), DELIVERED);
        Packet {
            key: self.key.load(Ordering::Relaxed),
            overlapped: self.overlapped.load(Ordering::Relaxed),
            status: self.status.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::{Deadline, Idle, Sleep, blocking};

    /// Blocks whenever it is to sleep, as what a completion drops may.
    struct Blocking;

    impl Idle for Blocking {
        fn park(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
            blocking(|| ());
            parker.park(deadline)
        }

        fn poll(&self) {
            blocking(|| ());
        }
    }

    #[test]
    fn port_106_what_blocks_while_the_thread_waits_is_not_counted() {
        let port = Arc::new(Port::new(1));
        let mut packets = [Packet::default()];
        let soon = Deadline::after(std::time::Duration::from_millis(5));
        for deadline in [Deadline::now(), soon] {
            let result = port.take(&mut packets, Some(deadline), &Blocking);
            assert_eq!(result, Err(NoPacket::TimedOut));
            assert_eq!(port.running(), 1);
        }
        blocking(|| assert_eq!(port.running(), 0));
    }

    /// Who asks for a packet while it counts as blocked gives up no place.
    #[test]
    fn port_106_a_a_blocked_thread_that_asks_is_counted_once() {
        const STAMP: u64 = 2;
        let port = Arc::new(Port::new(1));
        let mut packets = [Packet::default()];
        let now = Some(Deadline::now());
        let timed_out = Err(NoPacket::TimedOut);
        assert_eq!(port.take_remembered(STAMP, &mut packets, now, &Sleep), timed_out);
        assert_eq!(port.running(), 1);
        blocking(|| {
            assert_eq!(port.running(), 0);
            assert!(Port::take_recalled(STAMP, &mut packets, now, &Sleep).is_none());
            assert_eq!(port.take_remembered(STAMP, &mut packets, now, &Sleep), timed_out);
            assert_eq!(port.running(), 1);
        });
        assert_eq!(port.running(), 1);
        assert_eq!(Port::take_recalled(STAMP, &mut packets, now, &Sleep), Some(timed_out));
        assert_eq!(port.running(), 1);
    }
}

//! What a thread knows of itself: the port it runs for and where it waits.
//!
//! And which handle it found which port by, so that it need not look again.
#![allow(unsafe_code)]

use super::presence::Presence;
use super::{NoPacket, Packet, Port};
use crate::sync::{Arc, AtomicU64, AtomicUsize, Ordering, Parker, Watcher, watch_this_thread};
use std::cell::{Cell, OnceCell, RefCell};

#[cfg(loom)]
use loom::thread_local;

thread_local! {
    static SEAT: Seat = Seat::default();
}

#[cfg(not(loom))]
thread_local! {
    static KNOWN: Known = const { Known::new() };
}
#[cfg(loom)]
thread_local! {
    static KNOWN: Known = Known::new();
}

/// A handle's value, and the era in which it was looked up: an era ends when
/// any handle of a port is closed or changed, so as long as it lasts the value
/// stands for the same port. No two eras have the same number, also not of
/// different tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) value: usize,
    pub(crate) era: u64,
}

impl Name {
    const NOBODY: Name = Name { value: 0, era: u64::MAX };
}

impl Default for Name {
    fn default() -> Self {
        Self::NOBODY
    }
}

/// Lends what the calling thread knows; a model's thread at its end knows
/// nothing.
#[inline]
fn known<R>(f: impl FnOnce(&Known) -> R) -> Option<R> {
    KNOWN.try_with(f).ok()
}

/// What a thread need not look up, in one piece and without a destructor, so
/// that reading it is cheap.
#[derive(Debug)]
struct Known {
    /// The port that the thread has posted to.
    to_post: Memory,
    /// The port that the thread runs for, while it counts there.
    to_take: Memory,
    /// So many packets are still taken before other work is looked at.
    left: Cell<usize>,
}

/// As many packets as a reactor hands out at once.
const MANY: usize = 64;

/// A port that is known by name.
#[derive(Debug)]
struct Memory {
    name: Cell<Name>,
    /// Valid while there is a name: the seat refers to the port.
    port: Cell<*const Port>,
}

impl Known {
    const fn new() -> Self {
        Self { to_post: Memory::new(), to_take: Memory::new(), left: Cell::new(MANY) }
    }
}

impl Memory {
    const fn new() -> Self {
        Self { name: Cell::new(Name::NOBODY), port: Cell::new(std::ptr::null()) }
    }

    fn set(&self, name: Name, port: &Option<Arc<Port>>) {
        self.name.set(if port.is_some() { name } else { Name::NOBODY });
        self.port.set(port.as_ref().map_or(std::ptr::null(), Arc::as_ptr));
    }

    fn forget(&self) {
        self.name.set(Name::NOBODY);
    }

    /// Lends the port to `f`, which must neither call out nor make this thread
    /// turn to another port.
    #[inline]
    fn lend<R>(&self, name: Name, f: impl FnOnce(&Port) -> R) -> Option<R> {
        if self.name.get() != name {
            return None;
        }
        // SAFETY: whoever takes the reference out of the seat makes this
        // forget its name first, and `f` does not make anybody do so.
        Some(f(unsafe { &*self.port.get() }))
    }
}

/// The thread-local of this module.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// The port this thread runs for.
    port: RefCell<Option<Arc<Port>>>,
    /// The name that it has for that port.
    name: Cell<Name>,
    /// Whether it is blocked elsewhere, and so does not count.
    is_blocked: Cell<bool>,
    /// The port that this thread has posted to.
    posted_to: RefCell<Option<Arc<Port>>>,
    waiter: OnceCell<Arc<Waiter>>,
    presence: OnceCell<Arc<Presence>>,
}

impl Seat {
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
        known(|it| it.to_take.forget());
        *current = Some(Arc::clone(port));
        self.name.set(Name::NOBODY);
        watch_this_thread(Watcher { leave: block, enter: unblock, hold: held_up, go_on });
        false
    }

    fn presence(&self) -> &Arc<Presence> {
        self.presence.get_or_init(|| Arc::new(Presence::new()))
    }

    /// The port that the thread runs for.
    pub(super) fn port(&self) -> Option<Arc<Port>> {
        self.port.borrow().clone()
    }

    /// Whether it was blocked.
    fn set_blocked(&self, is_blocked: bool) -> bool {
        let name = if is_blocked { Name::NOBODY } else { self.name.get() };
        known(|it| it.to_take.set(name, &self.port.borrow()));
        self.is_blocked.replace(is_blocked)
    }

    /// Lends the waiter to `wait`, in which the thread does not count: what it
    /// completes meanwhile may call out, and that may block.
    pub(super) fn while_waiting<R>(&self, wait: impl FnOnce(&Arc<Waiter>) -> R) -> R {
        self.set_blocked(true);
        self.presence().step_in();
        let result = wait(self.waiter.get_or_init(Default::default));
        self.set_blocked(false);
        self.presence().step_out();
        result
    }
}

impl Seat {
    /// The thread runs for no port any more.
    fn leave_for_good(&self) {
        known(|it| it.to_take.forget());
        let port = self.port.borrow_mut().take();
        if let Some(port) = port {
            self.presence().step_in();
            port.part(self.presence(), !self.is_blocked.get());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        known(|it| it.to_post.forget());
        self.leave_for_good();
    }
}

/// Lends the calling thread's presence, if it has ever turned to a port.
pub(super) fn with_presence<R>(f: impl FnOnce(&Arc<Presence>) -> R) -> Option<R> {
    SEAT.try_with(|seat| seat.presence.get().map(f)).ok().flatten()
}

/// Lends the port that the calling thread runs for, if it has this name and the
/// thread counts there; to what neither calls out nor turns the thread away.
#[inline]
pub(super) fn recall_to_take<R>(name: Name, f: impl FnOnce(&Port) -> R) -> Option<R> {
    known(|it| it.to_take.lend(name, f))?
}

/// Like `recall_to_take` of one packet, but not when it is time to look at other
/// work.
#[inline]
pub(super) fn recall_to_take_one(
    name: Name,
    f: impl FnOnce(&Port) -> Option<Packet>,
) -> Option<Packet> {
    known(|it| {
        let left = it.left.get();
        if left == 1 {
            return None;
        }
        let packet = it.to_take.lend(name, f)??;
        it.left.set(left - 1);
        Some(packet)
    })?
}

/// The calling thread has taken so many packets without waiting; tells whether
/// it is time to look at other work.
pub(super) fn has_taken(count: usize) -> bool {
    let count_down = |it: &Known| {
        let is_time = count >= it.left.get();
        it.left.set(if is_time { MANY } else { it.left.get() - count });
        is_time
    };
    known(count_down).unwrap_or(false)
}

/// From now on `port` has this name for the calling thread, if it still runs for
/// that port.
pub(super) fn remember_to_take(name: Name, port: &Arc<Port>) {
    let _ = SEAT.try_with(|seat| {
        if seat.port.borrow().as_ref().is_some_and(|it| Arc::ptr_eq(it, port)) {
            seat.name.set(name);
            seat.set_blocked(seat.is_blocked.get());
        }
    });
}

/// Lends the port that the calling thread has posted to, if it has this name;
/// to what does not call out.
#[inline]
pub(super) fn recall_to_post<R>(name: Name, f: impl FnOnce(&Port) -> R) -> Option<R> {
    known(|it| it.to_post.lend(name, f))?
}

/// From now on `port` has this name for the calling thread, which posts to it.
pub(super) fn remember_to_post(name: Name, port: &Arc<Port>) {
    let _ = SEAT.try_with(|seat| {
        known(|it| it.to_post.forget());
        let mut posted_to = seat.posted_to.borrow_mut();
        *posted_to = Some(Arc::clone(port));
        known(|it| it.to_post.set(name, &posted_to));
    });
}

/// The calling thread exits: it runs for no port any more.
pub(crate) fn leave_for_good() {
    let _ = SEAT.try_with(Seat::leave_for_good);
}

/// The calling thread blocks; false if it does not count in any case.
fn block() -> bool {
    let left = SEAT.try_with(|seat| {
        let port = seat.port()?;
        if seat.set_blocked(true) {
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
        let port = seat.port();
        if let Some(port) = port.filter(|_| seat.set_blocked(false)) {
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
        const NAME: Name = Name { value: 256, era: 2 };
        let port = Arc::new(Port::new(1));
        let mut packets = [Packet::default()];
        let now = Some(Deadline::now());
        let timed_out = Err(NoPacket::TimedOut);
        assert_eq!(port.take_remembered(NAME, &mut packets, now, &Sleep), timed_out);
        assert_eq!(port.running(), 1);
        blocking(|| {
            assert_eq!(port.running(), 0);
            assert!(Port::take_recalled(NAME, &mut packets, now, &Sleep).is_none());
            assert_eq!(port.take_remembered(NAME, &mut packets, now, &Sleep), timed_out);
            assert_eq!(port.running(), 1);
        });
        assert_eq!(port.running(), 1);
        assert_eq!(Port::take_recalled(NAME, &mut packets, now, &Sleep), Some(timed_out));
        assert_eq!(port.running(), 1);
    }
}

//! The word of a signal, and who waits for it.

use super::ownership::Ownership;
use crate::sync::{Arc, AtomicU32, AtomicU64, Mutex, Ordering, Parker, spin};
use std::collections::VecDeque;
use std::fmt::Debug;

/// Somebody waits: setting takes the slow path.
const WATCHED: u64 = 1;
/// For a few instructions only the locker may change the count.
const LOCKED: u64 = 2;
const ONE: u64 = 4;

/// How a signal behaves when a wait is satisfied.
#[derive(Debug)]
pub(super) enum Kind {
    /// It stays set until it is reset.
    Manual,
    /// A wait consumes it.
    Auto,
    /// A wait consumes one unit of at most so many.
    Counted(u32),
    /// A wait makes its thread the owner, which may take it again.
    Mutex(Ownership),
}

/// The waitable state of an object.
#[derive(Debug)]
pub struct Signal {
    pub(super) kind: Kind,
    /// `WATCHED`, `LOCKED`, and from bit 2 on the waits it can satisfy now.
    state: AtomicU64,
    pub(super) waits: Mutex<VecDeque<Node>>,
}

#[derive(Debug)]
pub(super) struct Node {
    wait: Arc<Wait>,
    index: u32,
}

/// What satisfied a wait that still waits.
pub(super) const PENDING: u32 = u32::MAX;
pub(super) const CANCELLED: u32 = PENDING - 1;

/// Takes one wait's share of a signal without a thread that sleeps.
pub trait Subscriber: Debug + Send + Sync {
    /// The signal has satisfied the wait, which happens once. The thread that
    /// set it calls, with no lock of the signal held, and is not to be kept.
    fn signaled(&self);
}

/// One wait, shared with the signals it waits for.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) parker: Parker,
    /// Whom to call, if nobody sleeps.
    subscriber: Option<Arc<dyn Subscriber>>,
    /// The index of the signal that satisfied it, or `PENDING`.
    pub(super) satisfied_by: AtomicU32,
    is_for_all: bool,
}

impl Wait {
    pub(super) fn new(is_for_all: bool, subscriber: Option<Arc<dyn Subscriber>>) -> Arc<Self> {
        Arc::new(Self {
            parker: Parker::default(),
            subscriber,
            satisfied_by: AtomicU32::new(PENDING),
            is_for_all,
        })
    }

    fn wake(&self) {
        match &self.subscriber {
            None => self.parker.unpark(),
            Some(subscriber) => subscriber.signaled(),
        }
    }

    pub(super) fn claim(&self, index: u32) -> bool {
        self.satisfied_by
            .compare_exchange(PENDING, index, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl Signal {
    /// A signal that stays set until it is reset.
    pub fn manual(is_set: bool) -> Self {
        Self::new(Kind::Manual, u64::from(is_set))
    }

    /// A signal that a satisfied wait resets.
    pub fn auto(is_set: bool) -> Self {
        Self::new(Kind::Auto, u64::from(is_set))
    }

    /// A signal of which each satisfied wait takes one of at most `maximum`.
    pub fn counted(count: u32, maximum: u32) -> Self {
        Self::new(Kind::Counted(maximum), u64::from(count))
    }

    pub(super) fn new(kind: Kind, count: u64) -> Self {
        Self { kind, state: AtomicU64::new(count * ONE), waits: Mutex::default() }
    }

    /// Whether a wait would be satisfied now.
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) >= ONE
    }

    pub(super) fn is_manual(&self) -> bool {
        matches!(self.kind, Kind::Manual)
    }

    /// Whether it is a mutex that the calling thread owns.
    fn is_mine(&self) -> bool {
        matches!(&self.kind, Kind::Mutex(ownership) if ownership.is_mine())
    }

    /// Whether a wait of the calling thread would be satisfied now.
    pub(super) fn is_available(&self) -> bool {
        self.is_set() || self.is_mine()
    }

    /// Follows on every wait that the signal has satisfied, in the thread that
    /// has waited.
    pub(super) fn settle(&self) {
        if let Kind::Mutex(ownership) = &self.kind {
            ownership.settle();
        }
    }

    /// Changes the count as `change` says, or leaves it if that is `None`;
    /// either way the state before.
    fn update(&self, change: impl Fn(u64) -> Option<u64>) -> u64 {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if state & LOCKED != 0 {
                spin();
                state = self.state.load(Ordering::Acquire);
                continue;
            }
            let Some(count) = change(state) else { return state };
            let new = (count * ONE) | (state & WATCHED);
            match self.state.compare_exchange_weak(state, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return state,
                Err(now) => state = now,
            }
        }
    }

    /// Sets the signal and releases whom it can; tells whether it was set.
    pub fn set(&self) -> bool {
        if self.is_manual() {
            let before = self.state.fetch_or(ONE, Ordering::AcqRel);
            if before & WATCHED != 0 {
                self.release();
            }
            return before >= ONE;
        }
        let before = self.update(|state| (state & WATCHED == 0).then_some(1));
        if before & WATCHED != 0 {
            self.hand_out(1, 1);
        }
        before >= ONE
    }

    /// Whether a wait that it satisfies takes something of it away.
    pub(crate) fn is_consumed(&self) -> bool {
        !self.is_manual()
    }

    /// Sets the signal if `may` agrees: one step to who is `alone` with it.
    pub(crate) fn set_if(&self, may: impl FnOnce() -> bool) -> bool {
        let woken = {
            let mut waits = self.waits.lock();
            if !may() {
                return false;
            }
            if self.is_manual() {
                self.state.fetch_or(ONE, Ordering::AcqRel);
                self.take_all(&mut waits)
            } else {
                self.hand_to(&mut waits, 1, 1).map(|(_, woken)| woken).unwrap_or_default()
            }
        };
        woken.iter().for_each(|wait| wait.wake());
        true
    }

    /// Runs `f` while nobody is in `set_if` or hands the signal to a waiter.
    /// It may reset the signal and calls nobody.
    pub(crate) fn alone<R>(&self, f: impl FnOnce() -> R) -> R {
        let _waits = self.waits.lock();
        f()
    }

    /// Marks a manual signal as set; true if `release` must follow, which
    /// may happen later, outside the caller's own lock.
    pub(crate) fn raise(&self) -> bool {
        self.state.fetch_or(ONE, Ordering::AcqRel) & WATCHED != 0
    }

    /// Adds `count` units; the count before, or `None` if that would exceed
    /// the maximum, and then nothing has changed.
    pub fn add(&self, count: u32) -> Option<u32> {
        let Kind::Counted(maximum) = self.kind else { return None };
        let (count, maximum) = (u64::from(count), u64::from(maximum));
        let fits = |state: u64| state / ONE + count <= maximum;
        let before =
            self.update(|state| (state & WATCHED == 0 && fits(state)).then(|| state / ONE + count));
        if !fits(before) {
            None
        } else if before & WATCHED != 0 {
            self.hand_out(count, maximum).map(|before| before as u32)
        } else {
            Some((before / ONE) as u32)
        }
    }

    /// Resets the signal; tells whether it was set.
    pub fn reset(&self) -> bool {
        self.update(|_| Some(0)) >= ONE
    }

    /// Releases those who wait now and leaves the signal reset: all of them
    /// for a manual signal, else one.
    pub fn pulse(&self) -> bool {
        let was_set = self.set();
        self.reset();
        was_set
    }

    /// The count that is left when one wait has taken its share.
    fn less_one(&self, count: u64) -> u64 {
        if self.is_manual() { count } else { count - 1 }
    }

    /// Takes what one wait takes, if the signal is set.
    pub(super) fn consume(&self) -> bool {
        if self.is_mine() {
            return true;
        }
        let before = self.update(|state| {
            (state >= ONE && !self.is_manual()).then(|| self.less_one(state / ONE))
        });
        before >= ONE
    }

    /// Locks the word; whether a wait of the calling thread can be satisfied.
    pub(super) fn lock(&self) -> bool {
        loop {
            let state = self.state.fetch_or(LOCKED, Ordering::AcqRel);
            if state & LOCKED == 0 {
                return state >= ONE || self.is_mine();
            }
            spin();
        }
    }

    /// Unlocks the word; if `taken`, with one wait's share less.
    pub(super) fn unlock(&self, taken: bool) {
        // A manual signal may be raised while locked, a counted one may not.
        if taken && !self.is_manual() && !self.is_mine() {
            self.state.fetch_sub(ONE, Ordering::AcqRel);
        }
        self.state.fetch_and(!LOCKED, Ordering::AcqRel);
    }

    /// Wakes every waiter of a manual signal that has been raised.
    pub(crate) fn release(&self) {
        let woken = self.take_all(&mut self.waits.lock());
        woken.iter().for_each(|wait| wait.wake());
    }

    /// The same, unless the signal has been reset since: who waits now has
    /// come later.
    pub(crate) fn release_while_set(&self) {
        let woken = {
            let mut waits = self.waits.lock();
            if !self.is_set() {
                return;
            }
            self.take_all(&mut waits)
        };
        woken.iter().for_each(|wait| wait.wake());
    }

    /// Satisfies every wait for a manual signal; whom to wake.
    fn take_all(&self, waits: &mut VecDeque<Node>) -> Vec<Arc<Wait>> {
        self.state.fetch_and(!WATCHED, Ordering::AcqRel);
        let satisfied = |node: &Node| node.wait.is_for_all || node.wait.claim(node.index);
        waits.drain(..).filter(satisfied).map(|node| node.wait).collect()
    }

    /// Hands `count` units to waiters, oldest first, and keeps the rest, at
    /// most `maximum`; the count before.
    fn hand_out(&self, count: u64, maximum: u64) -> Option<u64> {
        let handed = self.hand_to(&mut self.waits.lock(), count, maximum);
        let (before, woken) = handed?;
        woken.iter().for_each(|wait| wait.wake());
        Some(before)
    }

    /// The count before, and whom to wake: waits for all look for themselves.
    fn hand_to(
        &self,
        waits: &mut VecDeque<Node>,
        count: u64,
        maximum: u64,
    ) -> Option<(u64, Vec<Arc<Wait>>)> {
        let mut woken = Vec::new();
        // Nobody adds to the count meanwhile: that takes the lock too.
        let before = self.state.fetch_or(WATCHED, Ordering::AcqRel) / ONE;
        if matches!(self.kind, Kind::Counted(_)) && before + count > maximum {
            self.unwatch_if_idle(waits);
            return None;
        }
        let mut left = count;
        while left > 0
            && let Some(Node { wait, index }) = waits.pop_front()
        {
            if wait.is_for_all {
                woken.push(wait);
            } else if wait.claim(index) {
                left -= 1;
                woken.push(wait);
            }
        }
        self.update(|state| Some((state / ONE + left).min(maximum)));
        self.unwatch_if_idle(waits);
        Some((before, woken))
    }

    /// Takes the signal for `wait`, or puts the wait among its waiters. True
    /// if nothing more is to be done: this or another signal satisfied it.
    pub(super) fn consume_or_watch(&self, wait: &Arc<Wait>, index: u32) -> bool {
        let mut waits = self.waits.lock();
        self.state.fetch_or(WATCHED, Ordering::AcqRel);
        if !wait.is_for_all && self.lock() {
            // Only the claim decides; what it loses to has already paid.
            self.unlock(wait.claim(index));
            self.unwatch_if_idle(&waits);
            return true;
        } else if !wait.is_for_all {
            self.unlock(false);
        }
        waits.push_back(Node { wait: Arc::clone(wait), index });
        false
    }

    pub(super) fn forget(&self, wait: &Arc<Wait>) {
        let mut waits = self.waits.lock();
        waits.retain(|node| !Arc::ptr_eq(&node.wait, wait));
        self.unwatch_if_idle(&waits);
    }

    fn unwatch_if_idle(&self, waits: &VecDeque<Node>) {
        if waits.is_empty() {
            self.state.fetch_and(!WATCHED, Ordering::AcqRel);
        }
    }
}

//! Waiting for signals: events, semaphores, threads, files and ports.
//!
//! A signal is one word: how many waits it can satisfy, and whether somebody
//! waits. Setting and testing one that nobody waits for is one atomic
//! operation. Otherwise the setter takes the lock and hands the signal to the
//! oldest waiter, so that nobody can take it back.
//!
//! A wait for any is claimed once, by the first signal that finds it pending.
//! A wait for all locks the words of all its signals, in address order, looks,
//! and takes all or none.
//!
//! A wait need not have a thread that sleeps: a subscriber is called instead.

use crate::sync::{Arc, AtomicU32, AtomicU64, Deadline, Idle, Mutex, Ordering, Parker, spin};
use std::collections::VecDeque;
use std::fmt::Debug;

/// Somebody waits: setting takes the slow path.
const WATCHED: u64 = 1;
/// For a few instructions only the locker may change the count.
const LOCKED: u64 = 2;
const ONE: u64 = 4;

/// How a signal behaves when a wait is satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It stays set until it is reset.
    Manual,
    /// A wait consumes it.
    Auto,
    /// A wait consumes one unit of at most so many.
    Counted(u32),
}

/// The waitable state of an object.
#[derive(Debug)]
pub struct Signal {
    kind: Kind,
    /// `WATCHED`, `LOCKED`, and from bit 2 on the waits it can satisfy now.
    state: AtomicU64,
    waits: Mutex<VecDeque<Node>>,
}

#[derive(Debug)]
struct Node {
    wait: Arc<Wait>,
    index: u32,
}

const PENDING: u32 = u32::MAX;
const CANCELLED: u32 = PENDING - 1;

/// Takes one wait's share of a signal without a thread that sleeps.
pub trait Subscriber: Debug + Send + Sync {
    /// The signal has satisfied the wait, which happens once. The thread that
    /// set it calls, with no lock of the signal held, and is not to be kept.
    fn signaled(&self);
}

/// One wait, shared with the signals it waits for.
#[derive(Debug)]
struct Wait {
    parker: Parker,
    /// Whom to call, if nobody sleeps.
    subscriber: Option<Arc<dyn Subscriber>>,
    /// The index of the signal that satisfied it, or `PENDING`.
    satisfied_by: AtomicU32,
    is_for_all: bool,
}

impl Wait {
    fn new(is_for_all: bool, subscriber: Option<Arc<dyn Subscriber>>) -> Arc<Self> {
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

    fn claim(&self, index: u32) -> bool {
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

    fn new(kind: Kind, count: u64) -> Self {
        Self { kind, state: AtomicU64::new(count * ONE), waits: Mutex::default() }
    }

    /// Whether a wait would be satisfied now.
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) >= ONE
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
        if self.kind == Kind::Manual {
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
        if self.kind == Kind::Manual { count } else { count - 1 }
    }

    /// Takes what one wait takes, if the signal is set.
    fn consume(&self) -> bool {
        let before = self.update(|state| {
            (state >= ONE && self.kind != Kind::Manual).then(|| self.less_one(state / ONE))
        });
        before >= ONE
    }

    /// Locks the word; the count.
    fn lock(&self) -> u64 {
        loop {
            let state = self.state.fetch_or(LOCKED, Ordering::AcqRel);
            if state & LOCKED == 0 {
                return state / ONE;
            }
            spin();
        }
    }

    /// Unlocks the word; if `taken`, with one wait's share less.
    fn unlock(&self, taken: bool) {
        // A manual signal may be raised while locked, a counted one may not.
        if taken && self.kind != Kind::Manual {
            self.state.fetch_sub(ONE, Ordering::AcqRel);
        }
        self.state.fetch_and(!LOCKED, Ordering::AcqRel);
    }

    /// Wakes every waiter of a manual signal that has been raised.
    pub(crate) fn release(&self) {
        let waits = {
            let mut waits = self.waits.lock();
            self.state.fetch_and(!WATCHED, Ordering::AcqRel);
            std::mem::take(&mut *waits)
        };
        for Node { wait, index } in waits {
            if wait.is_for_all || wait.claim(index) {
                wait.wake();
            }
        }
    }

    /// Hands `count` units to waiters, oldest first, and keeps the rest, at
    /// most `maximum`; the count before. Waits for all are woken to look for
    /// themselves.
    fn hand_out(&self, count: u64, maximum: u64) -> Option<u64> {
        let mut woken = Vec::new();
        let before = {
            let mut waits = self.waits.lock();
            // Nobody adds to the count meanwhile: that takes the lock too.
            let before = self.state.fetch_or(WATCHED, Ordering::AcqRel) / ONE;
            if matches!(self.kind, Kind::Counted(_)) && before + count > maximum {
                self.unwatch_if_idle(&waits);
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
            self.unwatch_if_idle(&waits);
            before
        };
        for wait in woken {
            wait.wake();
        }
        Some(before)
    }

    /// Takes the signal for `wait`, or puts the wait among its waiters. True
    /// if nothing more is to be done: this or another signal satisfied it.
    fn consume_or_watch(&self, wait: &Arc<Wait>, index: u32) -> bool {
        let mut waits = self.waits.lock();
        self.state.fetch_or(WATCHED, Ordering::AcqRel);
        if !wait.is_for_all && self.lock() > 0 {
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

    fn forget(&self, wait: &Arc<Wait>) {
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

/// Waits until one of `signals` is set and takes it: its index, the lowest if
/// several are set at once. `None` when `deadline` passes first.
pub fn wait_any(signals: &[&Signal], deadline: Option<Deadline>, idle: &dyn Idle) -> Option<usize> {
    if let Some(index) = signals.iter().position(|signal| signal.consume()) {
        return Some(index);
    }
    if deadline.is_some_and(Deadline::has_passed) {
        idle.poll();
        return signals.iter().position(|signal| signal.consume());
    }
    let wait = Wait::new(false, None);
    let mut watched = 0;
    let is_satisfied = signals.iter().enumerate().any(|(index, signal)| {
        watched = index + 1;
        signal.consume_or_watch(&wait, index as u32)
    });
    if !is_satisfied && wait.satisfied_by.load(Ordering::Acquire) == PENDING {
        crate::sync::blocking(|| idle.park(&wait.parker, deadline));
    }
    // From here no signal can satisfy the wait any more.
    let _ = wait.claim(CANCELLED);
    for signal in &signals[..watched] {
        signal.forget(&wait);
    }
    let index = wait.satisfied_by.load(Ordering::Acquire);
    (index != CANCELLED).then_some(index as usize)
}

/// A subscriber's wait for one signal.
#[derive(Debug)]
pub struct Subscription(Arc<Wait>);

/// Waits for `signal` without a thread: `subscriber` is called once, when the
/// signal has satisfied the wait. `None` if it does at once: then the wait has
/// taken its share, and the subscriber is not called.
///
/// The caller keeps the signal until the subscriber was called or the
/// subscription cancelled.
pub fn subscribe(signal: &Signal, subscriber: Arc<dyn Subscriber>) -> Option<Subscription> {
    let wait = Wait::new(false, Some(subscriber));
    (!signal.consume_or_watch(&wait, 0)).then_some(Subscription(wait))
}

impl Subscription {
    /// Ends the wait for `signal`, which is the one it was made for. False if
    /// the signal has satisfied it: the subscriber was called, or is just being
    /// called.
    pub fn cancel(&self, signal: &Signal) -> bool {
        let is_cancelled = self.0.claim(CANCELLED);
        signal.forget(&self.0);
        is_cancelled
    }
}

/// Waits until all of `signals` are set at once and takes them all. False
/// when `deadline` passes first. No signal may stand in the list twice.
pub fn wait_all(signals: &[&Signal], deadline: Option<Deadline>, idle: &dyn Idle) -> bool {
    if consume_all(signals) {
        return true;
    }
    if deadline.is_some_and(Deadline::has_passed) {
        idle.poll();
        return consume_all(signals);
    }
    loop {
        let wait = Wait::new(true, None);
        for (index, signal) in signals.iter().enumerate() {
            signal.consume_or_watch(&wait, index as u32);
        }
        let mut is_satisfied = consume_all(signals);
        let mut timed_out = false;
        if !is_satisfied {
            timed_out = !crate::sync::blocking(|| idle.park(&wait.parker, deadline));
            is_satisfied = consume_all(signals);
        }
        for signal in signals {
            signal.forget(&wait);
        }
        if is_satisfied || timed_out {
            return is_satisfied;
        }
    }
}

/// Takes all the signals, or none.
fn consume_all(signals: &[&Signal]) -> bool {
    if !signals.iter().all(|signal| signal.is_set()) {
        return false;
    }
    let mut in_order: Vec<&Signal> = signals.to_vec();
    in_order.sort_by_key(|signal| std::ptr::from_ref(*signal));
    // All are locked, also behind one that is not set.
    let set_count = in_order.iter().filter(|signal| signal.lock() > 0).count();
    let are_set = set_count == in_order.len();
    for signal in in_order {
        signal.unlock(are_set);
    }
    are_set
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::Sleep;
    use std::time::Duration;

    #[derive(Debug, Default)]
    struct Counter(AtomicU32);

    impl Subscriber for Counter {
        fn signaled(&self) {
            self.0.fetch_add(1, Ordering::AcqRel);
        }
    }

    #[test]
    fn hnd_083_a_subscriber_takes_one_share_and_is_called_once() {
        for signal in [Signal::auto(false), Signal::counted(0, 9), Signal::manual(false)] {
            let counter = Arc::new(Counter::default());
            let subscription = subscribe(&signal, Arc::<Counter>::clone(&counter)).unwrap();
            let set = || {
                if matches!(signal.kind, Kind::Counted(_)) {
                    signal.add(1);
                } else {
                    signal.set();
                }
            };
            set();
            assert_eq!(counter.0.load(Ordering::Acquire), 1);
            assert_eq!(signal.is_set(), signal.kind == Kind::Manual);
            assert!(!subscription.cancel(&signal));
            set();
            assert_eq!(counter.0.load(Ordering::Acquire), 1);
            assert!(signal.is_set());
            assert!(subscribe(&signal, Arc::<Counter>::clone(&counter)).is_none());
            assert_eq!(signal.is_set(), signal.kind == Kind::Manual);
            signal.reset();
            let subscription = subscribe(&signal, Arc::<Counter>::clone(&counter)).unwrap();
            assert!(subscription.cancel(&signal));
            set();
            assert_eq!(counter.0.load(Ordering::Acquire), 1);
            assert!(signal.is_set());
        }
    }

    #[test]
    fn hnd_084_a_pulse_releases_who_waits_now_and_nobody_later() {
        let signal = Arc::new(Signal::manual(false));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let signal = Arc::clone(&signal);
                let limit = Deadline::after(Duration::from_secs(60));
                std::thread::spawn(move || wait_any(&[&signal], Some(limit), &Sleep))
            })
            .collect();
        while signal.waits.lock().len() < 2 {
            std::thread::yield_now();
        }
        signal.pulse();
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap() == Some(0)));
        assert!(!signal.is_set());
        assert_eq!(wait_any(&[&signal], Some(Deadline::now()), &Sleep), None);
    }
}

#[cfg(all(test, loom))]
mod threads {
    use super::*;
    use crate::sync::Sleep;
    use loom::thread;

    #[test]
    fn hnd_083_two_units_release_two_waiters() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(|| {
            let signal = Arc::new(Signal::counted(0, 2));
            let other = Arc::clone(&signal);
            let waiter = thread::spawn(move || wait_any(&[&other], None, &Sleep));
            let other = Arc::clone(&signal);
            let adder = thread::spawn(move || other.add(1));
            signal.add(1);
            assert_eq!(wait_any(&[&signal], None, &Sleep), Some(0));
            assert_eq!(waiter.join().unwrap(), Some(0));
            adder.join().unwrap();
            assert!(!signal.is_set());
        });
    }

    #[test]
    fn hnd_083_no_unit_beyond_the_maximum_is_accepted_and_lost() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(|| {
            let signal = Arc::new(Signal::counted(0, 1));
            let other = Arc::clone(&signal);
            let waiter = thread::spawn(move || {
                let later = Deadline::after(std::time::Duration::from_secs(3600));
                u32::from(wait_any(&[&other], Some(later), &Sleep).is_some())
            });
            let other = Arc::clone(&signal);
            let adder = thread::spawn(move || u32::from(other.add(1).is_some()));
            let added = u32::from(signal.add(1).is_some()) + adder.join().unwrap();
            let taken = waiter.join().unwrap();
            assert_eq!(added, taken + u32::from(signal.is_set()));
        });
    }

    #[test]
    fn hnd_080_a_wait_for_any_takes_one_signal_only() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(|| {
            let signals = Arc::new([Signal::auto(false), Signal::auto(false)]);
            let other = Arc::clone(&signals);
            let setter = thread::spawn(move || {
                other[1].set();
                other[0].set();
            });
            let taken = wait_any(&[&signals[0], &signals[1]], None, &Sleep).unwrap();
            setter.join().unwrap();
            assert!(!signals[taken].is_set());
            assert!(signals[1 - taken].is_set());
        });
    }

    #[test]
    fn hnd_081_a_wait_for_all_takes_all_or_none() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(|| {
            let signals = Arc::new([Signal::auto(false), Signal::auto(true)]);
            let other = Arc::clone(&signals);
            let waiter = thread::spawn(move || wait_all(&[&other[0], &other[1]], None, &Sleep));
            signals[0].set();
            assert!(waiter.join().unwrap());
            assert!(!signals[0].is_set() && !signals[1].is_set());
        });
    }
}

//! Waiting for signals: events, semaphores, mutexes, threads, files and ports.
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

mod ownership;
mod signal;

use crate::sync::{Arc, Deadline, Idle, Ordering};
pub use ownership::MutexState;
pub(crate) use ownership::end_of_thread;
use signal::{CANCELLED, PENDING, Wait};
pub use signal::{Signal, Subscriber};

/// Waits until one of `signals` is set and takes it: its index, the lowest if
/// several are set at once. `None` when `deadline` passes first.
pub fn wait_any(signals: &[&Signal], deadline: Option<Deadline>, idle: &dyn Idle) -> Option<usize> {
    let index = take_any(signals, deadline, idle)?;
    signals[index].settle();
    Some(index)
}

fn take_any(signals: &[&Signal], deadline: Option<Deadline>, idle: &dyn Idle) -> Option<usize> {
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
#[derive(Clone, Debug)]
pub struct Subscription(Arc<Wait>);

/// Waits for `signal` without a thread: `subscriber` is called once, when the
/// signal has satisfied the wait. `None` if it does at once: then the wait has
/// taken its share, and the subscriber is not called. A mutex is owned by a
/// thread that waits, and is not to be waited for in this way.
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
        // A signal that has satisfied a wait has forgotten it.
        let is_cancelled = self.0.claim(CANCELLED);
        if is_cancelled {
            signal.forget(&self.0);
        }
        is_cancelled
    }
}

/// How a wait for all has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum All {
    /// It has taken all the signals.
    Taken,
    /// The alert is set; nothing has been taken.
    Alerted,
    /// The time is up.
    TimedOut,
}

/// Waits until all of `signals` are set at once and takes them all, or until
/// `alert` is set, which it does not take. No signal may stand in the list
/// twice.
pub fn wait_all(
    signals: &[&Signal],
    alert: Option<&Signal>,
    deadline: Option<Deadline>,
    idle: &dyn Idle,
) -> All {
    let mut is_polled = false;
    loop {
        if let Some(end) = look(signals, alert) {
            return end;
        }
        if deadline.is_some_and(Deadline::has_passed) {
            if is_polled {
                return All::TimedOut;
            }
            is_polled = true;
            idle.poll();
            continue;
        }
        let wait = Wait::new(true, None);
        let watched = || signals.iter().copied().chain(alert);
        for (index, signal) in watched().enumerate() {
            signal.consume_or_watch(&wait, index as u32);
        }
        let mut end = look(signals, alert);
        if end.is_none() && !crate::sync::blocking(|| idle.park(&wait.parker, deadline)) {
            end = Some(look(signals, alert).unwrap_or(All::TimedOut));
        }
        for signal in watched() {
            signal.forget(&wait);
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// What ends a wait for all now.
fn look(signals: &[&Signal], alert: Option<&Signal>) -> Option<All> {
    if alert.is_some_and(Signal::is_set) {
        return Some(All::Alerted);
    }
    consume_all(signals).then_some(All::Taken)
}

/// Takes all the signals, or none.
fn consume_all(signals: &[&Signal]) -> bool {
    if !signals.iter().all(|signal| signal.is_available()) {
        return false;
    }
    let mut in_order: Vec<&Signal> = signals.to_vec();
    in_order.sort_by_key(|signal| std::ptr::from_ref(*signal));
    // All are locked, also behind one that is not set.
    let set_count = in_order.iter().filter(|signal| signal.lock()).count();
    let are_set = set_count == in_order.len();
    for signal in &in_order {
        signal.unlock(are_set);
    }
    if are_set {
        in_order.into_iter().for_each(Signal::settle);
    }
    are_set
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::signal::Kind;
    use super::*;
    use crate::sync::{AtomicU32, Sleep};
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
            assert_eq!(signal.is_set(), signal.is_manual());
            assert!(!subscription.cancel(&signal));
            set();
            assert_eq!(counter.0.load(Ordering::Acquire), 1);
            assert!(signal.is_set());
            assert!(subscribe(&signal, Arc::<Counter>::clone(&counter)).is_none());
            assert_eq!(signal.is_set(), signal.is_manual());
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

    #[test]
    fn hnd_093_a_mutex_counts_what_its_owner_takes() {
        let mutex = Signal::mutex(false);
        let count = || mutex.mutex_state().unwrap().count;
        assert_eq!((count(), mutex.give_back()), (1, None));
        for taken in 1..4 {
            assert_eq!(wait_any(&[&mutex], Some(Deadline::now()), &Sleep), Some(0));
            assert_eq!(count(), 1 - taken);
        }
        assert_eq!(wait_all(&[&mutex], None, Some(Deadline::now()), &Sleep), All::Taken);
        assert_eq!([(); 4].map(|()| mutex.give_back().unwrap()), [-3, -2, -1, 0]);
        assert_eq!((count(), mutex.give_back()), (1, None));
    }

    #[test]
    fn hnd_095_the_end_of_a_thread_abandons_what_others_refer_to() {
        let kept = Signal::mutex(false);
        let other = Arc::clone(&kept);
        let owner = move || {
            assert_eq!(wait_any(&[&other], None, &Sleep), Some(0));
            drop(Signal::mutex(true));
            end_of_thread();
        };
        std::thread::spawn(owner).join().unwrap();
        assert!(kept.mutex_state().unwrap().is_abandoned);
        assert_eq!(wait_any(&[&kept], Some(Deadline::now()), &Sleep), Some(0));
        assert!(kept.came_abandoned());
        assert!(!kept.mutex_state().unwrap().is_abandoned);
        assert_eq!(wait_any(&[&kept], Some(Deadline::now()), &Sleep), Some(0));
        assert!(!kept.came_abandoned());
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
            let waiter =
                thread::spawn(move || wait_all(&[&other[0], &other[1]], None, None, &Sleep));
            signals[0].set();
            assert_eq!(waiter.join().unwrap(), All::Taken);
            assert!(!signals[0].is_set() && !signals[1].is_set());
        });
    }

    #[test]
    fn hnd_081_an_alert_ends_a_wait_for_all_and_takes_nothing() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(|| {
            let signals =
                Arc::new([Signal::auto(true), Signal::auto(false), Signal::manual(false)]);
            let other = Arc::clone(&signals);
            let waiter = thread::spawn(move || {
                wait_all(&[&other[0], &other[1]], Some(&other[2]), None, &Sleep)
            });
            signals[2].set();
            signals[1].set();
            let end = waiter.join().unwrap();
            assert_ne!(end, All::TimedOut);
            assert_eq!(signals[0].is_set(), end == All::Alerted);
            assert_eq!(signals[1].is_set(), end == All::Alerted);
        });
    }

    #[test]
    fn hnd_094_a_mutex_has_one_owner_and_outlives_him() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(|| {
            let mutex = Signal::mutex(false);
            let other = Arc::clone(&mutex);
            let owner = thread::spawn(move || {
                assert_eq!(wait_any(&[&other], None, &Sleep), Some(0));
                let came_abandoned = other.came_abandoned();
                if came_abandoned {
                    assert_eq!(other.give_back(), Some(0));
                }
                end_of_thread();
                came_abandoned
            });
            assert_eq!(wait_any(&[&mutex], None, &Sleep), Some(0));
            let came_abandoned = mutex.came_abandoned();
            assert!(mutex.mutex_state().unwrap().is_mine);
            end_of_thread();
            // Both leave it behind, so whoever comes second is told.
            assert!(came_abandoned != owner.join().unwrap());
        });
    }
}

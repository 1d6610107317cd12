//! A lock whose release is two plain instructions: a store, and a look whether
//! somebody sleeps.
//!
//! Between the two belongs a full barrier, or the look could come first and
//! miss who is about to sleep. Whoever is about to sleep pays for it instead,
//! with one barrier in all threads, and makes the lock *careful*: from then on
//! every release has its own barrier, until some in a row have found nobody.
//! Where there is no such barrier the lock is always careful.

use super::barrier;
use super::blocking;
use super::futex::Futex;
use super::parker::Deadline;
use super::{AtomicU32, Ordering, fence};
use std::time::Duration;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// Each release has a barrier of its own.
const CAREFUL: u32 = 1;
/// Somebody sleeps, or is about to. Whoever takes this away wakes one, who
/// puts it back before it tries again.
const SLEEPING: u32 = 2;
/// One release that found nobody, since somebody did.
const QUIET: u32 = 4;
/// So many of them end the care.
const ENOUGH: u32 = if cfg!(loom) { 1 } else { 64 };

/// The longest pause before another look, in spins; then the thread sleeps.
const LONGEST_PAUSE: u32 = if cfg!(loom) { 0 } else { 256 };

/// The lock without what it protects.
#[derive(Debug)]
pub(super) struct Lock {
    word: AtomicU32,
    sleepers: Futex,
}

impl Lock {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self { word: AtomicU32::new(FREE), sleepers: Futex::new(CAREFUL) }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self { word: AtomicU32::new(FREE), sleepers: Futex::new(CAREFUL) }
    }

    #[inline]
    pub(super) fn lock(&self) {
        if !self.try_lock() {
            self.lock_later();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// By the one who holds it.
    #[inline]
    pub(super) fn unlock(&self) {
        self.word.store(FREE, Ordering::Release);
        // In program order; see `sleep` for the rest.
        #[cfg(not(loom))]
        std::sync::atomic::compiler_fence(Ordering::SeqCst);
        #[cfg(loom)]
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::Relaxed) != 0 {
            self.look_for_sleepers();
        }
    }

    #[cold]
    fn lock_later(&self) {
        if !self.spin() {
            blocking::held_up(|| self.sleep());
        }
    }

    /// Sleeps until it has the lock.
    fn sleep(&self) {
        loop {
            let before = self.sleepers.swap(CAREFUL | SLEEPING, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            // A release that was not careful has stored `FREE` before the
            // barrier, or looks for sleepers after it. Who finds the lock
            // careful leaves that to the one who is making it so: that one is
            // awake, and wakes another when it has had the lock.
            let is_certain = before & CAREFUL != 0 || barrier::everywhere();
            if self.try_lock() {
                // Others may still sleep: the release will wake one.
                return;
            }
            // Without the barrier a store is seen soon, but who knows when.
            let soon = || Deadline::after(Duration::from_millis(1));
            self.sleepers.sleep(CAREFUL | SLEEPING, (!is_certain).then(soon));
        }
    }

    /// Waits awake for a while, looking ever less often; true if that got the
    /// lock.
    fn spin(&self) -> bool {
        let mut pause = 1;
        while pause <= LONGEST_PAUSE {
            (0..pause).for_each(|_| super::spin());
            if self.word.load(Ordering::Relaxed) == FREE && self.try_lock() {
                return true;
            }
            pause *= 2;
        }
        false
    }

    #[cold]
    fn look_for_sleepers(&self) {
        fence(Ordering::SeqCst);
        let seen = self.sleepers.load(Ordering::Relaxed);
        if seen & SLEEPING != 0 {
            if self.sleepers.fetch_and(!SLEEPING, Ordering::AcqRel) & SLEEPING != 0 {
                self.sleepers.wake_one();
            }
        } else if seen < QUIET * ENOUGH {
            // It does not matter if another release counts at the same time.
            self.count(seen, seen + QUIET);
        } else if barrier::is_available() {
            self.count(seen, 0);
        }
    }

    fn count(&self, seen: u32, next: u32) {
        let (order, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        let _ = self.sleepers.compare_exchange(seen, next, order, failure);
    }
}

#[cfg(all(test, loom))]
mod threads {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::thread;
    use std::sync::Arc;

    struct Counter {
        lock: Lock,
        count: UnsafeCell<u32>,
    }

    // SAFETY: the count is reached only under the lock.
    #[allow(unsafe_code)]
    unsafe impl Sync for Counter {}

    impl Counter {
        #[allow(unsafe_code)]
        fn increment(&self) -> u32 {
            self.lock.lock();
            // SAFETY: the lock is held.
            let count = self.count.with_mut(|it| unsafe {
                *it += 1;
                *it
            });
            self.lock.unlock();
            count
        }
    }

    fn count_with(threads: usize, each: u32, quiet: bool, bound: usize) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(bound);
        builder.check(move || {
            let counter = Arc::new(Counter { lock: Lock::new(), count: UnsafeCell::new(0) });
            if quiet {
                counter.lock.sleepers.store(0, Ordering::Relaxed);
            }
            let others: Vec<_> = (1..threads)
                .map(|_| {
                    let counter = Arc::clone(&counter);
                    thread::spawn(move || (0..each).for_each(|_| drop(counter.increment())))
                })
                .collect();
            (0..each).for_each(|_| drop(counter.increment()));
            others.into_iter().for_each(|it| it.join().unwrap());
            assert_eq!(counter.increment(), threads as u32 * each + 1);
        });
    }

    #[test]
    fn a_careful_lock_admits_one_and_wakes_all() {
        count_with(2, 2, false, 3);
        count_with(3, 1, false, 2);
    }

    #[test]
    fn a_quiet_lock_admits_one_and_wakes_all() {
        count_with(2, 2, true, 3);
        count_with(3, 1, true, 2);
    }
}

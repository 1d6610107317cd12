//! How one thread sleeps and another wakes it.
#![allow(unsafe_code)]

use super::futex::Futex;
use super::{Arc, AtomicI32, Mutex, Ordering};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// A point on the monotonic clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// The present.
    pub fn now() -> Self {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid place for the result.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        Self(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
    }

    /// As a number that only its differences give a meaning.
    pub(crate) fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The point `duration` from now; the far future if that overflows.
    pub fn after(duration: Duration) -> Self {
        Self::now().plus(duration)
    }

    /// The point `duration` later; the far future if that overflows.
    pub fn plus(self, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanoseconds))
    }

    /// How long until then; zero if it has passed.
    pub fn remaining(self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(Self::now().0))
    }

    /// How long ago it was; zero if it has not passed.
    pub fn elapsed(self) -> Duration {
        Duration::from_nanos(Self::now().0.saturating_sub(self.0))
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        Self::now() >= self
    }

    pub(super) fn timespec(self) -> libc::timespec {
        timespec(self.0)
    }
}

/// A point on the system's clock, in nanoseconds since 1970. The clock may be
/// set, and then the point is nearer or farther away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(u64);

/// From 1601 to 1970, in units of 100 nanoseconds.
const YEARS_BEFORE_1970: u64 = 116_444_736_000_000_000;

impl Date {
    /// The present.
    pub fn now() -> Self {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self::since_1970(since_1970.unwrap_or_default())
    }

    /// The point so long after the beginning of 1970.
    pub fn since_1970(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    /// In units of 100 nanoseconds since 1601.
    #[doc(alias = "FILETIME")]
    pub fn since_1601(self) -> u64 {
        YEARS_BEFORE_1970 + self.0 / 100
    }

    /// The point so many units of 100 nanoseconds after 1601, or the beginning
    /// of 1970 if that is later.
    pub fn from_1601(units: u64) -> Self {
        Self(units.saturating_sub(YEARS_BEFORE_1970).saturating_mul(100))
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        Self::now() >= self
    }

    #[cfg(not(loom))]
    pub(super) fn timespec(self) -> libc::timespec {
        timespec(self.0)
    }
}

fn timespec(nanoseconds: u64) -> libc::timespec {
    libc::timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as i64,
    }
}

/// What a thread of this library does while it has nothing to do.
///
/// The port and the waits know only this; the engine implements it so that a
/// waiting thread can reap completions.
pub trait Idle {
    /// Sleeps until `parker` is notified or `deadline` passes; tells whether
    /// it was notified. May do useful work meanwhile, but no less promptly.
    fn park(&self, parker: &Parker, deadline: Option<Deadline>) -> bool;

    /// Like `park`, for a thread that waits for packets of a port.
    fn park_for_packets(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        self.park(parker, deadline)
    }

    /// Does what work there is without sleeping.
    fn poll(&self);

    /// A thread has taken many packets without waiting once: does what work
    /// there is, if nobody else sees to it.
    fn pass_by(&self) {}
}

/// Plain sleeping, with nothing to do meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Sleep;

impl Idle for Sleep {
    fn park(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        parker.park(deadline)
    }

    fn poll(&self) {}
}

const EMPTY: u32 = 0;
/// The owner sleeps on the futex.
const PARKED: u32 = 1;
/// The owner sleeps in the kernel until `kick` becomes readable.
const POLLING: u32 = 2;
const NOTIFIED: u32 = 3;

/// One thread's place to sleep. One notification is kept if nobody sleeps.
#[derive(Debug)]
pub struct Parker {
    state: Futex,
    /// What ends the owner's poll. It is kept after the poll: who has seen
    /// POLLING may write to it later, when whose it was is gone.
    kick: Mutex<Option<Arc<OwnedFd>>>,
    /// Its number, for the owner.
    kick_number: AtomicI32,
}

impl Default for Parker {
    fn default() -> Self {
        Self { state: Futex::new(EMPTY), kick: Mutex::default(), kick_number: AtomicI32::new(-1) }
    }
}

impl Parker {
    /// Wakes the owner, or lets its next sleep return at once.
    pub fn unpark(&self) {
        match self.state.swap(NOTIFIED, Ordering::AcqRel) {
            PARKED => self.state.wake_one(),
            POLLING => {
                let kick = self.kick.lock().clone();
                if let Some(kick) = kick {
                    let one = 1u64.to_ne_bytes();
                    // SAFETY: `one` is readable for its length.
                    unsafe { libc::write(kick.as_raw_fd(), one.as_ptr().cast(), 8) };
                }
            }
            _ => {}
        }
    }

    /// Whether there is a notification, which stays.
    pub fn is_notified(&self) -> bool {
        self.state.load(Ordering::Acquire) == NOTIFIED
    }

    /// Takes the notification if there is one. Only the owner may call.
    pub fn take_notification(&self) -> bool {
        self.is_notified() && {
            self.state.store(EMPTY, Ordering::Relaxed);
            true
        }
    }

    /// Sleeps until notified or `deadline`; tells which. Only the owner may call.
    pub fn park(&self, deadline: Option<Deadline>) -> bool {
        self.park_while(|| self.state.sleep(PARKED, deadline))
    }

    /// Like `park`, until a date.
    #[cfg(not(loom))]
    pub fn park_until(&self, date: Option<Date>) -> bool {
        self.park_while(|| self.state.sleep_until(PARKED, date))
    }

    /// `sleep` tells whether the time is up.
    fn park_while(&self, sleep: impl Fn() -> bool) -> bool {
        if self.state.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire).is_err()
        {
            return self.take_notification();
        }
        loop {
            let timed_out = sleep();
            if self.take_notification() {
                return true;
            }
            if timed_out {
                return self.withdraw(PARKED);
            }
        }
    }

    /// Announces that the owner is about to sleep until `kick` is readable.
    /// False, and nothing announced, if it has been notified already.
    pub fn begin_poll(&self, kick: Option<&Arc<OwnedFd>>) -> bool {
        // What is kept is open, so its number is nobody else's.
        let number = kick.map_or(-1, |kick| kick.as_raw_fd());
        if self.kick_number.load(Ordering::Relaxed) != number {
            let before = std::mem::replace(&mut *self.kick.lock(), kick.cloned());
            drop(before);
            self.kick_number.store(number, Ordering::Relaxed);
        }
        self.state.compare_exchange(EMPTY, POLLING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Ends what `begin_poll` announced; tells whether a notification came,
    /// which stays for `take_notification`.
    pub fn end_poll(&self) -> bool {
        self.state.compare_exchange(POLLING, EMPTY, Ordering::AcqRel, Ordering::Acquire).is_err()
    }

    /// Leaves a sleep that ended by itself; true if a notification crossed it.
    fn withdraw(&self, from: u32) -> bool {
        self.state.compare_exchange(from, EMPTY, Ordering::AcqRel, Ordering::Acquire).is_err()
            && self.take_notification()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_notification_is_kept_for_the_next_sleep() {
        let parker = Parker::default();
        parker.unpark();
        parker.unpark();
        assert!(parker.park(None));
        assert!(!parker.park(Some(Deadline::after(Duration::from_millis(5)))));
    }

    #[test]
    fn another_thread_ends_the_sleep() {
        let parker = Arc::new(Parker::default());
        let other = Arc::clone(&parker);
        let thread = std::thread::spawn(move || other.unpark());
        assert!(parker.park(Some(Deadline::after(Duration::from_secs(60)))));
        thread.join().unwrap();
    }

    /// A wake-up may be written after the poll that it was to end, when the
    /// engine that polled is gone.
    #[test]
    fn what_ends_a_poll_is_kept_for_a_late_wake_up() {
        let parker = Parker::default();
        let kick = Arc::new(OwnedFd::from(std::fs::File::open("/dev/null").unwrap()));
        let other = Arc::new(OwnedFd::from(std::fs::File::open("/dev/null").unwrap()));
        let number = kick.as_raw_fd();
        for _ in 0..2 {
            assert!(parker.begin_poll(Some(&kick)));
            assert!(!parker.end_poll());
        }
        assert_eq!(Arc::strong_count(&kick), 2);
        drop(kick);
        // SAFETY: no memory is involved.
        assert!(unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0);
        assert!(parker.begin_poll(Some(&other)));
        parker.unpark();
        assert!(parker.end_poll() && parker.take_notification());
        assert_eq!(Arc::strong_count(&other), 2);
    }

    #[test]
    fn a_deadline_far_away_does_not_overflow() {
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }
}

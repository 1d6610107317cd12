//! Waitable timers: signals that are set when their time has come.
//!
//! Each setting has a number. Setting the signal and checking the number are
//! one step, so that nothing of a setting is seen once it has been replaced or
//! cancelled, also if its alarm is ringing at that moment.

mod agenda;
mod clock;

use crate::handle::{Close, HandleCount};
use crate::status::Status;
use crate::sync::{Arc, AtomicU64, Deadline, Ordering, Weak};
use crate::wait::Signal;
pub use clock::{Alarm, Clocks, Due};
use std::time::Duration;

/// A waitable timer.
#[doc(alias = "KTIMER")]
#[derive(Debug)]
pub struct Timer {
    handles: HandleCount,
    signal: Signal,
    clocks: Arc<Clocks>,
    owner: u64,
    /// The number of the last setting; changed only by who is alone with the
    /// signal.
    number: AtomicU64,
}

/// A setting of a timer.
#[derive(Debug)]
struct Setting {
    timer: Weak<Timer>,
    /// Zero if it rings once only.
    period: Duration,
}

impl Timer {
    /// A timer that stays set until it is set anew (`manual_reset`), or until
    /// one wait is satisfied. It has no time yet.
    pub fn new(manual_reset: bool, clocks: &Arc<Clocks>) -> Self {
        Self {
            handles: HandleCount::default(),
            signal: if manual_reset { Signal::manual(false) } else { Signal::auto(false) },
            clocks: Arc::clone(clocks),
            owner: Clocks::owner(),
            number: AtomicU64::new(0),
        }
    }

    /// What is waited for.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Resets the signal and sets the timer: the signal is set when `due` has
    /// come, and then each time a `period` has passed, unless that is zero.
    /// Replaces any setting before.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: no thread is to be had; the timer has no time
    /// then.
    pub fn set(self: &Arc<Self>, due: Due, period: Duration) -> Result<(), Status> {
        let number = self.signal.alone(|| {
            self.signal.reset();
            self.number.fetch_add(1, Ordering::AcqRel) + 1
        });
        let setting = Arc::new(Setting { timer: Arc::downgrade(self), period });
        let is_now = match due {
            Due::After(duration) => duration.is_zero(),
            Due::On(date) => date.has_passed(),
        };
        match due {
            _ if is_now => {
                self.clocks.cancel_below(self.owner, number);
                setting.ring_for(self, number, Deadline::now())
            }
            Due::After(duration) => {
                self.clocks.ring_at(self.owner, number, Deadline::after(duration), setting)
            }
            Due::On(date) => self.clocks.ring_on(self.owner, number, date, setting),
        }
    }

    /// Takes the timer's time away. The signal stays as it is.
    pub fn cancel(&self) {
        let number = self.signal.alone(|| self.number.fetch_add(1, Ordering::AcqRel) + 1);
        self.clocks.cancel_below(self.owner, number);
    }
}

impl Close for Timer {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Nobody can set it any more, and what is set ends.
    fn close(self: &Arc<Self>) {
        self.cancel();
    }
}

impl Setting {
    /// Its time has come.
    fn ring_for(self: Arc<Self>, timer: &Timer, number: u64, due: Deadline) -> Result<(), Status> {
        let is_current = timer.signal.set_if(|| self.is_current(number));
        if !is_current || self.period.is_zero() {
            return Ok(());
        }
        let next = next_period(due, self.period);
        timer.clocks.ring_at(timer.owner, number, next, self)
    }
}

impl Alarm for Setting {
    fn ring(self: Arc<Self>, number: u64, due: Deadline) {
        if let Some(timer) = self.timer.upgrade() {
            // The thread that calls is the one that is needed.
            let _ = self.ring_for(&timer, number, due);
        }
    }

    fn is_current(&self, number: u64) -> bool {
        let current = |timer: Arc<Timer>| timer.number.load(Ordering::Acquire) == number;
        self.timer.upgrade().is_some_and(current)
    }
}

/// When a timer that was due at `due` is due again: whole periods later, those
/// left out that have passed.
pub(crate) fn next_period(due: Deadline, period: Duration) -> Deadline {
    let missed = due.elapsed().as_nanos() / period.as_nanos().max(1);
    let periods = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
    due.plus(period.saturating_mul(periods))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lateness does not add up, and what was missed is not made up for.
    #[test]
    fn hnd_097_periods_are_counted_from_the_time_that_was_set() {
        let period = Duration::from_millis(20);
        let due = Deadline::now();
        assert_eq!(next_period(due, period), due.plus(period));
        std::thread::sleep(Duration::from_millis(50));
        let next = next_period(due, period);
        assert!(next >= due.plus(3 * period) && !next.has_passed());
        assert!((3..1000).any(|periods| next == due.plus(periods * period)));
    }
}

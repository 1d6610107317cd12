//! Waitable timers: signals that are set when their time has come.
//!
//! Each setting has a number. Setting the signal and checking the number are
//! one step, so that nothing of a setting is seen once it has been replaced or
//! cancelled, also if its alarm is ringing at that moment. The same holds for
//! the call that a setting may have queued for the thread that made it.

mod agenda;
mod clock;

use crate::apc::TimerCall;
use crate::handle::{Close, HandleCount};
use crate::status::Status;
use crate::sync::{Arc, AtomicU64, Deadline, Mutex, Ordering, Weak};
use crate::wait::Signal;
pub use clock::{Alarm, Clocks, Due};
use std::time::Duration;

/// A waitable timer.
#[doc(alias = "KTIMER")]
#[derive(Debug)]
pub struct Timer {
    handles: HandleCount,
    face: Arc<Face>,
    clocks: Arc<Clocks>,
    owner: u64,
}

/// What settings know of their timer. It outlives the timer while a call is
/// to be made.
#[derive(Debug)]
struct Face {
    signal: Signal,
    /// The number of the last setting; changed only by who is alone with the
    /// signal.
    number: AtomicU64,
    /// The call of the last setting, with its number.
    call: Mutex<(u64, Option<TimerCall>)>,
}

impl Face {
    /// Begins a setting, or the time without one: its number.
    fn replace(&self, call: Option<TimerCall>, resets: bool) -> u64 {
        let number = self.signal.alone(|| {
            if resets {
                self.signal.reset();
            }
            self.number.fetch_add(1, Ordering::AcqRel) + 1
        });
        // A call that is not queued yet finds that it is not wanted any more.
        let old = {
            let mut last = self.call.lock();
            if last.0 > number {
                return number;
            }
            std::mem::replace(&mut *last, (number, call))
        };
        if let (_, Some(call)) = old {
            call.take_back();
        }
        number
    }
}

/// A setting of a timer.
#[derive(Debug)]
struct Setting {
    face: Arc<Face>,
    clocks: Weak<Clocks>,
    owner: u64,
    /// Zero if it rings once only.
    period: Duration,
    call: Option<TimerCall>,
}

impl Timer {
    /// A timer that stays set until it is set anew (`manual_reset`), or until
    /// one wait is satisfied. It has no time yet.
    pub fn new(manual_reset: bool, clocks: &Arc<Clocks>) -> Self {
        let signal = if manual_reset { Signal::manual(false) } else { Signal::auto(false) };
        Self {
            handles: HandleCount::default(),
            face: Arc::new(Face { signal, number: AtomicU64::new(0), call: Mutex::default() }),
            clocks: Arc::clone(clocks),
            owner: Clocks::owner(),
        }
    }

    /// What is waited for.
    pub fn signal(&self) -> &Signal {
        &self.face.signal
    }

    /// Resets the signal and sets the timer: the signal is set when `due` has
    /// come, and then each time a `period` has passed, unless that is zero.
    /// Each time the `call` is queued too, unless it still is. If its thread has
    /// ended by then, nothing happens any more. Replaces any setting before.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: no thread is to be had; the timer has no time
    /// then.
    pub fn set(&self, due: Due, period: Duration, call: Option<TimerCall>) -> Result<(), Status> {
        let number = self.face.replace(call.clone(), true);
        let (face, clocks) = (Arc::clone(&self.face), Arc::downgrade(&self.clocks));
        let setting = Arc::new(Setting { face, clocks, owner: self.owner, period, call });
        let is_now = match due {
            Due::After(duration) => duration.is_zero(),
            Due::On(date) => date.has_passed(),
        };
        match due {
            _ if is_now => {
                self.clocks.cancel_below(self.owner, number);
                setting.ring_on(&self.clocks, number, Deadline::now())
            }
            Due::After(duration) => {
                self.clocks.ring_at(self.owner, number, Deadline::after(duration), setting)
            }
            Due::On(date) => self.clocks.ring_on(self.owner, number, date, setting),
        }
    }

    /// Takes the timer's time away, and a call that is queued. The signal stays
    /// as it is.
    pub fn cancel(&self) {
        let number = self.face.replace(None, false);
        self.clocks.cancel_below(self.owner, number);
    }
}

impl Close for Timer {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Nobody can set it any more, and what is set ends; but a call that was
    /// asked for is made.
    fn close(self: &Arc<Self>) {
        let makes_calls = self.face.call.lock().1.is_some();
        if !makes_calls {
            self.cancel();
        }
    }
}

impl Setting {
    /// Its time has come.
    fn ring_on(self: Arc<Self>, clocks: &Clocks, number: u64, due: Deadline) -> Result<(), Status> {
        if !self.face.signal.set_if(|| self.is_current(number)) {
            return Ok(());
        }
        if let Some(call) = &self.call {
            call.queue(|| self.is_current(number));
        }
        if self.period.is_zero() {
            return Ok(());
        }
        clocks.ring_at(self.owner, number, next_period(due, self.period), self)
    }
}

impl Alarm for Setting {
    fn ring(self: Arc<Self>, number: u64, due: Deadline) {
        if let Some(clocks) = self.clocks.upgrade() {
            // The thread that calls is the one that is needed.
            let _ = self.ring_on(&clocks, number, due);
        }
    }

    fn is_current(&self, number: u64) -> bool {
        self.face.number.load(Ordering::Acquire) == number
            && self.call.as_ref().is_none_or(TimerCall::is_possible)
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

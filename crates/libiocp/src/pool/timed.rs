//! Timers of a pool: a callback each time the time has come.

use super::member::Member;
use crate::status::Status;
use crate::sync::{Arc, AtomicBool, AtomicU64, Deadline, Ordering, Weak};
use crate::timer::{Alarm, Clocks, Due, next_period};
use std::time::Duration;

/// What a member knows of its timer. Changed only with its state.
#[derive(Debug)]
pub(super) struct TimerState {
    owner: u64,
    /// The number of the last setting.
    number: AtomicU64,
    /// Whether the last setting gave a time.
    is_set: AtomicBool,
    /// Whether it will ring again.
    is_armed: AtomicBool,
}

impl Default for TimerState {
    fn default() -> Self {
        Self {
            owner: Clocks::owner(),
            number: AtomicU64::new(0),
            is_set: AtomicBool::new(false),
            is_armed: AtomicBool::new(false),
        }
    }
}

/// A setting of a timer.
#[derive(Debug)]
struct Setting {
    member: Weak<Member>,
    period: Duration,
}

impl Member {
    /// A new setting: its number, and whether the one before would have rung.
    fn renumber(&self, is_set: bool) -> (u64, bool) {
        self.change(|_| {
            let number = self.timer.number.load(Ordering::Relaxed) + 1;
            self.timer.number.store(number, Ordering::Release);
            self.timer.is_set.store(is_set, Ordering::Release);
            (number, self.timer.is_armed.swap(is_set, Ordering::AcqRel))
        })
    }

    /// Lets the member be called when `due` has come, and then each time a
    /// `period` has passed, unless that is zero. Replaces the setting before;
    /// true if that would still have rung.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: no thread is to be had for the clock.
    pub fn set_timer(self: &Arc<Self>, due: Due, period: Duration) -> Result<bool, Status> {
        let (number, was_armed) = self.renumber(true);
        let owner = self.timer.owner;
        let setting = Arc::new(Setting { member: Arc::downgrade(self), period });
        let is_now = match due {
            Due::After(duration) => duration.is_zero(),
            Due::On(date) => date.has_passed(),
        };
        let result = match due {
            _ if is_now => {
                self.clocks().cancel_below(owner, number);
                setting.ring(number, Deadline::now());
                Ok(())
            }
            Due::After(duration) => self.ring_at(owner, number, Deadline::after(duration), setting),
            Due::On(date) => self.clocks().ring_on(owner, number, date, setting),
        };
        result.map(|()| was_armed)
    }

    /// Takes the timer's time away: what is queued still runs. True if it
    /// would have rung.
    pub fn unset_timer(self: &Arc<Self>) -> bool {
        if self.timer.number.load(Ordering::Acquire) == 0 {
            return false;
        }
        let (number, was_armed) = self.renumber(false);
        self.clocks().cancel_below(self.timer.owner, number);
        was_armed
    }

    /// Whether the timer was given a time last.
    pub fn is_timer_set(&self) -> bool {
        self.timer.is_set.load(Ordering::Acquire)
    }

    /// Whether the timer will ring.
    pub fn is_timer_armed(&self) -> bool {
        self.timer.is_armed.load(Ordering::Acquire)
    }
}

impl Alarm for Setting {
    fn ring(self: Arc<Self>, number: u64, due: Deadline) {
        let Some(member) = self.member.upgrade() else { return };
        let rings_again = !self.period.is_zero();
        // One step to whoever sets the timer: afterwards it is counted, or not
        // at all.
        let is_current = member.change(|state| {
            let is_current = self.is_current(number);
            if is_current {
                state.tally.submit();
                member.timer.is_armed.store(rings_again, Ordering::Release);
            }
            is_current
        });
        if !is_current {
            return;
        }
        member.post(Status::SUCCESS);
        if rings_again {
            let next = next_period(due, self.period);
            // The thread that calls is the one that is needed, or the first
            // setting's failure is told.
            let _ = member.ring_at(member.timer.owner, number, next, self);
        }
    }

    fn is_current(&self, number: u64) -> bool {
        let current = |member: Arc<Member>| member.timer.number.load(Ordering::Acquire) == number;
        self.member.upgrade().is_some_and(current)
    }
}

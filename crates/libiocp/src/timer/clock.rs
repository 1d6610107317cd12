//! The threads that wait for a time to come: one for each clock that is used.

use super::agenda::Agenda;
use crate::engine::Engine;
use crate::status::Status;
use crate::sync::{
    Arc, AtomicBool, Date, Deadline, Mutex, Ordering, Parker, Turn, sleep_precisely, unique,
};
use std::fmt::Debug;
use std::time::Duration;

/// What happens when a time has come.
pub trait Alarm: Debug + Send + Sync {
    /// The setting with this number was due at `due`. Called by the clock's
    /// own thread with no lock held; it is not to be kept.
    fn ring(self: Arc<Self>, number: u64, due: Deadline);

    /// Whether the setting with this number is still the last one. Called with
    /// a lock held.
    fn is_current(&self, number: u64) -> bool;
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// After so much time, however the clock is set meanwhile.
    After(Duration),
    /// When the system's clock shows this.
    On(Date),
}

/// Points in time, as one clock tells them.
trait Moment: Copy + Ord + Debug + Send + 'static {
    fn now() -> Self;

    /// Sleeps until notified or then.
    fn park(parker: &Parker, until: Option<Self>);

    /// The same point, or now, on the clock that nobody sets.
    fn steady(self) -> Deadline;
}

impl Moment for Deadline {
    fn now() -> Self {
        Deadline::now()
    }

    fn park(parker: &Parker, until: Option<Self>) {
        parker.park(until);
    }

    fn steady(self) -> Deadline {
        self
    }
}

impl Moment for Date {
    fn now() -> Self {
        Date::now()
    }

    fn park(parker: &Parker, until: Option<Self>) {
        parker.park_until(until);
    }

    /// It has just come, perhaps because the clock was set.
    fn steady(self) -> Deadline {
        Deadline::now()
    }
}

#[derive(Debug)]
struct Entry {
    number: u64,
    alarm: Arc<dyn Alarm>,
}

/// One clock, with a thread once it is needed.
#[derive(Debug)]
struct Clock<M> {
    agenda: Mutex<Agenda<M, Entry>>,
    parker: Parker,
    has_thread: AtomicBool,
    /// Held while the thread is started.
    start: Turn,
    stops: AtomicBool,
}

impl<M: Moment> Clock<M> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            agenda: Mutex::default(),
            parker: Parker::default(),
            has_thread: AtomicBool::new(false),
            start: Turn::default(),
            stops: AtomicBool::new(false),
        })
    }

    fn ensure_thread(self: &Arc<Self>, engine: &Engine) -> Result<(), Status> {
        if self.has_thread.load(Ordering::Acquire) {
            return Ok(());
        }
        let _start = self.start.take();
        if !self.has_thread.load(Ordering::Acquire) {
            let clock = Arc::clone(self);
            if !engine.spawn("iocp-timer", move || clock.run()) {
                return Err(Status::INSUFFICIENT_RESOURCES);
            }
            self.has_thread.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn put(
        self: &Arc<Self>,
        engine: &Engine,
        owner: u64,
        due: M,
        entry: Entry,
    ) -> Result<(), Status> {
        self.ensure_thread(engine)?;
        let (number, alarm) = (entry.number, Arc::clone(&entry.alarm));
        let (unused, is_first) = {
            let mut agenda = self.agenda.lock();
            if !alarm.is_current(number) {
                return Ok(());
            }
            let is_first = agenda.next().is_none_or(|next| due < next);
            (agenda.put(owner, number, due, entry), is_first)
        };
        drop(unused);
        if is_first {
            self.parker.unpark();
        }
        Ok(())
    }

    fn remove_below(&self, owner: u64, number: u64) {
        let removed = self.agenda.lock().remove_below(owner, number);
        drop(removed);
    }

    /// The clock's thread.
    fn run(&self) {
        sleep_precisely();
        while !self.stops.load(Ordering::Acquire) {
            let now = M::now();
            let (next, due) = {
                let mut agenda = self.agenda.lock();
                let due = agenda.pop(now);
                (agenda.next(), due)
            };
            match due {
                Some((due, entry)) => entry.alarm.ring(entry.number, due.steady()),
                None => M::park(&self.parker, next),
            }
        }
    }

    fn stop(&self) {
        self.stops.store(true, Ordering::Release);
        self.parker.unpark();
    }
}

/// The clocks of a system: one that nobody sets, and the calendar.
#[derive(Debug)]
pub struct Clocks {
    /// Has the threads, and waits for their end with its own.
    engine: Arc<Engine>,
    steady: Arc<Clock<Deadline>>,
    calendar: Arc<Clock<Date>>,
}

impl Clocks {
    /// Clocks whose threads are the engine's.
    pub fn new(engine: &Arc<Engine>) -> Arc<Self> {
        let engine = Arc::clone(engine);
        Arc::new(Self { engine, steady: Clock::new(), calendar: Clock::new() })
    }

    /// A name for an owner of alarms.
    pub fn owner() -> u64 {
        unique()
    }

    /// Lets `alarm` ring for the setting `number` of `owner`, which replaces
    /// those with lower numbers.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: no thread is to be had.
    pub fn ring_at(
        &self,
        owner: u64,
        number: u64,
        due: Deadline,
        alarm: Arc<dyn Alarm>,
    ) -> Result<(), Status> {
        self.cancel_below(owner, number);
        self.steady.put(&self.engine, owner, due, Entry { number, alarm })
    }

    /// Like `ring_at`, when the calendar says so.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: no thread is to be had.
    pub fn ring_on(
        &self,
        owner: u64,
        number: u64,
        due: Date,
        alarm: Arc<dyn Alarm>,
    ) -> Result<(), Status> {
        self.cancel_below(owner, number);
        self.calendar.put(&self.engine, owner, due, Entry { number, alarm })
    }

    /// Forgets the settings of `owner` with numbers below this one. An alarm
    /// may still be ringing, or be about to.
    pub fn cancel_below(&self, owner: u64, number: u64) {
        self.steady.remove_below(owner, number);
        self.calendar.remove_below(owner, number);
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        self.steady.stop();
        self.calendar.stop();
    }
}

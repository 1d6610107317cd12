//! Events, semaphores and mutexes: signals with handles.

use crate::handle::{Close, HandleCount};
use crate::sync::Arc;
use crate::wait::Signal;

/// An event: manual-reset or auto-reset.
#[derive(Debug)]
pub struct Event {
    handles: HandleCount,
    signal: Signal,
}

impl Event {
    /// An event that stays set until reset (`manual_reset`), or until one
    /// wait is satisfied.
    pub fn new(manual_reset: bool, is_set: bool) -> Self {
        let signal = if manual_reset { Signal::manual(is_set) } else { Signal::auto(is_set) };
        Self { handles: HandleCount::default(), signal }
    }

    /// What is set, reset and waited for.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}

impl Close for Event {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Whoever waits holds a reference and can still be released.
    fn close(self: &Arc<Self>) {}
}

/// A semaphore.
#[derive(Debug)]
pub struct Semaphore {
    handles: HandleCount,
    signal: Signal,
}

impl Semaphore {
    /// A semaphore of `count` units, at most `maximum`.
    pub fn new(count: u32, maximum: u32) -> Self {
        Self { handles: HandleCount::default(), signal: Signal::counted(count, maximum) }
    }

    /// What is released and waited for.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}

impl Close for Semaphore {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// As for an event.
    fn close(self: &Arc<Self>) {}
}

/// A mutex.
#[doc(alias = "Mutant")]
#[derive(Debug)]
pub struct Mutex {
    handles: HandleCount,
    signal: Arc<Signal>,
}

impl Mutex {
    /// A mutex; with `is_owned`, of the calling thread.
    pub fn new(is_owned: bool) -> Self {
        Self { handles: HandleCount::default(), signal: Signal::mutex(is_owned) }
    }

    /// What is given back and waited for.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}

impl Close for Mutex {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Who owns it keeps it, and may still abandon it.
    fn close(self: &Arc<Self>) {}
}

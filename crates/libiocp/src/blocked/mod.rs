//! Whether another thread of this process is blocked.
//!
//! Blocked means asleep in the kernel, wherever that is. A thread that is ready
//! to run and has no processor, because others are more urgent, is not.

mod perf;
mod proc;

pub(crate) use perf::{Kick, Wake, wait};
pub(crate) use proc::{processor_time, sleep_precisely, this_thread};

use crate::sync::OnceLock;
use std::io;

/// How a port learns that a thread that runs for it blocks outside the library.
///
/// What blocks inside it is known exactly, whatever is chosen here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum BlockDetection {
    /// `Proc`; where there is no `/proc`, `Perf`.
    #[default]
    Automatic = 0,
    /// By the kernel's records of context switches (`perf_event_open`), which
    /// also wake whoever looks.
    Perf = 1,
    /// By a look at the thread's state in `/proc`, at least every millisecond
    /// while it matters.
    Proc = 2,
    /// Not at all: such a thread counts as running.
    Off = 3,
}

impl BlockDetection {
    /// The choice with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::Automatic, Self::Perf, Self::Proc, Self::Off]
            .into_iter()
            .find(|it| *it as u32 == number)
    }

    /// The choice of this name: `auto`, `perf`, `proc` or `off`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Automatic),
            "perf" => Some(Self::Perf),
            "proc" => Some(Self::Proc),
            "off" => Some(Self::Off),
            _ => None,
        }
    }

    /// Tries whether the system lets this process have it.
    ///
    /// # Errors
    /// What the system said.
    pub fn check(self) -> io::Result<()> {
        match self {
            Self::Perf => perf::Ring::open(this_thread()).map(drop),
            Self::Proc => proc::Stat::open(this_thread()).map(drop),
            Self::Automatic | Self::Off => Ok(()),
        }
    }

    /// What the environment variable `LIBIOCP_BLOCKED` says.
    pub fn from_environment() -> Self {
        let named = std::env::var("LIBIOCP_BLOCKED").ok();
        named.as_deref().and_then(Self::from_name).unwrap_or_default()
    }

    /// What stands for `Automatic`, and for what cannot be had: what can. The
    /// first to record switches may wait some milliseconds for it.
    pub fn resolve(self) -> Self {
        let can_be_had = |it: &Self| *it != Self::Automatic && it.check().is_ok();
        [self, Self::Proc, Self::Perf].into_iter().find(can_be_had).unwrap_or(Self::Off)
    }
}

/// Watches one thread.
#[derive(Debug)]
pub(crate) enum Probe {
    /// Records of the thread with this number, once they are wanted and if they
    /// can be had; and what tells the state before the first of them.
    Perf(u32, OnceLock<Option<perf::Ring>>, proc::Stat),
    Proc(proc::Stat),
    /// Nothing can be learnt of the thread.
    None,
    #[cfg(test)]
    Told(crate::sync::Arc<crate::sync::AtomicBool>),
}

impl Probe {
    /// A probe of the thread with this number.
    pub(crate) fn new(thread: u32, detection: BlockDetection) -> Self {
        let Ok(stat) = proc::Stat::open(thread) else { return Self::None };
        match detection {
            BlockDetection::Off => Self::None,
            BlockDetection::Proc => Self::Proc(stat),
            BlockDetection::Automatic | BlockDetection::Perf => {
                Self::Perf(thread, OnceLock::new(), stat)
            }
        }
    }

    /// Whether the thread is blocked now.
    pub(crate) fn is_blocked(&self) -> bool {
        match self {
            Self::Perf(_, _, stat) => {
                let newest = self.ring().and_then(perf::Ring::is_asleep);
                newest.unwrap_or_else(|| stat.is_blocked())
            }
            Self::Proc(stat) => stat.is_blocked(),
            Self::None => false,
            #[cfg(test)]
            Self::Told(told) => told.load(crate::sync::Ordering::Acquire),
        }
    }

    /// Lets the kernel record, or not. Recording makes each switch a little
    /// slower, so it is for threads of which something is to be learnt.
    pub(crate) fn record(&self, record: bool) {
        let Self::Perf(thread, ring, _) = self else { return };
        // Each ring takes memory of which a user has only so much.
        let open = || perf::Ring::open(*thread).ok();
        let ring = if record { ring.get_or_init(open).as_ref() } else { self.ring() };
        if let Some(ring) = ring {
            ring.enable(record);
        }
    }

    fn ring(&self) -> Option<&perf::Ring> {
        match self {
            Self::Perf(_, ring, _) => ring.get()?.as_ref(),
            _ => None,
        }
    }
}

//! Whether another thread of this process is blocked.
//!
//! Blocked means asleep in the kernel, wherever that is. A thread that is ready
//! to run and has no processor, because others are more urgent, is not.

mod proc;

pub(crate) use proc::{sleep_precisely, this_thread};

/// How a port learns that a thread that runs for it blocks outside the library.
///
/// What blocks inside it is known exactly, whatever is chosen here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum BlockDetection {
    /// The best of what the system lets this process have.
    #[default]
    Automatic = 0,
    /// The kernel's record of context switches (`perf_event_open`).
    Perf = 1,
    /// A look at the thread's state in `/proc` from time to time.
    Proc = 2,
    /// Not at all: such a thread counts as running.
    Off = 3,
}

/// Watches one thread.
#[derive(Debug)]
pub(crate) struct Probe {
    means: Means,
}

#[derive(Debug)]
enum Means {
    Proc(proc::Stat),
    /// Nothing can be learnt of the thread.
    None,
    #[cfg(test)]
    Told(crate::sync::Arc<crate::sync::AtomicBool>),
}

impl Probe {
    /// A probe of the thread with this number.
    pub(crate) fn new(thread: u32) -> Self {
        Self { means: proc::Stat::open(thread).map_or(Means::None, Means::Proc) }
    }

    /// A probe that is told.
    #[cfg(test)]
    pub(crate) fn told(is_blocked: &crate::sync::Arc<crate::sync::AtomicBool>) -> Self {
        Self { means: Means::Told(crate::sync::Arc::clone(is_blocked)) }
    }

    /// Whether the thread is blocked now.
    pub(crate) fn is_blocked(&self) -> bool {
        match &self.means {
            Means::Proc(stat) => stat.is_blocked(),
            Means::None => false,
            #[cfg(test)]
            Means::Told(told) => told.load(crate::sync::Ordering::Acquire),
        }
    }
}

//! The only door to `std::sync`; loom's types in loom builds.
//!
//! `Mutex` refuses to nest: no lock is held while another is taken, so no lock
//! is held while a module calls out (debug builds assert it).

pub(crate) mod barrier;
mod blocking;
mod futex;
mod lock;
mod mutex;
mod own;
mod parker;
#[cfg(not(loom))]
mod service;
mod signals;
#[cfg(not(loom))]
mod turn;

pub use blocking::blocking;
pub(crate) use blocking::{Watcher, watch_this_thread};
pub(crate) use mutex::assert_unlocked;
pub use mutex::{Mutex, MutexGuard};
pub(crate) use own::OwnThread;
pub use own::own_threads;
pub use parker::{Date, Deadline, Idle, Parker, Sleep};
#[cfg(not(loom))]
pub(crate) use service::{SignalMask, sleep_precisely, start_thread};
pub(crate) use signals::SignalsBlocked;
#[cfg(not(loom))]
pub(crate) use turn::Turn;

// Counting references needs no model: `Arc` is std's in either case.
pub(crate) use std::sync::{Arc, OnceLock, Weak};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// One turn of a spin that waits for a few instructions of another thread.
pub(crate) fn spin() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    std::hint::spin_loop();
}

/// A number that no other call returns; not zero.
pub(crate) fn unique() -> u64 {
    // Counted outside of models: it decides nothing.
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

#[cfg(not(loom))]
thread_local! {
    static NUMBER: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[cfg(loom)]
loom::thread_local! {
    static NUMBER: std::cell::Cell<u64> = std::cell::Cell::new(0);
}

/// The number of the calling thread: never the same for two threads, also not
/// one after the other; not zero.
#[inline]
pub(crate) fn this_thread() -> u64 {
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(unique());
        }
        number.get()
    })
}

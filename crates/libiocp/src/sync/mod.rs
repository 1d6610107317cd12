//! The only door to `std::sync`; loom's types in loom builds.
//!
//! `Mutex` refuses to nest: no lock is held while another is taken, so no lock
//! is held while a module calls out (debug builds assert it).

mod mutex;
mod parker;

pub(crate) use mutex::assert_unlocked;
pub use mutex::{Mutex, MutexGuard};
pub use parker::{Deadline, Idle, Parker, Sleep};

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, OnceLock, Weak,
    atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};
#[cfg(loom)]
pub(crate) use std::sync::{OnceLock, Weak};

/// One turn of a spin that waits for a few instructions of another thread.
pub(crate) fn spin() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    std::hint::spin_loop();
}

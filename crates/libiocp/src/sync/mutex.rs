//! A mutex that ignores poison and refuses to nest.

use super::blocking::held_up;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

#[cfg(loom)]
use loom::sync as base;
#[cfg(not(loom))]
use std::sync as base;

thread_local! {
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// Fails in debug builds when the calling thread holds a lock of this library.
#[inline]
pub(crate) fn assert_unlocked() {
    debug_assert_eq!(HELD.get(), 0, "called out with a lock held");
}

/// A mutual exclusion lock around the state it protects.
///
/// A panic while it is held does not poison it: every state behind it is valid
/// between any two statements.
#[derive(Debug, Default)]
pub struct Mutex<T>(base::Mutex<T>);

impl<T> Mutex<T> {
    #[cfg(not(loom))]
    /// A lock around `value`.
    pub const fn new(value: T) -> Self {
        Self(base::Mutex::new(value))
    }

    #[cfg(loom)]
    /// A lock around `value`.
    pub fn new(value: T) -> Self {
        Self(base::Mutex::new(value))
    }

    /// Waits for the lock.
    ///
    /// # Panics
    /// In debug builds, if the calling thread holds another one.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        assert_unlocked();
        self.lock_nested()
    }

    /// For the one caller that takes several locks in address order.
    #[inline]
    pub(crate) fn lock_nested(&self) -> MutexGuard<'_, T> {
        let guard = match self.0.try_lock() {
            Ok(guard) => guard,
            Err(_) => held_up(|| self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())),
        };
        if cfg!(debug_assertions) {
            HELD.set(HELD.get() + 1);
        }
        MutexGuard(guard)
    }
}

/// The right to use what a [`Mutex`] protects.
#[derive(Debug)]
pub struct MutexGuard<'a, T>(base::MutexGuard<'a, T>);

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if cfg!(debug_assertions) {
            HELD.set(HELD.get() - 1);
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

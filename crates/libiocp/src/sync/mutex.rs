//! A mutex that knows no poison and refuses to nest.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

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
        let guard = self.0.lock();
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

#[cfg(not(loom))]
mod base {
    use super::super::lock::Lock;
    use std::cell::UnsafeCell;
    use std::fmt;
    use std::marker::PhantomData;
    use std::ops::{Deref, DerefMut};

    pub(super) struct Mutex<T> {
        lock: Lock,
        value: UnsafeCell<T>,
    }

    // SAFETY: the value is reached only through a guard, of which there is one
    // at a time; it moves between threads with it, hence `Send`.
    unsafe impl<T: Send> Sync for Mutex<T> {}

    /// Not `Send`: whoever locks unlocks.
    #[derive(Debug)]
    pub(super) struct MutexGuard<'a, T>(&'a Mutex<T>, PhantomData<*const ()>);

    // SAFETY: a shared guard gives out shared references only.
    unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

    impl<T> Mutex<T> {
        pub(super) const fn new(value: T) -> Self {
            Self { lock: Lock::new(), value: UnsafeCell::new(value) }
        }

        #[inline]
        pub(super) fn lock(&self) -> MutexGuard<'_, T> {
            self.lock.lock();
            MutexGuard(self, PhantomData)
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }

    impl<T> fmt::Debug for Mutex<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Mutex").finish_non_exhaustive()
        }
    }

    impl<T> Drop for MutexGuard<'_, T> {
        #[inline]
        fn drop(&mut self) {
            self.0.lock.unlock();
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        #[inline]
        fn deref(&self) -> &T {
            // SAFETY: the lock is held as long as the guard lives.
            unsafe { &*self.0.value.get() }
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        #[inline]
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: as above, and the guard itself is borrowed alone.
            unsafe { &mut *self.0.value.get() }
        }
    }
}

/// Models of what is built on the mutex take loom's own: `lock` has models of
/// its own.
#[cfg(loom)]
mod base {
    use loom::sync::MutexGuard as Guard;

    pub(super) type MutexGuard<'a, T> = Guard<'a, T>;

    #[derive(Debug, Default)]
    pub(super) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(super) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(super) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
        }
    }
}

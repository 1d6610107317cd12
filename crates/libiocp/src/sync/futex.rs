//! A word that a thread may sleep on.
#![allow(unsafe_code)]

use super::AtomicU32;
#[cfg(loom)]
use super::Ordering;
#[cfg(not(loom))]
use super::parker::Date;
use super::parker::Deadline;
use std::ops::Deref;

/// An atomic word whose change others can wait for.
#[derive(Debug)]
pub(super) struct Futex {
    word: AtomicU32,
    #[cfg(loom)]
    model: (loom::sync::Mutex<()>, loom::sync::Condvar),
}

impl Deref for Futex {
    type Target = AtomicU32;
    fn deref(&self) -> &AtomicU32 {
        &self.word
    }
}

#[cfg(not(loom))]
impl Futex {
    pub(super) const fn new(value: u32) -> Self {
        Self { word: AtomicU32::new(value) }
    }

    /// Wakes one of those who sleep here.
    pub(super) fn wake_one(&self) {
        // SAFETY: the address is that of a live atomic; waking reads nothing.
        unsafe {
            let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
            libc::syscall(libc::SYS_futex, self.word.as_ptr(), operation, 1);
        }
    }

    /// Sleeps if the word is `value`, until woken, disturbed or `deadline`;
    /// true if the deadline has passed.
    pub(super) fn sleep(&self, value: u32, deadline: Option<Deadline>) -> bool {
        self.sleep_by(0, value, deadline.map(Deadline::timespec))
            && deadline.is_some_and(Deadline::has_passed)
    }

    /// Like `sleep`, until a date.
    pub(super) fn sleep_until(&self, value: u32, date: Option<Date>) -> bool {
        self.sleep_by(libc::FUTEX_CLOCK_REALTIME, value, date.map(Date::timespec))
            && date.is_some_and(Date::has_passed)
    }

    /// Sleeps by the clock that the flag names; true if nobody woke the thread.
    fn sleep_by(&self, clock: i32, value: u32, timeout: Option<libc::timespec>) -> bool {
        let pointer = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the address is that of a live atomic; the timeout is absent
        // or a valid timespec that outlives the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.word.as_ptr(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG | clock,
                value,
                pointer,
                std::ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        result == -1
    }
}

/// The same in models, where the kernel's check and its sleep are one step,
/// and a deadline passes at once.
#[cfg(loom)]
impl Futex {
    pub(super) fn new(value: u32) -> Self {
        Self { word: AtomicU32::new(value), model: Default::default() }
    }

    pub(super) fn wake_one(&self) {
        drop(self.model.0.lock().unwrap());
        self.model.1.notify_one();
    }

    pub(super) fn sleep(&self, value: u32, deadline: Option<Deadline>) -> bool {
        if deadline.is_some() {
            return true;
        }
        let guard = self.model.0.lock().unwrap();
        if self.word.load(Ordering::Acquire) == value {
            drop(self.model.1.wait(guard).unwrap());
        }
        false
    }
}

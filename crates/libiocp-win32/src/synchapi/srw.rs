//! Slim reader/writer locks.
//!
//! Two 32-bit words share the pointer-sized field. `state`: the low 30 bits are 0 when free, all
//! ones when a writer holds it, else the number of readers; the two high bits say that readers or
//! writers may be asleep. `turn` counts the wake-ups of writers: writers sleep on it, readers on
//! `state`. A waiting writer keeps new readers out.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::atomic::{AtomicU32, Ordering};

use crate::futex;
use crate::types::{BOOLEAN, SRWLOCK};

const HOLDERS: u32 = (1 << 30) - 1;
const WRITER: u32 = HOLDERS;
const READERS_MAX: u32 = HOLDERS - 1;
const READERS_WAIT: u32 = 1 << 30;
const WRITERS_WAIT: u32 = 1 << 31;

const SPINS: u32 = 100;

#[repr(C)]
pub(super) struct Lock {
    state: AtomicU32,
    turn: AtomicU32,
}

impl Lock {
    /// # Safety
    /// `lock` is zero or was used by these functions only, and stays for `'a`.
    pub(super) unsafe fn of<'a>(lock: *mut SRWLOCK) -> &'a Lock {
        // SAFETY: this function's contract; the layouts agree and every bit pattern is valid.
        unsafe { &*lock.cast::<Lock>() }
    }

    fn readable(state: u32) -> bool {
        state & HOLDERS < READERS_MAX && state & (READERS_WAIT | WRITERS_WAIT) == 0
    }

    fn swap(&self, old: u32, new: u32) -> Result<u32, u32> {
        self.state.compare_exchange_weak(old, new, Ordering::Acquire, Ordering::Relaxed)
    }

    pub(super) fn try_shared(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while Self::readable(state) {
            match self.swap(state, state + 1) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    pub(super) fn try_exclusive(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & HOLDERS == 0 {
            match self.swap(state, state | WRITER) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    pub(super) fn shared(&self) {
        if !self.try_shared() {
            self.shared_slowly();
        }
    }

    pub(super) fn exclusive(&self) {
        let free = self.state.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed);
        if free.is_err() {
            self.exclusive_slowly();
        }
    }

    /// Spins while a writer alone holds the lock and nobody sleeps, then tells the state.
    fn spin(&self, stop: impl Fn(u32) -> bool) -> u32 {
        let mut state = self.state.load(Ordering::Relaxed);
        for _ in 0..SPINS {
            if stop(state) {
                break;
            }
            std::hint::spin_loop();
            state = self.state.load(Ordering::Relaxed);
        }
        state
    }

    #[cold]
    fn shared_slowly(&self) {
        let stop = |state: u32| state != WRITER;
        let mut state = self.spin(stop);
        loop {
            if Self::readable(state) {
                match self.swap(state, state + 1) {
                    Ok(_) => return,
                    Err(now) => {
                        state = now;
                        continue;
                    }
                }
            }
            if state & READERS_WAIT == 0
                && let Err(now) = self.swap(state, state | READERS_WAIT)
            {
                state = now;
                continue;
            }
            futex::wait(&self.state, state | READERS_WAIT, None);
            state = self.spin(stop);
        }
    }

    #[cold]
    fn exclusive_slowly(&self) {
        let stop = |state: u32| state & HOLDERS == 0 || state & WRITERS_WAIT != 0;
        let mut state = self.spin(stop);
        // After having slept, others may still sleep behind the taker.
        let mut others = 0;
        loop {
            if state & HOLDERS == 0 {
                match self.swap(state, state | WRITER | others) {
                    Ok(_) => return,
                    Err(now) => {
                        state = now;
                        continue;
                    }
                }
            }
            if state & WRITERS_WAIT == 0
                && let Err(now) = self.swap(state, state | WRITERS_WAIT)
            {
                state = now;
                continue;
            }
            others = WRITERS_WAIT;
            // Read before the second look: a wake-up between the two changes it.
            let turn = self.turn.load(Ordering::Acquire);
            state = self.state.load(Ordering::Relaxed);
            if state & HOLDERS == 0 || state & WRITERS_WAIT == 0 {
                continue;
            }
            futex::wait(&self.turn, turn, None);
            state = self.spin(stop);
        }
    }

    pub(super) fn release_shared(&self) {
        let state = self.state.fetch_sub(1, Ordering::Release) - 1;
        // Readers sleep only while a writer holds the lock or waits for it.
        if state & HOLDERS == 0 && state & WRITERS_WAIT != 0 {
            self.hand_on(state);
        }
    }

    pub(super) fn release_exclusive(&self) {
        let state = self.state.fetch_sub(WRITER, Ordering::Release) - WRITER;
        if state != 0 {
            self.hand_on(state);
        }
    }

    /// Wakes whom the lock is free for now: one writer if any sleeps, else all readers.
    #[cold]
    fn hand_on(&self, mut state: u32) {
        if state == WRITERS_WAIT {
            match self.state.compare_exchange(state, 0, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.wake_writer(),
                Err(now) => state = now,
            }
        }
        if state == READERS_WAIT | WRITERS_WAIT {
            // The readers keep their bit: the woken writer wakes them when it leaves.
            let only_readers = READERS_WAIT;
            let swap = self.state.compare_exchange(
                state,
                only_readers,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if swap.is_err() {
                // Taken meanwhile: the new holder hands on.
                return;
            }
            if self.wake_writer_asleep() {
                return;
            }
            // No writer slept after all: the readers must not wait for one.
            state = only_readers;
        }
        if state == READERS_WAIT
            && self.state.compare_exchange(state, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            futex::wake_all(&raw const self.state);
        }
    }

    fn wake_writer(&self) {
        self.turn.fetch_add(1, Ordering::Release);
        futex::wake_one(&raw const self.turn);
    }

    /// As [`Lock::wake_writer`]; tells whether one was asleep.
    fn wake_writer_asleep(&self) -> bool {
        self.turn.fetch_add(1, Ordering::Release);
        futex::wake_one(&raw const self.turn) > 0
    }
}

/// `InitializeSRWLock`: makes the memory a free lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeSRWLock(SRWLock: *mut SRWLOCK) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { SRWLock.write(SRWLOCK { Ptr: std::ptr::null_mut() }) };
}

/// `AcquireSRWLockExclusive`: waits until the lock is the caller's alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AcquireSRWLockExclusive(SRWLock: *mut SRWLOCK) {
    // SAFETY: the caller's promise: an initialised lock.
    unsafe { Lock::of(SRWLock) }.exclusive();
}

/// `AcquireSRWLockShared`: waits until the caller may read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AcquireSRWLockShared(SRWLock: *mut SRWLOCK) {
    // SAFETY: the caller's promise: an initialised lock.
    unsafe { Lock::of(SRWLock) }.shared();
}

/// `TryAcquireSRWLockExclusive`: takes the lock if that needs no waiting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TryAcquireSRWLockExclusive(SRWLock: *mut SRWLOCK) -> BOOLEAN {
    // SAFETY: the caller's promise: an initialised lock.
    unsafe { Lock::of(SRWLock) }.try_exclusive().into()
}

/// `TryAcquireSRWLockShared`: takes the lock for reading if that needs no waiting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TryAcquireSRWLockShared(SRWLock: *mut SRWLOCK) -> BOOLEAN {
    // SAFETY: the caller's promise: an initialised lock.
    unsafe { Lock::of(SRWLock) }.try_shared().into()
}

/// `ReleaseSRWLockExclusive`: gives up an exclusive hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSRWLockExclusive(SRWLock: *mut SRWLOCK) {
    // SAFETY: the caller's promise: a lock it holds exclusively.
    unsafe { Lock::of(SRWLock) }.release_exclusive();
}

/// `ReleaseSRWLockShared`: gives up a shared hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSRWLockShared(SRWLock: *mut SRWLOCK) {
    // SAFETY: the caller's promise: a lock it holds for reading.
    unsafe { Lock::of(SRWLock) }.release_shared();
}

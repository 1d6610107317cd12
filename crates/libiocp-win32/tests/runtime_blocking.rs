//! A thread that blocks in a lock gives up its place at its port; one that does not, keeps it.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use std::cell::UnsafeCell;
use std::mem::zeroed;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use iocp::handleapi::CloseHandle;
use iocp::ioapiset::*;
use iocp::synchapi::*;
use iocp::types::{
    CONDITION_VARIABLE, CRITICAL_SECTION, FALSE, HANDLE, INFINITE, OVERLAPPED, SRWLOCK, TRUE,
};

/// Memory that C code would share between threads.
struct Shared<T>(UnsafeCell<T>);

unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn zero() -> Self {
        Shared(UnsafeCell::new(unsafe { zeroed() }))
    }

    fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// Longer than any wait of these tests takes, in milliseconds.
const LIMIT: u32 = 30_000;

fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

#[derive(Clone, Copy)]
struct Port(HANDLE);

unsafe impl Send for Port {}
unsafe impl Sync for Port {}

impl Port {
    /// A port that one thread may run for.
    fn new() -> Port {
        let port = unsafe { CreateIoCompletionPort(usize::MAX as HANDLE, null_mut(), 0, 1) };
        assert!(!port.is_null());
        Port(port)
    }

    fn post(self) {
        assert_eq!(unsafe { PostQueuedCompletionStatus(self.0, 0, 0, null_mut()) }, TRUE);
    }

    /// Takes a packet and so runs for the port.
    fn take(self) {
        let (mut bytes, mut key) = (0, 0);
        let mut overlapped: *mut OVERLAPPED = null_mut();
        unsafe {
            let taken =
                GetQueuedCompletionStatus(self.0, &mut bytes, &mut key, &mut overlapped, INFINITE);
            assert_eq!(taken, TRUE);
        }
    }
}

/// One thread runs for the port and calls `block`, which must come back after `release`. A second
/// packet reaches a second thread only because the first blocks; that thread calls `release`.
fn frees_its_place(block: impl FnOnce() + Send, release: impl FnOnce() + Send) {
    let port = Port::new();
    let first_runs = AtomicBool::new(false);
    port.post();
    thread::scope(|scope| {
        let first_runs = &first_runs;
        scope.spawn(move || {
            port.take();
            first_runs.store(true, Ordering::SeqCst);
            port.post();
            block();
        });
        scope.spawn(move || {
            until("the first thread runs", || first_runs.load(Ordering::SeqCst));
            port.take();
            release();
        });
    });
    assert_eq!(unsafe { CloseHandle(port.0) }, TRUE);
}

#[test]
fn port_106_blocking_in_a_critical_section_frees_the_place() {
    let section = Shared::<CRITICAL_SECTION>::zero();
    unsafe { InitializeCriticalSection(section.get()) };
    let (held, may_leave) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| unsafe {
            EnterCriticalSection(section.get());
            held.store(true, Ordering::SeqCst);
            until("the other thread runs", || may_leave.load(Ordering::SeqCst));
            LeaveCriticalSection(section.get());
        });
        until("held", || held.load(Ordering::SeqCst));
        let block = || unsafe {
            EnterCriticalSection(section.get());
            LeaveCriticalSection(section.get());
        };
        frees_its_place(block, || may_leave.store(true, Ordering::SeqCst));
    });
}

#[test]
fn port_106_blocking_in_a_slim_lock_frees_the_place() {
    let lock = Shared::<SRWLOCK>::zero();
    for shared in [false, true] {
        let (held, may_leave) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| unsafe {
                AcquireSRWLockExclusive(lock.get());
                held.store(true, Ordering::SeqCst);
                until("the other thread runs", || may_leave.load(Ordering::SeqCst));
                ReleaseSRWLockExclusive(lock.get());
            });
            until("held", || held.load(Ordering::SeqCst));
            let block = || unsafe {
                if shared {
                    AcquireSRWLockShared(lock.get());
                    ReleaseSRWLockShared(lock.get());
                } else {
                    AcquireSRWLockExclusive(lock.get());
                    ReleaseSRWLockExclusive(lock.get());
                }
            };
            frees_its_place(block, || may_leave.store(true, Ordering::SeqCst));
        });
    }
}

#[test]
fn port_106_waiting_for_a_condition_frees_the_place() {
    let (lock, condition) = (Shared::<SRWLOCK>::zero(), Shared::<CONDITION_VARIABLE>::zero());
    let ready = AtomicBool::new(false);
    let block = || unsafe {
        AcquireSRWLockExclusive(lock.get());
        while !ready.load(Ordering::Relaxed) {
            let woken = SleepConditionVariableSRW(condition.get(), lock.get(), LIMIT, 0);
            assert_eq!(woken, TRUE);
        }
        ReleaseSRWLockExclusive(lock.get());
    };
    let release = || unsafe {
        AcquireSRWLockExclusive(lock.get());
        ready.store(true, Ordering::Relaxed);
        ReleaseSRWLockExclusive(lock.get());
        WakeAllConditionVariable(condition.get());
    };
    frees_its_place(block, release);
}

#[test]
fn port_106_waiting_for_an_address_frees_the_place() {
    let word = AtomicU32::new(0);
    let block = || {
        let zero = 0_u32;
        while word.load(Ordering::SeqCst) == 0 {
            let compare = (&raw const zero).cast();
            let woken = unsafe { WaitOnAddress(word.as_ptr().cast(), compare, 4, LIMIT) };
            assert_eq!(woken, TRUE);
        }
    };
    let release = || {
        word.store(1, Ordering::SeqCst);
        unsafe { WakeByAddressAll(word.as_ptr().cast()) };
    };
    frees_its_place(block, release);
}

#[test]
fn port_106_sleeping_frees_the_place() {
    let second = AtomicBool::new(false);
    let block = || {
        until("the second thread runs", || {
            unsafe { Sleep(20) };
            second.load(Ordering::SeqCst)
        });
    };
    frees_its_place(block, || second.store(true, Ordering::SeqCst));
}

/// A second thread that may not run must not be let in by calls that wait for nothing.
#[test]
fn port_109_what_does_not_block_keeps_the_place() {
    let port = Port::new();
    let (running, second) = (AtomicBool::new(false), AtomicBool::new(false));
    let (lock, section) = (Shared::<SRWLOCK>::zero(), Shared::<CRITICAL_SECTION>::zero());
    let word = AtomicU32::new(0);
    port.post();
    thread::scope(|scope| {
        let (running, second) = (&running, &second);
        let (lock, section, word) = (&lock, &section, &word);
        scope.spawn(move || {
            port.take();
            running.store(true, Ordering::SeqCst);
            port.post();
            let one = 1_u32;
            unsafe { InitializeCriticalSection(section.get()) };
            // Long enough for a thread that is let in to be seen.
            let end = Instant::now() + Duration::from_millis(100);
            while Instant::now() < end {
                unsafe {
                    Sleep(0);
                    SwitchToThread();
                    AcquireSRWLockExclusive(lock.get());
                    ReleaseSRWLockExclusive(lock.get());
                    EnterCriticalSection(section.get());
                    LeaveCriticalSection(section.get());
                    let (address, compare) = (word.as_ptr().cast(), (&raw const one).cast());
                    assert_eq!(WaitOnAddress(address, compare, 4, INFINITE), TRUE);
                    let zero = 0_u32;
                    let compare = (&raw const zero).cast();
                    assert_eq!(WaitOnAddress(address, compare, 4, 0), FALSE);
                }
                assert!(!second.load(Ordering::SeqCst), "let in without need");
            }
        });
        scope.spawn(move || {
            until("the first thread runs", || running.load(Ordering::SeqCst));
            port.take();
            second.store(true, Ordering::SeqCst);
        });
    });
    assert_eq!(unsafe { CloseHandle(port.0) }, TRUE);
}

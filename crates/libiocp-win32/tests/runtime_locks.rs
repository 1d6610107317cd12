//! The locks of `synchapi.h`: exclusion, waking, time-outs and error codes.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::mem::zeroed;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use iocp::errhandlingapi::{GetLastError, SetLastError};
use iocp::processthreadsapi::GetCurrentThreadId;
use iocp::synchapi::*;
use iocp::types::{
    BOOL, CONDITION_VARIABLE, CRITICAL_SECTION, FALSE, INFINITE, INIT_ONCE, LPVOID, SRWLOCK,
    SYNCHRONIZATION_BARRIER, TRUE,
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

/// Waits until the condition holds, for a generous time.
fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

fn section() -> Shared<CRITICAL_SECTION> {
    let section = Shared::zero();
    unsafe { InitializeCriticalSection(section.get()) };
    section
}

/// A plain, not atomic count comes out right only when no two threads are inside at once.
#[test]
fn critical_section_lets_one_thread_in() {
    let (lock, count) = (section(), Shared::<u64>::zero());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for turn in 0..20_000 {
                    unsafe {
                        EnterCriticalSection(lock.get());
                        let value = count.get().read_volatile();
                        if turn % 64 == 0 {
                            thread::yield_now();
                        }
                        count.get().write_volatile(value + 1);
                        LeaveCriticalSection(lock.get());
                    }
                }
            });
        }
    });
    assert_eq!(unsafe { count.get().read() }, 80_000);
    unsafe { DeleteCriticalSection(lock.get()) };
}

#[test]
fn critical_section_is_entered_again_by_its_owner_and_shows_it() {
    let lock = section();
    unsafe {
        EnterCriticalSection(lock.get());
        assert_eq!(TryEnterCriticalSection(lock.get()), TRUE);
        assert_eq!((*lock.get()).RecursionCount, 2);
        assert_eq!((*lock.get()).OwningThread.addr(), GetCurrentThreadId() as usize);
        let other = || thread::scope(|s| s.spawn(|| TryEnterCriticalSection(lock.get())).join());
        assert_eq!(other().unwrap(), FALSE);
        LeaveCriticalSection(lock.get());
        assert_eq!(other().unwrap(), FALSE, "left once, entered twice");
        LeaveCriticalSection(lock.get());
        assert_eq!((*lock.get()).LockCount, -1);
        assert_eq!(other().unwrap(), TRUE);
    }
}

#[test]
fn critical_section_spin_count_is_set_and_given_back() {
    let lock = Shared::<CRITICAL_SECTION>::zero();
    unsafe {
        assert_eq!(InitializeCriticalSectionAndSpinCount(lock.get(), 4000), TRUE);
        assert_eq!(SetCriticalSectionSpinCount(lock.get(), 10), 4000);
        assert_eq!(SetCriticalSectionSpinCount(lock.get(), 0), 10);
        assert_eq!(InitializeCriticalSectionEx(lock.get(), 0, 0x0100_0000), TRUE);
        assert_eq!(InitializeCriticalSectionEx(lock.get(), 0, 0x8000_0000), FALSE);
        assert_eq!(GetLastError(), 87);
    }
}

#[test]
fn srw_lock_lets_one_writer_or_many_readers_in() {
    let (lock, pair) = (Shared::<SRWLOCK>::zero(), Shared::<[u64; 2]>::zero());
    let torn = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for turn in 0..8000 {
                    unsafe {
                        AcquireSRWLockExclusive(lock.get());
                        (*pair.get())[0] += 1;
                        if turn % 64 == 0 {
                            thread::yield_now();
                        }
                        (*pair.get())[1] += 1;
                        ReleaseSRWLockExclusive(lock.get());
                    }
                }
            });
        }
        for _ in 0..3 {
            scope.spawn(|| {
                for turn in 0..8000 {
                    unsafe {
                        AcquireSRWLockShared(lock.get());
                        let first = (*pair.get())[0];
                        if turn % 64 == 0 {
                            thread::yield_now();
                        }
                        torn.fetch_or(first != (*pair.get())[1], Ordering::Relaxed);
                        ReleaseSRWLockShared(lock.get());
                    }
                }
            });
        }
    });
    assert!(!torn.load(Ordering::Relaxed));
    assert_eq!(unsafe { pair.get().read() }, [24_000; 2]);
    assert!(unsafe { (*lock.get()).Ptr.addr() } as u32 == 0, "free again");
}

#[test]
fn srw_try_acquire_needs_no_waiting() {
    let lock = Shared::<SRWLOCK>::zero();
    unsafe {
        AcquireSRWLockShared(lock.get());
        assert_eq!(TryAcquireSRWLockShared(lock.get()), 1);
        assert_eq!(TryAcquireSRWLockExclusive(lock.get()), 0);
        ReleaseSRWLockShared(lock.get());
        ReleaseSRWLockShared(lock.get());
        assert_eq!(TryAcquireSRWLockExclusive(lock.get()), 1);
        assert_eq!(TryAcquireSRWLockShared(lock.get()), 0);
        assert_eq!(TryAcquireSRWLockExclusive(lock.get()), 0);
        ReleaseSRWLockExclusive(lock.get());
        assert_eq!(TryAcquireSRWLockExclusive(lock.get()), 1);
    }
}

/// A bounded queue of numbers under a critical section and two condition variables.
#[test]
fn condition_variables_carry_a_bounded_queue() {
    struct Queue {
        items: Vec<u64>,
        closed: bool,
    }
    let lock = section();
    let queue = Shared(UnsafeCell::new(Queue { items: Vec::new(), closed: false }));
    let (filled, drained) =
        (Shared::<CONDITION_VARIABLE>::zero(), Shared::<CONDITION_VARIABLE>::zero());
    let sum = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| unsafe {
                loop {
                    EnterCriticalSection(lock.get());
                    while (*queue.get()).items.is_empty() && !(*queue.get()).closed {
                        let woken = SleepConditionVariableCS(filled.get(), lock.get(), INFINITE);
                        assert_eq!(woken, TRUE);
                    }
                    let item = (*queue.get()).items.pop();
                    LeaveCriticalSection(lock.get());
                    let Some(item) = item else { return };
                    WakeConditionVariable(drained.get());
                    sum.fetch_add(item, Ordering::Relaxed);
                }
            });
        }
        let producers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| unsafe {
                    for item in 1..=5000 {
                        EnterCriticalSection(lock.get());
                        while (*queue.get()).items.len() >= 4 {
                            SleepConditionVariableCS(drained.get(), lock.get(), INFINITE);
                        }
                        (*queue.get()).items.push(item);
                        LeaveCriticalSection(lock.get());
                        WakeConditionVariable(filled.get());
                    }
                })
            })
            .collect();
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        unsafe {
            EnterCriticalSection(lock.get());
            (*queue.get()).closed = true;
            LeaveCriticalSection(lock.get());
            WakeAllConditionVariable(filled.get());
        }
    });
    assert_eq!(sum.load(Ordering::Relaxed), 2 * (5000 * 5001 / 2));
}

#[test]
fn condition_variable_times_out_with_1460_and_holds_the_lock_again() {
    let (condition, lock) = (Shared::<CONDITION_VARIABLE>::zero(), Shared::<SRWLOCK>::zero());
    unsafe {
        AcquireSRWLockExclusive(lock.get());
        let before = Instant::now();
        assert_eq!(SleepConditionVariableSRW(condition.get(), lock.get(), 30, 0), FALSE);
        assert_eq!(GetLastError(), 1460);
        assert!(before.elapsed() >= Duration::from_millis(30));
        assert_eq!(TryAcquireSRWLockShared(lock.get()), 0, "held exclusively again");
        ReleaseSRWLockExclusive(lock.get());
        AcquireSRWLockShared(lock.get());
        assert_eq!(SleepConditionVariableSRW(condition.get(), lock.get(), 0, 1), FALSE);
        assert_eq!(TryAcquireSRWLockShared(lock.get()), 1, "held for reading again");
    }
}

unsafe extern "C" fn make(once: *mut INIT_ONCE, parameter: LPVOID, context: *mut LPVOID) -> BOOL {
    assert!(!once.is_null());
    unsafe {
        let calls = parameter.cast::<AtomicU32>();
        (*calls).fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(5));
        context.write(std::ptr::without_provenance_mut(0x1230));
    }
    TRUE
}

unsafe extern "C" fn refuse(_: *mut INIT_ONCE, _: LPVOID, _: *mut LPVOID) -> BOOL {
    unsafe { SetLastError(4711) };
    FALSE
}

#[test]
fn init_once_runs_once_and_gives_everyone_the_context() {
    let once = Shared::<INIT_ONCE>::zero();
    let calls = AtomicU32::new(0);
    let parameter = (&raw const calls).addr();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| unsafe {
                let mut context = std::ptr::null_mut();
                let parameter = std::ptr::with_exposed_provenance_mut(parameter);
                let _ = (&raw const calls).expose_provenance();
                let done = InitOnceExecuteOnce(once.get(), Some(make), parameter, &mut context);
                assert_eq!(done, TRUE);
                assert_eq!(context.addr(), 0x1230);
            });
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn init_once_that_failed_may_be_tried_again() {
    let once = Shared::<INIT_ONCE>::zero();
    let (calls, null) = (AtomicU32::new(0), std::ptr::null_mut::<LPVOID>());
    unsafe {
        let parameter: LPVOID = (&raw const calls).cast_mut().cast();
        assert_eq!(InitOnceExecuteOnce(once.get(), Some(refuse), parameter, null), FALSE);
        assert_eq!(GetLastError(), 4711, "the function's own error stays");
        assert_eq!(InitOnceExecuteOnce(once.get(), Some(make), parameter, null), TRUE);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn init_once_begin_and_complete_follow_their_flags() {
    let (check_only, asynchronous, failed) = (1, 2, 4);
    let once = Shared::<INIT_ONCE>::zero();
    let (mut pending, mut context) = (7, std::ptr::null_mut());
    let value: LPVOID = std::ptr::without_provenance_mut(0x40);
    unsafe {
        let begin = |flags, pending: &mut BOOL, context: &mut LPVOID| {
            InitOnceBeginInitialize(once.get(), flags, pending, context)
        };
        assert_eq!(begin(check_only | asynchronous, &mut pending, &mut context), FALSE);
        assert_eq!(GetLastError(), 87);
        assert_eq!(begin(check_only, &mut pending, &mut context), FALSE);
        assert_eq!(GetLastError(), 31);
        assert_eq!(begin(asynchronous, &mut pending, &mut context), TRUE);
        assert_eq!(pending, TRUE);
        assert_eq!(begin(asynchronous, &mut pending, &mut context), TRUE, "several may try");
        assert_eq!(begin(0, &mut pending, &mut context), FALSE, "but not the other way");
        assert_eq!(GetLastError(), 87);
        assert_eq!(InitOnceComplete(once.get(), failed, std::ptr::null_mut()), FALSE);
        assert_eq!(GetLastError(), 87);
        assert_eq!(InitOnceComplete(once.get(), asynchronous, value), TRUE);
        assert_eq!(InitOnceComplete(once.get(), asynchronous, value), FALSE, "the second loses");
        assert_eq!(GetLastError(), 31);
        assert_eq!(begin(check_only, &mut pending, &mut context), TRUE);
        assert_eq!((pending, context), (FALSE, value));

        InitOnceInitialize(once.get());
        assert_eq!(begin(0, &mut pending, &mut context), TRUE);
        let odd = std::ptr::without_provenance_mut(0x41);
        assert_eq!(InitOnceComplete(once.get(), 0, odd), FALSE, "low bits are reserved");
        assert_eq!(GetLastError(), 87);
        assert_eq!(InitOnceComplete(once.get(), failed, value), FALSE, "no context of a failure");
        assert_eq!(InitOnceComplete(once.get(), failed, std::ptr::null_mut()), TRUE);
        assert_eq!(begin(check_only, &mut pending, &mut context), FALSE, "as before");
    }
}

#[test]
fn wait_on_address_refuses_other_sizes() {
    let value = 0_u64;
    let address: *const c_void = (&raw const value).cast();
    for size in [0, 3, 5, 16] {
        assert_eq!(unsafe { WaitOnAddress(address, address, size, 0) }, FALSE);
        assert_eq!(unsafe { GetLastError() }, 87);
    }
}

#[test]
fn wait_on_address_returns_at_once_for_another_value_and_times_out_for_the_same() {
    let (value, same, other) = (5_u16, 5_u16, 6_u16);
    unsafe {
        let wait = |compare: &u16, time| {
            WaitOnAddress((&raw const value).cast(), std::ptr::from_ref(compare).cast(), 2, time)
        };
        assert_eq!(wait(&other, INFINITE), TRUE);
        let before = Instant::now();
        assert_eq!(wait(&same, 30), FALSE);
        assert_eq!(GetLastError(), 1460);
        assert!(before.elapsed() >= Duration::from_millis(30));
    }
}

/// Two threads pass a byte to and fro; a lost wake-up would stop them.
#[test]
fn wait_on_address_loses_no_wake_up() {
    const TURNS: u32 = 5000;
    let ball = AtomicU8::new(0);
    thread::scope(|scope| {
        for me in 0..2_u8 {
            let ball = &ball;
            scope.spawn(move || {
                for _ in 0..TURNS {
                    let other = 1 - me;
                    while ball.load(Ordering::Acquire) == other {
                        let address = ball.as_ptr().cast::<c_void>();
                        let compare = (&raw const other).cast();
                        unsafe { WaitOnAddress(address, compare, 1, 30_000) };
                    }
                    ball.store(other, Ordering::Release);
                    unsafe { WakeByAddressSingle(ball.as_ptr().cast()) };
                }
            });
        }
    });
    assert_eq!(ball.load(Ordering::Relaxed), 0);
}

#[test]
fn wake_by_address_single_wakes_one_and_all_wakes_the_rest() {
    let (word, awake) = (AtomicU64::new(0), AtomicU32::new(0));
    let ready = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| unsafe {
                let same = 0_u64;
                ready.fetch_add(1, Ordering::SeqCst);
                let compare = (&raw const same).cast();
                WaitOnAddress(word.as_ptr().cast(), compare, 8, INFINITE);
                awake.fetch_add(1, Ordering::SeqCst);
            });
        }
        until("all wait", || ready.load(Ordering::SeqCst) == 3);
        // The value stays the same: only wake-ups let a thread go on. Waking before a thread
        // waits wakes nobody, so wake until one comes.
        until("one wakes", || {
            if awake.load(Ordering::SeqCst) == 0 {
                unsafe { WakeByAddressSingle(word.as_ptr().cast()) };
                thread::sleep(Duration::from_millis(1));
            }
            awake.load(Ordering::SeqCst) > 0
        });
        until("all wake", || {
            unsafe { WakeByAddressAll(word.as_ptr().cast()) };
            awake.load(Ordering::SeqCst) == 3
        });
    });
}

#[test]
fn barrier_lets_all_go_together_and_tells_one_it_was_last() {
    const THREADS: u32 = 4;
    let barrier = Shared::<SYNCHRONIZATION_BARRIER>::zero();
    assert_eq!(unsafe { InitializeSynchronizationBarrier(barrier.get(), 0, -1) }, FALSE);
    assert_eq!(unsafe { InitializeSynchronizationBarrier(barrier.get(), 4, -1) }, TRUE);
    let (arrived, last) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 1..=200 {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    if unsafe { EnterSynchronizationBarrier(barrier.get(), 0) } == TRUE {
                        last.fetch_add(1, Ordering::SeqCst);
                    }
                    assert!(arrived.load(Ordering::SeqCst) >= round * THREADS);
                }
            });
        }
    });
    assert_eq!(last.load(Ordering::SeqCst), 200);
    assert_eq!(unsafe { DeleteSynchronizationBarrier(barrier.get()) }, TRUE);
}

extern "C" fn nothing(_: i32) {}

/// A signal that interrupts the sleep does not end it.
#[test]
fn sleep_never_returns_early() {
    let id = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    unsafe { libc::signal(libc::SIGUSR1, nothing as extern "C" fn(i32) as libc::sighandler_t) };
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            id.store(unsafe { libc::pthread_self() }, Ordering::SeqCst);
            let before = Instant::now();
            unsafe { Sleep(100) };
            let slept = before.elapsed();
            done.store(true, Ordering::SeqCst);
            slept
        });
        until("the thread runs", || id.load(Ordering::SeqCst) != 0);
        while !done.load(Ordering::SeqCst) {
            unsafe { libc::pthread_kill(id.load(Ordering::SeqCst), libc::SIGUSR1) };
            thread::sleep(Duration::from_millis(5));
        }
        assert!(sleeper.join().unwrap() >= Duration::from_millis(100));
    });
}

//! Condition variables.
//!
//! `turn` changes with every wake-up and is what waiters sleep on; `waiters` counts them, so that
//! waking nobody makes no system call.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::atomic::{AtomicU32, Ordering};

use super::{critical_section, srw};
use crate::codes::{ERROR_INVALID_PARAMETER, ERROR_TIMEOUT};
use crate::errhandlingapi::fail;
use crate::futex::{self, Deadline};
use crate::types::{BOOL, CONDITION_VARIABLE, CRITICAL_SECTION, DWORD, SRWLOCK, TRUE, ULONG};

/// `CONDITION_VARIABLE_LOCKMODE_SHARED`: the lock is held for reading.
const LOCKMODE_SHARED: ULONG = 1;

#[repr(C)]
struct Condition {
    turn: AtomicU32,
    waiters: AtomicU32,
}

impl Condition {
    /// # Safety
    /// `condition` is zero or was used by these functions only, and stays for `'a`.
    unsafe fn of<'a>(condition: *mut CONDITION_VARIABLE) -> &'a Condition {
        // SAFETY: this function's contract; the layouts agree and every bit pattern is valid.
        unsafe { &*condition.cast::<Condition>() }
    }

    /// Joins the waiters. Called with the lock held: a thread that takes the lock afterwards to
    /// change what is waited for sees this waiter.
    fn join(&self) -> u32 {
        self.waiters.fetch_add(1, Ordering::SeqCst);
        self.turn.load(Ordering::SeqCst)
    }

    /// Waits for a turn after `turn`. True when one came.
    fn wait(&self, turn: u32, deadline: Deadline) -> bool {
        let in_time = futex::wait(&self.turn, turn, deadline);
        let woken = in_time || self.turn.load(Ordering::SeqCst) != turn;
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        woken
    }

    fn wake(&self, wake: fn(*const AtomicU32) -> i64) {
        if self.waiters.load(Ordering::SeqCst) != 0 {
            self.turn.fetch_add(1, Ordering::SeqCst);
            wake(&raw const self.turn);
        }
    }
}

/// `InitializeConditionVariable`: makes the memory a condition variable nobody waits for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeConditionVariable(ConditionVariable: *mut CONDITION_VARIABLE) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { ConditionVariable.write(CONDITION_VARIABLE { Ptr: std::ptr::null_mut() }) };
}

/// `SleepConditionVariableCS`: leaves the section, waits to be woken, enters again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SleepConditionVariableCS(
    ConditionVariable: *mut CONDITION_VARIABLE,
    CriticalSection: *mut CRITICAL_SECTION,
    dwMilliseconds: DWORD,
) -> BOOL {
    let deadline = futex::deadline(dwMilliseconds);
    // SAFETY: the caller's promise: an initialised condition variable.
    let condition = unsafe { Condition::of(ConditionVariable) };
    let turn = condition.join();
    // SAFETY: the caller's promise: a section it has entered once.
    unsafe { critical_section::leave(CriticalSection) };
    let woken = condition.wait(turn, deadline);
    // SAFETY: as above.
    unsafe { critical_section::enter(CriticalSection) };
    if woken { TRUE } else { fail(ERROR_TIMEOUT) }
}

/// `SleepConditionVariableSRW`: gives up the lock, waits to be woken, takes it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SleepConditionVariableSRW(
    ConditionVariable: *mut CONDITION_VARIABLE,
    SRWLock: *mut SRWLOCK,
    dwMilliseconds: DWORD,
    Flags: ULONG,
) -> BOOL {
    if Flags & !LOCKMODE_SHARED != 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let deadline = futex::deadline(dwMilliseconds);
    // SAFETY: the caller's promise: an initialised condition variable.
    let condition = unsafe { Condition::of(ConditionVariable) };
    // SAFETY: the caller's promise: a lock it holds as `Flags` says.
    let lock = unsafe { srw::Lock::of(SRWLock) };
    let turn = condition.join();
    let woken;
    if Flags == LOCKMODE_SHARED {
        lock.release_shared();
        woken = condition.wait(turn, deadline);
        lock.shared();
    } else {
        lock.release_exclusive();
        woken = condition.wait(turn, deadline);
        lock.exclusive();
    }
    if woken { TRUE } else { fail(ERROR_TIMEOUT) }
}

/// `WakeConditionVariable`: wakes one waiter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WakeConditionVariable(ConditionVariable: *mut CONDITION_VARIABLE) {
    // SAFETY: the caller's promise: an initialised condition variable.
    unsafe { Condition::of(ConditionVariable) }.wake(futex::wake_one);
}

/// `WakeAllConditionVariable`: wakes every waiter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WakeAllConditionVariable(ConditionVariable: *mut CONDITION_VARIABLE) {
    // SAFETY: the caller's promise: an initialised condition variable.
    unsafe { Condition::of(ConditionVariable) }.wake(futex::wake_all);
}

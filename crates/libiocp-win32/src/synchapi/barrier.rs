//! Barriers: threads wait until all have come.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::atomic::{AtomicU32, Ordering};

use crate::codes::ERROR_INVALID_PARAMETER;
use crate::errhandlingapi::fail;
use crate::futex;
use crate::types::{BOOL, DWORD, FALSE, LONG, SYNCHRONIZATION_BARRIER, TRUE};

const SPIN_ONLY: DWORD = 1;
const BLOCK_ONLY: DWORD = 2;
const NO_DELETE: DWORD = 4;
const SPINS_DEFAULT: u32 = 2000;

/// The barrier's fields as this file uses them.
#[repr(C)]
struct Barrier {
    missing: AtomicU32,
    total: AtomicU32,
    round: AtomicU32,
    unused: u32,
    inside: AtomicU32,
    unused2: [u32; 2],
    spins: AtomicU32,
}

impl Barrier {
    /// # Safety
    /// `barrier` is an initialised barrier that stays for `'a`.
    unsafe fn of<'a>(barrier: *mut SYNCHRONIZATION_BARRIER) -> &'a Barrier {
        // SAFETY: this function's contract; the sizes agree and every bit pattern is valid.
        unsafe { &*barrier.cast::<Barrier>() }
    }

    fn leave(&self) {
        if self.inside.fetch_sub(1, Ordering::AcqRel) == 1 {
            futex::wake_all(&raw const self.inside);
        }
    }
}

/// `InitializeSynchronizationBarrier`: a barrier for that many threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeSynchronizationBarrier(
    lpBarrier: *mut SYNCHRONIZATION_BARRIER,
    lTotalThreads: LONG,
    lSpinCount: LONG,
) -> BOOL {
    if lpBarrier.is_null() || lTotalThreads < 1 || lSpinCount < -1 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let total = lTotalThreads.unsigned_abs();
    let barrier = SYNCHRONIZATION_BARRIER {
        Reserved1: total,
        Reserved2: total,
        Reserved3: [0; 2],
        Reserved4: 0,
        Reserved5: u32::try_from(lSpinCount).unwrap_or(SPINS_DEFAULT),
    };
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpBarrier.write(barrier) };
    TRUE
}

/// `EnterSynchronizationBarrier`: waits for the others; TRUE for the thread that came last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EnterSynchronizationBarrier(
    lpBarrier: *mut SYNCHRONIZATION_BARRIER,
    dwFlags: DWORD,
) -> BOOL {
    if dwFlags & !(SPIN_ONLY | BLOCK_ONLY | NO_DELETE) != 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: an initialised barrier.
    let barrier = unsafe { Barrier::of(lpBarrier) };
    barrier.inside.fetch_add(1, Ordering::AcqRel);
    let round = barrier.round.load(Ordering::Acquire);
    if barrier.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
        barrier.missing.store(barrier.total.load(Ordering::Relaxed), Ordering::Relaxed);
        barrier.round.fetch_add(1, Ordering::Release);
        futex::wake_all(&raw const barrier.round);
        barrier.leave();
        return TRUE;
    }
    let spins = if dwFlags & BLOCK_ONLY != 0 { 0 } else { barrier.spins.load(Ordering::Relaxed) };
    let mut spun = 0;
    while barrier.round.load(Ordering::Acquire) == round {
        if dwFlags & SPIN_ONLY != 0 || spun < spins {
            spun = spun.saturating_add(1);
            std::hint::spin_loop();
        } else {
            futex::wait(&barrier.round, round, None);
        }
    }
    barrier.leave();
    FALSE
}

/// `DeleteSynchronizationBarrier`: waits until every thread is out of the barrier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteSynchronizationBarrier(
    lpBarrier: *mut SYNCHRONIZATION_BARRIER,
) -> BOOL {
    // SAFETY: the caller's promise: an initialised barrier.
    let barrier = unsafe { Barrier::of(lpBarrier) };
    loop {
        let inside = barrier.inside.load(Ordering::Acquire);
        if inside == 0 {
            return TRUE;
        }
        futex::wait(&barrier.inside, inside, None);
    }
}

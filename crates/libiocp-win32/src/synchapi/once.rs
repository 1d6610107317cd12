//! One-time initialisation.
//!
//! The pointer-sized word is 0 before, the context with the low bits 2 after. Between, it is
//! `RUNNING` (plus `WAITED` when a thread may be asleep) or `PENDING` when several threads try at
//! once and the first to finish wins. Waiters sleep on the low half, where the state is.
#![allow(unsafe_code, non_snake_case, non_camel_case_types, clippy::missing_safety_doc)]

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::codes::{ERROR_GEN_FAILURE, ERROR_INVALID_PARAMETER};
use crate::errhandlingapi::fail;
use crate::futex;
use crate::types::{BOOL, DWORD, FALSE, INIT_ONCE, LPVOID, TRUE};

/// `PINIT_ONCE_FN`: does the work; FALSE leaves the word uninitialised.
pub type PINIT_ONCE_FN = Option<
    unsafe extern "C" fn(
        InitOnce: *mut INIT_ONCE,
        Parameter: *mut c_void,
        Context: *mut LPVOID,
    ) -> BOOL,
>;

/// `INIT_ONCE_CHECK_ONLY`: ask, do not begin.
const CHECK_ONLY: DWORD = 1;
/// `INIT_ONCE_ASYNC`: several threads may try at once.
const ASYNC: DWORD = 2;
/// `INIT_ONCE_INIT_FAILED`: the attempt did not succeed.
const INIT_FAILED: DWORD = 4;

const STATE: u64 = 3;
const BEFORE: u64 = 0;
const RUNNING: u64 = 1;
const DONE: u64 = 2;
const PENDING: u64 = 3;
const WAITED: u64 = 4;

/// What an attempt to begin found.
enum Begin {
    Mine,
    Done(u64),
    Unfinished,
    WrongMode,
}

struct Once<'a> {
    word: &'a AtomicU64,
}

impl Once<'_> {
    /// # Safety
    /// `once` is zero or was used by these functions only, and stays while the view is used.
    unsafe fn of(once: *mut INIT_ONCE) -> Self {
        // SAFETY: this function's contract; the layouts agree.
        Once { word: unsafe { &*once.cast::<AtomicU64>() } }
    }

    fn low_half(&self) -> *const AtomicU32 {
        let half = usize::from(cfg!(target_endian = "big"));
        self.word.as_ptr().cast::<AtomicU32>().wrapping_add(half)
    }

    fn swap(&self, old: u64, new: u64) -> Result<u64, u64> {
        self.word.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire)
    }

    fn begin(&self, flags: DWORD) -> Begin {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & STATE == DONE {
                return Begin::Done(word & !STATE);
            }
            if flags & CHECK_ONLY != 0 {
                return Begin::Unfinished;
            }
            let own = if flags & ASYNC != 0 { PENDING } else { RUNNING };
            match (word & STATE, own) {
                (BEFORE, _) => match self.swap(word, own) {
                    Ok(_) => return Begin::Mine,
                    Err(now) => word = now,
                },
                (PENDING, PENDING) => return Begin::Mine,
                (RUNNING, RUNNING) => word = self.await_change(word),
                _ => return Begin::WrongMode,
            }
        }
    }

    fn await_change(&self, word: u64) -> u64 {
        if word & WAITED == 0
            && let Err(now) = self.swap(word, word | WAITED)
        {
            return now;
        }
        // SAFETY: the half is a part of the word, which outlives the view.
        futex::wait(unsafe { &*self.low_half() }, (RUNNING | WAITED) as u32, None);
        self.word.load(Ordering::Acquire)
    }

    /// Ends a synchronous attempt. False when none was under way.
    fn finish(&self, new: u64) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        while word & STATE == RUNNING {
            match self.swap(word, new) {
                Ok(_) => {
                    if word & WAITED != 0 {
                        futex::wake_all(self.low_half());
                    }
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }
}

/// # Safety
/// `target` is valid for writes, or null.
unsafe fn give<T>(target: *mut T, value: T) {
    if !target.is_null() {
        // SAFETY: this function's contract.
        unsafe { target.write(value) };
    }
}

fn pointer(word: u64) -> LPVOID {
    std::ptr::with_exposed_provenance_mut(word as usize)
}

/// `InitOnceInitialize`: makes the memory a word not yet initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceInitialize(InitOnce: *mut INIT_ONCE) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { InitOnce.write(INIT_ONCE { Ptr: std::ptr::null_mut() }) };
}

/// `InitOnceBeginInitialize`: begins, waits for, or asks about the initialisation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceBeginInitialize(
    lpInitOnce: *mut INIT_ONCE,
    dwFlags: DWORD,
    fPending: *mut BOOL,
    lpContext: *mut LPVOID,
) -> BOOL {
    if dwFlags & !(CHECK_ONLY | ASYNC) != 0 || dwFlags == CHECK_ONLY | ASYNC {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promises: an initialised word; the others valid for writes or null.
    unsafe {
        match Once::of(lpInitOnce).begin(dwFlags) {
            Begin::Mine => {
                give(fPending, TRUE);
                TRUE
            }
            Begin::Done(context) => {
                give(fPending, FALSE);
                give(lpContext, pointer(context));
                TRUE
            }
            Begin::Unfinished => {
                give(fPending, TRUE);
                fail(ERROR_GEN_FAILURE)
            }
            Begin::WrongMode => fail(ERROR_INVALID_PARAMETER),
        }
    }
}

/// `InitOnceComplete`: ends what `InitOnceBeginInitialize` began.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceComplete(
    lpInitOnce: *mut INIT_ONCE,
    dwFlags: DWORD,
    lpContext: LPVOID,
) -> BOOL {
    let context = lpContext.expose_provenance() as u64;
    let failed = dwFlags & INIT_FAILED != 0;
    let flags_wrong = dwFlags & !(ASYNC | INIT_FAILED) != 0 || dwFlags == ASYNC | INIT_FAILED;
    if flags_wrong || context & STATE != 0 || (failed && context != 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: an initialised word.
    let once = unsafe { Once::of(lpInitOnce) };
    let wrong = if dwFlags & ASYNC != 0 { RUNNING } else { PENDING };
    if once.word.load(Ordering::Acquire) & STATE == wrong {
        // Begun the other way.
        return fail(ERROR_INVALID_PARAMETER);
    }
    let ended = if dwFlags & ASYNC != 0 {
        once.swap(PENDING, context | DONE).is_ok()
    } else {
        once.finish(if failed { BEFORE } else { context | DONE })
    };
    if ended { TRUE } else { fail(ERROR_GEN_FAILURE) }
}

/// `InitOnceExecuteOnce`: calls `InitFn` once in all; later callers get its context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceExecuteOnce(
    InitOnce: *mut INIT_ONCE,
    InitFn: PINIT_ONCE_FN,
    Parameter: *mut c_void,
    Context: *mut LPVOID,
) -> BOOL {
    let Some(function) = InitFn else { return fail(ERROR_INVALID_PARAMETER) };
    // SAFETY: the caller's promise: an initialised word.
    let once = unsafe { Once::of(InitOnce) };
    match once.begin(0) {
        Begin::Mine => {}
        Begin::Done(context) => {
            // SAFETY: the caller's promise: valid for writes or null.
            unsafe { give(Context, pointer(context)) };
            return TRUE;
        }
        Begin::Unfinished | Begin::WrongMode => return fail(ERROR_INVALID_PARAMETER),
    }
    let mut made: LPVOID = std::ptr::null_mut();
    // SAFETY: the caller's promise: a function of this type.
    let succeeded = unsafe { function(InitOnce, Parameter, &raw mut made) };
    if succeeded == FALSE {
        once.finish(BEFORE);
        return FALSE;
    }
    let context = made.expose_provenance() as u64;
    if context & STATE != 0 {
        // The low bits of a context belong to the word (INIT_ONCE_CTX_RESERVED_BITS).
        once.finish(BEFORE);
        return fail(ERROR_INVALID_PARAMETER);
    }
    once.finish(context | DONE);
    // SAFETY: the caller's promise: valid for writes or null.
    unsafe { give(Context, made) };
    TRUE
}

//! Critical sections.
//!
//! `LockCount` is -1 when free, 0 when held, 1 when held and a thread may be asleep on it. Only
//! the owner touches the other fields, so a stale read of `OwningThread` never equals the
//! reader's own id.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};

use crate::codes::ERROR_INVALID_PARAMETER;
use crate::errhandlingapi::fail;
use crate::futex;
use crate::processthreadsapi::thread_id;
use crate::types::{BOOL, CRITICAL_SECTION, DWORD, FALSE, TRUE, ULONG_PTR};

const FREE: u32 = u32::MAX;
const HELD: u32 = 0;
const CONTENDED: u32 = 1;

/// Spins for a section that names no count of its own: about as long as a wake-up takes.
const SPIN_DEFAULT: usize = 100;
/// The part of a spin count that counts; the rest is flags.
const SPIN_MASK: usize = 0x00FF_FFFF;
/// `CRITICAL_SECTION_NO_DEBUG_INFO`, `_DYNAMIC_SPIN` and `_STATIC_INIT`.
const FLAGS: u32 = 0x0700_0000;

/// A view of a section through which several threads may look at once.
struct Section {
    lock: *const AtomicU32,
    recursion: *const AtomicI32,
    owner: *const AtomicUsize,
    spin: *const AtomicUsize,
}

impl Section {
    /// # Safety
    /// `section` is an initialised section that stays while the view is used.
    unsafe fn new(section: *mut CRITICAL_SECTION) -> Section {
        // SAFETY: this function's contract; only addresses are taken.
        unsafe {
            Section {
                lock: (&raw const (*section).LockCount).cast(),
                recursion: (&raw const (*section).RecursionCount).cast(),
                owner: (&raw const (*section).OwningThread).cast(),
                spin: (&raw const (*section).SpinCount).cast(),
            }
        }
    }

    fn lock(&self) -> &AtomicU32 {
        // SAFETY: the contract of `new`.
        unsafe { &*self.lock }
    }

    fn recursion(&self) -> &AtomicI32 {
        // SAFETY: the contract of `new`.
        unsafe { &*self.recursion }
    }

    fn owner(&self) -> &AtomicUsize {
        // SAFETY: the contract of `new`.
        unsafe { &*self.owner }
    }

    fn spin(&self) -> &AtomicUsize {
        // SAFETY: the contract of `new`.
        unsafe { &*self.spin }
    }

    fn try_lock(&self, me: usize) -> bool {
        let free = self.lock().compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed);
        if free.is_ok() {
            self.owner().store(me, Ordering::Relaxed);
            self.recursion().store(1, Ordering::Relaxed);
            return true;
        }
        if self.owner().load(Ordering::Relaxed) == me {
            self.recursion().fetch_add(1, Ordering::Relaxed);
            return true;
        }
        false
    }

    #[cold]
    fn lock_slowly(&self, me: usize) {
        let spins = self.spin().load(Ordering::Relaxed) & SPIN_MASK;
        for _ in 0..spins.max(SPIN_DEFAULT) {
            if self.lock().load(Ordering::Relaxed) == FREE && self.try_lock(me) {
                return;
            }
            std::hint::spin_loop();
        }
        // Whoever gets the lock here leaves it marked, since others may be asleep behind it.
        while self.lock().swap(CONTENDED, Ordering::Acquire) != FREE {
            futex::wait(self.lock(), CONTENDED, None);
        }
        self.owner().store(me, Ordering::Relaxed);
        self.recursion().store(1, Ordering::Relaxed);
    }

    fn unlock(&self) {
        // One decrement only: a section entered twice stays held.
        if self.recursion().fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        self.recursion().store(0, Ordering::Relaxed);
        self.owner().store(0, Ordering::Relaxed);
        let lock = self.lock;
        // The next owner may delete the section at once, so nothing follows but the wake-up,
        // which uses the address alone.
        if self.lock().swap(FREE, Ordering::Release) == CONTENDED {
            futex::wake_one(lock);
        }
    }
}

/// Leaves the section once, as a condition variable does before it waits.
///
/// # Safety
/// `section` is an initialised section the caller has entered.
pub(super) unsafe fn leave(section: *mut CRITICAL_SECTION) {
    // SAFETY: this function's contract.
    unsafe { Section::new(section) }.unlock();
}

/// Enters the section.
///
/// # Safety
/// `section` is an initialised section.
pub(super) unsafe fn enter(section: *mut CRITICAL_SECTION) {
    // SAFETY: this function's contract.
    let section = unsafe { Section::new(section) };
    let me = thread_id() as usize;
    if !section.try_lock(me) {
        section.lock_slowly(me);
    }
}

/// `InitializeCriticalSection`: makes the memory a free section.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeCriticalSection(lpCriticalSection: *mut CRITICAL_SECTION) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { initialize(lpCriticalSection, 0) };
}

/// `InitializeCriticalSectionAndSpinCount`: the same, with a spin count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeCriticalSectionAndSpinCount(
    lpCriticalSection: *mut CRITICAL_SECTION,
    dwSpinCount: DWORD,
) -> BOOL {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { initialize(lpCriticalSection, dwSpinCount as usize & SPIN_MASK) };
    TRUE
}

/// `InitializeCriticalSectionEx`: the same, with flags. There is never a debugging record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeCriticalSectionEx(
    lpCriticalSection: *mut CRITICAL_SECTION,
    dwSpinCount: DWORD,
    Flags: DWORD,
) -> BOOL {
    if Flags & !FLAGS != 0 || dwSpinCount as usize & !SPIN_MASK != 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: valid for writes.
    unsafe { initialize(lpCriticalSection, dwSpinCount as usize) };
    TRUE
}

/// `SetCriticalSectionSpinCount`: sets the spin count and gives the one before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetCriticalSectionSpinCount(
    lpCriticalSection: *mut CRITICAL_SECTION,
    dwSpinCount: DWORD,
) -> DWORD {
    // SAFETY: the caller's promise: an initialised section.
    let section = unsafe { Section::new(lpCriticalSection) };
    let count: ULONG_PTR = dwSpinCount as usize & SPIN_MASK;
    (section.spin().swap(count, Ordering::Relaxed) & SPIN_MASK) as DWORD
}

/// `EnterCriticalSection`: waits until the section is the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EnterCriticalSection(lpCriticalSection: *mut CRITICAL_SECTION) {
    // SAFETY: the caller's promise: an initialised section.
    unsafe { enter(lpCriticalSection) };
}

/// `TryEnterCriticalSection`: takes the section if that needs no waiting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TryEnterCriticalSection(lpCriticalSection: *mut CRITICAL_SECTION) -> BOOL {
    // SAFETY: the caller's promise: an initialised section.
    let section = unsafe { Section::new(lpCriticalSection) };
    if section.try_lock(thread_id() as usize) { TRUE } else { FALSE }
}

/// `LeaveCriticalSection`: undoes one entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LeaveCriticalSection(lpCriticalSection: *mut CRITICAL_SECTION) {
    // SAFETY: the caller's promise: a section it has entered.
    unsafe { leave(lpCriticalSection) };
}

/// `DeleteCriticalSection`: ends the use of a free section.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteCriticalSection(lpCriticalSection: *mut CRITICAL_SECTION) {
    // SAFETY: the caller's promise: an initialised section nobody holds or waits for.
    unsafe {
        initialize(lpCriticalSection, 0);
        (*lpCriticalSection).DebugInfo = std::ptr::null_mut();
    }
}

/// # Safety
/// `section` is valid for writes.
unsafe fn initialize(section: *mut CRITICAL_SECTION, spin: usize) {
    let free = CRITICAL_SECTION {
        DebugInfo: std::ptr::without_provenance_mut(usize::MAX),
        LockCount: -1,
        RecursionCount: 0,
        OwningThread: std::ptr::null_mut(),
        LockSemaphore: std::ptr::null_mut(),
        SpinCount: spin,
    };
    // SAFETY: this function's contract.
    unsafe { section.write(free) };
}

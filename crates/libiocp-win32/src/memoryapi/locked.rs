//! Keeping pages in memory.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::runs::Runs;
use super::space::{page_range, space};
use crate::codes::{
    ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER, ERROR_NOT_LOCKED, ERROR_WORKING_SET_QUOTA,
};
use crate::errhandlingapi::fail;
use crate::sysinfoapi::ADDRESS_MAX;
use crate::types::{BOOL, LPVOID, SIZE_T, TRUE};

/// Which pages were locked: 1, else 0. Pages that were freed since may still say 1.
fn locked() -> MutexGuard<'static, Runs> {
    static LOCKED: OnceLock<Mutex<Runs>> = OnceLock::new();
    let runs = LOCKED.get_or_init(|| Mutex::new(Runs::new(ADDRESS_MAX + 1, 0)));
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `VirtualAlloc` reserved the pages without committing them all.
fn not_committed(start: usize, end: usize) -> bool {
    space().find(start).is_some_and(|region| !region.committed(start, end))
}

/// `VirtualLock`: keeps committed pages in memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualLock(lpAddress: LPVOID, dwSize: SIZE_T) -> BOOL {
    let Some((start, end)) = page_range(lpAddress.addr(), dwSize).filter(|_| dwSize != 0) else {
        return fail(ERROR_INVALID_PARAMETER);
    };
    if not_committed(start, end) {
        return fail(ERROR_INVALID_ADDRESS);
    }
    // SAFETY: locking changes no contents; the kernel checks the range.
    if unsafe { libc::mlock(lpAddress, dwSize) } != 0 {
        let unmapped = !mapped(start, end);
        return fail(if unmapped { ERROR_INVALID_ADDRESS } else { ERROR_WORKING_SET_QUOTA });
    }
    locked().set(start, end, 1);
    TRUE
}

fn mapped(start: usize, end: usize) -> bool {
    let size = end - start;
    let mut present = vec![0_u8; size / crate::sysinfoapi::page_size()];
    let address = std::ptr::without_provenance_mut(start);
    // SAFETY: the vector has a byte for each page; the kernel checks the range.
    unsafe { libc::mincore(address, size, present.as_mut_ptr()) == 0 }
}

/// `VirtualUnlock`: lets locked pages leave memory again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualUnlock(lpAddress: LPVOID, dwSize: SIZE_T) -> BOOL {
    let Some((start, end)) = page_range(lpAddress.addr(), dwSize).filter(|_| dwSize != 0) else {
        return fail(ERROR_INVALID_PARAMETER);
    };
    let mut locked = locked();
    if !locked.all(start, end, |page| page == 1) {
        return fail(ERROR_NOT_LOCKED);
    }
    // SAFETY: unlocking changes no contents; the kernel checks the range.
    unsafe { libc::munlock(lpAddress, dwSize) };
    locked.set(start, end, 0);
    TRUE
}

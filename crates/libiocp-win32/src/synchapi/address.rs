//! Waiting for any address to change.
//!
//! Waiters stand in lists hashed by address, each with a word of its own to sleep on. The value
//! is compared under the list's lock and a waker takes that lock after it has changed the value,
//! so no wake-up is lost.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::codes::{ERROR_INVALID_PARAMETER, ERROR_TIMEOUT};
use crate::errhandlingapi::fail;
use crate::futex;
use crate::types::{BOOL, DWORD, SIZE_T, TRUE};

const BUCKETS: usize = 256;

/// A waiter: the address it waits for, and the word it sleeps on.
struct Waiter {
    address: usize,
    woken: *const AtomicU32,
}

// SAFETY: the word is on the waiter's stack and stays until the waiter is off the list; it is
// only touched under the list's lock while the waiter is on it.
unsafe impl Send for Waiter {}

#[repr(align(64))]
struct Bucket {
    count: AtomicUsize,
    waiters: Mutex<VecDeque<Waiter>>,
}

impl Bucket {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiter>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static TABLE: [Bucket; BUCKETS] =
    [const { Bucket { count: AtomicUsize::new(0), waiters: Mutex::new(VecDeque::new()) } };
        BUCKETS];

fn bucket(address: usize) -> &'static Bucket {
    let mixed = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    &TABLE[(mixed >> 56) as usize]
}

/// # Safety
/// Both are valid for reads of `size` bytes; `size` is 1, 2, 4 or 8 and `address` is aligned.
unsafe fn same(address: *const c_void, compare: *const c_void, size: usize) -> bool {
    // SAFETY: this function's contract. The address is read at once, as others write it.
    unsafe {
        match size {
            1 => address.cast::<u8>().read_volatile() == compare.cast::<u8>().read(),
            2 => address.cast::<u16>().read_volatile() == compare.cast::<u16>().read_unaligned(),
            4 => address.cast::<u32>().read_volatile() == compare.cast::<u32>().read_unaligned(),
            _ => address.cast::<u64>().read_volatile() == compare.cast::<u64>().read_unaligned(),
        }
    }
}

/// `WaitOnAddress`: waits while the value at the address is the one given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitOnAddress(
    Address: *const c_void,
    CompareAddress: *const c_void,
    AddressSize: SIZE_T,
    dwMilliseconds: DWORD,
) -> BOOL {
    if !matches!(AddressSize, 1 | 2 | 4 | 8) || !Address.addr().is_multiple_of(AddressSize) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let deadline = futex::deadline(dwMilliseconds);
    let bucket = bucket(Address.addr());
    let woken = AtomicU32::new(0);
    let me = &raw const woken;
    {
        let mut waiters = bucket.lock();
        bucket.count.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // SAFETY: the caller's promise: both are readable for the size; checked above.
        if !unsafe { same(Address, CompareAddress, AddressSize) } {
            bucket.count.fetch_sub(1, Ordering::SeqCst);
            return TRUE;
        }
        waiters.push_back(Waiter { address: Address.addr(), woken: me });
    }
    while woken.load(Ordering::Acquire) == 0 {
        if futex::wait(&woken, 0, deadline) {
            continue;
        }
        let mut waiters = bucket.lock();
        if let Some(at) = waiters.iter().position(|w| std::ptr::eq(w.woken, me)) {
            waiters.remove(at);
            bucket.count.fetch_sub(1, Ordering::SeqCst);
            return fail(ERROR_TIMEOUT);
        }
        // Off the list already: woken just in time.
        return TRUE;
    }
    TRUE
}

fn wake(address: *const c_void, limit: usize) {
    let bucket = bucket(address.addr());
    // The caller's change of the value comes before this look at the count; a waiter counts
    // itself before it looks at the value. One of the two sees the other.
    fence(Ordering::SeqCst);
    if bucket.count.load(Ordering::SeqCst) == 0 {
        return;
    }
    let mut left = limit;
    let mut waiters = bucket.lock();
    waiters.retain(|waiter| {
        if left == 0 || waiter.address != address.addr() {
            return true;
        }
        left -= 1;
        bucket.count.fetch_sub(1, Ordering::SeqCst);
        // SAFETY: a waiter on the list keeps its word; it cannot leave without the lock, and
        // once it sees the store it may go, so only the address is used after.
        unsafe { (*waiter.woken).store(1, Ordering::Release) };
        futex::wake_one(waiter.woken);
        false
    });
}

/// `WakeByAddressSingle`: wakes the thread that has waited longest for the address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WakeByAddressSingle(Address: *mut c_void) {
    wake(Address, 1);
}

/// `WakeByAddressAll`: wakes every thread that waits for the address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WakeByAddressAll(Address: *mut c_void) {
    wake(Address, usize::MAX);
}

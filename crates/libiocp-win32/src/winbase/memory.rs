//! `GlobalAlloc` and `LocalAlloc`.
//!
//! Fixed memory is a block of the process' heap and its handle is its address. The handle of
//! movable memory points to a record, told apart by an address that ends in 8, and the record
//! holds the block, how often it is locked, and whether it is discarded.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use crate::codes::{
    ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_LOCKED, ERROR_SUCCESS,
};
use crate::errhandlingapi::{fail, set_last_error};
use crate::heapapi::{GetProcessHeap, HeapAlloc, HeapFree, HeapReAlloc, HeapSize};
use crate::types::{BOOL, DWORD, HGLOBAL, HLOCAL, LPVOID, SIZE_T, TRUE};

const MOVEABLE: u32 = 2;
const ZEROINIT: u32 = 0x40;
const MODIFY: u32 = 0x80;
const DISCARDABLE: u32 = 0x100;
const DISCARDED: u32 = 0x4000;
const INVALID_HANDLE_FLAGS: u32 = 0x8000;
const LOCKS_MAX: u32 = 0xFF;
const HEAP_ZERO_MEMORY: DWORD = 8;

const SIGNATURE: u32 = 0x4D4F_5631;

/// A handle of movable memory points at `signature`, so that it ends in 8.
#[repr(C, align(16))]
struct Movable {
    block: *mut c_void,
    signature: u32,
    locks: u16,
    flags: u16,
}

/// Guards the records of movable memory.
static RECORDS: Mutex<()> = Mutex::new(());

const OFFSET: usize = std::mem::offset_of!(Movable, signature);

/// What a handle stands for.
enum Memory {
    Fixed(*mut c_void),
    Movable(*mut Movable),
}

impl Memory {
    /// # Safety
    /// `handle` came from this file and was not freed, or is null.
    unsafe fn of(handle: *mut c_void) -> Option<Memory> {
        if handle.is_null() {
            return None;
        }
        if handle.addr() % 16 == OFFSET {
            let record = handle.wrapping_byte_sub(OFFSET).cast::<Movable>();
            // SAFETY: this function's contract.
            return (unsafe { (*record).signature } == SIGNATURE)
                .then_some(Memory::Movable(record));
        }
        // SAFETY: this function's contract.
        (unsafe { size(handle) }.is_some()).then_some(Memory::Fixed(handle))
    }
}

/// # Safety
/// `block` is a block of the process' heap, or looks like one.
unsafe fn size(block: *mut c_void) -> Option<usize> {
    // SAFETY: this function's contract.
    let size = unsafe { HeapSize(GetProcessHeap(), 0, block) };
    (size != usize::MAX).then_some(size)
}

fn null(code: u32) -> *mut c_void {
    set_last_error(code);
    std::ptr::null_mut()
}

fn block(bytes: usize, flags: u32) -> *mut c_void {
    let zero = if flags & ZEROINIT != 0 { HEAP_ZERO_MEMORY } else { 0 };
    // SAFETY: the process' heap is always there.
    unsafe { HeapAlloc(GetProcessHeap(), zero, bytes) }
}

fn release(block: *mut c_void) {
    // SAFETY: callers give up a block that is theirs, or null.
    unsafe { HeapFree(GetProcessHeap(), 0, block) };
}

fn allocate(flags: u32, bytes: usize) -> *mut c_void {
    if flags & MOVEABLE == 0 {
        let memory = block(bytes, flags);
        return if memory.is_null() { null(ERROR_NOT_ENOUGH_MEMORY) } else { memory };
    }
    // Movable memory of no size is a handle whose memory is discarded.
    let memory = if bytes == 0 { std::ptr::null_mut() } else { block(bytes, flags) };
    let record = block(size_of::<Movable>(), 0).cast::<Movable>();
    if record.is_null() || (memory.is_null() && bytes != 0) {
        release(memory);
        release(record.cast());
        return null(ERROR_NOT_ENOUGH_MEMORY);
    }
    let made = Movable {
        block: memory,
        signature: SIGNATURE,
        locks: 0,
        flags: (flags & DISCARDABLE) as u16,
    };
    // SAFETY: the block is new, large enough and aligned to 16.
    unsafe { record.write(made) };
    record.wrapping_byte_add(OFFSET).cast()
}

/// # Safety
/// `handle` came from this file and was not freed, or is null.
unsafe fn free(handle: *mut c_void) -> *mut c_void {
    if handle.is_null() {
        return handle;
    }
    let _records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this function's contract.
    match unsafe { Memory::of(handle) } {
        Some(Memory::Fixed(block)) => release(block),
        Some(Memory::Movable(record)) => {
            // SAFETY: the record is valid under the lock.
            unsafe {
                release((*record).block);
                (*record).signature = 0;
            }
            release(record.cast());
        }
        None => {
            set_last_error(ERROR_INVALID_HANDLE);
            return handle;
        }
    }
    std::ptr::null_mut()
}

/// # Safety
/// As for [`free`].
unsafe fn reallocate(handle: *mut c_void, bytes: usize, flags: u32) -> *mut c_void {
    let _records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let zero = if flags & ZEROINIT != 0 { HEAP_ZERO_MEMORY } else { 0 };
    // SAFETY: this function's contract; the record is valid under the lock.
    unsafe {
        match Memory::of(handle) {
            None => null(ERROR_INVALID_HANDLE),
            // The memory stays, only what it is called changes; fixed memory has no attributes.
            Some(Memory::Fixed(_)) if flags & MODIFY != 0 => handle,
            Some(Memory::Movable(record)) if flags & MODIFY != 0 => {
                (*record).flags = (flags & DISCARDABLE) as u16;
                handle
            }
            Some(Memory::Fixed(block)) => {
                // Fixed memory moves only when the caller allows it.
                let place = if flags & MOVEABLE == 0 { 0x10 } else { 0 };
                let new = HeapReAlloc(GetProcessHeap(), zero | place, block, bytes);
                if new.is_null() { null(ERROR_NOT_ENOUGH_MEMORY) } else { new }
            }
            Some(Memory::Movable(record)) => {
                let old = (*record).block;
                if bytes == 0 {
                    if (*record).locks != 0 {
                        return null(ERROR_INVALID_HANDLE);
                    }
                    release(old);
                    (*record).block = std::ptr::null_mut();
                    return handle;
                }
                let new = if old.is_null() {
                    HeapAlloc(GetProcessHeap(), zero, bytes)
                } else {
                    HeapReAlloc(GetProcessHeap(), zero, old, bytes)
                };
                if new.is_null() {
                    return null(ERROR_NOT_ENOUGH_MEMORY);
                }
                (*record).block = new;
                handle
            }
        }
    }
}

/// # Safety
/// As for [`free`].
unsafe fn lock(handle: *mut c_void) -> LPVOID {
    let _records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this function's contract; the record is valid under the lock.
    unsafe {
        match Memory::of(handle) {
            None => null(ERROR_INVALID_HANDLE),
            Some(Memory::Fixed(block)) => block,
            Some(Memory::Movable(record)) => {
                if (*record).block.is_null() {
                    // ERROR_DISCARDED
                    return null(157);
                }
                if u32::from((*record).locks) < LOCKS_MAX {
                    (*record).locks += 1;
                }
                (*record).block
            }
        }
    }
}

/// # Safety
/// As for [`free`]. `fixed` is the answer for fixed memory, which has no locks.
unsafe fn unlock(handle: *mut c_void, fixed: BOOL) -> BOOL {
    let _records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this function's contract; the record is valid under the lock.
    unsafe {
        match Memory::of(handle) {
            None => fail(ERROR_INVALID_HANDLE),
            Some(Memory::Fixed(_)) => {
                if fixed == 0 {
                    fail(ERROR_NOT_LOCKED)
                } else {
                    fixed
                }
            }
            Some(Memory::Movable(record)) => match (*record).locks {
                0 => fail(ERROR_NOT_LOCKED),
                1 => {
                    (*record).locks = 0;
                    fail(ERROR_SUCCESS)
                }
                _ => {
                    (*record).locks -= 1;
                    TRUE
                }
            },
        }
    }
}

/// # Safety
/// As for [`free`].
unsafe fn size_of_memory(handle: *mut c_void) -> usize {
    let _records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this function's contract; the record is valid under the lock.
    let size = unsafe {
        match Memory::of(handle) {
            None => None,
            Some(Memory::Fixed(block)) => size(block),
            Some(Memory::Movable(record)) if (*record).block.is_null() => Some(0),
            Some(Memory::Movable(record)) => size((*record).block),
        }
    };
    size.unwrap_or_else(|| {
        set_last_error(ERROR_INVALID_HANDLE);
        0
    })
}

/// # Safety
/// As for [`free`].
unsafe fn flags(handle: *mut c_void) -> u32 {
    let _records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this function's contract; the record is valid under the lock.
    unsafe {
        match Memory::of(handle) {
            None => {
                set_last_error(ERROR_INVALID_HANDLE);
                INVALID_HANDLE_FLAGS
            }
            Some(Memory::Fixed(_)) => 0,
            Some(Memory::Movable(record)) => {
                let gone = if (*record).block.is_null() { DISCARDED } else { 0 };
                u32::from((*record).locks) | u32::from((*record).flags) | gone
            }
        }
    }
}

/// `GlobalAlloc`: memory, fixed or movable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalAlloc(uFlags: u32, dwBytes: SIZE_T) -> HGLOBAL {
    allocate(uFlags, dwBytes)
}

/// `GlobalReAlloc`: changes size or attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalReAlloc(hMem: HGLOBAL, dwBytes: SIZE_T, uFlags: u32) -> HGLOBAL {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { reallocate(hMem, dwBytes, uFlags) }
}

/// `GlobalFree`: frees; NULL is the good answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalFree(hMem: HGLOBAL) -> HGLOBAL {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { free(hMem) }
}

/// `GlobalLock`: the address, which stays until unlocked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalLock(hMem: HGLOBAL) -> LPVOID {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { lock(hMem) }
}

/// `GlobalUnlock`: undoes one lock; FALSE with no error when it was the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalUnlock(hMem: HGLOBAL) -> BOOL {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { unlock(hMem, TRUE) }
}

/// `GlobalSize`: the size asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalSize(hMem: HGLOBAL) -> SIZE_T {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { size_of_memory(hMem) }
}

/// `GlobalFlags`: the lock count and the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalFlags(hMem: HGLOBAL) -> u32 {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { flags(hMem) }
}

/// `LocalAlloc`: memory, fixed or movable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalAlloc(uFlags: u32, uBytes: SIZE_T) -> HLOCAL {
    allocate(uFlags, uBytes)
}

/// `LocalReAlloc`: changes size or attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalReAlloc(hMem: HLOCAL, uBytes: SIZE_T, uFlags: u32) -> HLOCAL {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { reallocate(hMem, uBytes, uFlags) }
}

/// `LocalFree`: frees; NULL is the good answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalFree(hMem: HLOCAL) -> HLOCAL {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { free(hMem) }
}

/// `LocalLock`: the address, which stays until unlocked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalLock(hMem: HLOCAL) -> LPVOID {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { lock(hMem) }
}

/// `LocalUnlock`: undoes one lock; FALSE with no error when it was the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalUnlock(hMem: HLOCAL) -> BOOL {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { unlock(hMem, 0) }
}

/// `LocalSize`: the size asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalSize(hMem: HLOCAL) -> SIZE_T {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { size_of_memory(hMem) }
}

/// `LocalFlags`: the lock count and the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalFlags(hMem: HLOCAL) -> u32 {
    // SAFETY: the caller's promise: a handle of this family.
    unsafe { flags(hMem) }
}

/// Memory that a function hands to its caller, to be freed with `LocalFree`; null when there is
/// none.
pub(crate) fn local_copy<T: Copy>(source: &[T]) -> LPVOID {
    let bytes = size_of_val(source);
    let memory = block(bytes, 0);
    if !memory.is_null() {
        // SAFETY: the block is new and as large as the source.
        unsafe {
            std::ptr::copy_nonoverlapping(source.as_ptr().cast(), memory.cast::<u8>(), bytes)
        };
    }
    memory
}

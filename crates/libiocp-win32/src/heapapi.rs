//! `heapapi.h`: heaps.
//!
//! A block has a header before it. Blocks of the process' heap need no more than their size;
//! those of a heap that can be destroyed are linked, so that destroying it frees them. The last
//! words of both headers agree, and the mark tells which heap a block is of.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::c_void;
use std::os::fd::AsFd;
use std::sync::Mutex;

use crate::codes::{ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER};
use crate::errhandlingapi::fail;
use crate::types::{BOOL, DWORD, FALSE, HANDLE, LPCVOID, LPVOID, SIZE_T, TRUE};

const HEAP_GENERATE_EXCEPTIONS: DWORD = 4;
const HEAP_ZERO_MEMORY: DWORD = 8;
const HEAP_REALLOC_IN_PLACE_ONLY: DWORD = 0x10;
/// The largest block of a heap with a maximum size.
const FIXED_BLOCK_MAX: usize = 0xF_F000;

const MARK: usize = 0x9E37_79B9_7F4A_7C15;

/// What is known of a block, right before it.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Tail {
    size: usize,
    mark: usize,
}

/// The header of a block of a heap that can be destroyed.
#[repr(C, align(16))]
struct Linked {
    previous: *mut Linked,
    next: *mut Linked,
    tail: Tail,
}

#[derive(Debug)]
struct Blocks {
    first: *mut Linked,
    used: usize,
}

/// A heap. Its address is its handle.
#[derive(Debug)]
struct Heap {
    /// `HEAP_` flags given at creation.
    options: DWORD,
    /// The most it may hold; 0 when it may grow.
    limit: usize,
    /// None for the process' heap, whose blocks are not linked.
    blocks: Option<Mutex<Blocks>>,
}

// SAFETY: the list is only touched under its lock.
unsafe impl Sync for Heap {}
// SAFETY: as above.
unsafe impl Send for Heap {}

static PROCESS_HEAP: Heap = Heap { options: 0, limit: 0, blocks: None };

/// The heaps that were created and not yet destroyed.
static HEAPS: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Heap {
    /// # Safety
    /// `handle` is null or a heap that stays for `'a`.
    unsafe fn of<'a>(handle: HANDLE) -> Option<&'a Heap> {
        // SAFETY: this function's contract.
        unsafe { handle.cast::<Heap>().as_ref() }
    }

    fn mark(&self) -> usize {
        std::ptr::from_ref(self).addr() ^ MARK
    }

    fn header(&self) -> usize {
        if self.blocks.is_some() { size_of::<Linked>() } else { size_of::<Tail>() }
    }

    /// The size of a block, or `None` when it is not a block of this heap.
    ///
    /// # Safety
    /// The 16 bytes before `block` are readable when it is not null.
    unsafe fn size(&self, block: *const c_void) -> Option<usize> {
        if block.is_null() || !block.addr().is_multiple_of(16) {
            return None;
        }
        // SAFETY: this function's contract.
        let tail = unsafe { block.cast::<Tail>().sub(1).read() };
        (tail.mark == self.mark()).then_some(tail.size)
    }

    fn fits(&self, size: usize, freed: usize) -> bool {
        let Some(blocks) = &self.blocks else { return true };
        let used = locked(blocks).used - freed;
        self.limit == 0
            || (size <= FIXED_BLOCK_MAX
                && size.saturating_add(self.header()).saturating_add(used) <= self.limit)
    }

    fn allocate(&self, size: usize, zero: bool) -> *mut c_void {
        let header = self.header();
        let Some(total) = size.checked_add(header) else { return std::ptr::null_mut() };
        if !self.fits(size, 0) {
            return std::ptr::null_mut();
        }
        // SAFETY: sizes only; the result is checked.
        let base = unsafe { if zero { libc::calloc(1, total) } else { libc::malloc(total) } };
        if base.is_null() {
            return base;
        }
        let block = base.wrapping_byte_add(header);
        // SAFETY: the header's bytes are before the block, inside the new memory.
        unsafe { block.cast::<Tail>().sub(1).write(Tail { size, mark: self.mark() }) };
        if let Some(blocks) = &self.blocks {
            let mut blocks = locked(blocks);
            blocks.used += total;
            // SAFETY: the new header is ours, the first one is on the list.
            unsafe { link(&mut blocks, base.cast()) };
        }
        block
    }

    /// # Safety
    /// `block` is a block of this heap.
    unsafe fn release(&self, block: *mut c_void) {
        let base = block.wrapping_byte_sub(self.header());
        // SAFETY: this function's contract: the header is there and the memory is from `malloc`.
        unsafe {
            let tail = block.cast::<Tail>().sub(1);
            if let Some(blocks) = &self.blocks {
                let mut blocks = locked(blocks);
                blocks.used -= (*tail).size + self.header();
                unlink(&mut blocks, base.cast());
            }
            (*tail).mark = 0;
            libc::free(base);
        }
    }

    /// # Safety
    /// `block` is a block of this heap, of `old` bytes.
    unsafe fn resize(&self, block: *mut c_void, old: usize, size: usize, flags: DWORD) -> LPVOID {
        if flags & HEAP_REALLOC_IN_PLACE_ONLY != 0 {
            let base = block.wrapping_byte_sub(self.header());
            // SAFETY: this function's contract: the memory is from `malloc`.
            let usable = unsafe { libc::malloc_usable_size(base) } - self.header();
            if size > usable || !self.fits(size, old + self.header()) {
                return std::ptr::null_mut();
            }
            if let Some(blocks) = &self.blocks {
                let mut blocks = locked(blocks);
                blocks.used = blocks.used - old + size;
            }
            // SAFETY: the block holds `usable` bytes and its header.
            unsafe {
                (*block.cast::<Tail>().sub(1)).size = size;
                if flags & HEAP_ZERO_MEMORY != 0 && size > old {
                    std::ptr::write_bytes(block.cast::<u8>().add(old), 0, size - old);
                }
            }
            return block;
        }
        let new = self.allocate(size, flags & HEAP_ZERO_MEMORY != 0);
        if !new.is_null() {
            // SAFETY: both blocks hold as many bytes, and the old one is not used any more.
            unsafe {
                std::ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast(), old.min(size));
                self.release(block);
            }
        }
        new
    }
}

/// # Safety
/// `header` is a valid header that is on no list.
unsafe fn link(blocks: &mut Blocks, header: *mut Linked) {
    // SAFETY: this function's contract; headers on the list are valid.
    unsafe {
        (*header).previous = std::ptr::null_mut();
        (*header).next = blocks.first;
        if !blocks.first.is_null() {
            (*blocks.first).previous = header;
        }
    }
    blocks.first = header;
}

/// # Safety
/// `header` is on the list.
unsafe fn unlink(blocks: &mut Blocks, header: *mut Linked) {
    // SAFETY: this function's contract; headers on the list are valid.
    unsafe {
        let (previous, next) = ((*header).previous, (*header).next);
        match previous.as_mut() {
            Some(previous) => previous.next = next,
            None => blocks.first = next,
        }
        if let Some(next) = next.as_mut() {
            next.previous = previous;
        }
    }
}

/// An allocation has failed: NULL, or the end where an exception was asked for.
fn out_of_memory(flags: DWORD) -> LPVOID {
    if flags & HEAP_GENERATE_EXCEPTIONS != 0 {
        // STATUS_NO_MEMORY would be raised; a program that asks for it does not look at NULL.
        let text = b"libiocp: HeapAlloc: out of memory with HEAP_GENERATE_EXCEPTIONS\n";
        libiocp::engine::say(std::io::stderr().as_fd(), text);
        std::process::abort();
    }
    std::ptr::null_mut()
}

/// `GetProcessHeap`: the heap that is always there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessHeap() -> HANDLE {
    std::ptr::from_ref(&PROCESS_HEAP).cast_mut().cast()
}

/// `HeapCreate`: a heap of one's own, at most `dwMaximumSize` bytes when that is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapCreate(
    flOptions: DWORD,
    dwInitialSize: SIZE_T,
    dwMaximumSize: SIZE_T,
) -> HANDLE {
    // Nothing is committed ahead, as blocks come from the C library's allocator.
    let _ = dwInitialSize;
    let page = crate::sysinfoapi::page_size();
    let heap = Box::new(Heap {
        options: flOptions,
        limit: dwMaximumSize.checked_next_multiple_of(page).unwrap_or(usize::MAX),
        blocks: Some(Mutex::new(Blocks { first: std::ptr::null_mut(), used: 0 })),
    });
    let heap = Box::into_raw(heap);
    locked(&HEAPS).push(heap.expose_provenance());
    heap.cast()
}

/// `HeapDestroy`: ends a heap and frees what is still allocated from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapDestroy(hHeap: HANDLE) -> BOOL {
    let mut heaps = locked(&HEAPS);
    let Some(at) = heaps.iter().position(|&heap| heap == hHeap.addr()) else {
        return fail(ERROR_INVALID_HANDLE);
    };
    heaps.swap_remove(at);
    drop(heaps);
    // SAFETY: it was on the list, so it came from `HeapCreate`, and now nobody else finds it.
    let heap = unsafe { Box::from_raw(hHeap.cast::<Heap>()) };
    if let Some(blocks) = &heap.blocks {
        let mut next = locked(blocks).first;
        while !next.is_null() {
            let header = next;
            // SAFETY: headers on the list are valid, and each is freed once.
            unsafe {
                next = (*header).next;
                libc::free(header.cast());
            }
        }
    }
    TRUE
}

/// `HeapAlloc`: a block, aligned to 16 bytes. Does not set the last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapAlloc(hHeap: HANDLE, dwFlags: DWORD, dwBytes: SIZE_T) -> LPVOID {
    // SAFETY: the caller's promise: a heap.
    let Some(heap) = (unsafe { Heap::of(hHeap) }) else { return std::ptr::null_mut() };
    let block = heap.allocate(dwBytes, dwFlags & HEAP_ZERO_MEMORY != 0);
    if block.is_null() { out_of_memory(dwFlags | heap.options) } else { block }
}

/// `HeapReAlloc`: a block of another size with the same contents. Does not set the last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapReAlloc(
    hHeap: HANDLE,
    dwFlags: DWORD,
    lpMem: LPVOID,
    dwBytes: SIZE_T,
) -> LPVOID {
    // SAFETY: the caller's promise: a heap, and a block of it.
    unsafe {
        let Some(heap) = Heap::of(hHeap) else { return std::ptr::null_mut() };
        let Some(old) = heap.size(lpMem) else { return std::ptr::null_mut() };
        let block = heap.resize(lpMem, old, dwBytes, dwFlags);
        if block.is_null() { out_of_memory(dwFlags | heap.options) } else { block }
    }
}

/// `HeapFree`: frees a block; NULL is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapFree(hHeap: HANDLE, dwFlags: DWORD, lpMem: LPVOID) -> BOOL {
    // Every heap is locked by itself, so HEAP_NO_SERIALIZE changes nothing.
    let _ = dwFlags;
    if lpMem.is_null() {
        return TRUE;
    }
    // SAFETY: the caller's promise: a heap, and a block of it.
    unsafe {
        match Heap::of(hHeap) {
            Some(heap) if heap.size(lpMem).is_some() => {
                heap.release(lpMem);
                TRUE
            }
            _ => fail(ERROR_INVALID_PARAMETER),
        }
    }
}

/// `HeapSize`: the size asked for; -1 when it is no block. Does not set the last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapSize(hHeap: HANDLE, dwFlags: DWORD, lpMem: LPCVOID) -> SIZE_T {
    let _ = dwFlags;
    // SAFETY: the caller's promise: a heap, and a block of it.
    unsafe { Heap::of(hHeap).and_then(|heap| heap.size(lpMem)) }.unwrap_or(usize::MAX)
}

/// `HeapValidate`: whether a block, or the whole heap, is in order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapValidate(hHeap: HANDLE, dwFlags: DWORD, lpMem: LPCVOID) -> BOOL {
    let _ = dwFlags;
    // SAFETY: the caller's promise: a heap, and memory that can be looked at.
    let Some(heap) = (unsafe { Heap::of(hHeap) }) else { return FALSE };
    if !lpMem.is_null() {
        // SAFETY: as above.
        return unsafe { heap.size(lpMem) }.is_some().into();
    }
    let Some(blocks) = &heap.blocks else { return TRUE };
    let blocks = locked(blocks);
    let mut next = blocks.first;
    let mut used = 0;
    while !next.is_null() {
        // SAFETY: headers on the list are valid.
        let header = unsafe { &*next };
        if header.tail.mark != heap.mark() {
            return FALSE;
        }
        used += header.tail.size + heap.header();
        next = header.next;
    }
    (used == blocks.used).into()
}

/// `HeapSetInformation`: the low-fragmentation heap and termination on corruption, both of which
/// the allocator below always gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapSetInformation(
    HeapHandle: HANDLE,
    HeapInformationClass: i32,
    HeapInformation: LPVOID,
    HeapInformationLength: SIZE_T,
) -> BOOL {
    const COMPATIBILITY: i32 = 0;
    const TERMINATION_ON_CORRUPTION: i32 = 1;
    const LOW_FRAGMENTATION: u32 = 2;
    let _ = HeapHandle;
    match HeapInformationClass {
        TERMINATION_ON_CORRUPTION => TRUE,
        COMPATIBILITY if !HeapInformation.is_null() && HeapInformationLength >= 4 => {
            // SAFETY: the caller's promise: readable for the length.
            if unsafe { HeapInformation.cast::<u32>().read_unaligned() } == LOW_FRAGMENTATION {
                return TRUE;
            }
            fail(ERROR_INVALID_PARAMETER)
        }
        _ => fail(ERROR_INVALID_PARAMETER),
    }
}

//! `VirtualAlloc` and its family, heaps, and the older memory handles.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use std::mem::{size_of, zeroed};
use std::ptr::{null_mut, without_provenance_mut};

use iocp::errhandlingapi::{GetLastError, SetLastError};
use iocp::heapapi::*;
use iocp::memoryapi::*;
use iocp::types::{FALSE, LPVOID, MEMORY_BASIC_INFORMATION, TRUE};
use iocp::winbase::*;

const PAGE_NOACCESS: u32 = 1;
const PAGE_READONLY: u32 = 2;
const PAGE_READWRITE: u32 = 4;
const PAGE_WRITECOPY: u32 = 8;
const COMMIT: u32 = 0x1000;
const RESERVE: u32 = 0x2000;
const DECOMMIT: u32 = 0x4000;
const RELEASE: u32 = 0x8000;
const FREE: u32 = 0x1_0000;
const GRAIN: usize = 0x1_0000;
const PAGE: usize = 4096;

fn query(address: LPVOID) -> MEMORY_BASIC_INFORMATION {
    unsafe {
        let mut info: MEMORY_BASIC_INFORMATION = zeroed();
        assert_eq!(VirtualQuery(address, &mut info, 48), size_of::<MEMORY_BASIC_INFORMATION>());
        info
    }
}

/// An address where nothing else of a test process comes to lie, so that a test may look at it
/// after it has given it back.
fn quiet(number: usize) -> LPVOID {
    without_provenance_mut(0x1000_0000_0000 + number * 0x1000_0000)
}

fn error() -> u32 {
    unsafe { GetLastError() }
}

#[test]
fn reserved_pages_are_aligned_to_the_grain_and_committed_pages_are_zero() {
    unsafe {
        let anywhere = VirtualAlloc(null_mut(), 5 * PAGE + 1, RESERVE, PAGE_NOACCESS);
        assert!(anywhere.addr().is_multiple_of(GRAIN) && !anywhere.is_null());
        assert_eq!(VirtualFree(anywhere, 0, RELEASE), TRUE);
        let base = VirtualAlloc(quiet(1), 5 * PAGE + 1, RESERVE, PAGE_NOACCESS);
        assert_eq!(base, quiet(1));
        let info = query(base);
        assert_eq!((info.State, info.RegionSize, info.Protect), (RESERVE, 6 * PAGE, 0));
        assert_eq!((info.Type, info.AllocationProtect), (0x2_0000, PAGE_NOACCESS));

        // A commit takes every page the range touches.
        let part = base.byte_add(PAGE + 100);
        let committed = VirtualAlloc(part, PAGE, COMMIT, PAGE_READWRITE);
        assert_eq!(committed, base.byte_add(PAGE));
        let info = query(part);
        assert_eq!((info.State, info.RegionSize, info.Protect), (COMMIT, 2 * PAGE, PAGE_READWRITE));
        assert_eq!((info.BaseAddress, info.AllocationBase), (committed, base));
        assert_eq!(*part.cast::<u64>().byte_add(4), 0);
        *part.cast::<u8>() = 9;

        // Committing again keeps the contents.
        assert!(!VirtualAlloc(part, 1, COMMIT, PAGE_READWRITE).is_null());
        assert_eq!(*part.cast::<u8>(), 9);
        // Decommitting drops them.
        assert_eq!(VirtualFree(part, 1, DECOMMIT), TRUE);
        assert_eq!(query(part).State, RESERVE);
        assert!(!VirtualAlloc(part, 1, COMMIT, PAGE_READWRITE).is_null());
        assert_eq!(*part.cast::<u8>(), 0);
        assert_eq!(VirtualFree(base, 0, RELEASE), TRUE);
        assert_eq!(query(base).State, FREE);
    }
}

#[test]
fn reserve_and_commit_in_one_call() {
    unsafe {
        let base = VirtualAlloc(null_mut(), 100, COMMIT | RESERVE, PAGE_READWRITE);
        *base.cast::<u8>().add(PAGE - 1) = 1;
        assert_eq!(query(base).RegionSize, PAGE);
        // A commit without an address reserves too.
        let other = VirtualAlloc(null_mut(), 100, COMMIT, PAGE_READWRITE);
        assert!(!other.is_null());
        assert_eq!(VirtualFree(other, 0, RELEASE), TRUE);
        assert_eq!(VirtualFree(base, 0, RELEASE), TRUE);
    }
}

#[test]
fn reserving_at_an_address_rounds_down_to_the_grain_and_refuses_what_is_taken() {
    unsafe {
        let base = VirtualAlloc(quiet(2), 4 * GRAIN, RESERVE, PAGE_NOACCESS);
        assert!(VirtualAlloc(base.byte_add(GRAIN), PAGE, RESERVE, PAGE_NOACCESS).is_null());
        assert_eq!(error(), 487);
        assert_eq!(VirtualFree(base, 0, RELEASE), TRUE);
        let again = VirtualAlloc(base.byte_add(GRAIN + 5), PAGE, RESERVE, PAGE_NOACCESS);
        assert_eq!(again, base.byte_add(GRAIN));
        assert_eq!(query(again).RegionSize, 2 * PAGE, "to the end of the page asked for");
        assert_eq!(VirtualFree(again, 0, RELEASE), TRUE);
    }
}

#[test]
fn virtual_alloc_refuses_bad_parameters() {
    let cases: [(usize, usize, u32, u32, u32); 9] = [
        (0, 0, COMMIT, PAGE_READWRITE, 87),
        (0, 1, 0, PAGE_READWRITE, 87),
        (0, 1, COMMIT | 1, PAGE_READWRITE, 87),
        (0, 1, COMMIT, 0, 87),
        (0, 1, COMMIT, PAGE_READONLY | PAGE_READWRITE, 87),
        (0, 1, COMMIT, PAGE_WRITECOPY, 87),
        (0, 1, COMMIT, PAGE_NOACCESS | 0x100, 87),
        (0x7000_0000_0000, 1, COMMIT, PAGE_READWRITE, 487),
        (0, 1, COMMIT | RESERVE | 0x2000_0000, PAGE_READWRITE, 1314),
    ];
    for (address, size, kind, protect, code) in cases {
        unsafe {
            SetLastError(0);
            let base = VirtualAlloc(without_provenance_mut(address), size, kind, protect);
            assert!(base.is_null(), "{size} {kind:x} {protect:x}");
            assert_eq!(error(), code, "{size} {kind:x} {protect:x}");
        }
    }
    unsafe {
        assert!(VirtualAlloc(null_mut(), 1 << 50, RESERVE, PAGE_NOACCESS).is_null());
        assert_eq!(error(), 87, "more than any address space");
        assert!(VirtualAlloc(null_mut(), 0x7FFF_0000_0000, RESERVE, PAGE_NOACCESS).is_null());
        assert_eq!(error(), 8, "more than is free");
    }
}

#[test]
fn virtual_free_refuses_bad_parameters() {
    unsafe {
        let base = VirtualAlloc(quiet(3), 3 * PAGE, RESERVE, PAGE_NOACCESS);
        let cases = [
            (base, PAGE, RELEASE, 87),
            (base, 0, RELEASE | DECOMMIT, 87),
            (base, 0, 0, 87),
            (base.byte_add(PAGE), 0, RELEASE, 487),
            (base.byte_add(PAGE), 0, DECOMMIT, 487),
            (base, 4 * PAGE, DECOMMIT, 87),
        ];
        for (address, size, kind, code) in cases {
            assert_eq!(VirtualFree(address, size, kind), FALSE, "{size} {kind:x}");
            assert_eq!(error(), code, "{size} {kind:x}");
        }
        assert_eq!(VirtualFree(base, 0, DECOMMIT), TRUE, "what is not committed is no error");
        assert_eq!(VirtualFree(base, 0, RELEASE), TRUE);
        assert_eq!(VirtualFree(base, 0, RELEASE), FALSE);
        assert_eq!(error(), 487);
    }
}

#[test]
fn virtual_protect_changes_committed_pages_only() {
    unsafe {
        let base = VirtualAlloc(null_mut(), 3 * PAGE, RESERVE, PAGE_NOACCESS);
        VirtualAlloc(base, PAGE, COMMIT, PAGE_READWRITE);
        let mut old = 0;
        assert_eq!(VirtualProtect(base, PAGE, PAGE_READONLY, &mut old), TRUE);
        assert_eq!(old, PAGE_READWRITE);
        assert_eq!(query(base).Protect, PAGE_READONLY);
        assert_eq!(VirtualProtect(base, PAGE, 0x55, &mut old), FALSE);
        assert_eq!(error(), 87);
        assert_eq!(VirtualProtect(base, 2 * PAGE, PAGE_READONLY, &mut old), FALSE);
        assert_eq!(error(), 487);
        assert_eq!(VirtualProtect(base, PAGE, PAGE_READWRITE, null_mut()), FALSE);
        assert_eq!(error(), 998);
        assert_eq!(VirtualFree(base, 0, RELEASE), TRUE);
    }
}

#[test]
fn virtual_query_knows_memory_of_others() {
    let on_the_stack = 1_u8;
    let info = query((&raw const on_the_stack).cast_mut().cast());
    assert_eq!((info.State, info.Protect, info.Type), (COMMIT, PAGE_READWRITE, 0x2_0000));
    let code = query(VirtualQuery as *mut std::ffi::c_void);
    assert_eq!((code.State, code.Protect, code.Type), (COMMIT, 0x20, 0x100_0000));
    assert!(code.AllocationBase <= code.BaseAddress && !code.AllocationBase.is_null());
    unsafe {
        let mut info: MEMORY_BASIC_INFORMATION = zeroed();
        assert_eq!(VirtualQuery(null_mut(), &mut info, 47), 0);
        assert_eq!(error(), 24);
        assert_eq!(VirtualQuery(without_provenance_mut(1 << 62), &mut info, 48), 0);
        assert_eq!(error(), 87);
        assert_eq!(VirtualQuery(null_mut(), &mut info, 48), 48);
        assert_eq!((info.State, info.Protect), (FREE, PAGE_NOACCESS));
    }
}

#[test]
fn virtual_unlock_refuses_what_is_not_locked() {
    unsafe {
        let base = VirtualAlloc(null_mut(), 2 * PAGE, RESERVE, PAGE_NOACCESS);
        assert_eq!(VirtualLock(base, PAGE), FALSE);
        assert_eq!(error(), 487, "not committed");
        VirtualAlloc(base, PAGE, COMMIT, PAGE_READWRITE);
        assert_eq!(VirtualUnlock(base, PAGE), FALSE);
        assert_eq!(error(), 158);
        assert_eq!(VirtualLock(base, PAGE), TRUE);
        assert_eq!(VirtualUnlock(base, PAGE), TRUE);
        assert_eq!(VirtualFree(base, 0, RELEASE), TRUE);
    }
}

#[test]
fn heap_blocks_keep_their_size_and_contents() {
    unsafe {
        for heap in [GetProcessHeap(), HeapCreate(0, 0, 0)] {
            let block = HeapAlloc(heap, 8, 1001).cast::<u8>();
            assert!(block.addr().is_multiple_of(16));
            assert!((0..1001).all(|at| *block.add(at) == 0));
            assert_eq!(HeapSize(heap, 0, block.cast()), 1001);
            *block = 7;
            let block = HeapReAlloc(heap, 8, block.cast(), 100_000).cast::<u8>();
            assert_eq!(*block, 7);
            assert!((1001..100_000).all(|at| *block.add(at) == 0), "the new part is zero");
            assert_eq!(HeapValidate(heap, 0, block.cast()), TRUE);
            assert_eq!(HeapValidate(heap, 0, null_mut()), TRUE);
            assert!(HeapReAlloc(heap, 0x10, block.cast(), 1 << 30).is_null(), "not in place");
            assert_eq!(HeapSize(heap, 0, block.cast()), 100_000);
            assert_eq!(HeapFree(heap, 0, block.cast()), TRUE);
            assert_eq!(HeapFree(heap, 0, null_mut()), TRUE);
            assert!(HeapReAlloc(heap, 0, null_mut(), 10).is_null());
        }
    }
}

#[test]
fn heap_destroy_frees_its_blocks_and_not_the_process_heap() {
    unsafe {
        let heap = HeapCreate(0, 0, 0);
        let blocks: Vec<_> = (0..100).map(|size| HeapAlloc(heap, 0, size)).collect();
        for block in blocks.iter().step_by(3) {
            assert_eq!(HeapFree(heap, 0, *block), TRUE);
        }
        let other = HeapAlloc(GetProcessHeap(), 0, 10);
        assert_eq!(HeapFree(heap, 0, other), FALSE, "a block of another heap");
        assert_eq!(error(), 87);
        HeapFree(GetProcessHeap(), 0, other);
        assert_eq!(HeapValidate(heap, 0, null_mut()), TRUE);
        assert_eq!(HeapDestroy(heap), TRUE);
        assert_eq!(HeapDestroy(GetProcessHeap()), FALSE);
        assert_eq!(error(), 6);
    }
}

#[test]
fn heap_of_a_maximum_size_does_not_grow() {
    unsafe {
        let heap = HeapCreate(0, 0, 0x2_0000);
        assert!(HeapAlloc(heap, 0, 0x2_0000).is_null());
        let first = HeapAlloc(heap, 0, 0x1_0000);
        assert!(!first.is_null());
        assert!(HeapAlloc(heap, 0, 0x1_0000).is_null());
        HeapFree(heap, 0, first);
        assert!(!HeapAlloc(heap, 0, 0x1_0000).is_null());
        assert_eq!(HeapDestroy(heap), TRUE);
    }
}

#[test]
fn movable_memory_is_locked_and_counted() {
    const MOVEABLE: u32 = 2;
    const ZEROINIT: u32 = 0x40;
    unsafe {
        let handle = GlobalAlloc(MOVEABLE | ZEROINIT, 50);
        let memory = GlobalLock(handle);
        assert_ne!(memory, handle);
        assert_eq!(GlobalLock(handle), memory);
        assert_eq!(GlobalFlags(handle) & 0xFF, 2);
        assert_eq!(GlobalSize(handle), 50);
        assert_eq!(*memory.cast::<u8>(), 0);
        *memory.cast::<u8>() = 5;
        assert_eq!(GlobalUnlock(handle), TRUE);
        SetLastError(77);
        assert_eq!(GlobalUnlock(handle), FALSE);
        assert_eq!(error(), 0, "the last lock is gone, which is no error");
        assert_eq!(GlobalUnlock(handle), FALSE);
        assert_eq!(error(), 158);
        assert_eq!(GlobalReAlloc(handle, 5000, MOVEABLE), handle);
        assert_eq!(*GlobalLock(handle).cast::<u8>(), 5);
        assert_eq!(GlobalSize(handle), 5000);
        assert!(GlobalFree(handle).is_null());

        let discarded = GlobalAlloc(MOVEABLE, 0);
        assert_ne!(GlobalFlags(discarded) & 0x4000, 0);
        assert!(GlobalLock(discarded).is_null());
        assert_eq!(error(), 157);
        assert!(GlobalFree(discarded).is_null());
    }
}

#[test]
fn fixed_memory_is_its_own_handle() {
    unsafe {
        let memory = LocalAlloc(0, 20);
        assert_eq!(LocalLock(memory), memory);
        assert_eq!(LocalUnlock(memory), FALSE);
        assert_eq!(error(), 158);
        assert_eq!(LocalSize(memory), 20);
        assert_eq!(LocalFlags(memory), 0);
        let memory = LocalReAlloc(memory, 100_000, 2);
        assert_eq!(LocalSize(memory), 100_000);
        assert!(LocalFree(memory).is_null());
        assert!(LocalFree(null_mut()).is_null());
    }
}

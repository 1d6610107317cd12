//! `VirtualAlloc` and its family.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::maps::{self, Mapping};
use super::space::{page_floor, page_range, protect, space};
use super::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_FREE, MEM_LARGE_PAGES, MEM_PRIVATE, MEM_RELEASE, MEM_RESERVE,
    MEM_RESET, MEM_RESET_UNDO, MEM_TOP_DOWN, MEM_WRITE_WATCH, PAGE_NOACCESS, linux_protection,
};
use crate::codes::{
    ERROR_BAD_LENGTH, ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER, ERROR_NOACCESS,
    ERROR_NOT_SUPPORTED, ERROR_PRIVILEGE_NOT_HELD,
};
use crate::errhandlingapi::{fail, set_last_error};
use crate::sysinfoapi::ADDRESS_MAX;
use crate::types::{BOOL, DWORD, LPCVOID, LPVOID, MEMORY_BASIC_INFORMATION, SIZE_T, TRUE};

fn pointer(address: usize) -> LPVOID {
    std::ptr::with_exposed_provenance_mut(address)
}

fn answer(result: Result<(), u32>) -> BOOL {
    match result {
        Ok(()) => TRUE,
        Err(code) => fail(code),
    }
}

/// `VirtualAlloc`: reserves address space, commits pages, or both.
///
/// Write watching is refused with `ERROR_NOT_SUPPORTED`, large pages with
/// `ERROR_PRIVILEGE_NOT_HELD`, as for a program without that privilege.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualAlloc(
    lpAddress: LPVOID,
    dwSize: SIZE_T,
    flAllocationType: DWORD,
    flProtect: DWORD,
) -> LPVOID {
    match allocate(lpAddress.expose_provenance(), dwSize, flAllocationType, flProtect) {
        Ok(base) => pointer(base),
        Err(code) => {
            set_last_error(code);
            std::ptr::null_mut()
        }
    }
}

fn allocate(address: usize, size: usize, kind: u32, page: u32) -> Result<usize, u32> {
    let known = MEM_COMMIT
        | MEM_RESERVE
        | MEM_RESET
        | MEM_RESET_UNDO
        | MEM_TOP_DOWN
        | MEM_WRITE_WATCH
        | MEM_LARGE_PAGES;
    let bits = linux_protection(page).ok_or(ERROR_INVALID_PARAMETER)?;
    let resets = kind & (MEM_RESET | MEM_RESET_UNDO);
    let begins = kind & (MEM_COMMIT | MEM_RESERVE);
    if size == 0 || kind & !known != 0 || (resets | begins) == 0 {
        return Err(ERROR_INVALID_PARAMETER);
    }
    if resets != 0 {
        return reset(address, size, kind);
    }
    let reserves = kind & MEM_RESERVE != 0 || address == 0;
    if kind & (MEM_WRITE_WATCH | MEM_LARGE_PAGES) != 0 {
        if !reserves {
            return Err(ERROR_INVALID_PARAMETER);
        }
        let refused = if kind & MEM_LARGE_PAGES != 0 {
            ERROR_PRIVILEGE_NOT_HELD
        } else {
            ERROR_NOT_SUPPORTED
        };
        return Err(refused);
    }
    let mut space = space();
    if reserves {
        let (base, end) = space.reserve(address, size, page)?;
        if kind & MEM_COMMIT != 0 {
            let region = space.find(base).ok_or(ERROR_INVALID_ADDRESS)?;
            if let Err(code) = region.commit(base, end, page, bits) {
                space.release(base)?;
                return Err(code);
            }
        }
        return Ok(base);
    }
    let (start, end) = page_range(address, size).ok_or(ERROR_INVALID_PARAMETER)?;
    let region = space.find(start).ok_or(ERROR_INVALID_ADDRESS)?;
    if !region.contains(start, end) {
        return Err(ERROR_INVALID_ADDRESS);
    }
    region.commit(start, end, page, bits)?;
    Ok(start)
}

/// `MEM_RESET` says that the contents do not matter, `MEM_RESET_UNDO` that they do again. The
/// pages keep their contents either way, which both allow.
fn reset(address: usize, size: usize, kind: u32) -> Result<usize, u32> {
    if kind != MEM_RESET && kind != MEM_RESET_UNDO {
        return Err(ERROR_INVALID_PARAMETER);
    }
    let (start, end) = page_range(address, size).ok_or(ERROR_INVALID_PARAMETER)?;
    match space().find(start) {
        Some(region) if region.committed(start, end) => Ok(start),
        _ => Err(ERROR_INVALID_ADDRESS),
    }
}

/// `VirtualFree`: decommits pages, or releases a whole reservation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualFree(lpAddress: LPVOID, dwSize: SIZE_T, dwFreeType: DWORD) -> BOOL {
    answer(free(lpAddress.addr(), dwSize, dwFreeType))
}

fn free(address: usize, size: usize, kind: u32) -> Result<(), u32> {
    let mut space = space();
    match kind {
        MEM_RELEASE if size != 0 => Err(ERROR_INVALID_PARAMETER),
        MEM_RELEASE => space.release(page_floor(address)),
        MEM_DECOMMIT => {
            let start = page_floor(address);
            let region = space.find(start).ok_or(ERROR_INVALID_ADDRESS)?;
            if size == 0 {
                if start != region.base {
                    return Err(ERROR_INVALID_ADDRESS);
                }
                return region.decommit(start, start + region.size);
            }
            let (start, end) = page_range(address, size).ok_or(ERROR_INVALID_PARAMETER)?;
            if !region.contains(start, end) {
                return Err(ERROR_INVALID_PARAMETER);
            }
            region.decommit(start, end)
        }
        _ => Err(ERROR_INVALID_PARAMETER),
    }
}

/// `VirtualProtect`: changes the protection of committed pages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualProtect(
    lpAddress: LPVOID,
    dwSize: SIZE_T,
    flNewProtect: DWORD,
    lpflOldProtect: *mut DWORD,
) -> BOOL {
    if lpflOldProtect.is_null() {
        return fail(ERROR_NOACCESS);
    }
    match change(lpAddress.addr(), dwSize, flNewProtect) {
        Ok(old) => {
            // SAFETY: the caller's promise: valid for writes.
            unsafe { lpflOldProtect.write(old) };
            TRUE
        }
        Err(code) => fail(code),
    }
}

fn change(address: usize, size: usize, page: u32) -> Result<u32, u32> {
    let bits = linux_protection(page).ok_or(ERROR_INVALID_PARAMETER)?;
    if size == 0 {
        return Err(ERROR_INVALID_PARAMETER);
    }
    let (start, end) = page_range(address, size).ok_or(ERROR_INVALID_PARAMETER)?;
    let mut space = space();
    if let Some(region) = space.find(start) {
        if !region.committed(start, end) {
            return Err(ERROR_INVALID_ADDRESS);
        }
        let old = region.pages.at(start - region.base).0;
        region.commit(start, end, page, bits)?;
        return Ok(old);
    }
    // Memory that came another way: a mapping of the loader or of the C library.
    let old = covering(&maps::read(), start, end).ok_or(ERROR_INVALID_ADDRESS)?;
    if protect(start, end, bits) { Ok(old) } else { Err(ERROR_INVALID_PARAMETER) }
}

/// The protection at the start of a range that is mapped throughout.
fn covering(mappings: &[Mapping], start: usize, end: usize) -> Option<u32> {
    let mut at = start;
    let mut first = None;
    for mapping in mappings.iter().filter(|m| m.end > start && m.start < end) {
        if mapping.start > at {
            return None;
        }
        first.get_or_insert(mapping.protect);
        at = mapping.end;
    }
    if at >= end { first } else { None }
}

/// `VirtualQuery`: the run of pages in one state that an address is in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualQuery(
    lpAddress: LPCVOID,
    lpBuffer: *mut MEMORY_BASIC_INFORMATION,
    dwLength: SIZE_T,
) -> SIZE_T {
    const SIZE: usize = size_of::<MEMORY_BASIC_INFORMATION>();
    let code = if lpAddress.addr() > ADDRESS_MAX {
        ERROR_INVALID_PARAMETER
    } else if dwLength < SIZE {
        ERROR_BAD_LENGTH
    } else if lpBuffer.is_null() {
        ERROR_NOACCESS
    } else {
        // SAFETY: the caller's promise: valid for writes of the length.
        unsafe { lpBuffer.write(query(page_floor(lpAddress.addr()))) };
        return SIZE;
    };
    set_last_error(code);
    0
}

fn query(start: usize) -> MEMORY_BASIC_INFORMATION {
    let mut space = space();
    if let Some(region) = space.find(start) {
        let (page, _, end) = region.pages.at(start - region.base);
        return MEMORY_BASIC_INFORMATION {
            BaseAddress: pointer(start),
            AllocationBase: pointer(region.base),
            AllocationProtect: region.protect,
            PartitionId: 0,
            RegionSize: end - (start - region.base),
            State: if page == 0 { MEM_RESERVE } else { MEM_COMMIT },
            Protect: page,
            Type: MEM_PRIVATE,
        };
    }
    let next_region = space.next_base(start).unwrap_or(ADDRESS_MAX + 1);
    drop(space);
    let mappings = maps::read();
    match mappings.iter().position(|m| (m.start..m.end).contains(&start)) {
        Some(at) => query_mapping(&mappings, at, start, next_region),
        None => {
            let next = mappings.iter().map(|m| m.start).find(|&s| s > start);
            let end = next.unwrap_or(ADDRESS_MAX + 1).min(next_region).max(start);
            MEMORY_BASIC_INFORMATION {
                BaseAddress: pointer(start),
                AllocationBase: pointer(0),
                AllocationProtect: 0,
                PartitionId: 0,
                RegionSize: end - start,
                State: MEM_FREE,
                Protect: PAGE_NOACCESS,
                Type: 0,
            }
        }
    }
}

fn query_mapping(
    mappings: &[Mapping],
    at: usize,
    start: usize,
    limit: usize,
) -> MEMORY_BASIC_INFORMATION {
    let own = &mappings[at];
    // The parts of one file follow each other; the first is where the allocation begins.
    let mut first = at;
    while first > 0
        && mappings[first - 1].end == mappings[first].start
        && mappings[first - 1].path == own.path
        && !own.path.is_empty()
    {
        first -= 1;
    }
    MEMORY_BASIC_INFORMATION {
        BaseAddress: pointer(start),
        AllocationBase: pointer(mappings[first].start),
        AllocationProtect: mappings[first].protect,
        PartitionId: 0,
        RegionSize: own.end.min(limit) - start,
        State: MEM_COMMIT,
        Protect: own.protect,
        Type: own.kind,
    }
}

/// `GetLargePageMinimum`: 0, since `VirtualAlloc` gives no large pages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetLargePageMinimum() -> SIZE_T {
    0
}

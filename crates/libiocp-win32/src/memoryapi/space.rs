//! The reservations of `VirtualAlloc`.
//!
//! A reservation is an inaccessible mapping; committing makes pages of it accessible, and
//! decommitting takes them back and drops their contents. Errors are Win32 codes.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::runs::Runs;
use crate::codes::{
    ERROR_COMMITMENT_LIMIT, ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY,
};
use crate::sysinfoapi::{ADDRESS_MAX, ADDRESS_MIN, GRANULARITY, page_size};

/// A reservation: its size, the protection asked for, and that of each page (0: not committed).
#[derive(Debug)]
pub(super) struct Region {
    pub(super) base: usize,
    pub(super) size: usize,
    pub(super) protect: u32,
    pub(super) pages: Runs,
}

/// All reservations, by address.
#[derive(Debug)]
pub(super) struct Space {
    regions: BTreeMap<usize, Region>,
}

static SPACE: Mutex<Space> = Mutex::new(Space { regions: BTreeMap::new() });

/// The reservations, locked.
pub(super) fn space() -> MutexGuard<'static, Space> {
    SPACE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn page_floor(address: usize) -> usize {
    address & !(page_size() - 1)
}

/// The pages a range touches, or `None` when it leaves the address space.
pub(super) fn page_range(address: usize, size: usize) -> Option<(usize, usize)> {
    let last = address.checked_add(size)?.checked_add(page_size() - 1)?;
    let end = page_floor(last);
    (end <= ADDRESS_MAX + 1).then_some((page_floor(address), end))
}

/// Sets what may be done with pages.
pub(super) fn protect(start: usize, end: usize, bits: i32) -> bool {
    let address = std::ptr::with_exposed_provenance_mut(start);
    // SAFETY: the pages are mapped and the program asked for the change.
    unsafe { libc::mprotect(address, end - start, bits) == 0 }
}

fn map(address: usize, size: usize, flags: i32) -> Option<usize> {
    let flags = flags | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let hint = std::ptr::with_exposed_provenance_mut(address);
    // SAFETY: a new mapping that replaces none.
    let mapped = unsafe { libc::mmap(hint, size, libc::PROT_NONE, flags, -1, 0) };
    (mapped != libc::MAP_FAILED).then(|| mapped.expose_provenance())
}

fn unmap(start: usize, end: usize) {
    if start < end {
        // SAFETY: callers name pages of a mapping that is theirs.
        unsafe { libc::munmap(std::ptr::with_exposed_provenance_mut(start), end - start) };
    }
}

impl Space {
    /// The reservation an address is in.
    pub(super) fn find(&mut self, address: usize) -> Option<&mut Region> {
        let (_, region) = self.regions.range_mut(..=address).next_back()?;
        (address < region.base + region.size).then_some(region)
    }

    /// The next reservation above an address.
    pub(super) fn next_base(&self, address: usize) -> Option<usize> {
        self.regions.range(address..).next().map(|(&base, _)| base)
    }

    /// Reserves; address 0 is anywhere. Gives the base and the end.
    pub(super) fn reserve(
        &mut self,
        address: usize,
        size: usize,
        protect: u32,
    ) -> Result<(usize, usize), u32> {
        let (base, end) = if address == 0 {
            let (_, size) = page_range(0, size).ok_or(ERROR_INVALID_PARAMETER)?;
            reserve_anywhere(size).ok_or(ERROR_NOT_ENOUGH_MEMORY)?
        } else {
            let (_, end) = page_range(address, size).ok_or(ERROR_INVALID_PARAMETER)?;
            let base = address & !(GRANULARITY - 1);
            if base < ADDRESS_MIN {
                return Err(ERROR_INVALID_PARAMETER);
            }
            let found = map(base, end - base, libc::MAP_FIXED_NOREPLACE);
            match found {
                Some(found) if found == base => (base, end),
                Some(found) => {
                    // A kernel older than the flag takes the address as a hint.
                    unmap(found, found + (end - base));
                    return Err(ERROR_INVALID_ADDRESS);
                }
                None => return Err(ERROR_INVALID_ADDRESS),
            }
        };
        let size = end - base;
        let region = Region { base, size, protect, pages: Runs::new(size, 0) };
        self.regions.insert(base, region);
        Ok((base, end))
    }

    /// Frees a reservation, by its base.
    pub(super) fn release(&mut self, base: usize) -> Result<(), u32> {
        let region = self.regions.remove(&base).ok_or(ERROR_INVALID_ADDRESS)?;
        unmap(region.base, region.base + region.size);
        Ok(())
    }
}

/// Maps a grain more than asked for and gives back what is around the aligned part.
fn reserve_anywhere(size: usize) -> Option<(usize, usize)> {
    let room = size.checked_add(GRANULARITY)?;
    let start = map(0, room, 0)?;
    let base = start.next_multiple_of(GRANULARITY);
    unmap(start, base);
    unmap(base + size, start + room);
    Some((base, base + size))
}

impl Region {
    /// Whether a range of pages is inside.
    pub(super) fn contains(&self, start: usize, end: usize) -> bool {
        start >= self.base && end <= self.base + self.size
    }

    /// Commits pages, or changes the protection of those that are.
    pub(super) fn commit(
        &mut self,
        start: usize,
        end: usize,
        page: u32,
        bits: i32,
    ) -> Result<(), u32> {
        if !protect(start, end, bits) {
            return Err(ERROR_COMMITMENT_LIMIT);
        }
        self.pages.set(start - self.base, end - self.base, page);
        Ok(())
    }

    /// Takes pages back; what was in them is gone.
    pub(super) fn decommit(&mut self, start: usize, end: usize) -> Result<(), u32> {
        // A fresh mapping in the same place also gives back what was charged for the old one.
        if map(start, end - start, libc::MAP_FIXED).is_none() {
            return Err(ERROR_NOT_ENOUGH_MEMORY);
        }
        self.pages.set(start - self.base, end - self.base, 0);
        Ok(())
    }

    /// Whether all pages of a range are committed.
    pub(super) fn committed(&self, start: usize, end: usize) -> bool {
        self.contains(start, end)
            && self.pages.all(start - self.base, end - self.base, |page| page != 0)
    }
}

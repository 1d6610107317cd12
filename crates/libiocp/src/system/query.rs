//! What may be asked of a handle, and the little of it that may be changed.

use super::{Entry, INHERIT, PROTECT_FROM_CLOSE, System, is_pseudo};
use crate::object::Kind;
use crate::status::Status;
use std::collections::HashSet;

impl System {
    /// The rights and the flags of a handle; a pseudo-handle has all rights.
    ///
    /// # Errors
    /// `INVALID_HANDLE`.
    pub fn rights_and_flags(&self, value: usize) -> Result<(u32, u8), Status> {
        if is_pseudo(value) {
            return Ok((self.look_up(value)?.0.kind().all_access(), 0));
        }
        let copy = |entry: &Entry| (entry.access, entry.flags);
        self.table.get(value, copy).ok_or(Status::INVALID_HANDLE)
    }

    /// The flags of a handle; none for a pseudo-handle.
    ///
    /// # Errors
    /// `INVALID_HANDLE`.
    pub fn flags(&self, value: usize) -> Result<u8, Status> {
        if is_pseudo(value) {
            return Ok(0);
        }
        self.table.get(value, |entry| entry.flags).ok_or(Status::INVALID_HANDLE)
    }

    /// Changes those flags of a handle that are in `mask`.
    ///
    /// # Errors
    /// `INVALID_HANDLE`; `ACCESS_DENIED` for a pseudo-handle.
    pub fn set_flags(&self, value: usize, mask: u8, flags: u8) -> Result<(), Status> {
        if is_pseudo(value) {
            return Err(Status::ACCESS_DENIED);
        }
        let mask = mask & (INHERIT | PROTECT_FROM_CLOSE);
        self.table
            .update(value, |entry| entry.flags = entry.flags & !mask | flags & mask)
            .ok_or(Status::INVALID_HANDLE)
    }

    /// Whether two handles name one object.
    ///
    /// # Errors
    /// `INVALID_HANDLE` if either does not exist.
    pub fn compare(&self, first: usize, second: usize) -> Result<bool, Status> {
        let (first, second) = (self.look_up(first)?.0, self.look_up(second)?.0);
        Ok(first.is_same(&second))
    }

    /// How many objects of this kind there are that have handles, and how many
    /// handles they have.
    pub fn count(&self, kind: Kind) -> [usize; 2] {
        let mut objects = HashSet::with_capacity(self.table.len());
        let mut handles = 0;
        self.table.for_each(|_, entry| {
            let object = entry.object.reference();
            if object.kind() == kind {
                objects.insert(object.identity());
                handles += 1;
            }
        });
        [objects.len(), handles]
    }
}

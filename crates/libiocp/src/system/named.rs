//! Creating and opening objects that may have names.

use super::System;
use crate::object::{Kind, Name, Object, ObjectRef};
use crate::status::Status;

impl System {
    /// Makes an object and gives it a value. With a name that an object has
    /// already it is that object's value instead, and true is told.
    ///
    /// # Errors
    /// `OBJECT_TYPE_MISMATCH` if that is of another kind; then those of
    /// [`Kind::check_access`]; `INSUFFICIENT_RESOURCES`.
    pub fn create(
        &self,
        object: Object,
        name: Option<&Name>,
        desired: u32,
        flags: u8,
    ) -> Result<(usize, bool), Status> {
        self.check_not_forked()?;
        let kind = object.kind();
        if let Some(found) = name.and_then(|name| self.names.find_or_add(name, &object)) {
            abandon(&object);
            return Ok((self.insert_found(found, kind, desired, flags)?, true));
        }
        let access = kind.map_access(desired);
        Ok((self.insert_with(object, access, flags)?, false))
    }

    /// Gives the object that has this name one more value.
    ///
    /// # Errors
    /// `OBJECT_NAME_NOT_FOUND`; otherwise as [`System::create`].
    pub fn open(&self, kind: Kind, name: &Name, desired: u32, flags: u8) -> Result<usize, Status> {
        self.check_not_forked()?;
        let found = self.names.find(name).ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        self.insert_found(found, kind, desired, flags)
    }

    fn insert_found(
        &self,
        found: Object,
        kind: Kind,
        desired: u32,
        flags: u8,
    ) -> Result<usize, Status> {
        if found.kind() != kind {
            return Err(Status::OBJECT_TYPE_MISMATCH);
        }
        let access = kind.check_access(desired)?;
        self.insert_with(found, access, flags)
    }

    /// The full name of an object, if it has one.
    pub fn name_of(&self, object: &ObjectRef) -> Option<Vec<u16>> {
        self.names.name_of(object)
    }
}

/// Nobody is going to use what was made.
fn abandon(object: &Object) {
    if let Object::Mutex(mutex) = object {
        // Its maker may own it already.
        mutex.signal().give_back();
    }
}

//! What creates or opens an object: attributes in, a handle out.
#![allow(unsafe_code)]

use super::types::{ACCESS_MASK, NTSTATUS, OBJECT_ATTRIBUTES};
use crate::kernel::system;
use crate::types::HANDLE;
use libiocp::object::{Kind, Name, Object};
use libiocp::status::Status;
use libiocp::system::INHERIT;

const OBJ_INHERIT: u32 = 2;
const OBJ_PERMANENT: u32 = 0x10;
const OBJ_CASE_INSENSITIVE: u32 = 0x40;
const OBJ_OPENIF: u32 = 0x80;
const OBJ_VALID_ATTRIBUTES: u32 = 0x1FF2;

/// What the caller says of an object.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    flags: u32,
    name: Option<Name>,
}

impl Attributes {
    /// # Safety
    /// NULL, or valid with everything in it.
    pub(super) unsafe fn of(attributes: *const OBJECT_ATTRIBUTES) -> Result<Self, Status> {
        // SAFETY: by the contract of this function.
        let Some(attributes) = (unsafe { attributes.as_ref() }) else {
            return Ok(Self::default());
        };
        let flags = attributes.Attributes;
        let is_right_size = attributes.Length as usize == size_of::<OBJECT_ATTRIBUTES>();
        if !is_right_size || flags & !OBJ_VALID_ATTRIBUTES != 0 {
            return Err(Status::INVALID_PARAMETER);
        }
        // SAFETY: as above.
        let name = match unsafe { attributes.ObjectName.as_ref() } {
            Some(name) if name.Length % 2 != 0 => return Err(Status::OBJECT_NAME_INVALID),
            Some(name) if name.Length != 0 && name.Buffer.is_null() => {
                return Err(Status::ACCESS_VIOLATION);
            }
            Some(name) if name.Length != 0 => {
                if !attributes.RootDirectory.is_null() {
                    // There are no directories that a handle could name.
                    system().look_up(attributes.RootDirectory as usize)?;
                    return Err(Status::OBJECT_TYPE_MISMATCH);
                }
                let length = usize::from(name.Length / 2);
                // SAFETY: as above.
                let units = unsafe { std::slice::from_raw_parts(name.Buffer, length) };
                Some(Name::of_native(units, flags & OBJ_CASE_INSENSITIVE != 0)?)
            }
            _ => None,
        };
        Ok(Self { flags, name })
    }

    pub(super) fn is_named(&self) -> bool {
        self.name.is_some()
    }

    fn handle_flags(&self) -> u8 {
        if self.flags & OBJ_INHERIT != 0 { INHERIT } else { 0 }
    }

    /// The status, and the value that goes with it.
    fn create(&self, object: Object, access: ACCESS_MASK) -> Result<(Status, usize), Status> {
        if self.flags & OBJ_PERMANENT != 0 {
            return Err(Status::PRIVILEGE_NOT_HELD);
        }
        let flags = self.handle_flags();
        let Some(name) = &self.name else {
            let (value, _) = system().create(object, None, access, flags)?;
            return Ok((Status::SUCCESS, value));
        };
        match system().create(object, Some(name), access, flags)? {
            (value, false) => Ok((Status::SUCCESS, value)),
            (value, true) if self.flags & OBJ_OPENIF != 0 => {
                Ok((Status::OBJECT_NAME_EXISTS, value))
            }
            (value, true) => {
                let _ = system().close(value);
                Err(Status::OBJECT_NAME_COLLISION)
            }
        }
    }

    fn open(&self, kind: Kind, access: ACCESS_MASK) -> Result<(Status, usize), Status> {
        let name = self.name.as_ref().ok_or(Status::OBJECT_PATH_SYNTAX_BAD)?;
        let value = system().open(kind, name, access, self.handle_flags())?;
        Ok((Status::SUCCESS, value))
    }
}

/// Stores the handle of what `f` finds or makes.
///
/// # Safety
/// Both pointers are NULL or valid.
unsafe fn with_attributes(
    handle: *mut HANDLE,
    attributes: *const OBJECT_ATTRIBUTES,
    f: impl FnOnce(&Attributes) -> Result<(Status, usize), Status>,
) -> NTSTATUS {
    if handle.is_null() {
        return Status::ACCESS_VIOLATION.0 as NTSTATUS;
    }
    // SAFETY: by the contract of this function.
    match unsafe { Attributes::of(attributes) }.and_then(|attributes| f(&attributes)) {
        Err(status) => status.0 as NTSTATUS,
        Ok((status, value)) => {
            // SAFETY: as above; it is not NULL.
            unsafe { handle.write(value as HANDLE) };
            status.0 as NTSTATUS
        }
    }
}

/// Creates an object, or finds the one that has its name.
///
/// # Safety
/// Both pointers are NULL or valid.
pub(super) unsafe fn create(
    handle: *mut HANDLE,
    access: ACCESS_MASK,
    attributes: *const OBJECT_ATTRIBUTES,
    make: impl FnOnce() -> Object,
) -> NTSTATUS {
    // SAFETY: by the contract of this function.
    unsafe { with_attributes(handle, attributes, |it| it.create(make(), access)) }
}

/// Opens the object that has a name.
///
/// # Safety
/// Both pointers are NULL or valid.
pub(super) unsafe fn open(
    handle: *mut HANDLE,
    access: ACCESS_MASK,
    attributes: *const OBJECT_ATTRIBUTES,
    kind: Kind,
) -> NTSTATUS {
    if !handle.is_null() && attributes.is_null() {
        return Status::INVALID_PARAMETER.0 as NTSTATUS;
    }
    // SAFETY: by the contract of this function.
    unsafe { with_attributes(handle, attributes, |it| it.open(kind, access)) }
}

//! Creating and opening objects that may have names, for every kind alike.
#![allow(unsafe_code)]

use crate::errhandlingapi::set_last_error;
use crate::kernel::{null_on_error, system};
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES};
use libiocp::object::{Kind, Name, Object};
use libiocp::status::Status;
use libiocp::system::INHERIT;

const ERROR_ALREADY_EXISTS: DWORD = 183;
/// Narrow names are shorter than this; wide ones may be longer.
const MAX_PATH: usize = 260;

/// What the caller has for a name.
pub(crate) enum Given {
    /// NULL.
    Nothing,
    /// A string without a character.
    Empty,
    /// A name, or why it is none.
    Name(Result<Name, Status>),
}

impl Given {
    fn of(units: &[u16]) -> Self {
        if units.is_empty() { Self::Empty } else { Self::Name(Name::of_win32(units)) }
    }

    /// # Safety
    /// NULL, or a string that ends with a zero.
    pub(crate) unsafe fn narrow(name: LPCSTR) -> Self {
        if name.is_null() {
            return Self::Nothing;
        }
        // SAFETY: by the contract of this function.
        let units = crate::text::to_wide(unsafe { crate::text::narrow(name) });
        if units.len() >= MAX_PATH {
            return Self::Name(Err(Status::NAME_TOO_LONG));
        }
        Self::of(&units)
    }

    /// # Safety
    /// NULL, or a string that ends with a zero.
    pub(crate) unsafe fn wide(name: LPCWSTR) -> Self {
        if name.is_null() {
            return Self::Nothing;
        }
        // SAFETY: by the contract of this function.
        Self::of(unsafe { crate::text::wide(name) })
    }
}

/// Gives a new object a handle; or its name's owner one more, and then the
/// last error is 183. It is 0 for a new object.
///
/// # Safety
/// `attributes` is NULL or valid.
pub(crate) unsafe fn create(
    object: Object,
    attributes: *const SECURITY_ATTRIBUTES,
    name: Given,
    access: DWORD,
) -> HANDLE {
    // SAFETY: by the contract of this function.
    let inherits = unsafe { attributes.as_ref() }.is_some_and(|it| it.bInheritHandle != 0);
    let flags = if inherits { INHERIT } else { 0 };
    let name = match name {
        Given::Nothing | Given::Empty => None,
        Given::Name(Ok(name)) => Some(name),
        Given::Name(Err(status)) => return null_on_error(Err(status)),
    };
    null_on_error(system().create(object, name.as_ref(), access, flags).map(|(value, existed)| {
        set_last_error(if existed { ERROR_ALREADY_EXISTS } else { 0 });
        value
    }))
}

/// Opens the object that has the name.
pub(crate) fn open(kind: Kind, access: DWORD, inherits: BOOL, name: Given) -> HANDLE {
    let flags = if inherits != 0 { INHERIT } else { 0 };
    null_on_error(match name {
        Given::Nothing => Err(Status::INVALID_PARAMETER),
        Given::Empty => Err(Status::INVALID_HANDLE),
        Given::Name(name) => name.and_then(|name| system().open(kind, &name, access, flags)),
    })
}

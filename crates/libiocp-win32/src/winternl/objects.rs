//! Handles and objects of every kind.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::status;
use super::types::{
    NTSTATUS, OBJECT_BASIC_INFORMATION, OBJECT_DATA_INFORMATION, OBJECT_TYPE_INFORMATION,
    UNICODE_STRING,
};
use crate::kernel::system;
use crate::processenv_std::translate;
use crate::types::{BOOLEAN, HANDLE, LPVOID, ULONG};
use libiocp::object::{ObjectRef, access};
use libiocp::status::Status;
use libiocp::system::{INHERIT, PROTECT_FROM_CLOSE};

const OBJ_PROTECT_CLOSE: u32 = 1;
const OBJ_INHERIT: u32 = 2;

const OBJECT_BASIC: u32 = 0;
const OBJECT_NAME: u32 = 1;
const OBJECT_TYPE: u32 = 2;
const OBJECT_DATA: u32 = 4;

/// `NtClose`: closes one handle. The object closes with its last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtClose(Handle: HANDLE) -> NTSTATUS {
    status(crate::processenv_std::close(Handle as usize))
}

/// Room for an answer.
struct Room {
    start: LPVOID,
    length: usize,
}

impl Room {
    /// Stores `head`, and `text` behind it.
    ///
    /// # Safety
    /// There is room for both.
    unsafe fn write<T>(&self, head: T, text: &[u16]) {
        // SAFETY: by the contract of this function.
        unsafe {
            self.start.cast::<T>().write_unaligned(head);
            let units = self.start.cast::<u8>().add(size_of::<T>());
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), units, size_of_val(text));
        }
    }

    /// A counted string for `text`, which ends with a zero and lies `offset`
    /// bytes behind the start. Nothing at all if it is empty.
    fn string(&self, offset: usize, text: &[u16]) -> UNICODE_STRING {
        let bytes = size_of_val(text) as u16;
        let buffer = self.start.wrapping_byte_add(offset).cast();
        UNICODE_STRING {
            Length: bytes.saturating_sub(2),
            MaximumLength: bytes,
            Buffer: if bytes == 0 { std::ptr::null_mut() } else { buffer },
        }
    }
}

fn basic(value: usize, object: &ObjectRef) -> Result<OBJECT_BASIC_INFORMATION, Status> {
    let (rights, flags) = system().rights_and_flags(value)?;
    let mut attributes = 0;
    if flags & INHERIT != 0 {
        attributes |= OBJ_INHERIT;
    }
    if flags & PROTECT_FROM_CLOSE != 0 {
        attributes |= OBJ_PROTECT_CLOSE;
    }
    Ok(OBJECT_BASIC_INFORMATION {
        Attributes: attributes,
        GrantedAccess: rights,
        HandleCount: object.handle_count() as ULONG,
        PointerCount: object.reference_count() as ULONG,
        TypeInfoSize: type_size(object) as ULONG,
        ..OBJECT_BASIC_INFORMATION::default()
    })
}

fn terminated(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// The length of what tells the kind, in whole words.
fn type_size(object: &ObjectRef) -> usize {
    let text = 2 * terminated(object.kind().name()).len();
    (size_of::<OBJECT_TYPE_INFORMATION>() + text).next_multiple_of(8)
}

fn kind(object: &ObjectRef, name: UNICODE_STRING) -> OBJECT_TYPE_INFORMATION {
    let kind = object.kind();
    let generic =
        [access::GENERIC_READ, access::GENERIC_WRITE, access::GENERIC_EXECUTE, access::GENERIC_ALL];
    let mut counts = [0; 12];
    counts[..2].copy_from_slice(&system().count(kind).map(|count| count as ULONG));
    OBJECT_TYPE_INFORMATION {
        TypeName: name,
        Counts: counts,
        InvalidAttributes: 0,
        GenericMapping: generic.map(|right| kind.map_access(right)),
        ValidAccessMask: kind.all_access(),
        SecurityRequired: 0,
        MaintainHandleCount: 0,
        TypeIndex: 0,
        PoolType: 0,
        DefaultPagedPoolCharge: 0,
        DefaultNonPagedPoolCharge: 0,
    }
}

/// Answers, and gives the length of the whole answer, also if there is no room
/// for it.
///
/// # Safety
/// `room` is as long as it says.
unsafe fn answer(value: usize, class: u32, room: &Room) -> (usize, Result<(), Status>) {
    let object = match system().look_up(value) {
        Ok((object, _)) => object,
        Err(error) => return (0, Err(error)),
    };
    let mismatch = Err(Status::INFO_LENGTH_MISMATCH);
    // SAFETY: by the contract of this function; each checks the length.
    unsafe {
        match class {
            OBJECT_BASIC => {
                let size = size_of::<OBJECT_BASIC_INFORMATION>();
                let result = match basic(value, &object) {
                    Ok(_) if room.length != size => mismatch,
                    result => result.map(|information| room.write(information, &[])),
                };
                (size, result)
            }
            OBJECT_DATA => {
                let size = size_of::<OBJECT_DATA_INFORMATION>();
                let result = match system().flags(value) {
                    Ok(_) if room.length != size => mismatch,
                    result => result.map(|flags| {
                        let data = OBJECT_DATA_INFORMATION {
                            InheritHandle: BOOLEAN::from(flags & INHERIT != 0),
                            ProtectFromClose: BOOLEAN::from(flags & PROTECT_FROM_CLOSE != 0),
                        };
                        room.write(data, &[]);
                    }),
                };
                (size, result)
            }
            OBJECT_NAME => {
                if matches!(object, ObjectRef::File(_)) {
                    return (0, Err(Status::NOT_SUPPORTED));
                }
                let name = system()
                    .name_of(&object)
                    .map_or(Vec::new(), |name| name.into_iter().chain([0]).collect());
                let size = size_of::<UNICODE_STRING>() + size_of_val(&name[..]);
                if room.length < size {
                    return (size, mismatch);
                }
                room.write(room.string(size_of::<UNICODE_STRING>(), &name), &name);
                (size, Ok(()))
            }
            _ => {
                let size = type_size(&object);
                if room.length < size {
                    return (size, mismatch);
                }
                let name = terminated(object.kind().name());
                let string = room.string(size_of::<OBJECT_TYPE_INFORMATION>(), &name);
                room.write(kind(&object, string), &name);
                (size, Ok(()))
            }
        }
    }
}

/// `NtQueryObject`: the rights and the counts of a handle's object
/// (`ObjectBasicInformation`), its name, its type, or the handle's flags
/// (`ObjectDataInformation`). The name of a file is not known:
/// `STATUS_NOT_SUPPORTED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryObject(
    Handle: HANDLE,
    ObjectInformationClass: u32,
    ObjectInformation: LPVOID,
    ObjectInformationLength: ULONG,
    ReturnLength: *mut ULONG,
) -> NTSTATUS {
    let class = ObjectInformationClass;
    if !matches!(class, OBJECT_BASIC | OBJECT_NAME | OBJECT_TYPE | OBJECT_DATA) {
        return status(Err(Status::INVALID_INFO_CLASS));
    }
    let room = Room { start: ObjectInformation, length: ObjectInformationLength as usize };
    if room.start.is_null() && room.length != 0 {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    // SAFETY: the documentation asks for memory of this length, and for NULL
    // or a valid place.
    unsafe {
        let (size, result) = answer(translate(Handle as usize), class, &room);
        if let Some(length) = ReturnLength.as_mut() {
            *length = size as ULONG;
        }
        status(result)
    }
}

/// `NtSetInformationObject`: changes the two flags of a handle
/// (`ObjectDataInformation`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetInformationObject(
    Handle: HANDLE,
    ObjectInformationClass: u32,
    ObjectInformation: LPVOID,
    ObjectInformationLength: ULONG,
) -> NTSTATUS {
    if ObjectInformationClass != OBJECT_DATA {
        return status(Err(Status::INVALID_INFO_CLASS));
    }
    if ObjectInformationLength as usize != size_of::<OBJECT_DATA_INFORMATION>() {
        return status(Err(Status::INFO_LENGTH_MISMATCH));
    }
    // SAFETY: the documentation asks for memory of this length.
    let Some(data) = (unsafe { ObjectInformation.cast::<OBJECT_DATA_INFORMATION>().as_ref() })
    else {
        return status(Err(Status::ACCESS_VIOLATION));
    };
    let mut flags = 0;
    if data.InheritHandle != 0 {
        flags |= INHERIT;
    }
    if data.ProtectFromClose != 0 {
        flags |= PROTECT_FROM_CLOSE;
    }
    let mask = INHERIT | PROTECT_FROM_CLOSE;
    status(system().set_flags(translate(Handle as usize), mask, flags))
}

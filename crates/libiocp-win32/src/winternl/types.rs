//! The types of the native calls.
#![allow(non_camel_case_types, non_snake_case)]

use crate::types::{BOOLEAN, HANDLE, LARGE_INTEGER, LPVOID, LPWSTR, ULONG, ULONG_PTR};

/// A status: negative for warnings and errors.
pub type NTSTATUS = i32;
/// Access rights.
pub(super) type ACCESS_MASK = u32;

/// `UNICODE_STRING`: a counted UTF-16 string; the lengths are bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    /// The bytes of the string.
    pub Length: u16,
    /// The bytes of the buffer.
    pub MaximumLength: u16,
    /// The string, which need not be terminated.
    pub Buffer: LPWSTR,
}

/// `OBJECT_ATTRIBUTES`: the name and the flags of what is created or opened.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OBJECT_ATTRIBUTES {
    /// The structure's size.
    pub Length: ULONG,
    /// The directory that the name is in.
    pub RootDirectory: HANDLE,
    /// The name.
    pub ObjectName: *const UNICODE_STRING,
    /// `OBJ_` flags.
    pub Attributes: ULONG,
    /// Not used.
    pub SecurityDescriptor: LPVOID,
    /// Not used.
    pub SecurityQualityOfService: LPVOID,
}

/// `IO_STATUS_BLOCK`: how an operation ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct IO_STATUS_BLOCK {
    /// The status, in the lower half.
    pub Status: ULONG_PTR,
    /// The bytes transferred, or what else there is to tell.
    pub Information: ULONG_PTR,
}

/// `FILE_COMPLETION_INFORMATION`: a port and a key.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FILE_COMPLETION_INFORMATION {
    /// The port.
    pub Port: HANDLE,
    /// Stands in every packet of the file.
    pub Key: LPVOID,
}

/// `OBJECT_BASIC_INFORMATION`: a handle and its object.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct OBJECT_BASIC_INFORMATION {
    /// `OBJ_INHERIT` and `OBJ_PROTECT_CLOSE` of the handle.
    pub Attributes: ULONG,
    /// The rights of the handle.
    pub GrantedAccess: ULONG,
    /// The handles of the object.
    pub HandleCount: ULONG,
    /// The references to the object.
    pub PointerCount: ULONG,
    /// Zero: there are no pools.
    pub PagedPoolCharge: ULONG,
    /// Zero: there are no pools.
    pub NonPagedPoolCharge: ULONG,
    /// Zero.
    pub Reserved: [ULONG; 3],
    /// What `ObjectNameInformation` takes.
    pub NameInfoSize: ULONG,
    /// What `ObjectTypeInformation` takes.
    pub TypeInfoSize: ULONG,
    /// Zero: there are no security descriptors.
    pub SecurityDescriptorSize: ULONG,
    /// Zero: known of symbolic links only.
    pub CreationTime: LARGE_INTEGER,
}

/// `OBJECT_TYPE_INFORMATION`: the kind of an object. The name follows it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OBJECT_TYPE_INFORMATION {
    /// The name of the kind.
    pub TypeName: UNICODE_STRING,
    /// Objects of this kind, and their handles; then peaks and pools, zero.
    pub Counts: [ULONG; 12],
    /// Attributes that are refused.
    pub InvalidAttributes: ULONG,
    /// What generic rights stand for: read, write, execute, all.
    pub GenericMapping: [ULONG; 4],
    /// The rights that there are.
    pub ValidAccessMask: ULONG,
    /// No.
    pub SecurityRequired: BOOLEAN,
    /// No.
    pub MaintainHandleCount: BOOLEAN,
    /// Zero.
    pub TypeIndex: u16,
    /// Zero: there are no pools.
    pub PoolType: ULONG,
    /// Zero.
    pub DefaultPagedPoolCharge: ULONG,
    /// Zero.
    pub DefaultNonPagedPoolCharge: ULONG,
}

/// `OBJECT_DATA_INFORMATION`: the two flags of a handle.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OBJECT_DATA_INFORMATION {
    /// Whether child processes get it.
    pub InheritHandle: BOOLEAN,
    /// Whether it cannot be closed.
    pub ProtectFromClose: BOOLEAN,
}

const _: () = {
    use std::mem::size_of;
    assert!(size_of::<UNICODE_STRING>() == 16 && size_of::<OBJECT_ATTRIBUTES>() == 48);
    assert!(size_of::<IO_STATUS_BLOCK>() == 16 && size_of::<FILE_COMPLETION_INFORMATION>() == 16);
    assert!(size_of::<OBJECT_BASIC_INFORMATION>() == 56);
    assert!(size_of::<OBJECT_TYPE_INFORMATION>() == 104);
};

//! The Win32 error codes this crate sets by itself.
#![allow(missing_docs)]

pub(crate) const ERROR_SUCCESS: u32 = 0;
pub(crate) const ERROR_FILE_NOT_FOUND: u32 = 2;
pub(crate) const ERROR_PATH_NOT_FOUND: u32 = 3;
pub(crate) const ERROR_INVALID_HANDLE: u32 = 6;
pub(crate) const ERROR_NOT_ENOUGH_MEMORY: u32 = 8;
pub(crate) const ERROR_BAD_LENGTH: u32 = 24;
pub(crate) const ERROR_GEN_FAILURE: u32 = 31;
pub(crate) const ERROR_NOT_SUPPORTED: u32 = 50;
pub(crate) const ERROR_INVALID_PARAMETER: u32 = 87;
pub(crate) const ERROR_INVALID_NAME: u32 = 123;
pub(crate) const ERROR_BUFFER_OVERFLOW: u32 = 111;
pub(crate) const ERROR_INSUFFICIENT_BUFFER: u32 = 122;
pub(crate) const ERROR_MOD_NOT_FOUND: u32 = 126;
pub(crate) const ERROR_PROC_NOT_FOUND: u32 = 127;
pub(crate) const ERROR_NOT_LOCKED: u32 = 158;
pub(crate) const ERROR_BAD_EXE_FORMAT: u32 = 193;
pub(crate) const ERROR_ENVVAR_NOT_FOUND: u32 = 203;
pub(crate) const ERROR_MORE_DATA: u32 = 234;
pub(crate) const ERROR_NO_WORK_DONE: u32 = 235;
pub(crate) const ERROR_MR_MID_NOT_FOUND: u32 = 317;
pub(crate) const ERROR_INVALID_ADDRESS: u32 = 487;
pub(crate) const ERROR_INVALID_ORDINAL: u32 = 182;
pub(crate) const ERROR_NOACCESS: u32 = 998;
pub(crate) const ERROR_INVALID_FLAGS: u32 = 1004;
pub(crate) const ERROR_NO_UNICODE_TRANSLATION: u32 = 1113;
pub(crate) const ERROR_PRIVILEGE_NOT_HELD: u32 = 1314;
pub(crate) const ERROR_WORKING_SET_QUOTA: u32 = 1453;
pub(crate) const ERROR_COMMITMENT_LIMIT: u32 = 1455;
pub(crate) const ERROR_TIMEOUT: u32 = 1460;
pub(crate) const ERROR_RESOURCE_DATA_NOT_FOUND: u32 = 1812;
pub(crate) const ERROR_RESOURCE_LANG_NOT_FOUND: u32 = 1815;

/// The Win32 code nearest to a Linux error number, for paths of the file system.
pub(crate) fn of_errno(errno: i32) -> u32 {
    match errno {
        libc::ENOENT => 2,
        libc::ENOTDIR => 267,
        libc::EACCES | libc::EPERM => 5,
        libc::ENAMETOOLONG => 206,
        libc::ENOMEM => ERROR_NOT_ENOUGH_MEMORY,
        libc::EINVAL => ERROR_INVALID_PARAMETER,
        _ => ERROR_GEN_FAILURE,
    }
}

/// The calling thread's `errno`.
pub(crate) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

//! The file pointer, sizes and kinds.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::system;
use crate::processenv_std::translate;
use crate::types::{BOOL, DWORD, HANDLE, LARGE_INTEGER, LONG, TRUE};
use libiocp::device::{Device, Disk};
use libiocp::file::File;
use libiocp::object::access;
use libiocp::status::Status;
use std::sync::Arc;

const FILE_BEGIN: DWORD = 0;
const FILE_CURRENT: DWORD = 1;
const FILE_END: DWORD = 2;
const INVALID_SET_FILE_POINTER: DWORD = 0xFFFF_FFFF;
const INVALID_FILE_SIZE: DWORD = 0xFFFF_FFFF;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_NEGATIVE_SEEK: DWORD = 131;

fn last_error() -> DWORD {
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
    Status::from_errno_file(errno).win32()
}

fn stat(disk: &Disk) -> Result<libc::stat, DWORD> {
    let fd = disk.file().fd().ok_or(1u32)?;
    // SAFETY: all zeroes is a valid stat, and the call fills it.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        if libc::fstat(fd, &raw mut status) == 0 { Ok(status) } else { Err(last_error()) }
    }
}

/// The length of a disk file.
pub(super) fn length(disk: &Disk) -> Result<u64, DWORD> {
    Ok(stat(disk)?.st_size as u64)
}

fn disk_file(handle: HANDLE, needed: DWORD) -> Result<(Arc<File>, Arc<Disk>), DWORD> {
    let file = system().file(translate(handle as usize), needed).map_err(Status::win32)?;
    let disk = match file.device() {
        Device::Disk(disk) => Arc::clone(disk),
        Device::Socket(_) => return Err(Status::INVALID_DEVICE_REQUEST.win32()),
    };
    Ok((file, disk))
}

fn set_pointer(handle: HANDLE, distance: i64, method: DWORD, limit: i64) -> Result<u64, DWORD> {
    let (file, disk) = disk_file(handle, 0)?;
    let base = match method {
        FILE_BEGIN => 0,
        FILE_CURRENT => file.with_position(|position| *position as i64),
        FILE_END => length(&disk)? as i64,
        _ => return Err(ERROR_INVALID_PARAMETER),
    };
    let target = base.checked_add(distance).ok_or(ERROR_INVALID_PARAMETER)?;
    if target < 0 {
        return Err(ERROR_NEGATIVE_SEEK);
    }
    if target > limit {
        return Err(ERROR_INVALID_PARAMETER);
    }
    file.with_position(|position| *position = target as u64);
    Ok(target as u64)
}

/// `SetFilePointerEx`: moves the file pointer, also beyond the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFilePointerEx(
    hFile: HANDLE,
    liDistanceToMove: LARGE_INTEGER,
    lpNewFilePointer: *mut LARGE_INTEGER,
    dwMoveMethod: DWORD,
) -> BOOL {
    match set_pointer(hFile, liDistanceToMove, dwMoveMethod, i64::MAX) {
        Err(code) => fail(code),
        Ok(position) => {
            // SAFETY: the documentation asks for NULL or a valid place.
            if let Some(new) = unsafe { lpNewFilePointer.as_mut() } {
                *new = position as i64;
            }
            TRUE
        }
    }
}

/// `SetFilePointer`: moves the file pointer. All ones may be a valid answer:
/// then the last error is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFilePointer(
    hFile: HANDLE,
    lDistanceToMove: LONG,
    lpDistanceToMoveHigh: *mut LONG,
    dwMoveMethod: DWORD,
) -> DWORD {
    // SAFETY: the documentation asks for NULL or a valid place.
    let high = unsafe { lpDistanceToMoveHigh.as_mut() };
    let (distance, limit) = match &high {
        Some(high) => (i64::from(**high) << 32 | i64::from(lDistanceToMove as u32), i64::MAX),
        None => (i64::from(lDistanceToMove), i64::from(u32::MAX)),
    };
    match set_pointer(hFile, distance, dwMoveMethod, limit) {
        Err(code) => {
            set_last_error(code);
            INVALID_SET_FILE_POINTER
        }
        Ok(position) => {
            if let Some(high) = high {
                *high = (position >> 32) as LONG;
            }
            if position as u32 == INVALID_SET_FILE_POINTER {
                set_last_error(0);
            }
            position as u32
        }
    }
}

/// `SetEndOfFile`: the file ends where the file pointer is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEndOfFile(hFile: HANDLE) -> BOOL {
    let (file, disk) = match disk_file(hFile, access::FILE_WRITE_DATA) {
        Ok(found) => found,
        Err(code) => return fail(code),
    };
    let end = file.with_position(|position| *position);
    let Some(fd) = disk.file().fd() else { return fail(1) };
    // SAFETY: no memory is involved.
    let truncate = || unsafe { libc::ftruncate(fd, end as i64) };
    if libiocp::blocking(truncate) == 0 { TRUE } else { fail(last_error()) }
}

/// `GetFileSizeEx`: the length of a file in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileSizeEx(hFile: HANDLE, lpFileSize: *mut LARGE_INTEGER) -> BOOL {
    if lpFileSize.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    match disk_file(hFile, 0).and_then(|(_, disk)| length(&disk)) {
        Err(code) => fail(code),
        Ok(length) => {
            // SAFETY: the documentation asks for a valid place.
            unsafe { lpFileSize.write(length as i64) };
            TRUE
        }
    }
}

/// `GetFileSize`: the length of a file in bytes, in two halves. All ones may
/// be a valid answer: then the last error is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileSize(hFile: HANDLE, lpFileSizeHigh: *mut DWORD) -> DWORD {
    match disk_file(hFile, 0).and_then(|(_, disk)| length(&disk)) {
        Err(code) => {
            set_last_error(code);
            INVALID_FILE_SIZE
        }
        Ok(length) => {
            // SAFETY: the documentation asks for NULL or a valid place.
            if let Some(high) = unsafe { lpFileSizeHigh.as_mut() } {
                *high = (length >> 32) as DWORD;
            }
            if length as u32 == INVALID_FILE_SIZE {
                set_last_error(0);
            }
            length as u32
        }
    }
}

/// `GetFileType`: disk (1), character device (2), pipe or socket (3); 0 with
/// the last error 6 for what is no file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileType(hFile: HANDLE) -> DWORD {
    let file = match system().file(translate(hFile as usize), 0) {
        Ok(file) => file,
        Err(status) => {
            set_last_error(status.win32());
            return 0;
        }
    };
    let Device::Disk(disk) = file.device() else { return 3 };
    match stat(disk).map(|status| status.st_mode & libc::S_IFMT) {
        Ok(libc::S_IFCHR) => 2,
        Ok(libc::S_IFIFO | libc::S_IFSOCK) => 3,
        _ => 1,
    }
}

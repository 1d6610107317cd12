//! Writing to the console.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::c_void;

use libiocp::device::Device;
use libiocp::object::access;

use crate::codes::ERROR_INVALID_HANDLE;
use crate::errhandlingapi::fail;
use crate::fileapi::WriteFile;
use crate::kernel::system;
use crate::processenv_std::translate;
use crate::text;
use crate::types::{BOOL, DWORD, FALSE, HANDLE, LPVOID, TRUE};

/// Whether a handle that may be written to is a terminal; else the error.
fn check_console(handle: HANDLE) -> Result<(), u32> {
    let file = system().file(translate(handle as usize), access::FILE_WRITE_DATA);
    let file = file.map_err(|status| status.win32())?;
    let Device::Disk(disk) = file.device() else { return Err(ERROR_INVALID_HANDLE) };
    let fd = disk.file().fd().ok_or(ERROR_INVALID_HANDLE)?;
    // SAFETY: no memory is involved.
    if unsafe { libc::isatty(fd) } == 1 { Ok(()) } else { Err(ERROR_INVALID_HANDLE) }
}

/// Writes bytes and tells how many characters those were.
///
/// # Safety
/// `written` is valid for writes or null.
unsafe fn write(handle: HANDLE, bytes: &[u8], characters: DWORD, written: *mut DWORD) -> BOOL {
    if let Err(code) = check_console(handle) {
        return fail(code);
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut count = 0;
        let (start, length) = (rest.as_ptr().cast(), text::saturate(rest.len()));
        // SAFETY: the slice is valid for its length, and so is the count.
        let result =
            unsafe { WriteFile(handle, start, length, &raw mut count, std::ptr::null_mut()) };
        if result == FALSE {
            return FALSE;
        }
        rest = &rest[(count as usize).min(rest.len())..];
    }
    if !written.is_null() {
        // SAFETY: this function's contract.
        unsafe { written.write(characters) };
    }
    TRUE
}

/// `WriteConsoleA`: writes to a terminal. A handle of anything else is invalid, as on Windows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteConsoleA(
    hConsoleOutput: HANDLE,
    lpBuffer: *const c_void,
    nNumberOfCharsToWrite: DWORD,
    lpNumberOfCharsWritten: *mut DWORD,
    lpReserved: LPVOID,
) -> BOOL {
    let _ = lpReserved;
    let length = nNumberOfCharsToWrite as usize;
    // SAFETY: the caller's promises: that many characters, and a count or null.
    unsafe {
        let bytes = match length {
            0 => &[],
            _ => std::slice::from_raw_parts(lpBuffer.cast::<u8>(), length),
        };
        write(hConsoleOutput, bytes, nNumberOfCharsToWrite, lpNumberOfCharsWritten)
    }
}

/// `WriteConsoleW`: writes to a terminal, in UTF-8. See [`WriteConsoleA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteConsoleW(
    hConsoleOutput: HANDLE,
    lpBuffer: *const c_void,
    nNumberOfCharsToWrite: DWORD,
    lpNumberOfCharsWritten: *mut DWORD,
    lpReserved: LPVOID,
) -> BOOL {
    let _ = lpReserved;
    let length = nNumberOfCharsToWrite as usize;
    // SAFETY: the caller's promises: that many characters, and a count or null.
    unsafe {
        let units = match length {
            0 => &[],
            _ => std::slice::from_raw_parts(lpBuffer.cast::<u16>(), length),
        };
        let bytes = text::to_bytes(units);
        write(hConsoleOutput, &bytes, nNumberOfCharsToWrite, lpNumberOfCharsWritten)
    }
}

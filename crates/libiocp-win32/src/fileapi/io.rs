//! Reading and writing.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

use super::transfer::{Transfer, Way};
use crate::errhandlingapi::fail;
use crate::kernel::{answer, report, system};
use crate::types::{BOOL, DWORD, HANDLE, OVERLAPPED, TRUE};
use libiocp::device::Device;
use libiocp::engine::Buffer;
use libiocp::file::File;
use libiocp::object::access;
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::status::Status;
use std::ptr::NonNull;

const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_NOT_SUPPORTED: DWORD = 50;

/// The byte count, for a caller who wants it.
struct Count(*mut DWORD);

impl Count {
    fn tell(&self, bytes: usize) {
        // SAFETY: NULL or valid, as the documentation of both callers asks.
        if let Some(count) = unsafe { self.0.as_mut() } {
            *count = bytes as DWORD;
        }
    }
}

/// `ReadFile`: reads from a file or receives from a socket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadFile(
    hFile: HANDLE,
    lpBuffer: *mut std::ffi::c_void,
    nNumberOfBytesToRead: DWORD,
    lpNumberOfBytesRead: *mut DWORD,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    // SAFETY: the documentation asks for memory that stays valid until the
    // operation has finished.
    let buffer = unsafe { Buffer::new(lpBuffer.cast(), nNumberOfBytesToRead as usize) };
    // SAFETY: as above.
    unsafe { start(Way::In, buffer, hFile, lpNumberOfBytesRead, lpOverlapped) }
}

/// `WriteFile`: writes to a file or sends on a socket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteFile(
    hFile: HANDLE,
    lpBuffer: *const std::ffi::c_void,
    nNumberOfBytesToWrite: DWORD,
    lpNumberOfBytesWritten: *mut DWORD,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    let memory = lpBuffer.cast_mut().cast();
    // SAFETY: as for `ReadFile`; a write only reads the buffer.
    let buffer = unsafe { Buffer::new(memory, nNumberOfBytesToWrite as usize) };
    // SAFETY: as above.
    unsafe { start(Way::Out, buffer, hFile, lpNumberOfBytesWritten, lpOverlapped) }
}

/// # Safety
/// The pointers are NULL or valid, as the documentation asks.
unsafe fn start(
    way: Way,
    buffer: Buffer,
    handle: HANDLE,
    count: *mut DWORD,
    overlapped: *mut OVERLAPPED,
) -> BOOL {
    let count = Count(count);
    count.tell(0);
    let mut offset = None;
    if let Some(overlapped) = NonNull::new(overlapped.cast::<Overlapped>()) {
        // SAFETY: by the contract of this function.
        unsafe {
            OverlappedRef::new(overlapped).mark_pending();
            offset = Some(overlapped.as_ref().offset());
        }
    }
    let transfer = Transfer { way, buffer, offset };
    let with_report = |_: &File| match overlapped.is_null() {
        true => Ok(None),
        // SAFETY: by the contract of this function.
        false => unsafe { report(overlapped) }.map(Some),
    };
    answer(transfer.start(handle as usize, with_report, |bytes| count.tell(bytes)))
}

/// The routine of `ReadFileEx` and `WriteFileEx`.
pub type LPOVERLAPPED_COMPLETION_ROUTINE =
    Option<unsafe extern "C" fn(DWORD, DWORD, *mut OVERLAPPED)>;

/// `ReadFileEx`: refused with 87 on a handle that is tied to a port, as on
/// Windows. Completion routines are not there yet: 50 on any other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadFileEx(
    hFile: HANDLE,
    lpBuffer: *mut std::ffi::c_void,
    nNumberOfBytesToRead: DWORD,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: LPOVERLAPPED_COMPLETION_ROUTINE,
) -> BOOL {
    let _ = (lpBuffer, nNumberOfBytesToRead, lpCompletionRoutine);
    refuse_routine(hFile, lpOverlapped, access::FILE_READ_DATA)
}

/// `WriteFileEx`: as [`ReadFileEx`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteFileEx(
    hFile: HANDLE,
    lpBuffer: *const std::ffi::c_void,
    nNumberOfBytesToWrite: DWORD,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: LPOVERLAPPED_COMPLETION_ROUTINE,
) -> BOOL {
    let _ = (lpBuffer, nNumberOfBytesToWrite, lpCompletionRoutine);
    refuse_routine(hFile, lpOverlapped, access::FILE_WRITE_DATA)
}

/// What the C library does before it looks at anything else.
///
/// # Safety
/// NULL, or a valid OVERLAPPED.
unsafe fn mark_pending(overlapped: *mut OVERLAPPED) {
    if let Some(overlapped) = NonNull::new(overlapped.cast()) {
        // SAFETY: by the contract of this function.
        unsafe { OverlappedRef::new(overlapped) }.mark_pending();
    }
}

fn refuse_routine(handle: HANDLE, overlapped: *mut OVERLAPPED, needed: DWORD) -> BOOL {
    if overlapped.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the documentation asks for a valid OVERLAPPED.
    unsafe { mark_pending(overlapped) };
    match system().file(handle as usize, needed) {
        Err(status) => fail(status.win32()),
        Ok(file) if file.is_associated() || !file.is_overlapped() => fail(ERROR_INVALID_PARAMETER),
        Ok(_) => fail(ERROR_NOT_SUPPORTED),
    }
}

/// `FlushFileBuffers`: returns when everything written is on the disk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FlushFileBuffers(hFile: HANDLE) -> BOOL {
    let any = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;
    let file = match system().file_with_any(hFile as usize, any) {
        Ok(file) => file,
        Err(status) => return fail(status.win32()),
    };
    let Device::Disk(disk) = file.device() else {
        return fail(Status::INVALID_DEVICE_REQUEST.win32());
    };
    // SAFETY: no memory is involved.
    let sync = |fd| libiocp::blocking(|| unsafe { libc::fsync(fd) });
    match disk.file().fd().map(sync) {
        Some(0) => TRUE,
        _ => {
            let error = std::io::Error::last_os_error();
            fail(Status::from_errno_file(error.raw_os_error().unwrap_or(libc::EIO)).win32())
        }
    }
}

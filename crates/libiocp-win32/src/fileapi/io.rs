//! Reading and writing.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

use super::transfer::{Transfer, Way};
use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{answer, report, report_by, system};
use crate::types::{BOOL, DWORD, HANDLE, OVERLAPPED, TRUE};
use libiocp::apc::{CompletionRoutine, FileRoutine};
use libiocp::device::Device;
use libiocp::engine::Buffer;
use libiocp::file::File;
use libiocp::object::access;
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::request::{Answer, Then};
use libiocp::status::Status;
use std::ptr::NonNull;

const ERROR_INVALID_PARAMETER: DWORD = 87;

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
    // SAFETY: by the contract of this function.
    let transfer = unsafe { begin(way, buffer, overlapped) };
    let with_report = |_: &File| match overlapped.is_null() {
        true => Ok(None),
        // SAFETY: by the contract of this function.
        false => unsafe { report(overlapped) }.map(Some),
    };
    answer(transfer.start(handle as usize, with_report, |bytes| count.tell(bytes)))
}

/// What the C library does before it looks at anything else.
///
/// # Safety
/// NULL, or a valid OVERLAPPED.
unsafe fn begin(way: Way, buffer: Buffer, overlapped: *mut OVERLAPPED) -> Transfer {
    let offset = NonNull::new(overlapped.cast::<Overlapped>()).map(|overlapped| {
        // SAFETY: by the contract of this function.
        unsafe {
            OverlappedRef::new(overlapped).mark_pending();
            overlapped.as_ref().offset()
        }
    });
    Transfer { way, buffer, offset }
}

/// The routine of `ReadFileEx` and `WriteFileEx`.
pub type LPOVERLAPPED_COMPLETION_ROUTINE = Option<FileRoutine>;

/// `ReadFileEx`: reads from a file or receives from a socket; the calling
/// thread calls the routine when the operation has finished and it waits
/// alertably. A handle that is tied to a port is refused with 87, and so is
/// one that is not overlapped. `hEvent` is the caller's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadFileEx(
    hFile: HANDLE,
    lpBuffer: *mut std::ffi::c_void,
    nNumberOfBytesToRead: DWORD,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: LPOVERLAPPED_COMPLETION_ROUTINE,
) -> BOOL {
    // SAFETY: the documentation asks for memory that stays valid until the
    // operation has finished.
    let buffer = unsafe { Buffer::new(lpBuffer.cast(), nNumberOfBytesToRead as usize) };
    // SAFETY: as above.
    unsafe { start_with_routine(Way::In, hFile, buffer, lpOverlapped, lpCompletionRoutine) }
}

/// `WriteFileEx`: as [`ReadFileEx`], but writes or sends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteFileEx(
    hFile: HANDLE,
    lpBuffer: *const std::ffi::c_void,
    nNumberOfBytesToWrite: DWORD,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: LPOVERLAPPED_COMPLETION_ROUTINE,
) -> BOOL {
    let start = lpBuffer.cast_mut().cast();
    // SAFETY: as for `ReadFileEx`; a write only reads the buffer.
    let buffer = unsafe { Buffer::new(start, nNumberOfBytesToWrite as usize) };
    // SAFETY: as above.
    unsafe { start_with_routine(Way::Out, hFile, buffer, lpOverlapped, lpCompletionRoutine) }
}

/// # Safety
/// As [`start`].
unsafe fn start_with_routine(
    way: Way,
    handle: HANDLE,
    buffer: Buffer,
    overlapped: *mut OVERLAPPED,
    routine: LPOVERLAPPED_COMPLETION_ROUTINE,
) -> BOOL {
    if overlapped.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: by the contract of this function.
    let transfer = unsafe { begin(way, buffer, overlapped) };
    let with_report = |file: &File| {
        if file.is_associated() || !file.is_overlapped() {
            return Err(Status::INVALID_PARAMETER);
        }
        let file_routine = |routine| Then::call(CompletionRoutine::File(routine));
        let then = routine.map_or(Then::Nothing, file_routine);
        // SAFETY: by the contract of this function.
        unsafe { report_by(overlapped, then) }.map(Some)
    };
    match transfer.start(handle as usize, with_report, |_| {}) {
        Answer::Refused(status) => return fail(status.win32()),
        // A routine hears of every end but an error at once.
        Answer::Pending => set_last_error(0),
        Answer::Done(status, _) => set_last_error(status.win32()),
    }
    TRUE
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

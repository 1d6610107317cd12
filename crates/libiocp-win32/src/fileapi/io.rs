//! Reading and writing.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{answer, engine, report, system};
use crate::types::{BOOL, DWORD, FALSE, HANDLE, OVERLAPPED, TRUE};
use crate::winsock2::endpoint::Endpoint;
use libiocp::device::{Device, Disk, EndOfFile, SocketVerb, Verb};
use libiocp::engine::{Buffer, Buffers, DiskOp};
use libiocp::file::File;
use libiocp::object::access;
use libiocp::overlapped::OverlappedRef;
use libiocp::request::{Report, Request};
use libiocp::status::Status;
use std::ptr::NonNull;
use std::sync::Arc;

const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_NOACCESS: DWORD = 998;
const ERROR_INVALID_USER_BUFFER: DWORD = 1784;
const ERROR_NOT_SUPPORTED: DWORD = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// One ReadFile or WriteFile.
struct Transfer {
    way: Way,
    buffer: Buffer,
    count: *mut DWORD,
    overlapped: *mut OVERLAPPED,
    /// Whether the handle may only write at the end of the file.
    only_appends: bool,
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
    let (count, overlapped) = (lpNumberOfBytesRead, lpOverlapped);
    let transfer = Transfer { way: Way::In, buffer, count, overlapped, only_appends: false };
    // SAFETY: as above.
    unsafe { transfer.start(hFile) }
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
    let start = lpBuffer.cast_mut().cast();
    // SAFETY: as for `ReadFile`; a write only reads the buffer.
    let buffer = unsafe { Buffer::new(start, nNumberOfBytesToWrite as usize) };
    let (count, overlapped) = (lpNumberOfBytesWritten, lpOverlapped);
    let transfer = Transfer { way: Way::Out, buffer, count, overlapped, only_appends: false };
    // SAFETY: as above.
    unsafe { transfer.start(hFile) }
}

impl Transfer {
    /// # Safety
    /// The pointers are NULL or valid, as the documentation asks.
    unsafe fn start(mut self, handle: HANDLE) -> BOOL {
        self.tell(0);
        // SAFETY: by the contract of this function.
        unsafe { mark_pending(self.overlapped) };
        let file = match self.file(handle) {
            Ok(file) => file,
            Err(status) => return fail(status.win32()),
        };
        if self.way == Way::In && self.buffer.start().is_null() && !self.buffer.is_empty() {
            return fail(ERROR_NOACCESS);
        }
        let report = if self.overlapped.is_null() {
            None
        } else {
            // SAFETY: by the contract of this function.
            match unsafe { report(self.overlapped) } {
                Ok(report) => Some(report),
                Err(status) => return fail(status.win32()),
            }
        };
        if self.way == Way::Out && self.buffer.start().is_null() && !self.buffer.is_empty() {
            if let Some(event) = report.and_then(|report| report.event) {
                event.signal().reset();
            }
            return fail(ERROR_INVALID_USER_BUFFER);
        }
        match file.device() {
            Device::Disk(disk) => {
                self.only_appends = self.way == Way::Out
                    && system().file(handle as usize, access::FILE_WRITE_DATA).is_err();
                self.on_disk(&file, &disk.clone(), report)
            }
            Device::Socket(_) => {
                let endpoint = Endpoint::of(file);
                endpoint.map_or(FALSE, |endpoint| self.on_socket(&endpoint, report))
            }
        }
    }

    fn file(&self, handle: HANDLE) -> Result<Arc<File>, Status> {
        let value = crate::processenv_std::translate(handle as usize);
        match self.way {
            Way::In => system().file(value, access::FILE_READ_DATA),
            Way::Out => {
                let any = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;
                system().file_with_any(value, any)
            }
        }
    }

    /// Stores the byte count, if the caller wants it.
    fn tell(&self, bytes: usize) {
        // SAFETY: NULL or valid, by the contract of `start`.
        if let Some(count) = unsafe { self.count.as_mut() } {
            *count = bytes as DWORD;
        }
    }

    fn on_disk(self, file: &Arc<File>, disk: &Arc<Disk>, report: Option<Report>) -> BOOL {
        match report {
            None if file.is_overlapped() => fail(ERROR_INVALID_PARAMETER),
            Some(report) if file.is_overlapped() => {
                let Ok(op) = self.disk_op(disk, report.overlapped.offset()) else {
                    return fail(ERROR_INVALID_PARAMETER);
                };
                answer(Request::start(file, Verb::Disk(op), report, |bytes| self.tell(bytes)))
            }
            report => file.in_turn(|| self.on_disk_in_turn(file, disk, report)),
        }
    }

    /// The operation at an offset; all ones is the end of the file, for a
    /// write.
    fn disk_op(&self, disk: &Disk, offset: u64) -> Result<DiskOp, Status> {
        let (buffer, durable) = (self.buffer, disk.is_durable());
        match (self.way, offset) {
            (Way::Out, _) if self.only_appends => Ok(DiskOp::Append(buffer, durable)),
            (Way::Out, u64::MAX) => Ok(DiskOp::Append(buffer, durable)),
            (_, offset) if offset > i64::MAX as u64 => Err(Status::INVALID_PARAMETER),
            (Way::In, offset) => Ok(DiskOp::Read(buffer, offset)),
            // Nothing extends a file by writing nothing.
            (Way::Out, _) if buffer.is_empty() => Ok(DiskOp::Nothing),
            (Way::Out, offset) => Ok(DiskOp::Write(buffer, offset, durable)),
        }
    }

    /// A synchronous file: the calling thread does it, and waits its turn.
    fn on_disk_in_turn(&self, file: &File, disk: &Disk, report: Option<Report>) -> BOOL {
        let offset = match &report {
            Some(report) => report.overlapped.offset(),
            None => file.with_position(|position| *position),
        };
        let op = match self.disk_op(disk, offset) {
            Ok(op) if !disk.check(op).is_error() => op,
            _ => return fail(ERROR_INVALID_PARAMETER),
        };
        if let Some(report) = &report {
            report.overlapped.mark_pending();
            if let Some(event) = &report.event {
                event.signal().reset();
            }
        }
        file.signal().reset();
        let outcome = libiocp::blocking(|| engine().carry_out(disk.file(), op));
        let end = if report.is_some() { EndOfFile::IsError } else { EndOfFile::IsSuccess };
        let (status, bytes) = Disk::settle(op, &outcome, end);
        if !status.is_error() {
            file.with_position(|position| *position = end_position(disk, op, offset, bytes));
            self.tell(bytes);
        }
        match report {
            Some(report) => {
                report.overlapped.settle(status, bytes);
                match &report.event {
                    Some(event) => event.signal().set(),
                    None => file.signal().set(),
                }
            }
            None => file.signal().set(),
        };
        if status.is_success() { TRUE } else { fail(status.win32()) }
    }

    /// As a receive or a send with one buffer; what fails is told in the codes of files.
    fn on_socket(self, endpoint: &Endpoint, report: Option<Report>) -> BOOL {
        let buffers = Buffers::One(self.buffer);
        let verb = Verb::Socket(match self.way {
            Way::In => SocketVerb::receive(buffers),
            Way::Out => SocketVerb::send(buffers, 0, None),
        });
        endpoint.settle_connecting();
        let file = &endpoint.file;
        let report = match report {
            None if file.is_overlapped() => return fail(ERROR_INVALID_PARAMETER),
            Some(report) if file.is_overlapped() => {
                return answer(Request::start(file, verb, report, |bytes| self.tell(bytes)));
            }
            report => report,
        };
        if let Some(event) = report.as_ref().and_then(|report| report.event.as_ref()) {
            event.signal().reset();
        }
        let (status, bytes) = endpoint.run(verb);
        if !status.is_error() {
            self.tell(bytes);
        }
        if let Some(report) = report {
            report.overlapped.settle(status, bytes);
            if let Some(event) = report.event {
                event.signal().set();
            }
        }
        if status.is_success() { TRUE } else { fail(status.win32()) }
    }
}

/// Where the file pointer is after an operation.
fn end_position(disk: &Disk, op: DiskOp, offset: u64, bytes: usize) -> u64 {
    match op {
        DiskOp::Append(..) => super::pointer::length(disk).unwrap_or(0),
        _ => offset + bytes as u64,
    }
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
        Ok(file) if file.association().is_some() || !file.is_overlapped() => {
            fail(ERROR_INVALID_PARAMETER)
        }
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

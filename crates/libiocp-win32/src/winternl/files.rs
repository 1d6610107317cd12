//! Reading, writing and cancelling.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::status;
use super::types::{IO_STATUS_BLOCK, NTSTATUS};
use crate::fileapi::transfer::{Transfer, Way};
use crate::kernel::system;
use crate::types::{HANDLE, LARGE_INTEGER, LPVOID, ULONG};
use libiocp::apc::{CompletionRoutine, StatusRoutine};
use libiocp::engine::Buffer;
use libiocp::file::File;
use libiocp::object::access;
use libiocp::overlapped::{OverlappedRef, StatusBlock};
use libiocp::request::{Answer, Report, Then};
use libiocp::status::Status;
use std::ptr::NonNull;

/// Instead of an offset: where the file pointer is.
const FILE_USE_FILE_POINTER_POSITION: i64 = -2;

/// What a native read or write is given, but for the file and the buffer.
struct Terms {
    event: HANDLE,
    routine: Option<StatusRoutine>,
    context: LPVOID,
    block: *mut IO_STATUS_BLOCK,
    offset: *const LARGE_INTEGER,
}

impl Terms {
    /// # Safety
    /// The block is valid until the operation has finished.
    unsafe fn report(&self, file: &File, block: NonNull<StatusBlock>) -> Result<Report, Status> {
        if self.routine.is_some() && file.is_associated() {
            return Err(Status::INVALID_PARAMETER);
        }
        let event = match self.event as usize {
            0 => None,
            value => Some(system().event(value, access::MODIFY_STATE)?),
        };
        let context = self.context as usize;
        let then = match self.routine {
            Some(routine) => Then::call(CompletionRoutine::Native(routine, context)),
            None if context != 0 => Then::Packet,
            None => Then::Nothing,
        };
        // SAFETY: by the contract of this function.
        let overlapped = unsafe { OverlappedRef::of_block(block, context) };
        Ok(Report { overlapped, event, then })
    }

    /// # Safety
    /// The pointers are NULL or valid, the buffer and the block until the
    /// operation has finished.
    unsafe fn start(self, way: Way, file: HANDLE, buffer: Buffer) -> NTSTATUS {
        let Some(block) = NonNull::new(self.block.cast::<StatusBlock>()) else {
            return status(Err(Status::ACCESS_VIOLATION));
        };
        // SAFETY: by the contract of this function.
        let offset = unsafe { self.offset.as_ref() }.copied();
        let offset = offset.filter(|&offset| offset != FILE_USE_FILE_POINTER_POSITION);
        let transfer = Transfer { way, buffer, offset: offset.map(|offset| offset as u64) };
        // SAFETY: by the contract of this function.
        let report = |file: &File| unsafe { self.report(file, block) }.map(Some);
        match transfer.start(file as usize, report, |_| {}) {
            Answer::Pending => Status::PENDING.0 as NTSTATUS,
            Answer::Done(status, _) | Answer::Refused(status) => status.0 as NTSTATUS,
        }
    }
}

/// `NtReadFile`: reads from a file or receives from a socket.
///
/// When it has finished: the status block, the event or else the file's own
/// signal, and then a call of `ApcRoutine`, or a packet that carries
/// `ApcContext` if that is not NULL and the file has a port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtReadFile(
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: Option<StatusRoutine>,
    ApcContext: LPVOID,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
    Buffer: LPVOID,
    Length: ULONG,
    ByteOffset: *const LARGE_INTEGER,
    Key: *const ULONG,
) -> NTSTATUS {
    let _ = Key;
    let (event, routine, context) = (Event, ApcRoutine, ApcContext);
    let terms = Terms { event, routine, context, block: IoStatusBlock, offset: ByteOffset };
    // SAFETY: the documentation asks for memory that stays valid until the
    // operation has finished.
    unsafe {
        let buffer = self::Buffer::new(Buffer.cast(), Length as usize);
        terms.start(Way::In, FileHandle, buffer)
    }
}

/// `NtWriteFile`: writes to a file or sends on a socket; otherwise as
/// [`NtReadFile`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtWriteFile(
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: Option<StatusRoutine>,
    ApcContext: LPVOID,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
    Buffer: *const std::ffi::c_void,
    Length: ULONG,
    ByteOffset: *const LARGE_INTEGER,
    Key: *const ULONG,
) -> NTSTATUS {
    let _ = Key;
    let (event, routine, context) = (Event, ApcRoutine, ApcContext);
    let terms = Terms { event, routine, context, block: IoStatusBlock, offset: ByteOffset };
    // SAFETY: as for `NtReadFile`; a write only reads the buffer.
    unsafe {
        let buffer = self::Buffer::new(Buffer.cast_mut().cast(), Length as usize);
        terms.start(Way::Out, FileHandle, buffer)
    }
}

/// # Safety
/// `block` is NULL or valid.
unsafe fn cancel(
    file: HANDLE,
    block: *mut IO_STATUS_BLOCK,
    f: impl FnOnce(&File) -> Status,
) -> NTSTATUS {
    if block.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    match system().file(file as usize, 0) {
        Err(error) => status(Err(error)),
        Ok(file) => {
            let end = f(&file);
            let told = IO_STATUS_BLOCK { Status: end.0 as usize, Information: 0 };
            // SAFETY: by the contract of this function; it is not NULL.
            unsafe { block.write(told) };
            end.0 as NTSTATUS
        }
    }
}

/// `NtCancelIoFile`: asks for the end of what the calling thread has pending
/// on a file. Each operation still completes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCancelIoFile(
    FileHandle: HANDLE,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
) -> NTSTATUS {
    let mine = |file: &File| {
        file.cancel_mine();
        Status::SUCCESS
    };
    // SAFETY: the documentation asks for a valid place.
    unsafe { cancel(FileHandle, IoStatusBlock, mine) }
}

/// `NtCancelIoFileEx`: asks for the end of the operation with this status
/// block, or of all. `STATUS_NOT_FOUND` if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCancelIoFileEx(
    FileHandle: HANDLE,
    IoRequestToCancel: *mut IO_STATUS_BLOCK,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
) -> NTSTATUS {
    let one = (!IoRequestToCancel.is_null()).then_some(IoRequestToCancel as usize);
    let end = |file: &File| match file.cancel_all(one) {
        true => Status::SUCCESS,
        false => Status::NOT_FOUND,
    };
    // SAFETY: as for `NtCancelIoFile`.
    unsafe { cancel(FileHandle, IoStatusBlock, end) }
}

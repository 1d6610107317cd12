//! `ioapiset.h`: completion ports, results and cancellation.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{deadline, engine, null_on_error, succeed, system};
use crate::types::{BOOL, DWORD, HANDLE, OVERLAPPED, OVERLAPPED_ENTRY, TRUE, ULONG, ULONG_PTR};
use libiocp::handle::Handle;
use libiocp::object::Object;
use libiocp::overlapped::Overlapped;
use libiocp::port::{NoPacket, Packet, Port};
use libiocp::status::Status;
use libiocp::sync::{Deadline, Idle};
use libiocp::wait::wait_any;
use std::sync::Arc;

const INVALID_HANDLE_VALUE: usize = usize::MAX;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_IO_INCOMPLETE: DWORD = 996;
const WAIT_TIMEOUT: DWORD = 258;
const WAIT_IO_COMPLETION: DWORD = 192;
const ERROR_ABANDONED_WAIT_0: DWORD = 735;

const _: () = assert!(size_of::<Packet>() == size_of::<OVERLAPPED_ENTRY>());

/// `CreateIoCompletionPort`: makes a port, ties a file to a port, or both.
///
/// Returns the port's handle: the one given, if one was given, which is not to
/// be closed twice. NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateIoCompletionPort(
    FileHandle: HANDLE,
    ExistingCompletionPort: HANDLE,
    CompletionKey: ULONG_PTR,
    NumberOfConcurrentThreads: DWORD,
) -> HANDLE {
    let (file, port) = (FileHandle as usize, ExistingCompletionPort as usize);
    null_on_error(match (file, port) {
        (INVALID_HANDLE_VALUE, 0) => create(NumberOfConcurrentThreads).map(|(value, _)| value),
        (INVALID_HANDLE_VALUE, _) => Err(Status::INVALID_PARAMETER),
        (file, 0) => create_and_associate(file, CompletionKey, NumberOfConcurrentThreads),
        (file, port) => associate(file, port, CompletionKey),
    })
}

fn create(limit: DWORD) -> Result<(usize, Arc<Port>), Status> {
    let handle = Handle::new(Port::new(limit));
    let port = handle.reference();
    Ok((system().insert(Object::Port(handle), false)?, port))
}

fn create_and_associate(file: usize, key: usize, limit: DWORD) -> Result<usize, Status> {
    let file = system().file(file, 0)?;
    let (value, port) = create(limit)?;
    if let Err(status) = file.associate(&port, key) {
        let _ = system().close(value);
        return Err(status);
    }
    Ok(value)
}

/// The file is looked at before the port.
fn associate(file: usize, value: usize, key: usize) -> Result<usize, Status> {
    let file = system().file(file, 0)?;
    if !file.is_overlapped() || file.association().is_some() {
        return Err(Status::INVALID_PARAMETER);
    }
    let port = system().port(value)?;
    file.associate(&port, key)?;
    Ok(value)
}

/// `GetQueuedCompletionStatus`: waits for one packet.
///
/// `TRUE` for the packet of a successful operation. `FALSE` with a non-NULL
/// `*lpOverlapped` for that of a failed one, whose error is the last error;
/// `FALSE` with NULL if there was none: 258, 735, 6 or 5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetQueuedCompletionStatus(
    CompletionPort: HANDLE,
    lpNumberOfBytesTransferred: *mut DWORD,
    lpCompletionKey: *mut ULONG_PTR,
    lpOverlapped: *mut *mut OVERLAPPED,
    dwMilliseconds: DWORD,
) -> BOOL {
    let is_null =
        lpNumberOfBytesTransferred.is_null() || lpCompletionKey.is_null() || lpOverlapped.is_null();
    if is_null {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the documentation asks for three valid places.
    unsafe { lpOverlapped.write(std::ptr::null_mut()) };
    let mut packet = [Packet::default()];
    if let Err(code) = take(CompletionPort as usize, &mut packet, dwMilliseconds) {
        return fail(code);
    }
    let [packet] = packet;
    // SAFETY: as above.
    unsafe {
        lpNumberOfBytesTransferred.write(packet.bytes as DWORD);
        lpCompletionKey.write(packet.key);
        lpOverlapped.write(packet.overlapped as *mut OVERLAPPED);
    }
    let status = packet.status();
    if status.is_success() { TRUE } else { fail(status.win32()) }
}

/// `GetQueuedCompletionStatusEx`: waits for a packet and takes as many as
/// there are and fit.
///
/// `TRUE` whatever became of the operations: each entry's `Internal` says.
/// Without completion routines an alertable wait is as any other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetQueuedCompletionStatusEx(
    CompletionPort: HANDLE,
    lpCompletionPortEntries: *mut OVERLAPPED_ENTRY,
    ulCount: ULONG,
    ulNumEntriesRemoved: *mut ULONG,
    dwMilliseconds: DWORD,
    fAlertable: BOOL,
) -> BOOL {
    let _ = fAlertable;
    if lpCompletionPortEntries.is_null() || ulNumEntriesRemoved.is_null() || ulCount == 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let entries = lpCompletionPortEntries.cast::<Packet>();
    // SAFETY: the documentation asks for room for `ulCount` entries and for a
    // place for the count; a packet is laid out as an entry, and any bits are
    // a packet.
    let (packets, removed) = unsafe {
        (std::slice::from_raw_parts_mut(entries, ulCount as usize), &mut *ulNumEntriesRemoved)
    };
    *removed = 0;
    match take(CompletionPort as usize, packets, dwMilliseconds) {
        Ok(count) => {
            *removed = count as ULONG;
            TRUE
        }
        Err(code) => fail(code),
    }
}

fn take(port: usize, packets: &mut [Packet], milliseconds: DWORD) -> Result<usize, DWORD> {
    let taken = system().take(port, packets, deadline(milliseconds)).map_err(Status::win32)?;
    taken.map_err(|no_packet| match no_packet {
        NoPacket::TimedOut => WAIT_TIMEOUT,
        NoPacket::Abandoned => ERROR_ABANDONED_WAIT_0,
        NoPacket::Alerted => WAIT_IO_COMPLETION,
    })
}

/// `PostQueuedCompletionStatus`: queues a packet with these three values,
/// which are looked at by nobody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PostQueuedCompletionStatus(
    CompletionPort: HANDLE,
    dwNumberOfBytesTransferred: DWORD,
    dwCompletionKey: ULONG_PTR,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    let bytes = dwNumberOfBytesTransferred as usize;
    let packet = Packet::new(dwCompletionKey, lpOverlapped as usize, bytes);
    succeed(system().post(CompletionPort as usize, &packet))
}

/// `GetOverlappedResult`: the result of an operation; waits for it if `bWait`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetOverlappedResult(
    hFile: HANDLE,
    lpOverlapped: *mut OVERLAPPED,
    lpNumberOfBytesTransferred: *mut DWORD,
    bWait: BOOL,
) -> BOOL {
    let deadline = (bWait == 0).then(Deadline::now);
    // SAFETY: the documentation asks for what `result_of` asks for.
    let result = unsafe { result_of(hFile, lpOverlapped, deadline, bWait != 0) };
    // SAFETY: as above.
    unsafe { tell_result(result, lpNumberOfBytesTransferred) }
}

/// `GetOverlappedResultEx`: the result of an operation, waiting for it for so
/// many milliseconds. Without completion routines an alertable wait is as any
/// other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetOverlappedResultEx(
    hFile: HANDLE,
    lpOverlapped: *mut OVERLAPPED,
    lpNumberOfBytesTransferred: *mut DWORD,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> BOOL {
    let _ = bAlertable;
    let until = deadline(dwMilliseconds);
    // SAFETY: the documentation asks for what `result_of` asks for.
    let result = unsafe { result_of(hFile, lpOverlapped, until, dwMilliseconds != 0) };
    // SAFETY: as above.
    unsafe { tell_result(result, lpNumberOfBytesTransferred) }
}

/// The status and the byte count, or the error if there is none.
///
/// # Safety
/// `overlapped` is NULL or points to a valid OVERLAPPED.
pub(crate) unsafe fn result_of(
    file: HANDLE,
    overlapped: *mut OVERLAPPED,
    deadline: Option<Deadline>,
    waits: bool,
) -> Result<(Status, usize), DWORD> {
    // SAFETY: by the contract of this function; the fields are atomic.
    let Some(result) = (unsafe { overlapped.cast::<Overlapped>().as_ref() }) else {
        return Err(ERROR_INVALID_PARAMETER);
    };
    if result.status() == Status::PENDING && !waits {
        engine().poll();
        if result.status() == Status::PENDING {
            return Err(ERROR_IO_INCOMPLETE);
        }
    }
    if result.status() == Status::PENDING {
        // SAFETY: by the contract of this function.
        let event = unsafe { (*overlapped).hEvent };
        let handle = if event.is_null() { file } else { event };
        let object = system().waitable(handle as usize).map_err(Status::win32)?;
        if wait_any(&[object.signal()], deadline, &**engine()).is_none() {
            return Err(WAIT_TIMEOUT);
        }
    }
    Ok((result.status(), result.bytes()))
}

/// # Safety
/// `bytes` is NULL or valid.
unsafe fn tell_result(result: Result<(Status, usize), DWORD>, bytes: *mut DWORD) -> BOOL {
    match result {
        Err(code) => fail(code),
        Ok((status, count)) => {
            // SAFETY: by the contract of this function.
            if let Some(bytes) = unsafe { bytes.as_mut() } {
                *bytes = count as DWORD;
            }
            if status.is_success() { TRUE } else { fail(status.win32()) }
        }
    }
}

/// `CancelIo`: asks for the end of what the calling thread has pending on a
/// file. Each operation still completes. `TRUE` also if there was nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CancelIo(hFile: HANDLE) -> BOOL {
    succeed(system().file(hFile as usize, 0).map(|file| {
        file.cancel_mine();
    }))
}

/// `CancelIoEx`: asks for the end of the operations with this OVERLAPPED, or
/// of all. 1168 if there are none. Each operation still completes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CancelIoEx(hFile: HANDLE, lpOverlapped: *mut OVERLAPPED) -> BOOL {
    let overlapped = (!lpOverlapped.is_null()).then_some(lpOverlapped as usize);
    match system().file(hFile as usize, 0) {
        Ok(file) if file.cancel_all(overlapped) => TRUE,
        Ok(_) => fail(Status::NOT_FOUND.win32()),
        Err(status) => fail(status.win32()),
    }
}

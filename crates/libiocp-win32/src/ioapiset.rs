//! `ioapiset.h`: completion ports, results and cancellation.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::apc::{WAIT_IO_COMPLETION, after_wait};
use crate::errhandlingapi::fail;
use crate::kernel::{deadline, engine, fail_with, null_on_error, succeed, system};
use crate::types::{
    BOOL, DWORD, FALSE, HANDLE, INFINITE, OVERLAPPED, OVERLAPPED_ENTRY, TRUE, ULONG, ULONG_PTR,
};
use libiocp::handle::Handle;
use libiocp::object::{Object, WaitFor, Waited, access};
use libiocp::overlapped::Overlapped;
use libiocp::port::{NoPacket, Packet, Port};
use libiocp::status::Status;
use libiocp::sync::Idle;
use std::sync::Arc;

const INVALID_HANDLE_VALUE: usize = usize::MAX;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_IO_INCOMPLETE: DWORD = 996;
const WAIT_TIMEOUT: DWORD = 258;
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

/// Ties a file to a port that exists. The file is looked at before the port.
pub(crate) fn associate(file: usize, value: usize, key: usize) -> Result<usize, Status> {
    let file = system().file(file, 0)?;
    if !file.is_overlapped() || file.is_associated() {
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
    let port = CompletionPort as usize;
    let packet = match system().take_at_once(port) {
        Some(packet) => packet,
        None => match take_one(port, dwMilliseconds) {
            Ok(packet) => packet,
            Err(code) => return fail(code),
        },
    };
    // SAFETY: as above.
    unsafe {
        lpNumberOfBytesTransferred.write(packet.bytes as DWORD);
        lpCompletionKey.write(packet.key);
        lpOverlapped.write(packet.overlapped as *mut OVERLAPPED);
    }
    let status = packet.status();
    if status.is_success() { TRUE } else { fail_with(status) }
}

/// What `take_at_once` does not do.
#[inline(never)]
fn take_one(port: usize, milliseconds: DWORD) -> Result<Packet, DWORD> {
    let mut packets = [Packet::default()];
    take(port, &mut packets, milliseconds, false).map(|_| packets[0])
}

/// `GetQueuedCompletionStatusEx`: waits for a packet and takes as many as
/// there are and fit.
///
/// `TRUE` whatever became of the operations: each entry's `Internal` says. If
/// alertable, 192 after the calls that were queued for the calling thread; one
/// that runs for the port gets packets first.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn GetQueuedCompletionStatusEx(
    CompletionPort: HANDLE,
    lpCompletionPortEntries: *mut OVERLAPPED_ENTRY,
    ulCount: ULONG,
    ulNumEntriesRemoved: *mut ULONG,
    dwMilliseconds: DWORD,
    fAlertable: BOOL,
) -> BOOL {
    let (entries, count) = (lpCompletionPortEntries, ulCount);
    let (removed, alertable) = (ulNumEntriesRemoved, fAlertable);
    // SAFETY: the same contract; there is nothing here but numbers.
    unsafe {
        let code = take_many(CompletionPort, entries, count, removed, dwMilliseconds, alertable);
        if code == 0 { TRUE } else { fail(after_wait(code)) }
    }
}

/// The error code; zero for success.
///
/// # Safety
/// As the documentation of `GetQueuedCompletionStatusEx` asks.
unsafe extern "C" fn take_many(
    port: HANDLE,
    entries: *mut OVERLAPPED_ENTRY,
    count: ULONG,
    removed: *mut ULONG,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    if entries.is_null() || removed.is_null() || count == 0 {
        return ERROR_INVALID_PARAMETER;
    }
    // SAFETY: the documentation asks for room for `ulCount` entries and for a
    // place for the count; a packet is laid out as an entry, and any bits are
    // a packet.
    let (packets, removed) = unsafe {
        (std::slice::from_raw_parts_mut(entries.cast::<Packet>(), count as usize), &mut *removed)
    };
    *removed = 0;
    match take(port as usize, packets, milliseconds, alertable != FALSE) {
        Ok(count) => {
            *removed = count as ULONG;
            0
        }
        Err(code) => code,
    }
}

fn take(
    port: usize,
    packets: &mut [Packet],
    milliseconds: DWORD,
    is_alertable: bool,
) -> Result<usize, DWORD> {
    let until = deadline(milliseconds);
    let taken = if is_alertable {
        system().take_alertable(port, packets, until)
    } else {
        system().take(port, packets, until)
    };
    taken.map_err(Status::win32)?.map_err(|no_packet| match no_packet {
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
    succeed(system().post(CompletionPort as usize, packet))
}

/// `GetOverlappedResult`: the result of an operation; waits for it if `bWait`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetOverlappedResult(
    hFile: HANDLE,
    lpOverlapped: *mut OVERLAPPED,
    lpNumberOfBytesTransferred: *mut DWORD,
    bWait: BOOL,
) -> BOOL {
    let milliseconds = if bWait == FALSE { 0 } else { INFINITE };
    let bytes = lpNumberOfBytesTransferred;
    // SAFETY: the same contract.
    match unsafe { tell_result(hFile, lpOverlapped, bytes, milliseconds, FALSE) } {
        0 => TRUE,
        code => fail(code),
    }
}

/// `GetOverlappedResultEx`: the result of an operation, waiting for it for so
/// many milliseconds; if alertable, 192 after the calls that were queued for
/// the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn GetOverlappedResultEx(
    hFile: HANDLE,
    lpOverlapped: *mut OVERLAPPED,
    lpNumberOfBytesTransferred: *mut DWORD,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> BOOL {
    let bytes = lpNumberOfBytesTransferred;
    // SAFETY: the same contract; there is nothing here but numbers.
    unsafe {
        match tell_result(hFile, lpOverlapped, bytes, dwMilliseconds, bAlertable) {
            0 => TRUE,
            code => fail(after_wait(code)),
        }
    }
}

/// Tells the byte count of what is over. Its error code, or why there is no
/// result; zero for success.
///
/// # Safety
/// The pointers are NULL or valid.
unsafe extern "C" fn tell_result(
    file: HANDLE,
    overlapped: *mut OVERLAPPED,
    bytes: *mut DWORD,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    // SAFETY: by the contract of this function.
    match unsafe { result_of(file, overlapped, milliseconds, alertable != FALSE) } {
        Err(code) => code,
        Ok((status, count)) => {
            // SAFETY: by the contract of this function.
            if let Some(bytes) = unsafe { bytes.as_mut() } {
                *bytes = count as DWORD;
            }
            if status.is_success() { 0 } else { status.win32() }
        }
    }
}

/// The status and the byte count, or the error if there is none.
///
/// # Safety
/// `overlapped` is NULL or points to a valid OVERLAPPED.
pub(crate) unsafe fn result_of(
    file: HANDLE,
    overlapped: *mut OVERLAPPED,
    milliseconds: DWORD,
    is_alertable: bool,
) -> Result<(Status, usize), DWORD> {
    // SAFETY: by the contract of this function; the fields are atomic.
    let Some(result) = (unsafe { overlapped.cast::<Overlapped>().as_ref() }) else {
        return Err(ERROR_INVALID_PARAMETER);
    };
    if result.status() == Status::PENDING && milliseconds == 0 {
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
        let deadline = deadline(milliseconds);
        let wait = WaitFor { objects: &[object], all: false, is_alertable, deadline };
        match wait.wait(&**engine()).map_err(Status::win32)? {
            Waited::Satisfied(_) | Waited::Abandoned(_) => {}
            Waited::Alerted => return Err(WAIT_IO_COMPLETION),
            Waited::TimedOut => return Err(WAIT_TIMEOUT),
        }
    }
    Ok((result.status(), result.bytes()))
}

/// `CancelIo`: asks for the end of what the calling thread has pending on a
/// file. Each operation still completes. `TRUE` also if there was nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CancelIo(hFile: HANDLE) -> BOOL {
    succeed(system().file(hFile as usize, 0).map(|file| {
        file.cancel_mine();
    }))
}

/// `CancelSynchronousIo`: asks for the end of the operation that a thread is
/// blocked in, on a handle that is not overlapped. 1168 if there is none. The
/// operation still completes, in that thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CancelSynchronousIo(hThread: HANDLE) -> BOOL {
    match system().thread(hThread as usize, access::THREAD_TERMINATE) {
        Ok(thread) if thread.cancel_synchronous() => TRUE,
        Ok(_) => fail(Status::NOT_FOUND.win32()),
        Err(status) => fail(status.win32()),
    }
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

//! Completion ports.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::names::{create, open};
use super::status;
use super::types::{ACCESS_MASK, IO_STATUS_BLOCK, NTSTATUS, OBJECT_ATTRIBUTES};
use super::waits::{Patience, after};
use crate::kernel::system;
use crate::types::{BOOLEAN, HANDLE, LARGE_INTEGER, LONG, LPVOID, OVERLAPPED_ENTRY, ULONG};
use libiocp::handle::Handle;
use libiocp::object::{Kind, Object, Purpose};
use libiocp::port::{NoPacket, Packet, Port};
use libiocp::status::Status;

const IO_COMPLETION_QUERY_STATE: u32 = 1;
const IO_COMPLETION_BASIC_INFORMATION: u32 = 0;

/// `NtCreateIoCompletion`: makes a port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateIoCompletion(
    IoCompletionHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
    NumberOfConcurrentThreads: ULONG,
) -> NTSTATUS {
    let port = || Object::Port(Handle::new(Port::new(NumberOfConcurrentThreads)));
    // SAFETY: the documentation asks for valid memory.
    unsafe { create(IoCompletionHandle, DesiredAccess, ObjectAttributes, port) }
}

/// `NtOpenIoCompletion`: opens a port that has a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtOpenIoCompletion(
    IoCompletionHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    // SAFETY: the documentation asks for valid memory.
    unsafe { open(IoCompletionHandle, DesiredAccess, ObjectAttributes, Kind::Port) }
}

/// `NtSetIoCompletion`: queues a packet with these four values, which are
/// looked at by nobody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetIoCompletion(
    IoCompletionHandle: HANDLE,
    KeyContext: LPVOID,
    ApcContext: LPVOID,
    IoStatus: NTSTATUS,
    IoStatusInformation: usize,
) -> NTSTATUS {
    let packet = packet(KeyContext, ApcContext, IoStatus, IoStatusInformation);
    status(system().post(IoCompletionHandle as usize, packet))
}

/// `NtSetIoCompletionEx`: as `NtSetIoCompletion`, with a reserve object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetIoCompletionEx(
    IoCompletionHandle: HANDLE,
    IoCompletionPacketHandle: HANDLE,
    KeyContext: LPVOID,
    ApcContext: LPVOID,
    IoStatus: NTSTATUS,
    IoStatusInformation: usize,
) -> NTSTATUS {
    let packet = packet(KeyContext, ApcContext, IoStatus, IoStatusInformation);
    let post = || {
        let port = system().port(IoCompletionHandle as usize)?;
        let reserve = system().reserve(IoCompletionPacketHandle as usize)?;
        if reserve.purpose() != Purpose::IoCompletion {
            return Err(Status::OBJECT_TYPE_MISMATCH);
        }
        port.try_post(packet)
    };
    status(post())
}

/// A packet of a caller's own making.
pub(super) fn packet(key: LPVOID, context: LPVOID, status: NTSTATUS, information: usize) -> Packet {
    Packet::with_status(key as usize, context as usize, Status(status as u32), information)
}

/// `NtRemoveIoCompletion`: waits for one packet. `STATUS_SUCCESS` whatever
/// became of the operation: the status block says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtRemoveIoCompletion(
    IoCompletionHandle: HANDLE,
    KeyContext: *mut LPVOID,
    ApcContext: *mut LPVOID,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
    Timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    if KeyContext.is_null() || ApcContext.is_null() || IoStatusBlock.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    let mut packets = [Packet::default()];
    // SAFETY: the documentation asks for NULL or a valid time.
    let patience = unsafe { Patience::of(Timeout, 0) };
    match take(IoCompletionHandle, &mut packets, patience) {
        Err(end) => end.0 as NTSTATUS,
        Ok(_) => {
            let [packet] = packets;
            let (status, bytes) = (packet.status as usize, packet.bytes);
            // SAFETY: the documentation asks for three valid places.
            unsafe {
                KeyContext.write(packet.key as LPVOID);
                ApcContext.write(packet.overlapped as LPVOID);
                IoStatusBlock.write(IO_STATUS_BLOCK { Status: status, Information: bytes });
            }
            0
        }
    }
}

/// `NtRemoveIoCompletionEx`: waits for a packet and takes as many as there are
/// and fit; if alertable, also until calls are queued for the calling thread.
/// The entries are laid out as `OVERLAPPED_ENTRY`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn NtRemoveIoCompletionEx(
    IoCompletionHandle: HANDLE,
    IoCompletionInformation: *mut OVERLAPPED_ENTRY,
    Count: ULONG,
    NumEntriesRemoved: *mut ULONG,
    Timeout: *const LARGE_INTEGER,
    Alertable: BOOLEAN,
) -> NTSTATUS {
    let (entries, removed) = (IoCompletionInformation, NumEntriesRemoved);
    // SAFETY: the documentation asks for room for `Count` entries, for a place
    // for the number, and for NULL or a valid time; there is nothing here but
    // numbers.
    unsafe { after(remove(IoCompletionHandle, entries, Count, removed, Timeout, Alertable)) }
}

/// # Safety
/// As [`NtRemoveIoCompletionEx`].
unsafe extern "C" fn remove(
    port: HANDLE,
    entries: *mut OVERLAPPED_ENTRY,
    count: ULONG,
    removed: *mut ULONG,
    timeout: *const LARGE_INTEGER,
    alertable: BOOLEAN,
) -> NTSTATUS {
    if entries.is_null() || removed.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    if count == 0 {
        return status(Err(Status::INVALID_PARAMETER));
    }
    // SAFETY: by the contract of this function; a packet is laid out as an
    // entry, and any bits are a packet.
    let (packets, removed, patience) = unsafe {
        let packets = std::slice::from_raw_parts_mut(entries.cast::<Packet>(), count as usize);
        (packets, &mut *removed, Patience::of(timeout, alertable))
    };
    *removed = 0;
    match take(port, packets, patience) {
        Err(end) => end.0 as NTSTATUS,
        Ok(count) => {
            *removed = count as ULONG;
            0
        }
    }
}

/// How many packets were taken, or why none was.
fn take(port: HANDLE, packets: &mut [Packet], patience: Patience) -> Result<usize, Status> {
    let Patience { deadline, is_alertable } = patience;
    let taken = if is_alertable {
        system().take_alertable(port as usize, packets, deadline)?
    } else {
        system().take(port as usize, packets, deadline)?
    };
    taken.map_err(|no_packet| match no_packet {
        NoPacket::TimedOut => Status::TIMEOUT,
        NoPacket::Abandoned => Status::ABANDONED,
        NoPacket::Alerted => Status::USER_APC,
    })
}

/// `NtQueryIoCompletion`: how many packets wait in the queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryIoCompletion(
    IoCompletionHandle: HANDLE,
    IoCompletionInformationClass: u32,
    IoCompletionInformation: LPVOID,
    IoCompletionInformationLength: ULONG,
    ReturnLength: *mut ULONG,
) -> NTSTATUS {
    if IoCompletionInformationClass != IO_COMPLETION_BASIC_INFORMATION {
        return status(Err(Status::INVALID_INFO_CLASS));
    }
    if IoCompletionInformationLength as usize != size_of::<LONG>() {
        return status(Err(Status::INFO_LENGTH_MISMATCH));
    }
    if IoCompletionInformation.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    let port = system().port_with(IoCompletionHandle as usize, IO_COMPLETION_QUERY_STATE);
    status(port.map(|port| {
        let depth = LONG::try_from(port.depth()).unwrap_or(LONG::MAX);
        // SAFETY: the documentation asks for room for so many bytes, and for
        // NULL or a valid place.
        unsafe {
            IoCompletionInformation.cast::<LONG>().write_unaligned(depth);
            if let Some(length) = ReturnLength.as_mut() {
                *length = size_of::<LONG>() as ULONG;
            }
        }
    }))
}

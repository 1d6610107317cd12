//! Wait completion packets, and reserve objects.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::names::{Attributes, create};
use super::ports::packet;
use super::status;
use super::types::{ACCESS_MASK, NTSTATUS, OBJECT_ATTRIBUTES};
use crate::kernel::system;
use crate::processenv_std::translate;
use crate::types::{BOOLEAN, HANDLE, LPVOID};
use libiocp::handle::Handle;
use libiocp::object::{Object, Purpose, Reserve, WaitPacket};
use libiocp::status::Status;

/// `NtCreateWaitCompletionPacket`: makes what ties an object that can be
/// waited for to a port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateWaitCompletionPacket(
    WaitCompletionPacketHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    let packet = || Object::WaitPacket(Handle::new(WaitPacket::default()));
    // SAFETY: the documentation asks for valid memory.
    unsafe { create(WaitCompletionPacketHandle, DesiredAccess, ObjectAttributes, packet) }
}

/// `NtAssociateWaitCompletionPacket`: queues one packet with these four values
/// when the target is signaled. As any wait does, that takes an auto-reset
/// event, or a unit of a semaphore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtAssociateWaitCompletionPacket(
    WaitCompletionPacketHandle: HANDLE,
    IoCompletionHandle: HANDLE,
    TargetObjectHandle: HANDLE,
    KeyContext: LPVOID,
    ApcContext: LPVOID,
    IoStatus: NTSTATUS,
    IoStatusInformation: usize,
    AlreadySignaled: *mut BOOLEAN,
) -> NTSTATUS {
    let packet = packet(KeyContext, ApcContext, IoStatus, IoStatusInformation);
    let associate = || {
        let object = system().wait_packet(WaitCompletionPacketHandle as usize)?;
        let port = system().port(IoCompletionHandle as usize)?;
        let target = system().waitable(translate(TargetObjectHandle as usize))?;
        object.associate(&port, target, packet)
    };
    status(associate().map(|was_signaled| {
        // SAFETY: the documentation asks for NULL or a valid place.
        if let Some(already) = unsafe { AlreadySignaled.as_mut() } {
            *already = BOOLEAN::from(was_signaled);
        }
    }))
}

/// `NtCancelWaitCompletionPacket`: ends an association, and takes its packet
/// out of the queue if `RemoveSignaledPacket`. `STATUS_PENDING` if the packet
/// is there and stays, `STATUS_CANCELLED` if there was nothing to end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCancelWaitCompletionPacket(
    WaitCompletionPacketHandle: HANDLE,
    RemoveSignaledPacket: BOOLEAN,
) -> NTSTATUS {
    match system().wait_packet(WaitCompletionPacketHandle as usize) {
        Ok(object) => object.cancel(RemoveSignaledPacket != 0).0 as NTSTATUS,
        Err(error) => status(Err(error)),
    }
}

/// `NtAllocateReserveObject`: makes a reserve object for calls (0) or packets
/// (1). It cannot have a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtAllocateReserveObject(
    MemoryReserveHandle: *mut HANDLE,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
    Type: u32,
) -> NTSTATUS {
    let purpose = match Type {
        0 => Purpose::UserApc,
        1 => Purpose::IoCompletion,
        _ => return status(Err(Status::INVALID_PARAMETER)),
    };
    // SAFETY: the documentation asks for NULL or valid memory.
    match unsafe { Attributes::of(ObjectAttributes) } {
        Err(error) => return status(Err(error)),
        Ok(attributes) if attributes.is_named() => {
            return status(Err(Status::OBJECT_NAME_INVALID));
        }
        Ok(_) => {}
    }
    let reserve = || Object::Reserve(Handle::new(Reserve::new(purpose)));
    // SAFETY: as above.
    unsafe { create(MemoryReserveHandle, u32::MAX, ObjectAttributes, reserve) }
}

//! Events and semaphores.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::names::{create, open};
use super::status;
use super::types::{ACCESS_MASK, NTSTATUS, OBJECT_ATTRIBUTES};
use crate::kernel::system;
use crate::types::{BOOLEAN, HANDLE, LONG};
use libiocp::event::{Event, Semaphore};
use libiocp::handle::Handle;
use libiocp::object::{Kind, Object, access};
use libiocp::status::Status;
use libiocp::wait::Signal;

const NOTIFICATION_EVENT: u32 = 0;
const SYNCHRONIZATION_EVENT: u32 = 1;

/// `NtCreateEvent`: makes an event, which a satisfied wait resets
/// (`SynchronizationEvent`) or does not (`NotificationEvent`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateEvent(
    EventHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
    EventType: u32,
    InitialState: BOOLEAN,
) -> NTSTATUS {
    if EventType > SYNCHRONIZATION_EVENT {
        return status(Err(Status::INVALID_PARAMETER));
    }
    let (stays, is_set) = (EventType == NOTIFICATION_EVENT, InitialState != 0);
    let event = || Object::Event(Handle::new(Event::new(stays, is_set)));
    // SAFETY: the documentation asks for valid memory.
    unsafe { create(EventHandle, DesiredAccess, ObjectAttributes, event) }
}

/// `NtOpenEvent`: opens an event that has a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtOpenEvent(
    EventHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    // SAFETY: the documentation asks for valid memory.
    unsafe { open(EventHandle, DesiredAccess, ObjectAttributes, Kind::Event) }
}

/// # Safety
/// `previous` is NULL or valid.
unsafe fn change(handle: HANDLE, previous: *mut LONG, f: impl Fn(&Signal) -> bool) -> NTSTATUS {
    let event = system().event(handle as usize, access::MODIFY_STATE);
    status(event.map(|event| {
        let was_set = f(event.signal());
        // SAFETY: by the contract of this function.
        if let Some(previous) = unsafe { previous.as_mut() } {
            *previous = LONG::from(was_set);
        }
    }))
}

/// `NtSetEvent`: sets an event; tells whether it was set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetEvent(EventHandle: HANDLE, PreviousState: *mut LONG) -> NTSTATUS {
    // SAFETY: the documentation asks for NULL or a valid place.
    unsafe { change(EventHandle, PreviousState, Signal::set) }
}

/// `NtResetEvent`: resets an event; tells whether it was set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtResetEvent(EventHandle: HANDLE, PreviousState: *mut LONG) -> NTSTATUS {
    // SAFETY: as for `NtSetEvent`.
    unsafe { change(EventHandle, PreviousState, Signal::reset) }
}

/// `NtClearEvent`: resets an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtClearEvent(EventHandle: HANDLE) -> NTSTATUS {
    // SAFETY: nothing is stored.
    unsafe { change(EventHandle, std::ptr::null_mut(), Signal::reset) }
}

/// `NtPulseEvent`: releases who waits now, and resets; tells whether it was
/// set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtPulseEvent(EventHandle: HANDLE, PreviousState: *mut LONG) -> NTSTATUS {
    // SAFETY: as for `NtSetEvent`.
    unsafe { change(EventHandle, PreviousState, Signal::pulse) }
}

/// `NtCreateSemaphore`: makes a semaphore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateSemaphore(
    SemaphoreHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
    InitialCount: LONG,
    MaximumCount: LONG,
) -> NTSTATUS {
    if MaximumCount <= 0 || InitialCount < 0 || InitialCount > MaximumCount {
        return status(Err(Status::INVALID_PARAMETER));
    }
    let (count, maximum) = (InitialCount as u32, MaximumCount as u32);
    let semaphore = || Object::Semaphore(Handle::new(Semaphore::new(count, maximum)));
    // SAFETY: the documentation asks for valid memory.
    unsafe { create(SemaphoreHandle, DesiredAccess, ObjectAttributes, semaphore) }
}

/// `NtOpenSemaphore`: opens a semaphore that has a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtOpenSemaphore(
    SemaphoreHandle: *mut HANDLE,
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    // SAFETY: the documentation asks for valid memory.
    unsafe { open(SemaphoreHandle, DesiredAccess, ObjectAttributes, Kind::Semaphore) }
}

/// `NtReleaseSemaphore`: adds units, unless that would exceed the maximum;
/// tells how many there were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtReleaseSemaphore(
    SemaphoreHandle: HANDLE,
    ReleaseCount: LONG,
    PreviousCount: *mut LONG,
) -> NTSTATUS {
    if ReleaseCount <= 0 {
        return status(Err(Status::INVALID_PARAMETER));
    }
    let release = || {
        let semaphore = system().semaphore(SemaphoreHandle as usize)?;
        let before = semaphore.signal().add(ReleaseCount as u32);
        before.ok_or(Status::SEMAPHORE_LIMIT_EXCEEDED)
    };
    status(release().map(|before| {
        // SAFETY: the documentation asks for NULL or a valid place.
        if let Some(previous) = unsafe { PreviousCount.as_mut() } {
            *previous = before as LONG;
        }
    }))
}

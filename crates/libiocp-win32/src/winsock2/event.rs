//! Winsock's names for event objects, and byte order by socket.

use super::codes::{WSA_INVALID_HANDLE, WSA_WAIT_FAILED, WSAEFAULT, WSANOTINITIALISED};
use super::endpoint::find;
use super::startup::{call, is_started};
use super::types::SOCKET;
use crate::apc::after_wait;
use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{null_on_error, system};
use crate::sockaddr::is_bad;
use crate::synchapi_waits::wait_for_many;
use crate::types::{BOOL, HANDLE, TRUE};
use libiocp::event::Event;
use libiocp::handle::Handle;
use libiocp::object::{Object, access};

/// `WSACreateEvent`: a manual-reset event that is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSACreateEvent() -> HANDLE {
    if !is_started() {
        set_last_error(WSANOTINITIALISED);
        return std::ptr::null_mut();
    }
    let event = Object::Event(Handle::new(Event::new(true, false)));
    null_on_error(system().insert(event, false))
}

fn with_event(hEvent: HANDLE, f: impl FnOnce(&Event)) -> BOOL {
    if !is_started() {
        return fail(WSANOTINITIALISED);
    }
    match system().event(hEvent.addr(), access::MODIFY_STATE) {
        Ok(event) => {
            f(&event);
            TRUE
        }
        Err(_) => fail(WSA_INVALID_HANDLE),
    }
}

/// `WSASetEvent`: sets an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSASetEvent(hEvent: HANDLE) -> BOOL {
    with_event(hEvent, |event| {
        event.signal().set();
    })
}

/// `WSAResetEvent`: resets an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAResetEvent(hEvent: HANDLE) -> BOOL {
    with_event(hEvent, |event| {
        event.signal().reset();
    })
}

/// `WSACloseEvent`: closes an event's handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSACloseEvent(hEvent: HANDLE) -> BOOL {
    if !is_started() {
        return fail(WSANOTINITIALISED);
    }
    match system().close(hEvent.addr()) {
        Ok(()) => TRUE,
        Err(_) => fail(WSA_INVALID_HANDLE),
    }
}

/// # Safety
/// `events` is NULL or points to `count` handles.
unsafe extern "C" fn wait_for_events(
    count: u32,
    events: *const HANDLE,
    all: BOOL,
    milliseconds: u32,
    alertable: BOOL,
) -> u32 {
    if !is_started() {
        set_last_error(WSANOTINITIALISED);
        return WSA_WAIT_FAILED;
    }
    // SAFETY: this function's contract.
    unsafe { wait_for_many(count, events, all, milliseconds, alertable) }
}

/// `WSAWaitForMultipleEvents`: waits until one of at most 64 events is set, or all are at once;
/// if alertable, also until calls are queued for the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn WSAWaitForMultipleEvents(
    cEvents: u32,
    lphEvents: *const HANDLE,
    fWaitAll: BOOL,
    dwTimeout: u32,
    fAlertable: BOOL,
) -> u32 {
    // SAFETY: the same contract; there is nothing here but numbers.
    unsafe { after_wait(wait_for_events(cEvents, lphEvents, fWaitAll, dwTimeout, fAlertable)) }
}

/// Stores a number for a socket, which only has to be one.
///
/// # Safety
/// `place` is valid for writes when not null.
unsafe fn convert<T>(s: SOCKET, place: *mut T, value: T) -> i32 {
    call(|| {
        find(s)?;
        if is_bad(place) {
            return Err(WSAEFAULT);
        }
        // SAFETY: this function's contract.
        unsafe { place.write(value) };
        Ok(0)
    })
}

/// `WSAHtonl`: host to network order, 32 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAHtonl(s: SOCKET, hostlong: u32, lpnetlong: *mut u32) -> i32 {
    // SAFETY: the caller's promise: valid.
    unsafe { convert(s, lpnetlong, hostlong.to_be()) }
}

/// `WSANtohl`: network to host order, 32 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSANtohl(s: SOCKET, netlong: u32, lphostlong: *mut u32) -> i32 {
    // SAFETY: the caller's promise: valid.
    unsafe { convert(s, lphostlong, u32::from_be(netlong)) }
}

/// `WSAHtons`: host to network order, 16 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAHtons(s: SOCKET, hostshort: u16, lpnetshort: *mut u16) -> i32 {
    // SAFETY: the caller's promise: valid.
    unsafe { convert(s, lpnetshort, hostshort.to_be()) }
}

/// `WSANtohs`: network to host order, 16 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSANtohs(s: SOCKET, netshort: u16, lphostshort: *mut u16) -> i32 {
    // SAFETY: the caller's promise: valid.
    unsafe { convert(s, lphostshort, u16::from_be(netshort)) }
}

//! `synchapi.h`: events and semaphores.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{succeed, system};
use crate::named::{Given, create, open};
use crate::types::{BOOL, DWORD, HANDLE, LONG, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, TRUE};
use libiocp::event::{Event, Semaphore};
use libiocp::handle::Handle;
use libiocp::object::{Kind, Object, access};

const CREATE_EVENT_MANUAL_RESET: DWORD = 1;
const CREATE_EVENT_INITIAL_SET: DWORD = 2;
const EVENT_ALL_ACCESS: DWORD = 0x001F_0003;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_TOO_MANY_POSTS: DWORD = 298;

fn event(manual_reset: bool, is_set: bool) -> Object {
    Object::Event(Handle::new(Event::new(manual_reset, is_set)))
}

/// `CreateEventA`: makes an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventA(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    bManualReset: BOOL,
    bInitialState: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    let event = event(bManualReset != 0, bInitialState != 0);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create(event, lpEventAttributes, Given::narrow(lpName), EVENT_ALL_ACCESS) }
}

/// `CreateEventW`: makes an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventW(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    bManualReset: BOOL,
    bInitialState: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    let event = event(bManualReset != 0, bInitialState != 0);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create(event, lpEventAttributes, Given::wide(lpName), EVENT_ALL_ACCESS) }
}

/// `CreateEventExA`: makes an event, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventExA(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    let (manual, set) = (dwFlags & CREATE_EVENT_MANUAL_RESET, dwFlags & CREATE_EVENT_INITIAL_SET);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe {
        let event = event(manual != 0, set != 0);
        create(event, lpEventAttributes, Given::narrow(lpName), dwDesiredAccess)
    }
}

/// `CreateEventExW`: makes an event, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventExW(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    let (manual, set) = (dwFlags & CREATE_EVENT_MANUAL_RESET, dwFlags & CREATE_EVENT_INITIAL_SET);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe {
        let event = event(manual != 0, set != 0);
        create(event, lpEventAttributes, Given::wide(lpName), dwDesiredAccess)
    }
}

/// `OpenEventA`: opens an event by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenEventA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::narrow(lpName) };
    open(Kind::Event, dwDesiredAccess, bInheritHandle, name)
}

/// `OpenEventW`: opens an event by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenEventW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::wide(lpName) };
    open(Kind::Event, dwDesiredAccess, bInheritHandle, name)
}

fn with_event(handle: HANDLE, f: impl FnOnce(&Event)) -> BOOL {
    let event = system().event(handle as usize, access::MODIFY_STATE);
    succeed(event.map(|event| f(&event)))
}

/// `SetEvent`: sets an event and releases who waits for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEvent(hEvent: HANDLE) -> BOOL {
    with_event(hEvent, |event| {
        event.signal().set();
    })
}

/// `ResetEvent`: resets an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ResetEvent(hEvent: HANDLE) -> BOOL {
    with_event(hEvent, |event| {
        event.signal().reset();
    })
}

/// `PulseEvent`: releases who waits for an event now, and resets it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PulseEvent(hEvent: HANDLE) -> BOOL {
    with_event(hEvent, |event| {
        event.signal().pulse();
    })
}

/// # Safety
/// `attributes` is NULL or valid.
unsafe fn create_semaphore(
    attributes: *const SECURITY_ATTRIBUTES,
    initial: LONG,
    maximum: LONG,
    name: Given,
    access: DWORD,
) -> HANDLE {
    if maximum <= 0 || initial < 0 || initial > maximum {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    }
    let semaphore = Semaphore::new(initial as u32, maximum as u32);
    let object = Object::Semaphore(Handle::new(semaphore));
    // SAFETY: by the contract of this function.
    unsafe { create(object, attributes, name, access) }
}

/// `CreateSemaphoreA`: makes a semaphore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreA(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCSTR,
) -> HANDLE {
    let (initial, maximum) = (lInitialCount, lMaximumCount);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe {
        let name = Given::narrow(lpName);
        create_semaphore(lpSemaphoreAttributes, initial, maximum, name, EVENT_ALL_ACCESS)
    }
}

/// `CreateSemaphoreW`: makes a semaphore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreW(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCWSTR,
) -> HANDLE {
    let (initial, maximum) = (lInitialCount, lMaximumCount);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe {
        let name = Given::wide(lpName);
        create_semaphore(lpSemaphoreAttributes, initial, maximum, name, EVENT_ALL_ACCESS)
    }
}

/// `CreateSemaphoreExA`: makes a semaphore, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreExA(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    if dwFlags != 0 {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    }
    let (initial, maximum) = (lInitialCount, lMaximumCount);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe {
        let name = Given::narrow(lpName);
        create_semaphore(lpSemaphoreAttributes, initial, maximum, name, dwDesiredAccess)
    }
}

/// `CreateSemaphoreExW`: makes a semaphore, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreExW(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    if dwFlags != 0 {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    }
    let (initial, maximum) = (lInitialCount, lMaximumCount);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe {
        let name = Given::wide(lpName);
        create_semaphore(lpSemaphoreAttributes, initial, maximum, name, dwDesiredAccess)
    }
}

/// `OpenSemaphoreA`: opens a semaphore by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenSemaphoreA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::narrow(lpName) };
    open(Kind::Semaphore, dwDesiredAccess, bInheritHandle, name)
}

/// `OpenSemaphoreW`: opens a semaphore by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenSemaphoreW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::wide(lpName) };
    open(Kind::Semaphore, dwDesiredAccess, bInheritHandle, name)
}

/// `ReleaseSemaphore`: adds units; 298, and nothing added, if that would
/// exceed the maximum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSemaphore(
    hSemaphore: HANDLE,
    lReleaseCount: LONG,
    lpPreviousCount: *mut LONG,
) -> BOOL {
    if lReleaseCount <= 0 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let semaphore = match system().semaphore(hSemaphore as usize) {
        Ok(semaphore) => semaphore,
        Err(status) => return fail(status.win32()),
    };
    let Some(before) = semaphore.signal().add(lReleaseCount as u32) else {
        return fail(ERROR_TOO_MANY_POSTS);
    };
    // SAFETY: the documentation asks for NULL or a valid place.
    if let Some(previous) = unsafe { lpPreviousCount.as_mut() } {
        *previous = before as LONG;
    }
    TRUE
}

//! `synchapi.h`: waiting for objects.
//!
//! Without completion routines an alertable wait is as any other.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::set_last_error;
use crate::kernel::{deadline, engine, system};
use crate::processenv_std::translate;
use crate::types::{BOOL, DWORD, HANDLE};
use libiocp::object::ObjectRef;
use libiocp::status::Status;
use libiocp::system::is_pseudo;
use libiocp::wait::{All, wait_all, wait_any};

const WAIT_OBJECT_0: DWORD = 0;
const WAIT_TIMEOUT: DWORD = 258;
const WAIT_FAILED: DWORD = 0xFFFF_FFFF;
const MAXIMUM_WAIT_OBJECTS: usize = 64;

fn failed(status: Status) -> DWORD {
    set_last_error(status.win32());
    WAIT_FAILED
}

/// `WaitForSingleObject`: waits until an object is signaled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForSingleObject(hHandle: HANDLE, dwMilliseconds: DWORD) -> DWORD {
    let object = match system().waitable(translate(hHandle as usize)) {
        Ok(object) => object,
        Err(status) => return failed(status),
    };
    match wait_any(&[object.signal()], deadline(dwMilliseconds), &**engine()) {
        Some(_) => WAIT_OBJECT_0,
        None => WAIT_TIMEOUT,
    }
}

/// `WaitForSingleObjectEx`: waits until an object is signaled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForSingleObjectEx(
    hHandle: HANDLE,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> DWORD {
    let _ = bAlertable;
    // SAFETY: the same contract.
    unsafe { WaitForSingleObject(hHandle, dwMilliseconds) }
}

/// `WaitForMultipleObjects`: waits until one of at most 64 objects is
/// signaled, or all are at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjects(
    nCount: DWORD,
    lpHandles: *const HANDLE,
    bWaitAll: BOOL,
    dwMilliseconds: DWORD,
) -> DWORD {
    if nCount == 0 || nCount as usize > MAXIMUM_WAIT_OBJECTS || lpHandles.is_null() {
        return failed(Status::INVALID_PARAMETER);
    }
    // SAFETY: the documentation asks for `nCount` handles.
    let handles = unsafe { std::slice::from_raw_parts(lpHandles, nCount as usize) };
    let objects = match look_up_all(handles) {
        Ok(objects) => objects,
        Err(status) => return failed(status),
    };
    let signals: Vec<_> = objects.iter().map(ObjectRef::signal).collect();
    let until = deadline(dwMilliseconds);
    if bWaitAll == 0 {
        let index = wait_any(&signals, until, &**engine());
        return index.map_or(WAIT_TIMEOUT, |index| WAIT_OBJECT_0 + index as DWORD);
    }
    let is_twice =
        |(n, object): (usize, &ObjectRef)| objects[..n].iter().any(|it| it.is_same(object));
    if objects.iter().enumerate().any(is_twice) {
        return failed(Status::INVALID_PARAMETER);
    }
    match wait_all(&signals, None, until, &**engine()) {
        All::Taken => WAIT_OBJECT_0,
        All::Alerted | All::TimedOut => WAIT_TIMEOUT,
    }
}

fn look_up_all(handles: &[HANDLE]) -> Result<Vec<ObjectRef>, Status> {
    let look_up = |&handle: &HANDLE| match translate(handle as usize) {
        value if is_pseudo(value) => Err(Status::INVALID_HANDLE),
        value => system().waitable(value),
    };
    handles.iter().map(look_up).collect()
}

/// `WaitForMultipleObjectsEx`: waits until one of at most 64 objects is
/// signaled, or all are at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjectsEx(
    nCount: DWORD,
    lpHandles: *const HANDLE,
    bWaitAll: BOOL,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> DWORD {
    let _ = bAlertable;
    // SAFETY: the same contract.
    unsafe { WaitForMultipleObjects(nCount, lpHandles, bWaitAll, dwMilliseconds) }
}

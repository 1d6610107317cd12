//! `synchapi.h`: waiting for objects.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::apc::{WAIT_IO_COMPLETION, after_wait};
use crate::errhandlingapi::set_last_error;
use crate::kernel::{deadline, engine, system};
use crate::processenv_std::translate;
use crate::types::{BOOL, DWORD, FALSE, HANDLE};
use libiocp::object::{ObjectRef, WaitFor, Waited, access};
use libiocp::status::Status;
use libiocp::system::is_pseudo;

const WAIT_OBJECT_0: DWORD = 0;
const WAIT_ABANDONED_0: DWORD = 128;
const WAIT_TIMEOUT: DWORD = 258;
const WAIT_FAILED: DWORD = 0xFFFF_FFFF;
const MAXIMUM_WAIT_OBJECTS: usize = 64;

fn failed(status: Status) -> DWORD {
    set_last_error(status.win32());
    WAIT_FAILED
}

fn wait(wait: &WaitFor<'_>) -> DWORD {
    match wait.wait(&**engine()) {
        Ok(Waited::Satisfied(index)) => WAIT_OBJECT_0 + index as DWORD,
        Ok(Waited::Abandoned(index)) => WAIT_ABANDONED_0 + index as DWORD,
        Ok(Waited::Alerted) => WAIT_IO_COMPLETION,
        Ok(Waited::TimedOut) => WAIT_TIMEOUT,
        Err(status) => failed(status),
    }
}

extern "C" fn wait_for_one(handle: HANDLE, milliseconds: DWORD, alertable: BOOL) -> DWORD {
    match system().waitable(translate(handle as usize)) {
        Ok(object) => wait(&WaitFor {
            objects: &[object],
            all: false,
            is_alertable: alertable != FALSE,
            deadline: deadline(milliseconds),
        }),
        Err(status) => failed(status),
    }
}

/// `WaitForSingleObject`: waits until an object is signaled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForSingleObject(hHandle: HANDLE, dwMilliseconds: DWORD) -> DWORD {
    wait_for_one(hHandle, dwMilliseconds, FALSE)
}

/// `WaitForSingleObjectEx`: waits until an object is signaled; if alertable, also until calls
/// are queued for the calling thread, and these come first.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn WaitForSingleObjectEx(
    hHandle: HANDLE,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> DWORD {
    // SAFETY: there is nothing here but numbers.
    unsafe { after_wait(wait_for_one(hHandle, dwMilliseconds, bAlertable)) }
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
    // SAFETY: the same contract.
    unsafe { wait_for_many(nCount, lpHandles, bWaitAll, dwMilliseconds, FALSE) }
}

/// # Safety
/// `handles` is NULL or points to `count` handles.
pub(crate) unsafe extern "C" fn wait_for_many(
    count: DWORD,
    handles: *const HANDLE,
    all: BOOL,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    if count == 0 || count as usize > MAXIMUM_WAIT_OBJECTS || handles.is_null() {
        return failed(Status::INVALID_PARAMETER);
    }
    // SAFETY: this function's contract.
    let handles = unsafe { std::slice::from_raw_parts(handles, count as usize) };
    let objects = match look_up_all(handles) {
        Ok(objects) => objects,
        Err(status) => return failed(status),
    };
    let all = all != FALSE;
    let is_twice =
        |(n, object): (usize, &ObjectRef)| objects[..n].iter().any(|it| it.is_same(object));
    if all && objects.iter().enumerate().any(is_twice) {
        return failed(Status::INVALID_PARAMETER);
    }
    let (is_alertable, deadline) = (alertable != FALSE, deadline(milliseconds));
    wait(&WaitFor { objects: &objects, all, is_alertable, deadline })
}

/// The objects of a wait for several.
pub(crate) fn look_up_all(handles: &[HANDLE]) -> Result<Vec<ObjectRef>, Status> {
    let look_up = |&handle: &HANDLE| match translate(handle as usize) {
        value if is_pseudo(value) => Err(Status::INVALID_HANDLE),
        value => system().waitable(value),
    };
    handles.iter().map(look_up).collect()
}

/// `WaitForMultipleObjectsEx`: waits until one of at most 64 objects is
/// signaled, or all are at once; if alertable, also until calls are queued for
/// the calling thread, and these come first.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn WaitForMultipleObjectsEx(
    nCount: DWORD,
    lpHandles: *const HANDLE,
    bWaitAll: BOOL,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> DWORD {
    // SAFETY: the same contract; there is nothing here but numbers.
    unsafe { after_wait(wait_for_many(nCount, lpHandles, bWaitAll, dwMilliseconds, bAlertable)) }
}

/// What `SignalObjectAndWait` can signal.
fn signal_of(handle: HANDLE) -> Result<ObjectRef, Status> {
    let (object, granted) = system().look_up(handle as usize)?;
    let needed = match &object {
        ObjectRef::Event(_) | ObjectRef::Semaphore(_) => access::MODIFY_STATE,
        ObjectRef::Mutex(_) => 0,
        _ => return Err(Status::OBJECT_TYPE_MISMATCH),
    };
    if granted & needed == needed { Ok(object) } else { Err(Status::ACCESS_DENIED) }
}

/// Sets, releases or gives back.
fn signal(object: &ObjectRef) -> Result<(), Status> {
    let signal = object.signal();
    match object {
        ObjectRef::Semaphore(_) => signal.add(1).map(drop).ok_or(Status::SEMAPHORE_LIMIT_EXCEEDED),
        ObjectRef::Mutex(_) => signal.give_back().map(drop).ok_or(Status::MUTANT_NOT_OWNED),
        _ => {
            signal.set();
            Ok(())
        }
    }
}

extern "C" fn signal_and_wait(
    to_signal: HANDLE,
    to_wait: HANDLE,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    let look_up = || {
        system().check_not_forked()?;
        Ok((signal_of(to_signal)?, system().waitable(translate(to_wait as usize))?))
    };
    let (first, second) = match look_up() {
        Ok(objects) => objects,
        Err(status) => return failed(status),
    };
    if let Err(status) = signal(&first) {
        return failed(status);
    }
    wait(&WaitFor {
        objects: &[second],
        all: false,
        is_alertable: alertable != FALSE,
        deadline: deadline(milliseconds),
    })
}

/// `SignalObjectAndWait`: sets an event, releases a semaphore or gives a mutex back, and waits
/// for an object. Nothing is signaled unless both handles are good.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn SignalObjectAndWait(
    hObjectToSignal: HANDLE,
    hObjectToWaitOn: HANDLE,
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> DWORD {
    let result = signal_and_wait(hObjectToSignal, hObjectToWaitOn, dwMilliseconds, bAlertable);
    // SAFETY: there is nothing here but numbers.
    unsafe { after_wait(result) }
}

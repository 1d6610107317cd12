//! Waiting.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::status;
use super::types::NTSTATUS;
use crate::apc::after_wait;
use crate::kernel::{engine, system};
use crate::processenv_std::translate;
use crate::synchapi_waits::look_up_all;
use crate::types::{BOOLEAN, DWORD, HANDLE, LARGE_INTEGER, ULONG};
use libiocp::object::{ObjectRef, WaitFor, Waited};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use std::time::Duration;

const MAXIMUM_WAIT_OBJECTS: usize = 64;
const WAIT_ALL: u32 = 0;
const WAIT_ANY: u32 = 1;

/// How long to wait, and whether calls may end the wait.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) deadline: Option<Deadline>,
    pub(super) is_alertable: bool,
}

impl Patience {
    /// Units of 100 ns: from now if negative, else since 1601; NULL is for ever.
    ///
    /// # Safety
    /// NULL or valid.
    pub(super) unsafe fn of(timeout: *const LARGE_INTEGER, alertable: BOOLEAN) -> Self {
        // SAFETY: by the contract of this function.
        let deadline = unsafe { timeout.as_ref() }.map(|&timeout| {
            let units = match timeout {
                0 => 0,
                1.. => (timeout as u64).saturating_sub(crate::sysinfoapi::now()),
                relative => relative.unsigned_abs(),
            };
            let part = Duration::from_nanos(units % 10_000_000 * 100);
            Deadline::after(Duration::from_secs(units / 10_000_000) + part)
        });
        Self { deadline, is_alertable: alertable != 0 }
    }
}

fn wait(objects: &[ObjectRef], all: bool, patience: Patience) -> NTSTATUS {
    let Patience { deadline, is_alertable } = patience;
    let how = WaitFor { objects, all, is_alertable, deadline };
    match how.wait(&**engine()) {
        Err(error) => status(Err(error)),
        Ok(Waited::Satisfied(index)) => index as NTSTATUS,
        Ok(Waited::Abandoned(index)) => Status::ABANDONED.0 as NTSTATUS + index as NTSTATUS,
        Ok(Waited::Alerted) => Status::USER_APC.0 as NTSTATUS,
        Ok(Waited::TimedOut) => Status::TIMEOUT.0 as NTSTATUS,
    }
}

/// Makes the calls that have ended a wait.
///
/// # Safety
/// As [`after_wait`].
pub(super) unsafe extern "C-unwind" fn after(status: NTSTATUS) -> NTSTATUS {
    // SAFETY: by the contract of this function; the two codes are the same.
    unsafe { after_wait(status as DWORD) as NTSTATUS }
}

/// # Safety
/// `timeout` is NULL or valid.
unsafe extern "C" fn wait_for_one(
    handle: HANDLE,
    alertable: BOOLEAN,
    timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    // SAFETY: by the contract of this function.
    let patience = unsafe { Patience::of(timeout, alertable) };
    match system().waitable(translate(handle as usize)) {
        Ok(object) => wait(&[object], false, patience),
        Err(error) => status(Err(error)),
    }
}

/// `NtWaitForSingleObject`: waits until an object is signaled; if alertable,
/// also until calls are queued for the calling thread, and these come first.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn NtWaitForSingleObject(
    Handle: HANDLE,
    Alertable: BOOLEAN,
    Timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    // SAFETY: the same contract; there is nothing here but numbers.
    unsafe { after(wait_for_one(Handle, Alertable, Timeout)) }
}

/// # Safety
/// As [`NtWaitForMultipleObjects`].
unsafe extern "C" fn wait_for_many(
    count: ULONG,
    handles: *const HANDLE,
    how: u32,
    alertable: BOOLEAN,
    timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    if count == 0 || count as usize > MAXIMUM_WAIT_OBJECTS {
        return status(Err(Status::INVALID_PARAMETER_1));
    }
    if how != WAIT_ALL && how != WAIT_ANY {
        return status(Err(Status::INVALID_PARAMETER_3));
    }
    if handles.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    // SAFETY: by the contract of this function.
    let (handles, patience) = unsafe {
        let handles = std::slice::from_raw_parts(handles, count as usize);
        (handles, Patience::of(timeout, alertable))
    };
    let objects = match look_up_all(handles) {
        Ok(objects) => objects,
        Err(error) => return status(Err(error)),
    };
    let is_twice =
        |(n, object): (usize, &ObjectRef)| objects[..n].iter().any(|it| it.is_same(object));
    if how == WAIT_ALL && objects.iter().enumerate().any(is_twice) {
        return status(Err(Status::INVALID_PARAMETER_MIX));
    }
    wait(&objects, how == WAIT_ALL, patience)
}

/// `NtWaitForMultipleObjects`: waits until one of at most 64 objects is
/// signaled (`WaitAny`), or all are at once (`WaitAll`).
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn NtWaitForMultipleObjects(
    Count: ULONG,
    Handles: *const HANDLE,
    WaitType: u32,
    Alertable: BOOLEAN,
    Timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    // SAFETY: the documentation asks for `Count` handles, and for NULL or a
    // valid time; there is nothing here but numbers.
    unsafe { after(wait_for_many(Count, Handles, WaitType, Alertable, Timeout)) }
}

/// # Safety
/// `interval` is NULL or valid.
unsafe extern "C" fn delay(alertable: BOOLEAN, interval: *const LARGE_INTEGER) -> NTSTATUS {
    if interval.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    // SAFETY: by the contract of this function.
    let patience = unsafe { Patience::of(interval, alertable) };
    match wait(&[], false, patience) as u32 {
        end if end == Status::TIMEOUT.0 => 0,
        end => end as NTSTATUS,
    }
}

/// `NtDelayExecution`: waits until the time is up; if alertable, also until
/// calls are queued for the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn NtDelayExecution(
    Alertable: BOOLEAN,
    DelayInterval: *const LARGE_INTEGER,
) -> NTSTATUS {
    // SAFETY: the documentation asks for a valid time; as above.
    unsafe { after(delay(Alertable, DelayInterval)) }
}

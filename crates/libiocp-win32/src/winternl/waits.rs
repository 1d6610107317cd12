//! Waiting.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::status;
use super::types::NTSTATUS;
use crate::kernel::{engine, system};
use crate::processenv_std::translate;
use crate::types::{BOOLEAN, HANDLE, LARGE_INTEGER, ULONG};
use libiocp::object::{ObjectRef, WaitFor, Waited};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use libiocp::system::is_pseudo;
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

/// `NtWaitForSingleObject`: waits until an object is signaled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtWaitForSingleObject(
    Handle: HANDLE,
    Alertable: BOOLEAN,
    Timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    // SAFETY: the documentation asks for NULL or a valid time.
    let patience = unsafe { Patience::of(Timeout, Alertable) };
    match system().waitable(translate(Handle as usize)) {
        Ok(object) => wait(&[object], false, patience),
        Err(error) => status(Err(error)),
    }
}

/// `NtWaitForMultipleObjects`: waits until one of at most 64 objects is
/// signaled (`WaitAny`), or all are at once (`WaitAll`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtWaitForMultipleObjects(
    Count: ULONG,
    Handles: *const HANDLE,
    WaitType: u32,
    Alertable: BOOLEAN,
    Timeout: *const LARGE_INTEGER,
) -> NTSTATUS {
    if Count == 0 || Count as usize > MAXIMUM_WAIT_OBJECTS {
        return status(Err(Status::INVALID_PARAMETER_1));
    }
    if WaitType != WAIT_ALL && WaitType != WAIT_ANY {
        return status(Err(Status::INVALID_PARAMETER_3));
    }
    if Handles.is_null() {
        return status(Err(Status::ACCESS_VIOLATION));
    }
    // SAFETY: the documentation asks for `Count` handles, and for NULL or a
    // valid time.
    let (handles, patience) = unsafe {
        let handles = std::slice::from_raw_parts(Handles, Count as usize);
        (handles, Patience::of(Timeout, Alertable))
    };
    let look_up = |&handle: &HANDLE| match translate(handle as usize) {
        value if is_pseudo(value) => Err(Status::INVALID_HANDLE),
        value => system().waitable(value),
    };
    let objects: Result<Vec<_>, _> = handles.iter().map(look_up).collect();
    let objects = match objects {
        Ok(objects) => objects,
        Err(error) => return status(Err(error)),
    };
    let is_twice =
        |(n, object): (usize, &ObjectRef)| objects[..n].iter().any(|it| it.is_same(object));
    if WaitType == WAIT_ALL && objects.iter().enumerate().any(is_twice) {
        return status(Err(Status::INVALID_PARAMETER_MIX));
    }
    wait(&objects, WaitType == WAIT_ALL, patience)
}

//! The process' one system, and the shape of an entry: look up, convert, call,
//! set the last error.
#![allow(unsafe_code)]

use crate::errhandlingapi::{fail, set_last_error};
use crate::types::{BOOL, DWORD, HANDLE, INFINITE, LPCWSTR, OVERLAPPED, SECURITY_ATTRIBUTES, TRUE};
use libiocp::engine::Engine;
use libiocp::object::{Object, access};
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::request::{Answer, Report, Then};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use libiocp::system::System;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Everything that the C library's functions work on.
static SYSTEM: OnceLock<System> = OnceLock::new();

/// The process' system, made when it is first used.
///
/// Without an epoll descriptor there is none; the process cannot go on then,
/// and is told so.
pub fn system() -> &'static System {
    SYSTEM.get_or_init(|| {
        System::from_environment().unwrap_or_else(|error| {
            eprintln!("libiocp: cannot start: {error}. Raise the limit of open files.");
            std::process::abort();
        })
    })
}

/// The process' engine.
pub(crate) fn engine() -> &'static Arc<Engine> {
    system().engine()
}

/// `TRUE`, or `FALSE` with the status' code as the last error.
#[inline]
pub(crate) fn succeed(result: Result<(), Status>) -> BOOL {
    match result {
        Ok(()) => TRUE,
        Err(status) => fail_with(status),
    }
}

/// Sets the status' code as the last error and gives `FALSE`.
#[cold]
pub(crate) fn fail_with(status: Status) -> BOOL {
    fail(status.win32())
}

/// A new object's handle, or NULL with the last error.
pub(crate) fn hand_out(object: Object, attributes: *const SECURITY_ATTRIBUTES) -> HANDLE {
    // SAFETY: by the contract of the calling function the attributes are
    // absent or valid.
    let is_inheritable = unsafe { attributes.as_ref() }.is_some_and(|it| it.bInheritHandle != 0);
    null_on_error(system().insert(object, is_inheritable))
}

/// A handle, or NULL with the last error.
pub(crate) fn null_on_error(result: Result<usize, Status>) -> HANDLE {
    match result {
        Ok(value) => value as HANDLE,
        Err(status) => {
            set_last_error(status.win32());
            std::ptr::null_mut()
        }
    }
}

/// The point in time that a time-out in milliseconds means.
pub(crate) fn deadline(milliseconds: DWORD) -> Option<Deadline> {
    let after = |it| Deadline::after(Duration::from_millis(u64::from(it)));
    (milliseconds != INFINITE).then(|| after(milliseconds))
}

/// How an operation with this OVERLAPPED is reported.
///
/// # Errors
/// `INVALID_HANDLE` and the like if `hEvent` names no event that may be set.
///
/// # Safety
/// As [`OverlappedRef::new`].
pub(crate) unsafe fn report(overlapped: *mut OVERLAPPED) -> Result<Report, Status> {
    let overlapped = NonNull::new(overlapped.cast()).ok_or(Status::INVALID_PARAMETER)?;
    // SAFETY: by the contract of this function.
    let (handle, overlapped) = unsafe {
        let lent: &Overlapped = overlapped.as_ref();
        (lent.event(), OverlappedRef::new(overlapped))
    };
    let event = match handle {
        0 => None,
        value => Some(system().event(value & !1, access::MODIFY_STATE)?),
    };
    let then = if handle & 1 == 0 { Then::Packet } else { Then::Nothing };
    Ok(Report { overlapped, event, then })
}

/// How an operation with a routine is reported: `hEvent` is the caller's own
/// and not looked at.
///
/// # Errors
/// `INVALID_PARAMETER` without an OVERLAPPED.
///
/// # Safety
/// As [`OverlappedRef::new`].
pub(crate) unsafe fn report_by(overlapped: *mut OVERLAPPED, then: Then) -> Result<Report, Status> {
    let overlapped = NonNull::new(overlapped.cast()).ok_or(Status::INVALID_PARAMETER)?;
    // SAFETY: by the contract of this function.
    let overlapped = unsafe { OverlappedRef::new(overlapped) };
    Ok(Report { overlapped, event: None, then })
}

/// What a starter of an overlapped operation returns.
pub(crate) fn answer(answer: Answer) -> BOOL {
    match answer {
        Answer::Pending => fail(Status::PENDING.win32()),
        Answer::Done(status, _) if status.is_success() => TRUE,
        Answer::Done(status, _) | Answer::Refused(status) => fail(status.win32()),
    }
}

/// A string as bytes; `None` for NULL.
///
/// # Safety
/// NULL, or a string that ends with a zero.
pub(crate) unsafe fn wide_to_bytes(string: LPCWSTR) -> Option<Vec<u8>> {
    if string.is_null() {
        return None;
    }
    // SAFETY: by the contract of this function.
    Some(crate::text::to_bytes(unsafe { crate::text::wide(string) }))
}

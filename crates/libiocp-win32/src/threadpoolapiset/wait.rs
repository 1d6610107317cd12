//! Waits: callbacks when an object is signaled, or a time has come before.

use super::callbacks::{Function, PTP_WAIT_CALLBACK};
use super::environment::TP_CALLBACK_ENVIRON;
use super::timer::time;
use super::work::{hand_out, make, wait_for_callbacks};
use super::{Kind, Value, fatal, find};
use crate::kernel::system;
use crate::processenv_std::translate;
use crate::types::{BOOL, FILETIME, HANDLE};
use libiocp::object::ObjectRef;
use libiocp::pool::{Member, Waitable};
use libiocp::status::Status;
use std::ffi::c_void;
use std::sync::Arc;

/// A wait object; the number that stands for one.
pub type PTP_WAIT = *mut c_void;

fn wait(function: &str, value: PTP_WAIT) -> Arc<Member> {
    find(function, value as Value, |kind| match kind {
        Kind::Wait(member) => Some(Arc::clone(member)),
        _ => None,
    })
}

/// What a handle names, if a pool can wait for it: a mutex would belong to a
/// thread that the program does not know.
pub(crate) fn waitable(handle: HANDLE) -> Result<ObjectRef, Status> {
    match system().waitable(translate(handle as usize))? {
        ObjectRef::Mutex(_) => Err(Status::INVALID_PARAMETER),
        object => Ok(object),
    }
}

/// `CreateThreadpoolWait`: makes a wait object. NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolWait(
    pfnwa: PTP_WAIT_CALLBACK,
    pv: *mut c_void,
    pcbe: *const TP_CALLBACK_ENVIRON,
) -> PTP_WAIT {
    let function = pfnwa.map(|function| Function::Wait(Some(function)));
    // SAFETY: the documentation asks for NULL or a valid environment.
    hand_out(unsafe { make("CreateThreadpoolWait", function, pv, pcbe, Kind::Wait) })
}

/// `SetThreadpoolWait`: one callback when an object is signaled or a time has
/// come; NULL takes that away. What is queued still runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolWait(pwa: PTP_WAIT, h: HANDLE, pftTimeout: *const FILETIME) {
    // SAFETY: the same contract.
    unsafe { SetThreadpoolWaitEx(pwa, h, pftTimeout, std::ptr::null_mut()) };
}

/// `SetThreadpoolWaitEx`: like `SetThreadpoolWait`; TRUE if what was waited
/// for before had not come.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolWaitEx(
    pwa: PTP_WAIT,
    h: HANDLE,
    pftTimeout: *const FILETIME,
    Reserved: *mut c_void,
) -> BOOL {
    const NAME: &str = "SetThreadpoolWait";
    let _ = Reserved;
    let wait = wait(NAME, pwa);
    if h.is_null() {
        return BOOL::from(wait.unset_wait());
    }
    let Ok(object) = waitable(h) else { fatal(NAME, "the handle cannot be waited for") };
    // SAFETY: the documentation asks for NULL or a valid time.
    let due = unsafe { time(pftTimeout) };
    let set = wait.set_wait(Waitable { object, due, repeats: false });
    BOOL::from(set.unwrap_or_else(|_| fatal(NAME, "no thread is to be had")))
}

/// `WaitForThreadpoolWaitCallbacks`: waits until no callback runs or is to
/// run; those that have not begun may be cancelled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForThreadpoolWaitCallbacks(
    pwa: PTP_WAIT,
    fCancelPendingCallbacks: BOOL,
) {
    let wait = wait("WaitForThreadpoolWaitCallbacks", pwa);
    wait_for_callbacks(&wait, fCancelPendingCallbacks);
}

/// `CloseThreadpoolWait`: the object goes after its last callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpoolWait(pwa: PTP_WAIT) {
    wait("CloseThreadpoolWait", pwa).close();
}

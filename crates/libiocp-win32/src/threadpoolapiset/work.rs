//! Work: callbacks that are asked for.

use super::callbacks::{Function, PTP_SIMPLE_CALLBACK, PTP_WORK_CALLBACK, Routine, publish};
use super::environment::{Environment, TP_CALLBACK_ENVIRON};
use super::{Kind, Value, find};
use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::system;
use crate::types::{BOOL, TRUE};
use libiocp::pool::{Member, Traits};
use libiocp::status::Status;
use std::ffi::c_void;
use std::sync::Arc;

/// A work object; the number that stands for one.
pub type PTP_WORK = *mut c_void;

fn work(function: &str, value: PTP_WORK) -> Arc<Member> {
    find(function, value as Value, |kind| match kind {
        Kind::Work(member) => Some(Arc::clone(member)),
        _ => None,
    })
}

/// An object with a callback, or NULL and the last error.
///
/// # Safety
/// The environment is NULL or valid.
pub(super) unsafe fn make(
    name: &str,
    function: Option<Function>,
    context: *mut c_void,
    environment: *const TP_CALLBACK_ENVIRON,
    kind: fn(Arc<Member>) -> Kind,
) -> Result<(Value, Arc<Member>), Status> {
    system().check_not_forked()?;
    let function = function.ok_or(Status::INVALID_PARAMETER)?;
    // SAFETY: by the contract of this function.
    let environment = unsafe { Environment::read(name, environment) }?;
    let routine = Routine::of(function, context, &environment)?;
    Ok(publish(&environment.pool, routine, environment.traits, kind))
}

/// The number of a new object, or NULL and the last error.
pub(super) fn hand_out(made: Result<(Value, Arc<Member>), Status>) -> *mut c_void {
    match made {
        Ok((value, _)) => value as *mut c_void,
        Err(status) => {
            set_last_error(status.win32());
            std::ptr::null_mut()
        }
    }
}

/// `TrySubmitThreadpoolCallback`: one callback, without an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TrySubmitThreadpoolCallback(
    pfns: PTP_SIMPLE_CALLBACK,
    pv: *mut c_void,
    pcbe: *const TP_CALLBACK_ENVIRON,
) -> BOOL {
    let submit = || {
        system().check_not_forked()?;
        let function = Function::Simple(Some(pfns.ok_or(Status::INVALID_PARAMETER)?));
        // SAFETY: the documentation asks for NULL or a valid environment.
        let environment = unsafe { Environment::read("TrySubmitThreadpoolCallback", pcbe) }?;
        let routine = Routine::of(function, pv, &environment)?;
        let traits = Traits { is_for_once: true, ..environment.traits };
        Member::new(&environment.pool, routine, traits).submit();
        Ok::<(), Status>(())
    };
    match submit() {
        Ok(()) => TRUE,
        Err(status) => fail(status.win32()),
    }
}

/// `CreateThreadpoolWork`: makes a work object. NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolWork(
    pfnwk: PTP_WORK_CALLBACK,
    pv: *mut c_void,
    pcbe: *const TP_CALLBACK_ENVIRON,
) -> PTP_WORK {
    let function = pfnwk.map(|function| Function::Work(Some(function)));
    // SAFETY: the documentation asks for NULL or a valid environment.
    hand_out(unsafe { make("CreateThreadpoolWork", function, pv, pcbe, Kind::Work) })
}

/// `SubmitThreadpoolWork`: one more callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SubmitThreadpoolWork(pwk: PTP_WORK) {
    work("SubmitThreadpoolWork", pwk).submit();
}

/// Waits until no callback of a member runs or is to run; with `cancels`,
/// those that have not begun do not.
pub(super) fn wait_for_callbacks(member: &Member, cancels: BOOL) {
    if cancels != 0 {
        member.cancel();
    }
    member.wait();
}

/// `WaitForThreadpoolWorkCallbacks`: waits until no callback runs or is to
/// run; those that have not begun may be cancelled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForThreadpoolWorkCallbacks(
    pwk: PTP_WORK,
    fCancelPendingCallbacks: BOOL,
) {
    let work = work("WaitForThreadpoolWorkCallbacks", pwk);
    wait_for_callbacks(&work, fCancelPendingCallbacks);
}

/// `CloseThreadpoolWork`: the object goes after its last callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpoolWork(pwk: PTP_WORK) {
    work("CloseThreadpoolWork", pwk).close();
}

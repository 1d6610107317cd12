//! Timers: callbacks when a time has come.

use super::callbacks::{Function, PTP_WORK_CALLBACK};
use super::environment::TP_CALLBACK_ENVIRON;
use super::work::{hand_out, make, wait_for_callbacks};
use super::{Kind, Value, fatal, find};
use crate::synchapi_timers::due;
use crate::types::{BOOL, DWORD, FILETIME};
use libiocp::pool::Member;
use libiocp::timer::Due;
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// A timer object; the number that stands for one.
pub type PTP_TIMER = *mut c_void;

fn timer(function: &str, value: PTP_TIMER) -> Arc<Member> {
    find(function, value as Value, |kind| match kind {
        Kind::Timer(member) => Some(Arc::clone(member)),
        _ => None,
    })
}

/// What a time means; `None` for NULL.
///
/// # Safety
/// NULL or valid.
pub(super) unsafe fn time(time: *const FILETIME) -> Option<Due> {
    // SAFETY: by the contract of this function.
    let time = unsafe { time.as_ref() }?;
    Some(due(i64::from(time.dwHighDateTime as i32) << 32 | i64::from(time.dwLowDateTime)))
}

/// `CreateThreadpoolTimer`: makes a timer object. NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolTimer(
    pfnti: PTP_WORK_CALLBACK,
    pv: *mut c_void,
    pcbe: *const TP_CALLBACK_ENVIRON,
) -> PTP_TIMER {
    let function = pfnti.map(|function| Function::Work(Some(function)));
    // SAFETY: the documentation asks for NULL or a valid environment.
    hand_out(unsafe { make("CreateThreadpoolTimer", function, pv, pcbe, Kind::Timer) })
}

/// `SetThreadpoolTimer`: gives a timer a time, and a period if that is not
/// zero; NULL takes it away. What is queued still runs.
///
/// The timer is never late on purpose, so the window is not made use of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolTimer(
    pti: PTP_TIMER,
    pftDueTime: *const FILETIME,
    msPeriod: DWORD,
    msWindowLength: DWORD,
) {
    // SAFETY: the same contract.
    unsafe { SetThreadpoolTimerEx(pti, pftDueTime, msPeriod, msWindowLength) };
}

/// `SetThreadpoolTimerEx`: like `SetThreadpoolTimer`; TRUE if the timer would
/// still have rung as it was set before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolTimerEx(
    pti: PTP_TIMER,
    pftDueTime: *const FILETIME,
    msPeriod: DWORD,
    msWindowLength: DWORD,
) -> BOOL {
    let _ = msWindowLength;
    let timer = timer("SetThreadpoolTimer", pti);
    // SAFETY: the documentation asks for NULL or a valid time.
    let was_armed = match unsafe { time(pftDueTime) } {
        None => timer.unset_timer(),
        Some(due) => {
            let set = timer.set_timer(due, Duration::from_millis(u64::from(msPeriod)));
            set.unwrap_or_else(|_| fatal("SetThreadpoolTimer", "no thread is to be had"))
        }
    };
    BOOL::from(was_armed)
}

/// `IsThreadpoolTimerSet`: whether the timer was given a time last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsThreadpoolTimerSet(pti: PTP_TIMER) -> BOOL {
    BOOL::from(timer("IsThreadpoolTimerSet", pti).is_timer_set())
}

/// `WaitForThreadpoolTimerCallbacks`: waits until no callback runs or is to
/// run; those that have not begun may be cancelled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForThreadpoolTimerCallbacks(
    pti: PTP_TIMER,
    fCancelPendingCallbacks: BOOL,
) {
    let timer = timer("WaitForThreadpoolTimerCallbacks", pti);
    wait_for_callbacks(&timer, fCancelPendingCallbacks);
}

/// `CloseThreadpoolTimer`: the object goes after its last callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpoolTimer(pti: PTP_TIMER) {
    timer("CloseThreadpoolTimer", pti).close();
}

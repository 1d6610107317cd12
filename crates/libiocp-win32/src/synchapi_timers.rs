//! `synchapi.h`: waitable timers.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{succeed, system};
use crate::named::{Given, create, open};
use crate::types::{BOOL, DWORD, HANDLE, LONG, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, TRUE, ULONG};
use libiocp::apc::TimerRoutine;
use libiocp::handle::Handle;
use libiocp::object::{Kind, Object};
use libiocp::sync::Date;
use libiocp::thread::Thread;
use libiocp::timer::{Due, Timer};
use std::ffi::c_void;
use std::time::Duration;

const CREATE_WAITABLE_TIMER_MANUAL_RESET: DWORD = 1;
const CREATE_WAITABLE_TIMER_HIGH_RESOLUTION: DWORD = 2;
const TIMER_ALL_ACCESS: DWORD = 0x001F_0003;
const ERROR_NOT_SUPPORTED: DWORD = 50;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_NOACCESS: DWORD = 998;

/// What is called when a timer has come due, as `SetWaitableTimer` takes it.
pub type PTIMERAPCROUTINE = Option<TimerRoutine>;

fn timer(manual_reset: bool) -> Object {
    Object::Timer(Handle::new(Timer::new(manual_reset, system().clocks())))
}

/// `CreateWaitableTimerA`: makes a timer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerA(
    lpTimerAttributes: *const SECURITY_ATTRIBUTES,
    bManualReset: BOOL,
    lpTimerName: LPCSTR,
) -> HANDLE {
    let timer = timer(bManualReset != 0);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create(timer, lpTimerAttributes, Given::narrow(lpTimerName), TIMER_ALL_ACCESS) }
}

/// `CreateWaitableTimerW`: makes a timer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerW(
    lpTimerAttributes: *const SECURITY_ATTRIBUTES,
    bManualReset: BOOL,
    lpTimerName: LPCWSTR,
) -> HANDLE {
    let timer = timer(bManualReset != 0);
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create(timer, lpTimerAttributes, Given::wide(lpTimerName), TIMER_ALL_ACCESS) }
}

/// Every timer has a high resolution here.
///
/// # Safety
/// `attributes` is NULL or valid.
unsafe fn create_ex(
    attributes: *const SECURITY_ATTRIBUTES,
    name: Given,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    if flags & !(CREATE_WAITABLE_TIMER_MANUAL_RESET | CREATE_WAITABLE_TIMER_HIGH_RESOLUTION) != 0 {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    }
    let timer = timer(flags & CREATE_WAITABLE_TIMER_MANUAL_RESET != 0);
    // SAFETY: by the contract of this function.
    unsafe { create(timer, attributes, name, access) }
}

/// `CreateWaitableTimerExA`: makes a timer, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerExA(
    lpTimerAttributes: *const SECURITY_ATTRIBUTES,
    lpTimerName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create_ex(lpTimerAttributes, Given::narrow(lpTimerName), dwFlags, dwDesiredAccess) }
}

/// `CreateWaitableTimerExW`: makes a timer, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerExW(
    lpTimerAttributes: *const SECURITY_ATTRIBUTES,
    lpTimerName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create_ex(lpTimerAttributes, Given::wide(lpTimerName), dwFlags, dwDesiredAccess) }
}

/// `OpenWaitableTimerA`: opens a timer by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenWaitableTimerA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpTimerName: LPCSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::narrow(lpTimerName) };
    open(Kind::Timer, dwDesiredAccess, bInheritHandle, name)
}

/// `OpenWaitableTimerW`: opens a timer by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenWaitableTimerW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpTimerName: LPCWSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::wide(lpTimerName) };
    open(Kind::Timer, dwDesiredAccess, bInheritHandle, name)
}

/// What a time in units of 100 nanoseconds means: since 1601, or from now if
/// it is negative.
pub(crate) fn due(time: i64) -> Due {
    if time < 0 {
        let units = time.unsigned_abs();
        let duration = Duration::new(units / 10_000_000, (units % 10_000_000) as u32 * 100);
        return Due::After(duration);
    }
    Due::On(Date::from_1601(time as u64))
}

/// Why a timer was not set.
type Refusal = DWORD;

/// # Safety
/// `due_time` is NULL or valid.
unsafe fn set(
    timer: HANDLE,
    due_time: *const i64,
    period: LONG,
    (routine, argument): (PTIMERAPCROUTINE, *mut c_void),
) -> Result<(), Refusal> {
    if period < 0 {
        return Err(ERROR_INVALID_PARAMETER);
    }
    if due_time.is_null() {
        return Err(ERROR_NOACCESS);
    }
    let timer = system().timer(timer as usize).map_err(|status| status.win32())?;
    // SAFETY: by the contract of this function. Windows reads a structure of
    // two halves, which need not lie on a multiple of eight.
    let due_time = unsafe { due_time.read_unaligned() };
    let period = Duration::from_millis(u64::from(period as u32));
    let call = routine.map(|it| Thread::current().timer_call(it, argument.expose_provenance()));
    timer.set(due(due_time), period, call).map_err(|status| status.win32())
}

/// The timer is set; but a machine that sleeps is not woken for it.
fn tell(result: Result<(), Refusal>, wants_to_wake_machine: bool) -> BOOL {
    match result {
        Err(code) => fail(code),
        Ok(()) => {
            if wants_to_wake_machine {
                set_last_error(ERROR_NOT_SUPPORTED);
            }
            TRUE
        }
    }
}

/// `SetWaitableTimer`: resets a timer and gives it a new time, and a period if
/// that is not zero. The calling thread calls the routine in its alertable waits,
/// each time the timer has come due.
///
/// Sleeping machines are not woken: for `fResume` the last error is 50.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetWaitableTimer(
    hTimer: HANDLE,
    lpDueTime: *const i64,
    lPeriod: LONG,
    pfnCompletionRoutine: PTIMERAPCROUTINE,
    lpArgToCompletionRoutine: *mut c_void,
    fResume: BOOL,
) -> BOOL {
    let call = (pfnCompletionRoutine, lpArgToCompletionRoutine);
    // SAFETY: the documentation asks for NULL or valid memory.
    let result = unsafe { set(hTimer, lpDueTime, lPeriod, call) };
    tell(result, fResume != 0)
}

/// `SetWaitableTimerEx`: resets a timer and gives it a new time, and a period
/// if that is not zero. The calling thread calls the routine in its alertable
/// waits, each time the timer has come due. The delay that may be tolerated is not made use of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetWaitableTimerEx(
    hTimer: HANDLE,
    lpDueTime: *const i64,
    lPeriod: LONG,
    pfnCompletionRoutine: PTIMERAPCROUTINE,
    lpArgToCompletionRoutine: *mut c_void,
    WakeContext: *mut c_void,
    TolerableDelay: ULONG,
) -> BOOL {
    let _ = TolerableDelay;
    let call = (pfnCompletionRoutine, lpArgToCompletionRoutine);
    // SAFETY: the documentation asks for NULL or valid memory.
    let result = unsafe { set(hTimer, lpDueTime, lPeriod, call) };
    tell(result, !WakeContext.is_null())
}

/// `CancelWaitableTimer`: takes a timer's time away. Whether it is signaled
/// stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CancelWaitableTimer(hTimer: HANDLE) -> BOOL {
    succeed(system().timer(hTimer as usize).map(|timer| timer.cancel()))
}

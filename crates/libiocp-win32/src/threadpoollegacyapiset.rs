//! `threadpoollegacyapiset.h` and `winbase.h`: the older thread pool functions.
//!
//! The numbers of timer queues, their timers and registered waits are no handles.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{engine, succeed, system};
use crate::threadpoolapiset::{
    Function, Kind, Routine, Value, WAITORTIMERCALLBACK, insert, look_up, publish, remove, waitable,
};
use crate::threads::LPTHREAD_START_ROUTINE;
use crate::types::{BOOL, DWORD, HANDLE, INFINITE, TRUE, ULONG};
use libiocp::event::Event;
use libiocp::object::access;
use libiocp::pool::{Group, Member, Pool, Traits, Waitable};
use libiocp::status::Status;
use libiocp::timer::Due;
use libiocp::wait::Subscriber;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const WT_EXECUTEINWAITTHREAD: ULONG = 0x04;
const WT_EXECUTEONLYONCE: ULONG = 0x08;
const WT_EXECUTELONGFUNCTION: ULONG = 0x10;
const WT_EXECUTEINTIMERTHREAD: ULONG = 0x20;
const WT_EXECUTEINPERSISTENTTHREAD: ULONG = 0x80;
const INVALID_HANDLE_VALUE: usize = usize::MAX;
const ERROR_IO_PENDING: DWORD = 997;

/// A thread that stays, and makes the callbacks that ask for it one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Wait,
    Timer,
    Persistent,
}

impl Lane {
    /// # Errors
    /// `NO_MEMORY`: the thread is not to be had.
    pub(crate) fn pool(self) -> Result<Arc<Pool>, Status> {
        static POOLS: [OnceLock<Arc<Pool>>; 3] = [const { OnceLock::new() }; 3];
        let pool = POOLS[self as usize].get_or_init(|| {
            let pool = Pool::new(engine(), system().clocks());
            pool.set_maximum(1);
            pool
        });
        pool.set_minimum(1).map_err(|_| Status::NO_MEMORY)?;
        Ok(Arc::clone(pool))
    }
}

/// Where the flags want a callback to run.
fn pool(flags: ULONG, own: Lane, own_flag: ULONG) -> Result<Arc<Pool>, Status> {
    if flags & own_flag != 0 {
        own.pool()
    } else if flags & WT_EXECUTEINPERSISTENTTHREAD != 0 {
        Lane::Persistent.pool()
    } else {
        Ok(Arc::clone(system().pool()))
    }
}

fn traits(flags: ULONG) -> Traits {
    Traits { runs_long: flags & WT_EXECUTELONGFUNCTION != 0, ..Traits::default() }
}

fn milliseconds(time: DWORD) -> Duration {
    Duration::from_millis(u64::from(time))
}

/// `QueueUserWorkItem`: one callback on a thread of the default pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueueUserWorkItem(
    Function: LPTHREAD_START_ROUTINE,
    Context: *mut c_void,
    Flags: ULONG,
) -> BOOL {
    let queue = || {
        system().check_not_forked()?;
        let function = self::Function::Start(Some(Function.ok_or(Status::INVALID_PARAMETER)?));
        let pool = pool(Flags, Lane::Persistent, WT_EXECUTEINPERSISTENTTHREAD)?;
        let traits = Traits { is_for_once: true, ..traits(Flags) };
        Member::new(&pool, Routine::plain(function, Context), traits).submit();
        Ok(())
    };
    succeed(queue())
}

/// Who is told when callbacks have ended.
enum Completion {
    Nobody,
    /// The calling thread waits.
    Caller,
    Event(Arc<Event>),
}

impl Completion {
    fn of(event: HANDLE) -> Result<Self, Status> {
        match event as usize {
            0 => Ok(Completion::Nobody),
            INVALID_HANDLE_VALUE => Ok(Completion::Caller),
            event => Ok(Completion::Event(system().event(event, access::MODIFY_STATE)?)),
        }
    }
}

/// Sets an event, if there is one, when the last of several members is over.
#[derive(Debug)]
struct Countdown {
    left: AtomicUsize,
    event: Option<Arc<Event>>,
}

impl Subscriber for Countdown {
    fn signaled(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(event) = &self.event
        {
            event.signal().set();
        }
    }
}

/// Closes members and sees to it that `completion` learns of the end of their callbacks: `TRUE`,
/// or `FALSE` and 997 if that is still to come.
fn delete(members: &[Arc<Member>], completion: Completion) -> BOOL {
    for member in members {
        member.close();
    }
    let event = match completion {
        Completion::Caller => {
            members.iter().for_each(|member| member.wait_until_over());
            return TRUE;
        }
        Completion::Nobody => None,
        Completion::Event(event) => Some(event),
    };
    // One more, so that nobody is told before all have been asked.
    let countdown = Arc::new(Countdown { left: AtomicUsize::new(members.len() + 1), event });
    let mut is_over = true;
    for member in members {
        let subscriber: Arc<dyn Subscriber> = Arc::<Countdown>::clone(&countdown);
        is_over &= member.tell_when_over(Some(subscriber));
    }
    countdown.signaled();
    if is_over { TRUE } else { fail(ERROR_IO_PENDING) }
}

/// `RegisterWaitForSingleObject`: a callback whenever an object is signaled or the time is up
/// before, or once only.
///
/// What stays signaled calls again only after the callback has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RegisterWaitForSingleObject(
    phNewWaitObject: *mut HANDLE,
    hObject: HANDLE,
    Callback: WAITORTIMERCALLBACK,
    Context: *mut c_void,
    dwMilliseconds: ULONG,
    dwFlags: ULONG,
) -> BOOL {
    let register = || {
        system().check_not_forked()?;
        let object = waitable(hObject)?;
        if phNewWaitObject.is_null() || Callback.is_none() {
            return Err(Status::INVALID_PARAMETER);
        }
        let pool = pool(dwFlags, Lane::Wait, WT_EXECUTEINWAITTHREAD)?;
        let routine = Routine::plain(Function::Registered(Callback), Context);
        let (value, member) = publish(&pool, routine, traits(dwFlags), Kind::RegisteredWait);
        // SAFETY: the documentation asks for a valid place. It is written before the first
        // callback, which may read it.
        unsafe { phNewWaitObject.write(value as HANDLE) };
        let due = (dwMilliseconds != INFINITE).then(|| Due::After(milliseconds(dwMilliseconds)));
        let repeats = dwFlags & WT_EXECUTEONLYONCE == 0;
        member.set_wait(Waitable { object, due, repeats }).map(drop).inspect_err(|_| {
            member.close();
        })
    };
    succeed(register())
}

/// `UnregisterWait`: ends a registered wait: FALSE and 997 if callbacks are still to end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn UnregisterWait(WaitHandle: HANDLE) -> BOOL {
    // SAFETY: the same contract.
    unsafe { UnregisterWaitEx(WaitHandle, std::ptr::null_mut()) }
}

/// `UnregisterWaitEx`: ends a registered wait; waits for its callbacks, or sets an event after
/// them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn UnregisterWaitEx(WaitHandle: HANDLE, CompletionEvent: HANDLE) -> BOOL {
    let select = |kind: &Kind| match kind {
        Kind::RegisteredWait(member) => Some(Arc::clone(member)),
        _ => None,
    };
    let Some(member) = look_up(WaitHandle as Value, select) else {
        return fail(Status::INVALID_HANDLE.win32());
    };
    match Completion::of(CompletionEvent) {
        Ok(completion) => delete(&[member], completion),
        Err(status) => fail(status.win32()),
    }
}

/// `CreateTimerQueue`: makes a queue of timers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateTimerQueue() -> HANDLE {
    insert(Kind::TimerQueue(Arc::default())) as HANDLE
}

/// A queue; NULL is the one of the process.
fn queue(value: HANDLE) -> Result<Arc<Group>, Status> {
    static DEFAULT: OnceLock<Arc<Group>> = OnceLock::new();
    if value.is_null() {
        return Ok(Arc::clone(DEFAULT.get_or_init(Arc::default)));
    }
    let select = |kind: &Kind| match kind {
        Kind::TimerQueue(group) => Some(Arc::clone(group)),
        _ => None,
    };
    look_up(value as Value, select).ok_or(Status::INVALID_HANDLE)
}

/// A timer of a queue.
fn timer(value: HANDLE) -> Result<Arc<Member>, Status> {
    let select = |kind: &Kind| match kind {
        Kind::QueueTimer(member) => Some(Arc::clone(member)),
        _ => None,
    };
    look_up(value as Value, select).ok_or(Status::INVALID_PARAMETER)
}

/// A time that never comes is none.
fn start(timer: &Arc<Member>, due: DWORD, period: DWORD) -> Result<(), Status> {
    if due == INFINITE {
        timer.unset_timer();
        return Ok(());
    }
    timer.set_timer(Due::After(milliseconds(due)), milliseconds(period)).map(drop)
}

/// `CreateTimerQueueTimer`: a callback after so many milliseconds, and then each time a period
/// has passed, unless that is zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateTimerQueueTimer(
    phNewTimer: *mut HANDLE,
    TimerQueue: HANDLE,
    Callback: WAITORTIMERCALLBACK,
    Parameter: *mut c_void,
    DueTime: DWORD,
    Period: DWORD,
    Flags: ULONG,
) -> BOOL {
    let create = || {
        system().check_not_forked()?;
        let group = queue(TimerQueue)?;
        if phNewTimer.is_null() || Callback.is_none() {
            return Err(Status::INVALID_PARAMETER);
        }
        let pool = pool(Flags, Lane::Timer, WT_EXECUTEINTIMERTHREAD)?;
        let routine = Routine::plain(Function::Fired(Callback), Parameter);
        let traits = Traits { group: Some(group), ..traits(Flags) };
        let (value, member) = publish(&pool, routine, traits, Kind::QueueTimer);
        // SAFETY: the documentation asks for a valid place. It is written before the first
        // callback, which may read it.
        unsafe { phNewTimer.write(value as HANDLE) };
        let period = if Flags & WT_EXECUTEONLYONCE != 0 { 0 } else { Period };
        start(&member, DueTime, period).inspect_err(|_| {
            member.close();
        })
    };
    succeed(create())
}

/// `ChangeTimerQueueTimer`: gives a timer another time and period. One that was to ring once and
/// has rung stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ChangeTimerQueueTimer(
    TimerQueue: HANDLE,
    Timer: HANDLE,
    DueTime: ULONG,
    Period: ULONG,
) -> BOOL {
    let change = || {
        queue(TimerQueue)?;
        let timer = timer(Timer)?;
        let has_rung_for_good = timer.is_timer_set() && !timer.is_timer_armed();
        if has_rung_for_good { Ok(()) } else { start(&timer, DueTime, Period) }
    };
    succeed(change())
}

/// `DeleteTimerQueueTimer`: ends a timer; waits for its callbacks, or sets an event after them.
/// FALSE and 997 if they are still to end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteTimerQueueTimer(
    TimerQueue: HANDLE,
    Timer: HANDLE,
    CompletionEvent: HANDLE,
) -> BOOL {
    let found = || {
        queue(TimerQueue)?;
        Ok((timer(Timer)?, Completion::of(CompletionEvent)?))
    };
    match found() {
        Ok((timer, completion)) => delete(&[timer], completion),
        Err(status) => fail(Status::win32(status)),
    }
}

/// `DeleteTimerQueueEx`: ends a queue and its timers; waits for their callbacks, or sets an event
/// after them. FALSE and 997 if they are still to end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteTimerQueueEx(TimerQueue: HANDLE, CompletionEvent: HANDLE) -> BOOL {
    let found = || {
        if TimerQueue.is_null() {
            return Err(Status::INVALID_HANDLE);
        }
        Ok((queue(TimerQueue)?, Completion::of(CompletionEvent)?))
    };
    match found() {
        Ok((group, completion)) => {
            remove(TimerQueue as Value);
            delete(&group.members(), completion)
        }
        Err(status) => fail(status.win32()),
    }
}

/// `DeleteTimerQueue`: ends a queue and its timers. FALSE and 997 if callbacks are still to end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteTimerQueue(TimerQueue: HANDLE) -> BOOL {
    // SAFETY: the same contract.
    unsafe { DeleteTimerQueueEx(TimerQueue, std::ptr::null_mut()) }
}

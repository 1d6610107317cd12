//! Ctrl-C, Ctrl-Break and the end of the session.
//!
//! `SIGINT` is `CTRL_C_EVENT`, `SIGQUIT` is `CTRL_BREAK_EVENT`, `SIGTERM` and `SIGHUP` are
//! `CTRL_CLOSE_EVENT`. The signal handler only writes the signal's number to a pipe; a thread
//! reads it and calls the program's handlers, on a new thread for each event as Windows does.
#![allow(unsafe_code, non_snake_case, non_camel_case_types, clippy::missing_safety_doc)]

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::codes::{ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, of_errno};
use crate::errhandlingapi::fail;
use crate::kernel::engine;
use crate::processthreadsapi::flush_streams;
use crate::types::{BOOL, DWORD, FALSE, TRUE};

/// `PHANDLER_ROUTINE`: TRUE when the event is dealt with.
pub type PHANDLER_ROUTINE = Option<unsafe extern "C" fn(CtrlType: DWORD) -> BOOL>;

const CTRL_C_EVENT: DWORD = 0;
const CTRL_BREAK_EVENT: DWORD = 1;
const CTRL_CLOSE_EVENT: DWORD = 2;

const SIGNALS: [i32; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];
/// How long handlers may take before a session that ends takes the process along.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

type Handler = unsafe extern "C" fn(CtrlType: DWORD) -> BOOL;

/// The program's handlers; the last is asked first.
static HANDLERS: Mutex<Vec<Handler>> = Mutex::new(Vec::new());
/// The end of the pipe that the signal handler writes to; -1 before there is one.
static PIPE: AtomicI32 = AtomicI32::new(-1);
static IGNORE_CTRL_C: AtomicBool = AtomicBool::new(false);

fn handlers() -> MutexGuard<'static, Vec<Handler>> {
    HANDLERS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn event_of(signal: i32) -> DWORD {
    match signal {
        libc::SIGINT => CTRL_C_EVENT,
        libc::SIGQUIT => CTRL_BREAK_EVENT,
        _ => CTRL_CLOSE_EVENT,
    }
}

extern "C" fn on_signal(signal: i32) {
    let byte = signal as u8;
    // SAFETY: `write` may be called in a signal handler, and the byte is valid. `errno` is the
    // interrupted code's and is put back.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        libc::write(PIPE.load(Ordering::Relaxed), (&raw const byte).cast(), 1);
        *errno = saved;
    }
}

fn set_disposition(signal: i32, action: libc::sighandler_t) {
    // SAFETY: all-zero is a valid `sigaction`; the action is `on_signal` or a constant.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const new, std::ptr::null_mut());
    }
}

fn catching() -> libc::sighandler_t {
    on_signal as extern "C" fn(i32) as libc::sighandler_t
}

/// Starts the thread that reads the pipe, once. Called with the handlers locked.
fn start() -> Result<(), u32> {
    if PIPE.load(Ordering::Relaxed) >= 0 {
        return Ok(());
    }
    let mut ends = [0; 2];
    // SAFETY: there is room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(of_errno(crate::codes::errno()));
    }
    let reader = ends[0];
    if !engine().spawn("iocp-console", move || read_signals(reader)) {
        // SAFETY: both are ours and unused.
        unsafe {
            libc::close(ends[0]);
            libc::close(ends[1]);
        }
        return Err(ERROR_NOT_ENOUGH_MEMORY);
    }
    PIPE.store(ends[1], Ordering::Relaxed);
    for signal in SIGNALS {
        let ignored = signal == libc::SIGINT && IGNORE_CTRL_C.load(Ordering::Relaxed);
        set_disposition(signal, if ignored { libc::SIG_IGN } else { catching() });
    }
    Ok(())
}

fn read_signals(pipe: i32) {
    loop {
        let mut byte = 0_u8;
        // SAFETY: there is room for a byte.
        let read = unsafe { libc::read(pipe, (&raw mut byte).cast(), 1) };
        if read == 1 {
            deal_with(i32::from(byte));
        }
    }
}

/// Asks the handlers on a thread of their own; ends the process when none deals with the event,
/// and after a close in any case.
fn deal_with(signal: i32) {
    let event = event_of(signal);
    let (done, answer) = mpsc::channel();
    let asking = std::thread::Builder::new().spawn(move || {
        take_signals();
        let dealt_with = ask(event);
        if !dealt_with && event != CTRL_CLOSE_EVENT {
            end(signal);
        }
        // Nobody listens when the event was no close.
        let _ = done.send(());
    });
    if asking.is_err() {
        end(signal);
    }
    if event == CTRL_CLOSE_EVENT {
        let _ = answer.recv_timeout(CLOSE_LIMIT);
        end(signal);
    }
}

/// The thread that reads the pipe takes no signals; one that runs the program's code does.
fn take_signals() {
    // SAFETY: the set is made before it is used.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}

fn ask(event: DWORD) -> bool {
    let list = handlers().clone();
    // SAFETY: the promise of who set the handler: it may be called with an event.
    list.iter().rev().any(|handler| unsafe { handler(event) } != FALSE)
}

/// What the default handler does: ends the process. A parent sees death by the signal, where
/// Windows shows the exit code 0xC000013A.
fn end(signal: i32) {
    flush_streams();
    set_disposition(signal, libc::SIG_DFL);
    // SAFETY: the set is made before it is used; the signal ends the process.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        libc::raise(signal);
    }
}

/// `SetConsoleCtrlHandler`: adds or removes a handler; with NULL, ignores Ctrl-C or no longer.
///
/// Until the first handler is added, signals do what they did before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleCtrlHandler(
    HandlerRoutine: PHANDLER_ROUTINE,
    Add: BOOL,
) -> BOOL {
    let Some(handler) = HandlerRoutine else {
        let started = PIPE.load(Ordering::Relaxed) >= 0;
        IGNORE_CTRL_C.store(Add != FALSE, Ordering::Relaxed);
        let action = match (Add != FALSE, started) {
            // Children inherit it, as on Windows.
            (true, _) => libc::SIG_IGN,
            (false, true) => catching(),
            (false, false) => libc::SIG_DFL,
        };
        set_disposition(libc::SIGINT, action);
        return TRUE;
    };
    let mut handlers = handlers();
    if Add != FALSE {
        if let Err(code) = start() {
            return fail(code);
        }
        handlers.push(handler);
        return TRUE;
    }
    let same = |other: &Handler| std::ptr::fn_addr_eq(*other, handler);
    match handlers.iter().rposition(same) {
        Some(at) => {
            handlers.remove(at);
            TRUE
        }
        None => fail(ERROR_INVALID_PARAMETER),
    }
}

/// `GenerateConsoleCtrlEvent`: sends the event to a process group; 0 is the caller's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GenerateConsoleCtrlEvent(
    dwCtrlEvent: DWORD,
    dwProcessGroupId: DWORD,
) -> BOOL {
    let signal = match dwCtrlEvent {
        CTRL_C_EVENT => libc::SIGINT,
        CTRL_BREAK_EVENT => libc::SIGQUIT,
        _ => return fail(ERROR_INVALID_PARAMETER),
    };
    let Ok(group) = i32::try_from(dwProcessGroupId) else { return fail(ERROR_INVALID_PARAMETER) };
    // SAFETY: no memory is involved.
    if unsafe { libc::kill(-group, signal) } == 0 { TRUE } else { fail(ERROR_INVALID_PARAMETER) }
}

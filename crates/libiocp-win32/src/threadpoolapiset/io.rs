//! Files: callbacks when their operations have finished.

use super::callbacks::{Function, LPOVERLAPPED_COMPLETION_ROUTINE, PTP_WIN32_IO_CALLBACK, Routine};
use super::environment::TP_CALLBACK_ENVIRON;
use super::work::{hand_out, make, wait_for_callbacks};
use super::{Kind, Value, find};
use crate::kernel::{succeed, system};
use crate::types::{BOOL, HANDLE, ULONG};
use libiocp::pool::{Member, Traits};
use libiocp::status::Status;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// An I/O object; the number that stands for one.
pub type PTP_IO = *mut c_void;

fn io(function: &str, value: PTP_IO) -> Arc<Member> {
    find(function, value as Value, |kind| match kind {
        Kind::Io(member) => Some(Arc::clone(member)),
        _ => None,
    })
}

/// `CreateThreadpoolIo`: ties a file to a pool. NULL on failure, with the
/// errors of `CreateIoCompletionPort`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolIo(
    fl: HANDLE,
    pfnio: PTP_WIN32_IO_CALLBACK,
    pv: *mut c_void,
    pcbe: *const TP_CALLBACK_ENVIRON,
) -> PTP_IO {
    let function = pfnio.map(|function| Function::Io(Some(function)));
    let associate = || {
        let file = system().file(fl as usize, 0)?;
        if !file.is_overlapped() || file.is_associated() {
            return Err(Status::INVALID_PARAMETER);
        }
        // SAFETY: the documentation asks for NULL or a valid environment.
        let made = unsafe { make("CreateThreadpoolIo", function, pv, pcbe, Kind::Io) }?;
        if let Err(status) = made.1.associate(&file) {
            made.1.close();
            return Err(status);
        }
        Ok(made)
    };
    hand_out(associate())
}

/// `StartThreadpoolIo`: announces an operation. To be called before each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn StartThreadpoolIo(pio: PTP_IO) {
    io("StartThreadpoolIo", pio).announce();
}

/// `CancelThreadpoolIo`: an operation that was announced will make no
/// callback: it was refused, or was done at once without a packet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CancelThreadpoolIo(pio: PTP_IO) {
    io("CancelThreadpoolIo", pio).withdraw();
}

/// `WaitForThreadpoolIoCallbacks`: waits until the callback of each operation
/// that was announced has returned; those that have not begun may be
/// cancelled, but the operations are not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForThreadpoolIoCallbacks(pio: PTP_IO, fCancelPendingCallbacks: BOOL) {
    wait_for_callbacks(&io("WaitForThreadpoolIoCallbacks", pio), fCancelPendingCallbacks);
}

/// `CloseThreadpoolIo`: the object goes after its last callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpoolIo(pio: PTP_IO) {
    io("CloseThreadpoolIo", pio).close();
}

/// One member for each function, for all files that are bound to it.
fn bound(function: usize, routine: LPOVERLAPPED_COMPLETION_ROUTINE) -> Arc<Member> {
    static BOUND: OnceLock<Mutex<HashMap<usize, Arc<Member>>>> = OnceLock::new();
    let mut bound =
        BOUND.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let routine = Routine::plain(Function::Completion(routine), std::ptr::null_mut());
        let traits = Traits { takes_all: true, ..Traits::default() };
        Member::new(system().pool(), routine, traits)
    };
    Arc::clone(bound.entry(function).or_insert_with(make))
}

/// `BindIoCompletionCallback`: ties a file to the default pool: each packet of
/// the file makes a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BindIoCompletionCallback(
    FileHandle: HANDLE,
    Function: LPOVERLAPPED_COMPLETION_ROUTINE,
    Flags: ULONG,
) -> BOOL {
    let bind = || {
        let file = system().file(FileHandle as usize, 0)?;
        let function = Function.ok_or(Status::INVALID_PARAMETER)?;
        if Flags != 0 {
            return Err(Status::INVALID_PARAMETER);
        }
        bound(function as usize, Function).associate(&file)
    };
    succeed(bind())
}

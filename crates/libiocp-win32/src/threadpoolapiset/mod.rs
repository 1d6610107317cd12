//! `threadpoolapiset.h`: thread pools.
//!
//! Most of these functions have no result. On Windows a bad object raises an exception, which ends
//! the program; here it ends the program with a line that tells which function was given it.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

mod callbacks;
mod environment;
pub mod group;
pub mod instance;
pub mod io;
mod objects;
pub mod timer;
pub mod wait;
pub mod work;

pub(crate) use callbacks::{Function, Routine, publish};
pub use callbacks::{
    LPOVERLAPPED_COMPLETION_ROUTINE, PTP_CLEANUP_GROUP_CANCEL_CALLBACK, PTP_SIMPLE_CALLBACK,
    PTP_WAIT_CALLBACK, PTP_WIN32_IO_CALLBACK, PTP_WORK_CALLBACK, WAITORTIMERCALLBACK,
};
pub use environment::{TP_CALLBACK_ENVIRON, TP_POOL_STACK_INFORMATION};
pub use group::*;
pub use instance::*;
pub use io::*;
pub(crate) use objects::{Kind, Value, fatal, find, insert, look_up, remove};
pub use timer::*;
pub(crate) use wait::waitable;
pub use wait::*;
pub use work::*;

use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{engine, system};
use crate::types::{BOOL, DWORD, TRUE};
use libiocp::pool::Pool;
use std::ffi::c_void;
use std::sync::Arc;

/// A pool; the number that stands for one.
pub type PTP_POOL = *mut c_void;

const ERROR_NOT_ENOUGH_MEMORY: DWORD = 8;
const ERROR_INVALID_PARAMETER: DWORD = 87;
/// What a stack holds at first, whatever it is asked for: the kernel gives the rest when it is
/// touched.
const COMMIT: usize = 4096;
/// The least that a stack must reserve for the C library to work.
const LEAST_STACK: usize = 128 << 10;

fn pool(function: &str, value: PTP_POOL) -> Arc<Pool> {
    find(function, value as Value, |kind| match kind {
        Kind::Pool(pool) => Some(Arc::clone(pool)),
        _ => None,
    })
}

/// `CreateThreadpool`: makes a pool. NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpool(reserved: *mut c_void) -> PTP_POOL {
    if !reserved.is_null() {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    }
    let pool = Pool::new(engine(), system().clocks());
    insert(Kind::Pool(pool)) as PTP_POOL
}

/// `CloseThreadpool`: the pool goes when its last object has been closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpool(ptpp: PTP_POOL) {
    drop(pool("CloseThreadpool", ptpp));
    remove(ptpp as Value);
}

/// `SetThreadpoolThreadMaximum`: limits the threads of a pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolThreadMaximum(ptpp: PTP_POOL, cthrdMost: DWORD) {
    pool("SetThreadpoolThreadMaximum", ptpp).set_maximum(cthrdMost);
}

/// `SetThreadpoolThreadMinimum`: keeps so many threads in a pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolThreadMinimum(ptpp: PTP_POOL, cthrdMic: DWORD) -> BOOL {
    match pool("SetThreadpoolThreadMinimum", ptpp).set_minimum(cthrdMic) {
        Ok(()) => TRUE,
        Err(_) => fail(ERROR_NOT_ENOUGH_MEMORY),
    }
}

/// `SetThreadpoolStackInformation`: the stacks of threads that start from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolStackInformation(
    ptpp: PTP_POOL,
    ptpsi: *const TP_POOL_STACK_INFORMATION,
) -> BOOL {
    let pool = pool("SetThreadpoolStackInformation", ptpp);
    // SAFETY: the documentation asks for NULL or a valid structure.
    let Some(information) = (unsafe { ptpsi.as_ref() }) else {
        return fail(ERROR_INVALID_PARAMETER);
    };
    let TP_POOL_STACK_INFORMATION { StackReserve, StackCommit } = *information;
    pool.set_stack(StackReserve.max(StackCommit).max(LEAST_STACK));
    TRUE
}

/// `QueryThreadpoolStackInformation`: the stacks of threads that start from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryThreadpoolStackInformation(
    ptpp: PTP_POOL,
    ptpsi: *mut TP_POOL_STACK_INFORMATION,
) -> BOOL {
    let pool = pool("QueryThreadpoolStackInformation", ptpp);
    // SAFETY: the documentation asks for NULL or a valid structure.
    let Some(information) = (unsafe { ptpsi.as_mut() }) else {
        return fail(ERROR_INVALID_PARAMETER);
    };
    *information = TP_POOL_STACK_INFORMATION { StackReserve: pool.stack(), StackCommit: COMMIT };
    TRUE
}

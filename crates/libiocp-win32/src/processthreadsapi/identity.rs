//! Who is running.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cell::Cell;
use std::sync::Once;

use crate::types::{DWORD, HANDLE};

thread_local! {
    static THREAD_ID: Cell<u32> = const { Cell::new(0) };
}

/// The calling thread's id.
pub(crate) fn thread_id() -> u32 {
    match THREAD_ID.get() {
        0 => learn_thread_id(),
        id => id,
    }
}

#[cold]
fn learn_thread_id() -> u32 {
    static AT_FORK: Once = Once::new();
    // The only thread of a forked child has a new id.
    // SAFETY: the handler touches nothing but a thread-local cell without a destructor.
    AT_FORK.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(forget_thread_id));
    });
    // SAFETY: no memory is involved.
    let id = unsafe { libc::gettid() }.unsigned_abs();
    THREAD_ID.set(id);
    id
}

unsafe extern "C" fn forget_thread_id() {
    THREAD_ID.set(0);
}

/// `GetCurrentProcessId`: the process' id, as Linux knows it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentProcessId() -> DWORD {
    std::process::id()
}

/// `GetCurrentThreadId`: the thread's id, as Linux knows it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentThreadId() -> DWORD {
    thread_id()
}

/// `GetCurrentProcess`: the pseudo handle -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentProcess() -> HANDLE {
    std::ptr::without_provenance_mut(usize::MAX)
}

/// `GetCurrentThread`: the pseudo handle -2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentThread() -> HANDLE {
    std::ptr::without_provenance_mut(usize::MAX - 1)
}

/// `GetCurrentProcessorNumber`: the processor the thread runs on right now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentProcessorNumber() -> DWORD {
    // SAFETY: no memory is involved.
    u32::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(0)
}

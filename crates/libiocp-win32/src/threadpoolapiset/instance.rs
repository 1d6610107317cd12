//! A callback while it runs.

use super::fatal;
use crate::libloaderapi::FreeLibrary;
use crate::synchapi::LeaveCriticalSection;
use crate::synchapi_events::{ReleaseSemaphore, SetEvent};
use crate::synchapi_mutexes::ReleaseMutex;
use crate::types::{BOOL, CRITICAL_SECTION, DWORD, HANDLE, HMODULE, LONG};
use libiocp::pool::Instance;
use std::cell::RefCell;

/// A callback that runs; opaque to programs.
#[derive(Debug)]
pub struct TP_CALLBACK_INSTANCE<'a> {
    instance: &'a Instance<'a>,
    afterwards: RefCell<Vec<Afterwards>>,
}

/// Valid until the callback returns.
pub type PTP_CALLBACK_INSTANCE = *mut TP_CALLBACK_INSTANCE<'static>;

/// What is to happen when the callback returns, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Afterwards {
    Leave(*mut CRITICAL_SECTION),
    Mutex(HANDLE),
    Semaphore(HANDLE, LONG),
    Event(HANDLE),
    Library(HMODULE),
}

impl<'a> TP_CALLBACK_INSTANCE<'a> {
    pub(super) fn new(instance: &'a Instance<'a>) -> Self {
        Self { instance, afterwards: RefCell::default() }
    }

    /// The callback has returned.
    pub(super) fn end(self) {
        let mut afterwards = self.afterwards.into_inner();
        afterwards.sort_by_key(|what| match what {
            Afterwards::Leave(_) => 0,
            Afterwards::Mutex(_) => 1,
            Afterwards::Semaphore(..) => 2,
            Afterwards::Event(_) => 3,
            Afterwards::Library(_) => 4,
        });
        for what in afterwards {
            // SAFETY: the program has named it for this very purpose.
            unsafe {
                match what {
                    Afterwards::Leave(section) => LeaveCriticalSection(section),
                    Afterwards::Mutex(mutex) => {
                        ReleaseMutex(mutex);
                    }
                    Afterwards::Semaphore(semaphore, count) => {
                        ReleaseSemaphore(semaphore, count, std::ptr::null_mut());
                    }
                    Afterwards::Event(event) => {
                        SetEvent(event);
                    }
                    Afterwards::Library(library) => {
                        FreeLibrary(library);
                    }
                }
            }
        }
    }
}

/// # Safety
/// NULL, or the instance of a callback that runs on the calling thread.
unsafe fn instance<'a>(
    function: &str,
    instance: PTP_CALLBACK_INSTANCE,
) -> &'a TP_CALLBACK_INSTANCE<'static> {
    // SAFETY: by the contract of this function.
    unsafe { instance.as_ref() }.unwrap_or_else(|| fatal(function, "there is no instance"))
}

/// # Safety
/// NULL, or the instance of a callback that runs on the calling thread.
unsafe fn after(function: &str, instance: PTP_CALLBACK_INSTANCE, what: Afterwards) {
    // SAFETY: by the contract of this function.
    let instance = unsafe { self::instance(function, instance) };
    instance.afterwards.borrow_mut().push(what);
}

/// `SetEventWhenCallbackReturns`: sets an event then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEventWhenCallbackReturns(pci: PTP_CALLBACK_INSTANCE, evt: HANDLE) {
    // SAFETY: the documentation asks for the callback's own instance.
    unsafe { after("SetEventWhenCallbackReturns", pci, Afterwards::Event(evt)) };
}

/// `ReleaseSemaphoreWhenCallbackReturns`: adds units to a semaphore then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSemaphoreWhenCallbackReturns(
    pci: PTP_CALLBACK_INSTANCE,
    sem: HANDLE,
    crel: DWORD,
) {
    let what = Afterwards::Semaphore(sem, crel as LONG);
    // SAFETY: the documentation asks for the callback's own instance.
    unsafe { after("ReleaseSemaphoreWhenCallbackReturns", pci, what) };
}

/// `ReleaseMutexWhenCallbackReturns`: gives a mutex back then, on the thread that owns it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseMutexWhenCallbackReturns(pci: PTP_CALLBACK_INSTANCE, mut_: HANDLE) {
    // SAFETY: the documentation asks for the callback's own instance.
    unsafe { after("ReleaseMutexWhenCallbackReturns", pci, Afterwards::Mutex(mut_)) };
}

/// `LeaveCriticalSectionWhenCallbackReturns`: leaves a critical section then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LeaveCriticalSectionWhenCallbackReturns(
    pci: PTP_CALLBACK_INSTANCE,
    pcs: *mut CRITICAL_SECTION,
) {
    let what = Afterwards::Leave(pcs);
    // SAFETY: the documentation asks for the callback's own instance.
    unsafe { after("LeaveCriticalSectionWhenCallbackReturns", pci, what) };
}

/// `FreeLibraryWhenCallbackReturns`: unloads a library then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeLibraryWhenCallbackReturns(pci: PTP_CALLBACK_INSTANCE, mod_: HMODULE) {
    // SAFETY: the documentation asks for the callback's own instance.
    unsafe { after("FreeLibraryWhenCallbackReturns", pci, Afterwards::Library(mod_)) };
}

/// `CallbackMayRunLong`: the callback will last long and does not count
/// against the processors any more. FALSE if no other thread would be there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CallbackMayRunLong(pci: PTP_CALLBACK_INSTANCE) -> BOOL {
    // SAFETY: the documentation asks for the callback's own instance.
    let instance = unsafe { instance("CallbackMayRunLong", pci) };
    BOOL::from(instance.instance.may_run_long())
}

/// `DisassociateCurrentThreadFromCallback`: who waits for the object's
/// callbacks does not wait for this one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DisassociateCurrentThreadFromCallback(pci: PTP_CALLBACK_INSTANCE) {
    // SAFETY: the documentation asks for the callback's own instance.
    let instance = unsafe { instance("DisassociateCurrentThreadFromCallback", pci) };
    instance.instance.disassociate();
}

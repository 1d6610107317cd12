//! The program's functions, and how each is called.

use super::environment::Environment;
use super::instance::{PTP_CALLBACK_INSTANCE, TP_CALLBACK_INSTANCE};
use super::{Kind, Value, insert, remove};
use crate::libloaderapi::{FreeLibrary, keep_module};
use crate::threads::LPTHREAD_START_ROUTINE;
use crate::types::{BOOLEAN, DWORD, HMODULE, ULONG, ULONG_PTR};
use libiocp::pool::{Callback, Instance, Member, Pool, Traits};
use libiocp::port::Packet;
use libiocp::status::Status;
use std::ffi::c_void;
use std::sync::{Arc, OnceLock};

/// A callback without an object.
pub type PTP_SIMPLE_CALLBACK =
    Option<unsafe extern "C-unwind" fn(PTP_CALLBACK_INSTANCE, *mut c_void)>;
/// The callback of a work or timer object, which is the last parameter.
pub type PTP_WORK_CALLBACK =
    Option<unsafe extern "C-unwind" fn(PTP_CALLBACK_INSTANCE, *mut c_void, *mut c_void)>;
/// The callback of a wait object, with the result of the wait.
pub type PTP_WAIT_CALLBACK =
    Option<unsafe extern "C-unwind" fn(PTP_CALLBACK_INSTANCE, *mut c_void, *mut c_void, DWORD)>;
/// The callback of an I/O object: OVERLAPPED, error, bytes, object.
pub type PTP_WIN32_IO_CALLBACK = Option<
    unsafe extern "C-unwind" fn(
        PTP_CALLBACK_INSTANCE,
        *mut c_void,
        *mut c_void,
        ULONG,
        ULONG_PTR,
        *mut c_void,
    ),
>;
/// What is called for an object whose group is cancelled.
pub type PTP_CLEANUP_GROUP_CANCEL_CALLBACK =
    Option<unsafe extern "C-unwind" fn(*mut c_void, *mut c_void)>;
/// The callback of a registered wait or of a timer of a queue.
pub type WAITORTIMERCALLBACK = Option<unsafe extern "C-unwind" fn(*mut c_void, BOOLEAN)>;
/// The callback of a file: error, bytes, OVERLAPPED.
pub type LPOVERLAPPED_COMPLETION_ROUTINE =
    Option<unsafe extern "C-unwind" fn(DWORD, DWORD, *mut c_void)>;

/// A function of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    Simple(PTP_SIMPLE_CALLBACK),
    Work(PTP_WORK_CALLBACK),
    Wait(PTP_WAIT_CALLBACK),
    Io(PTP_WIN32_IO_CALLBACK),
    Start(LPTHREAD_START_ROUTINE),
    Registered(WAITORTIMERCALLBACK),
    Fired(WAITORTIMERCALLBACK),
    Completion(LPOVERLAPPED_COMPLETION_ROUTINE),
}

/// A function of the program, and what goes with it.
#[derive(Debug)]
pub(crate) struct Routine {
    function: Function,
    context: *mut c_void,
    cancel: PTP_CLEANUP_GROUP_CANCEL_CALLBACK,
    finalization: PTP_SIMPLE_CALLBACK,
    _library: Library,
    /// The number of the object that it belongs to, if there is one.
    own: Arc<OnceLock<Value>>,
}

// SAFETY: the context is the program's, which made it for other threads.
unsafe impl Send for Routine {}
// SAFETY: as above.
unsafe impl Sync for Routine {}

/// A library that is loaded once more while this exists.
#[derive(Debug)]
struct Library(HMODULE);

impl Library {
    fn keep(module: HMODULE) -> Result<Self, Status> {
        if !module.is_null() && !keep_module(module) {
            return Err(Status::INVALID_PARAMETER);
        }
        Ok(Self(module))
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: `keep` has loaded it once more.
            unsafe { FreeLibrary(self.0) };
        }
    }
}

impl Routine {
    /// A function and its context, and nothing else.
    pub(crate) fn plain(function: Function, context: *mut c_void) -> Box<Self> {
        let library = Library(std::ptr::null_mut());
        let (cancel, finalization, own) = (None, None, Arc::default());
        Box::new(Self { function, context, cancel, finalization, _library: library, own })
    }

    pub(super) fn of(
        function: Function,
        context: *mut c_void,
        environment: &Environment,
    ) -> Result<Box<Self>, Status> {
        Ok(Box::new(Self {
            function,
            context,
            cancel: environment.cancel,
            finalization: environment.finalization,
            _library: Library::keep(environment.library)?,
            own: Arc::default(),
        }))
    }

    fn own(&self) -> *mut c_void {
        self.own.get().copied().unwrap_or(0) as *mut c_void
    }

    /// # Safety
    /// The program's function, with what the program gave for it.
    unsafe fn call(&self, instance: PTP_CALLBACK_INSTANCE, packet: &Packet) {
        let (context, own, status) = (self.context, self.own(), packet.status());
        // SAFETY: by the contract of this function.
        unsafe {
            match self.function {
                Function::Simple(Some(call)) => call(instance, context),
                Function::Work(Some(call)) => call(instance, context, own),
                Function::Wait(Some(call)) => call(instance, context, own, status.0),
                Function::Io(Some(call)) => {
                    let (code, overlapped) = (win32(status), packet.overlapped as *mut c_void);
                    call(instance, context, overlapped, code, packet.bytes, own);
                }
                Function::Start(Some(call)) => {
                    call(context);
                }
                Function::Registered(Some(call)) => {
                    call(context, BOOLEAN::from(status == Status::TIMEOUT));
                }
                Function::Fired(Some(call)) => call(context, 1),
                Function::Completion(Some(call)) => {
                    let bytes = if status.is_success() { packet.bytes as DWORD } else { 0 };
                    call(win32(status), bytes, packet.overlapped as *mut c_void);
                }
                // Whoever makes an object refuses none.
                _ => {}
            }
        }
    }
}

fn win32(status: Status) -> DWORD {
    if status.is_success() { 0 } else { status.win32() }
}

impl Callback for Routine {
    fn call(&self, instance: &Instance<'_>, packet: &Packet) {
        let instance = TP_CALLBACK_INSTANCE::new(instance);
        let pointer = std::ptr::from_ref(&instance).cast_mut().cast();
        // SAFETY: the program gave the function and its context.
        unsafe {
            self.call(pointer, packet);
            if let Some(finalization) = self.finalization {
                finalization(pointer, self.context);
            }
        }
        instance.end();
    }

    fn cancelled(&self, context: usize) {
        if let Some(cancel) = self.cancel {
            // SAFETY: the program gave the function and both contexts.
            unsafe { cancel(self.context, context as *mut c_void) };
        }
    }

    fn closed(&self) {
        if let Some(own) = self.own.get() {
            remove(*own);
        }
    }
}

/// A member with a number, which goes when the member is closed.
pub(crate) fn publish(
    pool: &Arc<Pool>,
    routine: Box<Routine>,
    traits: Traits,
    kind: fn(Arc<Member>) -> Kind,
) -> (Value, Arc<Member>) {
    let own = Arc::clone(&routine.own);
    let member = Member::new(pool, routine, traits);
    let value = insert(kind(Arc::clone(&member)));
    let _ = own.set(value);
    (value, member)
}

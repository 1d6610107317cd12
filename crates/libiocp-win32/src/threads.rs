//! `processthreadsapi.h` and `process.h`: threads.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

use crate::apc::make_calls;
use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::{hand_out, system};
use crate::processthreadsapi::{initial_thread_leaves, thread_ends};
use crate::types::{BOOL, DWORD, HANDLE, SECURITY_ATTRIBUTES, SIZE_T, TRUE};
use libiocp::handle::Handle;
use libiocp::object::{Object, access};
use libiocp::status::Status;
use libiocp::sync::Sleep;
use libiocp::thread::Thread;
use libiocp::wait::wait_any;
use std::ffi::c_void;
use std::sync::Arc;

const CREATE_SUSPENDED: DWORD = 4;
const STACK_SIZE_PARAM_IS_A_RESERVATION: DWORD = 0x0001_0000;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_NOT_ENOUGH_MEMORY: DWORD = 8;
const ERROR_NOACCESS: DWORD = 998;

/// A thread's function, as `CreateThread` takes it.
pub type LPTHREAD_START_ROUTINE = Option<unsafe extern "C-unwind" fn(*mut c_void) -> DWORD>;
/// A thread's function, as `_beginthread` takes it.
pub type BeginThreadRoutine = Option<unsafe extern "C-unwind" fn(*mut c_void)>;

#[derive(Clone, Copy)]
enum Routine {
    WithCode(unsafe extern "C-unwind" fn(*mut c_void) -> DWORD),
    Plain(unsafe extern "C-unwind" fn(*mut c_void), usize),
}

/// What a new thread is given.
struct Start {
    thread: Arc<Thread>,
    routine: Routine,
    parameter: *mut c_void,
}

/// Runs on the new thread. Nothing with a destructor is alive while the
/// program's function runs: it may end the thread from anywhere.
unsafe extern "C-unwind" fn run(start: *mut c_void) -> *mut c_void {
    // SAFETY: `spawn` made it by `Box::into_raw`, for this thread alone.
    let (routine, parameter) = unsafe { begin(*Box::from_raw(start.cast())) };
    // SAFETY: nothing with a destructor is alive.
    unsafe { make_calls() };
    // SAFETY: the program's function, with the parameter that it gave.
    let code = unsafe {
        match routine {
            Routine::WithCode(routine) => routine(parameter),
            Routine::Plain(routine, _) => {
                routine(parameter);
                0
            }
        }
    };
    if let Routine::Plain(_, own_handle) = routine {
        close_own(own_handle);
    }
    end(code);
    std::ptr::null_mut()
}

fn begin(start: Start) -> (Routine, *mut c_void) {
    start.thread.become_current();
    wait_any(&[start.thread.may_begin()], None, &Sleep);
    (start.routine, start.parameter)
}

/// The handle that `_beginthread` returned goes with its thread.
extern "C" fn close_own(cell: usize) {
    // SAFETY: `_beginthread` leaked the cell for this thread.
    let cell = unsafe { Box::from_raw(cell as *mut std::sync::OnceLock<usize>) };
    let value = loop {
        match cell.get() {
            Some(value) => break *value,
            None => std::thread::yield_now(),
        }
    };
    let _ = system().close(value);
}

/// `extern "C"`, so that no panic leaves through those who may unwind.
extern "C" fn end(code: DWORD) {
    // Before anybody who waits for this thread can end with another code.
    thread_ends(code);
    Thread::current().end(code);
}

/// The size of a stack of which the program wants so much. That much is committed at first on
/// Windows, and a whole MiB at least is reserved, unless the flag says that it is all.
fn stack_size(wanted: SIZE_T, flags: DWORD) -> Option<SIZE_T> {
    let is_all = flags & STACK_SIZE_PARAM_IS_A_RESERVATION != 0;
    wanted.checked_next_multiple_of(if is_all { 64 << 10 } else { 1 << 20 })
}

fn spawn(start: Start, stack: SIZE_T) -> bool {
    let start = Box::into_raw(Box::new(start));
    // SAFETY: the attributes are initialised before they are used; the new
    // thread takes over `start`, or this one takes it back.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        libc::pthread_attr_init(&raw mut attributes);
        libc::pthread_attr_setdetachstate(&raw mut attributes, libc::PTHREAD_CREATE_DETACHED);
        if stack > 0 {
            libc::pthread_attr_setstacksize(&raw mut attributes, stack);
        }
        let mut thread: libc::pthread_t = std::mem::zeroed();
        let entry = std::mem::transmute::<
            unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void,
            extern "C" fn(*mut c_void) -> *mut c_void,
        >(run);
        let result =
            libc::pthread_create(&raw mut thread, &raw const attributes, entry, start.cast());
        libc::pthread_attr_destroy(&raw mut attributes);
        if result != 0 {
            drop(Box::from_raw(start));
        }
        result == 0
    }
}

/// Makes the object and its handle, then the thread.
fn create(
    routine: Routine,
    parameter: *mut c_void,
    stack: SIZE_T,
    flags: DWORD,
    attributes: *const SECURITY_ATTRIBUTES,
) -> Option<(HANDLE, Arc<Thread>)> {
    let Some(stack) = stack_size(stack, flags) else {
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return None;
    };
    let handle = Handle::new(Thread::new(flags & CREATE_SUSPENDED != 0));
    let thread = handle.reference();
    let value = hand_out(Object::Thread(handle), attributes);
    if value.is_null() {
        return None;
    }
    let start = Start { thread: Arc::clone(&thread), routine, parameter };
    if !spawn(start, stack) {
        let _ = system().close(value as usize);
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return None;
    }
    Some((value, thread))
}

/// The number of a thread that has been started; waits until it has one.
fn id_of(thread: &Thread) -> DWORD {
    loop {
        match thread.id() {
            0 => std::thread::yield_now(),
            id => return id,
        }
    }
}

/// `CreateThread`: starts a thread. NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThread(
    lpThreadAttributes: *const SECURITY_ATTRIBUTES,
    dwStackSize: SIZE_T,
    lpStartAddress: LPTHREAD_START_ROUTINE,
    lpParameter: *mut c_void,
    dwCreationFlags: DWORD,
    lpThreadId: *mut DWORD,
) -> HANDLE {
    let Some(routine) = lpStartAddress else {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    };
    let routine = Routine::WithCode(routine);
    let created = create(routine, lpParameter, dwStackSize, dwCreationFlags, lpThreadAttributes);
    let Some((value, thread)) = created else { return std::ptr::null_mut() };
    // SAFETY: the documentation asks for NULL or a valid place.
    if let Some(id) = unsafe { lpThreadId.as_mut() } {
        *id = id_of(&thread);
    }
    value
}

/// `_beginthreadex`: starts a thread; 0 on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _beginthreadex(
    security: *mut c_void,
    stack_size: u32,
    start_address: LPTHREAD_START_ROUTINE,
    arglist: *mut c_void,
    initflag: u32,
    thrdaddr: *mut u32,
) -> usize {
    if start_address.is_none() {
        set_errno(libc::EINVAL);
        return 0;
    }
    let stack = stack_size as SIZE_T;
    // SAFETY: the same contract.
    let handle =
        unsafe { CreateThread(security.cast(), stack, start_address, arglist, initflag, thrdaddr) };
    if handle.is_null() {
        set_errno(libc::EAGAIN);
    }
    handle as usize
}

/// `_beginthread`: starts a thread whose handle closes when its function
/// returns; -1 on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _beginthread(
    start_address: BeginThreadRoutine,
    stack_size: u32,
    arglist: *mut c_void,
) -> usize {
    let Some(routine) = start_address else {
        set_errno(libc::EINVAL);
        return usize::MAX;
    };
    let cell = Box::into_raw(Box::new(std::sync::OnceLock::<usize>::new()));
    let routine = Routine::Plain(routine, cell as usize);
    let created = create(routine, arglist, stack_size as SIZE_T, 0, std::ptr::null());
    match created {
        Some((value, _)) => {
            // SAFETY: the new thread frees the cell only after it is set.
            let _ = unsafe { (*cell).set(value as usize) };
            value as usize
        }
        None => {
            // SAFETY: no thread was started that could free the cell.
            drop(unsafe { Box::from_raw(cell) });
            set_errno(libc::EAGAIN);
            usize::MAX
        }
    }
}

fn set_errno(errno: i32) {
    // SAFETY: the location is the calling thread's own.
    unsafe { *libc::__errno_location() = errno };
}

unsafe extern "C-unwind" {
    /// Unwinds the calling thread's stack and ends it.
    fn pthread_exit(value: *mut c_void) -> !;
}

/// What `ExitThread` does before the thread goes.
extern "C" fn leave(code: DWORD) {
    end(code);
    // SAFETY: neither call has arguments.
    if unsafe { libc::gettid() == libc::getpid() } {
        initial_thread_leaves();
    }
}

/// `ExitThread`: ends the calling thread, and with the program's last thread the process.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ExitThread(dwExitCode: DWORD) -> ! {
    leave(dwExitCode);
    // SAFETY: nothing with a destructor is alive in this library's frames.
    unsafe { pthread_exit(std::ptr::null_mut()) }
}

/// `_endthreadex`: ends the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn _endthreadex(retval: u32) -> ! {
    // SAFETY: the same contract.
    unsafe { ExitThread(retval) }
}

fn thread(handle: HANDLE, any_of: DWORD) -> Result<Arc<Thread>, Status> {
    // Either of the two rights to ask will do.
    let rights = [access::THREAD_QUERY_LIMITED_INFORMATION, access::THREAD_QUERY_INFORMATION];
    let mut result = Err(Status::ACCESS_DENIED);
    for right in rights.into_iter().filter(|right| any_of & right != 0).chain([any_of]) {
        result = system().thread(handle as usize, right);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// `GetExitCodeThread`: the code a thread ended with; 259 while it runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExitCodeThread(hThread: HANDLE, lpExitCode: *mut DWORD) -> BOOL {
    let query = access::THREAD_QUERY_LIMITED_INFORMATION | access::THREAD_QUERY_INFORMATION;
    match thread(hThread, query) {
        Err(status) => fail(status.win32()),
        Ok(_) if lpExitCode.is_null() => fail(ERROR_NOACCESS),
        Ok(thread) => {
            // SAFETY: the documentation asks for a valid place.
            unsafe { lpExitCode.write(thread.exit_code()) };
            TRUE
        }
    }
}

/// `GetThreadId`: the number of a thread; 0 on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetThreadId(Thread: HANDLE) -> DWORD {
    let query = access::THREAD_QUERY_LIMITED_INFORMATION | access::THREAD_QUERY_INFORMATION;
    match thread(Thread, query) {
        Err(status) => {
            set_last_error(status.win32());
            0
        }
        Ok(thread) => id_of(&thread),
    }
}

/// `ResumeThread`: lets a thread begin that was created suspended. The count
/// of suspensions before; all ones on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ResumeThread(hThread: HANDLE) -> DWORD {
    match system().thread(hThread as usize, access::THREAD_SUSPEND_RESUME) {
        Err(status) => {
            set_last_error(status.win32());
            DWORD::MAX
        }
        Ok(thread) => thread.resume(),
    }
}

/// `GetProcessHandleCount`: how many handles this process has open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessHandleCount(
    hProcess: HANDLE,
    pdwHandleCount: *mut DWORD,
) -> BOOL {
    if let Err(status) = system().process(hProcess as usize, 0) {
        return fail(status.win32());
    }
    if pdwHandleCount.is_null() {
        return fail(ERROR_NOACCESS);
    }
    // SAFETY: the documentation asks for a valid place.
    unsafe { pdwHandleCount.write(system().table().len() as DWORD) };
    TRUE
}

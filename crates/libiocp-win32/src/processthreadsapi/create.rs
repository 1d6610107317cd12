//! Starting processes.
//!
//! A Linux executable is started. It gets the standard handles; other handles
//! are not inherited.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::command_line;
use crate::errhandlingapi::fail;
use crate::fileapi::path;
use crate::kernel::system;
use crate::processenv;
use crate::processenv_std;
use crate::text;
use crate::types::{
    BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, SECURITY_ATTRIBUTES, TRUE, WORD,
};
use libiocp::handle::Handle;
use libiocp::object::{Object, ObjectRef};
use libiocp::process::{Gate, Plan, Process, above_standard, c_string, is_executable};
use libiocp::status::Status;
use libiocp::system::{INHERIT, is_pseudo};
use libiocp::thread::Thread;
use libiocp::wait::{Subscriber, subscribe};
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const DEBUG_PROCESS: DWORD = 0x1;
const DEBUG_ONLY_THIS_PROCESS: DWORD = 0x2;
const CREATE_SUSPENDED: DWORD = 0x4;
const DETACHED_PROCESS: DWORD = 0x8;
const CREATE_NEW_CONSOLE: DWORD = 0x10;
const CREATE_NEW_PROCESS_GROUP: DWORD = 0x200;
const CREATE_UNICODE_ENVIRONMENT: DWORD = 0x400;
const CREATE_PROTECTED_PROCESS: DWORD = 0x4_0000;
const CREATE_BREAKAWAY_FROM_JOB: DWORD = 0x0100_0000;
const EXTENDED_STARTUPINFO_PRESENT: DWORD = 0x8_0000;
const STARTF_USESTDHANDLES: DWORD = 0x100;

const ERROR_FILE_NOT_FOUND: DWORD = 2;
const ERROR_ACCESS_DENIED: DWORD = 5;
const ERROR_NOT_ENOUGH_MEMORY: DWORD = 8;
const ERROR_NOT_SUPPORTED: DWORD = 50;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_BAD_EXE_FORMAT: DWORD = 193;
const ERROR_FILENAME_EXCED_RANGE: DWORD = 206;
const ERROR_DIRECTORY: DWORD = 267;
const ERROR_NOACCESS: DWORD = 998;
const ERROR_NO_SYSTEM_RESOURCES: DWORD = 1450;

/// `STARTUPINFOW`, and `STARTUPINFOA`, whose strings are not looked at.
#[repr(C)]
#[derive(Debug)]
pub struct STARTUPINFOW {
    /// The structure's size.
    pub cb: DWORD,
    /// Not used.
    pub lpReserved: LPWSTR,
    /// A desktop; there are none.
    pub lpDesktop: LPWSTR,
    /// A window's title.
    pub lpTitle: LPWSTR,
    /// Where a window would be.
    pub dwX: DWORD,
    /// Where a window would be.
    pub dwY: DWORD,
    /// How wide a window would be.
    pub dwXSize: DWORD,
    /// How high a window would be.
    pub dwYSize: DWORD,
    /// How many columns a console would have.
    pub dwXCountChars: DWORD,
    /// How many lines a console would have.
    pub dwYCountChars: DWORD,
    /// The colours of a console.
    pub dwFillAttribute: DWORD,
    /// Which members count.
    pub dwFlags: DWORD,
    /// How a window would be shown.
    pub wShowWindow: WORD,
    /// Not used.
    pub cbReserved2: WORD,
    /// Not used.
    pub lpReserved2: *mut u8,
    /// The standard input.
    pub hStdInput: HANDLE,
    /// The standard output.
    pub hStdOutput: HANDLE,
    /// The standard error output.
    pub hStdError: HANDLE,
}

/// `PROCESS_INFORMATION`: what `CreateProcess` hands out.
#[repr(C)]
#[derive(Debug)]
pub struct PROCESS_INFORMATION {
    /// The process.
    pub hProcess: HANDLE,
    /// Its initial thread.
    pub hThread: HANDLE,
    /// The number of the process.
    pub dwProcessId: DWORD,
    /// The number of the thread.
    pub dwThreadId: DWORD,
}

const _: () = {
    assert!(size_of::<STARTUPINFOW>() == 104);
    assert!(size_of::<PROCESS_INFORMATION>() == 24);
};

/// What the caller wants, in bytes.
struct Wish {
    application: Option<Vec<u8>>,
    line: Option<Vec<u8>>,
    environment: Option<Vec<Vec<u8>>>,
    directory: Option<Vec<u8>>,
    flags: DWORD,
    standard: [Option<HANDLE>; 3],
}

fn check_flags(flags: DWORD) -> Result<(), DWORD> {
    let refused = DEBUG_PROCESS
        | DEBUG_ONLY_THIS_PROCESS
        | CREATE_PROTECTED_PROCESS
        | EXTENDED_STARTUPINFO_PRESENT;
    if flags & DETACHED_PROCESS != 0 && flags & CREATE_NEW_CONSOLE != 0 {
        return Err(ERROR_INVALID_PARAMETER);
    }
    if flags & refused != 0 { Err(ERROR_NOT_SUPPORTED) } else { Ok(()) }
}

/// The file to start and its arguments.
fn program(wish: &Wish) -> Result<(PathBuf, Vec<Vec<u8>>), DWORD> {
    let line = match (&wish.application, &wish.line) {
        (None, None) => return Err(ERROR_INVALID_PARAMETER),
        (_, Some(line)) => line.clone(),
        (Some(application), None) => [b"\"", &application[..], b"\""].concat(),
    };
    let arguments = command_line::arguments(&line);
    if let Some(application) = &wish.application {
        let file = path(application.clone()).map_err(Status::win32)?;
        return Ok((file, arguments));
    }
    let names = command_line::candidates(&line);
    let files = names.into_iter().filter_map(|name| path(name).ok());
    let file = files.into_iter().find_map(|name| command_line::find(&name));
    Ok((file.ok_or(ERROR_FILE_NOT_FOUND)?, arguments))
}

/// Why a file cannot be started, as far as that shows beforehand.
fn check_file(file: &Path, name: &CString) -> Result<(), DWORD> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    match file.metadata() {
        Err(_) if parent.is_some_and(|parent| !parent.is_dir()) => {
            Err(Status::OBJECT_PATH_NOT_FOUND.win32())
        }
        Err(_) => Err(ERROR_FILE_NOT_FOUND),
        Ok(found) if !found.is_file() || !is_executable(name) => Err(ERROR_ACCESS_DENIED),
        Ok(_) => Ok(()),
    }
}

/// The descriptor that a standard handle stands for. A handle that is none
/// gives the process no such descriptor's like: it gets `/dev/null`.
fn standard(handle: HANDLE) -> Result<OwnedFd, DWORD> {
    let value = processenv_std::translate(handle as usize);
    let found = if is_pseudo(value) { None } else { system().look_up(value).ok() };
    let fd = match found {
        Some((ObjectRef::File(file), _)) => file.device().descriptor(),
        _ => None,
    };
    let open_null = || std::fs::File::options().read(true).write(true).open("/dev/null");
    let fd = match fd {
        Some(fd) => fd,
        None => open_null().map_err(|_| ERROR_NO_SYSTEM_RESOURCES)?.into(),
    };
    above_standard(fd.as_raw_fd()).map_err(|_| ERROR_NO_SYSTEM_RESOURCES)
}

fn strings(all: Vec<Vec<u8>>) -> Result<Vec<CString>, DWORD> {
    all.into_iter().map(|it| c_string(it).ok_or(ERROR_INVALID_PARAMETER)).collect()
}

fn plan(wish: Wish) -> Result<Plan, DWORD> {
    check_flags(wish.flags)?;
    let (file, arguments) = program(&wish)?;
    let program = c_string(file.as_os_str().as_bytes()).ok_or(ERROR_INVALID_PARAMETER)?;
    check_file(&file, &program)?;
    let directory = match wish.directory {
        None => None,
        Some(name) => {
            let directory = path(name).map_err(|_| ERROR_DIRECTORY)?;
            if !directory.is_dir() {
                return Err(ERROR_DIRECTORY);
            }
            c_string(directory.as_os_str().as_bytes())
        }
    };
    // A relative program is meant from here, not from where it starts.
    let program = match std::path::absolute(&file) {
        Ok(whole) if directory.is_some() => {
            c_string(whole.as_os_str().as_bytes()).unwrap_or(program)
        }
        _ => program,
    };
    let mut fds = [None, None, None];
    for (fd, handle) in fds.iter_mut().zip(wish.standard) {
        *fd = handle.map(standard).transpose()?;
    }
    let environment = wish.environment.unwrap_or_else(processenv::copy);
    Ok(Plan {
        program,
        arguments: strings(arguments)?,
        environment: strings(environment)?,
        directory,
        standard: fds,
        is_suspended: wish.flags & CREATE_SUSPENDED != 0,
        is_detached: wish.flags & (DETACHED_PROCESS | CREATE_NEW_CONSOLE) != 0,
        leads_group: wish.flags & CREATE_NEW_PROCESS_GROUP != 0,
        group: None,
    })
}

fn spawn_error(error: &std::io::Error) -> DWORD {
    match error.raw_os_error().unwrap_or(libc::EIO) {
        libc::ENOENT => ERROR_FILE_NOT_FOUND,
        libc::EACCES | libc::EPERM => ERROR_ACCESS_DENIED,
        libc::ENOEXEC | libc::ELIBBAD | libc::EINVAL => ERROR_BAD_EXE_FORMAT,
        libc::E2BIG | libc::ENAMETOOLONG => ERROR_FILENAME_EXCED_RANGE,
        libc::ENOMEM => ERROR_NOT_ENOUGH_MEMORY,
        _ => ERROR_NO_SYSTEM_RESOURCES,
    }
}

/// Ends the initial thread's object when the process has ended.
#[derive(Debug)]
struct Ends {
    process: Arc<Process>,
    thread: Arc<Thread>,
}

impl Subscriber for Ends {
    fn signaled(&self) {
        self.thread.ended_elsewhere(self.process.exit_code().unwrap_or(0));
    }
}

/// Lets a suspended process go on when its thread is resumed.
#[derive(Debug)]
struct Resumes(Mutex<Option<Gate>>);

impl Subscriber for Resumes {
    fn signaled(&self) {
        let gate = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(gate) = gate {
            gate.open();
        }
    }
}

fn start(wish: Wish) -> Result<(Arc<Process>, Arc<Thread>), DWORD> {
    let flags = wish.flags;
    let mut plan = plan(wish)?;
    let this = Arc::clone(system().processes().this());
    let wants_away = flags & CREATE_BREAKAWAY_FROM_JOB != 0;
    let job = system().jobs().job_for_child(&this, wants_away).map_err(Status::win32)?;
    plan.group = job.as_ref().and_then(|job| job.group());
    let started = libiocp::blocking(|| system().processes().start(&plan));
    let (process, gate) = started.map_err(|error| spawn_error(&error))?;
    if let Some(Err(status)) = job.map(|job| job.admit(&process)) {
        let _ = process.terminate(0);
        return Err(status.win32());
    }
    let thread = Arc::new(Thread::elsewhere(process.id(), plan.is_suspended));
    if let Some(gate) = gate {
        let resumes = Resumes(Mutex::new(Some(gate)));
        let _ = subscribe(thread.may_begin(), Arc::new(resumes));
    }
    let ends = Ends { process: Arc::clone(&process), thread: Arc::clone(&thread) };
    if subscribe(process.signal(), Arc::new(ends)).is_none() {
        thread.ended_elsewhere(process.exit_code().unwrap_or(0));
    }
    Ok((process, thread))
}

/// # Safety
/// The pointers are what `CreateProcess` asks for.
unsafe fn create(
    wish: Wish,
    attributes: [*const SECURITY_ATTRIBUTES; 2],
    information: *mut PROCESS_INFORMATION,
) -> BOOL {
    if information.is_null() {
        return fail(ERROR_NOACCESS);
    }
    let (process, thread) = match start(wish) {
        Ok(started) => started,
        Err(code) => return fail(code),
    };
    let (id, thread_id) = (process.id(), thread.id());
    let started = Arc::clone(&process);
    let objects = [Object::Process(Handle::of(process)), Object::Thread(Handle::of(thread))];
    let mut values = [0; 2];
    for (at, (object, attributes)) in objects.into_iter().zip(attributes).enumerate() {
        // SAFETY: by the contract of this function.
        let inherits = unsafe { attributes.as_ref() }.is_some_and(|it| it.bInheritHandle != 0);
        let access = object.all_access();
        match system().insert_with(object, access, if inherits { INHERIT } else { 0 }) {
            Ok(new) => values[at] = new,
            Err(status) => {
                // The first may have its handle already; zero is none.
                let _ = system().close(values[0]);
                let _ = started.terminate(0);
                return fail(status.win32());
            }
        }
    }
    let [process, thread] = values.map(|value| value as HANDLE);
    // SAFETY: by the contract of this function.
    unsafe {
        information.write(PROCESS_INFORMATION {
            hProcess: process,
            hThread: thread,
            dwProcessId: id,
            dwThreadId: thread_id,
        });
    }
    TRUE
}

/// The standard handles that a start-up structure names, or this process'.
///
/// # Safety
/// NULL, or valid.
unsafe fn standard_handles(startup: *const STARTUPINFOW) -> Result<[Option<HANDLE>; 3], DWORD> {
    // SAFETY: by the contract of this function.
    let startup = unsafe { startup.as_ref() }.ok_or(ERROR_NOACCESS)?;
    if startup.dwFlags & STARTF_USESTDHANDLES == 0 {
        return Ok([0, 1, 2].map(processenv_std::replaced));
    }
    Ok([startup.hStdInput, startup.hStdOutput, startup.hStdError].map(Some))
}

/// The strings of an environment block.
///
/// # Safety
/// NULL, or a block of the kind that the flags say.
unsafe fn environment(block: LPVOID, flags: DWORD) -> Option<Vec<Vec<u8>>> {
    if block.is_null() {
        return None;
    }
    let mut all = Vec::new();
    // SAFETY: by the contract of this function: strings up to an empty one.
    unsafe {
        if flags & CREATE_UNICODE_ENVIRONMENT != 0 {
            let mut at = block.cast_const().cast::<u16>();
            while *at != 0 {
                let string = text::wide(at);
                all.push(text::to_bytes(string));
                at = at.add(string.len() + 1);
            }
        } else {
            let mut at = block.cast_const().cast();
            while *at != 0 {
                let string = text::narrow(at);
                all.push(string.to_vec());
                at = at.add(string.len() + 1);
            }
        }
    }
    Some(all)
}

/// `CreateProcessA`: see [`CreateProcessW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateProcessA(
    lpApplicationName: LPCSTR,
    lpCommandLine: LPSTR,
    lpProcessAttributes: *const SECURITY_ATTRIBUTES,
    lpThreadAttributes: *const SECURITY_ATTRIBUTES,
    bInheritHandles: BOOL,
    dwCreationFlags: DWORD,
    lpEnvironment: LPVOID,
    lpCurrentDirectory: LPCSTR,
    lpStartupInfo: *const STARTUPINFOW,
    lpProcessInformation: *mut PROCESS_INFORMATION,
) -> BOOL {
    let _ = bInheritHandles;
    // SAFETY: the documentation asks for valid pointers, and for strings that
    // end with a zero.
    unsafe {
        let copy = |it: LPCSTR| (!it.is_null()).then(|| text::narrow(it).to_vec());
        let standard = match standard_handles(lpStartupInfo) {
            Ok(standard) => standard,
            Err(code) => return fail(code),
        };
        let wish = Wish {
            application: copy(lpApplicationName),
            line: copy(lpCommandLine),
            environment: environment(lpEnvironment, dwCreationFlags),
            directory: copy(lpCurrentDirectory),
            flags: dwCreationFlags,
            standard,
        };
        create(wish, [lpProcessAttributes, lpThreadAttributes], lpProcessInformation)
    }
}

/// `CreateProcessW`: starts a Linux executable.
///
/// The standard handles go to the new process whether handles are inherited or
/// not; no others do. There are no consoles and windows of its own: a detached
/// process, or one that wants a new console, has no terminal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateProcessW(
    lpApplicationName: LPCWSTR,
    lpCommandLine: LPWSTR,
    lpProcessAttributes: *const SECURITY_ATTRIBUTES,
    lpThreadAttributes: *const SECURITY_ATTRIBUTES,
    bInheritHandles: BOOL,
    dwCreationFlags: DWORD,
    lpEnvironment: LPVOID,
    lpCurrentDirectory: LPCWSTR,
    lpStartupInfo: *const STARTUPINFOW,
    lpProcessInformation: *mut PROCESS_INFORMATION,
) -> BOOL {
    let _ = bInheritHandles;
    // SAFETY: the documentation asks for valid pointers, and for strings that
    // end with a zero.
    unsafe {
        let copy = |it: LPCWSTR| crate::kernel::wide_to_bytes(it);
        let standard = match standard_handles(lpStartupInfo) {
            Ok(standard) => standard,
            Err(code) => return fail(code),
        };
        let wish = Wish {
            application: copy(lpApplicationName),
            line: copy(lpCommandLine),
            environment: environment(lpEnvironment, dwCreationFlags),
            directory: copy(lpCurrentDirectory),
            flags: dwCreationFlags,
            standard,
        };
        create(wish, [lpProcessAttributes, lpThreadAttributes], lpProcessInformation)
    }
}

//! Jobs over Linux processes: what members start by themselves.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use iocp::errhandlingapi::GetLastError;
use iocp::handleapi::CloseHandle;
use iocp::ioapiset::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use iocp::jobapi::*;
use iocp::processthreadsapi::*;
use iocp::synchapi_waits::WaitForSingleObject;
use iocp::threads::ResumeThread;
use iocp::types::{FALSE, HANDLE, TRUE};
use std::ffi::CString;
use std::io::Write;
use std::mem::zeroed;
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};

const SECONDS_30: u32 = 30_000;
const NEW_PROCESS: u32 = 6;
const EXIT_PROCESS: u32 = 7;
const ABNORMAL_EXIT_PROCESS: u32 = 8;
const ACTIVE_PROCESS_ZERO: u32 = 4;
const ACTIVE_PROCESS_LIMIT: u32 = 3;
const CREATE_SUSPENDED: u32 = 4;

fn shell(script: &str, flags: u32) -> Result<PROCESS_INFORMATION, u32> {
    let mut line = CString::new(format!("/bin/sh -c \"{script}\"")).unwrap().into_bytes_with_nul();
    unsafe {
        let mut startup: STARTUPINFOW = zeroed();
        startup.cb = size_of::<STARTUPINFOW>() as u32;
        let mut process: PROCESS_INFORMATION = zeroed();
        let started = CreateProcessA(
            null(),
            line.as_mut_ptr().cast(),
            null(),
            null(),
            FALSE,
            flags,
            null_mut(),
            null(),
            &raw const startup,
            &raw mut process,
        );
        if started == TRUE { Ok(process) } else { Err(GetLastError()) }
    }
}

/// A job and the port that hears of it.
fn job() -> (HANDLE, HANDLE) {
    unsafe {
        let port = CreateIoCompletionPort(usize::MAX as HANDLE, null_mut(), 0, 0);
        let job = CreateJobObjectA(null(), null());
        let mut tie = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: without_key(),
            CompletionPort: port,
        };
        let size = size_of_val(&tie) as u32;
        assert_eq!(SetInformationJobObject(job, 7, (&raw mut tie).cast(), size), TRUE);
        (job, port)
    }
}

fn without_key() -> HANDLE {
    std::ptr::without_provenance_mut(9)
}

/// The next message and the process that it is about.
fn message(port: HANDLE) -> (u32, u32) {
    let (mut message, mut key, mut process) = (0, 0, null_mut());
    let taken = unsafe {
        let (message, process) = (&raw mut message, &raw mut process);
        GetQueuedCompletionStatus(port, message, &raw mut key, process, SECONDS_30)
    };
    assert_eq!((taken, key), (TRUE, 9));
    (message, process.addr() as u32)
}

fn end(process: &PROCESS_INFORMATION) -> u32 {
    let mut code = 0;
    unsafe {
        assert_eq!(WaitForSingleObject(process.hProcess, SECONDS_30), 0);
        assert_eq!(GetExitCodeProcess(process.hProcess, &raw mut code), TRUE);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    code
}

/// Whether this process may make control groups, which jobs need to keep what
/// members start.
fn has_groups() -> bool {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let Some(own) = own.lines().find_map(|line| line.strip_prefix("0::/")) else { return false };
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some("cgroup2"));
    let Some(place) = mount.and_then(|line| line.split(' ').nth(1)) else { return false };
    let probe = std::path::Path::new(place).join(own).join(format!("probe-{}", std::process::id()));
    std::fs::create_dir(&probe).and_then(|()| std::fs::remove_dir(&probe)).is_ok()
}

#[test]
fn port_261_what_a_member_starts_is_a_member_and_outlives_it() {
    if !has_groups() {
        let why = b"no control groups here: members are only what the library starts\n";
        return std::io::stderr().write_all(why).unwrap();
    }
    let (job, port) = job();
    let (gate, opener) = std::io::pipe().unwrap();
    // The shell leaves a child behind that ends when the pipe closes.
    let script = format!("cat /proc/{}/fd/{} & exit 5", std::process::id(), gate.as_raw_fd());
    let process = shell(&script, CREATE_SUSPENDED).unwrap();
    unsafe {
        assert_eq!(AssignProcessToJobObject(job, process.hProcess), TRUE);
        assert_eq!(message(port), (NEW_PROCESS, process.dwProcessId));
        assert_eq!(ResumeThread(process.hThread), 1);
    }
    let (new, child) = message(port);
    assert_eq!(new, NEW_PROCESS);
    assert_ne!(child, process.dwProcessId);
    assert_eq!(message(port), (EXIT_PROCESS, process.dwProcessId));
    drop(opener);
    assert_eq!(message(port), (EXIT_PROCESS, child));
    assert_eq!(message(port), (ACTIVE_PROCESS_ZERO, 0));
    assert_eq!(end(&process), 5);
    unsafe {
        CloseHandle(job);
        CloseHandle(port);
    }
}

#[test]
fn port_260_a_signal_is_an_abnormal_exit() {
    let (job, port) = job();
    let process = shell("kill -SEGV $$", CREATE_SUSPENDED).unwrap();
    unsafe {
        assert_eq!(AssignProcessToJobObject(job, process.hProcess), TRUE);
        ResumeThread(process.hThread);
    }
    assert_eq!(message(port), (NEW_PROCESS, process.dwProcessId));
    assert_eq!(message(port), (ABNORMAL_EXIT_PROCESS, process.dwProcessId));
    assert_eq!(message(port), (ACTIVE_PROCESS_ZERO, 0));
    assert_eq!(end(&process), 0xC000_0005);
    unsafe {
        CloseHandle(job);
        CloseHandle(port);
    }
}

#[test]
fn port_260_a_full_job_ends_who_is_too_many() {
    let (job, port) = job();
    let mut limits = JOBOBJECT_BASIC_LIMIT_INFORMATION {
        LimitFlags: 8,
        ActiveProcessLimit: 1,
        ..Default::default()
    };
    let size = size_of_val(&limits) as u32;
    let (first, second) = (shell("exit 0", CREATE_SUSPENDED).unwrap(), shell("read x", 4).unwrap());
    unsafe {
        assert_eq!(SetInformationJobObject(job, 2, (&raw mut limits).cast(), size), TRUE);
        assert_eq!(AssignProcessToJobObject(job, first.hProcess), TRUE);
        assert_eq!(AssignProcessToJobObject(job, second.hProcess), FALSE);
        assert_eq!(GetLastError(), 1816);
    }
    assert_eq!(message(port), (NEW_PROCESS, first.dwProcessId));
    assert_eq!(message(port), (ACTIVE_PROCESS_LIMIT, second.dwProcessId));
    end(&second);
    unsafe {
        ResumeThread(first.hThread);
        assert_eq!(end(&first), 0);
        CloseHandle(job);
        CloseHandle(port);
    }
}

#[test]
fn port_261_who_ends_while_it_becomes_a_member_is_told_of_in_order() {
    let (outer, _) = job();
    for delay in 0..400u32 {
        let (inner, port) = job();
        let process = shell("exit 0", CREATE_SUSPENDED).unwrap();
        let assigned = unsafe {
            assert_eq!(AssignProcessToJobObject(outer, process.hProcess), TRUE);
            assert_eq!(TerminateProcess(process.hProcess, 0), TRUE);
            let since = std::time::Instant::now();
            while since.elapsed().as_micros() < u128::from(delay) {
                std::hint::spin_loop();
            }
            AssignProcessToJobObject(inner, process.hProcess)
        };
        if assigned == TRUE {
            assert_eq!(message(port), (NEW_PROCESS, process.dwProcessId));
            assert_eq!(message(port), (EXIT_PROCESS, process.dwProcessId));
            assert_eq!(message(port), (ACTIVE_PROCESS_ZERO, 0));
        }
        end(&process);
        unsafe {
            CloseHandle(inner);
            CloseHandle(port);
        }
    }
    unsafe { CloseHandle(outer) };
}

#[test]
fn hnd_101_a_suspended_process_ends_when_it_is_terminated() {
    let process = shell("exit 1", CREATE_SUSPENDED).unwrap();
    unsafe { assert_eq!(TerminateProcess(process.hProcess, 0x1234_5678), TRUE) };
    assert_eq!(end(&process), 0x1234_5678);
}

#[test]
fn hnd_101_no_process_stays_behind_as_a_zombie() {
    let process = shell("exit 0", 0).unwrap();
    let stat = format!("/proc/{}/stat", process.dwProcessId);
    end(&process);
    let since = std::time::Instant::now();
    while std::fs::exists(&stat).unwrap() {
        assert!(since.elapsed().as_secs() < 30, "the ended process is not reaped");
        std::thread::yield_now();
    }
}

//! Processes that are started: what they hold, and what becomes of their maker.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use iocp::errhandlingapi::GetLastError;
use iocp::handleapi::CloseHandle;
use iocp::processthreadsapi::*;
use iocp::synchapi_waits::WaitForSingleObject;
use iocp::threads::ResumeThread;
use iocp::types::{FALSE, TRUE};
use std::ffi::CString;
use std::io::Read;
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

const SECONDS_30: u32 = 30_000;
const CREATE_SUSPENDED: u32 = 4;

fn start(line: &str, flags: u32) -> PROCESS_INFORMATION {
    let mut line = CString::new(line).unwrap().into_bytes_with_nul();
    unsafe {
        let mut startup: STARTUPINFOW = zeroed();
        startup.cb = size_of::<STARTUPINFOW>() as u32;
        let mut process: PROCESS_INFORMATION = zeroed();
        let line = line.as_mut_ptr().cast();
        let (none, here, environment) = (null(), null(), null_mut());
        let (startup, told) = (&raw const startup, &raw mut process);
        let started = CreateProcessA(
            null(),
            line,
            none,
            none,
            FALSE,
            flags,
            environment,
            here,
            startup,
            told,
        );
        assert_eq!(started, TRUE, "{}", GetLastError());
        process
    }
}

/// Its exit code; its handles are closed.
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

static HAS_PIPE_BROKEN: AtomicBool = AtomicBool::new(false);

extern "C" fn note_broken_pipe(_: i32) {
    HAS_PIPE_BROKEN.store(true, Ordering::Release);
}

#[test]
fn hnd_101_resuming_what_was_ended_while_suspended_does_no_harm() {
    let note = note_broken_pipe as extern "C" fn(i32) as libc::sighandler_t;
    unsafe { libc::signal(libc::SIGPIPE, note) };
    let process = start("/bin/sh -c \"exit 3\"", CREATE_SUSPENDED);
    unsafe {
        assert_eq!(TerminateProcess(process.hProcess, 7), TRUE);
        assert_eq!(WaitForSingleObject(process.hProcess, SECONDS_30), 0);
        assert_eq!(ResumeThread(process.hThread), 1);
    }
    assert_eq!(end(&process), 7);
    assert!(!HAS_PIPE_BROKEN.load(Ordering::Acquire), "the maker was signaled");
}

#[test]
fn hnd_076_a_suspended_process_holds_nothing_that_it_does_not_inherit() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let process = start("/bin/sh -c \"exit 3\"", CREATE_SUSPENDED);
    drop(writer);
    let (sender, end_of_file) = mpsc::channel();
    std::thread::spawn(move || sender.send(reader.read(&mut [0]).unwrap()));
    let read = end_of_file.recv_timeout(Duration::from_secs(10));
    assert_eq!(unsafe { ResumeThread(process.hThread) }, 1);
    assert_eq!(end(&process), 3);
    assert_eq!(read, Ok(0));
}

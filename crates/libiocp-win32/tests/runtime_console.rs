//! The console, the standard handles and the end of the process, each in a process of its own.
#![allow(unsafe_code, missing_docs, clippy::print_stdout, clippy::undocumented_unsafe_blocks)]

use std::ffi::c_char;
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut};
use std::thread;

use iocp::consoleapi::{SetConsoleCtrlHandler, SetConsoleTitleA, WriteConsoleW};
use iocp::errhandlingapi::GetLastError;
use iocp::fileapi::{ReadFile, WriteFile};
use iocp::processenv_std::GetStdHandle;
use iocp::processthreadsapi::ExitProcess;
use iocp::types::{BOOL, FALSE, TRUE};

fn error() -> u32 {
    unsafe { GetLastError() }
}

/// Runs one of the tests marked as children in a process of its own.
fn child(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env("IOCP_CHILD", name);
    command.stdout(Stdio::piped());
    command
}

fn is_child(name: &str) -> bool {
    std::env::var("IOCP_CHILD").is_ok_and(|child| child == name)
}

unsafe extern "C" {
    fn puts(text: *const c_char) -> i32;
}

/// What C streams hold is written, other threads do not matter, and the code's low byte is seen.
#[test]
fn exit_process_writes_out_c_streams() {
    const NAME: &str = "exit_process_writes_out_c_streams";
    if is_child(NAME) {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
        unsafe {
            puts(c"held in the stream".as_ptr());
            ExitProcess(0x107);
        }
    }
    let output = child(NAME).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stdout).contains("held in the stream"));
}

unsafe extern "C" fn first(event: u32) -> BOOL {
    println!("first {event}");
    if event == 0 { TRUE } else { FALSE }
}

unsafe extern "C" fn second(event: u32) -> BOOL {
    println!("second {event}");
    FALSE
}

/// The handler added last is asked first; one that deals with Ctrl-C keeps the process; a close
/// ends it.
#[test]
fn console_handlers_are_asked_newest_first() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    const NAME: &str = "console_handlers_are_asked_newest_first";
    if is_child(NAME) {
        unsafe {
            assert_eq!(SetConsoleCtrlHandler(Some(second), FALSE), FALSE);
            assert_eq!(error(), 87, "not there yet");
            assert_eq!(SetConsoleCtrlHandler(Some(first), TRUE), TRUE);
            assert_eq!(SetConsoleCtrlHandler(Some(second), TRUE), TRUE);
        }
        println!("ready");
        loop {
            thread::park();
        }
    }
    let mut process = child(NAME).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut wait_for = |wanted: &str| {
        let found = lines.by_ref().map_while(Result::ok).find(|line| line.contains(wanted));
        assert!(found.is_some(), "{wanted}");
    };
    wait_for("ready");
    let send = |signal| unsafe { libc::kill(process.id() as i32, signal) };
    send(libc::SIGINT);
    wait_for("second 0");
    wait_for("first 0");
    send(libc::SIGTERM);
    wait_for("second 2");
    wait_for("first 2");
    assert_eq!(process.wait().unwrap().signal(), Some(libc::SIGTERM));
}

/// Runs itself with a terminal as standard output, and with a pipe.
#[test]
fn only_a_terminal_is_a_console() {
    use std::io::Read;
    use std::os::fd::{FromRawFd, OwnedFd};
    const NAME: &str = "only_a_terminal_is_a_console";
    if is_child(NAME) {
        let text: Vec<u16> = "h\u{e9}llo".encode_utf16().collect();
        let mut written = 0;
        unsafe {
            let output = GetStdHandle(-11_i32 as u32);
            let from = text.as_ptr().cast();
            let done = WriteConsoleW(output, from, 5, &mut written, null_mut());
            let titled = SetConsoleTitleA(c"a\x1bb".as_ptr());
            let answer = if done == TRUE && written == 5 && titled == TRUE { 20 } else { 30 };
            ExitProcess(if done == FALSE && error() == 6 { 10 } else { answer });
        }
    }
    assert_eq!(child(NAME).output().unwrap().status.code(), Some(10), "a pipe");
    let (mut master, mut slave) = (0, 0);
    let (no_name, no_modes, no_size) = (null_mut(), null(), null());
    let opened = unsafe { libc::openpty(&mut master, &mut slave, no_name, no_modes, no_size) };
    assert_eq!(opened, 0);
    let (master, slave) =
        unsafe { (std::fs::File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
    let mut command = child(NAME);
    let mut process = command.stdout(slave).spawn().unwrap();
    drop(command);
    assert_eq!(process.wait().unwrap().code(), Some(20), "a terminal");
    let (mut shown, mut master) = ([0; 1000], master);
    let length = master.read(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown[..length]).into_owned();
    assert!(shown.contains("h\u{e9}llo\x1b]0;ab\x07"), "{shown:?}");
}

/// A pipe has no offsets: a read ends with what is there, a write when all is out.
#[test]
fn standard_handles_may_be_pipes() {
    use std::io::{Read, Write};
    const NAME: &str = "standard_handles_may_be_pipes";
    if is_child(NAME) {
        let (mut buffer, mut count) = ([0_u8; 1000], 0);
        unsafe {
            let (input, output) = (GetStdHandle(-10_i32 as u32), GetStdHandle(-11_i32 as u32));
            let to = buffer.as_mut_ptr().cast();
            let read = ReadFile(input, to, 1000, &mut count, null_mut());
            let got = count;
            let written = WriteFile(output, to.cast(), got, &mut count, null_mut());
            ExitProcess(if read == TRUE && written == TRUE && count == got { got } else { 255 });
        }
    }
    let mut process = child(NAME).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(b"to and fro").unwrap();
    // The input stays open: the child must not wait for the rest of its buffer.
    assert_eq!(process.wait().unwrap().code(), Some(10));
    drop(input);
    let mut shown = String::new();
    process.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert!(shown.contains("to and fro"), "{shown:?}");
}

//! Writing to a pipe or a socket whose reader is gone: an error, and never the signal that would
//! end the program. On each engine, in a process of its own.
#![allow(unsafe_code)]

mod winsock_support;

use std::ffi::{CString, c_int};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use iocp::debugapi::OutputDebugStringA;
use iocp::errhandlingapi::GetLastError;
use iocp::fileapi::{CreateFileA, WriteFile};
use iocp::handleapi::CloseHandle;
use iocp::ioapiset::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use iocp::processenv_std::GetStdHandle;
use iocp::types::{HANDLE, OVERLAPPED};
use winsock_support::{pair, send, start};

/// Set in the children.
const IN_CHILD: &str = "LIBIOCP_TEST_BROKEN_PIPE";
const NAME: &str = "pipe_057_no_way_of_writing_raises_sigpipe";
const OVERLAPPED_FLAG: u32 = 0x4000_0000;
/// Generous: what is awaited comes at once or not at all.
const LIMIT_MS: u32 = 10_000;
/// More than a pipe or a socket holds.
const MUCH: usize = 8 << 20;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: c_int) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

/// ERROR_BROKEN_PIPE, ERROR_NO_DATA, or what a reset connection says.
fn is_gone(error: u32) -> bool {
    matches!(error, 109 | 232 | 64 | 10053 | 10054)
}

/// Starts a write: its error, or 0.
fn write(file: HANDLE, bytes: &[u8], overlapped: *mut OVERLAPPED) -> u32 {
    let mut count = 0;
    let place = if overlapped.is_null() { &raw mut count } else { null_mut() };
    let length = bytes.len() as u32;
    // SAFETY: the callers keep buffer and OVERLAPPED until the end of the write.
    let result = unsafe { WriteFile(file, bytes.as_ptr().cast(), length, place, overlapped) };
    // SAFETY: it has no preconditions.
    if result != 0 { 0 } else { unsafe { GetLastError() } }
}

/// A write that fails, at once or by its packet.
fn overlapped_write_fails(file: HANDLE, bytes: &[u8], reader: Option<OwnedFd>) {
    let ov = Box::leak(winsock_support::overlapped());
    // SAFETY: valid places; the file is the caller's.
    unsafe {
        let port = CreateIoCompletionPort(file, null_mut(), 1, 0);
        assert!(!port.is_null());
        let mut error = write(file, bytes, ov);
        if error == 997 {
            drop(reader);
            let (mut bytes, mut key, mut which) = (0, 0, null_mut());
            let taken = GetQueuedCompletionStatus(port, &mut bytes, &mut key, &mut which, LIMIT_MS);
            error = if taken != 0 { 0 } else { GetLastError() };
            assert_eq!(which, &raw mut *ov);
        }
        assert!(is_gone(error), "error {error}");
        assert_eq!((CloseHandle(file), CloseHandle(port)), (1, 1));
    }
}

/// The writing end of a FIFO, and its reader.
fn fifo(flags: u32) -> (HANDLE, File) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let path = std::env::temp_dir().join(format!("iocp-gone-{}-{number}", std::process::id()));
    let name = CString::new(path.to_str().expect("an ordinary name")).expect("no zero");
    // SAFETY: strings that end with a zero.
    unsafe {
        assert_eq!(libc::mkfifo(name.as_ptr(), 0o600), 0);
        let reader = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path);
        let here = CreateFileA(name.as_ptr().cast(), 0x4000_0000, 0, null(), 3, flags, null_mut());
        assert_ne!(here, without_provenance_mut(usize::MAX));
        std::fs::remove_file(&path).expect("its end");
        (here, reader.expect("the other end"))
    }
}

fn pipes(much: &'static [u8]) {
    // At once, in the caller.
    let (file, reader) = fifo(0);
    drop(reader);
    assert!(is_gone(write(file, b"x", null_mut())));
    let (file, reader) = fifo(OVERLAPPED_FLAG);
    drop(reader);
    overlapped_write_fails(file, b"x", None);
    // The reader goes while the write waits.
    let (file, reader) = fifo(OVERLAPPED_FLAG);
    overlapped_write_fails(file, much, Some(reader.into()));
    let (file, mut reader) = fifo(0);
    let (sender, told) = channel();
    let file = file.addr();
    std::thread::spawn(move || {
        let error = write(without_provenance_mut(file), much, null_mut());
        sender.send(error).expect("the test waits");
    });
    // What can be read shows that the write has begun.
    while reader.read(&mut [0; 1]).is_err() {
        std::thread::yield_now();
    }
    drop(reader);
    let error = told.recv_timeout(Duration::from_millis(LIMIT_MS.into()));
    assert!(error.is_ok_and(is_gone));
}

fn sockets(much: &'static [u8]) {
    start();
    let (s, peer) = pair();
    let file: HANDLE = without_provenance_mut(s);
    overlapped_write_fails(file, much, Some(peer.into()));
    let (s, peer) = pair();
    drop(peer);
    // The first bytes bring the reset, those behind it the error.
    let error = (0..1_000_000).find_map(|_| send(s, b"x").err());
    assert!(error.is_some_and(|error| is_gone(error as u32)), "{error:?}");
    assert!(send(s, b"x").is_err());
}

/// Standard output is put behind what `end` writes to.
fn standard_output(end: &OwnedFd) {
    // SAFETY: both are descriptors of this process.
    let output = unsafe {
        assert_eq!(libc::dup2(end.as_raw_fd(), 1), 1);
        assert_eq!(libc::dup2(end.as_raw_fd(), 2), 2);
        GetStdHandle(-11i32 as u32)
    };
    let error = write(output, b"x", null_mut());
    // SAFETY: a string that ends with a zero.
    unsafe { OutputDebugStringA(c"x".as_ptr().cast()) };
    assert!(is_gone(error), "error {error}");
}

fn child() -> ! {
    // SAFETY: the handler only counts. It is installed as C programs do, and the signal is let in.
    unsafe {
        let handler: extern "C" fn(c_int) = count;
        libc::signal(libc::SIGPIPE, handler as *const () as libc::sighandler_t);
        let mut signals = std::mem::zeroed();
        libc::sigemptyset(&mut signals);
        libc::sigaddset(&mut signals, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &signals, null_mut());
    }
    let much = Vec::leak(vec![7; MUCH]);
    let seen = |what: &str| {
        let signals = SIGNALS.swap(0, Ordering::SeqCst);
        if signals > 0 {
            eprintln!("{signals} signals by {what}");
        }
        signals
    };
    pipes(much);
    let mut signals = seen("pipes");
    sockets(much);
    signals += seen("sockets");
    let (end, reader) = UnixStream::pair().expect("a pair");
    drop(reader);
    standard_output(&end.into());
    let (reader, end) = std::io::pipe().expect("a pipe");
    drop(reader);
    standard_output(&end.into());
    signals += SIGNALS.load(Ordering::SeqCst);
    // SAFETY: nothing is left to be cleaned up.
    unsafe { libc::_exit(if signals == 0 { 0 } else { 3 }) }
}

/// Rules: PIPE-57, LX-08
#[test]
fn pipe_057_no_way_of_writing_raises_sigpipe() {
    if std::env::var_os(IN_CHILD).is_some() {
        child();
    }
    for engine in ["uring", "epoll"] {
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", NAME, "--nocapture"])
            .envs([(IN_CHILD, "1"), ("LIBIOCP_ENGINE", engine), ("LIBIOCP_DEBUG_OUTPUT", "1")])
            .stdout(Stdio::null())
            .output()
            .expect("the child");
        let told = String::from_utf8_lossy(&child.stderr);
        assert_eq!(child.status.code(), Some(0), "on {engine}: {} {told}", child.status);
    }
}

//! What ports.md says of pipes, on a pipe that exists: a FIFO with overlapped reads.
#![allow(unsafe_code)]

mod winsock_support;

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::ptr::{null, null_mut};

use iocp::errhandlingapi::GetLastError;
use iocp::fileapi::{CreateFileA, ReadFile, WriteFile};
use iocp::handleapi::CloseHandle;
use iocp::ioapiset::{CancelIoEx, CreateIoCompletionPort, GetQueuedCompletionStatus};
use iocp::types::{HANDLE, OVERLAPPED};
use winsock_support::overlapped;

const GENERIC_READ_WRITE: u32 = 0xC000_0000;
const OPEN_EXISTING: u32 = 3;
const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;
const KEY: usize = 7;
/// Generous: what a test waits for comes at once or not at all.
const LIMIT_MS: u32 = 10_000;
/// What must not happen gets this chance to happen.
const QUIET_MS: u32 = 80;

/// A FIFO, its overlapped end on a port, and a writer.
struct Fifo {
    path: PathBuf,
    here: HANDLE,
    port: HANDLE,
    writer: File,
}

impl Fifo {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("iocp-{}-{name}", std::process::id()));
        let c_path = CString::new(path.to_str().expect("an ordinary name")).expect("no zero");
        // SAFETY: strings that end with a zero, and no other memory.
        let (here, port) = unsafe {
            assert_eq!(libc::mkfifo(c_path.as_ptr(), 0o600), 0);
            let (name, mode) = (c_path.as_ptr().cast(), FILE_FLAG_OVERLAPPED);
            let here =
                CreateFileA(name, GENERIC_READ_WRITE, 0, null(), OPEN_EXISTING, mode, null_mut());
            (here, CreateIoCompletionPort(here, null_mut(), KEY, 0))
        };
        assert!(!port.is_null(), "no port");
        let writer = OpenOptions::new().write(true).open(&path).expect("the other end");
        Self { path, here, port, writer }
    }

    /// Starts a read; whether it is done at once.
    fn read(&self, memory: &mut [u8], ov: &mut OVERLAPPED) -> bool {
        let (to, length) = (memory.as_mut_ptr().cast(), memory.len() as u32);
        // SAFETY: the callers keep both until the packet.
        let read = unsafe { ReadFile(self.here, to, length, null_mut(), ov) };
        assert!(read == 1 || error() == 997, "error {}", error());
        read == 1
    }

    /// Starts a read that has to wait.
    fn pend(&self, memory: &mut [u8], ov: &mut OVERLAPPED) {
        assert!(!self.read(memory, ov), "there is nothing to read");
    }

    /// Starts a write that may have to wait.
    fn write(&self, memory: &[u8], ov: &mut OVERLAPPED) {
        let (from, length) = (memory.as_ptr().cast(), memory.len() as u32);
        // SAFETY: as for a read.
        let written = unsafe { WriteFile(self.here, from, length, null_mut(), ov) };
        assert!(written == 1 || error() == 997, "error {}", error());
    }

    /// The next packet: how the call ended, its error if it failed, bytes and OVERLAPPED.
    fn take(&self, limit: u32) -> (i32, u32, u32, *mut OVERLAPPED) {
        let (mut bytes, mut key, mut ov) = (0, KEY, null_mut());
        // SAFETY: valid places.
        let taken =
            unsafe { GetQueuedCompletionStatus(self.port, &mut bytes, &mut key, &mut ov, limit) };
        assert_eq!(key, KEY);
        (taken, if taken != 0 { 0 } else { error() }, bytes, ov)
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        // SAFETY: the handles are this one's own; a second close only fails.
        unsafe {
            CloseHandle(self.here);
            CloseHandle(self.port);
        }
        let _ = fs::remove_file(&self.path);
    }
}

/// Memory that a failing test does not take from the kernel.
fn lasting<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn error() -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { GetLastError() }
}

#[test]
fn port_272_a_pipe_read_has_the_exact_byte_count() {
    let mut fifo = Fifo::new("count");
    let (memory, ov) = (lasting([0u8; 16]), Box::leak(overlapped()));
    for message in [&b"abc"[..], b"d", b"0123456789abcdef"] {
        fifo.pend(memory, ov);
        fifo.writer.write_all(message).expect("a write");
        let expected = (1, 0, message.len() as u32, &raw mut *ov);
        assert_eq!(fifo.take(LIMIT_MS), expected);
        assert_eq!(&memory[..message.len()], message);
    }
    assert_eq!(fifo.take(0).1, 258);
}

#[test]
fn port_272_a_pipe_read_of_no_bytes_waits_for_data_and_leaves_it() {
    let mut fifo = Fifo::new("nothing");
    let (memory, ov) = (lasting([0u8; 16]), Box::leak(overlapped()));
    fifo.pend(&mut [], ov);
    assert_eq!(fifo.take(QUIET_MS).1, 258);
    fifo.writer.write_all(b"abc").expect("a write");
    assert_eq!(fifo.take(LIMIT_MS), (1, 0, 0, &raw mut *ov));
    fifo.read(&mut [], ov);
    assert_eq!(fifo.take(LIMIT_MS), (1, 0, 0, &raw mut *ov));
    fifo.read(memory, ov);
    assert_eq!(fifo.take(LIMIT_MS), (1, 0, 3, &raw mut *ov));
    assert_eq!(&memory[..3], b"abc");
}

#[test]
fn port_272_a_pipe_read_that_waits_can_be_cancelled() {
    let mut fifo = Fifo::new("cancel");
    let (memory, ov) = (lasting([0u8; 16]), Box::leak(overlapped()));
    for _ in 0..8 {
        fifo.pend(memory, ov);
        // SAFETY: the OVERLAPPED lives.
        assert_eq!(unsafe { CancelIoEx(fifo.here, ov) }, 1);
        assert_eq!(fifo.take(LIMIT_MS), (0, 995, 0, &raw mut *ov));
    }
    fifo.pend(memory, ov);
    fifo.writer.write_all(b"abc").expect("a write");
    assert_eq!(fifo.take(LIMIT_MS), (1, 0, 3, &raw mut *ov));
}

#[test]
fn port_272_closing_the_handle_ends_its_pipe_reads() {
    let fifo = Fifo::new("close");
    let memory = lasting([[0u8; 4]; 8]);
    let mut ovs: Vec<_> = memory.iter().map(|_| Box::leak(overlapped())).collect();
    for (memory, ov) in memory.iter_mut().zip(&mut ovs) {
        fifo.pend(memory, ov);
    }
    // SAFETY: the handle is the test's own.
    assert_eq!(unsafe { CloseHandle(fifo.here) }, 1);
    let mut ended: Vec<_> = ovs.iter().map(|_| fifo.take(LIMIT_MS)).collect();
    ended.sort();
    let mut expected: Vec<_> = ovs.iter_mut().map(|ov| (0, 995, 0, &raw mut **ov)).collect();
    expected.sort();
    assert_eq!(ended, expected);
}

#[test]
fn port_272_a_pipe_write_ends_when_everything_is_out() {
    let fifo = Fifo::new("write");
    let mut reader = File::open(&fifo.path).expect("the other end");
    let memory = lasting([0u8; 300_000]);
    memory.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 31) as u8);
    let (first, second) = (Box::leak(overlapped()), Box::leak(overlapped()));
    fifo.write(memory, first);
    fifo.write(&memory[..5], second);
    assert_eq!(fifo.take(QUIET_MS).1, 258, "more than a pipe holds");
    let mut received = vec![0; memory.len()];
    reader.read_exact(&mut received).expect("the data");
    assert!(received == memory[..], "the data is another");
    assert_eq!(fifo.take(LIMIT_MS), (1, 0, memory.len() as u32, &raw mut *first));
    assert_eq!(fifo.take(LIMIT_MS), (1, 0, 5, &raw mut *second));
    fifo.write(memory, first);
    assert_eq!(fifo.take(QUIET_MS).1, 258);
    // SAFETY: the OVERLAPPED lives.
    assert_eq!(unsafe { CancelIoEx(fifo.here, first) }, 1);
    assert_eq!(fifo.take(LIMIT_MS), (0, 995, 0, &raw mut *first));
}

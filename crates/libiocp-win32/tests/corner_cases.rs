//! Calls that programs seldom make, and that must not hang, kill or lie all the same.
#![allow(unsafe_code)]

mod winsock_support;

use std::ffi::{CString, c_void};
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::Barrier;

use iocp::errhandlingapi::GetLastError;
use iocp::fileapi::{CreateFileA, ReadFile, WriteFile};
use iocp::handleapi::CloseHandle;
use iocp::ioapiset::GetOverlappedResult;
use iocp::processenv_std::GetStdHandle;
use iocp::synchapi_events::CreateEventA;
use iocp::synchapi_waits::WaitForSingleObject;
use iocp::threads::{_beginthreadex, CreateThread};
use iocp::types::{DWORD, HANDLE};
use iocp::winsock2::open::WSASocketA;
use iocp::winternl::{NtCreateIoCompletion, OBJECT_ATTRIBUTES, UNICODE_STRING};
use winsock_support::*;

fn expect<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

fn error() -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { GetLastError() }
}

#[test]
fn sock_050_readfile_on_an_overlapped_socket_wants_an_overlapped() {
    start();
    let (s, mut peer) = pair();
    expect(peer.write_all(b"x"));
    let (handle, mut memory, mut bytes): (HANDLE, _, _) = (without_provenance_mut(s), [0u8; 4], 7);
    let to = memory.as_mut_ptr().cast();
    // SAFETY: valid places.
    unsafe {
        assert_eq!((ReadFile(handle, to, 4, &mut bytes, null_mut()), error()), (0, 87));
        assert_eq!((WriteFile(handle, to, 4, &mut bytes, null_mut()), error()), (0, 87));
    }
    close(s);
}

#[test]
fn sock_050_readfile_on_a_socket_that_is_not_overlapped_settles_the_overlapped() {
    start();
    let door = expect(TcpListener::bind("127.0.0.1:0"));
    // SAFETY: no description is given.
    let s = unsafe { WSASocketA(2, 1, 6, null(), 0, 0) };
    let (handle, mut memory, mut bytes): (HANDLE, _, _) = (without_provenance_mut(s), [0u8; 4], 7);
    let (to, mut ov) = (memory.as_mut_ptr().cast(), overlapped());
    // SAFETY: valid places, and the OVERLAPPED outlives every call.
    unsafe {
        // Not connected: the code of files, not Winsock's.
        assert_eq!((ReadFile(handle, to, 4, &mut bytes, null_mut()), error()), (0, 59));
        assert_eq!(connect(s, &loopback(expect(door.local_addr()).port())), Ok(0));
        let (mut peer, _) = expect(door.accept());
        expect(peer.write_all(b"abc"));
        ov.hEvent = CreateEventA(null(), 1, 0, null());
        assert_eq!((ReadFile(handle, to, 4, &mut bytes, &mut *ov), bytes), (1, 3));
        assert_eq!((ov.Internal, ov.InternalHigh), (0, 3));
        assert_eq!(WaitForSingleObject(ov.hEvent, 0), 0);
        bytes = 0;
        assert_eq!((GetOverlappedResult(handle, &mut *ov, &mut bytes, 0), bytes), (1, 3));
        assert_eq!((WriteFile(handle, to, 3, &mut bytes, null_mut()), bytes), (1, 3));
        CloseHandle(ov.hEvent);
    }
    close(s);
}

#[test]
fn file_034_a_link_that_leads_nowhere_is_followed() {
    let directory = std::env::temp_dir().join(format!("libiocp-link-{}", std::process::id()));
    expect(std::fs::create_dir_all(&directory));
    let (link, target) = (directory.join("link"), directory.join("target"));
    expect(std::os::unix::fs::symlink("target", &link));
    let name = expect(CString::new(link.as_os_str().as_encoded_bytes()));
    for (disposition, code) in [(3, 2), (4, 0), (4, 183)] {
        // SAFETY: a string that ends with a zero.
        let file = unsafe {
            CreateFileA(name.as_ptr(), 0xC000_0000, 7, null(), disposition, 0x80, null_mut())
        };
        assert_eq!(error(), code);
        // SAFETY: any value will do.
        unsafe { CloseHandle(file) };
        assert_eq!(target.exists(), disposition == 4);
    }
    expect(std::fs::remove_dir_all(&directory));
}

unsafe extern "C-unwind" fn use_stack(_: *mut c_void) -> DWORD {
    let mut room = [1u8; 600 << 10];
    std::hint::black_box(&mut room);
    DWORD::from(room[room.len() / 2])
}

#[test]
fn port_210_a_name_without_a_buffer_is_an_access_violation() {
    let name = UNICODE_STRING { Length: 8, MaximumLength: 8, Buffer: null_mut() };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: null_mut(),
        ObjectName: &raw const name,
        Attributes: 0,
        SecurityDescriptor: null_mut(),
        SecurityQualityOfService: null_mut(),
    };
    let mut port = null_mut();
    // SAFETY: the pointers are valid, but for the one that is NULL.
    let status = unsafe { NtCreateIoCompletion(&raw mut port, 0, &raw const attributes, 0) };
    assert_eq!(status.cast_unsigned(), 0xC000_0005);
    assert!(port.is_null());
}

#[test]
fn hnd_101_a_stack_is_a_mebibyte_at_least() {
    // SAFETY: the function takes any parameter.
    unsafe {
        let thread = CreateThread(null(), 4096, Some(use_stack), null_mut(), 0, null_mut());
        assert!(!thread.is_null());
        assert_eq!(WaitForSingleObject(thread, 60_000), 0);
        CloseHandle(thread);
        for stack in [usize::MAX, usize::MAX - (1 << 20), 1 << 60] {
            let thread = CreateThread(null(), stack, Some(use_stack), null_mut(), 0, null_mut());
            assert_eq!((thread, error()), (null_mut(), 8), "{stack:#x}");
        }
        *libc::__errno_location() = 0;
        assert_eq!(_beginthreadex(null_mut(), 0, None, null_mut(), 0, null_mut()), 0);
        assert_eq!(*libc::__errno_location(), libc::EINVAL);
    }
}

/// Set in the child of `pipe_057_a_reader_that_is_gone_kills_nobody`.
const IN_CHILD: &str = "LIBIOCP_TEST_BROKEN_PIPE";

/// Writes to a standard output that nobody reads; a program in C has the signal at its default,
/// which kills.
fn write_to_nobody() -> ! {
    let mut ends = [0; 2];
    let mut bytes = 7;
    // SAFETY: valid places; nothing is left to be cleaned up.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::pipe(ends.as_mut_ptr());
        libc::dup2(ends[1], 1);
        libc::close(ends[0]);
        let output = GetStdHandle(-11i32 as u32);
        let result = WriteFile(output, b"x".as_ptr().cast(), 1, &mut bytes, null_mut());
        let is_told = result == 0 && bytes == 0 && matches!(error(), 109 | 232);
        libc::_exit(if is_told { 0 } else { 1 });
    }
}

#[test]
fn pipe_057_a_reader_that_is_gone_kills_nobody() {
    if std::env::var_os(IN_CHILD).is_some() {
        write_to_nobody();
    }
    let status = Command::new(expect(std::env::current_exe()))
        .args(["--exact", "pipe_057_a_reader_that_is_gone_kills_nobody", "--nocapture"])
        .env(IN_CHILD, "1")
        .stdout(Stdio::null())
        .status();
    assert_eq!(expect(status).code(), Some(0));
}

#[test]
fn sock_144_one_of_two_threads_gets_the_address() {
    start();
    for _ in 0..200 {
        let address = loopback(closed_port());
        let (together, sockets) = (Barrier::new(2), [tcp(), tcp()]);
        let bound = std::thread::scope(|scope| {
            let threads = sockets.map(|s| {
                let (together, address) = (&together, &address);
                scope.spawn(move || {
                    together.wait();
                    bind(s, address)
                })
            });
            threads.map(|thread| thread.join().is_ok_and(|result| result.is_ok()))
        });
        assert_eq!(bound.iter().filter(|it| **it).count(), 1);
        sockets.into_iter().for_each(close);
    }
}

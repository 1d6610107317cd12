//! Sockets that wait: opening, addresses, connections, datagrams.
#![allow(unsafe_code)]

mod winsock_support;

use std::io::{Read, Write};
use std::mem;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ptr;
use std::time::{Duration, Instant};

use iocp::winsock2::accept::{WSAAccept, iocp_accept};
use iocp::winsock2::address::{
    iocp_bind, iocp_getpeername, iocp_getsockname, iocp_listen, iocp_shutdown,
};
use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::connect::iocp_connect;
use iocp::winsock2::open::{WSASocketA, closesocket, iocp_socket};
use iocp::winsock2::overlapped::{WSARecv, WSASend};
use iocp::winsock2::sockopt::iocp_setsockopt;
use iocp::winsock2::transfer::{iocp_recv, iocp_send};
use iocp::winsock2::types::{SOCKADDR, SOCKADDR_IN, SOCKET, WSABUF};
use winsock_support::*;

fn set(s: SOCKET, level: i32, name: i32, value: u32) -> Result<i32, i32> {
    let pointer = (&raw const value).cast();
    // SAFETY: readable for the length told.
    outcome(|| unsafe { iocp_setsockopt(s, level, name, pointer, 4) })
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < limit, "the condition has not come true");
        std::thread::yield_now();
    }
}

#[test]
fn sock_011_arguments_of_socket() {
    start();
    // SAFETY: it has no preconditions.
    let open = |af, kind, protocol| match unsafe { iocp_socket(af, kind, protocol) } {
        INVALID_SOCKET => Err(last_error()),
        s => {
            close(s);
            Ok(())
        }
    };
    for (af, kind, protocol) in
        [(2, 1, 6), (2, 2, 17), (2, 0, 6), (2, 0, 17), (2, 1, 0), (2, 2, 0), (0, 1, 6), (23, 1, 6)]
    {
        assert_eq!(open(af, kind, protocol), Ok(()), "{af} {kind} {protocol}");
    }
    for (af, kind, protocol, error) in [
        (0, 0, 0, 10022),
        (0, 1, 0, 10022),
        (99, 1, 6, 10047),
        (2, 99, 6, 10044),
        (2, 4, 0, 10044),
        (2, 1, 17, 10043),
        (2, 2, 6, 10043),
        (2, 1, 999, 10043),
    ] {
        assert_eq!(open(af, kind, protocol), Err(error), "{af} {kind} {protocol}");
    }
    for (flags, expected) in
        [(0x01, Ok(())), (0x81, Ok(())), (0x02, Err(10022)), (0x4000, Err(10022))]
    {
        // SAFETY: no description is given.
        let s = unsafe { WSASocketA(2, 1, 6, ptr::null(), 0, flags) };
        let result = if s == INVALID_SOCKET { Err(last_error()) } else { Ok(()) };
        assert_eq!(result, expected, "{flags:#x}");
        if result.is_ok() {
            close(s);
        }
    }
}

#[test]
fn sock_007_what_is_not_a_socket() {
    start();
    let mut buffer = [0u8; 4];
    let mut len = 16;
    let address = loopback(1);
    for s in [INVALID_SOCKET, 0, 3, 4] {
        let memory = buffer.as_mut_ptr().cast();
        let name = (&raw const address).cast::<SOCKADDR>();
        // SAFETY: valid memory, which is not reached.
        unsafe {
            assert_eq!(outcome(|| closesocket(s)), Err(10038));
            assert_eq!(outcome(|| iocp_bind(s, name, 16)), Err(10038));
            assert_eq!(outcome(|| iocp_listen(s, 5)), Err(10038));
            assert_eq!(outcome(|| iocp_connect(s, name, 16)), Err(10038));
            assert_eq!(outcome(|| iocp_send(s, memory, 4, 0)), Err(10038));
            assert_eq!(outcome(|| iocp_recv(s, memory, -1, 0)), Err(10038));
            assert_eq!(outcome(|| iocp_shutdown(s, 99)), Err(10038));
            assert_eq!(outcome(|| iocp_getsockname(s, ptr::null_mut(), &mut len)), Err(10038));
            assert_eq!(iocp_accept(s, ptr::null_mut(), ptr::null_mut()), INVALID_SOCKET);
            assert_eq!(last_error(), 10038);
        }
    }
}

#[test]
fn sock_143_bind_checks_its_arguments() {
    start();
    let s = tcp();
    let mut address = loopback(0);
    let bind_raw = |address: *const SOCKADDR_IN, len| {
        // SAFETY: readable for the length told, or refused.
        outcome(|| unsafe { iocp_bind(s, address.cast(), len) })
    };
    assert_eq!(bind_raw(ptr::null(), 16), Err(10014));
    assert_eq!(bind_raw(&address, 15), Err(10014));
    address.sin_family = 23;
    assert_eq!(bind_raw(&address, 16), Err(10047));
    assert_eq!(bind(s, &ipv4(Ipv4Addr::new(192, 0, 2, 1), 0)), Err(10049));
    assert_eq!(listen(s), Err(10022), "not bound yet");
    assert_eq!(bind(s, &loopback(0)), Ok(0));
    assert_ne!(port_of(s), 0);
    assert_eq!(bind(s, &loopback(0)), Err(10022), "bound already");
    close(s);
}

#[test]
fn sock_144_who_may_share_an_address() {
    start();
    const REUSE: (i32, i32) = (0xFFFF, 4);
    const EXCLUSIVE: (i32, i32) = (0xFFFF, !4);
    let bound = |option: Option<(i32, i32)>, address: &SOCKADDR_IN| {
        let s = tcp();
        if let Some((level, name)) = option {
            assert_eq!(set(s, level, name, 1), Ok(0));
        }
        let result = bind(s, address);
        (s, result)
    };
    for (first, second, expected) in [
        (None, None, Err(10048)),
        (None, Some(REUSE), Err(10013)),
        (Some(REUSE), Some(REUSE), Ok(0)),
        (Some(EXCLUSIVE), None, Err(10013)),
        (None, Some(EXCLUSIVE), Err(10013)),
    ] {
        let (a, result) = bound(first, &loopback(0));
        assert_eq!(result, Ok(0));
        let address = local(a);
        let (b, result) = bound(second, &address);
        assert_eq!(result, expected, "{first:?} {second:?}");
        close(b);
        close(a);
        let (c, result) = bound(None, &address);
        assert_eq!(result, Ok(0), "a closed socket keeps no address");
        close(c);
    }
    let s = tcp();
    assert_eq!(set(s, 0xFFFF, 4, 1), Ok(0));
    assert_eq!(set(s, 0xFFFF, !4, 1), Err(10022), "one excludes the other");
    close(s);
}

#[test]
fn sock_145_names_of_both_ends() {
    start();
    let s = tcp();
    let (mut address, mut len) = (SOCKADDR_IN::default(), 16);
    let name = (&raw mut address).cast::<SOCKADDR>();
    // SAFETY: writable for the length told.
    unsafe {
        assert_eq!(outcome(|| iocp_getsockname(s, name, &mut len)), Err(10022));
        let nobody = outcome(|| iocp_getpeername(s, ptr::null_mut(), ptr::null_mut()));
        assert_eq!(nobody, Err(10057), "the state comes before the pointers");
        close(s);
        let (s, peer) = pair();
        len = 15;
        assert_eq!(outcome(|| iocp_getpeername(s, name, &mut len)), Err(10014));
        assert_eq!((address, len), (SOCKADDR_IN::default(), 15));
        len = 64;
        assert_eq!(outcome(|| iocp_getpeername(s, name, &mut len)), Ok(0));
        let port = peer.local_addr().map_or(0, |address| address.port());
        assert_eq!((address, len), (loopback(port), 16));
        let mine = peer.peer_addr().map_or(0, |address| address.port());
        assert_eq!(local(s), loopback(mine));
        close(s);
    }
}

#[test]
fn sock_087_accept_fills_in_the_address() {
    start();
    let (door, address) = listener();
    let mut client = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    let (mut name, mut len) = (SOCKADDR_IN::default(), 0);
    // SAFETY: writable for the length told.
    unsafe {
        let pointer = (&raw mut name).cast();
        assert_eq!(iocp_accept(door, pointer, &mut len), INVALID_SOCKET);
        assert_eq!((last_error(), len), (10014, 0), "the connection stays");
        len = 16;
        let s = iocp_accept(door, pointer, &mut len);
        let port = client.local_addr().map_or(0, |address| address.port());
        assert_eq!((name, len), (loopback(port), 16));
        client.write_all(b"hello").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(recv(s, 16), Ok(b"hello".to_vec()));
        close(s);
    }
    set_nonblocking(door, 1);
    assert_eq!(accept(door), Err(10035));
    close(door);
}

unsafe extern "C" fn condition(
    caller: *mut WSABUF,
    _: *mut WSABUF,
    _: *mut std::ffi::c_void,
    _: *mut std::ffi::c_void,
    callee: *mut WSABUF,
    _: *mut WSABUF,
    _: *mut u32,
    answer: usize,
) -> i32 {
    // SAFETY: both are valid during the call.
    unsafe { assert_eq!(((*caller).len, (*callee).len), (16, 16)) };
    answer as i32
}

#[test]
fn sock_087_a_condition_accepts_refuses_or_puts_off() {
    start();
    let (door, address) = listener();
    // SAFETY: no address is asked for, and the condition keeps its contract.
    let ask = |answer| unsafe {
        match WSAAccept(door, ptr::null_mut(), ptr::null_mut(), Some(condition), answer) {
            INVALID_SOCKET => Err(last_error()),
            s => Ok(s),
        }
    };
    let client = || TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    let mut refused = client();
    assert_eq!(ask(1), Err(10061));
    let error = refused.read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(error, Err(std::io::ErrorKind::ConnectionReset));
    let mut first = client();
    assert_eq!(ask(2), Err(11002));
    let _second = client();
    let s = ask(0).unwrap_or_else(|error| panic!("{error}"));
    first.write_all(b"1").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recv(s, 4), Ok(b"1".to_vec()), "what was put off comes first");
    close(s);
    close(door);
}

#[test]
fn sock_108_sock_104_connect_to_nowhere_and_again() {
    start();
    let s = tcp();
    assert_eq!(connect(s, &ipv4(Ipv4Addr::UNSPECIFIED, 80)), Err(10049));
    assert_eq!(connect(s, &loopback(0)), Err(10049));
    assert_eq!(connect(s, &loopback(closed_port())), Err(10061));
    let door = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let port = door.local_addr().map_or(0, |address| address.port());
    assert_eq!(connect(s, &loopback(port)), Ok(0));
    assert_eq!(connect(s, &loopback(port)), Err(10056));
    close(s);
}

#[test]
fn sock_106_a_connect_that_does_not_wait() {
    start();
    let s = tcp();
    set_nonblocking(s, 1);
    let door = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let port = door.local_addr().map_or(0, |address| address.port());
    let first = connect(s, &loopback(port));
    assert!(matches!(first, Ok(0) | Err(10035)), "{first:?}");
    wait_for(|| send(s, b"x") == Ok(1));
    assert_eq!(connect(s, &loopback(port)), Err(10056));
    let (mut peer, _) = door.accept().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(peer.read(&mut [0]).ok(), Some(1));
    assert_eq!(recv(s, 4), Err(10035));
    close(s);
}

#[test]
fn sock_048_a_receive_gives_up_in_time() {
    start();
    let (s, _peer) = pair();
    assert_eq!(set(s, 0xFFFF, 0x1006, 50), Ok(0));
    let before = Instant::now();
    assert_eq!(recv(s, 4), Err(10060));
    assert!(before.elapsed() >= Duration::from_millis(49));
    close(s);
}

#[test]
fn sock_039_sock_058_arguments_of_transfers() {
    start();
    let (s, _peer) = pair();
    let mut data = [0u8; 4];
    let memory = data.as_mut_ptr().cast();
    // SAFETY: valid memory for the lengths told, or refused.
    unsafe {
        assert_eq!(outcome(|| iocp_recv(s, memory, -1, 0)), Err(10014));
        assert_eq!(outcome(|| iocp_recv(s, memory, 4, 0x1000)), Err(10045));
        assert_eq!(outcome(|| iocp_recv(s, memory, 4, 8 | 2)), Err(10045));
        assert_eq!(outcome(|| iocp_send(s, memory, 4, 8)), Err(10045));
        assert_eq!(outcome(|| iocp_send(s, memory, 0, 0)), Ok(0));
        assert_eq!(outcome(|| iocp_send(s, memory, 4, 0x8000)), Ok(4));
        assert_eq!(outcome(|| iocp_recv(s, memory, 1, 1)), Err(10035), "nothing urgent");
    }
    close(s);
}

#[test]
fn sock_045_a_receive_that_wants_all() {
    start();
    let (s, mut peer) = pair();
    let writer = std::thread::spawn(move || {
        peer.write_all(b"abcd").unwrap_or_else(|error| panic!("{error}"));
        std::thread::sleep(Duration::from_millis(20));
        peer.write_all(b"ef").unwrap_or_else(|error| panic!("{error}"));
        peer
    });
    let mut data = [0u8; 6];
    // SAFETY: writable for its length.
    let result = outcome(|| unsafe { iocp_recv(s, data.as_mut_ptr().cast(), 6, 8) });
    assert_eq!((result, &data), (Ok(6), b"abcdef"));
    drop(writer.join());
    close(s);
}

#[test]
fn sock_082_shutdown() {
    start();
    let s = tcp();
    // SAFETY: it has no preconditions.
    let shutdown = |s, how| outcome(|| unsafe { iocp_shutdown(s, how) });
    assert_eq!(shutdown(s, 1), Err(10057));
    close(s);
    let (door, _) = listener();
    assert_eq!(shutdown(door, 2), Err(10057));
    close(door);
    let (s, mut peer) = pair();
    assert_eq!(shutdown(s, 3), Err(10022));
    assert_eq!((shutdown(s, 1), shutdown(s, 1)), (Ok(0), Ok(0)));
    assert_eq!(send(s, b"x"), Err(10058));
    assert_eq!(peer.read(&mut [0]).ok(), Some(0), "the peer is told");
    peer.write_all(b"still").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recv(s, 16), Ok(b"still".to_vec()));
    peer.write_all(b"more").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(shutdown(s, 0), Ok(0));
    assert_eq!(recv(s, 16), Err(10058), "also with data queued");
    close(s);
}

#[test]
fn sock_072_lingering_not_at_all_resets() {
    start();
    let (s, mut peer) = pair();
    assert_eq!(set(s, 0xFFFF, 0x80, 1), Ok(0));
    close(s);
    let error = peer.read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(error, Err(std::io::ErrorKind::ConnectionReset));
    let (s, mut peer) = pair();
    assert_eq!(send(s, b"last words"), Ok(10));
    close(s);
    let mut all = Vec::new();
    assert_eq!(peer.read_to_end(&mut all).ok(), Some(10));
}

#[test]
fn sock_054_a_send_that_does_not_wait_takes_all_and_delivers_it() {
    start();
    let (s, mut peer) = pair();
    set_nonblocking(s, 1);
    let data: Vec<u8> = (0..16 << 20).map(|index: u32| (index >> 8) as u8).collect();
    assert_eq!(send(s, &data), Ok(data.len() as i32), "never short");
    assert_eq!(send(s, b"x"), Err(10035), "until that has gone out");
    close(s);
    let mut all = Vec::new();
    assert!(peer.read_to_end(&mut all).is_ok());
    assert_eq!((all.len(), all == data), (data.len(), true), "closing loses nothing");
}

#[test]
fn sock_036_more_buffers_than_the_kernel_takes() {
    start();
    let (s, mut peer) = pair();
    let mut data: Vec<u8> = (0..3000).map(|index: u32| index as u8).collect();
    let mut array: Vec<WSABUF> = data.chunks_mut(1).map(buffer).collect();
    let (mut bytes, mut flags) = (0, 0);
    let (pointer, none) = (array.as_mut_ptr(), ptr::null_mut());
    // SAFETY: valid for the call.
    let result = outcome(|| unsafe { WSASend(s, pointer, 3000, &mut bytes, 0, none, None) });
    assert_eq!((result, bytes), (Ok(0), 3000));
    let mut all = vec![0; 3000];
    assert!(peer.read_exact(&mut all).is_ok());
    assert!(all.iter().enumerate().all(|(index, byte)| *byte == index as u8));
    assert!(peer.write_all(&all).is_ok());
    // SAFETY: as above.
    let result =
        outcome(|| unsafe { WSARecv(s, pointer, 3000, &mut bytes, &mut flags, none, None) });
    assert_eq!((result, bytes >= 1024), (Ok(0), true));
    close(s);
}

#[test]
fn sock_171_local_sockets() {
    start();
    let path = std::env::temp_dir().join(format!("libiocp-winsock-{}", std::process::id()));
    let mut name = [0u8; 110];
    name[0] = 1;
    let text = path.to_string_lossy().into_owned();
    name[2..2 + text.len()].copy_from_slice(text.as_bytes());
    let pointer = name.as_ptr().cast::<SOCKADDR>();
    // SAFETY: readable for the length told.
    unsafe {
        assert_eq!((iocp_socket(1, 2, 0), last_error()), (INVALID_SOCKET, 10044));
        let door = iocp_socket(1, 1, 0);
        assert_eq!(outcome(|| iocp_bind(door, pointer, 110)), Ok(0));
        let second = iocp_socket(1, 1, 0);
        assert_eq!(outcome(|| iocp_bind(second, pointer, 110)), Err(10048));
        assert_eq!(listen(door), Ok(0));
        assert_eq!(outcome(|| iocp_connect(second, pointer, 110)), Ok(0));
        let s = accept(door).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(send(second, b"local"), Ok(5));
        assert_eq!(recv(s, 8), Ok(b"local".to_vec()));
        for s in [door, second, s] {
            close(s);
        }
    }
    assert!(std::fs::remove_file(&path).is_ok(), "closing does not remove the name");
}

#[test]
fn sock_140_ipv6_is_only_itself_at_first() {
    start();
    // SAFETY: it has no preconditions.
    let s = unsafe { iocp_socket(23, 1, 6) };
    assert_ne!(s, INVALID_SOCKET);
    let mut name = [0u8; 28];
    name[0] = 23;
    // SAFETY: readable for the length told.
    assert_eq!(outcome(|| unsafe { iocp_bind(s, name.as_ptr().cast(), 28) }), Ok(0));
    assert_eq!(set(s, 41, 27, 0), Err(10022), "too late");
    assert_eq!(listen(s), Ok(0));
    let mut len = 28;
    // SAFETY: writable for the length told.
    let result = outcome(|| unsafe { iocp_getsockname(s, name.as_mut_ptr().cast(), &mut len) });
    assert_eq!((result, len, name[0]), (Ok(0), 28, 23));
    let port = u16::from_be_bytes([name[2], name[3]]);
    assert!(TcpStream::connect(("::1", port)).is_ok());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    close(s);
}

#[test]
fn sock_018_sizes_of_what_is_passed() {
    assert_eq!(mem::size_of::<SOCKADDR_IN>(), 16);
    assert_eq!(mem::size_of::<WSABUF>(), 16);
}

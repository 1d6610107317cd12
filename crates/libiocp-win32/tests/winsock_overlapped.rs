//! Overlapped operations on sockets that report to a port.
#![allow(unsafe_code)]

mod winsock_support;

use std::io::{Read, Write};
use std::mem;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::ptr;

use iocp::mswsock::{AcceptEx, ConnectEx, DisconnectEx, GetAcceptExSockaddrs};
use iocp::types::OVERLAPPED;
use iocp::winsock2::accept::iocp_accept;
use iocp::winsock2::address::iocp_getpeername;
use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::event::{WSACloseEvent, WSACreateEvent, WSAResetEvent, WSASetEvent};
use iocp::winsock2::open::{WSASocketA, closesocket};
use iocp::winsock2::overlapped::{
    WSAGetOverlappedResult, WSARecv, WSARecvFrom, WSASend, WSASendTo,
};
use iocp::winsock2::sockopt::iocp_setsockopt;
use iocp::winsock2::types::{SOCKADDR, SOCKADDR_IN, SOCKET};
use winsock_support::*;

const UNTOUCHED: u32 = 0x5EED;
const KEY: usize = 42;

/// Starts a receive: the result, and the byte count afterwards.
fn receive(s: SOCKET, memory: &mut [u8], ov: &mut OVERLAPPED) -> (Result<i32, i32>, u32) {
    let (mut array, mut bytes, mut flags) = ([buffer(memory)], UNTOUCHED, 0);
    // SAFETY: valid places; memory and OVERLAPPED outlive the operation in every test.
    let result =
        outcome(|| unsafe { WSARecv(s, array.as_mut_ptr(), 1, &mut bytes, &mut flags, ov, None) });
    (result, bytes)
}

fn start_send(s: SOCKET, memory: &mut [u8], ov: &mut OVERLAPPED) -> (Result<i32, i32>, u32) {
    let (mut array, mut bytes) = ([buffer(memory)], UNTOUCHED);
    // SAFETY: as for `receive`.
    let result = outcome(|| unsafe { WSASend(s, array.as_mut_ptr(), 1, &mut bytes, 0, ov, None) });
    (result, bytes)
}

fn expect<T>(result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn sock_036_a_receive_pends_and_reports() {
    start();
    let (port, (s, mut peer)) = (Port::new(), pair());
    port.add(s, KEY);
    let (mut memory, mut ov) = ([0u8; 16], overlapped());
    assert_eq!(receive(s, &mut memory, &mut ov), (Err(PENDING), UNTOUCHED));
    assert_eq!((ov.Internal, ov.InternalHigh), (0x103, 0x5A5A));
    expect(peer.write_all(b"hello"));
    assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
    assert_eq!((ov.Internal, ov.InternalHigh, &memory[..5]), (0, 5, &b"hello"[..]));
    close(s);
    assert!(port.is_quiet(), "closing without pending operations reports nothing");
}

#[test]
fn sock_016_success_at_once_reports_too() {
    start();
    let (port, (s, mut peer)) = (Port::new(), pair());
    port.add(s, KEY);
    let (mut data, mut ov) = (*b"hello", overlapped());
    assert_eq!(start_send(s, &mut data, &mut ov), (Ok(0), 5));
    assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
    expect(peer.read_exact(&mut [0; 5]));
    drop(peer);
    let mut memory = [0u8; 4];
    for _ in 0..2 {
        let (result, bytes) = receive(s, &mut memory, &mut ov);
        assert!(matches!((result, bytes), (Ok(0), 0) | (Err(PENDING), UNTOUCHED)));
        assert_eq!(port.packet(), (Ok(()), 0, KEY, address_of(&ov)), "the peer's end");
    }
    close(s);
}

#[test]
fn sock_049_sock_057_refused_operations_report_nothing() {
    start();
    let (port, s) = (Port::new(), tcp());
    port.add(s, KEY);
    let (mut memory, mut ov) = ([0u8; 4], overlapped());
    assert_eq!(receive(s, &mut memory, &mut ov), (Err(10057), UNTOUCHED));
    assert_eq!(start_send(s, &mut memory, &mut ov), (Err(10057), UNTOUCHED));
    assert!(port.is_quiet());
    close(s);
}

#[test]
fn sock_037_sock_039_arguments_of_overlapped_calls() {
    start();
    let (s, _peer) = pair();
    let (mut memory, mut ov) = ([0u8; 4], overlapped());
    let (mut array, mut bytes, mut flags) = ([buffer(&mut memory)], 0, 0);
    let (array, none) = (array.as_mut_ptr(), ptr::null_mut());
    // SAFETY: valid memory, or refused.
    unsafe {
        let call =
            |count, bytes, flags, ov| outcome(|| WSARecv(s, array, count, bytes, flags, ov, None));
        assert_eq!(call(0, &mut bytes, &mut flags, &mut *ov), Err(10022));
        assert_eq!(call(1, none, &mut flags, ptr::null_mut()), Err(10014));
        assert_eq!(call(1, &mut bytes, none, &mut *ov), Err(10014));
        flags = 0x4000;
        assert_eq!(call(1, &mut bytes, &mut flags, &mut *ov), Err(10045));
        let result = outcome(|| WSASend(s, array, 1, none, 0, ptr::null_mut(), None));
        assert_eq!(result, Err(10014));
        ov.hEvent = ptr::without_provenance_mut(s);
        let result = outcome(|| WSASend(s, array, 1, &mut bytes, 0, &mut *ov, None));
        assert_eq!(result, Err(6), "a socket is no event");
    }
    close(s);
}

#[test]
fn sock_017_sock_118_overlapped_datagrams() {
    start();
    let (port, s, peer) = (Port::new(), udp(), expect(UdpSocket::bind("127.0.0.1:0")));
    port.add(s, KEY);
    assert_eq!(bind(s, &loopback(0)), Ok(0));
    let to = ("127.0.0.1", port_of(s));
    let peer_port = expect(peer.local_addr()).port();
    let (mut memory, mut ov) = ([0u8; 4], overlapped());
    let (mut array, mut bytes, mut flags) = ([buffer(&mut memory)], UNTOUCHED, 0);
    let (mut from, mut len) = (SOCKADDR_IN::default(), 16);
    // SAFETY: all of it outlives the operation.
    let result = outcome(|| unsafe {
        let name = (&raw mut from).cast::<SOCKADDR>();
        WSARecvFrom(
            s,
            array.as_mut_ptr(),
            1,
            &mut bytes,
            &mut flags,
            name,
            &mut len,
            &mut *ov,
            None,
        )
    });
    assert_eq!(result, Err(PENDING));
    expect(peer.send_to(b"0123456789", to));
    assert_eq!(port.packet(), (Err(234), 4, KEY, address_of(&ov)));
    assert_eq!((ov.Internal, from, len), (0x8000_0005, loopback(peer_port), 16));
    // At once: an error and a packet.
    expect(peer.send_to(b"0123456789", to));
    let (mut probe, mut waits) = (libc_like_poll(s), 0);
    while !probe && waits < 10_000_000 {
        (probe, waits) = (libc_like_poll(s), waits + 1);
    }
    assert_eq!(receive(s, &mut memory, &mut ov), (Err(10040), UNTOUCHED));
    assert_eq!(port.packet(), (Err(234), 4, KEY, address_of(&ov)));
    let (mut data, to) = (*b"pong", loopback(peer_port));
    let mut array = [buffer(&mut data)];
    // SAFETY: as above.
    let result = outcome(|| unsafe {
        let name = (&raw const to).cast();
        WSASendTo(s, array.as_mut_ptr(), 1, &mut bytes, 0, name, 16, &mut *ov, None)
    });
    assert_eq!((result, bytes), (Ok(0), 4));
    assert_eq!(port.packet(), (Ok(()), 4, KEY, address_of(&ov)));
    assert_eq!(expect(peer.recv(&mut [0; 8])), 4);
    close(s);
}

/// Whether a datagram is there.
fn libc_like_poll(s: SOCKET) -> bool {
    let mut count = 0u32;
    // SAFETY: a valid argument.
    let result =
        outcome(|| unsafe { iocp::winsock2::ioctl::ioctlsocket(s, 0x4004_667F, &mut count) });
    assert_eq!(result, Ok(0));
    count > 0
}

#[test]
fn sock_034_winsocks_own_result() {
    start();
    let (s, mut peer) = pair();
    let (mut memory, mut ov) = ([0u8; 4], overlapped());
    let (mut bytes, mut flags) = (0, UNTOUCHED);
    // SAFETY: the OVERLAPPED and the places are valid.
    unsafe {
        ov.hEvent = WSACreateEvent();
        assert!(!ov.hEvent.is_null());
        assert_eq!(receive(s, &mut memory, &mut ov).0, Err(PENDING));
        assert_eq!(WSAGetOverlappedResult(s, &mut *ov, &mut bytes, 0, &mut flags), 0);
        assert_eq!(last_error(), 996);
        expect(peer.write_all(b"abc"));
        assert_eq!(WSAGetOverlappedResult(s, &mut *ov, &mut bytes, 1, &mut flags), 1);
        assert_eq!((bytes, flags), (3, 0));
        assert_eq!(WSAGetOverlappedResult(s, ptr::null_mut(), &mut bytes, 0, &mut flags), 0);
        assert_eq!(last_error(), 10014);
        ov.Internal = 0xC000_0241;
        assert_eq!(WSAGetOverlappedResult(s, &mut *ov, &mut bytes, 0, &mut flags), 0);
        assert_eq!(last_error(), 10053);
        assert_eq!((WSAResetEvent(ov.hEvent), WSASetEvent(ov.hEvent)), (1, 1));
        assert_eq!((WSACloseEvent(ov.hEvent), WSACloseEvent(ov.hEvent)), (1, 0));
        assert_eq!(last_error(), 6);
        close(s);
        assert_eq!(WSAGetOverlappedResult(s, &mut *ov, &mut bytes, 0, &mut flags), 0);
        assert_eq!(last_error(), 10038);
    }
}

#[test]
fn sock_010_a_socket_that_is_not_overlapped_waits() {
    start();
    let door = expect(TcpListener::bind("127.0.0.1:0"));
    // SAFETY: no description is given.
    let s = unsafe { WSASocketA(2, 1, 6, ptr::null(), 0, 0) };
    assert_ne!(s, INVALID_SOCKET);
    assert_eq!(connect(s, &loopback(expect(door.local_addr()).port())), Ok(0));
    let (mut peer, _) = expect(door.accept());
    set_nonblocking(s, 1);
    let writer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        expect(peer.write_all(b"late"));
        peer
    });
    let (mut memory, mut ov) = ([0u8; 8], overlapped());
    assert_eq!(receive(s, &mut memory, &mut ov), (Ok(0), 4));
    assert_eq!((ov.Internal, ov.InternalHigh, &memory[..4]), (0, 4, &b"late"[..]));
    drop(writer.join());
    close(s);
}

fn accept_ex(
    door: SOCKET,
    acceptor: SOCKET,
    area: &mut [u8],
    lengths: [u32; 3],
    ov: *mut OVERLAPPED,
) -> Result<i32, i32> {
    let mut bytes = UNTOUCHED;
    let area = area.as_mut_ptr().cast();
    let [data, local, remote] = lengths;
    // SAFETY: area and OVERLAPPED outlive the operation in every test.
    let result = unsafe { AcceptEx(door, acceptor, area, data, local, remote, &mut bytes, ov) };
    if result == 0 { Err(last_error()) } else { Ok(bytes as i32) }
}

#[test]
fn sock_089_arguments_of_acceptex() {
    start();
    let ((door, _), acceptor, mut ov) = (listener(), tcp(), overlapped());
    let mut area = [0u8; 64];
    let none = ptr::null_mut();
    let (bound, (connected, _peer), datagrams) = (tcp(), pair(), udp());
    assert_eq!(bind(bound, &loopback(0)), Ok(0));
    for (listener, taker, lengths, expected) in [
        (INVALID_SOCKET, acceptor, [0, 32, 32], 10038),
        (bound, acceptor, [0, 32, 32], 10022),
        (door, INVALID_SOCKET, [0, 32, 32], 10038),
        (door, acceptor, [0, 32, 0], 10014),
        (door, bound, [0, 32, 32], 10022),
        (door, connected, [0, 32, 32], 10022),
        (door, datagrams, [0, 32, 32], 10022),
    ] {
        let result = accept_ex(listener, taker, &mut area, lengths, &mut *ov);
        assert_eq!(result, Err(expected), "{lengths:?}");
    }
    assert_eq!(accept_ex(door, acceptor, &mut area, [0, 32, 32], none), Err(87));
    let mut bytes = 0;
    // SAFETY: null is refused.
    let result =
        unsafe { AcceptEx(door, acceptor, ptr::null_mut(), 0, 32, 32, &mut bytes, &mut *ov) };
    assert_eq!((result, last_error()), (0, 10014));
    for s in [door, acceptor, bound, connected, datagrams] {
        close(s);
    }
}

#[test]
fn sock_090_sock_091_sock_092_acceptex_with_data() {
    start();
    let (port, (door, address), acceptor) = (Port::new(), listener(), tcp());
    port.add(door, KEY);
    let (mut area, mut ov) = ([0u8; 16 + 32 + 32], overlapped());
    assert_eq!(accept_ex(door, acceptor, &mut area, [16, 32, 32], &mut *ov), Err(PENDING));
    assert_eq!(
        accept_ex(door, acceptor, &mut area, [16, 32, 32], &mut *ov),
        Err(10022),
        "the acceptor is taken"
    );
    let mut client = expect(TcpStream::connect(address));
    expect(client.write_all(b"first"));
    assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
    assert_eq!(&area[..5], b"first");
    let (mut local, mut remote) = (ptr::null_mut::<SOCKADDR>(), ptr::null_mut::<SOCKADDR>());
    let (mut local_len, mut remote_len) = (0, 0);
    // SAFETY: the area of a finished AcceptEx, and valid places.
    let (local, remote) = unsafe {
        GetAcceptExSockaddrs(
            area.as_mut_ptr().cast(),
            16,
            32,
            32,
            &mut local,
            &mut local_len,
            &mut remote,
            &mut remote_len,
        );
        (
            local.cast::<SOCKADDR_IN>().read_unaligned(),
            remote.cast::<SOCKADDR_IN>().read_unaligned(),
        )
    };
    assert_eq!((local_len, remote_len), (16, 16));
    assert_eq!(local, loopback(address.port()));
    assert_eq!(remote, loopback(expect(client.local_addr()).port()));
    let value: SOCKET = door;
    // SAFETY: readable for the length told.
    let result = outcome(|| unsafe {
        iocp_setsockopt(acceptor, 0xFFFF, 0x700B, (&raw const value).cast(), 8)
    });
    assert_eq!(result, Ok(0), "SO_UPDATE_ACCEPT_CONTEXT");
    assert_eq!(send(acceptor, b"answer"), Ok(6));
    expect(client.read_exact(&mut [0; 6]));
    // SAFETY: no address is asked for.
    assert_eq!(unsafe { iocp_accept(acceptor, ptr::null_mut(), ptr::null_mut()) }, INVALID_SOCKET);
    assert_eq!(last_error(), 10022);
    close(acceptor);
    close(door);
    assert!(port.is_quiet());
}

#[test]
fn sock_074_closing_a_listener_ends_acceptex() {
    start();
    let (port, (door, _), acceptor) = (Port::new(), listener(), tcp());
    port.add(door, KEY);
    let (mut area, mut ov) = ([0u8; 64], overlapped());
    assert_eq!(accept_ex(door, acceptor, &mut area, [0, 32, 32], &mut *ov), Err(PENDING));
    close(door);
    assert_eq!(port.packet(), (Err(995), 0, KEY, address_of(&ov)));
    let (door, address) = listener();
    port.add(door, KEY + 1);
    assert_eq!(accept_ex(door, acceptor, &mut area, [0, 32, 32], &mut *ov), Err(PENDING));
    let _client = expect(TcpStream::connect(address));
    assert_eq!(port.packet(), (Ok(()), 0, KEY + 1, address_of(&ov)), "it can be used again");
    close(acceptor);
    close(door);
}

fn connect_ex(s: SOCKET, to: &SOCKADDR_IN, data: &[u8], ov: *mut OVERLAPPED) -> Result<(), i32> {
    let mut bytes = UNTOUCHED;
    let (name, pointer) = ((&raw const *to).cast(), data.as_ptr().cast());
    // SAFETY: readable for the lengths told; the OVERLAPPED outlives the operation.
    let result = unsafe { ConnectEx(s, name, 16, pointer, data.len() as u32, &mut bytes, ov) };
    if result == 0 { Err(last_error()) } else { Ok(()) }
}

#[test]
fn sock_099_sock_100_sock_101_connectex() {
    start();
    let (port, s, mut ov) = (Port::new(), tcp(), overlapped());
    let door = expect(TcpListener::bind("127.0.0.1:0"));
    let to = loopback(expect(door.local_addr()).port());
    assert_eq!(connect_ex(s, &to, b"", ptr::null_mut()), Err(87));
    assert_eq!(connect_ex(s, &to, b"", &mut *ov), Err(10022), "not bound");
    assert_eq!(connect_ex(INVALID_SOCKET, &to, b"", &mut *ov), Err(10038));
    assert_eq!(bind(s, &loopback(0)), Ok(0));
    assert_eq!(connect_ex(s, &loopback(0), b"", &mut *ov), Err(10049));
    port.add(s, KEY);
    // Refused: the same socket can try again.
    let result = connect_ex(s, &loopback(closed_port()), b"", &mut *ov);
    assert_eq!(result, Err(PENDING));
    assert_eq!(port.packet(), (Err(1225), 0, KEY, address_of(&ov)));
    let mut data = *b"first";
    let result = connect_ex(s, &to, &data, &mut *ov);
    data.fill(0);
    assert!(matches!(result, Ok(()) | Err(PENDING)), "{result:?}");
    assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
    let (mut peer, _) = expect(door.accept());
    let mut memory = [0u8; 5];
    expect(peer.read_exact(&mut memory));
    assert_eq!(&memory, b"first", "the data was taken at the call");
    // SAFETY: nothing is read.
    let result = outcome(|| unsafe { iocp_setsockopt(s, 0xFFFF, 0x7010, ptr::null(), 0) });
    assert_eq!(result, Ok(0), "SO_UPDATE_CONNECT_CONTEXT");
    let (mut name, mut len) = (SOCKADDR_IN::default(), 16);
    // SAFETY: writable for the length told.
    let result = outcome(|| unsafe { iocp_getpeername(s, (&raw mut name).cast(), &mut len) });
    assert_eq!((result, name), (Ok(0), to));
    assert_eq!(connect_ex(s, &to, b"", &mut *ov), Err(10056));
    close(s);
}

#[test]
fn sock_110_sock_111_disconnectex_always_pends() {
    start();
    let (port, (s, mut peer), mut ov) = (Port::new(), pair(), overlapped());
    port.add(s, KEY);
    // SAFETY: the OVERLAPPED outlives the operation.
    let disconnect = |s, ov: *mut OVERLAPPED, flags, reserved| unsafe {
        if DisconnectEx(s, ov, flags, reserved) == 0 { Err(last_error()) } else { Ok(()) }
    };
    let none = ptr::null_mut();
    assert_eq!(disconnect(s, &mut *ov, 0, 1), Err(10022));
    assert_eq!(disconnect(INVALID_SOCKET, none, 0, 0), Err(10038));
    let fresh = tcp();
    assert_eq!(disconnect(fresh, none, 0, 0), Err(10057));
    close(fresh);
    assert_eq!(disconnect(s, &mut *ov, 0, 0), Err(PENDING));
    assert_eq!(port.packet(), (Ok(()), 0, KEY, address_of(&ov)));
    assert_eq!(expect(peer.read(&mut [0])), 0);
    assert_eq!(send(s, b"x"), Err(10058));
    expect(peer.write_all(b"still"));
    assert_eq!(recv(s, 16), Ok(b"still".to_vec()));
    assert_eq!(disconnect(s, none, 0, 0), Ok(()));
    close(s);
}

#[test]
fn sock_129_extension_functions() {
    start();
    const ACCEPT_EX: [u8; 16] = [
        0xF1, 0x7D, 0x36, 0xB5, 0xAC, 0xCB, 0xCF, 0x11, 0x95, 0xCA, 0, 0x80, 0x5F, 0x48, 0xA1, 0x92,
    ];
    const CONNECT_EX: [u8; 16] = [
        0xB9, 0x07, 0xA2, 0x25, 0xF3, 0xDD, 0x60, 0x46, 0x8E, 0xE9, 0x76, 0xE5, 0x8C, 0x74, 0x06,
        0x3E,
    ];
    const DISCONNECT_EX: [u8; 16] = [
        0x11, 0x2E, 0xDA, 0x7F, 0x30, 0x86, 0x6F, 0x43, 0xA0, 0x31, 0xF5, 0x36, 0xA6, 0xEE, 0xC1,
        0x57,
    ];
    let s = tcp();
    let address = |function: *const ()| function.addr();
    for (guid, function) in [
        (ACCEPT_EX, address(AcceptEx as *const ())),
        (CONNECT_EX, address(ConnectEx as *const ())),
        (DISCONNECT_EX, address(DisconnectEx as *const ())),
    ] {
        assert_eq!(extension(s, guid).map(|found| found.addr()), Ok(function));
    }
    assert_eq!(extension(s, [7; 16]), Err(10022));
    close(s);
}

#[test]
fn sock_068_closing_ends_each_operation_once() {
    start();
    let (port, (s, _peer)) = (Port::new(), pair());
    port.add(s, KEY);
    let mut memory = [[0u8; 4]; 3];
    let mut ovs = [overlapped(), overlapped(), overlapped()];
    for (memory, ov) in memory.iter_mut().zip(&mut ovs) {
        assert_eq!(receive(s, memory, ov).0, Err(PENDING));
    }
    // SAFETY: it has no preconditions.
    assert_eq!(outcome(|| unsafe { closesocket(s) }), Ok(0));
    for ov in &ovs {
        assert_eq!(port.packet(), (Err(1236), 0, KEY, address_of(ov)));
        assert_eq!(ov.Internal, 0xC000_0241);
    }
    assert!(port.is_quiet());
    assert_eq!(mem::size_of::<OVERLAPPED>(), 32);
}

//! Overlapped operations on sockets that report to a port.
#![allow(unsafe_code)]

mod winsock_support;

use std::io::{Read, Write};
use std::mem;
use std::net::{TcpListener, UdpSocket};
use std::ptr;
use std::time::{Duration, Instant};

use iocp::types::OVERLAPPED;
use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::event::{WSACloseEvent, WSACreateEvent, WSAResetEvent, WSASetEvent};
use iocp::winsock2::ioctl::ioctlsocket;
use iocp::winsock2::open::{WSASocketA, closesocket};
use iocp::winsock2::overlapped::{
    WSAGetOverlappedResult, WSARecv, WSARecvFrom, WSASend, WSASendTo,
};
use iocp::winsock2::types::{SOCKADDR, SOCKADDR_IN, SOCKET};
use winsock_support::*;

const UNTOUCHED: u32 = 0x5EED;
const KEY: usize = 42;
const HALF_A_MILLISECOND: Duration = Duration::from_micros(500);

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
    // It may pend as long as the thread that made the connection is still at it.
    let mut was_at_once = false;
    while !was_at_once {
        let (result, bytes) = start_send(s, &mut data, &mut ov);
        was_at_once = result == Ok(0);
        let expected = if was_at_once { (Ok(0), 5) } else { (Err(PENDING), UNTOUCHED) };
        assert_eq!((result, bytes), expected);
        assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
        expect(peer.read_exact(&mut [0; 5]));
    }
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
        assert_eq!(WSACloseEvent(ov.hEvent), 1);
        assert_eq!((WSACloseEvent(ptr::without_provenance_mut(4)), last_error()), (0, 6));
    }
    close(s);
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

#[test]
fn sock_162_a_duplicate_by_the_kernels_functions() {
    start();
    let (port, (s, mut peer), mut ov) = (Port::new(), pair(), overlapped());
    port.add(s, KEY);
    let mut copy = ptr::null_mut();
    let handle = ptr::without_provenance_mut(s);
    let process = ptr::without_provenance_mut(usize::MAX);
    // SAFETY: a valid place.
    let result =
        unsafe { iocp::handleapi::DuplicateHandle(process, handle, process, &mut copy, 0, 0, 2) };
    assert_eq!(result, 1);
    let mut memory = [0u8; 8];
    assert_eq!(receive(copy.addr(), &mut memory, &mut ov).0, Err(PENDING));
    let (mut bytes, mut flags) = (0, 0);
    // SAFETY: the OVERLAPPED and the places are valid.
    unsafe {
        let result = WSAGetOverlappedResult(copy.addr(), &mut *ov, &mut bytes, 0, &mut flags);
        assert_eq!((result, last_error()), (0, 10038));
        assert_eq!(iocp::handleapi::CloseHandle(copy), 1);
    }
    assert!(port.is_quiet(), "one of two handles ends nothing");
    expect(peer.write_all(b"still"));
    assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
    close(s);
}

/// D24: a receive right after a send may pend although there is data; it is reported, once.
#[test]
fn sock_036_a_receive_that_goes_untried_loses_nothing() {
    start();
    let (port, (s, mut peer)) = (Port::new(), pair());
    port.add(s, KEY);
    expect(peer.set_nodelay(true));
    for room in [1, 8] {
        let (mut memory, mut ov) = (vec![0u8; room], overlapped());
        let (mut answer, mut sent) = ([1u8], overlapped());
        for round in 0..200u8 {
            expect(peer.write_all(&[round]));
            let _ = receive(s, &mut memory, &mut ov);
            assert_eq!(port.packet(), (Ok(()), 1, KEY, address_of(&ov)));
            assert_eq!(memory[0], round);
            expect(peer.write_all(&[!round]));
            let results =
                [start_send(s, &mut answer, &mut sent).0, receive(s, &mut memory, &mut ov).0];
            assert!(results.iter().all(|result| matches!(result, Ok(0) | Err(PENDING))));
            let mut packets = [port.packet().3, port.packet().3];
            packets.sort_unstable();
            let mut expected = [address_of(&ov), address_of(&sent)];
            expected.sort_unstable();
            assert_eq!((packets, memory[0]), (expected, !round));
            expect(peer.read_exact(&mut [0; 1]));
        }
    }
    close(s);
    assert!(port.is_quiet());
}

/// D24: once the peer has had time to answer, or data has been seen, it is there at once.
#[test]
fn sock_036_what_is_known_to_be_there_is_received_at_once() {
    start();
    let (port, (s, mut peer)) = (Port::new(), pair());
    port.add(s, KEY);
    expect(peer.set_nodelay(true));
    let (mut memory, mut ov) = ([0u8; 8], overlapped());
    let (mut answer, mut sent) = ([1u8], overlapped());
    for looks in [false, true] {
        // It may pend as long as the thread that completed the last one is still at it.
        let mut was_at_once = false;
        for _ in 0..50 {
            expect(peer.write_all(b"a"));
            let _ = receive(s, &mut memory, &mut ov);
            assert_eq!(port.packet(), (Ok(()), 1, KEY, address_of(&ov)));
            expect(peer.write_all(b"b"));
            let _ = start_send(s, &mut answer, &mut sent);
            let since = Instant::now();
            while if looks { available(s) == 0 } else { since.elapsed() < HALF_A_MILLISECOND } {}
            was_at_once = receive(s, &mut memory, &mut ov) == (Ok(0), 1);
            assert!([port.packet(), port.packet()].iter().all(|packet| packet.0.is_ok()));
            assert_eq!(memory[0], b'b');
            expect(peer.read_exact(&mut [0; 1]));
            if was_at_once {
                break;
            }
        }
        assert!(was_at_once, "looks: {looks}");
    }
    close(s);
}

/// D24: the end of the peer's data is not overlooked behind the last of them.
#[test]
fn sock_036_an_end_that_comes_with_the_data_is_reported() {
    start();
    let port = Port::new();
    for _ in 0..100 {
        let (s, mut peer) = pair();
        port.add(s, KEY);
        let (mut memory, mut ov) = ([0u8; 8], overlapped());
        let (mut answer, mut sent) = ([1u8], overlapped());
        let _ = receive(s, &mut memory, &mut ov);
        expect(peer.write_all(&[1]));
        expect(peer.shutdown(std::net::Shutdown::Write));
        assert_eq!(port.packet(), (Ok(()), 1, KEY, address_of(&ov)));
        let _ = start_send(s, &mut answer, &mut sent);
        let _ = receive(s, &mut memory, &mut ov);
        let mut counts = [port.packet().1, port.packet().1];
        counts.sort_unstable();
        assert_eq!(counts, [0, 1], "the end, and the byte that was sent");
        close(s);
    }
}

fn available(s: SOCKET) -> u32 {
    const FIONREAD: i32 = 0x4004_667F;
    let mut count = 0;
    // SAFETY: a valid place.
    assert_eq!(outcome(|| unsafe { ioctlsocket(s, FIONREAD, &mut count) }), Ok(0));
    count
}

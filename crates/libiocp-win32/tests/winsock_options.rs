//! Options and ioctls over real sockets.
#![allow(unsafe_code)]

mod winsock_support;

use std::io::Write;
use std::mem;
use std::net::TcpStream;
use std::ptr;

use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::event::{WSAHtonl, WSAHtons, WSANtohl, WSANtohs};
use iocp::winsock2::ioctl::{WSAIoctl, ioctlsocket};
use iocp::winsock2::open::{WSASocketA, iocp_socket};
use iocp::winsock2::protocol_info::{WSAEnumProtocolsA, WSAEnumProtocolsW};
use iocp::winsock2::sockopt::{iocp_getsockopt, iocp_setsockopt};
use iocp::winsock2::types::{SOCKET, WSAPROTOCOL_INFOA, WSAPROTOCOL_INFOW, tcp_keepalive};
use winsock_support::*;

const SOL: i32 = 0xFFFF;
const TCP: i32 = 6;

fn set(s: SOCKET, level: i32, name: i32, value: u32) -> Result<i32, i32> {
    let pointer = (&raw const value).cast();
    // SAFETY: readable for the length told.
    outcome(|| unsafe { iocp_setsockopt(s, level, name, pointer, 4) })
}

fn get(s: SOCKET, level: i32, name: i32) -> Result<u32, i32> {
    let (mut value, mut len) = (0u32, 4);
    let pointer = (&raw mut value).cast();
    // SAFETY: writable for the length told.
    outcome(|| unsafe { iocp_getsockopt(s, level, name, pointer, &mut len) })?;
    Ok(value)
}

#[test]
fn sock_137_what_was_set_is_what_is_got() {
    start();
    let s = tcp();
    for (level, name, values) in [
        (SOL, 0x1001, [0, 1, 4096, 0x12_3456]),
        (SOL, 0x1002, [0, 1, 4096, 0x12_3456]),
        (SOL, 0x1005, [0, 63000, 997_000, 1]),
        (SOL, 0x1006, [0, 63000, 997_000, 1]),
        (SOL, 0x1007, [1234, 0, 10061, 0]),
        (SOL, 0x80, [0, 0x1_0001, 0x49_0000, 0xBD_0005]),
        (SOL, 8, [1, 0, 1, 0]),
        (SOL, 0x100, [1, 0, 1, 0]),
        (TCP, 1, [1, 0, 1, 0]),
        (TCP, 3, [3600, 1, 7200, 60]),
        (TCP, 16, [5, 1, 255, 10]),
        (TCP, 17, [5, 1, 60, 10]),
        (TCP, 5, [30, 0xFFFF_FFFF, 1, 0]),
        (0, 4, [1, 64, 128, 255]),
    ] {
        for value in values {
            assert_eq!(set(s, level, name, value), Ok(0), "{level:#x} {name:#x} {value}");
            assert_eq!(get(s, level, name), Ok(value), "{level:#x} {name:#x}");
        }
    }
    close(s);
}

#[test]
fn sock_136_pointers_and_lengths() {
    start();
    let (s, none) = (tcp(), ptr::null_mut());
    let mut len = 4;
    // SAFETY: bad pointers are refused.
    unsafe {
        let one = ptr::without_provenance(1);
        for name in [0x80, !0x80, 0x10] {
            assert_eq!(outcome(|| iocp_setsockopt(s, SOL, name, ptr::null(), 4)), Err(10014));
            assert_eq!(outcome(|| iocp_setsockopt(s, SOL, name, one, 4)), Err(10014));
        }
        assert_eq!(outcome(|| iocp_getsockopt(s, SOL, 0x80, none, &mut len)), Err(10014));
        let memory = (&raw mut len).cast();
        assert_eq!(outcome(|| iocp_getsockopt(s, SOL, 0x80, memory, ptr::null_mut())), Err(10014));
        let no_socket = INVALID_SOCKET;
        assert_eq!(
            outcome(|| iocp_getsockopt(no_socket, SOL, 0x80, none, none.cast())),
            Err(10038)
        );
    }
    assert_eq!(set(s, -1, 0x1006, 0), Err(10022));
    assert_eq!(set(s, SOL, 0x1003, 0), Err(10042));
    assert_eq!(set(s, SOL, 0x20, 1), Err(10042), "SO_BROADCAST of a stream");
    assert_eq!(set(s, SOL, 0x1008, 1), Err(10042), "SO_TYPE");
    close(s);
}

#[test]
fn sock_073_two_faces_of_linger() {
    start();
    let s = tcp();
    assert_eq!(get(s, SOL, !0x80), Ok(1));
    assert_eq!(set(s, SOL, 0x80, 0x5_0001), Ok(0));
    assert_eq!(get(s, SOL, !0x80), Ok(0));
    assert_eq!(set(s, SOL, !0x80, 1), Ok(0));
    assert_eq!(get(s, SOL, 0x80).map(|value| value & 0xFFFF), Ok(0));
    close(s);
}

#[test]
fn sock_135_what_sockets_know_themselves() {
    start();
    let (stream, datagrams, (door, address)) = (tcp(), udp(), listener());
    assert_eq!((get(stream, SOL, 0x1008), get(datagrams, SOL, 0x1008)), (Ok(1), Ok(2)));
    assert_eq!((get(stream, SOL, 2), get(door, SOL, 2)), (Ok(0), Ok(1)));
    assert_eq!(get(datagrams, SOL, 0x2003), Ok(65507));
    assert_eq!(get(datagrams, SOL, 0x700C), Ok(u32::MAX));
    assert_eq!((get(stream, SOL, 0x700C), get(door, SOL, 0x700C)), (Ok(u32::MAX), Ok(u32::MAX)));
    let _client = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    let s = accept(door).unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(get(s, SOL, 0x700C), Ok(0..=10)), "connected just now");
    for s in [stream, datagrams, door, s] {
        close(s);
    }
}

#[test]
fn sock_088_what_accept_inherits() {
    start();
    let (door, address) = listener();
    let options = [(SOL, 0x1001, 0x123), (SOL, 0x1002, 0x456), (SOL, 0x1006, 777), (SOL, 8, 1)];
    for (level, name, value) in options {
        assert_eq!(set(door, level, name, value), Ok(0));
    }
    assert_eq!(set(door, TCP, 1, 1), Ok(0));
    let _client = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    let s = accept(door).unwrap_or_else(|error| panic!("{error}"));
    for (level, name, value) in options {
        assert_eq!(get(s, level, name), Ok(value), "{name:#x}");
    }
    assert_eq!(get(s, TCP, 1), Ok(1));
    close(s);
    close(door);
}

#[test]
fn sock_009_sockets_of_a_thread_that_are_not_overlapped() {
    start();
    std::thread::spawn(|| {
        assert_eq!(set(INVALID_SOCKET, SOL, 0x7008, 0x20), Ok(0));
        assert_eq!(get(INVALID_SOCKET, SOL, 0x7008), Ok(0x20));
        let s = tcp();
        let nothing = ptr::without_provenance_mut(usize::MAX);
        // SAFETY: it has no preconditions.
        unsafe {
            use iocp::ioapiset::CreateIoCompletionPort;
            let port = CreateIoCompletionPort(nothing, ptr::null_mut(), 0, 0);
            let file = ptr::without_provenance_mut(s);
            assert!(CreateIoCompletionPort(file, port, 1, 0).is_null());
        }
        assert_eq!(last_error(), 87);
        close(s);
    })
    .join()
    .unwrap_or_else(|_| panic!("the thread failed"));
    assert_eq!(get(INVALID_SOCKET, SOL, 0x7008), Ok(0), "another thread's is another");
}

#[test]
fn sock_139_protocol_information() {
    start();
    for (af, kind, protocol, flags) in
        [(2, 1, 6, 0x2_0066), (2, 2, 17, 0x2_0609), (23, 1, 6, 0x2_0066), (23, 2, 17, 0x2_0609)]
    {
        // SAFETY: writable for the lengths told.
        unsafe {
            let s = iocp_socket(af, kind, protocol);
            let mut narrow: WSAPROTOCOL_INFOA = mem::zeroed();
            let mut len = 372;
            let pointer = (&raw mut narrow).cast();
            assert_eq!(outcome(|| iocp_getsockopt(s, SOL, 0x2004, pointer, &mut len)), Ok(0));
            let triple = (narrow.iAddressFamily, narrow.iSocketType, narrow.iProtocol);
            assert_eq!((len, triple), (372, (af, kind, protocol)));
            assert_eq!((narrow.dwServiceFlags1, narrow.ProtocolChain.ChainLen), (flags, 1));
            len = 100;
            assert_eq!(outcome(|| iocp_getsockopt(s, SOL, 0x2004, pointer, &mut len)), Err(10014));
            assert_eq!(len, 372);
            let mut wide: WSAPROTOCOL_INFOW = mem::zeroed();
            let (pointer, mut len) = ((&raw mut wide).cast(), 628);
            assert_eq!(outcome(|| iocp_getsockopt(s, SOL, 0x2005, pointer, &mut len)), Ok(0));
            assert_eq!(wide.szProtocol[0], narrow.szProtocol[0] as u16);
            close(s);
            let s = WSASocketA(-1, -1, -1, &narrow, 0, 1);
            assert_eq!(get(s, SOL, 0x1008), Ok(kind as u32));
            close(s);
        }
    }
}

#[test]
fn sock_139_protocols_listed() {
    start();
    let mut len = 0;
    // SAFETY: valid lists and lengths, and room as told.
    unsafe {
        let none = ptr::null_mut();
        assert_eq!(outcome(|| WSAEnumProtocolsA(ptr::null(), none, &mut len)), Err(10055));
        let mut all = vec![mem::zeroed::<WSAPROTOCOL_INFOA>(); len as usize / 372];
        let count = outcome(|| WSAEnumProtocolsA(ptr::null(), all.as_mut_ptr(), &mut len));
        assert_eq!(count, Ok(all.len() as i32));
        let wanted = [0xDEAD, 6, 0xCAFE, 0];
        let mut some = vec![mem::zeroed::<WSAPROTOCOL_INFOW>(); 8];
        let mut len = 8 * 628;
        let count = outcome(|| WSAEnumProtocolsW(wanted.as_ptr(), some.as_mut_ptr(), &mut len));
        assert_eq!(count, Ok(2));
        assert!(some[..2].iter().all(|info| info.iProtocol == 6));
    }
}

fn control(s: SOCKET, code: u32, input: &[u8], room: usize) -> (Result<Vec<u8>, i32>, u32) {
    let (mut output, mut bytes) = (vec![0u8; room], 0x5EED);
    let pointer = |len, start| if len == 0 { ptr::null() } else { start };
    // SAFETY: memory of the sizes told.
    let result = outcome(|| unsafe {
        WSAIoctl(
            s,
            code,
            pointer(input.len(), input.as_ptr()).cast(),
            input.len() as u32,
            if room == 0 { ptr::null_mut() } else { output.as_mut_ptr().cast() },
            room as u32,
            &mut bytes,
            ptr::null_mut(),
            None,
        )
    });
    (result.map(|_| output), bytes)
}

#[test]
fn sock_130_sock_131_simple_ioctls() {
    start();
    let (s, mut peer) = pair();
    // SAFETY: a bad pointer is refused.
    let result = outcome(|| unsafe { ioctlsocket(s, FIONBIO, ptr::without_provenance_mut(8)) });
    assert_eq!(result, Err(10014));
    assert_eq!(control(s, 0x8004_667E, &1u32.to_le_bytes(), 0), (Ok(vec![]), 0));
    assert_eq!(recv(s, 4), Err(10035));
    set_nonblocking(s, 0);
    peer.write_all(b"12345").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recv(s, 1), Ok(b"1".to_vec()));
    assert_eq!(control(s, 0x4004_667F, &[], 4), (Ok(4u32.to_le_bytes().to_vec()), 4));
    assert_eq!(control(s, 0x4004_667F, &[], 3), (Err(10014), 0x5EED));
    assert_eq!(control(s, 0x4004_7307, &[], 4), (Ok(1u32.to_le_bytes().to_vec()), 4));
    assert_eq!(control(s, 0x4800_0022, &[], 8), (Ok(s.to_le_bytes().to_vec()), 8));
    assert_eq!(control(s, 0xDEAD_BEEF, &[], 0), (Err(10045), 0));
    assert_eq!(control(INVALID_SOCKET, 0x4004_667F, &[], 4).0, Err(10038));
    close(s);
}

#[test]
fn sock_132_keep_alive_values() {
    start();
    let s = tcp();
    let bytes = |onoff: u32, time: u32, interval: u32| {
        [onoff, time, interval].map(u32::to_le_bytes).concat()
    };
    assert_eq!(mem::size_of::<tcp_keepalive>(), 12);
    assert_eq!(control(s, 0x9800_0004, &bytes(1, 60_500, 1000), 0), (Ok(vec![]), 0));
    assert_eq!((get(s, SOL, 8), get(s, TCP, 3), get(s, TCP, 17)), (Ok(1), Ok(61), Ok(1)));
    assert_eq!(control(s, 0x9800_0004, &bytes(1, 1000, 0), 0), (Ok(vec![]), 0));
    assert_eq!(control(s, 0x9800_0004, &bytes(0, 0, 0), 0), (Ok(vec![]), 0));
    assert_eq!(get(s, SOL, 8), Ok(0));
    assert_eq!(control(s, 0x9800_0004, &[0; 11], 0), (Err(10014), 0));
    assert_eq!(control(s, 0x9800_0004, &[], 0), (Err(10014), 0));
    close(s);
}

#[test]
fn sock_117_reports_of_unreachable_ports_can_be_switched_off() {
    start();
    let s = udp();
    let off = 0u32.to_le_bytes();
    assert_eq!(control(s, 0x9800_000C, &off, 0), (Ok(vec![]), 0));
    assert_eq!(bind(s, &loopback(0)), Ok(0));
    set_nonblocking(s, 1);
    let dead = loopback(closed_port());
    let (data, to) = (b"x".as_ptr().cast(), (&raw const dead).cast());
    for _ in 0..3 {
        // SAFETY: readable for the lengths told.
        let result =
            outcome(|| unsafe { iocp::winsock2::transfer::iocp_sendto(s, data, 1, 0, to, 16) });
        assert_eq!(result, Ok(1));
        assert_eq!(recv(s, 4), Err(10035));
    }
    close(s);
}

#[test]
fn sock_128_an_overlapped_ioctl_reports() {
    start();
    let (port, s, mut ov) = (Port::new(), tcp(), overlapped());
    port.add(s, 7);
    let mut bytes = 0x5EED;
    let mut values = [1u32, 1000, 1000];
    let input = values.as_mut_ptr().cast();
    // SAFETY: memory of the sizes told; the OVERLAPPED outlives the operation.
    let result = outcome(|| unsafe {
        WSAIoctl(s, 0x9800_0004, input, 12, ptr::null_mut(), 0, &mut bytes, &mut *ov, None)
    });
    assert_eq!(result, Ok(0));
    assert_eq!(port.packet(), (Ok(()), 0, 7, address_of(&ov)));
    assert_eq!((ov.Internal, ov.InternalHigh), (0, 0));
    // SAFETY: null is refused.
    let result = outcome(|| unsafe {
        let none = ptr::null_mut();
        WSAIoctl(s, 0x9800_0004, input, 12, none, 0, ptr::null_mut(), &mut *ov, None)
    });
    assert_eq!(result, Err(10014));
    assert!(port.is_quiet());
    close(s);
}

#[test]
fn sock_001_byte_order_of_a_socket() {
    start();
    let (s, mut long, mut short) = (tcp(), 0, 0);
    // SAFETY: valid places, or refused.
    unsafe {
        assert_eq!(outcome(|| WSAHtonl(s, 0x1234_5678, &mut long)), Ok(0));
        assert_eq!(long, 0x7856_3412);
        assert_eq!(outcome(|| WSANtohl(s, 0x1234_5678, &mut long)), Ok(0));
        assert_eq!(outcome(|| WSAHtons(s, 0x1234, &mut short)), Ok(0));
        assert_eq!(short, 0x3412);
        assert_eq!(outcome(|| WSANtohs(s, 0x1234, &mut short)), Ok(0));
        assert_eq!(outcome(|| WSAHtons(s, 1, ptr::null_mut())), Err(10014));
        assert_eq!(outcome(|| WSAHtons(INVALID_SOCKET, 1, &mut short)), Err(10038));
    }
    close(s);
}

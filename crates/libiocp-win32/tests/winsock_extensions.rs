//! AcceptEx, ConnectEx and DisconnectEx.
#![allow(unsafe_code)]

mod winsock_support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ptr;

use iocp::mswsock::{AcceptEx, ConnectEx, DisconnectEx, GetAcceptExSockaddrs};
use iocp::types::OVERLAPPED;
use iocp::winsock2::accept::iocp_accept;
use iocp::winsock2::address::iocp_getpeername;
use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::open::WSASocketA;
use iocp::winsock2::overlapped::WSAGetOverlappedResult;
use iocp::winsock2::sockopt::iocp_setsockopt;
use iocp::winsock2::types::{SOCKADDR, SOCKADDR_IN, SOCKET};
use winsock_support::*;

const UNTOUCHED: u32 = 0x5EED;
const KEY: usize = 42;

fn expect<T>(result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
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
fn sock_065_a_silent_peer_times_out() {
    start();
    let (port, s, door, mut ov) = (Port::new(), tcp(), tcp(), overlapped());
    assert_eq!(bind(door, &loopback(0)), Ok(0));
    // SAFETY: it has no preconditions.
    assert_eq!(outcome(|| unsafe { iocp::winsock2::address::iocp_listen(door, 0) }), Ok(0));
    let to = local(door);
    // Nobody accepts: when the queue is full the kernel does not answer any more.
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let client = tcp();
        set_nonblocking(client, 1);
        let _ = connect(client, &to);
        waiting.push(client);
    }
    assert_eq!(bind(s, &loopback(0)), Ok(0));
    port.add(s, KEY);
    // One retransmission instead of the five that take a minute.
    let (mut parameters, mut bytes) = ([0xFFu8, 0xFF, 1, 0], 0);
    let input = parameters.as_mut_ptr().cast();
    // SAFETY: memory of the sizes told.
    let result = outcome(|| unsafe {
        let none = ptr::null_mut();
        iocp::winsock2::ioctl::WSAIoctl(
            s,
            0x9800_0011,
            input,
            4,
            none,
            0,
            &mut bytes,
            none.cast(),
            None,
        )
    });
    assert_eq!(result, Ok(0));
    assert_eq!(connect_ex(s, &to, b"", &mut *ov), Err(PENDING));
    assert_eq!(port.packet(), (Err(121), 0, KEY, address_of(&ov)));
    assert_eq!(ov.Internal, 0xC000_00B5);
    let (mut bytes, mut flags) = (0, 0);
    // SAFETY: the OVERLAPPED and the places are valid.
    let result = unsafe { WSAGetOverlappedResult(s, &mut *ov, &mut bytes, 0, &mut flags) };
    assert_eq!((result, last_error()), (0, 10060));
    for s in waiting.into_iter().chain([s, door]) {
        close(s);
    }
}

#[test]
fn sock_172_local_sockets_connect_and_accept_overlapped() {
    start();
    let path = std::env::temp_dir().join(format!("libiocp-overlapped-{}", std::process::id()));
    let (mut name, mut nobody) = ([0u8; 110], [0u8; 110]);
    (name[0], nobody[0]) = (1, 1);
    let text = path.to_string_lossy().into_owned();
    name[2..2 + text.len()].copy_from_slice(text.as_bytes());
    let (port, mut ovs) = (Port::new(), [overlapped(), overlapped()]);
    // SAFETY: readable for the lengths told; all outlives the operations.
    unsafe {
        use iocp::winsock2::address::iocp_bind;
        let [door, acceptor, s, other] =
            std::array::from_fn(|_| WSASocketA(1, 1, 0, ptr::null(), 0, 1));
        assert_eq!(outcome(|| iocp_bind(door, name.as_ptr().cast(), 110)), Ok(0));
        for unnamed in [s, other] {
            assert_eq!(outcome(|| iocp_bind(unnamed, nobody.as_ptr().cast(), 110)), Ok(0));
        }
        assert_eq!(listen(door), Ok(0));
        port.add(door, KEY);
        port.add(s, KEY + 1);
        let mut area = [0u8; 256];
        let lengths = [0, 128, 128];
        assert_eq!(accept_ex(door, acceptor, &mut area, lengths, &mut *ovs[0]), Err(PENDING));
        let (mut bytes, none) = (0, ptr::null());
        ConnectEx(s, name.as_ptr().cast(), 110, none, 0, &mut bytes, &mut *ovs[1]);
        let mut packets = [port.packet(), port.packet()];
        packets.sort_by_key(|packet| packet.2);
        assert_eq!(packets[0], (Ok(()), 0, KEY, address_of(&ovs[0])));
        assert_eq!(packets[1], (Ok(()), 0, KEY + 1, address_of(&ovs[1])));
        assert_eq!(send(s, b"hi"), Ok(2));
        assert_eq!(recv(acceptor, 4), Ok(b"hi".to_vec()));
        for s in [door, acceptor, s, other] {
            close(s);
        }
    }
    assert!(std::fs::remove_file(&path).is_ok());
}

#[test]
fn sock_093_what_did_not_fit_is_next_in_line() {
    start();
    let (port, (door, address), acceptor) = (Port::new(), listener(), tcp());
    port.add(door, KEY);
    let (mut area, mut ov) = ([0u8; 16 + 64], overlapped());
    for lengths in [[0, 32, 3], [16, 20, 32]] {
        assert_eq!(accept_ex(door, acceptor, &mut area, lengths, &mut *ov), Err(PENDING));
        let mut client = expect(TcpStream::connect(address));
        expect(client.write_all(b"first"));
        assert_eq!(port.packet(), (Err(122), 0, KEY, address_of(&ov)));
        let _later = expect(TcpStream::connect(address));
        let taker = tcp();
        let result = accept_ex(door, taker, &mut area, [16, 32, 32], &mut *ov);
        assert!(matches!(result, Ok(5) | Err(PENDING)), "{result:?}");
        assert_eq!(port.packet(), (Ok(()), 5, KEY, address_of(&ov)));
        assert_eq!(&area[..5], b"first");
        let next = accept(door).unwrap_or_else(|error| panic!("{error}"));
        close(next);
        close(taker);
    }
    close(acceptor);
    close(door);
}

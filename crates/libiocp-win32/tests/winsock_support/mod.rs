//! The vocabulary of the Winsock tests: real sockets on one side, `std::net` on the other.
#![allow(unsafe_code, dead_code, unreachable_pub)]

use std::ffi::c_void;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::ptr;

use iocp::ioapiset::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use iocp::types::OVERLAPPED;
use iocp::winsock2::accept::iocp_accept;
use iocp::winsock2::address::{iocp_bind, iocp_getsockname, iocp_listen};
use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::connect::iocp_connect;
use iocp::winsock2::ioctl::{WSAIoctl, ioctlsocket};
use iocp::winsock2::open::{closesocket, iocp_socket};
use iocp::winsock2::startup::{WSAGetLastError, WSASetLastError, WSAStartup};
use iocp::winsock2::transfer::{iocp_recv, iocp_send};
use iocp::winsock2::types::{IN_ADDR, SOCKADDR_IN, SOCKET, WSABUF};

pub const FIONBIO: i32 = 0x8004_667E_u32 as i32;
pub const PENDING: i32 = 997;
/// Generous: what a test waits for comes at once or not at all.
const LIMIT_MS: u32 = 10_000;

/// Starts Winsock; every test does.
pub fn start() {
    // SAFETY: all zeroes is a valid WSADATA, and the pointer is valid.
    unsafe {
        let mut data = mem::zeroed();
        assert_eq!(WSAStartup(0x0202, &mut data), 0);
    }
}

pub fn last_error() -> i32 {
    // SAFETY: it has no preconditions.
    unsafe { WSAGetLastError() }
}

/// The result of a call that fails with -1, or its error.
pub fn outcome(call: impl FnOnce() -> i32) -> Result<i32, i32> {
    // SAFETY: it has no preconditions.
    unsafe { WSASetLastError(0x5EED) };
    match call() {
        -1 => Err(last_error()),
        result => {
            assert!(matches!(last_error(), 0 | 0x5EED), "last error {}", last_error());
            Ok(result)
        }
    }
}

pub fn socket(kind: i32) -> SOCKET {
    // SAFETY: it has no preconditions.
    let s = unsafe { iocp_socket(2, kind, 0) };
    assert_ne!(s, INVALID_SOCKET, "error {}", last_error());
    s
}

pub fn tcp() -> SOCKET {
    socket(1)
}

pub fn udp() -> SOCKET {
    socket(2)
}

pub fn ipv4(address: Ipv4Addr, port: u16) -> SOCKADDR_IN {
    SOCKADDR_IN {
        sin_family: 2,
        sin_port: port.to_be(),
        sin_addr: IN_ADDR { s_addr: u32::from_ne_bytes(address.octets()) },
        sin_zero: [0; 8],
    }
}

pub fn loopback(port: u16) -> SOCKADDR_IN {
    ipv4(Ipv4Addr::LOCALHOST, port)
}

pub fn bind(s: SOCKET, address: &SOCKADDR_IN) -> Result<i32, i32> {
    // SAFETY: a valid address of the length told.
    outcome(|| unsafe { iocp_bind(s, (&raw const *address).cast(), 16) })
}

pub fn listen(s: SOCKET) -> Result<i32, i32> {
    // SAFETY: it has no preconditions.
    outcome(|| unsafe { iocp_listen(s, 0x7FFF_FFFF) })
}

pub fn connect(s: SOCKET, address: &SOCKADDR_IN) -> Result<i32, i32> {
    // SAFETY: a valid address of the length told.
    outcome(|| unsafe { iocp_connect(s, (&raw const *address).cast(), 16) })
}

pub fn accept(s: SOCKET) -> Result<SOCKET, i32> {
    // SAFETY: no address is asked for.
    match unsafe { iocp_accept(s, ptr::null_mut(), ptr::null_mut()) } {
        INVALID_SOCKET => Err(last_error()),
        connection => Ok(connection),
    }
}

pub fn send(s: SOCKET, data: &[u8]) -> Result<i32, i32> {
    // SAFETY: readable for its length.
    outcome(|| unsafe { iocp_send(s, data.as_ptr().cast(), data.len() as i32, 0) })
}

pub fn recv(s: SOCKET, room: usize) -> Result<Vec<u8>, i32> {
    let mut data = vec![0u8; room];
    // SAFETY: writable for its length.
    let count =
        outcome(|| unsafe { iocp_recv(s, data.as_mut_ptr().cast(), data.len() as i32, 0) })?;
    data.truncate(count as usize);
    Ok(data)
}

pub fn close(s: SOCKET) {
    // SAFETY: it has no preconditions.
    assert_eq!(outcome(|| unsafe { closesocket(s) }), Ok(0));
}

pub fn set_nonblocking(s: SOCKET, value: u32) {
    let mut value = value;
    // SAFETY: a valid argument.
    assert_eq!(outcome(|| unsafe { ioctlsocket(s, FIONBIO, &mut value) }), Ok(0));
}

/// The address a socket is bound to.
pub fn local(s: SOCKET) -> SOCKADDR_IN {
    let (mut address, mut len) = (SOCKADDR_IN::default(), 16);
    let name = (&raw mut address).cast();
    // SAFETY: writable for the length told.
    assert_eq!(outcome(|| unsafe { iocp_getsockname(s, name, &mut len) }), Ok(0));
    assert_eq!((address.sin_family, len), (2, 16));
    address
}

pub fn port_of(s: SOCKET) -> u16 {
    u16::from_be(local(s).sin_port)
}

/// A listening socket of ours.
pub fn listener() -> (SOCKET, SocketAddr) {
    let s = tcp();
    assert_eq!(bind(s, &loopback(0)), Ok(0));
    assert_eq!(listen(s), Ok(0));
    (s, SocketAddrV4::new(Ipv4Addr::LOCALHOST, port_of(s)).into())
}

/// A connection of ours and its peer.
pub fn pair() -> (SOCKET, TcpStream) {
    let door = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let port = door.local_addr().map_or(0, |address| address.port());
    let s = tcp();
    assert_eq!(connect(s, &loopback(port)), Ok(0));
    let (peer, _) = door.accept().unwrap_or_else(|error| panic!("{error}"));
    (s, peer)
}

/// A port nobody listens on.
pub fn closed_port() -> u16 {
    let door = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    door.local_addr().map_or(0, |address| address.port())
}

/// A completion port.
#[derive(Clone, Copy)]
pub struct Port(*mut c_void);

/// A packet: success or the error, bytes, key, OVERLAPPED.
pub type Packet = (Result<(), i32>, u32, usize, usize);

impl Port {
    pub fn new() -> Port {
        let nothing = ptr::without_provenance_mut(usize::MAX);
        // SAFETY: it has no preconditions.
        let port = unsafe { CreateIoCompletionPort(nothing, ptr::null_mut(), 0, 0) };
        assert!(!port.is_null());
        Port(port)
    }

    pub fn add(self, s: SOCKET, key: usize) {
        let file = ptr::without_provenance_mut(s);
        // SAFETY: it has no preconditions.
        assert_eq!(unsafe { CreateIoCompletionPort(file, self.0, key, 0) }, self.0);
    }

    pub fn packet(self) -> Packet {
        self.take(LIMIT_MS).unwrap_or_else(|| panic!("no packet came"))
    }

    /// No packet is there now.
    pub fn is_quiet(self) -> bool {
        self.take(0).is_none()
    }

    fn take(self, milliseconds: u32) -> Option<Packet> {
        let (mut bytes, mut key, mut overlapped) = (0, 0, ptr::null_mut());
        // SAFETY: three valid places.
        let result = unsafe {
            GetQueuedCompletionStatus(self.0, &mut bytes, &mut key, &mut overlapped, milliseconds)
        };
        let status = if result != 0 { Ok(()) } else { Err(last_error()) };
        if overlapped.is_null() {
            assert_eq!(status, Err(258));
            return None;
        }
        Some((status, bytes, key, overlapped.addr()))
    }
}

/// An OVERLAPPED that stays where it is.
pub fn overlapped() -> Box<OVERLAPPED> {
    Box::new(OVERLAPPED {
        Internal: 0x5A5A,
        InternalHigh: 0x5A5A,
        Offset: 0,
        OffsetHigh: 0,
        hEvent: ptr::null_mut(),
    })
}

pub fn address_of(overlapped: &OVERLAPPED) -> usize {
    ptr::from_ref(overlapped).addr()
}

pub fn buffer(memory: &mut [u8]) -> WSABUF {
    WSABUF { len: memory.len() as u32, buf: memory.as_mut_ptr().cast() }
}

/// The address of an extension function.
pub fn extension(s: SOCKET, guid: [u8; 16]) -> Result<*const c_void, i32> {
    let (mut function, mut bytes) = (ptr::null::<c_void>(), 0x5A5A);
    // SAFETY: valid memory of the sizes told.
    outcome(|| unsafe {
        WSAIoctl(
            s,
            0xC800_0006,
            guid.as_ptr().cast(),
            16,
            (&raw mut function).cast(),
            8,
            &mut bytes,
            ptr::null_mut(),
            None,
        )
    })?;
    assert_eq!(bytes, 8);
    Ok(function)
}

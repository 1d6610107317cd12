//! `connect` and `WSAConnect`.

use std::ffi::c_void;
use std::os::fd::RawFd;

use libiocp::device::Phase;
use libiocp::engine::Address;

use super::codes::{
    AF_UNIX, AF_UNSPEC, SO_BROADCAST, SO_ERROR, SOL_SOCKET, WSAEACCES, WSAEADDRNOTAVAIL,
    WSAEALREADY, WSAEFAULT, WSAEINVAL, WSAEISCONN, WSAEWOULDBLOCK,
};
use super::endpoint::{Endpoint, code, find};
use super::startup::call;
use super::types::{SOCKADDR, SOCKET, WSABUF};
use crate::sockaddr::{self, is_bad, is_unspecified, tcp_port};

fn set_broadcast(fd: RawFd, value: i32) {
    let pointer = (&raw const value).cast();
    // SAFETY: the value is readable for its length.
    unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_BROADCAST, pointer, 4) };
}

/// Sets the default peer of a datagram socket, or takes it away.
fn connect_datagrams(endpoint: &Endpoint, address: &Address) -> Result<(), u32> {
    let socket = endpoint.socket();
    if is_unspecified(address) {
        return socket.dissolve().map_err(code);
    }
    let outcome = socket.connect(endpoint.file.engine(), address).map_err(code);
    if outcome != Err(WSAEACCES) {
        return outcome;
    }
    // To a broadcast address one may connect, if not send, without the option.
    let _ = socket.with_fd(|fd| set_broadcast(fd, 1));
    let outcome = socket.connect(endpoint.file.engine(), address).map_err(code);
    let value = endpoint.stored(SOL_SOCKET, SO_BROADCAST).unwrap_or(0);
    let _ = socket.with_fd(|fd| set_broadcast(fd, value as i32));
    outcome
}

/// Whether a stream may be connected now, and to this address.
fn check(endpoint: &Endpoint, address: &Address) -> Result<(), u32> {
    let is_own_attempt = endpoint.connecting_to().is_some();
    endpoint.settle_connecting();
    match endpoint.phase() {
        Phase::Connected if endpoint.is_without_context() => return Err(WSAEINVAL),
        Phase::Connected => return Err(WSAEISCONN),
        Phase::Connecting if is_own_attempt => return Err(WSAEALREADY),
        Phase::Connecting | Phase::Accepting | Phase::Listening => return Err(WSAEINVAL),
        Phase::Fresh | Phase::Bound => {}
    }
    let is_nowhere = is_unspecified(address) || tcp_port(address) == 0;
    if endpoint.family() != AF_UNIX && is_nowhere { Err(WSAEADDRNOTAVAIL) } else { Ok(()) }
}

/// # Safety
/// `name` is readable for `namelen` bytes when not null.
unsafe fn connect(s: SOCKET, name: *const SOCKADDR, namelen: i32) -> Result<i32, u32> {
    let endpoint = find(s)?;
    if is_bad(name) || namelen < 2 {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract, for the family's two bytes.
    let family = i32::from(unsafe { name.cast::<u16>().read_unaligned() });
    if !endpoint.is_stream() && family == AF_UNSPEC {
        endpoint.socket().dissolve().map_err(code)?;
        return Ok(0);
    }
    // SAFETY: this function's contract.
    let address = unsafe { sockaddr::read(name.cast(), namelen, endpoint.family()) }?;
    if !endpoint.is_stream() {
        connect_datagrams(&endpoint, &address)?;
        return Ok(0);
    }
    check(&endpoint, &address)?;
    endpoint.set_connecting_to(Some(&address));
    let outcome = endpoint.socket().connect(endpoint.file.engine(), &address).map_err(code);
    if outcome != Err(WSAEWOULDBLOCK) {
        endpoint.set_connecting_to(None);
    }
    if outcome.is_ok() {
        endpoint.store(SOL_SOCKET, SO_ERROR, 0);
    }
    outcome.map(|()| 0)
}

/// `connect`: connects a stream, or sets the default peer of a datagram socket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_connect(s: SOCKET, name: *const SOCKADDR, namelen: i32) -> i32 {
    // SAFETY: the caller's promise: readable for the length given.
    call(|| unsafe { connect(s, name, namelen) })
}

/// `WSAConnect`: as `connect`. The transports here carry no data with a connection and know
/// no quality of service.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAConnect(
    s: SOCKET,
    name: *const SOCKADDR,
    namelen: i32,
    _lpCallerData: *const WSABUF,
    _lpCalleeData: *mut WSABUF,
    _lpSQOS: *const c_void,
    _lpGQOS: *const c_void,
) -> i32 {
    // SAFETY: the caller's promise: readable for the length given.
    call(|| unsafe { connect(s, name, namelen) })
}

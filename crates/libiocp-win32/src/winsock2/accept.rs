//! `accept` and `WSAAccept`.

use std::ffi::c_char;
use std::ptr;

use libiocp::device::Socket;
use libiocp::engine::Address;

use super::codes::{WSAECONNREFUSED, WSAEFAULT, WSAEINVAL, WSATRY_AGAIN};
use super::endpoint::{Endpoint, code, find};
use super::open::{give, insert};
use super::sockopt;
use super::types::{SOCKADDR, SOCKET, WSABUF};
use crate::sockaddr::{self, LONGEST, is_bad, least_length};

const CF_ACCEPT: i32 = 0;
const CF_REJECT: i32 = 1;
const CF_DEFER: i32 = 2;

/// `LPCONDITIONPROC`: looks at a connection and says what becomes of it.
pub type ConditionProc = unsafe extern "C" fn(
    lpCallerId: *mut WSABUF,
    lpCallerData: *mut WSABUF,
    lpSQOS: *mut std::ffi::c_void,
    lpGQOS: *mut std::ffi::c_void,
    lpCalleeId: *mut WSABUF,
    lpCalleeData: *mut WSABUF,
    g: *mut u32,
    dwCallbackData: usize,
) -> i32;

/// Whether the caller's buffer takes an address; a connection is not taken for one that
/// does not.
///
/// # Safety
/// `addrlen` is valid when it and `addr` are not null.
unsafe fn check_room(
    endpoint: &Endpoint,
    addr: *mut SOCKADDR,
    addrlen: *mut i32,
) -> Result<(), u32> {
    if addr.is_null() || addrlen.is_null() {
        return Ok(());
    }
    if is_bad(addr) || is_bad(addrlen) {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract.
    let room = unsafe { *addrlen };
    if room < least_length(endpoint.family()) as i32 { Err(WSAEFAULT) } else { Ok(()) }
}

/// Gives the connection a handle and tells its peer's address.
///
/// # Safety
/// As for [`check_room`], and `addr` is writable for `*addrlen` bytes.
unsafe fn hand_over(
    endpoint: &Endpoint,
    connection: Socket,
    addr: *mut SOCKADDR,
    addrlen: *mut i32,
) -> Result<SOCKET, u32> {
    let peer = connection.peer_address().unwrap_or_default();
    let s = insert(connection, endpoint.file.is_overlapped(), true)?;
    if !addr.is_null() && !addrlen.is_null() {
        // SAFETY: this function's contract.
        let _ = unsafe { sockaddr::write(&peer, addr.cast(), addrlen) };
    }
    Ok(s)
}

fn next(endpoint: &Endpoint) -> Result<Socket, u32> {
    endpoint.socket().accept(endpoint.file.engine()).map_err(code)
}

/// `accept`: takes a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_accept(s: SOCKET, addr: *mut SOCKADDR, addrlen: *mut i32) -> SOCKET {
    give(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: writable for the length given.
        unsafe {
            check_room(&endpoint, addr, addrlen)?;
            hand_over(&endpoint, next(&endpoint)?, addr, addrlen)
        }
    })
}

/// Asks the caller's condition about a connection.
///
/// # Safety
/// `condition` keeps the contract of `LPCONDITIONPROC`.
unsafe fn ask(connection: &Socket, condition: ConditionProc, data: usize) -> i32 {
    let mut group = 0;
    let mut buffers = [connection.peer_address(), connection.local_address()].map(|address| {
        let address = address.unwrap_or_default();
        if address == Address::default() {
            ([0; LONGEST], 0)
        } else {
            sockaddr::windows_bytes(&address)
        }
    });
    let mut views = buffers
        .each_mut()
        .map(|(bytes, len)| WSABUF { len: *len as u32, buf: bytes.as_mut_ptr().cast::<c_char>() });
    let [caller, callee] = &mut views;
    let nothing = ptr::null_mut();
    // SAFETY: this function's contract; the buffers outlive the call.
    unsafe {
        condition(
            caller,
            ptr::null_mut(),
            nothing,
            nothing,
            callee,
            ptr::null_mut(),
            &mut group,
            data,
        )
    }
}

/// `WSAAccept`: takes a connection if a condition, which may refuse it or put it off, agrees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAAccept(
    s: SOCKET,
    addr: *mut SOCKADDR,
    addrlen: *mut i32,
    lpfnCondition: Option<ConditionProc>,
    dwCallbackData: usize,
) -> SOCKET {
    give(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: writable for the length given.
        unsafe { check_room(&endpoint, addr, addrlen) }?;
        let connection = next(&endpoint)?;
        let answer = match lpfnCondition {
            // SAFETY: the caller's promise: a condition of the documented kind.
            Some(condition) => unsafe { ask(&connection, condition, dwCallbackData) },
            None => CF_ACCEPT,
        };
        match answer {
            // SAFETY: as above.
            CF_ACCEPT => unsafe { hand_over(&endpoint, connection, addr, addrlen) },
            CF_DEFER => {
                endpoint.socket().put_back(&connection);
                Err(WSATRY_AGAIN)
            }
            CF_REJECT => {
                let _ = connection.with_fd(|fd| sockopt::set_linger(fd, true));
                Err(WSAECONNREFUSED)
            }
            _ => {
                let _ = connection.with_fd(|fd| sockopt::set_linger(fd, true));
                Err(WSAEINVAL)
            }
        }
    })
}

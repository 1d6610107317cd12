//! `bind`, `listen`, `shutdown`, and the addresses of the two ends.

use super::endpoint::{code, find};
use super::sharing;
use super::sockopt;
use super::startup::call;
use super::types::{SOCKADDR, SOCKET};
use crate::sockaddr;

/// `bind`: gives a socket its own address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_bind(s: SOCKET, name: *const SOCKADDR, namelen: i32) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: readable for the length given.
        let address = unsafe { sockaddr::read(name.cast(), namelen, endpoint.family()) }?;
        sharing::bind(&endpoint, &address)?;
        Ok(0)
    })
}

/// `listen`: takes connections from now on. A negative backlog is a hint of that size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_listen(s: SOCKET, backlog: i32) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        endpoint.settle_connecting();
        let backlog = backlog.unsigned_abs().min(0xFFFF) as i32;
        endpoint.socket().listen(backlog).map_err(code)?;
        sockopt::prefer_first(&endpoint);
        Ok(0)
    })
}

/// `getsockname`: the socket's own address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getsockname(
    s: SOCKET,
    name: *mut SOCKADDR,
    namelen: *mut i32,
) -> i32 {
    call(|| {
        let address = find(s)?.socket().local_address().map_err(code)?;
        // SAFETY: the caller's promise: writable for the length given.
        unsafe { sockaddr::write(&address, name.cast(), namelen) }?;
        Ok(0)
    })
}

/// `getpeername`: the peer's address, also while a connection is being made or has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getpeername(
    s: SOCKET,
    name: *mut SOCKADDR,
    namelen: *mut i32,
) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        endpoint.settle_connecting();
        let address = match endpoint.connecting_to() {
            Some(address) => address,
            None => endpoint.socket().peer_address().map_err(code)?,
        };
        // SAFETY: the caller's promise: writable for the length given.
        unsafe { sockaddr::write(&address, name.cast(), namelen) }?;
        Ok(0)
    })
}

/// `shutdown`: ends receiving, sending or both. What is pending is not touched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_shutdown(s: SOCKET, how: i32) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        endpoint.settle_connecting();
        endpoint.socket().shutdown(endpoint.file.engine(), how).map_err(code)?;
        Ok(0)
    })
}

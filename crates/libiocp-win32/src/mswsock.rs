//! `mswsock.h`: accepting and connecting overlapped.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use libiocp::device::{AcceptedAddresses, Phase, Socket, SocketVerb, Verb};
use libiocp::engine::{Address, Buffer, Buffers};
use libiocp::status::Status;

use crate::errhandlingapi::set_last_error;
use crate::sockaddr::{self, is_bad, is_unspecified, least_length, tcp_port, windows_bytes};
use crate::types::{BOOL, FALSE, OVERLAPPED, TRUE};
use crate::winsock2::codes::*;
use crate::winsock2::endpoint::{Endpoint, code, find};
use crate::winsock2::overlapped::{Place, start};
use crate::winsock2::sockopt;
use crate::winsock2::startup::is_started;
use crate::winsock2::types::{SOCKADDR, SOCKET};

const SD_SEND: i32 = 1;

/// The function that a GUID, in memory order, stands for, as an address.
pub(crate) fn extension(guid: &[u8; 16]) -> Option<usize> {
    // The three numbers of a GUID are little-endian in memory.
    let first = u32::from_le_bytes([guid[0], guid[1], guid[2], guid[3]]);
    let rest = &guid[4..];
    const ACCEPT: [u8; 12] =
        [0xAC, 0xCB, 0xCF, 0x11, 0x95, 0xCA, 0x00, 0x80, 0x5F, 0x48, 0xA1, 0x92];
    const CONNECT: [u8; 12] =
        [0xF3, 0xDD, 0x60, 0x46, 0x8E, 0xE9, 0x76, 0xE5, 0x8C, 0x74, 0x06, 0x3E];
    const DISCONNECT: [u8; 12] =
        [0x30, 0x86, 0x6F, 0x43, 0xA0, 0x31, 0xF5, 0x36, 0xA6, 0xEE, 0xC1, 0x57];
    let address = match (first, rest) {
        (0xB536_7DF1, rest) if rest == ACCEPT => AcceptEx as *const c_void,
        (0xB536_7DF2, rest) if rest == ACCEPT => GetAcceptExSockaddrs as *const c_void,
        (0x25A2_07B9, rest) if rest == CONNECT => ConnectEx as *const c_void,
        (0x7FDA_2E11, rest) if rest == DISCONNECT => DisconnectEx as *const c_void,
        _ => return None,
    };
    Some(address.expose_provenance())
}

/// `TRUE`, or `FALSE` with the last error.
fn succeed(body: impl FnOnce() -> Result<i32, u32>) -> BOOL {
    let result = if is_started() { body() } else { Err(WSANOTINITIALISED) };
    set_last_error(result.err().unwrap_or(0));
    if result.is_ok() { TRUE } else { FALSE }
}

/// What `AcceptEx` and `ConnectEx` do before they look at anything else: also when they
/// refuse, the status says that they were asked.
///
/// # Safety
/// The OVERLAPPED is valid when not null.
unsafe fn begin(overlapped: *mut OVERLAPPED) -> Result<(), u32> {
    // SAFETY: this function's contract.
    let Some(overlapped) = (unsafe { overlapped.as_mut() }) else {
        return Err(WSA_INVALID_PARAMETER);
    };
    overlapped.Internal = Status::PENDING.0 as usize;
    Ok(())
}

/// How much longer than an address its area in the buffer of `AcceptEx` has to be.
const AREA_EXTRA: usize = 15;
/// What stands in front of an address in its area: its length.
const AREA_HEADER: usize = 4;

/// Where the two addresses of an accepted connection go.
struct Areas {
    local: *mut u8,
    local_size: usize,
    remote: *mut u8,
    remote_size: usize,
    acceptor: Arc<Socket>,
    family: i32,
}

// SAFETY: the areas are the caller's until the operation has finished, wherever that happens.
unsafe impl Send for Areas {}
// SAFETY: as above.
unsafe impl Sync for Areas {}

impl Areas {
    /// Whether an address does not fit. It is found out when a connection arrives, which
    /// then stays the next in line (SOCK-93).
    fn is_short(&self) -> bool {
        let least = least_length(self.family) + AREA_EXTRA;
        self.remote_size < least || (self.local_size != 0 && self.local_size < least)
    }

    /// # Safety
    /// `area` is writable for `size` bytes.
    unsafe fn write(area: *mut u8, size: usize, address: &Address) {
        let (bytes, len) = windows_bytes(address);
        let len = len.min(size - AREA_HEADER);
        // SAFETY: this function's contract; the header and the address fit.
        unsafe {
            area.cast::<[u8; AREA_HEADER]>().write((len as u32).to_ne_bytes());
            ptr::copy_nonoverlapping(bytes.as_ptr(), area.add(AREA_HEADER), len);
        }
    }
}

impl AcceptedAddresses for Areas {
    fn accepted(&self, local: &Address, peer: &Address) -> Result<(), Status> {
        // The descriptor below the acceptor is new: it knows nothing of its options.
        sockopt::reapply(&self.acceptor, self.family);
        if self.is_short() {
            return Err(Status::BUFFER_TOO_SMALL);
        }
        // SAFETY: the caller's promise: the buffer is writable, for all its parts, until the
        // operation has finished.
        unsafe {
            if self.local_size != 0 {
                Areas::write(self.local, self.local_size, local);
            }
            Areas::write(self.remote, self.remote_size, peer);
        }
        Ok(())
    }
}

/// `AcceptEx`: accepts a connection into a socket that has been made before, and waits for
/// its first data if there is room for any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AcceptEx(
    sListenSocket: SOCKET,
    sAcceptSocket: SOCKET,
    lpOutputBuffer: *mut c_void,
    dwReceiveDataLength: u32,
    dwLocalAddressLength: u32,
    dwRemoteAddressLength: u32,
    lpdwBytesReceived: *mut u32,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    succeed(|| {
        // SAFETY: the caller's promise: valid when not null.
        unsafe { begin(lpOverlapped) }?;
        let listener = find(sListenSocket)?;
        if listener.phase() != Phase::Listening {
            return Err(WSAEINVAL);
        }
        let acceptor = find(sAcceptSocket)?;
        if is_bad(lpOutputBuffer) || dwRemoteAddressLength == 0 {
            return Err(WSAEFAULT);
        }
        if acceptor.family() != listener.family() {
            return Err(WSAEINVAL);
        }
        let data = lpOutputBuffer.cast::<u8>();
        let (length, local_size) = (dwReceiveDataLength as usize, dwLocalAddressLength as usize);
        let areas = Areas {
            local: data.wrapping_add(length),
            local_size,
            remote: data.wrapping_add(length + local_size),
            remote_size: dwRemoteAddressLength as usize,
            acceptor: Arc::clone(acceptor.socket()),
            family: listener.family(),
        };
        // SAFETY: the caller's promise: the buffer is the operation's until it has finished.
        let first = (length > 0 && !areas.is_short())
            .then(|| Buffers::One(unsafe { Buffer::new(data, length) }));
        let verb = SocketVerb::accept(Arc::clone(acceptor.socket()), first, Box::new(areas));
        let count = Place(lpdwBytesReceived);
        // SAFETY: the caller's promise: the OVERLAPPED of a pending operation.
        unsafe {
            start(&listener, Verb::Socket(verb), lpOverlapped, |bytes| count.put(bytes as u32))
        }
    })
}

/// The address in an area of the buffer of `AcceptEx`.
///
/// # Safety
/// `area` is what `AcceptEx` filled; the places are valid for writes when not null.
unsafe fn decode(area: *mut u8, address: *mut *mut SOCKADDR, length: *mut i32) {
    // SAFETY: this function's contract.
    unsafe {
        let len = u32::from_ne_bytes(area.cast::<[u8; AREA_HEADER]>().read());
        if !address.is_null() {
            address.write(area.add(AREA_HEADER).cast());
        }
        if !length.is_null() {
            length.write(len as i32);
        }
    }
}

/// `GetAcceptExSockaddrs`: where in the buffer of `AcceptEx` the two addresses are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetAcceptExSockaddrs(
    lpOutputBuffer: *mut c_void,
    dwReceiveDataLength: u32,
    dwLocalAddressLength: u32,
    dwRemoteAddressLength: u32,
    LocalSockaddr: *mut *mut SOCKADDR,
    LocalSockaddrLength: *mut i32,
    RemoteSockaddr: *mut *mut SOCKADDR,
    RemoteSockaddrLength: *mut i32,
) {
    let local = lpOutputBuffer.cast::<u8>().wrapping_add(dwReceiveDataLength as usize);
    let remote = local.wrapping_add(dwLocalAddressLength as usize);
    // SAFETY: the caller's promise: the buffer and the lengths of a finished `AcceptEx`.
    unsafe {
        if dwLocalAddressLength != 0 {
            decode(local, LocalSockaddr, LocalSockaddrLength);
        }
        if dwRemoteAddressLength != 0 {
            decode(remote, RemoteSockaddr, RemoteSockaddrLength);
        }
    }
}

/// Whether a stream may be connected to this address.
fn check_destination(endpoint: &Endpoint, address: &Address) -> Result<(), u32> {
    let is_nowhere = is_unspecified(address) || tcp_port(address) == 0;
    if endpoint.family() != AF_UNIX && is_nowhere { Err(WSAEADDRNOTAVAIL) } else { Ok(()) }
}

/// The state that refuses a connect before its address is looked at.
fn check_connectable(endpoint: &Endpoint) -> Result<(), u32> {
    if !endpoint.is_stream() {
        return Err(WSAEOPNOTSUPP);
    }
    match endpoint.phase() {
        Phase::Bound => Ok(()),
        Phase::Connected => Err(WSAEISCONN),
        _ => Err(WSAEINVAL),
    }
}

/// `ConnectEx`: connects a bound stream, and sends its first data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConnectEx(
    s: SOCKET,
    name: *const SOCKADDR,
    namelen: i32,
    lpSendBuffer: *const c_void,
    dwSendDataLength: u32,
    lpdwBytesSent: *mut u32,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    succeed(|| {
        // SAFETY: the caller's promise: valid when not null.
        unsafe { begin(lpOverlapped) }?;
        let endpoint = find(s)?;
        endpoint.settle_connecting();
        check_connectable(&endpoint)?;
        // SAFETY: the caller's promise: readable for the length given.
        let address = unsafe { sockaddr::read(name.cast(), namelen, endpoint.family()) }?;
        check_destination(&endpoint, &address)?;
        endpoint.set_without_context(true);
        let data: Box<[u8]> = if lpSendBuffer.is_null() || dwSendDataLength == 0 {
            Box::default()
        } else {
            let length = dwSendDataLength as usize;
            // SAFETY: the caller's promise: readable for the length given.
            unsafe { std::slice::from_raw_parts(lpSendBuffer.cast::<u8>(), length) }.into()
        };
        let verb = Verb::Socket(SocketVerb::connect(address, data));
        let count = Place(lpdwBytesSent);
        // SAFETY: the caller's promise: the OVERLAPPED of a pending operation.
        unsafe { start(&endpoint, verb, lpOverlapped, |bytes| count.put(bytes as u32)) }
    })
}

/// `DisconnectEx`: says that nothing more will be sent, and with `TF_REUSE_SOCKET` makes the
/// socket new. With an OVERLAPPED it always pends; without one it is waited for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DisconnectEx(
    s: SOCKET,
    lpOverlapped: *mut OVERLAPPED,
    dwFlags: u32,
    dwReserved: u32,
) -> BOOL {
    succeed(|| {
        let endpoint = find(s)?;
        if dwReserved != 0 || dwFlags & !TF_REUSE_SOCKET != 0 {
            return Err(WSAEINVAL);
        }
        endpoint.settle_connecting();
        if !endpoint.is_stream() || endpoint.phase() != Phase::Connected {
            return Err(WSAENOTCONN);
        }
        let reuses = dwFlags & TF_REUSE_SOCKET != 0;
        if lpOverlapped.is_null() && !reuses {
            endpoint.socket().shutdown(endpoint.file.engine(), SD_SEND).map_err(code)?;
            return Ok(0);
        }
        let verb = Verb::Socket(SocketVerb::Disconnect { reuses });
        if lpOverlapped.is_null() {
            let (status, _) = endpoint.run(verb);
            return if status.is_success() { Ok(0) } else { Err(status.wsa()) };
        }
        // SAFETY: the caller's promise: the OVERLAPPED of a pending operation.
        unsafe { start(&endpoint, verb, lpOverlapped, |_| {}) }
    })
}

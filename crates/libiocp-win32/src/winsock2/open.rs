//! `socket`, `WSASocket` and `closesocket`.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use libiocp::device::{Device, Socket};
use libiocp::file::File;
use libiocp::handle::{Close, Handle};
use libiocp::object::Object;
use libiocp::status::Status;
use libiocp::sync::Deadline;
use libiocp::system::PROTECT_FROM_CLOSE;

use super::codes::*;
use super::endpoint::{Endpoint, code, find, forget, remember};
use super::sockopt;
use super::startup::{call, is_started};
use super::types::{SOCKET, WSAPROTOCOL_INFO, WSAPROTOCOL_INFOA, WSAPROTOCOL_INFOW};
use crate::errhandlingapi::set_last_error;
use crate::kernel::{engine, system};
use crate::sockaddr::kernel_family;

const FROM_PROTOCOL_INFO: i32 = -1;
const MULTIPOINT_FLAGS: u32 = 0x1E;
const ACCESS_SYSTEM_SECURITY: u32 = 0x40;
const ALL_FLAGS: u32 = WSA_FLAG_OVERLAPPED
    | MULTIPOINT_FLAGS
    | ACCESS_SYSTEM_SECURITY
    | WSA_FLAG_NO_HANDLE_INHERIT
    | WSA_FLAG_REGISTERED_IO;

/// What a family, a type and a protocol mean together; zeroes are defaults.
fn transport(af: i32, kind: i32, protocol: i32) -> Result<(i32, i32, i32), u32> {
    let family = match (af, protocol) {
        (AF_UNSPEC, 0) => return Err(WSAEINVAL),
        (AF_UNSPEC, IPPROTO_TCP | IPPROTO_UDP) => AF_INET,
        (AF_UNSPEC, _) => return Err(WSAEPROTONOSUPPORT),
        (AF_UNIX | AF_INET | AF_INET6, _) => af,
        _ => return Err(WSAEAFNOSUPPORT),
    };
    match (family, kind, protocol) {
        (AF_UNIX, 0 | SOCK_STREAM, 0) => Ok((AF_UNIX, SOCK_STREAM, 0)),
        (AF_UNIX, 0 | SOCK_STREAM, _) => Err(WSAEPROTONOSUPPORT),
        (AF_UNIX, _, _) => Err(WSAESOCKTNOSUPPORT),
        (_, 0 | SOCK_STREAM, 0 | IPPROTO_TCP) => Ok((family, SOCK_STREAM, IPPROTO_TCP)),
        (_, 0 | SOCK_DGRAM, IPPROTO_UDP) | (_, SOCK_DGRAM, 0) => {
            Ok((family, SOCK_DGRAM, IPPROTO_UDP))
        }
        (_, SOCK_RAW, 0..=255) => Ok((family, SOCK_RAW, protocol)),
        (_, 0 | SOCK_STREAM | SOCK_DGRAM | SOCK_RAW, _) => Err(WSAEPROTONOSUPPORT),
        _ => Err(WSAESOCKTNOSUPPORT),
    }
}

/// Gives an endpoint a handle.
pub(crate) fn insert(
    socket: Socket,
    is_overlapped: bool,
    is_inheritable: bool,
) -> Result<SOCKET, u32> {
    let socket = Arc::new(socket);
    let device = Device::Socket(Arc::clone(&socket));
    let file = File::new(device, Arc::clone(engine()), is_overlapped);
    let handle = Object::File(Handle::new(file));
    let s = system().insert(handle, is_inheritable).map_err(Status::wsa)?;
    remember(s, &socket);
    Ok(s)
}

fn open(af: i32, kind: i32, protocol: i32, flags: u32) -> Result<SOCKET, u32> {
    if flags & MULTIPOINT_FLAGS != 0 || flags & !ALL_FLAGS != 0 {
        return Err(WSAEINVAL);
    }
    let (family, kind, protocol) = transport(af, kind, protocol)?;
    let number = kernel_family(family).ok_or(WSAEAFNOSUPPORT)?;
    let socket = Socket::open(engine(), number, kind, protocol).map_err(code)?;
    if kind == SOCK_DGRAM {
        let _ = socket.with_fd(|fd| report_unreachable(fd, family, true));
    }
    insert(socket, flags & WSA_FLAG_OVERLAPPED != 0, flags & WSA_FLAG_NO_HANDLE_INHERIT == 0)
}

/// Whether receives of a datagram socket are told of datagrams that no port took.
pub(crate) fn report_unreachable(fd: RawFd, family: i32, is_wanted: bool) {
    let (level, name) = match family {
        AF_INET6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
        _ => (libc::IPPROTO_IP, libc::IP_RECVERR),
    };
    let value = i32::from(is_wanted);
    // SAFETY: the value is readable for its length.
    unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), 4) };
}

/// A socket, or `INVALID_SOCKET` with the last error.
pub(crate) fn give(body: impl FnOnce() -> Result<SOCKET, u32>) -> SOCKET {
    let result = if is_started() { body() } else { Err(WSANOTINITIALISED) };
    set_last_error(result.err().unwrap_or(0));
    result.unwrap_or(INVALID_SOCKET)
}

/// `socket`: an overlapped socket, unless `SO_OPENTYPE` says otherwise for this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_socket(af: i32, r#type: i32, protocol: i32) -> SOCKET {
    let flags = if sockopt::open_type() == 0 { WSA_FLAG_OVERLAPPED } else { 0 };
    give(|| open(af, r#type, protocol, flags))
}

/// The three numbers, with those of the description where the caller leaves them to it.
///
/// # Safety
/// `info` is null or valid.
unsafe fn described<C>(
    numbers: [i32; 3],
    info: *const WSAPROTOCOL_INFO<C>,
) -> Result<[i32; 3], u32> {
    // SAFETY: this function's contract.
    let Some(info) = (unsafe { info.as_ref() }) else {
        let is_left = numbers.contains(&FROM_PROTOCOL_INFO);
        return if is_left { Err(WSAEINVAL) } else { Ok(numbers) };
    };
    let described = [info.iAddressFamily, info.iSocketType, info.iProtocol];
    let pick = |(own, described)| if own == FROM_PROTOCOL_INFO { described } else { own };
    let [first, second, third] = numbers;
    let [family, kind, protocol] = described;
    Ok([pick((first, family)), pick((second, kind)), pick((third, protocol))])
}

/// `WSASocketA`: a socket, overlapped only if `WSA_FLAG_OVERLAPPED` is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSASocketA(
    af: i32,
    r#type: i32,
    protocol: i32,
    lpProtocolInfo: *const WSAPROTOCOL_INFOA,
    _g: u32,
    dwFlags: u32,
) -> SOCKET {
    give(|| {
        // SAFETY: the caller's promise: valid when not null.
        let [af, kind, protocol] = unsafe { described([af, r#type, protocol], lpProtocolInfo) }?;
        open(af, kind, protocol, dwFlags)
    })
}

/// `WSASocketW`: a socket, overlapped only if `WSA_FLAG_OVERLAPPED` is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSASocketW(
    af: i32,
    r#type: i32,
    protocol: i32,
    lpProtocolInfo: *const WSAPROTOCOL_INFOW,
    _g: u32,
    dwFlags: u32,
) -> SOCKET {
    give(|| {
        // SAFETY: the caller's promise: valid when not null.
        let [af, kind, protocol] = unsafe { described([af, r#type, protocol], lpProtocolInfo) }?;
        open(af, kind, protocol, dwFlags)
    })
}

/// How many bytes the peer has not taken yet.
fn unsent(socket: &Socket) -> i32 {
    let ask = |fd| {
        let mut count = 0;
        // SAFETY: the count is writable.
        if unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut count) } == 0 { count } else { 0 }
    };
    socket.with_fd(ask).unwrap_or(0)
}

/// Before the last handle of a connection closes: waits for sent data as `SO_LINGER` says.
fn linger(endpoint: &Endpoint) -> Result<(), u32> {
    let value = endpoint.stored(SOL_SOCKET, SO_LINGER).unwrap_or(0);
    let (is_on, seconds) = (value & 0xFFFF != 0, value >> 16);
    if !is_on || seconds == 0 || endpoint.file.handle_count().get() > 1 {
        return Ok(());
    }
    let socket = endpoint.socket();
    if unsent(socket) > 0 && socket.state().is_nonblocking() {
        return Err(WSAEWOULDBLOCK);
    }
    let deadline = Deadline::after(Duration::from_secs(u64::from(seconds)));
    while unsent(socket) > 0 {
        if deadline.has_passed() {
            let _ = socket.with_fd(|fd| sockopt::set_linger(fd, true));
            break;
        }
        // The kernel tells nobody when the last byte has been taken.
        libiocp::blocking(|| std::thread::sleep(Duration::from_millis(1)));
    }
    Ok(())
}

/// `closesocket`: ends what is pending, each operation with its packet, and closes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn closesocket(s: SOCKET) -> i32 {
    call(|| {
        linger(&find(s)?)?;
        // Before the value can be handed out again.
        forget(s);
        system().close(s).map_err(|_| WSAENOTSOCK)?;
        Ok(0)
    })
}

/// Closes every socket of the process.
pub(crate) fn close_all() {
    let mut values = Vec::new();
    system().table().for_each(|value, _| values.push(value));
    for value in values {
        if find(value).is_ok() {
            let _ = system().set_flags(value, PROTECT_FROM_CLOSE, 0);
            let _ = system().close(value);
        }
    }
}

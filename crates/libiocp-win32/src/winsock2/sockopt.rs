//! `setsockopt` and `getsockopt`: the table of `options` over a socket.

use std::cell::Cell;
use std::ffi::c_char;
use std::os::fd::RawFd;

use libiocp::device::{Phase, Socket};

use super::codes::*;
use super::endpoint::{Endpoint, code, find};
use super::options::{Access, Kernel, Reading, Row, Shape};
use super::protocol_info;
use super::startup::call;
use super::types::SOCKET;
use crate::sockaddr::is_bad;

thread_local! {
    static OPEN_TYPE: Cell<u32> = const { Cell::new(0) };
}

/// What `SO_OPENTYPE` is for this thread: not zero for sockets that are not overlapped.
pub(crate) fn open_type() -> u32 {
    OPEN_TYPE.get()
}

/// A Linux buffer smaller than this would only throttle; Windows programs that ask for less
/// mean something else.
const LEAST_BUFFER: u32 = 4096;

fn set_bytes(fd: RawFd, level: i32, name: i32, bytes: &[u8]) -> Result<(), u32> {
    let (pointer, len) = (bytes.as_ptr().cast(), bytes.len() as u32);
    // SAFETY: the bytes are readable for their length.
    if unsafe { libc::setsockopt(fd, level, name, pointer, len) } == 0 {
        return Ok(());
    }
    Err(match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::ENOPROTOOPT | libc::EOPNOTSUPP) => WSAENOPROTOOPT,
        Some(libc::EACCES | libc::EPERM) => WSAEACCES,
        Some(libc::EADDRNOTAVAIL | libc::ENODEV) => WSAEADDRNOTAVAIL,
        Some(libc::ENOBUFS | libc::ENOMEM) => WSAENOBUFS,
        Some(libc::EFAULT) => WSAEFAULT,
        _ => WSAEINVAL,
    })
}

fn set_number(fd: RawFd, level: i32, name: i32, value: u32) -> Result<(), u32> {
    set_bytes(fd, level, name, &value.to_ne_bytes())
}

fn get_number(fd: RawFd, level: i32, name: i32) -> Result<u32, u32> {
    let (mut value, mut len) = (0u32, 4);
    let pointer = (&raw mut value).cast();
    // SAFETY: the value is writable for its length.
    if unsafe { libc::getsockopt(fd, level, name, pointer, &raw mut len) } == 0 {
        return Ok(value);
    }
    Err(match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::ENOTCONN) => WSAENOTCONN,
        Some(libc::ENOPROTOOPT | libc::EOPNOTSUPP) => WSAENOPROTOOPT,
        _ => WSAEINVAL,
    })
}

/// Whether closing resets the connection.
pub(crate) fn set_linger(fd: RawFd, resets: bool) -> Result<(), u32> {
    let bytes = [i32::from(resets).to_ne_bytes(), 0i32.to_ne_bytes()].concat();
    set_bytes(fd, libc::SOL_SOCKET, libc::SO_LINGER, &bytes)
}

/// A multicast interface: an address, or 0.x.y.z for the index x.y.z.
fn multicast_interface(value: u32) -> Vec<u8> {
    let [first, rest @ ..] = value.to_ne_bytes();
    let index = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]);
    if first != 0 || index == 0 {
        return value.to_ne_bytes().to_vec();
    }
    // ip_mreqn: group, address, index.
    [[0; 4], [0; 4], index.to_ne_bytes()].concat()
}

/// Lets the kernel give others the address too, if they are willing as well.
pub(crate) fn be_willing_to_share(fd: RawFd) {
    let _ = set_number(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1);
}

/// Of several listeners that share an address, the first gets every connection as long as
/// it is there: the program that chooses among them always says 0.
pub(crate) fn prefer_first(endpoint: &Endpoint) {
    const RETURN_CONSTANT: u16 = 0x06;
    if endpoint.stored(SOL_SOCKET, SO_REUSEADDR).unwrap_or(0) == 0 {
        return;
    }
    let mut filter = libc::sock_filter { code: RETURN_CONSTANT, jt: 0, jf: 0, k: 0 };
    let program = libc::sock_fprog { len: 1, filter: &raw mut filter };
    let attach = |fd| {
        let (level, name) = (libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF);
        let size = size_of::<libc::sock_fprog>() as u32;
        // SAFETY: a program of one instruction, which the kernel copies.
        unsafe { libc::setsockopt(fd, level, name, (&raw const program).cast(), size) }
    };
    let _ = endpoint.socket().with_fd(attach);
}

/// Tells the kernel what an option is set to.
fn tell_kernel(fd: RawFd, kind: i32, row: &Row, value: u32) -> Result<(), u32> {
    match row.kernel {
        Kernel::Nothing => Ok(()),
        Kernel::Number(level, name) => set_number(fd, level, name, value),
        Kernel::Bytes(level, libc::IP_MULTICAST_IF) if level == libc::IPPROTO_IP => {
            set_bytes(fd, level, libc::IP_MULTICAST_IF, &multicast_interface(value))
        }
        Kernel::Bytes(level, name) => set_number(fd, level, name, value),
        Kernel::BufferSize(_) if value < LEAST_BUFFER => Ok(()),
        // The kernel doubles it for its own records.
        Kernel::BufferSize(name) => set_number(fd, libc::SOL_SOCKET, name, value.min(1 << 30)),
        Kernel::Seconds(name) => set_number(fd, libc::IPPROTO_TCP, name, value.clamp(1, 32767)),
        Kernel::Probes => set_number(fd, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, value.clamp(1, 127)),
        Kernel::ShareAddress if kind == SOCK_STREAM => {
            set_number(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, value)
        }
        Kernel::ShareAddress => set_number(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, value),
        Kernel::Linger => set_linger(fd, value & 0xFFFF != 0 && value >> 16 == 0),
        Kernel::NoFragments(level) => {
            // IPV6_MTU_DISCOVER differs in number; DO and DONT are the same.
            let is_ipv4 = level == libc::IPPROTO_IP;
            let name = if is_ipv4 { libc::IP_MTU_DISCOVER } else { libc::IPV6_MTU_DISCOVER };
            let value = if value != 0 { libc::IP_PMTUDISC_DO } else { libc::IP_PMTUDISC_DONT };
            set_number(fd, level, name, value as u32)
        }
        Kernel::GiveUpAfter => {
            let milliseconds = if value == u32::MAX { 0 } else { value.saturating_mul(1000) };
            set_number(fd, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, milliseconds)
        }
    }
}

/// Tells the kernel again everything that a socket was set to: its descriptor is new.
pub(crate) fn reapply(socket: &Socket, family: i32) {
    let state = socket.state();
    for row in Row::all_numbers().filter(|row| row.check(family, state.kind).is_ok()) {
        let stored = state.option(row.level, row.name).and_then(|bytes| bytes.try_into().ok());
        if let Some(bytes) = stored {
            let value = u32::from_le_bytes(bytes);
            let _ = socket.with_fd(|fd| tell_kernel(fd, state.kind, row, value));
        }
    }
}

/// `SO_UPDATE_ACCEPT_CONTEXT`: the properties of the listener that accepted the socket.
fn update_accept_context(endpoint: &Endpoint, listener: SOCKET) -> Result<(), u32> {
    if endpoint.phase() != Phase::Connected {
        return Err(WSAENOTCONN);
    }
    let listener = find(listener)?;
    if listener.phase() != Phase::Listening {
        return Err(WSAEINVAL);
    }
    endpoint.socket().state().inherit_options(listener.socket().state());
    Ok(())
}

/// # Safety
/// `optval` is readable for `optlen` bytes when not null.
unsafe fn set(s: SOCKET, level: i32, name: i32, optval: *const u8, optlen: i32) -> Result<(), u32> {
    if (level, name) == (SOL_SOCKET, SO_OPENTYPE) {
        if is_bad(optval) {
            return Err(WSAEFAULT);
        }
        let row = Row::find(level, name)?;
        let length = row.length_read(optlen)?;
        // SAFETY: this function's contract.
        let bytes = unsafe { std::slice::from_raw_parts(optval, length) };
        OPEN_TYPE.set(row.decode(bytes)?);
        return Ok(());
    }
    let endpoint = find(s)?;
    if level == SOL_SOCKET && name == SO_UPDATE_CONNECT_CONTEXT {
        endpoint.settle_connecting();
        if endpoint.phase() != Phase::Connected {
            return Err(WSAENOTCONN);
        }
        endpoint.set_without_context(false);
        return Ok(());
    }
    if is_bad(optval) {
        return Err(WSAEFAULT);
    }
    if level == SOL_SOCKET && name == SO_UPDATE_ACCEPT_CONTEXT {
        if optlen < size_of::<SOCKET>() as i32 {
            return Err(WSAEFAULT);
        }
        // SAFETY: this function's contract, and the length was just checked.
        let listener = unsafe { optval.cast::<SOCKET>().read_unaligned() };
        return update_accept_context(&endpoint, listener);
    }
    let row = Row::find(level, name)?;
    row.check(endpoint.family(), endpoint.kind())?;
    if matches!(row.access, Access::Get | Access::GetFromKernel) {
        return Err(WSAENOPROTOOPT);
    }
    let length = row.length_read(optlen)?;
    // SAFETY: this function's contract; as many bytes as Windows reads.
    let bytes = unsafe { std::slice::from_raw_parts(optval, length) };
    set_row(&endpoint, row, bytes)
}

fn set_row(endpoint: &Endpoint, row: &Row, bytes: &[u8]) -> Result<(), u32> {
    let socket = endpoint.socket();
    if let (Shape::Structure(_), Kernel::Bytes(level, name)) = (row.shape, row.kernel) {
        return socket.with_fd(|fd| set_bytes(fd, level, name, bytes)).map_err(code)?;
    }
    let mut value = row.decode(bytes)?;
    let is_set = |name| endpoint.stored(SOL_SOCKET, name).is_some_and(|value| value != 0);
    match (row.level, row.name) {
        (SOL_SOCKET, SO_REUSEADDR) if value != 0 && is_set(SO_EXCLUSIVEADDRUSE) => {
            return Err(WSAEINVAL);
        }
        (SOL_SOCKET, SO_EXCLUSIVEADDRUSE) if value != 0 && is_set(SO_REUSEADDR) => {
            return Err(WSAEINVAL);
        }
        (IPPROTO_IPV6, IPV6_V6ONLY) if endpoint.phase() != Phase::Fresh => return Err(WSAEINVAL),
        // The other face of SO_LINGER: what is stored is that.
        (SOL_SOCKET, SO_DONTLINGER) => {
            let linger = endpoint.stored(SOL_SOCKET, SO_LINGER).unwrap_or(0);
            value = linger & 0xFFFF_0000 | u32::from(value == 0);
        }
        _ => {}
    }
    socket.with_fd(|fd| tell_kernel(fd, endpoint.kind(), row, value)).map_err(code)??;
    let name =
        if row.name == SO_DONTLINGER && row.level == SOL_SOCKET { SO_LINGER } else { row.name };
    endpoint.store(row.level, name, value);
    Ok(())
}

/// The number of an option.
fn get_row(endpoint: &Endpoint, row: &Row) -> Result<u32, u32> {
    let socket = endpoint.socket();
    let from_kernel = || match row.kernel {
        Kernel::Number(level, name) => {
            socket.with_fd(|fd| get_number(fd, level, name)).map_err(code)?
        }
        _ => Err(WSAENOPROTOOPT),
    };
    match (row.level, row.name) {
        (SOL_SOCKET, SO_DONTLINGER) => {
            let linger = endpoint.stored(SOL_SOCKET, SO_LINGER).unwrap_or(0);
            return Ok(u32::from(linger & 0xFFFF == 0));
        }
        (SOL_SOCKET, SO_ACCEPTCONN) => return Ok(u32::from(endpoint.phase() == Phase::Listening)),
        (SOL_SOCKET, SO_TYPE) => return Ok(endpoint.kind() as u32),
        (SOL_SOCKET, SO_MAX_MSG_SIZE) => return Ok(max_message(endpoint)),
        (SOL_SOCKET, SO_CONNECT_TIME) => {
            endpoint.settle_connecting();
            let since = socket.state().connected_for().filter(|_| endpoint.is_stream());
            return Ok(since.map_or(u32::MAX, |time| time.as_secs() as u32));
        }
        (SOL_SOCKET, SO_ERROR) => endpoint.settle_connecting(),
        _ => {}
    }
    match (endpoint.stored(row.level, row.name), row.access) {
        (Some(value), _) => Ok(value),
        (None, Access::Both(value)) => Ok(value),
        (None, Access::BothFromKernel | Access::GetFromKernel) => from_kernel(),
        (None, Access::Get | Access::Set) => Err(WSAENOPROTOOPT),
    }
}

/// The longest datagram: what an IP packet holds besides the headers; for a stream no limit.
pub(crate) fn max_message(endpoint: &Endpoint) -> u32 {
    match (endpoint.kind(), endpoint.family()) {
        (SOCK_DGRAM, AF_INET6) => 65527,
        (SOCK_DGRAM, _) => 65507,
        _ => u32::MAX,
    }
}

fn read(s: SOCKET, level: i32, name: i32, room: i32) -> Result<Reading, u32> {
    if (level, name) == (SOL_SOCKET, SO_OPENTYPE) {
        return Ok(Row::find(level, name)?.encode(open_type(), room));
    }
    let endpoint = find(s)?;
    if let Some(reading) = protocol_info::read(&endpoint, level, name, room) {
        return Ok(reading);
    }
    let row = Row::find(level, name)?;
    row.check(endpoint.family(), endpoint.kind())?;
    if row.access == Access::Set {
        return Err(WSAENOPROTOOPT);
    }
    // What does not fit is not asked for.
    let reading = row.encode(0, room);
    if reading.code != 0 {
        return Ok(reading);
    }
    Ok(row.encode(get_row(&endpoint, row)?, room))
}

/// `setsockopt`: sets an option, in Windows' numbers and shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_setsockopt(
    s: SOCKET,
    level: i32,
    optname: i32,
    optval: *const c_char,
    optlen: i32,
) -> i32 {
    // SAFETY: the caller's promise: readable for the length given.
    call(|| unsafe { set(s, level, optname, optval.cast(), optlen) }.map(|()| 0))
}

/// `getsockopt`: gets an option, in Windows' numbers and shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getsockopt(
    s: SOCKET,
    level: i32,
    optname: i32,
    optval: *mut c_char,
    optlen: *mut i32,
) -> i32 {
    call(|| {
        if (level, optname) != (SOL_SOCKET, SO_OPENTYPE) {
            find(s)?;
        }
        if is_bad(optval) || is_bad(optlen) {
            return Err(WSAEFAULT);
        }
        // SAFETY: the caller's promise: valid.
        let reading = read(s, level, optname, unsafe { *optlen })?;
        // SAFETY: the caller's promise: writable for the length given, which bounds the bytes.
        unsafe {
            let bytes = &reading.bytes;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), optval.cast(), bytes.len());
            if let Some(size) = reading.size {
                *optlen = size;
            }
        }
        if reading.code == 0 { Ok(0) } else { Err(reading.code) }
    })
}

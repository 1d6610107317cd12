//! `send`, `recv`, `sendto`, `recvfrom`, and what the overlapped calls share with them.

use std::ffi::c_char;

use libiocp::engine::{Address, Buffer, Buffers};

use super::codes::*;
use super::endpoint::{Endpoint, code, find};
use super::startup::call;
use super::types::{SOCKADDR, SOCKET, WSABUF};
use crate::sockaddr::{self, is_bad, least_length, tcp_port};

/// What a receive is asked for besides the data, in Linux' terms.
#[derive(Clone, Copy)]
pub(crate) struct ReceiveFlags {
    pub(crate) flags: i32,
    pub(crate) wants_all: bool,
    pub(crate) is_urgent: bool,
}

/// Translates the flags of a receive.
pub(crate) fn receive_flags(
    endpoint: &Endpoint,
    flags: u32,
    is_overlapped: bool,
) -> Result<ReceiveFlags, u32> {
    const KNOWN: u32 = MSG_OOB | MSG_PEEK | MSG_WAITALL | MSG_PUSH_IMMEDIATE | MSG_PARTIAL;
    if flags & !KNOWN != 0 {
        return Err(WSAEOPNOTSUPP);
    }
    let wants_all = flags & MSG_WAITALL != 0;
    if wants_all {
        let is_at_odds = flags & (MSG_OOB | MSG_PEEK | MSG_PARTIAL) != 0;
        let cannot_wait = !is_overlapped && endpoint.socket().state().is_nonblocking();
        if is_at_odds || cannot_wait || !endpoint.is_stream() {
            return Err(WSAEOPNOTSUPP);
        }
    }
    let is_peek = flags & MSG_PEEK != 0;
    Ok(ReceiveFlags {
        flags: if is_peek { libc::MSG_PEEK } else { 0 },
        wants_all,
        is_urgent: flags & MSG_OOB != 0,
    })
}

/// Translates the flags of a send.
pub(crate) fn send_flags(flags: u32) -> Result<i32, u32> {
    if flags & !(MSG_OOB | MSG_DONTROUTE | MSG_PARTIAL) != 0 {
        return Err(WSAEOPNOTSUPP);
    }
    // The first two have the same numbers; what the third has on Windows is MSG_MORE here.
    Ok((flags & (MSG_OOB | MSG_DONTROUTE)) as i32)
}

/// The buffers of a call; the array itself is not needed afterwards.
///
/// # Safety
/// `array` is readable for `count` elements when not null; the memory they name keeps the
/// contract of [`Buffer::new`] for the operation they are used for.
pub(crate) unsafe fn buffers(array: *const WSABUF, count: u32) -> Result<Buffers, u32> {
    if count == 0 {
        return Ok(Buffers::Many(Box::default()));
    }
    if is_bad(array) {
        return Err(WSAEFAULT);
    }
    let one = |index| {
        // SAFETY: this function's contract; nobody promises alignment.
        let WSABUF { len, buf } = unsafe { array.add(index).read_unaligned() };
        // SAFETY: this function's contract.
        unsafe { Buffer::new(buf.cast(), len as usize) }
    };
    Ok(match count as usize {
        1 => Buffers::One(one(0)),
        several => Buffers::Many((0..several).map(one).collect()),
    })
}

/// The one buffer of a classic call.
///
/// # Safety
/// As for [`buffers`].
unsafe fn single(buf: *const c_char, len: i32) -> Result<Buffers, u32> {
    let length = usize::try_from(len).map_err(|_| WSAEFAULT)?;
    // SAFETY: this function's contract.
    Ok(Buffers::One(unsafe { Buffer::new(buf.cast_mut().cast(), length) }))
}

/// A datagram of more pieces than the kernel puts together cannot be sent.
pub(crate) fn check_pieces(endpoint: &Endpoint, buffers: &Buffers) -> Result<(), u32> {
    let is_too_many = buffers.as_slice().len() > libc::UIO_MAXIOV as usize;
    if is_too_many && !endpoint.is_stream() { Err(WSAEMSGSIZE) } else { Ok(()) }
}

/// What a receive that has been waited for brought.
pub(crate) struct Brought {
    pub(crate) bytes: usize,
    pub(crate) source: Option<Address>,
    pub(crate) is_truncated: bool,
}

/// The urgent byte, which is kept apart from the stream. It is there or not: nobody waits.
pub(crate) fn receive_urgent(endpoint: &Endpoint, buffers: &Buffers) -> Result<usize, u32> {
    let Some(buffer) = buffers.as_slice().first() else { return Err(WSAEINVAL) };
    let flags = libc::MSG_OOB | libc::MSG_DONTWAIT;
    let take = |fd| {
        // SAFETY: the buffer is the caller's, for the length of this call.
        let count = unsafe { libc::recv(fd, buffer.start().cast(), buffer.len(), flags) };
        usize::try_from(count).map_err(|_| std::io::Error::last_os_error())
    };
    let is_inline = endpoint.stored(SOL_SOCKET, SO_OOBINLINE).unwrap_or(0) != 0;
    match endpoint.socket().with_fd(take).map_err(code)? {
        Ok(count) => Ok(count),
        Err(error) => Err(match error.raw_os_error() {
            Some(libc::EINVAL) if is_inline => WSAEINVAL,
            Some(libc::EINVAL | libc::EAGAIN) => WSAEWOULDBLOCK,
            Some(libc::EFAULT) => WSAEFAULT,
            _ => WSAENOTCONN,
        }),
    }
}

/// Receives and waits for it, if the socket is a blocking one.
pub(crate) fn receive(endpoint: &Endpoint, buffers: Buffers, flags: u32) -> Result<Brought, u32> {
    endpoint.settle_connecting();
    let ReceiveFlags { flags, wants_all, is_urgent } = receive_flags(endpoint, flags, false)?;
    if is_urgent {
        let bytes = receive_urgent(endpoint, &buffers)?;
        return Ok(Brought { bytes, source: None, is_truncated: false });
    }
    let deadline = endpoint.deadline(SO_RCVTIMEO);
    let engine = endpoint.file.engine();
    let received = endpoint.socket().receive(engine, buffers, flags, wants_all, deadline);
    let received = received.map_err(code)?;
    Ok(Brought {
        bytes: received.bytes,
        source: received.source,
        is_truncated: received.is_truncated,
    })
}

/// Sends and waits for it, if the socket is a blocking one.
pub(crate) fn send(
    endpoint: &Endpoint,
    buffers: Buffers,
    flags: u32,
    to: Option<Address>,
) -> Result<usize, u32> {
    endpoint.settle_connecting();
    let flags = send_flags(flags)?;
    if to.is_some_and(|to| tcp_port(&to) == 0) {
        // Nobody can be there, and Windows does not mind.
        return Ok(buffers.len());
    }
    let deadline = endpoint.deadline(SO_SNDTIMEO);
    endpoint.socket().send(endpoint.file.engine(), buffers, flags, to, deadline).map_err(code)
}

/// The destination of a send: none for a stream, which ignores even a wrong one.
///
/// # Safety
/// `to` is readable for `tolen` bytes when not null.
pub(crate) unsafe fn destination(
    endpoint: &Endpoint,
    to: *const SOCKADDR,
    tolen: i32,
) -> Result<Option<Address>, u32> {
    if endpoint.is_stream() || to.is_null() {
        return Ok(None);
    }
    // SAFETY: this function's contract.
    unsafe { sockaddr::read(to.cast(), tolen, endpoint.family()) }.map(Some)
}

/// Whether there is room for the address of a datagram; a stream ignores it.
///
/// # Safety
/// `fromlen` is valid when not null.
pub(crate) unsafe fn check_source(
    endpoint: &Endpoint,
    from: *mut SOCKADDR,
    fromlen: *mut i32,
) -> Result<bool, u32> {
    if endpoint.is_stream() || from.is_null() {
        return Ok(false);
    }
    if is_bad(from) || is_bad(fromlen) {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract.
    let room = unsafe { *fromlen };
    if room < least_length(endpoint.family()) as i32 { Err(WSAEFAULT) } else { Ok(true) }
}

/// `send`: sends everything, or what a non-blocking socket takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_send(s: SOCKET, buf: *const c_char, len: i32, flags: i32) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: readable for the length given, during this call.
        let buffers = unsafe { single(buf, len) }?;
        Ok(send(&endpoint, buffers, flags as u32, None)? as i32)
    })
}

/// `sendto`: sends a datagram to an address; on a stream the address is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_sendto(
    s: SOCKET,
    buf: *const c_char,
    len: i32,
    flags: i32,
    to: *const SOCKADDR,
    tolen: i32,
) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: readable for the lengths given, during this call.
        let (buffers, to) = unsafe { (single(buf, len)?, destination(&endpoint, to, tolen)?) };
        Ok(send(&endpoint, buffers, flags as u32, to)? as i32)
    })
}

/// `recv`: receives what is there; 0 bytes once the peer has said that it sends no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_recv(s: SOCKET, buf: *mut c_char, len: i32, flags: i32) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: writable for the length given, during this call.
        let buffers = unsafe { single(buf, len) }?;
        let brought = receive(&endpoint, buffers, flags as u32)?;
        if brought.is_truncated { Err(WSAEMSGSIZE) } else { Ok(brought.bytes as i32) }
    })
}

/// `recvfrom`: receives a datagram and tells where it came from.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_recvfrom(
    s: SOCKET,
    buf: *mut c_char,
    len: i32,
    flags: i32,
    from: *mut SOCKADDR,
    fromlen: *mut i32,
) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        // SAFETY: the caller's promise: writable for the lengths given, during this call.
        unsafe {
            let buffers = single(buf, len)?;
            let wants_source = check_source(&endpoint, from, fromlen)?;
            let brought = receive(&endpoint, buffers, flags as u32)?;
            if let Some(source) = brought.source.filter(|_| wants_source) {
                sockaddr::write(&source, from.cast(), fromlen)?;
            }
            if brought.is_truncated { Err(WSAEMSGSIZE) } else { Ok(brought.bytes as i32) }
        }
    })
}

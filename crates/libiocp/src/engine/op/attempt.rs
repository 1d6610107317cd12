//! What each operation asks of the kernel.
#![allow(unsafe_code)]

use super::{Address, Buffer, Buffers, Outcome, errno};
use crate::engine::reports;
use std::mem::MaybeUninit;

pub(super) fn outcome(result: i64) -> Outcome {
    if result < 0 { Outcome::error(errno()) } else { Outcome::of(result) }
}

/// The result of a non-blocking call: `None` if it would block.
fn settled(result: i64) -> Option<Outcome> {
    let outcome = outcome(result);
    match outcome.errno() {
        Some(libc::EAGAIN) => None,
        _ => Some(outcome),
    }
}

/// Repeats a call that a signal interrupted.
fn retry(mut call: impl FnMut() -> isize) -> i64 {
    loop {
        let result = call();
        if result >= 0 || errno() != libc::EINTR {
            return result as i64;
        }
    }
}

pub(super) fn receive(
    fd: i32,
    buffers: &Buffers,
    flags: i32,
    wants_all: bool,
    wants_source: bool,
    received: &mut usize,
) -> Option<Outcome> {
    let flags = flags | libc::MSG_DONTWAIT;
    if let Buffers::One(buffer) = buffers
        && !wants_all
        && !wants_source
    {
        return settled(retry(|| receive_bytes(fd, buffer, flags)));
    }
    loop {
        let rest = buffers.behind(*received);
        let outcome = receive_message(fd, &rest, flags, wants_source);
        if !wants_all {
            return outcome;
        }
        match outcome {
            None => return None,
            Some(outcome) if outcome.result > 0 => {
                *received += outcome.result as usize;
                if *received == buffers.len() {
                    return Some(Outcome::of(*received as i64));
                }
            }
            // The end or an error: what has come is delivered first.
            Some(_) if *received > 0 => return Some(Outcome::of(*received as i64)),
            Some(outcome) => return Some(outcome),
        }
    }
}

/// `recv`, without what makes it a point at which a thread may be cancelled:
/// that costs two locked instructions, and a lock is held here.
fn receive_bytes(fd: i32, buffer: &Buffer, flags: i32) -> isize {
    let (start, none) = (buffer.start(), std::ptr::null::<u8>());
    // SAFETY: the buffer is valid until the operation completes, by the
    // contract of `Buffer::new`; no address is asked for.
    unsafe {
        libc::syscall(libc::SYS_recvfrom, fd, start, buffer.len(), flags, none, none) as isize
    }
}

/// `send`, in the same way.
fn send_bytes(fd: i32, buffer: &Buffer, flags: i32) -> isize {
    let (start, none) = (buffer.start(), std::ptr::null::<u8>());
    // SAFETY: as in `receive_bytes`; no address is given.
    unsafe {
        libc::syscall(libc::SYS_sendto, fd, start, buffer.len(), flags, none, 0usize) as isize
    }
}

/// Like `receive_bytes`, and how many bytes it has left, which the socket has
/// been told to tell.
pub(super) fn receive_and_ask(
    fd: i32,
    buffer: &Buffer,
    flags: i32,
) -> (Option<Outcome>, Option<i32>) {
    const TOLD: libc::c_uint = size_of::<i32>() as libc::c_uint;
    let mut control = [0u64; 4];
    // SAFETY: all zeroes is a valid msghdr.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = std::ptr::from_ref(buffer).cast_mut().cast();
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    // SAFETY: the message points to live locals and to a buffer that is valid
    // until the operation completes, by the contract of `Buffer::new`.
    let call = || unsafe { libc::syscall(libc::SYS_recvmsg, fd, &raw mut message, flags) as isize };
    let outcome = settled(retry(call));
    // SAFETY: the kernel has put whole headers into the control buffer, as
    // many as the message says.
    let left = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let is_told = !header.is_null()
            && (*header).cmsg_level == libc::SOL_TCP
            && (*header).cmsg_type == libc::TCP_INQ
            && (*header).cmsg_len >= libc::CMSG_LEN(TOLD) as usize;
        is_told.then(|| libc::CMSG_DATA(header).cast::<i32>().read_unaligned())
    };
    (outcome, left)
}

fn receive_message(fd: i32, buffers: &Buffers, flags: i32, wants_source: bool) -> Option<Outcome> {
    let mut source = Address::default();
    let slice = buffers.as_slice();
    // SAFETY: all zeroes is a valid msghdr.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = slice.as_ptr().cast_mut().cast();
    let most = if wants_source { slice.len() } else { libc::UIO_MAXIOV as usize };
    message.msg_iovlen = slice.len().min(most);
    if wants_source {
        message.msg_name = std::ptr::from_mut(&mut source.storage).cast();
        message.msg_namelen = size_of::<libc::sockaddr_storage>() as u32;
    }
    // SAFETY: the message points to live locals and to buffers that are valid
    // until the operation completes, by the contract of `Buffer::new`.
    let mut call = || settled(retry(|| unsafe { libc::recvmsg(fd, &raw mut message, flags) }));
    let mut outcome = call()?;
    if wants_source {
        outcome = reports::skip(fd, outcome, Outcome::errno, call)?;
    }
    outcome.flags = message.msg_flags;
    if wants_source && outcome.result >= 0 {
        source.length = message.msg_namelen;
        outcome.source = Some(Box::new(source));
    }
    Some(outcome)
}

pub(super) fn readable(fd: i32) -> Option<Outcome> {
    let mut byte = 0u8;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: one byte is writable at `byte`.
    let result = retry(|| unsafe { libc::recv(fd, (&raw mut byte).cast(), 1, flags) });
    let outcome = settled(result)?;
    Some(if outcome.result > 0 { Outcome::of(0) } else { outcome })
}

pub(super) fn send(
    fd: i32,
    buffers: &Buffers,
    flags: i32,
    to: &Option<Box<Address>>,
    sent: &mut usize,
) -> Option<Outcome> {
    let flags = flags | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    let total = buffers.len();
    let mut was_refused = false;
    loop {
        let result = match buffers {
            Buffers::One(buffer) if to.is_none() => {
                let rest = buffer.skip(*sent);
                retry(|| send_bytes(fd, &rest, flags))
            }
            _ => send_message(fd, &buffers.behind(*sent), flags, to),
        };
        let outcome = settled(result)?;
        // An earlier datagram was refused: receives tell, sends never do.
        if outcome.errno() == Some(libc::ECONNREFUSED) && !was_refused {
            was_refused = true;
            continue;
        }
        if outcome.result < 0 {
            return Some(outcome);
        }
        *sent += outcome.result as usize;
        if *sent >= total {
            return Some(Outcome::of(*sent as i64));
        }
    }
}

fn send_message(fd: i32, buffers: &Buffers, flags: i32, to: &Option<Box<Address>>) -> i64 {
    let slice = buffers.as_slice();
    // SAFETY: all zeroes is a valid msghdr.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = slice.as_ptr().cast_mut().cast();
    let most = if to.is_some() { slice.len() } else { libc::UIO_MAXIOV as usize };
    message.msg_iovlen = slice.len().min(most);
    if let Some(address) = to {
        message.msg_name = address.as_ptr().cast_mut().cast();
        message.msg_namelen = address.length();
    }
    // SAFETY: the message points to live memory, and to buffers that are valid
    // until the operation completes, by the contract of `Buffer::new`.
    retry(|| unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

pub(super) fn accept(fd: i32) -> Option<Outcome> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    loop {
        let null = std::ptr::null_mut();
        // SAFETY: without an address no memory is written.
        let result = retry(|| unsafe { libc::accept4(fd, null, null.cast(), flags) as isize });
        let outcome = settled(result)?;
        // A connection that died in the backlog is nobody's: take the next.
        if !matches!(outcome.errno(), Some(libc::ECONNABORTED | libc::EPROTO)) {
            return Some(outcome);
        }
    }
}

/// Asking again is how a connection under way tells how it went.
pub(super) fn connect(fd: i32, address: &Address) -> Option<Outcome> {
    let mut retries = 0;
    loop {
        // SAFETY: the address is valid for its length.
        let result = unsafe { libc::connect(fd, address.as_ptr(), address.length()) };
        if result == 0 {
            return Some(Outcome::of(0));
        }
        match errno() {
            libc::EISCONN => return Some(Outcome::of(0)),
            libc::EINPROGRESS | libc::EALREADY | libc::EAGAIN => return None,
            // Left over from a failed attempt on the same socket.
            libc::ECONNABORTED | libc::EINTR if retries < 2 => retries += 1,
            errno => return Some(Outcome::error(errno)),
        }
    }
}

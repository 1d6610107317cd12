//! One operation on a descriptor, as the engine sees it: buffers in, result out.
#![allow(unsafe_code)]

use super::reports;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

/// What an operation came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// A count, a descriptor, or a negative errno.
    pub result: i64,
    /// `msg_flags` of a receive.
    pub flags: i32,
    /// Where a datagram came from, if that was asked.
    pub source: Option<Box<Address>>,
}

impl Outcome {
    /// An outcome that is only a number.
    pub fn of(result: i64) -> Self {
        Self { result, ..Self::default() }
    }

    /// Failure with a (positive) errno.
    pub fn error(errno: i32) -> Self {
        Self::of(-i64::from(errno))
    }

    /// The positive errno, if it failed.
    pub fn errno(&self) -> Option<i32> {
        (self.result < 0).then(|| -(self.result as i32))
    }
}

/// A socket address as the kernel has it.
#[derive(Clone, Copy)]
pub struct Address {
    storage: libc::sockaddr_storage,
    length: u32,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address {:?}", self.bytes())
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Default for Address {
    fn default() -> Self {
        // SAFETY: all zeroes is a valid sockaddr_storage.
        Self { storage: unsafe { std::mem::zeroed() }, length: 0 }
    }
}

impl Address {
    /// The address in these bytes (`sockaddr_in` and its like), cut at 128.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut address = Self::default();
        let length = bytes.len().min(size_of::<libc::sockaddr_storage>());
        // SAFETY: both sides are `length` bytes at least and cannot overlap.
        unsafe {
            let to = std::ptr::from_mut(&mut address.storage).cast::<u8>();
            to.copy_from_nonoverlapping(bytes.as_ptr(), length);
        }
        address.length = length as u32;
        address
    }

    /// The address as bytes.
    pub fn bytes(&self) -> &[u8] {
        let start = std::ptr::from_ref(&self.storage).cast::<u8>();
        // SAFETY: `length` never exceeds the storage, which was zeroed.
        unsafe { std::slice::from_raw_parts(start, self.length as usize) }
    }

    /// The family, as Linux numbers it.
    pub fn family(&self) -> i32 {
        i32::from(self.storage.ss_family)
    }

    /// Lets `fill` write an address; zero for success.
    pub(crate) fn filled_by(
        fill: impl FnOnce(*mut libc::sockaddr, *mut u32) -> i32,
    ) -> Result<Self, i32> {
        let mut address =
            Self { length: size_of::<libc::sockaddr_storage>() as u32, ..Self::default() };
        let storage = std::ptr::from_mut(&mut address.storage).cast();
        if fill(storage, &raw mut address.length) != 0 {
            return Err(errno());
        }
        address.length = address.length.min(size_of::<libc::sockaddr_storage>() as u32);
        Ok(address)
    }

    pub(crate) fn as_ptr(&self) -> *const libc::sockaddr {
        std::ptr::from_ref(&self.storage).cast()
    }

    pub(crate) fn length(&self) -> u32 {
        self.length
    }
}

/// A piece of the caller's memory.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Buffer(libc::iovec);

// SAFETY: a buffer is an address and a length; who uses the memory, and when,
// is the contract of `Buffer::new`.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// # Safety
    /// From the start of the operation that gets this buffer until that
    /// operation has completed, the memory is valid (writable, if anything is
    /// received into it) and nobody else touches it.
    pub unsafe fn new(start: *mut u8, length: usize) -> Self {
        Self(libc::iovec { iov_base: start.cast(), iov_len: length })
    }

    /// The first byte.
    pub fn start(&self) -> *mut u8 {
        self.0.iov_base.cast()
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.0.iov_len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn skip(self, bytes: usize) -> Self {
        let bytes = bytes.min(self.len());
        Self(libc::iovec {
            iov_base: self.start().wrapping_add(bytes).cast(),
            iov_len: self.len() - bytes,
        })
    }
}

/// The buffers of one operation: nearly always one.
#[derive(Debug)]
pub enum Buffers {
    /// One buffer.
    One(Buffer),
    /// None or several, used in turn.
    Many(Box<[Buffer]>),
}

impl Buffers {
    /// All of them.
    pub fn as_slice(&self) -> &[Buffer] {
        match self {
            Buffers::One(buffer) => std::slice::from_ref(buffer),
            Buffers::Many(buffers) => buffers,
        }
    }

    /// Their lengths together.
    pub fn len(&self) -> usize {
        self.as_slice().iter().map(Buffer::len).sum()
    }

    /// Whether there is nothing in them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is left behind the first `bytes`.
    pub(crate) fn behind(&self, bytes: usize) -> Buffers {
        match self {
            Buffers::One(buffer) => Buffers::One(buffer.skip(bytes)),
            Buffers::Many(buffers) => {
                let mut left = bytes;
                let rest = buffers.iter().map(|buffer| {
                    let skipped = buffer.skip(left);
                    left -= left.min(buffer.len());
                    skipped
                });
                Buffers::Many(rest.filter(|buffer| !buffer.is_empty()).collect())
            }
        }
    }
}

/// An operation on a stream-like descriptor.
#[derive(Debug)]
pub enum Op {
    /// Receive; `received` counts what an earlier attempt got for a receive
    /// that wants all its buffers full.
    Receive {
        /// Where to.
        buffers: Buffers,
        /// Linux `MSG_*` flags.
        flags: i32,
        /// Complete only when the buffers are full.
        wants_all: bool,
        /// Tell where the datagram came from.
        wants_source: bool,
        /// Bytes received so far.
        received: usize,
    },
    /// Wait until something can be received, and receive nothing.
    Readable,
    /// Send everything.
    Send {
        /// What.
        buffers: Buffers,
        /// Linux `MSG_*` flags.
        flags: i32,
        /// Where to, for a datagram.
        to: Option<Box<Address>>,
        /// Bytes sent so far.
        sent: usize,
    },
    /// Accept a connection; the result is its descriptor.
    Accept,
    /// Connect to an address.
    Connect(Box<Address>),
    /// Say that nothing more will be sent.
    Finish,
    /// Wait until the process behind a descriptor has ended. The result is its
    /// `si_status`, the flags are its `si_code`; zero if only its parent knows.
    Exit,
}

/// The two queues of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Receive, readable, accept, exit.
    In,
    /// Send, connect, finish.
    Out,
}

impl Op {
    /// A receive of whatever is there.
    pub fn receive(buffers: Buffers) -> Self {
        Op::Receive { buffers, flags: 0, wants_all: false, wants_source: false, received: 0 }
    }

    /// A send of everything.
    pub fn send(buffers: Buffers) -> Self {
        Op::Send { buffers, flags: 0, to: None, sent: 0 }
    }

    /// Whether an attempt has moved a part of it.
    pub(crate) fn has_begun(&self) -> bool {
        match self {
            Op::Receive { received, .. } => *received > 0,
            Op::Send { sent, .. } => *sent > 0,
            _ => false,
        }
    }

    /// Whether it took everything that was there: a receive that could have
    /// taken more.
    pub(crate) fn has_left_room(&self, outcome: &Outcome) -> bool {
        match self {
            Op::Receive { buffers, flags: 0, wants_all: false, .. } => {
                outcome.result > 0 && (outcome.result as usize) < buffers.len()
            }
            _ => false,
        }
    }

    /// Which queue it stands in.
    pub fn direction(&self) -> Direction {
        match self {
            Op::Receive { .. } | Op::Readable | Op::Accept | Op::Exit => Direction::In,
            Op::Send { .. } | Op::Connect(_) | Op::Finish => Direction::Out,
        }
    }

    /// Tries it on a descriptor without blocking; `None` if it would block.
    pub(crate) fn attempt(&mut self, fd: i32) -> Option<Outcome> {
        match self {
            Op::Receive { buffers, flags, wants_all, wants_source, received } => {
                receive(fd, buffers, *flags, *wants_all, *wants_source, received)
            }
            Op::Readable => readable(fd),
            Op::Send { buffers, flags, to, sent } => send(fd, buffers, *flags, to, sent),
            Op::Accept => accept(fd),
            Op::Connect(address) => connect(fd, address),
            Op::Exit => super::exit::attempt(fd),
            Op::Finish => {
                // SAFETY: no memory is involved.
                let result = unsafe { libc::shutdown(fd, libc::SHUT_WR) };
                Some(outcome(result as i64))
            }
        }
    }
}

/// Puts a copy of `fd` in the place of `old`, under its number.
pub(super) fn put_under(fd: &OwnedFd, old: &OwnedFd) -> std::io::Result<()> {
    // SAFETY: no memory is involved. Whoever owns `old` owns the copy then.
    let result = unsafe { libc::dup3(fd.as_raw_fd(), old.as_raw_fd(), libc::O_CLOEXEC) };
    if result < 0 { Err(std::io::Error::from_raw_os_error(errno())) } else { Ok(()) }
}

/// The calling thread's errno.
pub(crate) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

fn outcome(result: i64) -> Outcome {
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

fn receive(
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

fn readable(fd: i32) -> Option<Outcome> {
    let mut byte = 0u8;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: one byte is writable at `byte`.
    let result = retry(|| unsafe { libc::recv(fd, (&raw mut byte).cast(), 1, flags) });
    let outcome = settled(result)?;
    Some(if outcome.result > 0 { Outcome::of(0) } else { outcome })
}

fn send(
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

fn accept(fd: i32) -> Option<Outcome> {
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
fn connect(fd: i32, address: &Address) -> Option<Outcome> {
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

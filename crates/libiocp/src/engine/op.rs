//! One operation on a descriptor, as the engine sees it: buffers in, result out.
#![allow(unsafe_code)]

mod attempt;

use super::pipe;
use attempt::{accept, connect, outcome, readable, receive, receive_and_ask, send};
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

    pub(super) fn skip(self, bytes: usize) -> Self {
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
    /// Read what there is from a pipe.
    Read(Buffer),
    /// Write everything to a pipe, of which so much is written.
    Write(Buffer, usize),
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
    /// Receive, readable, read, accept, exit.
    In,
    /// Send, write, connect, finish.
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
            Op::Send { sent, .. } | Op::Write(_, sent) => *sent > 0,
            _ => false,
        }
    }

    /// Whether a receive could have taken more than it got.
    pub(crate) fn has_left_room(&self, outcome: &Outcome) -> bool {
        self.as_plain_receive()
            .is_some_and(|buffer| outcome.result > 0 && (outcome.result as usize) < buffer.len())
    }

    /// Which queue it stands in.
    pub fn direction(&self) -> Direction {
        match self {
            Op::Receive { .. } | Op::Readable | Op::Read(_) | Op::Accept | Op::Exit => {
                Direction::In
            }
            Op::Send { .. } | Op::Write(..) | Op::Connect(_) | Op::Finish => Direction::Out,
        }
    }

    /// A receive that takes what is there into one buffer.
    fn as_plain_receive(&self) -> Option<&Buffer> {
        match self {
            Op::Receive { buffers: Buffers::One(buffer), flags: 0, wants_all: false, .. } => {
                Some(buffer)
            }
            _ => None,
        }
    }

    /// Like `attempt`, on a TCP socket that tells how much a receive has left.
    pub(crate) fn attempt_and_ask(&mut self, fd: i32) -> (Option<Outcome>, Option<i32>) {
        match self.as_plain_receive() {
            Some(buffer) => receive_and_ask(fd, buffer, libc::MSG_DONTWAIT),
            None => (self.attempt(fd), None),
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
            Op::Read(buffer) => pipe::read(fd, *buffer),
            Op::Write(buffer, written) => pipe::write(fd, *buffer, written),
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

/// Has a TCP socket tell how much each receive leaves; false if it cannot.
pub(super) fn ask_for_rest(fd: i32) -> bool {
    let on = 1i32;
    let (level, length) = (libc::SOL_TCP, size_of::<i32>() as u32);
    // SAFETY: the value is readable for its length.
    unsafe { libc::setsockopt(fd, level, libc::TCP_INQ, (&raw const on).cast(), length) == 0 }
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

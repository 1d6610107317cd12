//! The four calls of epoll, owned and checked.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Readable, or at its end.
pub const IN: u32 = libc::EPOLLIN as u32;
/// Writable.
pub const OUT: u32 = libc::EPOLLOUT as u32;

/// A level-triggered epoll instance with room for the events of one wait.
#[derive(Debug)]
pub struct Epoll {
    fd: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    /// An instance that takes up to `batch` events at a time.
    pub fn new(batch: usize) -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` was just made and belongs to nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd, events: vec![libc::epoll_event { events: 0, u64: 0 }; batch] })
    }

    fn control(&self, operation: libc::c_int, fd: RawFd, mask: u32, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: mask, u64: token };
        // SAFETY: `event` lives through the call.
        match unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), operation, fd, &mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Watches `fd` for `mask`; its events carry `token`.
    pub fn add(&self, fd: BorrowedFd<'_>, mask: u32, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd.as_raw_fd(), mask, token)
    }

    /// Changes what `fd` is watched for.
    pub fn change(&self, fd: BorrowedFd<'_>, mask: u32, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd.as_raw_fd(), mask, token)
    }

    /// Waits for events, for ever with a `limit_ms` of -1, and returns how many there are.
    pub fn wait(&mut self, limit_ms: i32) -> io::Result<usize> {
        let (room, fd) = (self.events.len() as libc::c_int, self.fd.as_raw_fd());
        // SAFETY: `events` has room for as many events as stated.
        let count = unsafe { libc::epoll_wait(fd, self.events.as_mut_ptr(), room, limit_ms) };
        match count {
            0.. => Ok(count as usize),
            _ => match io::Error::last_os_error() {
                e if e.kind() == io::ErrorKind::Interrupted => Ok(0),
                e => Err(e),
            },
        }
    }

    /// The token of the event at `index` of the last wait.
    pub fn token(&self, index: usize) -> u64 {
        self.events[index].u64
    }
}

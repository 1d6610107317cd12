//! Sends that have been accepted, and go out when the kernel takes them.
//!
//! A send that does not wait is never short on Windows: the stack takes all of
//! it or nothing. What Linux does not take at once is kept here, and goes out
//! even after the socket has closed.

use super::{Socket, WinsockError};
use crate::engine::{Buffer, Buffers, Complete, Engine, Op, Outcome, Started, Tag, bytes_of};
use crate::sync::Arc;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Marks these sends among others. No file has this address.
const BACKGROUND: Tag =
    Tag { owner: usize::MAX, context: usize::MAX, thread: 0, ends_with_thread: false, acceptor: 0 };

/// The owner of what is still to be sent. Nobody waits for it.
struct Kept {
    data: Box<[u8]>,
}

impl Complete for Kept {
    /// An error is told by the operations that follow.
    fn complete(self: Arc<Self>, _: Outcome) {}
}

impl Kept {
    /// Makes the rest of a send independent of the caller's memory.
    fn take_over(op: &mut Op) -> Arc<dyn Complete> {
        let mut kept = Kept { data: Box::default() };
        if let Op::Send { buffers, sent, .. } = op {
            let rest = buffers.behind(*sent);
            let bytes = |buffer: &Buffer| bytes_of(*buffer, buffer.len());
            kept.data = rest.as_slice().iter().flat_map(bytes).collect();
            let start = kept.data.as_ptr().cast_mut();
            // SAFETY: the box stays where it is and lives as long as the
            // operation, whose completion owns it; a send only reads it.
            let rest = unsafe { Buffer::new(start, kept.data.len()) };
            (*buffers, *sent) = (Buffers::One(rest), 0);
        }
        Arc::new(kept)
    }
}

impl Socket {
    /// Sends all of it, or tells that nothing can be sent now.
    pub(super) fn send_now(&self, engine: &Engine, op: Op) -> Result<Outcome, WinsockError> {
        let Op::Send { buffers, .. } = &op else { return Err(WinsockError::INVALID) };
        let total = buffers.len();
        match engine.try_and_keep(&self.stream, op, BACKGROUND, Kept::take_over) {
            Some(Started::Done(outcome)) => Ok(outcome),
            Some(Started::Pending) => Ok(Outcome::of(total as i64)),
            None => Err(WinsockError::WOULD_BLOCK),
        }
    }

    /// Before the socket closes: what has been accepted goes out all the same,
    /// unless closing is to reset the connection.
    pub(super) fn see_off(&self, engine: &Engine) {
        let kept = engine.withdraw(&self.stream, &|tag| *tag == BACKGROUND);
        if kept.is_empty() || self.resets_when_closed() {
            return;
        }
        // SAFETY: no memory is involved.
        let copy = |fd| unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        if let Ok(copy @ 0..) = self.with_fd(copy) {
            // SAFETY: the kernel has just handed out this descriptor to us alone.
            let fd = unsafe { OwnedFd::from_raw_fd(copy) };
            let deliver = move || deliver(&fd, kept);
            // If there is no thread to be had the data is lost, as the
            // connection would be if the system went down.
            let _ = std::thread::Builder::new().name("iocp-see-off".to_owned()).spawn(deliver);
        }
    }

    fn resets_when_closed(&self) -> bool {
        let ask = |fd| {
            let mut linger = libc::linger { l_onoff: 0, l_linger: 0 };
            let mut length = size_of::<libc::linger>() as u32;
            let value = (&raw mut linger).cast();
            let (level, name) = (libc::SOL_SOCKET, libc::SO_LINGER);
            // SAFETY: the value is writable for its length.
            unsafe { libc::getsockopt(fd, level, name, value, &raw mut length) };
            linger.l_onoff != 0 && linger.l_linger == 0
        };
        self.with_fd(ask).unwrap_or(true)
    }
}

/// Sends what was kept, one after another, and closes the connection.
fn deliver(fd: &OwnedFd, kept: Vec<(Op, Arc<dyn Complete>)>) {
    for (mut op, _owner) in kept {
        loop {
            match op.attempt(fd.as_raw_fd()) {
                Some(outcome) if outcome.errno().is_some() => return,
                Some(_) => break,
                None => {}
            }
            let events = libc::POLLOUT;
            let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
            // SAFETY: one entry.
            unsafe { libc::poll(&raw mut poll, 1, -1) };
        }
    }
}

//! Connections that were taken and are to be taken again.
//!
//! The kernel's queue takes nothing back, so they wait here, before those that
//! have arrived since: for the next accept, whichever kind it is.

use super::Socket;
use std::os::fd::{FromRawFd, OwnedFd};

impl Socket {
    /// Puts a connection first in line. `connection` itself is not needed any
    /// more: the descriptor that stays is another.
    pub fn put_back(&self, connection: &Socket) {
        // SAFETY: no memory is involved.
        let copy = |fd| unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        if let Ok(copy @ 0..) = connection.with_fd(copy) {
            // SAFETY: the kernel has just handed out this descriptor to us alone.
            self.put_back.lock().push_front(unsafe { OwnedFd::from_raw_fd(copy) });
        }
    }

    /// The connection that is first in line, if one was put back.
    pub(super) fn take_put_back(&self) -> Option<OwnedFd> {
        self.put_back.lock().pop_front()
    }

    /// Nobody will take them any more.
    pub(super) fn drop_put_back(&self) {
        let connections = std::mem::take(&mut *self.put_back.lock());
        drop(connections);
    }
}

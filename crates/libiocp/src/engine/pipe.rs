//! Transfers on pipes: read and written like files, awaited like sockets.
#![allow(unsafe_code)]

use super::op::{Buffer, Outcome, errno};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Reads what is there; `None` if that would block. A read of no bytes waits
/// for data, too, and leaves it.
pub(super) fn read(fd: i32, buffer: Buffer) -> Option<Outcome> {
    if buffer.is_empty() && !is_readable(fd) {
        return None;
    }
    loop {
        // SAFETY: the buffer is valid until the operation completes, by the
        // contract of `Buffer::new`.
        let result = unsafe { libc::read(fd, buffer.start().cast(), buffer.len()) };
        match (result, errno()) {
            (0.., _) => return Some(Outcome::of(result as i64)),
            (_, libc::EINTR) => {}
            (_, libc::EAGAIN) => return None,
            (_, error) => return Some(Outcome::error(error)),
        }
    }
}

fn is_readable(fd: i32) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one record, valid for writes.
    unsafe { libc::poll(&raw mut poll, 1, 0) != 0 }
}

/// Writes what is left of the buffer; `None` if that would block.
pub(super) fn write(fd: i32, buffer: Buffer, written: &mut usize) -> Option<Outcome> {
    loop {
        let rest = buffer.skip(*written);
        // SAFETY: as in `read`.
        let result = unsafe { write_quietly(fd, rest.start(), rest.len()) };
        match (result, errno()) {
            (0.., _) => {
                *written += result as usize;
                if *written >= buffer.len() {
                    return Some(Outcome::of(*written as i64));
                }
            }
            (_, libc::EINTR) => {}
            (_, libc::EAGAIN) => return None,
            (_, error) => return Some(Outcome::error(error)),
        }
    }
}

/// Tries once to write a message, for whoever may read it.
pub fn say(fd: BorrowedFd<'_>, message: &[u8]) {
    // SAFETY: the message is readable for its length.
    unsafe { write_quietly(fd.as_raw_fd(), message.as_ptr(), message.len()) };
}

/// Writes; where nobody reads any more that is an error, and no signal.
///
/// # Safety
/// As for `write`.
pub(super) unsafe fn write_quietly(fd: i32, start: *const u8, length: usize) -> isize {
    let nothing = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the sets are initialised before they are used; the rest is the
    // contract of this function.
    unsafe {
        let mut signals = [std::mem::zeroed::<libc::sigset_t>(); 3];
        let [pipe, before, pending] = &mut signals;
        libc::sigemptyset(pipe);
        libc::sigaddset(pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, pipe, before);
        libc::sigpending(pending);
        let result = libc::write(fd, start.cast(), length);
        let error = errno();
        // The signal also comes when the reader went after a part was written.
        let may_have_come =
            if result < 0 { error == libc::EPIPE } else { (result as usize) < length };
        if may_have_come && libc::sigismember(pending, libc::SIGPIPE) == 0 {
            libc::sigtimedwait(pipe, std::ptr::null_mut(), &raw const nothing);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut());
        *libc::__errno_location() = error;
        result
    }
}

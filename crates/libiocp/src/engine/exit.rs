//! The end of a process.
#![allow(unsafe_code)]

use super::Outcome;

/// Whether the process behind a descriptor has ended, and how. A child stays a
/// zombie, so that its number stays its own.
pub(super) fn attempt(fd: i32) -> Option<Outcome> {
    // SAFETY: all zeroes is a valid siginfo_t, and it is a valid place.
    let (result, info) = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        (libc::waitid(libc::P_PIDFD, fd as libc::id_t, &raw mut info, options), info)
    };
    if result == 0 {
        // SAFETY: the kernel has filled in the fields of a child's end.
        let (id, status) = unsafe { (info.si_pid(), info.si_status()) };
        let ended = Outcome { flags: info.si_code, ..Outcome::of(i64::from(status)) };
        return (id != 0).then_some(ended);
    }
    // Somebody else's child: that it has ended is all there is to know.
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid entry.
    (unsafe { libc::poll(&raw mut poll, 1, 0) } > 0).then(Outcome::default)
}

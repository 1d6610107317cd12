//! Reports of datagrams that did not arrive, which the kernel gives to later
//! calls on the socket.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// How many reports one receive skips before it tells one.
const SKIPPED_MAX: usize = 64;

/// What a receive of datagrams came to at `first`, tried `again` as long as it
/// failed only because of one that was sent before. That no port took one is
/// for receives to tell.
pub(super) fn skip<T>(
    fd: i32,
    first: T,
    errno: impl Fn(&T) -> Option<i32>,
    mut again: impl FnMut() -> Option<T>,
) -> Option<T> {
    let mut outcome = first;
    for _ in 0..SKIPPED_MAX {
        match errno(&outcome) {
            Some(libc::ECONNREFUSED) => {
                take(fd);
                return Some(outcome);
            }
            Some(errno) if is_report(errno) => {
                take(fd);
                outcome = again()?;
            }
            _ => return Some(outcome),
        }
    }
    Some(outcome)
}

fn is_report(errno: i32) -> bool {
    let reports = [
        libc::EHOSTUNREACH,
        libc::ENETUNREACH,
        libc::EHOSTDOWN,
        libc::EMSGSIZE,
        libc::ENOPROTOOPT,
        libc::EPROTO,
    ];
    reports.contains(&errno)
}

/// Takes all reports, of which one has just failed a receive.
fn take(fd: i32) {
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    loop {
        // SAFETY: all zeroes is a valid msghdr: no buffer, no name.
        let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: the message names no memory to write to.
        if unsafe { libc::recvmsg(fd, &raw mut message, flags) } < 0 {
            return;
        }
    }
}

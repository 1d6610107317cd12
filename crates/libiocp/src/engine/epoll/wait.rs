//! How a thread sleeps in the kernel.
#![allow(unsafe_code)]

use super::Reactor;
use crate::engine::op::errno;
use crate::sync::Deadline;
use std::os::fd::AsRawFd;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    Not,
    Until(Deadline),
    ForEver,
}

impl Reactor {
    /// What is ready now.
    pub(in crate::engine) fn look(&self, events: &mut [libc::epoll_event]) -> usize {
        self.epoll_wait(events, Wait::Not)
    }

    pub(super) fn epoll_wait(&self, events: &mut [libc::epoll_event], wait: Wait) -> usize {
        let (epoll, max) = (self.epoll.as_raw_fd(), events.len() as i32);
        let timeout = match wait {
            Wait::Not => Some(Duration::ZERO),
            Wait::Until(deadline) => Some(deadline.remaining()),
            Wait::ForEver => None,
        };
        let milliseconds = match timeout {
            None => -1,
            Some(timeout) if timeout.is_zero() => 0,
            Some(timeout) => return self.epoll_wait_precisely(events, max, timeout),
        };
        // SAFETY: `events` has room for `max` of them.
        let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), max, milliseconds) };
        usize::try_from(count).unwrap_or(0)
    }

    fn epoll_wait_precisely(
        &self,
        events: &mut [libc::epoll_event],
        max: i32,
        timeout: Duration,
    ) -> usize {
        let time = libc::timespec {
            tv_sec: timeout.as_secs().min(i32::MAX as u64) as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        let (epoll, none) = (self.epoll.as_raw_fd(), std::ptr::null::<libc::sigset_t>());
        // SAFETY: `events` has room for `max` of them; no signal mask is given.
        let count = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                epoll,
                events.as_mut_ptr(),
                max,
                &raw const time,
                none,
                0usize,
            )
        };
        // Before Linux 5.11, or in a sandbox that refuses what it does not
        // know: late by less than a millisecond.
        if count < 0 && matches!(errno(), libc::ENOSYS | libc::EPERM | libc::EACCES) {
            let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
            let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
            // SAFETY: as above.
            let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), max, milliseconds) };
            return usize::try_from(count).unwrap_or(0);
        }
        usize::try_from(count).unwrap_or(0)
    }
}

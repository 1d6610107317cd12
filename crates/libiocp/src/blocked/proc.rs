//! The state of a thread as `/proc` tells it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// The kernel's number for the calling thread.
pub(crate) fn this_thread() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// `struct sched_attr` in its first form.
#[repr(C)]
#[derive(Default)]
struct SchedulingAttributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// The calling thread's sleeps end when they should, as nearly as the clock
/// and other threads allow.
///
/// Newer kernels give a processor sooner to a thread that wants it for shorter;
/// where that is refused nothing is lost but some promptness.
pub(crate) fn sleep_precisely() {
    // SAFETY: the calls take numbers, and attributes of the size that they tell.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong, 0, 0, 0);
        let attributes = SchedulingAttributes {
            size: size_of::<SchedulingAttributes>() as u32,
            nice: libc::getpriority(libc::PRIO_PROCESS, 0),
            runtime: 100_000,
            ..SchedulingAttributes::default()
        };
        libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0);
    }
}

/// The processor time that the calling thread has had.
pub(crate) fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the result; this clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The open `/proc/self/task/TID/stat` of a thread.
///
/// It stays tied to this thread: once that is gone every read fails, also if
/// another has got its number.
#[derive(Debug)]
pub(crate) struct Stat(File);

impl Stat {
    pub(super) fn open(thread: u32) -> io::Result<Self> {
        File::open(format!("/proc/self/task/{thread}/stat")).map(Self)
    }

    /// Whether the thread is blocked now. A thread that is gone is, for ever;
    /// one that nothing can be learnt of is not.
    pub(super) fn is_blocked(&self) -> bool {
        // A number, a name of at most 15 bytes in brackets, and the state.
        let mut line = [0; 64];
        match self.0.read_at(&mut line, 0) {
            Ok(length) => state(&line[..length]).is_some_and(|state| state != b'R'),
            Err(error) => error.raw_os_error() == Some(libc::ESRCH),
        }
    }
}

/// The letter after the name, which may itself contain brackets.
fn state(line: &[u8]) -> Option<u8> {
    let end_of_name = line.iter().rposition(|byte| *byte == b')')?;
    line.get(end_of_name + 2).copied()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    #[test]
    fn the_state_follows_the_name_whatever_that_is() {
        assert_eq!(state(b"4687 (worker) S 4674 4674"), Some(b'S'));
        assert_eq!(state(b"4687 (a) R (b) D 4674 4674"), Some(b'D'));
        assert_eq!(state(b"4687 (worker)"), None);
        assert_eq!(state(b""), None);
    }

    #[test]
    fn a_thread_is_seen_asleep_awake_and_gone() {
        let (tell, told) = mpsc::channel();
        let (wake, sleep) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            tell.send(this_thread()).unwrap();
            let _ = sleep.recv();
        });
        let stat = Stat::open(told.recv().unwrap()).unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        while !stat.is_blocked() {
            assert!(Instant::now() < end, "the thread sleeps and is not seen asleep");
        }
        assert!(!Stat::open(this_thread()).unwrap().is_blocked());
        drop(wake);
        thread.join().unwrap();
        while stat.0.read_at(&mut [0], 0).is_ok() {
            assert!(Instant::now() < end, "the thread has ended and is still there");
        }
        assert!(stat.is_blocked(), "who is gone does not come back");
    }
}

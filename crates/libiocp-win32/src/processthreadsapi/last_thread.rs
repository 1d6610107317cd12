//! A process ends with its last thread.
//!
//! When `main` returns, the C library ends the process. When the initial thread leaves by
//! `ExitThread` the process lives on, and ends with the last of the program's threads: those of
//! the library's own, and the kernel's helpers for io_uring, do not count. As nobody is told when
//! a thread ends that another library started, a thread looks now and then.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::ExitProcess;
use crate::futex;
use crate::kernel::engine;
use crate::types::DWORD;
use libiocp::sync::own_threads;

/// The code of the thread that ended last.
static CODE: AtomicU32 = AtomicU32::new(0);
/// How many threads have ended since the initial one left, as far as is known.
static ENDED: AtomicU32 = AtomicU32::new(0);
/// Whether the initial thread has left.
static HAS_LEFT: AtomicU32 = AtomicU32::new(0);

/// How long after a thread's end to look first; it is still there for a moment.
const SOON: Duration = Duration::from_millis(1);
/// How long a process may outlive a thread that another library started.
const LATEST: Duration = Duration::from_millis(250);
/// What the kernel marks its own helpers in a process with (`PF_IO_WORKER`).
const IS_HELPER: u64 = 0x10;

/// The calling thread is about to end with this code.
pub(crate) fn thread_ends(code: DWORD) {
    CODE.store(code, Ordering::SeqCst);
    // SAFETY: neither call has arguments.
    let is_initial = unsafe { libc::gettid() == libc::getpid() };
    if HAS_LEFT.load(Ordering::SeqCst) != 0 {
        ENDED.fetch_add(1, Ordering::SeqCst);
        futex::wake_all(&raw const ENDED);
    }
    if is_initial {
        HAS_LEFT.store(1, Ordering::SeqCst);
    }
}

/// The calling thread, the initial one, leaves: sees to it that the process ends in time.
pub(crate) fn initial_thread_leaves() {
    if !engine().spawn("iocp-last", || watch(None)) {
        // No thread is to be had, so this one stays for that alone.
        // SAFETY: the call has no arguments.
        watch(Some(unsafe { libc::gettid() }.unsigned_abs()));
    }
}

/// Ends the process when only threads of the library's own are left.
fn watch(besides: Option<u32>) -> ! {
    let mut pause = SOON;
    loop {
        let ended = ENDED.load(Ordering::SeqCst);
        if !has_threads(besides) {
            // SAFETY: the process ends.
            unsafe { ExitProcess(CODE.load(Ordering::SeqCst)) }
        }
        futex::wait(&ENDED, ended, Some(Instant::now() + pause));
        let is_news = ENDED.load(Ordering::SeqCst) != ended;
        pause = if is_news { SOON } else { (2 * pause).min(LATEST) };
    }
}

/// Whether the program has a thread. The kernel's list of threads may leave one out that another
/// has just started, but its count does not: the answer is no only when every listed thread is
/// none of the program's and all of them together were all there were.
fn has_threads(besides: Option<u32>) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc/self/task") else { return true };
    let listed: Vec<u32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    // Asked later than the list: one that has ended since is no thread of the program's.
    let mut own = own_threads();
    own.push(libiocp::port::watching_thread());
    let is_own = |thread| own.contains(&thread) || Some(thread) == besides;
    if !listed.iter().all(|&thread| is_own(thread) || counts_for_nothing(thread)) {
        return true;
    }
    let count = Stat::read("/proc/self/stat").map(|stat| stat.threads);
    let are_there = listed.iter().all(|thread| Stat::of(*thread).is_some());
    !(are_there && count == Some(listed.len()))
}

/// Whether this thread, which is none of the library's own, is the initial one, which stays after
/// its end, or a helper of the kernel's.
fn counts_for_nothing(thread: u32) -> bool {
    let Some(stat) = Stat::of(thread) else { return false };
    stat.has_ended && thread == std::process::id() || stat.flags & IS_HELPER != 0
}

/// What the kernel tells of a thread, or with its initial thread of the process.
struct Stat {
    has_ended: bool,
    flags: u64,
    threads: usize,
}

impl Stat {
    fn of(thread: u32) -> Option<Self> {
        Self::read(&format!("/proc/self/task/{thread}/stat"))
    }

    fn read(path: &str) -> Option<Self> {
        let stat = std::fs::read_to_string(path).ok()?;
        // The name in parentheses may hold anything; the state after it is the third field.
        let (_, after_name) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Self {
            has_ended: field(3)? == "Z",
            flags: field(9)?.parse().ok()?,
            threads: field(20)?.parse().ok()?,
        })
    }
}

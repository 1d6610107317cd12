//! Disk files by io_uring, on one thread that owns the ring.
//!
//! Application threads never submit: an operation belongs to the thread that
//! submitted it, and its completion would interrupt that thread. They put jobs
//! into a queue and wake the owner if it sleeps. No more operations are in the
//! ring than its completion queue has room for, so it cannot overflow.
//!
//! The kernel may forbid the ring at any time, by a filter that the program
//! puts on itself. The ring is *lost* then: what the kernel has not taken, and
//! whatever comes later, goes to the threads; what it has taken is awaited.
#![allow(unsafe_code)]

mod floor;

use super::disk::{DiskFile, DiskOp, Job, Progress, advance, rest};
use super::epoll::{ring as ring_bell, waiting_event_fd};
use super::op::Outcome;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};
use io_uring::{IoUring, opcode, squeue, types};
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// Operations in the ring at once.
const IN_FLIGHT: usize = 256;
/// Room beside them, for the bell and for cancellations.
const SPARE: usize = 64;
/// The user data of the read of the bell.
const BELL: u64 = u64::MAX;
/// The user data of a cancellation.
const CANCEL: u64 = u64::MAX - 1;
/// How often, at least, the owner of a lost ring looks for results.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The ring's outside: where jobs are handed in.
#[derive(Debug)]
pub(super) struct Uring {
    inbox: Mutex<Inbox>,
    /// Old kernels refuse to wait for what is marked as not to be waited for.
    bell: OwnedFd,
    /// Whether the owner sleeps, or is about to.
    sleeps: AtomicBool,
}

#[derive(Default)]
struct Inbox {
    jobs: VecDeque<Job>,
    cancelled: Vec<u64>,
    stops: bool,
    /// The error by which the kernel took the ring away.
    lost: Option<i32>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

impl Uring {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            inbox: Mutex::default(),
            bell: waiting_event_fd()?,
            sleeps: AtomicBool::new(false),
        })
    }

    fn put<R>(&self, put: impl FnOnce(&mut Inbox) -> R) -> R {
        let result = put(&mut self.inbox.lock());
        if self.sleeps.load(Ordering::SeqCst) && self.sleeps.swap(false, Ordering::SeqCst) {
            ring_bell(&self.bell);
        }
        result
    }

    /// Takes a job, or gives it back if the ring is lost.
    pub(super) fn submit(&self, job: Job) -> Option<Job> {
        self.put(|inbox| {
            if inbox.lost.is_some() {
                return Some(job);
            }
            inbox.jobs.push_back(job);
            None
        })
    }

    /// Asks for the end of jobs; each still completes, perhaps whole.
    pub(super) fn cancel(&self, file: &Arc<DiskFile>, ids: &[u64]) {
        let mut waiting = VecDeque::new();
        self.put(|inbox| {
            let is_cancelled = |job: &Job| Arc::ptr_eq(&job.file, file) && ids.contains(&job.id);
            let (out, left) = std::mem::take(&mut inbox.jobs).into_iter().partition(is_cancelled);
            waiting = out;
            inbox.jobs = left;
            if inbox.lost.is_none() {
                inbox.cancelled.extend_from_slice(ids);
            }
        });
        for job in waiting {
            job.finish(Outcome::error(libc::ECANCELED));
        }
    }

    pub(super) fn stop(&self) {
        self.put(|inbox| inbox.stops = true);
    }

    /// The error by which the kernel took the ring away, if it has.
    pub(super) fn lost(&self) -> Option<std::io::Error> {
        self.inbox.lock().lost.map(std::io::Error::from_raw_os_error)
    }

    /// What the owner does until the engine goes, or the ring is lost, and
    /// every job is done. Jobs that the kernel does not take go to `other`.
    pub(super) fn own(&self, ring: IoUring, other: &dyn Fn(Job)) {
        let mut owner = Owner {
            outside: self,
            other,
            ring,
            in_flight: (0..IN_FLIGHT).map(|_| None).collect(),
            free: (0..IN_FLIGHT).collect(),
            waiting: VecDeque::new(),
            pushed: VecDeque::new(),
            bell_count: Box::new(0),
            bell_is_armed: false,
            stops: false,
            is_lost: false,
            pause: Duration::from_micros(100),
        };
        while !owner.is_done() {
            owner.turn();
        }
    }
}

/// A ring for the calling thread, with what the kernel has to offer.
pub(super) fn open_ring() -> std::io::Result<IoUring> {
    floor::open_ring((IN_FLIGHT + SPARE) as u32)
}

/// Whether the ring works on after this error: a signal, or a shortage.
fn is_passing(errno: i32) -> bool {
    matches!(errno, libc::EINTR | libc::EAGAIN | libc::EBUSY | libc::ENOMEM)
}

/// The inside of the ring, on the owner's stack.
struct Owner<'a> {
    outside: &'a Uring,
    other: &'a dyn Fn(Job),
    ring: IoUring,
    /// The jobs whose operation the kernel has, by user data.
    in_flight: Vec<Option<Job>>,
    free: Vec<usize>,
    /// Jobs that found no place in the ring.
    waiting: VecDeque<Job>,
    /// The user data of what the kernel has perhaps not taken yet, in order.
    pushed: VecDeque<u64>,
    /// Where the kernel puts the bell's count.
    bell_count: Box<u64>,
    bell_is_armed: bool,
    stops: bool,
    is_lost: bool,
    /// How long the owner of a lost ring sleeps before it looks again.
    pause: Duration,
}

impl Owner<'_> {
    fn is_done(&self) -> bool {
        (self.stops || self.is_lost) && self.waiting.is_empty() && self.free.len() == IN_FLIGHT
    }

    fn turn(&mut self) {
        if !self.is_lost {
            self.arm_bell();
        }
        self.fetch();
        self.submit_waiting();
        // What came while this thread was about to sleep rings no bell.
        self.outside.sleeps.store(true, Ordering::SeqCst);
        let nothing_came = {
            let inbox = self.outside.inbox.lock();
            inbox.jobs.is_empty() && inbox.cancelled.is_empty() && inbox.stops == self.stops
        };
        let want = usize::from(nothing_came && !self.is_done());
        self.enter(want);
        self.outside.sleeps.store(false, Ordering::SeqCst);
        self.reap();
    }

    fn submit_waiting(&mut self) {
        while !self.is_lost
            && let Some(&place) = self.free.last()
            && let Some(job) = self.waiting.pop_front()
        {
            self.free.pop();
            self.push_job(place, job);
        }
    }

    /// Submits what was pushed, and waits for so many results; looks for them,
    /// if the ring is lost.
    fn enter(&mut self, want: usize) {
        if self.is_lost {
            std::thread::sleep(self.pause);
            self.pause = (2 * self.pause).min(LONGEST_PAUSE);
            return;
        }
        let result = self.ring.submit_and_wait(want);
        let left = self.ring.submission().len();
        self.pushed.drain(..self.pushed.len().saturating_sub(left));
        if let Err(error) = result {
            match error.raw_os_error() {
                Some(errno) if is_passing(errno) => {}
                errno => self.lose(errno.unwrap_or(libc::EIO)),
            }
        }
    }

    /// The kernel takes nothing more from this ring: gives up what it has not.
    fn lose(&mut self, errno: i32) {
        self.is_lost = true;
        let came = {
            let mut inbox = self.outside.inbox.lock();
            inbox.lost = Some(errno);
            inbox.cancelled.clear();
            std::mem::take(&mut inbox.jobs)
        };
        for user_data in std::mem::take(&mut self.pushed) {
            match user_data {
                BELL => self.bell_is_armed = false,
                CANCEL => {}
                place => {
                    let place = place as usize;
                    if let Some(job) = self.in_flight[place].take() {
                        self.free.push(place);
                        (self.other)(job);
                    }
                }
            }
        }
        for job in std::mem::take(&mut self.waiting).into_iter().chain(came) {
            (self.other)(job);
        }
    }

    fn fetch(&mut self) {
        let cancelled = {
            let mut inbox = self.outside.inbox.lock();
            self.waiting.append(&mut inbox.jobs);
            self.stops = inbox.stops;
            std::mem::take(&mut inbox.cancelled)
        };
        for id in cancelled {
            self.cancel(id);
        }
    }

    fn cancel(&mut self, id: u64) {
        if let Some(position) = self.waiting.iter().position(|job| job.id == id) {
            if let Some(job) = self.waiting.remove(position) {
                job.finish(Outcome::error(libc::ECANCELED));
            }
        } else if let Some(place) =
            self.in_flight.iter().position(|job| job.as_ref().is_some_and(|job| job.id == id))
        {
            self.push(&opcode::AsyncCancel::new(place as u64).build(), CANCEL);
        }
    }

    fn arm_bell(&mut self) {
        if !self.bell_is_armed {
            let fd = types::Fd(self.outside.bell.as_raw_fd());
            let count = std::ptr::from_mut(&mut *self.bell_count).cast();
            self.bell_is_armed = self.push(&opcode::Read::new(fd, count, 8).build(), BELL);
        }
    }

    /// Gives a job to the kernel, or away if the ring is lost.
    fn push_job(&mut self, place: usize, job: Job) {
        if self.push(&entry(&job), place as u64) {
            self.in_flight[place] = Some(job);
        } else {
            self.free.push(place);
            (self.other)(job);
        }
    }

    /// Puts an operation into the ring; false if the ring is lost.
    fn push(&mut self, entry: &squeue::Entry, user_data: u64) -> bool {
        let entry = entry.clone().user_data(user_data);
        while !self.is_lost {
            // SAFETY: what the entry points to lives until its completion: the
            // buffers by the contract of `Buffer::new`, the descriptor and the
            // bell's count because the job and this owner do.
            if unsafe { self.ring.submission().push(&entry) }.is_ok() {
                self.pushed.push_back(user_data);
                return true;
            }
            self.enter(0);
        }
        false
    }

    fn reap(&mut self) {
        let results: Vec<(u64, i32)> =
            self.ring.completion().map(|entry| (entry.user_data(), entry.result())).collect();
        for (user_data, result) in results {
            match user_data {
                BELL => self.bell_is_armed = false,
                CANCEL => {}
                place => self.complete(place as usize, result),
            }
        }
    }

    fn complete(&mut self, place: usize, result: i32) {
        let Some(mut job) = self.in_flight[place].take() else { return };
        match advance(job.op, &mut job.done, i64::from(result)) {
            Progress::Whole(outcome) => {
                self.free.push(place);
                job.finish(outcome);
            }
            Progress::Partial => self.push_job(place, job),
        }
    }
}

impl Drop for Owner<'_> {
    /// The ring closes only when the kernel has nothing of ours; the bell's
    /// read is the last.
    fn drop(&mut self) {
        ring_bell(&self.outside.bell);
        while self.bell_is_armed {
            self.enter(1);
            self.reap();
        }
    }
}

/// The submission for what is left of a job.
fn entry(job: &Job) -> squeue::Entry {
    let fd = types::Fd(job.file.fd().unwrap_or(-1));
    match job.op {
        DiskOp::Read(buffer, offset) => {
            let (start, length) = rest(buffer, job.done);
            opcode::Read::new(fd, start, length as u32).offset(offset + job.done as u64).build()
        }
        DiskOp::Write(buffer, offset, is_durable) => {
            let (start, length) = rest(buffer, job.done);
            let flags = if is_durable { libc::RWF_DSYNC } else { 0 };
            opcode::Write::new(fd, start, length as u32)
                .offset(offset + job.done as u64)
                .rw_flags(flags)
                .build()
        }
        DiskOp::Append(buffer, is_durable) => {
            let (start, length) = rest(buffer, job.done);
            let flags = libc::RWF_APPEND | if is_durable { libc::RWF_DSYNC } else { 0 };
            opcode::Write::new(fd, start, length as u32).rw_flags(flags).build()
        }
        DiskOp::Nothing => opcode::Nop::new().build(),
    }
}

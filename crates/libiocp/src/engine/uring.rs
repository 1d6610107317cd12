//! Disk files by io_uring, on one thread that owns the ring.
//!
//! Application threads never submit: an operation belongs to the thread that
//! submitted it, and its completion would interrupt that thread. They put jobs
//! into a queue and wake the owner if it sleeps. No more operations are in the
//! ring than its completion queue has room for, so it cannot overflow.
#![allow(unsafe_code)]

use super::disk::{DiskFile, DiskOp, Job, Progress, advance, rest};
use super::epoll::{ring as ring_bell, waiting_event_fd};
use super::op::Outcome;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};
use io_uring::{IoUring, opcode, squeue, types};
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd};

/// Operations in the ring at once.
const IN_FLIGHT: usize = 256;
/// The user data of the read of the bell.
const BELL: u64 = u64::MAX;
/// The user data of a cancellation.
const CANCEL: u64 = u64::MAX - 1;

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

    fn put(&self, put: impl FnOnce(&mut Inbox)) {
        put(&mut self.inbox.lock());
        if self.sleeps.load(Ordering::SeqCst) && self.sleeps.swap(false, Ordering::SeqCst) {
            ring_bell(&self.bell);
        }
    }

    pub(super) fn submit(&self, job: Job) {
        self.put(|inbox| inbox.jobs.push_back(job));
    }

    /// Asks for the end of jobs; each still completes, perhaps whole.
    pub(super) fn cancel(&self, file: &Arc<DiskFile>, ids: &[u64]) {
        let mut waiting = VecDeque::new();
        self.put(|inbox| {
            let is_cancelled = |job: &Job| Arc::ptr_eq(&job.file, file) && ids.contains(&job.id);
            let (out, left) = std::mem::take(&mut inbox.jobs).into_iter().partition(is_cancelled);
            waiting = out;
            inbox.jobs = left;
            inbox.cancelled.extend_from_slice(ids);
        });
        for job in waiting {
            job.finish(Outcome::error(libc::ECANCELED));
        }
    }

    pub(super) fn stop(&self) {
        self.put(|inbox| inbox.stops = true);
    }

    /// What the owner does until the engine goes and every job is done.
    pub(super) fn own(&self, ring: IoUring) {
        let mut owner = Owner {
            outside: self,
            ring,
            in_flight: (0..IN_FLIGHT).map(|_| None).collect(),
            free: (0..IN_FLIGHT).collect(),
            waiting: VecDeque::new(),
            bell_count: Box::new(0),
            bell_is_armed: false,
            stops: false,
        };
        while !owner.is_done() {
            owner.turn();
        }
    }
}

/// A ring for the calling thread, with what the kernel has to offer.
pub(super) fn open_ring() -> std::io::Result<IoUring> {
    let entries = (IN_FLIGHT + 64) as u32;
    let ring =
        IoUring::builder().dontfork().setup_single_issuer().setup_defer_taskrun().build(entries);
    // Kernels before 6.1 do not know these flags.
    ring.or_else(|_| IoUring::builder().dontfork().build(entries))
}

/// The inside of the ring, on the owner's stack.
struct Owner<'a> {
    outside: &'a Uring,
    ring: IoUring,
    /// The jobs whose operation the kernel has, by user data.
    in_flight: Vec<Option<Job>>,
    free: Vec<usize>,
    /// Jobs that found no place in the ring.
    waiting: VecDeque<Job>,
    /// Where the kernel puts the bell's count.
    bell_count: Box<u64>,
    bell_is_armed: bool,
    stops: bool,
}

impl Owner<'_> {
    fn is_done(&self) -> bool {
        self.stops && self.waiting.is_empty() && self.free.len() == IN_FLIGHT
    }

    fn turn(&mut self) {
        self.arm_bell();
        self.fetch();
        while let Some(&place) = self.free.last()
            && let Some(job) = self.waiting.pop_front()
        {
            self.free.pop();
            self.push(&entry(&job, place as u64));
            self.in_flight[place] = Some(job);
        }
        // What came while this thread was about to sleep rings no bell.
        self.outside.sleeps.store(true, Ordering::SeqCst);
        let nothing_came = {
            let inbox = self.outside.inbox.lock();
            inbox.jobs.is_empty() && inbox.cancelled.is_empty() && inbox.stops == self.stops
        };
        let want = usize::from(nothing_came && !self.is_done());
        // An error here is a shortage or a signal: the next turn tries again.
        let _ = self.ring.submit_and_wait(want);
        self.outside.sleeps.store(false, Ordering::SeqCst);
        self.reap();
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
            self.push(&opcode::AsyncCancel::new(place as u64).build().user_data(CANCEL));
        }
    }

    fn arm_bell(&mut self) {
        if !self.bell_is_armed {
            let fd = types::Fd(self.outside.bell.as_raw_fd());
            let count = std::ptr::from_mut(&mut *self.bell_count).cast();
            let read = opcode::Read::new(fd, count, 8).build().user_data(BELL);
            self.push(&read);
            self.bell_is_armed = true;
        }
    }

    fn push(&mut self, entry: &squeue::Entry) {
        loop {
            // SAFETY: what the entry points to lives until its completion: the
            // buffers by the contract of `Buffer::new`, the descriptor and the
            // bell's count because the job and this owner do.
            if unsafe { self.ring.submission().push(entry) }.is_ok() {
                return;
            }
            let _ = self.ring.submit();
        }
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
            Progress::Partial => {
                self.push(&entry(&job, place as u64));
                self.in_flight[place] = Some(job);
            }
        }
    }
}

impl Drop for Owner<'_> {
    /// The ring closes only when the kernel has nothing of ours; the bell's
    /// read is the last.
    fn drop(&mut self) {
        ring_bell(&self.outside.bell);
        while self.bell_is_armed {
            let _ = self.ring.submit_and_wait(1);
            self.reap();
        }
    }
}

/// The submission for what is left of a job.
fn entry(job: &Job, user_data: u64) -> squeue::Entry {
    let fd = types::Fd(job.file.fd().unwrap_or(-1));
    let entry = match job.op {
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
    };
    entry.user_data(user_data)
}

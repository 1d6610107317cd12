//! An engine without a kernel: seeded order, errors on demand.
//!
//! It keeps the contract of the engine with memory alone. Nothing happens
//! until somebody steps it, by hand or by waiting; each step picks one thing
//! that could happen, by the seed. So an order of events that no healthy
//! kernel shows can be had, and had again.

use super::disk::{DiskFile, Job, Medium};
use super::lane::{Attempt, Stream, Target};
use super::op::{Buffers, Direction, Op, Outcome};
use crate::sync::{Arc, Deadline, Idle, Mutex, Parker, Weak};
use std::collections::VecDeque;
use std::time::Duration;

/// How often, in percent, things go other than well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// An operation fails with `EIO` (disk) or `ECONNRESET` (stream).
    pub errors: u32,
    /// A stream transfers less than it could.
    pub shorts: u32,
    /// A stream that is ready claims that it is not.
    pub delays: u32,
}

/// The engine without a kernel.
#[derive(Debug)]
pub struct Fake {
    state: Mutex<State>,
    random: Arc<Mutex<Random>>,
    faults: Faults,
    seed: u64,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    cancelled: Vec<u64>,
    streams: Vec<Weak<Stream>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

/// A small generator (xorshift), so that a seed means the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn percent(&mut self, chance: u32) -> bool {
        chance > 0 && self.next() % 100 < u64::from(chance)
    }
}

impl Fake {
    /// An engine that does the same whenever it has the same seed and the
    /// same calls.
    pub fn new(seed: u64, faults: Faults) -> Arc<Self> {
        let random = Arc::new(Mutex::new(Random(seed.wrapping_mul(2) | 1)));
        Arc::new(Self { state: Mutex::default(), random, faults, seed })
    }

    /// A disk file in memory.
    pub fn disk_file(&self, bytes: Vec<u8>) -> Arc<DiskFile> {
        Arc::new(DiskFile::new(Medium::Fake(Mutex::new(bytes))))
    }

    /// Two streams, each of which receives what the other sends.
    pub fn pair(&self, capacity: usize) -> (Arc<Stream>, Arc<Stream>) {
        let pipe = || Arc::new(Mutex::new(Pipe { capacity, ..Pipe::default() }));
        let (there, back) = (pipe(), pipe());
        (self.end(&back, &there), self.end(&there, &back))
    }

    fn end(&self, input: &Arc<Mutex<Pipe>>, output: &Arc<Mutex<Pipe>>) -> Arc<Stream> {
        let end = End {
            input: Arc::clone(input),
            output: Arc::clone(output),
            random: Arc::clone(&self.random),
            faults: self.faults,
        };
        Arc::new(Stream::new(Target::Fake(Box::new(end)), true))
    }

    pub(super) fn report(&self) -> String {
        format!("fake, no kernel (seed {})", self.seed)
    }

    pub(super) fn watch(&self, stream: &Arc<Stream>) {
        let weak = Arc::downgrade(stream);
        let mut state = self.state.lock();
        if !state.streams.iter().any(|other| other.ptr_eq(&weak)) {
            state.streams.push(weak);
        }
    }

    pub(super) fn submit(&self, job: Job) {
        self.state.lock().jobs.push(job);
    }

    pub(super) fn cancel(&self, ids: &[u64]) {
        self.state.lock().cancelled.extend_from_slice(ids);
    }

    /// Lets one thing happen; false if nothing can.
    pub fn step(&self) -> bool {
        let streams = {
            let mut state = self.state.lock();
            state.streams.retain(|stream| stream.strong_count() > 0);
            state.streams.clone()
        };
        let jobs = self.state.lock().jobs.len();
        let choices = jobs + 2 * streams.len();
        if choices == 0 {
            return false;
        }
        let first = self.random.lock().below(choices);
        (0..choices).any(|n| {
            let choice = (first + n) % choices;
            if choice < jobs {
                return self.finish_job(choice);
            }
            let choice = choice - jobs;
            let direction = if choice.is_multiple_of(2) { Direction::In } else { Direction::Out };
            streams[choice / 2].upgrade().is_some_and(|stream| stream.run(direction))
        })
    }

    fn finish_job(&self, index: usize) -> bool {
        let (job, is_cancelled) = {
            let mut state = self.state.lock();
            if index >= state.jobs.len() {
                return false;
            }
            let job = state.jobs.swap_remove(index);
            let is_cancelled = state.cancelled.contains(&job.id);
            state.cancelled.retain(|id| *id != job.id);
            (job, is_cancelled)
        };
        // A cancellation may come too late.
        let comes_in_time = is_cancelled && self.random.lock().percent(75);
        let fails = self.random.lock().percent(self.faults.errors);
        let outcome = if comes_in_time {
            Outcome::error(libc::ECANCELED)
        } else if fails {
            Outcome::error(libc::EIO)
        } else {
            job.file.carry_out(job.op, 0)
        };
        job.finish(outcome);
        true
    }

    /// Lets things happen until nothing can.
    pub fn run(&self) {
        while self.step() {}
    }
}

impl Idle for Fake {
    fn park(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        loop {
            if parker.take_notification() {
                return true;
            }
            if deadline.is_some_and(Deadline::has_passed) {
                return false;
            }
            if !self.step() {
                let soon = Deadline::after(Duration::from_millis(1));
                let until = deadline.map_or(soon, |deadline| deadline.min(soon));
                if parker.park(Some(until)) {
                    return true;
                }
            }
        }
    }

    fn poll(&self) {
        self.step();
    }
}

/// Bytes on their way.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_finished: bool,
    is_reset: bool,
}

/// One end of a pair.
struct End {
    input: Arc<Mutex<Pipe>>,
    output: Arc<Mutex<Pipe>>,
    random: Arc<Mutex<Random>>,
    faults: Faults,
}

impl Drop for End {
    fn drop(&mut self) {
        self.output.lock_nested().is_finished = true;
        self.input.lock_nested().is_reset = true;
    }
}

impl Attempt for End {
    fn attempt(&self, op: &mut Op) -> Option<Outcome> {
        let (is_delayed, fails, is_short) = {
            let mut random = self.random.lock_nested();
            let faults = self.faults;
            let delayed = random.percent(faults.delays);
            (delayed, random.percent(faults.errors), random.percent(faults.shorts))
        };
        if is_delayed {
            return None;
        }
        if fails {
            return Some(Outcome::error(libc::ECONNRESET));
        }
        let limit = if is_short { 1 } else { usize::MAX };
        match op {
            Op::Receive { buffers, wants_all, received, .. } => {
                self.receive(buffers, *wants_all, received, limit)
            }
            Op::Readable => {
                let input = self.input.lock_nested();
                (!input.bytes.is_empty() || input.is_finished).then(|| Outcome::of(0))
            }
            Op::Send { buffers, sent, .. } => self.send(buffers, sent, limit),
            Op::Finish => {
                self.output.lock_nested().is_finished = true;
                Some(Outcome::of(0))
            }
            Op::Accept | Op::Connect(_) | Op::Exit | Op::Read(_) | Op::Write(..) => {
                Some(Outcome::error(libc::EOPNOTSUPP))
            }
        }
    }
}

impl End {
    fn receive(
        &self,
        buffers: &Buffers,
        wants_all: bool,
        received: &mut usize,
        limit: usize,
    ) -> Option<Outcome> {
        let mut input = self.input.lock_nested();
        let mut budget = limit;
        for buffer in buffers.behind(*received).as_slice() {
            let count = buffer.len().min(input.bytes.len()).min(budget);
            super::disk::fill(*buffer, input.bytes.drain(..count));
            *received += count;
            budget -= count;
        }
        let is_over = input.is_finished && input.bytes.is_empty();
        let is_enough = if wants_all { *received == buffers.len() } else { *received > 0 };
        (is_enough || is_over).then(|| Outcome::of(*received as i64))
    }

    fn send(&self, buffers: &Buffers, sent: &mut usize, limit: usize) -> Option<Outcome> {
        let mut output = self.output.lock_nested();
        if output.is_reset || output.is_finished {
            return Some(Outcome::error(libc::EPIPE));
        }
        let mut budget = limit.min(output.capacity - output.bytes.len());
        for buffer in buffers.behind(*sent).as_slice() {
            let count = buffer.len().min(budget);
            output.bytes.extend(super::disk::bytes_of(*buffer, count));
            *sent += count;
            budget -= count;
        }
        (*sent == buffers.len()).then(|| Outcome::of(*sent as i64))
    }
}

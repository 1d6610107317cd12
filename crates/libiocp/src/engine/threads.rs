//! Disk files where io_uring is forbidden: a few threads that may block.

use super::crew::Crew;
use super::disk::{DiskFile, Job};
use super::op::Outcome;
use crate::sync::{Arc, Mutex, Parker};
use std::collections::VecDeque;

/// How many threads at most; more would only queue in the kernel instead.
const THREADS: usize = 4;

pub(super) struct Threads {
    state: Mutex<State>,
    crew: Arc<Crew>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// The threads that sleep, newest last.
    idle: Vec<Arc<Parker>>,
    /// How many threads there are, or are about to be.
    threads: usize,
    stops: bool,
}

/// What a new job needs.
enum Help {
    Wake(Arc<Parker>),
    Start,
    /// Every thread is busy, and will come to it.
    Nothing,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

impl Threads {
    pub(super) fn new(crew: Arc<Crew>) -> Self {
        Self { state: Mutex::default(), crew }
    }

    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let help = {
            let mut state = self.state.lock();
            state.jobs.push_back(job);
            match state.idle.pop() {
                Some(parker) => Help::Wake(parker),
                None if state.threads < THREADS => {
                    state.threads += 1;
                    Help::Start
                }
                None => Help::Nothing,
            }
        };
        match help {
            Help::Wake(parker) => parker.unpark(),
            Help::Start => self.start(),
            Help::Nothing => {}
        }
    }

    fn start(self: &Arc<Self>) {
        let threads = Arc::clone(self);
        if self.crew.spawn("iocp-disk", move || threads.work()) {
            return;
        }
        let others = {
            let mut state = self.state.lock();
            state.threads -= 1;
            state.threads
        };
        // No thread is to be had now: the jobs are carried out nevertheless.
        if others == 0 {
            while let Some(job) = self.next() {
                carry_out(job);
            }
        }
    }

    fn next(&self) -> Option<Job> {
        self.state.lock().jobs.pop_front()
    }

    /// Completes those of the jobs that no thread has begun.
    pub(super) fn cancel(&self, file: &Arc<DiskFile>, ids: &[u64]) {
        let cancelled: Vec<Job> = {
            let mut state = self.state.lock();
            let is_cancelled = |job: &Job| Arc::ptr_eq(&job.file, file) && ids.contains(&job.id);
            let (out, left): (VecDeque<_>, _) =
                std::mem::take(&mut state.jobs).into_iter().partition(is_cancelled);
            state.jobs = left;
            out.into()
        };
        for job in cancelled {
            job.finish(Outcome::error(libc::ECANCELED));
        }
    }

    /// What each thread does until the engine goes.
    fn work(&self) {
        let parker = Arc::new(Parker::default());
        loop {
            let job = {
                let mut state = self.state.lock();
                let job = state.jobs.pop_front();
                if job.is_none() {
                    if state.stops {
                        state.threads -= 1;
                        return;
                    }
                    state.idle.push(Arc::clone(&parker));
                }
                job
            };
            match job {
                Some(job) => carry_out(job),
                None => {
                    parker.park(None);
                }
            }
        }
    }

    pub(super) fn stop(&self) {
        let idle = {
            let mut state = self.state.lock();
            state.stops = true;
            std::mem::take(&mut state.idle)
        };
        for parker in idle {
            parker.unpark();
        }
    }
}

fn carry_out(job: Job) {
    let outcome = job.file.carry_out(job.op, job.done);
    job.finish(outcome);
}

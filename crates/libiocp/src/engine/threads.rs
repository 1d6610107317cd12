//! Disk files where io_uring is forbidden: a few threads that may block.

use super::disk::{DiskFile, Job};
use super::op::Outcome;
use crate::sync::{Arc, Mutex, Parker};
use std::collections::VecDeque;

/// How many threads; more would only queue in the kernel instead.
pub(super) const THREADS: usize = 4;

#[derive(Default)]
pub(super) struct Threads {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// The threads that sleep, newest last.
    idle: Vec<Arc<Parker>>,
    stops: bool,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

impl Threads {
    pub(super) fn submit(&self, job: Job) {
        let idle = {
            let mut state = self.state.lock();
            state.jobs.push_back(job);
            state.idle.pop()
        };
        if let Some(parker) = idle {
            parker.unpark();
        }
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
    pub(super) fn work(&self) {
        let parker = Arc::new(Parker::default());
        loop {
            let job = {
                let mut state = self.state.lock();
                let job = state.jobs.pop_front();
                if job.is_none() {
                    if state.stops {
                        return;
                    }
                    state.idle.push(Arc::clone(&parker));
                }
                job
            };
            match job {
                Some(job) => {
                    let outcome = job.file.carry_out(job.op);
                    job.finish(outcome);
                }
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

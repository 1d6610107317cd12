//! Files without offsets, such as pipes and terminals. They may keep one
//! waiting for ever, and what waits must be cancellable, so one thread waits
//! for all of them and acts on what is ready.
#![allow(unsafe_code)]

use super::crew::Crew;
use super::disk::{DiskFile, Job, Progress};
use super::epoll::{event_fd, hush, ring};
use super::op::{Outcome, errno};
use crate::sync::{Arc, Mutex};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

pub(super) struct Pipes {
    state: Mutex<State>,
    crew: Arc<Crew>,
}

#[derive(Default)]
struct State {
    /// Oldest first; of one file and direction only the first is tried.
    jobs: Vec<Job>,
    /// Rung for the thread, once there is one.
    bell: Option<Arc<OwnedFd>>,
    stops: bool,
}

impl std::fmt::Debug for Pipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipes").finish_non_exhaustive()
    }
}

impl Pipes {
    pub(super) fn new(crew: Arc<Crew>) -> Self {
        Self { state: Mutex::default(), crew }
    }

    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let bell = {
            let mut state = self.state.lock();
            state.jobs.push(job);
            state.bell.clone()
        };
        match bell {
            Some(bell) => ring(&bell),
            None => self.start(),
        }
    }

    fn start(self: &Arc<Self>) {
        let result = event_fd().and_then(|bell| {
            let bell = Arc::new(bell);
            {
                let mut state = self.state.lock();
                if state.bell.is_some() {
                    return Ok(());
                }
                state.bell = Some(Arc::clone(&bell));
            }
            let pipes = Arc::clone(self);
            if self.crew.spawn("iocp-pipes", move || pipes.work(&bell)) {
                return Ok(());
            }
            self.state.lock().bell = None;
            Err(std::io::Error::from_raw_os_error(libc::ENOMEM))
        });
        if let Err(error) = result {
            let jobs = std::mem::take(&mut self.state.lock().jobs);
            let outcome = error.raw_os_error().unwrap_or(libc::ENOMEM);
            jobs.into_iter().for_each(|job| job.finish(Outcome::error(outcome)));
        } else if let Some(bell) = self.state.lock().bell.clone() {
            ring(&bell);
        }
    }

    /// Completes those of the jobs that are not being carried out.
    pub(super) fn cancel(&self, file: &Arc<DiskFile>, ids: &[u64]) {
        let is_cancelled = |job: &mut Job| Arc::ptr_eq(&job.file, file) && ids.contains(&job.id);
        let (cancelled, bell): (Vec<Job>, _) = {
            let mut state = self.state.lock();
            (state.jobs.extract_if(.., is_cancelled).collect(), state.bell.clone())
        };
        // The thread sleeps on a descriptor that is about to close.
        if let (false, Some(bell)) = (cancelled.is_empty(), bell) {
            ring(&bell);
        }
        for job in cancelled {
            job.finish(Outcome::error(libc::ECANCELED));
        }
    }

    pub(super) fn stop(&self) {
        let bell = {
            let mut state = self.state.lock();
            state.stops = true;
            state.bell.clone()
        };
        if let Some(bell) = bell {
            ring(&bell);
        }
    }

    /// What the thread does until the engine goes.
    fn work(&self, bell: &OwnedFd) {
        while let Some((jobs, mut polls)) = self.to_wait_for(bell.as_raw_fd()) {
            wait(&mut polls);
            hush(bell);
            for (id, _) in jobs.iter().zip(&polls[1..]).filter(|(_, poll)| poll.revents != 0) {
                if let Some(job) = self.take(*id) {
                    self.carry_on(job);
                }
            }
        }
    }

    /// The jobs to try next and what to wait for, the bell first; `None` at
    /// the end.
    fn to_wait_for(&self, bell: RawFd) -> Option<(Vec<u64>, Vec<libc::pollfd>)> {
        let state = self.state.lock();
        if state.stops && state.jobs.is_empty() {
            return None;
        }
        let poll = |fd, events| libc::pollfd { fd, events, revents: 0 };
        let (mut ids, mut polls) = (Vec::new(), vec![poll(bell, libc::POLLIN)]);
        for job in &state.jobs {
            let events = if job.op.is_write() { libc::POLLOUT } else { libc::POLLIN };
            let fd = job.file.fd().unwrap_or(-1);
            if !polls.iter().any(|other| (other.fd, other.events) == (fd, events)) {
                ids.push(job.id);
                polls.push(poll(fd, events));
            }
        }
        Some((ids, polls))
    }

    fn take(&self, id: u64) -> Option<Job> {
        let mut state = self.state.lock();
        let place = state.jobs.iter().position(|job| job.id == id)?;
        Some(state.jobs.remove(place))
    }

    fn carry_on(&self, mut job: Job) {
        let outcome = match job.file.carry_on(job.op, &mut job.done) {
            Progress::Whole(outcome) => outcome,
            Progress::Partial => {
                let (id, file) = (job.id, Arc::clone(&job.file));
                self.state.lock().jobs.insert(0, job);
                // Whoever cancelled it meanwhile has not found it here.
                if !file.is_admitted(id) {
                    self.cancel(&file, &[id]);
                }
                return;
            }
        };
        job.finish(outcome);
    }
}

/// Waits until something is ready. What cannot be waited for counts as ready:
/// the attempt will tell.
fn wait(polls: &mut [libc::pollfd]) {
    // SAFETY: the records are valid for writes, and as many as stated.
    let count = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, -1) };
    if count < 0 && errno() != libc::EINTR {
        polls.iter_mut().for_each(|poll| poll.revents = poll.events);
    }
}

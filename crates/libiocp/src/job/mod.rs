//! Job objects: groups of processes that are counted, limited and ended
//! together, and that tell a port what becomes of them.
//!
//! What a job decides is in `forest`. Here is what it means: processes,
//! packets, and the control group that keeps what members start by themselves
//! in the job. Where no control group is to be had, a job holds only those
//! processes that this library started or assigned.

mod forest;
mod group;

use crate::handle::{Close, HandleCount};
use crate::port::{Packet, Port};
use crate::process::{Process, Processes};
use crate::status::Status;
use crate::sync::{Arc, Mutex, OnceLock};
use crate::wait::{Signal, Subscriber, Subscription, subscribe};
pub use forest::{
    ACTIVE_PROCESSES, BREAKS_AWAY, Counts, DIES_SILENTLY, KILL_ON_CLOSE, KNOWN_LIMITS, Limits,
    MAY_BREAK_AWAY,
};
use forest::{Effect, Forest, JobId, Refusal};
use group::Group;
use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;

/// A process in the forest: the same if it has the same number, which is its
/// own as long as it is a member.
#[derive(Clone, Debug)]
struct Member(Arc<Process>);

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

type Effects = Vec<Effect<Member, Arc<Port>>>;

/// The jobs, and what their changes have brought about that is still to be
/// carried out: in the order of the changes, by one thread at a time.
#[derive(Debug, Default)]
struct State {
    forest: Forest<Member, Arc<Port>>,
    effects: VecDeque<Effect<Member, Arc<Port>>>,
    /// Some thread is at it.
    is_being_told: bool,
}

/// All jobs of a system.
#[derive(Debug)]
pub struct Jobs {
    state: Mutex<State>,
    groups: Mutex<HashMap<JobId, Arc<Group>>>,
    /// Who waits for the end of a member, by its number.
    watches: Mutex<HashMap<u32, (Arc<Process>, Subscription)>>,
    processes: Arc<Processes>,
}

/// A job object.
#[derive(Debug)]
pub struct Job {
    handles: HandleCount,
    /// Set when a limit on the job's time has ended it: there is none here.
    signal: Signal,
    id: JobId,
    jobs: Arc<Jobs>,
}

/// Is told that a member has ended.
#[derive(Debug)]
struct Watch {
    jobs: Arc<Jobs>,
    process: OnceLock<Arc<Process>>,
}

impl Subscriber for Watch {
    fn signaled(&self) {
        if let Some(process) = self.process.get() {
            self.jobs.ended(process);
        }
    }
}

impl Jobs {
    /// No jobs yet, for processes among these.
    pub fn new(processes: Arc<Processes>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            groups: Mutex::default(),
            watches: Mutex::default(),
            processes,
        })
    }

    /// A new job.
    pub fn create(self: &Arc<Self>) -> Job {
        let id = self.state.lock().forest.create();
        self.job(id)
    }

    /// Changes the forest, and carries out what that brings about.
    fn change<R>(&self, f: impl FnOnce(&mut Forest<Member, Arc<Port>>) -> (R, Effects)) -> R {
        let result = self.decide(f);
        self.carry_out();
        result
    }

    fn decide<R>(&self, f: impl FnOnce(&mut Forest<Member, Arc<Port>>) -> (R, Effects)) -> R {
        let mut state = self.state.lock();
        let (result, effects) = f(&mut state.forest);
        state.effects.extend(effects);
        result
    }

    /// Carries out what there is, unless another thread is at it.
    fn carry_out(&self) {
        let next = |is_first: bool| {
            let mut state = self.state.lock();
            if is_first && state.is_being_told {
                return None;
            }
            let effect = state.effects.pop_front();
            state.is_being_told = effect.is_some();
            effect
        };
        let mut effect = next(true);
        while let Some(current) = effect {
            match current {
                Effect::Tell(port, key, message, process) => {
                    port.post(Packet::new(key, process as usize, message as usize));
                }
                Effect::Kill(Member(process)) => {
                    let _ = process.terminate(0);
                }
            }
            effect = next(false);
        }
    }

    /// Makes a process a member of a job, and sees to it that its end is
    /// noticed.
    fn assign(self: &Arc<Self>, job: JobId, process: &Arc<Process>) -> Result<(), Status> {
        if process.signal().is_set() {
            return Err(Status::ACCESS_DENIED);
        }
        let member = Member(Arc::clone(process));
        let assigned = self.change(|forest| forest.assign(job, process.id(), &member));
        match assigned {
            Err(Refusal::WrongJob) => return Err(Status::ACCESS_DENIED),
            Err(Refusal::TooMany) => return Err(Status::QUOTA_EXCEEDED),
            Ok(()) => {}
        }
        self.watch(process);
        Ok(())
    }

    fn watch(self: &Arc<Self>, process: &Arc<Process>) {
        if process.is_this() {
            return;
        }
        let is_watched = self.watches.lock().contains_key(&process.id());
        if is_watched {
            // Its end may have been carried out just before it became a
            // member once more.
            if process.signal().is_set() {
                self.ended(process);
            }
            return;
        }
        let watch = Watch { jobs: Arc::clone(self), process: OnceLock::new() };
        let _ = watch.process.set(Arc::clone(process));
        match subscribe(process.signal(), Arc::new(watch)) {
            None => self.ended(process),
            Some(subscription) => {
                let kept = (Arc::clone(process), subscription);
                self.watches.lock().insert(process.id(), kept);
                // It may have ended before this was noted down.
                if process.signal().is_set() {
                    self.watches.lock().remove(&process.id());
                }
            }
        }
    }

    fn ended(self: &Arc<Self>, process: &Arc<Process>) {
        // What it has started is found while its job still has a member.
        self.adopt();
        let member = Member(Arc::clone(process));
        let is_abnormal = process.exit_code().is_some_and(is_exception);
        self.change(|forest| ((), forest.ended(&member, is_abnormal)));
        let watch = self.watches.lock().remove(&process.id());
        drop(watch);
        self.drop_idle_groups();
    }

    /// Makes members of the processes that members have started by themselves.
    fn adopt(self: &Arc<Self>) {
        let groups: Vec<_> =
            self.groups.lock().iter().map(|(job, group)| (*job, Arc::clone(group))).collect();
        for (job, group) in groups {
            let known = self.state.lock().forest.members(job);
            for id in group.processes() {
                if !known.iter().any(|(member, _)| *member == id)
                    && let Ok(process) = self.processes.open(id)
                {
                    let _ = self.assign(job, &process);
                }
            }
        }
    }

    /// The control group of a job, made when it is first needed, below that of
    /// the job above it.
    fn group(&self, job: JobId) -> Option<Arc<Group>> {
        if let Some(group) = self.groups.lock().get(&job) {
            return Some(Arc::clone(group));
        }
        let above = self.state.lock().forest.lineage(job).get(1).copied();
        let group = match above.and_then(|above| self.group(above)) {
            Some(above) => Group::below(&above, job),
            None => Group::new(job),
        };
        let group = Arc::new(group?);
        Some(Arc::clone(self.groups.lock().entry(job).or_insert(group)))
    }

    fn drop_idle_groups(&self) {
        let jobs: Vec<JobId> = self.groups.lock().keys().copied().collect();
        for job in jobs {
            if !self.state.lock().forest.is_known(job) {
                let group = self.groups.lock().remove(&job);
                drop(group);
            }
        }
    }

    /// The job for a process that `parent` starts, or none.
    ///
    /// # Errors
    /// `ACCESS_DENIED` when it wants to break away and may not.
    pub fn job_for_child(
        self: &Arc<Self>,
        parent: &Arc<Process>,
        wants_away: bool,
    ) -> Result<Option<ChildJob>, Status> {
        let parent = Member(Arc::clone(parent));
        let job = self.state.lock().forest.job_for_child(&parent, wants_away);
        let job = job.map_err(|_| Status::ACCESS_DENIED)?;
        Ok(job.map(|id| ChildJob { jobs: Arc::clone(self), id }))
    }

    /// The innermost job of a process.
    pub fn job_of(self: &Arc<Self>, process: &Arc<Process>) -> Option<Arc<Job>> {
        let id = self.state.lock().forest.job_of(&Member(Arc::clone(process)))?;
        Some(Arc::new(self.job(id)))
    }

    fn job(self: &Arc<Self>, id: JobId) -> Job {
        Job {
            handles: HandleCount::default(),
            signal: Signal::manual(false),
            id,
            jobs: Arc::clone(self),
        }
    }
}

/// The job in which a process is about to be started.
#[derive(Debug)]
pub struct ChildJob {
    jobs: Arc<Jobs>,
    id: JobId,
}

impl ChildJob {
    /// Where the new process is to write itself, so that it starts inside.
    pub fn group(&self) -> Option<OwnedFd> {
        self.jobs.group(self.id)?.door()
    }

    /// The process has been started.
    ///
    /// # Errors
    /// `QUOTA_EXCEEDED` if the job is full.
    pub fn admit(&self, process: &Arc<Process>) -> Result<(), Status> {
        self.jobs.assign(self.id, process)
    }
}

impl Job {
    /// What a wait waits for: in vain.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Makes a running process a member.
    ///
    /// # Errors
    /// `ACCESS_DENIED` if it has ended or belongs to a job that this one
    /// cannot come under; `QUOTA_EXCEEDED` if the job is full, and then the
    /// process is ended.
    pub fn assign(&self, process: &Arc<Process>) -> Result<(), Status> {
        let assigned = self.jobs.assign(self.id, process);
        match assigned {
            Ok(()) => {
                if let Some(group) = self.jobs.group(self.id) {
                    group.admit(process.id());
                }
            }
            Err(Status::QUOTA_EXCEEDED) => {
                let _ = process.terminate(0);
            }
            Err(_) => {}
        }
        assigned
    }

    /// Ties the job to a port, which hears of each member; `None` unties it.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` if it is tied already.
    pub fn set_port(&self, port: Option<(Arc<Port>, usize)>) -> Result<(), Status> {
        self.jobs.change(|forest| match forest.set_port(self.id, port) {
            Some(effects) => (Ok(()), effects),
            None => (Err(Status::INVALID_PARAMETER), Vec::new()),
        })
    }

    /// The numbers of the members.
    pub fn processes(&self) -> Vec<u32> {
        self.jobs.adopt();
        self.jobs.state.lock().forest.members(self.id).into_iter().map(|(id, _)| id).collect()
    }

    /// What has been counted.
    pub fn counts(&self) -> Counts {
        self.jobs.adopt();
        self.jobs.state.lock().forest.counts(self.id)
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.jobs.state.lock().forest.limits(self.id)
    }

    /// Sets the limits.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for one that cannot be kept; nothing has changed then.
    pub fn set_limits(&self, limits: Limits) -> Result<(), Status> {
        if limits.flags & !KNOWN_LIMITS != 0 {
            return Err(Status::NOT_SUPPORTED);
        }
        self.jobs.state.lock().forest.set_limits(self.id, limits);
        Ok(())
    }

    /// Whether a process is a member.
    pub fn contains(&self, process: &Arc<Process>) -> bool {
        self.jobs.adopt();
        self.jobs.state.lock().forest.contains(self.id, &Member(Arc::clone(process)))
    }

    /// Ends every member; this process last, if it is one.
    pub fn terminate(&self, code: u32) {
        self.jobs.adopt();
        let members = self.jobs.state.lock().forest.members(self.id);
        let (this, others): (Vec<_>, Vec<_>) =
            members.into_iter().partition(|(_, member)| member.0.is_this());
        for (_, Member(process)) in others.iter().chain(&this) {
            let _ = process.terminate(code);
        }
        // What was started meanwhile has the job's fate.
        for id in self.processes() {
            if !others.iter().any(|(known, _)| *known == id)
                && let Ok(process) = self.jobs.processes.open(id)
            {
                let _ = process.terminate(code);
            }
        }
    }
}

impl Close for Job {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// The job goes with its last member; if it is to, it takes them along.
    fn close(self: &Arc<Self>) {
        let kills = self.limits().flags & KILL_ON_CLOSE != 0;
        if kills {
            self.terminate(0);
        }
        self.jobs.change(|forest| ((), forest.close(self.id)));
        self.jobs.drop_idle_groups();
    }
}

/// Exit codes that say that something went wrong.
fn is_exception(code: u32) -> bool {
    matches!(
        code,
        0x8000_0002..=0x8000_0004
            | 0xC000_0005
            | 0xC000_0006
            | 0xC000_001D
            | 0xC000_0025
            | 0xC000_0026
            | 0xC000_008C..=0xC000_0096
            | 0xC000_00FD
            | 0xC000_013A
    )
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::engine::{Engine, Fake, Faults};
    use crate::sync::{Deadline, Sleep};

    #[test]
    fn port_261_a_port_hears_of_changes_in_their_order() {
        let engine = Arc::new(Engine::fake(Fake::new(1, Faults::default())));
        let jobs = Jobs::new(Arc::new(Processes::new(engine)));
        let (job, port) = (jobs.create(), Arc::new(Port::new(1)));
        job.set_port(Some((Arc::clone(&port), 1))).unwrap();
        let process = Arc::<Process>::default();
        let member = Member(Arc::clone(&process));
        // Who has decided this is held up, and another thread comes first.
        jobs.decide(|forest| forest.assign(job.id, process.id(), &member)).unwrap();
        jobs.ended(&process);
        let mut packets = [Packet::default(); 4];
        let count = port.take(&mut packets, Some(Deadline::now()), &Sleep).unwrap();
        let messages: Vec<_> = packets[..count].iter().map(|it| it.bytes).collect();
        assert_eq!(messages, [6, 7, 4]);
        assert!(!jobs.state.lock().is_being_told);
    }
}

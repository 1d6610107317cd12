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
use std::collections::HashMap;
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

/// All jobs of a system.
#[derive(Debug)]
pub struct Jobs {
    forest: Mutex<Forest<Member, Arc<Port>>>,
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
            forest: Mutex::default(),
            groups: Mutex::default(),
            watches: Mutex::default(),
            processes,
        })
    }

    /// A new job.
    pub fn create(self: &Arc<Self>) -> Job {
        let id = self.forest.lock().create();
        self.job(id)
    }

    fn carry_out(&self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Tell(port, key, message, process) => {
                    port.post(Packet::new(key, process as usize, message as usize));
                }
                Effect::Kill(Member(process)) => {
                    let _ = process.terminate(0);
                }
            }
        }
    }

    /// Makes a process a member of a job, and sees to it that its end is
    /// noticed.
    fn assign(self: &Arc<Self>, job: JobId, process: &Arc<Process>) -> Result<(), Status> {
        if process.signal().is_set() {
            return Err(Status::ACCESS_DENIED);
        }
        let member = Member(Arc::clone(process));
        let (assigned, effects) = self.forest.lock().assign(job, process.id(), &member);
        self.carry_out(effects);
        match assigned {
            Err(Refusal::WrongJob) => return Err(Status::ACCESS_DENIED),
            Err(Refusal::TooMany) => return Err(Status::QUOTA_EXCEEDED),
            Ok(()) => {}
        }
        self.watch(process);
        Ok(())
    }

    fn watch(self: &Arc<Self>, process: &Arc<Process>) {
        if process.is_this() || self.watches.lock().contains_key(&process.id()) {
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
        let effects = self.forest.lock().ended(&member, is_abnormal);
        self.carry_out(effects);
        let watch = self.watches.lock().remove(&process.id());
        drop(watch);
        self.drop_idle_groups();
    }

    /// Makes members of the processes that members have started by themselves.
    fn adopt(self: &Arc<Self>) {
        let groups: Vec<_> =
            self.groups.lock().iter().map(|(job, group)| (*job, Arc::clone(group))).collect();
        for (job, group) in groups {
            let known = self.forest.lock().members(job);
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
        let above = self.forest.lock().lineage(job).get(1).copied();
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
            if !self.forest.lock().is_known(job) {
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
        let job = self.forest.lock().job_for_child(&parent, wants_away);
        let job = job.map_err(|_| Status::ACCESS_DENIED)?;
        Ok(job.map(|id| ChildJob { jobs: Arc::clone(self), id }))
    }

    /// The innermost job of a process.
    pub fn job_of(self: &Arc<Self>, process: &Arc<Process>) -> Option<Arc<Job>> {
        let id = self.forest.lock().job_of(&Member(Arc::clone(process)))?;
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
        let effects = self.jobs.forest.lock().set_port(self.id, port);
        self.jobs.carry_out(effects.ok_or(Status::INVALID_PARAMETER)?);
        Ok(())
    }

    /// The numbers of the members.
    pub fn processes(&self) -> Vec<u32> {
        self.jobs.adopt();
        self.jobs.forest.lock().members(self.id).into_iter().map(|(id, _)| id).collect()
    }

    /// What has been counted.
    pub fn counts(&self) -> Counts {
        self.jobs.adopt();
        self.jobs.forest.lock().counts(self.id)
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.jobs.forest.lock().limits(self.id)
    }

    /// Sets the limits.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for one that cannot be kept; nothing has changed then.
    pub fn set_limits(&self, limits: Limits) -> Result<(), Status> {
        if limits.flags & !KNOWN_LIMITS != 0 {
            return Err(Status::NOT_SUPPORTED);
        }
        self.jobs.forest.lock().set_limits(self.id, limits);
        Ok(())
    }

    /// Whether a process is a member.
    pub fn contains(&self, process: &Arc<Process>) -> bool {
        self.jobs.adopt();
        self.jobs.forest.lock().contains(self.id, &Member(Arc::clone(process)))
    }

    /// Ends every member; this process last, if it is one.
    pub fn terminate(&self, code: u32) {
        self.jobs.adopt();
        let members = self.jobs.forest.lock().members(self.id);
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
        let effects = self.jobs.forest.lock().close(self.id);
        self.jobs.carry_out(effects);
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

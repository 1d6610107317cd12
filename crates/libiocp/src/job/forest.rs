//! Which process belongs to which jobs, and who is told what: without
//! processes, ports or a kernel.
//!
//! Jobs form trees. A process belongs to one job and to all above it. Every
//! change returns what it brings about, to be done when no lock is held.

use std::collections::BTreeMap;

/// Names a job, for ever.
pub(super) type JobId = u64;

/// End the processes of a job when its last handle closes.
pub const KILL_ON_CLOSE: u32 = 0x2000;
/// At most so many processes at once.
pub const ACTIVE_PROCESSES: u32 = 0x8;
/// A process may be started outside the job if it asks for that.
pub const MAY_BREAK_AWAY: u32 = 0x800;
/// Processes are started outside the job.
pub const BREAKS_AWAY: u32 = 0x1000;
/// No dialog is shown when a process crashes. There are none here.
pub const DIES_SILENTLY: u32 = 0x400;
/// The limits that are kept.
pub const KNOWN_LIMITS: u32 =
    KILL_ON_CLOSE | ACTIVE_PROCESSES | MAY_BREAK_AWAY | BREAKS_AWAY | DIES_SILENTLY;

/// What a job says to its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Message {
    ActiveProcessLimit = 3,
    ActiveProcessZero = 4,
    NewProcess = 6,
    ExitProcess = 7,
    AbnormalExitProcess = 8,
}

/// Why a process cannot become a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It belongs to a job that this one cannot come under.
    WrongJob,
    /// There are as many as there may be.
    TooMany,
}

/// What a change brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect<P, Q> {
    /// A message to a port, with the job's key, about a process or none.
    Tell(Q, usize, Message, u32),
    /// The end of a process.
    Kill(P),
}

/// What is counted of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The processes that have ever been members.
    pub total: u32,
    /// Those that are.
    pub active: u32,
    /// Those that a limit ended.
    pub terminated: u32,
}

/// The limits of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Which are in force.
    pub flags: u32,
    /// How many processes there may be at once.
    pub active_processes: u32,
}

#[derive(Debug)]
struct Node<P, Q> {
    parent: Option<JobId>,
    /// Those of this job and of the jobs below it.
    members: Vec<(u32, P)>,
    port: Option<(Q, usize)>,
    limits: Limits,
    counts: Counts,
    has_handles: bool,
}

/// All jobs. `P` is a process, `Q` a port.
#[derive(Debug)]
pub(super) struct Forest<P, Q> {
    jobs: BTreeMap<JobId, Node<P, Q>>,
    next: JobId,
}

impl<P, Q> Default for Forest<P, Q> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), next: 1 }
    }
}

impl<P: Clone + PartialEq, Q: Clone> Forest<P, Q> {
    pub(super) fn create(&mut self) -> JobId {
        let id = self.next;
        self.next += 1;
        let node = Node {
            parent: None,
            members: Vec::new(),
            port: None,
            limits: Limits::default(),
            counts: Counts::default(),
            has_handles: true,
        };
        self.jobs.insert(id, node);
        id
    }

    /// The job and those above it, innermost first.
    pub(super) fn lineage(&self, job: JobId) -> Vec<JobId> {
        let parent = |id: &JobId| self.jobs.get(id).and_then(|node| node.parent);
        std::iter::successors(Some(job), parent).collect()
    }

    /// The innermost job of a process.
    pub(super) fn job_of(&self, process: &P) -> Option<JobId> {
        let holds = |node: &Node<P, Q>| node.members.iter().any(|(_, it)| it == process);
        let jobs = self.jobs.iter().filter(|(_, node)| holds(node));
        jobs.map(|(id, _)| *id).max_by_key(|id| self.lineage(*id).len())
    }

    pub(super) fn contains(&self, job: JobId, process: &P) -> bool {
        self.jobs.get(&job).is_some_and(|node| node.members.iter().any(|(_, it)| it == process))
    }

    pub(super) fn members(&self, job: JobId) -> Vec<(u32, P)> {
        self.jobs.get(&job).map(|node| node.members.clone()).unwrap_or_default()
    }

    pub(super) fn counts(&self, job: JobId) -> Counts {
        let counts = |node: &Node<P, Q>| {
            let active = u32::try_from(node.members.len()).unwrap_or(u32::MAX);
            Counts { active, ..node.counts }
        };
        self.jobs.get(&job).map(counts).unwrap_or_default()
    }

    pub(super) fn limits(&self, job: JobId) -> Limits {
        self.jobs.get(&job).map(|node| node.limits).unwrap_or_default()
    }

    pub(super) fn set_limits(&mut self, job: JobId, limits: Limits) {
        if let Some(node) = self.jobs.get_mut(&job) {
            node.limits = limits;
        }
    }

    fn tell(&self, job: JobId, message: Message, process: u32) -> Option<Effect<P, Q>> {
        let (port, key) = self.jobs.get(&job)?.port.as_ref()?;
        Some(Effect::Tell(port.clone(), *key, message, process))
    }

    /// Ties the job to a port, which hears of each member; `None` unties it.
    /// False if it is tied already.
    pub(super) fn set_port(
        &mut self,
        job: JobId,
        port: Option<(Q, usize)>,
    ) -> Option<Vec<Effect<P, Q>>> {
        let node = self.jobs.get_mut(&job)?;
        if node.port.is_some() && port.is_some() {
            return None;
        }
        node.port = port;
        let ids: Vec<u32> = node.members.iter().map(|(id, _)| *id).collect();
        Some(ids.iter().filter_map(|id| self.tell(job, Message::NewProcess, *id)).collect())
    }

    /// Whether the job may come under `above`, or has.
    fn fits_under(&self, job: JobId, above: JobId) -> bool {
        let lineage = self.lineage(job);
        let root = lineage.last().copied().unwrap_or(job);
        let is_above = |it: &JobId| self.lineage(above).contains(it);
        let all = self.members(root);
        let belong = all.iter().all(|(_, process)| self.contains(above, process));
        lineage.contains(&above) || (!is_above(&root) && belong)
    }

    /// Makes a process a member. The effects hold also for a refusal.
    pub(super) fn assign(
        &mut self,
        job: JobId,
        id: u32,
        process: &P,
    ) -> (Result<(), Refusal>, Vec<Effect<P, Q>>) {
        let innermost = self.job_of(process);
        if self.contains(job, process) {
            return (Ok(()), Vec::new());
        }
        if innermost.is_some_and(|above| !self.fits_under(job, above)) {
            return (Err(Refusal::WrongJob), Vec::new());
        }
        let news: Vec<JobId> =
            self.lineage(job).into_iter().filter(|it| !self.contains(*it, process)).collect();
        if let Some(full) = news.iter().find(|it| self.is_full(**it)) {
            let told = self.tell(*full, Message::ActiveProcessLimit, id);
            if let Some(node) = self.jobs.get_mut(full) {
                node.counts.terminated += 1;
            }
            return (Err(Refusal::TooMany), told.into_iter().collect());
        }
        if let Some(above) = innermost
            && let Some(root) = self.lineage(job).last().copied()
            && !self.lineage(job).contains(&above)
            && let Some(node) = self.jobs.get_mut(&root)
        {
            node.parent = Some(above);
        }
        for job in &news {
            if let Some(node) = self.jobs.get_mut(job) {
                node.members.push((id, process.clone()));
                node.counts.total += 1;
            }
        }
        let told = news.iter().filter_map(|it| self.tell(*it, Message::NewProcess, id));
        (Ok(()), told.collect())
    }

    fn is_full(&self, job: JobId) -> bool {
        self.jobs.get(&job).is_some_and(|node| {
            let limit = node.limits.active_processes as usize;
            node.limits.flags & ACTIVE_PROCESSES != 0 && node.members.len() >= limit
        })
    }

    /// The job for a process that `parent` starts: none if it breaks away.
    ///
    /// # Errors
    /// When it wants to break away and may not.
    pub(super) fn job_for_child(
        &self,
        parent: &P,
        wants_away: bool,
    ) -> Result<Option<JobId>, Refusal> {
        let mut job = self.job_of(parent);
        while let Some(id) = job {
            let flags = self.limits(id).flags;
            if flags & BREAKS_AWAY == 0 && !(wants_away && flags & MAY_BREAK_AWAY != 0) {
                break;
            }
            job = self.jobs.get(&id).and_then(|node| node.parent);
        }
        let stays = job.is_some() && job == self.job_of(parent);
        if wants_away && stays { Err(Refusal::WrongJob) } else { Ok(job) }
    }

    /// A process has ended.
    pub(super) fn ended(&mut self, process: &P, is_abnormal: bool) -> Vec<Effect<P, Q>> {
        let Some(innermost) = self.job_of(process) else { return Vec::new() };
        let message = if is_abnormal { Message::AbnormalExitProcess } else { Message::ExitProcess };
        let mut effects = Vec::new();
        for job in self.lineage(innermost) {
            let Some(node) = self.jobs.get_mut(&job) else { continue };
            let Some(place) = node.members.iter().position(|(_, it)| it == process) else {
                continue;
            };
            let (id, _) = node.members.remove(place);
            let is_empty = node.members.is_empty();
            effects.extend(self.tell(job, message, id));
            if is_empty {
                effects.extend(self.tell(job, Message::ActiveProcessZero, 0));
            }
        }
        self.prune();
        effects
    }

    /// The last handle of a job is gone.
    pub(super) fn close(&mut self, job: JobId) -> Vec<Effect<P, Q>> {
        let Some(node) = self.jobs.get_mut(&job) else { return Vec::new() };
        node.has_handles = false;
        let kills = node.limits.flags & KILL_ON_CLOSE != 0;
        let members = if kills { node.members.clone() } else { Vec::new() };
        self.prune();
        members.into_iter().map(|(_, process)| Effect::Kill(process)).collect()
    }

    /// A job without handles lives as long as it has members.
    fn prune(&mut self) {
        self.jobs.retain(|_, node| node.has_handles || !node.members.is_empty());
        let gone: Vec<JobId> = self.jobs.keys().copied().collect();
        for node in self.jobs.values_mut() {
            node.parent = node.parent.filter(|parent| gone.contains(parent));
        }
    }

    pub(super) fn is_known(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    type Jobs = Forest<u32, &'static str>;

    fn tell(
        port: &'static str,
        key: usize,
        message: Message,
        id: u32,
    ) -> Effect<u32, &'static str> {
        Effect::Tell(port, key, message, id)
    }

    #[test]
    fn port_261_a_port_hears_of_members_old_and_new_and_of_their_end() {
        let mut jobs = Jobs::default();
        let job = jobs.create();
        assert_eq!(jobs.assign(job, 10, &10), (Ok(()), Vec::new()));
        let told = jobs.set_port(job, Some(("p", 7)));
        assert_eq!(told, Some(vec![tell("p", 7, Message::NewProcess, 10)]));
        assert_eq!(jobs.assign(job, 11, &11).1, [tell("p", 7, Message::NewProcess, 11)]);
        assert_eq!(jobs.ended(&10, false), [tell("p", 7, Message::ExitProcess, 10)]);
        let last = [
            tell("p", 7, Message::AbnormalExitProcess, 11),
            tell("p", 7, Message::ActiveProcessZero, 0),
        ];
        assert_eq!(jobs.ended(&11, true), last);
        assert_eq!(jobs.ended(&11, true), []);
        assert_eq!(jobs.counts(job), Counts { total: 2, active: 0, terminated: 0 });
    }

    #[test]
    fn port_262_nested_jobs_hear_innermost_first_each_with_its_key() {
        let mut jobs = Jobs::default();
        let (outer, inner) = (jobs.create(), jobs.create());
        jobs.set_port(outer, Some(("out", 1)));
        jobs.set_port(inner, Some(("in", 2)));
        assert_eq!(jobs.assign(outer, 5, &5).1, [tell("out", 1, Message::NewProcess, 5)]);
        assert_eq!(jobs.assign(inner, 5, &5).1, [tell("in", 2, Message::NewProcess, 5)]);
        assert_eq!(jobs.lineage(inner), [inner, outer]);
        let both = [tell("in", 2, Message::NewProcess, 6), tell("out", 1, Message::NewProcess, 6)];
        assert_eq!(jobs.assign(inner, 6, &6).1, both);
        let ends =
            [tell("in", 2, Message::ExitProcess, 5), tell("out", 1, Message::ExitProcess, 5)];
        assert_eq!(jobs.ended(&5, false), ends);
    }

    #[test]
    fn port_262_a_job_with_processes_of_its_own_comes_under_no_other() {
        let mut jobs = Jobs::default();
        let (one, two) = (jobs.create(), jobs.create());
        jobs.assign(one, 1, &1).0.unwrap();
        jobs.assign(two, 2, &2).0.unwrap();
        assert_eq!(jobs.assign(two, 1, &1), (Err(Refusal::WrongJob), Vec::new()));
        assert_eq!(jobs.assign(one, 1, &1), (Ok(()), Vec::new()));
    }

    #[test]
    fn port_263_without_a_port_nothing_is_told() {
        let mut jobs = Jobs::default();
        let job = jobs.create();
        assert_eq!(jobs.set_port(job, Some(("p", 1))), Some(Vec::new()));
        assert_eq!(jobs.set_port(job, Some(("q", 2))), None);
        assert_eq!(jobs.set_port(job, None), Some(Vec::new()));
        assert_eq!(jobs.assign(job, 1, &1), (Ok(()), Vec::new()));
        let told = jobs.set_port(job, Some(("q", 2)));
        assert_eq!(told, Some(vec![tell("q", 2, Message::NewProcess, 1)]));
    }

    #[test]
    fn port_260_a_full_job_refuses_and_says_so() {
        let mut jobs = Jobs::default();
        let job = jobs.create();
        jobs.set_port(job, Some(("p", 1)));
        jobs.set_limits(job, Limits { flags: ACTIVE_PROCESSES, active_processes: 1 });
        jobs.assign(job, 1, &1).0.unwrap();
        let refused = (Err(Refusal::TooMany), vec![tell("p", 1, Message::ActiveProcessLimit, 2)]);
        assert_eq!(jobs.assign(job, 2, &2), refused);
        assert_eq!(jobs.counts(job), Counts { total: 1, active: 1, terminated: 1 });
    }

    #[test]
    fn port_260_closing_ends_the_members_if_it_is_to() {
        let mut jobs = Jobs::default();
        let job = jobs.create();
        jobs.set_limits(job, Limits { flags: KILL_ON_CLOSE, active_processes: 0 });
        jobs.assign(job, 1, &1).0.unwrap();
        assert_eq!(jobs.close(job), [Effect::Kill(1)]);
        assert!(jobs.is_known(job));
        jobs.ended(&1, false);
        assert!(!jobs.is_known(job));
    }

    #[test]
    fn port_260_children_stay_in_the_job_unless_they_may_break_away() {
        let mut jobs = Jobs::default();
        let job = jobs.create();
        jobs.assign(job, 1, &1).0.unwrap();
        assert_eq!(jobs.job_for_child(&2, false), Ok(None));
        assert_eq!(jobs.job_for_child(&1, false), Ok(Some(job)));
        assert_eq!(jobs.job_for_child(&1, true), Err(Refusal::WrongJob));
        jobs.set_limits(job, Limits { flags: MAY_BREAK_AWAY, active_processes: 0 });
        assert_eq!(jobs.job_for_child(&1, false), Ok(Some(job)));
        assert_eq!(jobs.job_for_child(&1, true), Ok(None));
        jobs.set_limits(job, Limits { flags: BREAKS_AWAY, active_processes: 0 });
        assert_eq!(jobs.job_for_child(&1, false), Ok(None));
    }
}

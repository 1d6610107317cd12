//! The thread that looks for threads that block outside the library.
//!
//! It has work only while packets and threads wait side by side at some port:
//! from the moment that begins until it has not been so for a while. One thread
//! serves all ports, and is started when first needed.

use super::Port;
use super::presence::Presence;
use super::roster::Members;

use crate::blocked::{BlockDetection, Kick, Probe, Wake, processor_time};
use crate::status::Status;
use crate::sync::{Arc, AtomicU32, Deadline, Mutex, OnceLock, Ordering, Parker, Weak};
use std::time::Duration;

/// Between looks while things change; doubled while they do not.
const SHORTEST: Duration = Duration::from_micros(50);
const LONGEST: Duration = Duration::from_millis(1);
/// Looking takes at most one in so many parts of a processor's time.
const PART: u32 = 20;
/// A port that has been at ease for so long is left alone...
const LINGER: Duration = Duration::from_millis(20);
/// ... and its threads' switches are no longer recorded after this.
const RECORD_LINGER: Duration = Duration::from_millis(2);

/// Ports that want to be watched, and the thread that will.
#[derive(Debug)]
struct Watcher {
    wanted: Mutex<Vec<Weak<Port>>>,
    parker: Parker,
    is_started: Mutex<bool>,
    /// What `Automatic` stands for: as the environment says...
    named: BlockDetection,
    /// ... and in the end, which the watcher finds out.
    resolved: OnceLock<BlockDetection>,
    kick: Kick,
    /// The kernel's number of its thread; zero before it runs.
    thread: AtomicU32,
}

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// The kernel's number of the thread that watches; zero if there is none.
pub fn watching_thread() -> u32 {
    WATCHER.get().map_or(0, |watcher| watcher.thread.load(Ordering::Relaxed))
}

fn watcher() -> &'static Watcher {
    WATCHER.get_or_init(|| Watcher {
        wanted: Mutex::default(),
        parker: Parker::default(),
        is_started: Mutex::default(),
        named: BlockDetection::from_environment(),
        resolved: OnceLock::new(),
        kick: Kick::new(),
        thread: AtomicU32::new(0),
    })
}

impl Port {
    /// Packets and threads wait side by side: somebody looks from now on.
    #[cold]
    pub(super) fn begin_watch(&self) {
        let watcher = watcher();
        if watcher.detection(self) == BlockDetection::Off {
            return;
        }
        match self.roster.port() {
            Some(port) if watcher.start() => {
                watcher.wanted.lock().push(port);
                watcher.parker.unpark();
            }
            _ => self.queue.lock().set_watched(false),
        }
    }

    /// Chooses how it is learnt that a thread blocks outside the library.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` if that is not to be had here.
    pub fn set_block_detection(&self, detection: BlockDetection) -> Result<(), Status> {
        detection.check().map_err(|_| Status::NOT_SUPPORTED)?;
        self.roster.set_detection(detection);
        let begins = {
            let mut state = self.queue.lock();
            state.set_watched(false);
            state.begins_watch()
        };
        if begins {
            self.begin_watch();
        }
        Ok(())
    }
}

impl Watcher {
    fn detection(&self, port: &Port) -> BlockDetection {
        match port.roster.detection() {
            BlockDetection::Automatic if self.named == BlockDetection::Off => self.named,
            BlockDetection::Automatic => {
                self.resolved.get().copied().unwrap_or(BlockDetection::Proc)
            }
            chosen => chosen,
        }
    }

    /// False if there is no thread to be had.
    fn start(&'static self) -> bool {
        let mut is_started = self.is_started.lock();
        if !*is_started {
            let _signals = crate::sync::SignalsBlocked::new();
            let thread = std::thread::Builder::new().name("iocp-watch".into());
            let run = || {
                let _own = crate::sync::OwnThread::enter();
                self.run();
            };
            *is_started = thread.spawn(run).is_ok();
        }
        *is_started
    }

    fn run(&self) {
        self.thread.store(crate::blocked::this_thread(), Ordering::Relaxed);
        crate::blocked::sleep_precisely();
        self.resolved.get_or_init(|| self.named.resolve());
        let mut watches: Vec<Watch> = Vec::new();
        let mut woken = Wake::Nothing;
        loop {
            for port in std::mem::take(&mut *self.wanted.lock()) {
                if watches.iter().all(|watch| !watch.port.ptr_eq(&port)) {
                    watches.push(Watch::new(port));
                }
            }
            watches.retain_mut(|watch| watch.look_if_due(self, woken));
            woken = self.sleep(&watches);
        }
    }

    /// Until the next look is due, or something happens before.
    fn sleep(&self, watches: &[Watch]) -> Wake {
        let next = watches.iter().map(|watch| watch.next).min();
        let mut probes = watches.iter().flat_map(Watch::heard).peekable();
        let Some(next) = next.filter(|_| probes.peek().is_some()) else {
            self.parker.park(next);
            return Wake::Nothing;
        };
        if self.parker.take_notification() || !self.parker.begin_poll(self.kick.descriptor()) {
            return Wake::Nothing;
        }
        let woken = crate::blocked::wait(probes, &self.kick, next.remaining());
        if self.parker.end_poll() {
            self.parker.take_notification();
        }
        woken
    }
}

/// One port.
#[derive(Debug)]
struct Watch {
    port: Weak<Port>,
    detection: BlockDetection,
    members: Members,
    /// Those that were found on their own at least once.
    probes: Vec<(Arc<Presence>, Arc<Probe>)>,
    period: Duration,
    next: Deadline,
    /// When packets and threads last waited side by side.
    last_stuck: Deadline,
    /// Whether a record ends the sleep before the next look. Not after one
    /// that told nothing: threads that are preempted make many, and waking up
    /// for them preempts once more.
    listens: bool,
}

impl Watch {
    fn new(port: Weak<Port>) -> Self {
        let now = Deadline::now();
        Self {
            port,
            detection: BlockDetection::Off,
            members: Members::default(),
            probes: Vec::new(),
            period: SHORTEST,
            next: now,
            last_stuck: now,
            listens: true,
        }
    }

    /// The probes whose records end a sleep.
    fn heard(&self) -> impl Iterator<Item = &Probe> {
        self.probes.iter().filter(|_| self.listens).map(|(_, probe)| &**probe)
    }

    /// False once there is nothing to watch any more.
    fn look_if_due(&mut self, watcher: &Watcher, woken: Wake) -> bool {
        let start = Deadline::now();
        let is_told = woken == Wake::Record && self.listens;
        if self.next > start && !is_told {
            return true;
        }
        let before = processor_time();
        let Some(port) = self.port.upgrade() else { return false };
        let Some(has_changed) = self.look(&port, watcher.detection(&port)) else { return false };
        self.listens = has_changed || !is_told;
        self.period = if has_changed { SHORTEST } else { LONGEST.min(self.period * 2) };
        let cost = processor_time() - before;
        self.next = Deadline::after(self.period.max(cost * PART));
        true
    }

    /// Frees the places of those that are blocked; tells whether there were
    /// any, or `None` if the port need not be watched any more.
    fn look(&mut self, port: &Port, detection: BlockDetection) -> Option<bool> {
        if std::mem::replace(&mut self.detection, detection) != detection {
            self.probes.clear();
        }
        let mut has_changed = false;
        loop {
            let quiet_for = self.last_stuck.elapsed();
            let is_stuck = {
                let mut state = port.queue.lock();
                if state.is_closed() || detection == BlockDetection::Off {
                    return None;
                }
                if !state.is_stuck() && quiet_for > LINGER {
                    state.set_watched(false);
                    return None;
                }
                state.is_stuck()
            };
            if !is_stuck {
                if quiet_for > RECORD_LINGER {
                    self.probes.iter().for_each(|(_, probe)| probe.record(false));
                }
                return Some(has_changed);
            }
            self.last_stuck = Deadline::now();
            if !self.free_one(port) {
                return Some(has_changed);
            }
            has_changed = true;
        }
    }

    /// Frees the place of one that is blocked; false if none is.
    fn free_one(&mut self, port: &Port) -> bool {
        if port.roster.refresh(&mut self.members) {
            let members = &self.members.threads;
            self.probes.retain(|(presence, _)| members.contains(presence));
        }
        for presence in &self.members.threads {
            if presence.stint().is_none() || presence.was_seen() {
                continue;
            }
            let probe = match self.probes.iter().find(|(other, _)| other == presence) {
                Some((_, probe)) => probe,
                None => {
                    let probe = Arc::new(Probe::new(presence.thread(), self.detection));
                    self.probes.push((Arc::clone(presence), probe));
                    &self.probes[self.probes.len() - 1].1
                }
            };
            if probe.is_blocked() && port.see(presence, probe) {
                return true;
            }
            probe.record(true);
        }
        false
    }
}

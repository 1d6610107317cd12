//! The thread that looks for threads that block outside the library.
//!
//! It has work only while packets and threads wait side by side at some port:
//! from the moment that begins until it has not been so for a while. One thread
//! serves all ports, and is started when first needed.

use super::Port;
use super::roster::Members;
use super::seat::Waiter;
use crate::blocked::{BlockDetection, Probe};
use crate::sync::{Arc, Deadline, Mutex, OnceLock, Parker, Weak};
use std::time::Duration;

/// Between looks while things change; doubled while they do not.
const SHORTEST: Duration = Duration::from_micros(50);
const LONGEST: Duration = Duration::from_millis(1);
/// Looking takes at most one in so many parts of the watcher's time.
const PART: u32 = 20;
/// A port that has been at ease for so long is left alone.
const LINGER: Duration = Duration::from_millis(20);

/// Ports that want to be watched, and the thread that will.
#[derive(Debug, Default)]
struct Watcher {
    wanted: Mutex<Vec<Weak<Port>>>,
    parker: Parker,
    is_started: Mutex<bool>,
}

static WATCHER: OnceLock<Watcher> = OnceLock::new();

impl Port {
    /// Packets and threads wait side by side: somebody looks from now on.
    #[cold]
    pub(super) fn begin_watch(&self) {
        let watcher = WATCHER.get_or_init(Watcher::default);
        if self.roster.detection() == BlockDetection::Off {
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
    pub fn set_block_detection(&self, detection: BlockDetection) {
        self.roster.set_detection(detection);
        let begins = {
            let mut state = self.queue.lock();
            state.set_watched(false);
            state.begins_watch()
        };
        if begins {
            self.begin_watch();
        }
    }
}

impl Watcher {
    /// False if there is no thread to be had.
    fn start(&'static self) -> bool {
        let mut is_started = self.is_started.lock();
        if !*is_started {
            let _signals = crate::sync::SignalsBlocked::new();
            let thread = std::thread::Builder::new().name("iocp-watch".into());
            *is_started = thread.spawn(|| self.run()).is_ok();
        }
        *is_started
    }

    fn run(&self) {
        crate::blocked::sleep_precisely();
        let mut watches: Vec<Watch> = Vec::new();
        loop {
            for port in std::mem::take(&mut *self.wanted.lock()) {
                if watches.iter().all(|watch| !watch.port.ptr_eq(&port)) {
                    watches.push(Watch::new(port));
                }
            }
            watches.retain_mut(Watch::look_if_due);
            let next = watches.iter().map(|watch| watch.next).min();
            self.parker.park(next);
        }
    }
}

/// One port.
#[derive(Debug)]
struct Watch {
    port: Weak<Port>,
    detection: BlockDetection,
    members: Members,
    /// Those that were found on their own at least once.
    probes: Vec<(Arc<Waiter>, Arc<Probe>)>,
    period: Duration,
    next: Deadline,
    /// When packets and threads last waited side by side.
    last_stuck: Deadline,
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
        }
    }

    /// False once there is nothing to watch any more.
    fn look_if_due(&mut self) -> bool {
        let start = Deadline::now();
        if self.next > start {
            return true;
        }
        let Some(port) = self.port.upgrade() else { return false };
        let has_changed = match self.look(&port) {
            Some(has_changed) => has_changed,
            None => return false,
        };
        self.period = if has_changed { SHORTEST } else { LONGEST.min(self.period * 2) };
        self.next = Deadline::after(self.period.max(start.elapsed() * PART));
        true
    }

    /// Frees the places of those that are blocked; tells whether there were
    /// any, or `None` if the port need not be watched any more.
    fn look(&mut self, port: &Arc<Port>) -> Option<bool> {
        let detection = port.roster.detection();
        if std::mem::replace(&mut self.detection, detection) != detection {
            self.probes.clear();
        }
        let mut has_changed = false;
        loop {
            let is_stuck = {
                let mut state = port.queue.lock();
                if state.is_closed() || detection == BlockDetection::Off {
                    return None;
                }
                let is_stuck = state.is_stuck();
                if !is_stuck && self.last_stuck.elapsed() > LINGER {
                    state.set_watched(false);
                    return None;
                }
                is_stuck
            };
            if !is_stuck {
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
            self.probes.retain(|(waiter, _)| members.contains(waiter));
        }
        for waiter in &self.members.threads {
            if waiter.stint().is_none() || waiter.was_seen() {
                continue;
            }
            let probe = match self.probes.iter().find(|(other, _)| other == waiter) {
                Some((_, probe)) => probe,
                None => {
                    let probe = Arc::new(Probe::new(waiter.thread()));
                    self.probes.push((Arc::clone(waiter), probe));
                    &self.probes[self.probes.len() - 1].1
                }
            };
            if probe.is_blocked() && port.see(waiter, probe) {
                return true;
            }
        }
        false
    }
}

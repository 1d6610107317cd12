//! What a pool makes callbacks for: work, a timer, a wait, or a file.

use super::group::Group;
use super::instance::Instance;
use super::lanes::Priority;
use super::tally::Tally;
use super::timed::TimerState;
use super::waiting::WaitState;
use super::{Pool, Shared};
use crate::file::File;
use crate::port::Packet;
use crate::status::Status;
use crate::sync::{Arc, Deadline, Mutex, Ordering};
use crate::wait::{Signal, Subscriber, wait_any};
use std::fmt::Debug;

/// What is called.
pub trait Callback: Debug + Send + Sync {
    /// Does what `packet` stands for: the status tells whether a wait was
    /// satisfied or timed out, and for a file it is the packet of the
    /// operation.
    fn call(&self, instance: &Instance<'_>, packet: &Packet);

    /// The member's group was closed, and what had not begun was cancelled.
    fn cancelled(&self, _context: usize) {}

    /// The member has been closed; what is queued still runs.
    fn closed(&self) {}
}

/// How a member differs from others.
#[derive(Clone, Debug, Default)]
pub struct Traits {
    /// Its callbacks last long: they do not count against the processors.
    pub runs_long: bool,
    /// It is called once, and closes then.
    pub is_for_once: bool,
    /// Every packet of its file is for it, announced or not.
    pub takes_all: bool,
    /// Whose callbacks come first.
    pub priority: Priority,
    /// What it is closed with.
    pub group: Option<Arc<Group>>,
}

/// A member of a pool, until it is closed and its last callback has ended.
#[derive(Debug)]
pub struct Member {
    pool: Arc<Pool>,
    key: usize,
    callback: Box<dyn Callback>,
    traits: Traits,
    state: Mutex<State>,
    pub(super) timer: TimerState,
    pub(super) wait: WaitState,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) tally: Tally,
    is_closed: bool,
    /// Told when the member is idle.
    when_idle: Vec<Arc<dyn Subscriber>>,
    /// Told when it is over.
    when_over: Vec<Arc<dyn Subscriber>>,
}

/// A thread that waits.
#[derive(Debug)]
struct Waiting(Signal);

impl Subscriber for Waiting {
    fn signaled(&self) {
        self.0.set();
    }
}

impl Member {
    /// A new member of `pool`.
    pub fn new(pool: &Arc<Pool>, callback: Box<dyn Callback>, traits: Traits) -> Arc<Self> {
        let member = Arc::new(Self {
            pool: Arc::clone(pool),
            key: Shared::new_key(),
            callback,
            traits,
            state: Mutex::default(),
            timer: TimerState::default(),
            wait: WaitState::default(),
        });
        if member.priority() != Priority::Normal {
            pool.shared.has_lanes.store(true, Ordering::Release);
        }
        pool.shared.directory.insert(member.key, Arc::clone(&member));
        if let Some(group) = &member.traits.group {
            group.insert(member.key, Arc::clone(&member));
        }
        member
    }

    /// The pool it belongs to.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What it calls.
    pub fn callback(&self) -> &dyn Callback {
        &*self.callback
    }

    pub(super) fn priority(&self) -> Priority {
        self.traits.priority
    }

    /// Changes the state and tells whom that concerns.
    pub(super) fn change<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let (result, told, is_gone) = {
            let mut state = self.state.lock();
            let result = f(&mut state);
            let mut told = Vec::new();
            if state.tally.is_idle() {
                told.append(&mut state.when_idle);
            }
            let is_over = state.tally.is_over();
            if is_over {
                told.append(&mut state.when_over);
            }
            (result, told, is_over && state.is_closed)
        };
        for subscriber in told {
            subscriber.signaled();
        }
        if is_gone {
            let gone = self.pool.shared.directory.remove(self.key);
            drop(gone);
        }
        result
    }

    /// One more callback.
    pub fn submit(&self) {
        self.change(|state| state.tally.submit());
        self.post(Status::SUCCESS);
    }

    /// The packet of a callback that has been counted.
    pub(super) fn post(&self, status: Status) {
        self.pool.post(self.priority(), Packet::with_status(self.key, 0, status, 0));
    }

    /// Ties a file to the pool; its packets are this member's.
    ///
    /// # Errors
    /// As [`File::associate`].
    pub fn associate(&self, file: &File) -> Result<(), Status> {
        file.associate(&self.pool.port, self.key)
    }

    /// Announces a packet of the file.
    pub fn announce(&self) {
        self.change(|state| state.tally.submit());
    }

    /// A packet that was announced will not come.
    pub fn withdraw(&self) {
        self.change(|state| state.tally.withdraw());
    }

    /// None of the callbacks that have not begun will run, also those whose
    /// packets have not come yet.
    pub fn cancel(&self) {
        self.change(|state| state.tally.cancel());
    }

    /// Waits until no callback runs or is to run.
    pub fn wait(&self) {
        self.wait_for(|state| &mut state.when_idle);
    }

    /// Like `wait`, also for callbacks that have declared themselves
    /// independent.
    pub fn wait_until_over(&self) {
        self.wait_for(|state| &mut state.when_over);
    }

    fn wait_for(&self, list: impl FnOnce(&mut State) -> &mut Vec<Arc<dyn Subscriber>>) {
        let waiting = Arc::new(Waiting(Signal::manual(false)));
        self.change(|state| list(state).push(Arc::<Waiting>::clone(&waiting)));
        wait_any(&[&waiting.0], None, &*self.pool.shared.engine);
    }

    /// Tells `subscriber` when no callback runs or is to run; at once, if that
    /// is so. True if it is.
    pub fn tell_when_over(&self, subscriber: Option<Arc<dyn Subscriber>>) -> bool {
        self.change(|state| {
            state.when_over.extend(subscriber);
            state.tally.is_over()
        })
    }

    /// Ends the timer and the wait: nothing new is queued by them.
    pub fn stop(self: &Arc<Self>) {
        self.unset_timer();
        self.unset_wait();
    }

    /// Nothing new may come: the member goes when its last callback has ended.
    /// False if it was closed already.
    pub fn close(self: &Arc<Self>) -> bool {
        self.stop();
        if let Some(group) = &self.traits.group {
            group.remove(self.key);
        }
        let closes = self.change(|state| !std::mem::replace(&mut state.is_closed, true));
        if closes {
            self.callback.closed();
        }
        closes
    }

    /// A packet has come, on a thread of the pool.
    pub(super) fn run(self: &Arc<Self>, packet: Packet) {
        let takes_all = self.traits.takes_all;
        let runs = self.change(|state| {
            if takes_all {
                state.tally.submit();
            }
            state.tally.begin()
        });
        if !runs {
            return;
        }
        let instance = Instance::new(self);
        if self.traits.runs_long {
            instance.step_aside();
        }
        let again = self.begin_wait_again();
        self.callback.call(&instance, &packet);
        if again {
            self.wait_again();
        }
        if self.traits.is_for_once {
            self.close();
        }
        let is_associated = instance.is_associated();
        self.change(|state| state.tally.end(is_associated));
    }

    pub(super) fn disassociate(&self) {
        self.change(|state| state.tally.disassociate());
    }

    pub(super) fn ring_at(
        &self,
        owner: u64,
        number: u64,
        due: Deadline,
        alarm: Arc<dyn crate::timer::Alarm>,
    ) -> Result<(), Status> {
        self.pool.shared.clocks.ring_at(owner, number, due, alarm)
    }

    pub(super) fn clocks(&self) -> &crate::timer::Clocks {
        &self.pool.shared.clocks
    }
}

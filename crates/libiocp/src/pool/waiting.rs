//! Waits of a pool: a callback when an object is signaled, or too late.

use super::member::Member;
use crate::object::ObjectRef;
use crate::status::Status;
use crate::sync::{Arc, AtomicBool, Deadline, Mutex, Ordering, Sleep, Turn, Weak};
use crate::timer::{Alarm, Clocks, Due};
use crate::wait::{Signal, Subscriber, Subscription, subscribe, wait_any};

/// What a member knows of its wait.
#[derive(Debug, Default)]
pub(super) struct WaitState {
    /// Held while the wait is set or taken away.
    turn: Turn,
    current: Mutex<Option<Arc<Armed>>>,
}

/// What to wait for.
#[derive(Clone, Debug)]
pub struct Waitable {
    /// The object.
    pub object: ObjectRef,
    /// How long; `None` for ever.
    pub due: Option<Due>,
    /// Whether the wait begins again after each callback.
    pub repeats: bool,
}

/// One wait.
#[derive(Debug)]
struct Armed {
    member: Weak<Member>,
    waitable: Waitable,
    progress: Mutex<Progress>,
    /// Set when what it ended with has been counted.
    counted: Signal,
    owner: u64,
    is_over: AtomicBool,
}

#[derive(Debug)]
enum Progress {
    /// The subscription is being made, or somebody is about to cancel it.
    Open,
    Held(Subscription),
    /// Satisfied, timed out or taken away.
    Over,
}

impl Armed {
    /// Takes the subscription, to cancel it; only one gets it.
    fn take(&self) -> Option<Subscription> {
        let mut progress = self.progress.lock();
        match std::mem::replace(&mut *progress, Progress::Open) {
            Progress::Held(subscription) => Some(subscription),
            other => {
                *progress = other;
                None
            }
        }
    }

    /// Ends the wait in vain; false if it was satisfied, or is timing out.
    fn cancel(&self) -> bool {
        let Some(subscription) = self.take() else { return false };
        let is_cancelled = subscription.cancel(self.waitable.object.signal());
        if is_cancelled {
            *self.progress.lock() = Progress::Over;
            self.is_over.store(true, Ordering::Release);
        }
        is_cancelled
    }

    /// It has ended: the callback is counted and queued.
    fn finish(&self, status: Status) {
        let old = std::mem::replace(&mut *self.progress.lock(), Progress::Over);
        drop(old);
        self.is_over.store(true, Ordering::Release);
        if let Some(member) = self.member.upgrade() {
            member.change(|state| state.tally.submit());
            self.counted.set();
            if self.waitable.due.is_some() {
                member.clocks().cancel_below(self.owner, u64::MAX);
            }
            member.post(status);
        }
    }
}

impl Subscriber for Armed {
    fn signaled(&self) {
        self.finish(Status::SUCCESS);
    }
}

impl Alarm for Armed {
    fn ring(self: Arc<Self>, _number: u64, _due: Deadline) {
        if self.cancel() {
            self.finish(Status::TIMEOUT);
        }
    }

    fn is_current(&self, _number: u64) -> bool {
        !self.is_over.load(Ordering::Acquire)
    }
}

impl Member {
    /// Lets the member be called when an object is signaled. Replaces the wait
    /// before; true if that had not ended.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: no thread is to be had for the clock.
    pub fn set_wait(self: &Arc<Self>, waitable: Waitable) -> Result<bool, Status> {
        let _turn = self.wait.turn.take();
        let was_armed = self.end_current_wait();
        self.arm(waitable).map(|()| was_armed)
    }

    /// Takes the wait away: what is queued still runs. True if it had not
    /// ended.
    pub fn unset_wait(self: &Arc<Self>) -> bool {
        let _turn = self.wait.turn.take();
        self.end_current_wait()
    }

    /// In turn. When it returns, the wait has been taken away or its callback
    /// has been counted.
    fn end_current_wait(&self) -> bool {
        let current = self.wait.current.lock().take();
        let Some(armed) = current else { return false };
        let is_cancelled = armed.cancel();
        if is_cancelled {
            self.clocks().cancel_below(armed.owner, u64::MAX);
        } else {
            wait_any(&[&armed.counted], None, &Sleep);
        }
        is_cancelled
    }

    /// In turn.
    fn arm(self: &Arc<Self>, waitable: Waitable) -> Result<(), Status> {
        let due = waitable.due;
        let armed = Arc::new(Armed {
            member: Arc::downgrade(self),
            waitable,
            progress: Mutex::new(Progress::Open),
            counted: Signal::manual(false),
            owner: Clocks::owner(),
            is_over: AtomicBool::new(false),
        });
        *self.wait.current.lock() = Some(Arc::clone(&armed));
        let subscriber: Arc<dyn Subscriber> = Arc::<Armed>::clone(&armed);
        let Some(subscription) = subscribe(armed.waitable.object.signal(), subscriber) else {
            armed.finish(Status::SUCCESS);
            return Ok(());
        };
        {
            let mut progress = armed.progress.lock();
            if matches!(*progress, Progress::Over) {
                return Ok(());
            }
            *progress = Progress::Held(subscription);
        }
        let owner = armed.owner;
        match due {
            None => Ok(()),
            Some(Due::After(duration)) if duration.is_zero() => {
                armed.ring(0, Deadline::now());
                Ok(())
            }
            Some(Due::After(duration)) => self.ring_at(owner, 1, Deadline::after(duration), armed),
            Some(Due::On(date)) => self.clocks().ring_on(owner, 1, date, armed),
        }
    }

    /// Before the callback of a wait that repeats. What a wait takes away it
    /// waits for again at once; what stays signaled would call without end, so
    /// that waits until the callback has returned: true.
    pub(super) fn begin_wait_again(self: &Arc<Self>) -> bool {
        let current = self.wait.current.lock().clone();
        match current.filter(|armed| armed.waitable.repeats) {
            Some(armed) if armed.waitable.object.signal().is_consumed() => {
                self.rearm(&armed);
                false
            }
            Some(_) => true,
            None => false,
        }
    }

    /// After it.
    pub(super) fn wait_again(self: &Arc<Self>) {
        if let Some(armed) = self.wait.current.lock().clone() {
            self.rearm(&armed);
        }
    }

    /// Begins a wait again that has ended and was not replaced since.
    fn rearm(self: &Arc<Self>, ended: &Arc<Armed>) {
        let _turn = self.wait.turn.take();
        let is_current = self.wait.current.lock().as_ref().is_some_and(|it| Arc::ptr_eq(it, ended));
        if is_current && ended.is_over.load(Ordering::Acquire) {
            // The clock has its thread since the first time.
            let _ = self.arm(ended.waitable.clone());
        }
    }
}

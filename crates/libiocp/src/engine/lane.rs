//! A stream-like descriptor with a queue of operations for each direction.
//!
//! The order of operations is ours: they are tried in the order they were
//! started, without blocking, by whoever finds the descriptor ready. A lane is
//! drained by one thread at a time, which completes operations in order with
//! no lock held. Every attempt is made under the lane's lock, so an operation
//! that is taken out of the queue is not in the kernel.

use super::lull::Lull;
use super::op::{Direction, Op, Outcome};
use super::{Complete, Started, Tag};
use crate::sync::{Arc, AtomicBool, AtomicI32, AtomicUsize, Mutex, Ordering};
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// How many operations are completed before the lane is looked at again.
const BATCH: usize = 16;

/// What makes an attempt: the kernel, or the fake engine's idea of it.
pub(super) trait Attempt: Send + Sync {
    /// Tries `op` without blocking; `None` if it would block.
    fn attempt(&self, op: &mut Op) -> Option<Outcome>;
}

/// A descriptor whose operations queue per direction.
pub struct Stream {
    /// Whether an error ends the connection, so that every later operation
    /// fails with it too.
    errors_stick: bool,
    lanes: [Mutex<Lane>; 2],
    /// The errno that ended the connection, or zero.
    error: AtomicI32,
    /// The engine's name for it; zero before it is first waited for.
    pub(super) token: AtomicUsize,
    /// Whether the stream has closed; set before it is watched no longer.
    pub(super) has_closed: AtomicBool,
    /// Whether anything sent has ever had to wait for room.
    pub(super) awaits_room: AtomicBool,
    pub(super) target: Target,
    lull: Lull,
}

/// What a stream's operations are tried on.
pub(super) enum Target {
    /// A descriptor, taken out when the stream closes. Replaced in place when
    /// a connection is accepted into the stream.
    Kernel(Mutex<Option<OwnedFd>>, AtomicI32),
    /// The fake engine's memory.
    Fake(Box<dyn Attempt>),
}

#[derive(Default)]
struct Lane {
    pending: VecDeque<Pending>,
    is_draining: bool,
    is_closed: bool,
}

struct Pending {
    op: Op,
    tag: Tag,
    complete: Arc<dyn Complete>,
}

/// An operation that is over, and whom to tell.
type Done = (Arc<dyn Complete>, Outcome);

/// Operations that are over, in order. Nearly always there is one.
#[derive(Default)]
struct Batch {
    first: Option<Done>,
    others: Vec<Done>,
}

impl Batch {
    fn push(&mut self, done: Done) {
        match self.first {
            None => self.first = Some(done),
            Some(_) => self.others.push(done),
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("token", &self.token).finish_non_exhaustive()
    }
}

impl Stream {
    pub(super) fn new(target: Target, errors_stick: bool) -> Self {
        Self {
            lull: Lull::default(),
            errors_stick,
            lanes: Default::default(),
            error: AtomicI32::new(0),
            token: AtomicUsize::new(0),
            has_closed: AtomicBool::new(false),
            awaits_room: AtomicBool::new(false),
            target,
        }
    }

    /// Like `new`, for a TCP socket.
    pub(super) fn tcp(target: Target) -> Self {
        Self { lull: Lull::possible(), ..Self::new(target, true) }
    }

    pub(super) fn kernel(fd: OwnedFd) -> Target {
        let raw = fd.as_raw_fd();
        Target::Kernel(Mutex::new(Some(fd)), AtomicI32::new(raw))
    }

    fn lane(&self, direction: Direction) -> &Mutex<Lane> {
        &self.lanes[direction as usize]
    }

    fn attempt(&self, op: &mut Op) -> Option<Outcome> {
        match &self.target {
            Target::Kernel(_, fd) => self.lull.attempt(op, fd.load(Ordering::Relaxed)),
            Target::Fake(fake) => fake.attempt(op),
        }
    }

    /// Whether `op` may wait without having been tried: nothing can have come,
    /// and what comes will be reported.
    fn may_wait_untried(&self, op: &Op) -> bool {
        matches!(op, Op::Receive { .. })
            && self.lull.goes_on()
            && self.token.load(Ordering::Relaxed) != 0
    }

    /// The peer has ended, or has sent urgent data.
    pub(super) fn has_heard_more_than_data(&self) {
        self.lull.end_for_good();
    }

    /// A copy of the descriptor; `None` if the stream has closed, or has none.
    pub fn duplicate(&self) -> Option<OwnedFd> {
        match &self.target {
            Target::Kernel(fd, _) => fd.lock().as_ref()?.try_clone().ok(),
            Target::Fake(_) => None,
        }
    }

    /// The errno that ended the connection.
    pub fn error(&self) -> Option<i32> {
        match self.error.load(Ordering::Acquire) {
            0 => None,
            errno => Some(errno),
        }
    }

    /// Records an error that ends the connection; the first one stays.
    pub fn fail(&self, errno: i32) {
        let _ = self.error.compare_exchange(0, errno, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Forgets the error: the stream has been connected anew.
    pub fn revive(&self) {
        self.error.store(0, Ordering::Release);
    }

    /// Starts an operation: tries it if nothing is before it, else queues it.
    /// The operation is handed back in `Started::Done`'s place of nothing:
    /// what it needs to complete later is made only if it has to wait.
    pub(super) fn start(
        &self,
        mut op: Op,
        tag: Tag,
        must_wait: bool,
        complete: impl FnOnce() -> Arc<dyn Complete>,
    ) -> Started {
        let mut lane = self.lane(op.direction()).lock();
        if lane.is_closed {
            return Started::Done(Outcome::error(libc::EBADF));
        }
        if !must_wait && lane.pending.is_empty() && !lane.is_draining {
            if let Some(errno) = self.error() {
                return Started::Done(Outcome::error(errno));
            }
            if !self.may_wait_untried(&op)
                && let Some(outcome) = self.attempt(&mut op)
            {
                self.note(&op, &outcome);
                return Started::Done(outcome);
            }
        }
        lane.pending.push_back(Pending { op, tag, complete: complete() });
        Started::Pending
    }

    /// Tries an operation at once or not at all; `None` if it would have to
    /// wait, for the descriptor or behind others.
    pub(super) fn try_now(&self, op: &mut Op) -> Option<Outcome> {
        let lane = self.lane(op.direction()).lock();
        if lane.is_closed {
            return Some(Outcome::error(libc::EBADF));
        }
        if !lane.pending.is_empty() || lane.is_draining {
            return None;
        }
        if let Some(errno) = self.error() {
            return Some(Outcome::error(errno));
        }
        let outcome = self.attempt(op)?;
        self.note(op, &outcome);
        Some(outcome)
    }

    /// Tries an operation at once, and queues what it has begun but could not
    /// finish: `keep` makes the rest independent of the caller. `None` if not
    /// even a beginning was made.
    pub(super) fn try_and_keep(
        &self,
        mut op: Op,
        tag: Tag,
        keep: impl FnOnce(&mut Op) -> Arc<dyn Complete>,
    ) -> Option<Started> {
        let mut lane = self.lane(op.direction()).lock();
        if lane.is_closed {
            return Some(Started::Done(Outcome::error(libc::EBADF)));
        }
        if !lane.pending.is_empty() || lane.is_draining {
            return None;
        }
        if let Some(errno) = self.error() {
            return Some(Started::Done(Outcome::error(errno)));
        }
        if let Some(outcome) = self.attempt(&mut op) {
            self.note(&op, &outcome);
            return Some(Started::Done(outcome));
        }
        if !op.has_begun() {
            return None;
        }
        let complete = keep(&mut op);
        lane.pending.push_back(Pending { op, tag, complete });
        Some(Started::Pending)
    }

    /// Takes the queued operations that `matches` out, each with whom it would
    /// have reported to.
    pub(super) fn withdraw(&self, matches: &dyn Fn(&Tag) -> bool) -> Vec<(Op, Arc<dyn Complete>)> {
        let mut lane = self.lane(Direction::Out).lock();
        let (out, left): (VecDeque<Pending>, VecDeque<Pending>) =
            std::mem::take(&mut lane.pending).into_iter().partition(|it| matches(&it.tag));
        lane.pending = left;
        out.into_iter().map(|pending| (pending.op, pending.complete)).collect()
    }

    /// Remembers an error that ends the connection.
    fn note(&self, op: &Op, outcome: &Outcome) {
        if self.errors_stick
            && !matches!(op, Op::Connect(_))
            && let Some(errno) = outcome.errno()
            && ends_connection(errno)
        {
            self.fail(errno);
        }
    }

    /// The descriptor may be ready: completes what can be completed. Tells
    /// whether anything was.
    pub(super) fn run(&self, direction: Direction) -> bool {
        let mut batch = self.drain(direction, true);
        let has_completed = batch.first.is_some();
        while let Some((complete, outcome)) = batch.first {
            complete.complete(outcome);
            for (complete, outcome) in batch.others {
                complete.complete(outcome);
            }
            batch = self.drain(direction, false);
        }
        has_completed
    }

    /// Takes the operations that are done from the front, unless another
    /// thread does when this one begins to. While there are some the lane is
    /// being drained.
    fn drain(&self, direction: Direction, begins: bool) -> Batch {
        let mut batch = Batch::default();
        let mut lane = self.lane(direction).lock();
        if begins {
            if direction == Direction::In {
                self.lull.end();
            }
            if lane.is_draining {
                return batch;
            }
        }
        while batch.others.len() < BATCH
            && let Some(front) = lane.pending.front_mut()
        {
            let outcome = match self.error() {
                Some(errno) => Outcome::error(errno),
                None => match self.attempt(&mut front.op) {
                    Some(outcome) => outcome,
                    None => break,
                },
            };
            self.note(&front.op, &outcome);
            if let Some(pending) = lane.pending.pop_front() {
                batch.push((pending.complete, outcome));
            }
        }
        lane.is_draining = batch.first.is_some();
        batch
    }

    /// Completes every queued operation that `matches` with `ECANCELED`;
    /// tells how many.
    pub(super) fn cancel(&self, matches: &dyn Fn(&Tag) -> bool) -> usize {
        self.take_out(matches, false)
    }

    /// Completes every queued operation with `ECANCELED` and refuses new ones.
    pub(super) fn close(&self) -> usize {
        self.has_closed.store(true, Ordering::SeqCst);
        self.take_out(&|_| true, true)
    }

    fn take_out(&self, matches: &dyn Fn(&Tag) -> bool, closes: bool) -> usize {
        let mut taken = Vec::new();
        for lane in &self.lanes {
            let mut lane = lane.lock();
            lane.is_closed |= closes;
            let (out, left) = std::mem::take(&mut lane.pending)
                .into_iter()
                .partition(|pending| matches(&pending.tag));
            lane.pending = left;
            let out: VecDeque<Pending> = out;
            taken.extend(out);
        }
        let count = taken.len();
        for pending in taken {
            pending.complete.complete(Outcome::error(libc::ECANCELED));
        }
        count
    }

    /// How many operations wait in a direction.
    pub fn pending(&self, direction: Direction) -> usize {
        self.lane(direction).lock().pending.len()
    }

    /// Lends the descriptor for a short call that does not block; `None` once
    /// the stream has closed. The call may tell that there is data.
    pub fn with_fd<R>(&self, f: impl FnOnce(RawFd) -> R) -> Option<R> {
        self.lull.end();
        match &self.target {
            Target::Kernel(fd, _) => fd.lock().as_ref().map(|fd| f(fd.as_raw_fd())),
            Target::Fake(_) => None,
        }
    }
}

/// Whether an error is the end of a connection rather than of one operation.
fn ends_connection(errno: i32) -> bool {
    matches!(
        errno,
        libc::ECONNRESET
            | libc::EPIPE
            | libc::ETIMEDOUT
            | libc::ECONNABORTED
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::ENETDOWN
            | libc::ENETRESET
    )
}

impl Stream {
    /// Puts `fd` in the place of the stream's descriptor, under its number.
    pub(super) fn install(&self, fd: OwnedFd) -> std::io::Result<()> {
        let Target::Kernel(slot, _) = &self.target else {
            return Err(std::io::Error::from_raw_os_error(libc::EOPNOTSUPP));
        };
        // The number never stands for anything else: who is about to use it
        // without the lock finds the one descriptor or the other.
        match slot.lock().as_ref() {
            Some(old) => super::op::put_under(&fd, old),
            None => Err(std::io::Error::from_raw_os_error(libc::EBADF)),
        }
    }
}

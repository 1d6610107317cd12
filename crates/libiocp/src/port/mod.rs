//! The port: threads waiting, around the queue.
//!
//! A packet that is handed over travels with the wake: it is put into the
//! waiter's own slot before the waiter is woken, so nobody can take it away
//! and the woken thread never looks again.
//!
//! Which port a thread runs for, and whether it is blocked elsewhere, is the
//! thread's own knowledge: the one thread-local of this module.

mod alert;
mod crew;
mod owned;
mod presence;
mod promise;
mod queue;
mod recall;
mod ring;
mod roster;
#[cfg(all(test, not(loom)))]
mod schedules;
mod seat;
#[cfg(all(test, loom))]
mod threads;
#[cfg(not(loom))]
mod watch;

use crate::handle::{Close, HandleCount};
use crate::status::Status;
use crate::sync::{
    Arc, AtomicBool, AtomicUsize, Deadline, Idle, Mutex, MutexGuard, Ordering, Weak,
};
use crate::wait::Signal;
pub(crate) use crew::Crew;
pub(crate) use promise::Promise;
use queue::Queue;
pub(crate) use queue::Token;
use roster::{Blocked, Roster};
pub(crate) use seat::{Name, leave_for_good, step_aside};
use seat::{Seat, Waiter};
#[cfg(not(loom))]
pub use watch::watching_thread;

/// What a port delivers: laid out as `OVERLAPPED_ENTRY`, with the status in
/// the place of `Internal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Packet {
    /// The key of the file, or any number given to `post`.
    pub key: usize,
    /// The address of the caller's OVERLAPPED; never dereferenced here.
    pub overlapped: usize,
    /// How the operation ended. The upper half is zero.
    pub status: u64,
    /// The bytes transferred.
    pub bytes: usize,
}

impl Packet {
    /// A packet as `PostQueuedCompletionStatus` makes it: success.
    pub fn new(key: usize, overlapped: usize, bytes: usize) -> Self {
        Self::with_status(key, overlapped, Status::SUCCESS, bytes)
    }

    /// The packet of an operation that ended with `status`.
    pub fn with_status(key: usize, overlapped: usize, status: Status, bytes: usize) -> Self {
        Self { key, overlapped, status: u64::from(status.0), bytes }
    }

    /// How the operation ended.
    pub fn status(&self) -> Status {
        Status(self.status as u32)
    }
}

/// Why `take` returned without a packet.
///
/// As wide as a count, so that a result is handed on in two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum NoPacket {
    /// The time is up.
    TimedOut,
    /// The last handle of the port was closed.
    Abandoned,
    /// The alert is set; no packet was taken.
    Alerted,
}

/// An I/O completion port.
#[doc(alias = "KQUEUE")]
#[doc(alias = "IoCompletion")]
#[derive(Debug)]
pub struct Port {
    handles: HandleCount,
    queue: Mutex<State>,
    /// Of the room that is set aside, so much is nobody's yet.
    unclaimed: AtomicUsize,
    /// The threads that have turned to it.
    roster: Roster,
    /// Signaled while packets wait in the queue, and for ever once closed;
    /// kept up only once somebody has asked for it.
    signal: Signal,
    /// Whether somebody has; changed under the lock of the queue.
    is_observed: AtomicBool,
    /// Gets the packets that nobody will take.
    discard: Option<fn(Packet)>,
    /// Whom to ask for a thread.
    crew: Option<Weak<dyn Crew>>,
}

type State = Queue<Arc<Waiter>, Blocked>;
type Locked<'a> = MutexGuard<'a, State>;

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Port {
    /// A port that lets `limit` threads run at once; zero means as many as
    /// the machine has processors now.
    pub fn new(limit: u32) -> Self {
        let limit = if limit == 0 { processor_count() } else { limit };
        let queue = Mutex::new(Queue::new(limit));
        Self {
            handles: HandleCount::default(),
            queue,
            unclaimed: AtomicUsize::new(0),
            roster: Roster::default(),
            signal: Signal::manual(false),
            is_observed: AtomicBool::new(false),
            discard: None,
            crew: None,
        }
    }

    /// Like `new`; `discard` gets each packet that will never be taken, because
    /// the port closes or has closed. It is called with no lock held.
    pub fn discarding_to(limit: u32, discard: fn(Packet)) -> Self {
        Self { discard: Some(discard), ..Self::new(limit) }
    }

    /// Delivers a packet: the one way into any port. On a closed port the
    /// packet is dropped.
    ///
    /// # Panics
    /// When there is no memory to queue the packet, and no room that was set
    /// aside is left.
    pub fn post(&self, packet: Packet) {
        let mut queue = self.queue.lock();
        if !queue.reserve() && self.claim() {
            queue.keep_promise();
        }
        self.post_locked(queue, packet);
    }

    /// Like `post`, but tells when there is no memory to queue the packet.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`.
    pub fn try_post(&self, packet: Packet) -> Result<(), Status> {
        self.try_post_locked(self.queue.lock(), packet)
    }

    fn try_post_locked(&self, mut queue: Locked<'_>, packet: Packet) -> Result<(), Status> {
        if !queue.reserve() {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        self.post_locked(queue, packet);
        Ok(())
    }

    fn post_locked(&self, mut queue: Locked<'_>, packet: Packet) {
        if queue.is_special() {
            if queue.is_closed() {
                drop(queue);
                return self.discard([packet]);
            }
            Self::settle(&mut queue);
        }
        let hand_off = queue.post(packet);
        let begins_watch = queue.begins_watch();
        let has_begun = self.is_observed.load(Ordering::Relaxed) && queue.depth() == 1;
        let watched = has_begun && self.signal.raise();
        let missing = self.missing(&queue);
        drop(queue);
        if let Some((waiter, packet)) = hand_off {
            waiter.deliver(packet);
        }
        if watched {
            self.signal.release();
        }
        if begins_watch {
            self.begin_watch();
        }
        self.ask_crew(missing);
    }

    #[cold]
    fn discard(&self, packets: impl IntoIterator<Item = Packet>) {
        if let Some(discard) = self.discard {
            packets.into_iter().for_each(discard);
        }
    }

    /// Takes packets in the order they were queued: as many as there are, at
    /// most `packets.len()`, and returns how many. Waits for the first until
    /// `deadline` (`None`: for ever; passed: not at all).
    ///
    /// The calling thread runs for this port from now on and counts against
    /// its limit, also when the time is up.
    ///
    /// # Errors
    /// [`NoPacket`] when the time is up or the port closes.
    ///
    /// # Panics
    /// If `packets` is empty.
    pub fn take(
        self: &Arc<Self>,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
        idle: &dyn Idle,
    ) -> Result<usize, NoPacket> {
        assert!(!packets.is_empty(), "take needs room for a packet");
        let seat_for_once = Seat::default_if_gone();
        let was_running = Seat::with(&seat_for_once, |seat| seat.turn_to(self));
        if let Some(count) = self.take_now(was_running, packets)? {
            if seat::has_taken(count) {
                idle.pass_by();
            }
            return Ok(count);
        }
        let later = |waiter: &_| self.take_later(waiter, packets, deadline, idle);
        Seat::with(&seat_for_once, |seat| seat.while_waiting(later))
    }

    /// There was nothing to take at once.
    fn take_later(
        &self,
        waiter: &Arc<Waiter>,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
        idle: &dyn Idle,
    ) -> Result<usize, NoPacket> {
        if deadline.is_some_and(Deadline::has_passed) {
            return self.take_or_give_up(packets, idle);
        }
        if let Some(count) = self.take_or_wait(packets, waiter)? {
            return Ok(count);
        }
        self.wait(waiter, deadline, idle)?;
        packets[0] = waiter.received();
        Ok(1 + self.take_more(&mut packets[1..]))
    }

    /// The thread's place is given up; the packets it gets at once.
    fn take_now(
        &self,
        was_running: bool,
        packets: &mut [Packet],
    ) -> Result<Option<usize>, NoPacket> {
        let mut queue = self.queue.lock();
        let first = if queue.is_special() {
            if queue.is_closed() {
                return Err(NoPacket::Abandoned);
            }
            Self::take_settled(&mut queue, was_running)
        } else {
            queue.take(was_running)
        };
        let Some(first) = first else {
            // Under the lock: nobody may take it for one that counts.
            seat::with_presence(|it| it.step_in());
            return Ok(None);
        };
        if !was_running {
            seat::with_presence(|it| it.step_out());
        }
        Ok(Some(self.fill(&mut queue, first, packets)))
    }

    /// Like `Queue::take`, when threads were seen blocked, perhaps this one.
    #[cold]
    fn take_settled(queue: &mut State, was_running: bool) -> Option<Packet> {
        let was_seen =
            was_running && seat::with_presence(|it| Self::forget(queue, it)).unwrap_or(false);
        if was_running && !was_seen {
            queue.step_down();
        }
        Self::settle(queue);
        queue.take(false)
    }

    /// One last look after the work at hand was done; then the thread runs on.
    fn take_or_give_up(&self, packets: &mut [Packet], idle: &dyn Idle) -> Result<usize, NoPacket> {
        idle.poll();
        let mut queue = self.queue.lock();
        if queue.is_closed() {
            return Err(NoPacket::Abandoned);
        }
        match Self::take_settled(&mut queue, false) {
            Some(first) => Ok(self.fill(&mut queue, first, packets)),
            None => {
                queue.give_up();
                Err(NoPacket::TimedOut)
            }
        }
    }

    /// One last look, then the thread is among the waiters.
    fn take_or_wait(
        &self,
        packets: &mut [Packet],
        waiter: &Arc<Waiter>,
    ) -> Result<Option<usize>, NoPacket> {
        let mut queue = self.queue.lock();
        if queue.is_closed() {
            return Err(NoPacket::Abandoned);
        }
        if let Some(first) = Self::take_settled(&mut queue, false) {
            return Ok(Some(self.fill(&mut queue, first, packets)));
        }
        waiter.prepare();
        queue.wait(Arc::clone(waiter));
        let begins_watch = queue.begins_watch();
        drop(queue);
        if begins_watch {
            self.begin_watch();
        }
        Ok(None)
    }

    /// Sleeps until a packet is in the waiter's slot.
    fn wait(
        &self,
        waiter: &Arc<Waiter>,
        deadline: Option<Deadline>,
        idle: &dyn Idle,
    ) -> Result<(), NoPacket> {
        let mut notified = idle.park_for_packets(waiter.parker(), deadline);
        while !notified {
            if self.queue.lock().cancel_wait(waiter) {
                return Err(NoPacket::TimedOut);
            }
            // Somebody has taken this thread from the waiters and is about to
            // say why.
            notified = waiter.parker().park(None);
        }
        waiter.why_woken()
    }

    fn take_more(&self, packets: &mut [Packet]) -> usize {
        if packets.is_empty() {
            return 0;
        }
        let mut queue = self.queue.lock();
        match queue.take_another() {
            Some(first) => self.fill(&mut queue, first, packets),
            None => 0,
        }
    }

    /// Puts `first` and what follows it into `packets`.
    fn fill(&self, queue: &mut State, first: Packet, packets: &mut [Packet]) -> usize {
        packets[0] = first;
        let mut count = 1;
        while count < packets.len()
            && let Some(packet) = queue.take_another()
        {
            packets[count] = packet;
            count += 1;
        }
        self.reset_if_empty(queue);
        count
    }

    fn reset_if_empty(&self, queue: &State) {
        if self.is_observed.load(Ordering::Relaxed) && queue.depth() == 0 {
            self.signal.reset();
        }
    }

    /// A thread that was blocked runs for the port again.
    fn enter(&self) {
        self.queue.lock().enter();
    }

    /// Packets that wait in the queue; those handed to a thread are not counted.
    pub fn depth(&self) -> usize {
        self.queue.lock().depth()
    }

    /// Threads that wait for a packet now.
    pub fn waiting(&self) -> usize {
        self.queue.lock().waiting()
    }

    /// Threads that run for the port now.
    pub fn running(&self) -> u32 {
        let mut queue = self.queue.lock();
        Self::settle_until(u32::MAX, &mut queue);
        queue.running()
    }

    /// How many threads the port lets run at once.
    pub fn limit(&self) -> u32 {
        self.queue.lock().limit()
    }

    /// What a wait on the port itself waits for: packets in the queue.
    pub(crate) fn signal(&self) -> &Signal {
        if !self.is_observed.load(Ordering::Acquire) {
            let queue = self.queue.lock();
            if queue.depth() > 0 {
                // Nobody watches a signal that nobody has observed yet.
                self.signal.raise();
            }
            self.is_observed.store(true, Ordering::Release);
        }
        &self.signal
    }
}

impl Close for Port {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// The last handle is gone: the packets are dropped and every waiting
    /// thread is told.
    fn close(self: &Arc<Self>) {
        let (waiters, packets, watched) = {
            let mut queue = self.queue.lock();
            let (waiters, packets) = queue.close();
            (waiters, packets, self.signal.raise())
        };
        for waiter in waiters {
            waiter.abandon();
        }
        if watched {
            self.signal.release();
        }
        let mut packets = packets;
        self.discard(std::iter::from_fn(move || queue::take_out(&mut packets)));
    }
}

fn processor_count() -> u32 {
    std::thread::available_parallelism()
        .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

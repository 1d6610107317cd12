//! Readiness: one epoll, edge-triggered, driven by waiting threads.
//!
//! A thread that has nothing to do leads: it sleeps in the kernel and drains
//! the lanes of whatever becomes ready. The others sleep on their own. A thread
//! that waits for packets takes the lead from one that waits for anything else:
//! most of what becomes ready is for it, and would have to be handed over. While
//! nobody leads and operations are pending, the stand-in thread looks after
//! them: it watches in short steps while threads come and go, so that coming
//! and going costs no wake-up, and leads itself when nobody has come for one
//! step.
#![allow(unsafe_code)]

mod stand_in;
mod wait;

use super::lane::Stream;
use super::op::{Direction, errno};
use crate::handle::{Recycling, Table};
use crate::sync::{
    Arc, AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Deadline, Idle, Ordering, Parker,
};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
#[cfg(all(test, not(loom)))]
use std::time::Duration;
use wait::Wait;

/// The token of the eventfd that wakes the leader.
const KICK: u64 = 0;

/// The bits of the leader that tell its rank; the others number the leads, so
/// that a leader who comes back late does not take another's lead for its own.
const RANK: u32 = 3;

/// So many gifts in a row cost as much as a change of the leader.
const GENEROUS: u32 = 4;

const NOBODY: u32 = 0;
const STAND_IN: u32 = 1;
/// A thread that waits for something else than packets.
const BYSTANDER: u32 = 2;
/// A thread that waits for packets.
const SERVER: u32 = 3;

/// The readiness half of the engine.
#[derive(Debug)]
pub(super) struct Reactor {
    epoll: OwnedFd,
    /// Wakes the leader out of the kernel.
    kick: Arc<OwnedFd>,
    /// Wakes the stand-in out of the kernel.
    yield_to: OwnedFd,
    streams: Table<Arc<Stream>>,
    /// How many streams are watched.
    watched: AtomicUsize,
    leader: AtomicU32,
    /// Held by the one leader that sleeps in the kernel, or is about to. Only
    /// who holds it may hush `kick`: a wake-up is never taken by another.
    sleeper: AtomicBool,
    /// Changes whenever a leader comes or goes.
    changes: AtomicU64,
    /// How often in a row the leader has found work for others only.
    given_away: AtomicU32,
    /// Threads that wait for packets on their own, beside the leader.
    followers: AtomicUsize,
    /// For how many nanoseconds a leader polls before it sleeps.
    pub(super) busy_poll: AtomicU64,
    /// Whether a thread has waited for packets since the stand-in last looked.
    server_came: AtomicBool,
    stand_in: Parker,
    stand_in_sleeps: AtomicBool,
    stops: AtomicBool,
}

fn owned(fd: i32) -> std::io::Result<OwnedFd> {
    if fd < 0 {
        return Err(std::io::Error::from_raw_os_error(errno()));
    }
    // SAFETY: the kernel has just handed out this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// An eventfd on which a read waits.
pub(super) fn waiting_event_fd() -> std::io::Result<OwnedFd> {
    // SAFETY: no memory is involved.
    owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) })
}

pub(super) fn event_fd() -> std::io::Result<OwnedFd> {
    // SAFETY: no memory is involved.
    owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
}

/// Adds one to an eventfd.
pub(super) fn ring(fd: &OwnedFd) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: `one` is readable for its length. The counter cannot overflow
    // into blocking: the descriptor does not block.
    unsafe { libc::write(fd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

/// Resets an eventfd.
pub(super) fn hush(fd: &OwnedFd) {
    let mut count = [0u8; 8];
    // SAFETY: `count` is writable for its length.
    unsafe { libc::read(fd.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

fn interest(awaits_room: bool) -> u32 {
    let out = if awaits_room { libc::EPOLLOUT } else { 0 };
    (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLRDHUP | libc::EPOLLET | out) as u32
}

impl Reactor {
    pub(super) fn new() -> std::io::Result<Self> {
        // SAFETY: no memory is involved.
        let epoll = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        let reactor = Self {
            epoll,
            kick: Arc::new(event_fd()?),
            yield_to: event_fd()?,
            streams: Table::new(Recycling::Immediate, u32::MAX),
            watched: AtomicUsize::new(0),
            leader: AtomicU32::new(NOBODY),
            sleeper: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            given_away: AtomicU32::new(0),
            followers: AtomicUsize::new(0),
            busy_poll: AtomicU64::new(0),
            server_came: AtomicBool::new(false),
            stand_in: Parker::default(),
            stand_in_sleeps: AtomicBool::new(false),
            stops: AtomicBool::new(false),
        };
        let kick = reactor.kick.as_raw_fd();
        reactor.control(libc::EPOLL_CTL_ADD, kick, libc::EPOLLIN as u32, KICK)?;
        Ok(reactor)
    }

    fn control(&self, operation: i32, fd: RawFd, events: u32, token: u64) -> std::io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: `event` is valid for the call.
        let result =
            unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, fd, &raw mut event) };
        if result < 0 { Err(std::io::Error::from_raw_os_error(errno())) } else { Ok(()) }
    }

    /// An operation of `stream` has begun to wait: sees to it that somebody
    /// learns when the stream is ready.
    ///
    /// # Errors
    /// When the kernel refuses to watch the descriptor.
    pub(super) fn watch(&self, stream: &Arc<Stream>, direction: Direction) -> std::io::Result<()> {
        let is_new_interest =
            direction == Direction::Out && !stream.awaits_room.swap(true, Ordering::SeqCst);
        match stream.token.load(Ordering::Acquire) {
            0 => self.register(stream)?,
            token if is_new_interest => self.widen(stream, token)?,
            _ => {}
        }
        if self.leader.load(Ordering::SeqCst) & RANK == NOBODY {
            self.call_stand_in();
        }
        Ok(())
    }

    fn register(&self, stream: &Arc<Stream>) -> std::io::Result<()> {
        let full = || std::io::Error::from_raw_os_error(libc::ENOMEM);
        let token = self.streams.insert(Arc::clone(stream)).map_err(|_| full())?;
        if stream.token.compare_exchange(0, token, Ordering::SeqCst, Ordering::Acquire).is_err() {
            self.streams.remove(token);
            return Ok(());
        }
        self.watched.fetch_add(1, Ordering::SeqCst);
        let added = self.add(stream, token);
        // Who closed it meanwhile may have found nothing to forget.
        if added.is_err() || stream.has_closed.load(Ordering::SeqCst) {
            self.forget(stream);
        }
        added
    }

    fn add(&self, stream: &Stream, token: usize) -> std::io::Result<()> {
        let awaits_room = stream.awaits_room.load(Ordering::SeqCst);
        let events = interest(awaits_room);
        let add = |fd| self.control(libc::EPOLL_CTL_ADD, fd, events, token as u64);
        stream.with_fd(add).unwrap_or(Ok(()))?;
        if !awaits_room && stream.awaits_room.load(Ordering::SeqCst) {
            self.widen(stream, token)?;
        }
        Ok(())
    }

    /// Watches for room to send too. Most streams never need that, and would
    /// be reported ready for it whenever they become readable.
    fn widen(&self, stream: &Stream, token: usize) -> std::io::Result<()> {
        let change = |fd| self.control(libc::EPOLL_CTL_MOD, fd, interest(true), token as u64);
        match stream.with_fd(change) {
            // Not added yet: who is about to looks at the wish afterwards.
            Some(Err(error)) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            result => result.unwrap_or(Ok(())),
        }
    }

    /// The descriptor under `stream` has been replaced: watches the new one.
    pub(super) fn watch_anew(&self, stream: &Stream) -> std::io::Result<()> {
        match stream.token.load(Ordering::Acquire) {
            0 => Ok(()),
            token => self.add(stream, token),
        }
    }

    /// The stream is about to close its descriptor.
    pub(super) fn forget(&self, stream: &Stream) {
        let token = stream.token.swap(0, Ordering::SeqCst);
        if token != 0 {
            let _ = stream.with_fd(|fd| self.control(libc::EPOLL_CTL_DEL, fd, 0, 0));
            self.streams.remove(token);
            self.watched.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Whether there is no stream to watch.
    fn is_idle(&self) -> bool {
        self.watched.load(Ordering::SeqCst) == 0
    }

    /// Drains the lanes of what is ready now.
    fn reap(&self, max: usize) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        let count = self.look(&mut events[..max]);
        self.dispatch(&events[..count]);
    }

    /// Tells whether anything was completed.
    fn dispatch(&self, events: &[libc::epoll_event]) -> bool {
        let mut has_completed = false;
        for event in events {
            let (flags, token) = (event.events, event.u64);
            if token == KICK {
                // The sleeper's; it has been seen to, or is none of ours.
                continue;
            }
            let Some(stream) = self.streams.get(token as usize, Arc::clone) else { continue };
            let ended = (libc::EPOLLERR | libc::EPOLLHUP) as u32;
            let more_than_data = (libc::EPOLLPRI | libc::EPOLLRDHUP) as u32 | ended;
            if flags & more_than_data != 0 {
                stream.has_heard_more_than_data();
            }
            if flags & (libc::EPOLLIN as u32 | more_than_data) != 0 {
                has_completed |= stream.run(Direction::In);
            }
            if flags & (libc::EPOLLOUT as u32 | ended) != 0 {
                has_completed |= stream.run(Direction::Out);
            }
        }
        has_completed
    }

    /// Takes note of who got what the leader has found: itself, or others.
    fn note_gift(&self, is_gift: bool) {
        let count = self.given_away.load(Ordering::Relaxed);
        if is_gift {
            self.given_away.store(count.saturating_add(1), Ordering::Relaxed);
        } else if count != 0 {
            self.given_away.store(0, Ordering::Relaxed);
        }
    }

    /// Whether the server that leads only ever wakes others: packets go to the
    /// newest waiter, so it is better if that one leads.
    fn is_generous(&self) -> bool {
        self.given_away.load(Ordering::Relaxed) >= GENEROUS
    }

    /// Waits until the leader before has left the kernel; it has been woken.
    /// False if this lead has been taken: who has taken it may sleep already,
    /// and the wake-up that said so may be gone.
    fn become_sleeper(&self, lead: u32) -> bool {
        while self.sleeper.swap(true, Ordering::Acquire) {
            if self.leader.load(Ordering::SeqCst) != lead {
                return false;
            }
            std::thread::yield_now();
        }
        // Who takes the lead after this look wakes the sleeper, and cannot
        // hush that before the sleeper has left the kernel.
        let is_leader = self.leader.load(Ordering::SeqCst) == lead;
        if !is_leader {
            self.sleeper.store(false, Ordering::Release);
        }
        is_leader
    }

    /// Out of the kernel, with these events.
    fn stop_sleeping(&self, events: &[libc::epoll_event]) {
        if events.iter().any(|event| event.u64 == KICK) {
            hush(&self.kick);
        }
        self.sleeper.store(false, Ordering::Release);
    }

    /// Becomes the leader as `rank`, if nobody leads who has a better claim:
    /// the word of this lead, which no other lead has.
    fn try_lead(&self, rank: u32) -> Option<u32> {
        let mut leader = self.leader.load(Ordering::SeqCst);
        let lead = loop {
            let may_lead = match leader & RANK {
                NOBODY => true,
                STAND_IN => rank != STAND_IN,
                BYSTANDER => rank == SERVER,
                _ => rank == SERVER && self.is_generous(),
            };
            if !may_lead {
                return None;
            }
            let lead = (leader & !RANK).wrapping_add(RANK + 1) | rank;
            match self.leader.compare_exchange(leader, lead, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => break lead,
                Err(now) => leader = now,
            }
        };
        match leader & RANK {
            STAND_IN => ring(&self.yield_to),
            BYSTANDER | SERVER => ring(&self.kick),
            _ => {}
        }
        self.note_gift(false);
        self.changes.fetch_add(1, Ordering::Relaxed);
        Some(lead)
    }

    /// Gives up the lead, unless somebody has taken it.
    fn stop_leading(&self, lead: u32) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        let nobody = (lead & !RANK) | NOBODY;
        let _ = self.leader.compare_exchange(lead, nobody, Ordering::SeqCst, Ordering::SeqCst);
        if !self.is_idle() {
            self.call_stand_in();
        }
    }

    fn call_stand_in(&self) {
        if self.stand_in_sleeps.load(Ordering::SeqCst)
            && self.stand_in_sleeps.swap(false, Ordering::SeqCst)
        {
            self.stand_in.unpark();
        }
    }

    /// Leads until `parker` is notified or `deadline` passes; `None` when
    /// somebody has taken the lead before that.
    fn lead(&self, lead: u32, parker: &Parker, deadline: Option<Deadline>) -> Option<bool> {
        let wait = deadline.map_or(Wait::ForEver, Wait::Until);
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        loop {
            // Several threads share the load best if each takes little.
            let alone = self.followers.load(Ordering::Relaxed) == 0;
            let max = if alone { events.len() } else { 8 };
            if !self.become_sleeper(lead) {
                return None;
            }
            let mut count = self.poll_busily(&mut events[..max], parker, deadline);
            if count == 0 {
                if !parker.begin_poll(Some(&self.kick)) {
                    self.stop_sleeping(&[]);
                    return Some(parker.take_notification());
                }
                count = self.epoll_wait(&mut events[..max], wait);
                // Out of the kernel before anything completes: what this thread
                // hands to itself needs no wake-up.
                parker.end_poll();
            }
            self.stop_sleeping(&events[..count]);
            let has_completed = self.dispatch(&events[..count]);
            if parker.take_notification() {
                self.note_gift(false);
                return Some(true);
            }
            if has_completed {
                self.note_gift(true);
            }
            if deadline.is_some_and(Deadline::has_passed) {
                return Some(false);
            }
        }
    }

    /// Ends the stand-in thread.
    pub(super) fn stop(&self) {
        self.stops.store(true, Ordering::SeqCst);
        ring(&self.yield_to);
        self.stand_in_sleeps.store(false, Ordering::SeqCst);
        self.stand_in.unpark();
    }
}

impl Reactor {
    fn note_server(&self) {
        if !self.server_came.load(Ordering::Relaxed) {
            self.server_came.store(true, Ordering::Relaxed);
        }
    }

    fn park_as(&self, rank: u32, parker: &Parker, deadline: Option<Deadline>) -> bool {
        if rank == SERVER {
            self.note_server();
        }
        if !self.is_idle()
            && let Some(lead) = self.try_lead(rank)
        {
            let notified = self.lead(lead, parker, deadline);
            self.stop_leading(lead);
            if let Some(notified) = notified {
                return notified;
            }
        }
        let follows = usize::from(rank == SERVER);
        self.followers.fetch_add(follows, Ordering::Relaxed);
        let notified = parker.park(deadline);
        self.followers.fetch_sub(follows, Ordering::Relaxed);
        notified
    }
}

impl Idle for Reactor {
    fn park(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        self.park_as(BYSTANDER, parker, deadline)
    }

    fn park_for_packets(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        self.park_as(SERVER, parker, deadline)
    }

    fn poll(&self) {
        if !self.is_idle() {
            self.reap(64);
        }
    }

    /// The stand-in need not come while busy threads pass by.
    fn pass_by(&self) {
        if self.is_idle() || self.leader.load(Ordering::Relaxed) & RANK > STAND_IN {
            return;
        }
        self.note_server();
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.reap(64);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Nobody can find a stranger under the number of a replaced descriptor.
    #[test]
    fn a_replaced_descriptor_keeps_its_number() {
        let stream = Stream::new(Stream::kernel(event_fd().unwrap()), false);
        let number = stream.with_fd(|fd| fd).unwrap();
        let other = event_fd().unwrap();
        ring(&other);
        stream.install(other).unwrap();
        assert_eq!(stream.with_fd(|fd| fd), Some(number));
        let mut count = [0u8; 8];
        // SAFETY: `count` is writable for its length.
        let read = unsafe { libc::read(number, count.as_mut_ptr().cast(), count.len()) };
        assert_eq!((read, u64::from_ne_bytes(count)), (8, 1));
    }

    /// What has lost its lead before it sleeps must not wait for its successor.
    #[test]
    fn who_has_lost_the_lead_does_not_wait_for_the_sleeper() {
        let reactor = Arc::new(Reactor::new().unwrap());
        for rank in [STAND_IN, BYSTANDER] {
            let lost = reactor.try_lead(rank).unwrap();
            let taken = reactor.try_lead(SERVER).unwrap();
            assert!(!reactor.become_sleeper(lost), "it would sleep in another's lead");
            assert!(reactor.become_sleeper(taken));
            let (sender, receiver) = mpsc::channel();
            let other = Arc::clone(&reactor);
            std::thread::spawn(move || sender.send(other.become_sleeper(lost)));
            assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Ok(false));
            reactor.stop_sleeping(&[]);
            reactor.stop_leading(taken);
        }
    }
}

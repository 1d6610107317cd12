//! What a port decides, without threads, locks or clocks.
//!
//! Packets leave in the order they came; threads are released newest first;
//! no packet leaves while `limit` threads are running for the port. A thread
//! runs for the port from the moment it last asked for a packet until it asks
//! again, blocks elsewhere, turns to another port or exits.
//!
//! A thread that blocks outside the library cannot say so. Somebody may see it,
//! and then it does not run; nor can it say that it goes on, so before a packet
//! leaves, whoever was seen blocked is looked at again.
//!
//! A packet may have an owner, who can ask for it and take it back. Its token
//! travels in the upper half of the packet's status while it is queued.

use super::Packet;
use super::ring::Ring;
use std::collections::BTreeMap;

/// The state of a port. `W` names a waiting thread, `B` one seen blocked.
#[derive(Clone, Debug)]
pub(crate) struct Queue<W, B = W> {
    packets: Ring,
    /// The newest is last.
    waiters: Vec<W>,
    /// They run for the port, but do not count.
    seen_blocked: Vec<B>,
    running: u32,
    limit: u32,
    is_closed: bool,
    /// Closed, or somebody was seen blocked.
    is_special: bool,
    /// Whether somebody looks for threads that block.
    is_watched: bool,
    /// Whether threads that are not there can be had.
    can_have_more: bool,
    /// What became of the packets that have owners, until they leave.
    owned: BTreeMap<u32, Owned>,
    last_token: u32,
}

/// Names the one packet of an owner, at one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(u32);

/// A packet that has an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owned {
    /// It has not been posted yet.
    Expected,
    Posted,
}

/// The half of a packet's status that is the status.
const STATUS: u64 = u32::MAX as u64;

/// The token of a packet's owner; zero if it has none.
fn owner(packet: &Packet) -> u32 {
    (packet.status >> 32) as u32
}

/// The oldest packet of a port that has closed, as it was posted.
pub(crate) fn take_out(packets: &mut Ring) -> Option<Packet> {
    packets.pop().map(|packet| Packet { status: packet.status & STATUS, ..packet })
}

/// A packet and the waiting thread that it is handed to.
pub(crate) type HandOff<W> = Option<(W, Packet)>;

impl<W: PartialEq, B> Queue<W, B> {
    /// A port that lets `limit` threads run at once; at least one.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            packets: Ring::default(),
            waiters: Vec::new(),
            seen_blocked: Vec::new(),
            running: 0,
            limit: limit.max(1),
            is_closed: false,
            is_special: false,
            is_watched: false,
            can_have_more: false,
            owned: BTreeMap::new(),
            last_token: 0,
        }
    }

    /// A packet arrives: it goes to the newest waiter that may run, else to
    /// the back of the queue. On a closed port it is dropped.
    ///
    /// # Panics
    /// When there is no memory for one more packet; see `reserve`.
    pub(crate) fn post(&mut self, packet: Packet) -> HandOff<W> {
        if self.is_closed {
            return None;
        }
        if self.running < self.limit
            && let Some(waiter) = self.waiters.pop()
        {
            self.running += 1;
            return Some((waiter, self.let_go(packet)));
        }
        let is_queued =
            self.packets.push(packet) || self.packets.reserve(1) && self.packets.push(packet);
        assert!(is_queued, "out of memory");
        self.check();
        None
    }

    /// Like `post`, if that is all there is to it: nobody waits, there is room,
    /// and the port is not special. Else false, and nothing has happened.
    #[inline]
    pub(crate) fn post_plainly(&mut self, packet: Packet) -> bool {
        !self.is_special && self.waiters.is_empty() && self.packets.push(packet)
    }

    /// Makes room for one more packet, so that `post` cannot fail.
    pub(crate) fn reserve(&mut self) -> bool {
        self.packets.reserve(1)
    }

    /// Sets room for `more` packets aside, so that they will not need memory.
    pub(crate) fn promise(&mut self, more: usize) -> bool {
        self.packets.promise(more)
    }

    /// One of those packets is about to be posted.
    pub(crate) fn keep_promise(&mut self) {
        self.packets.keep_promise();
    }

    /// A thread asks for a packet. If it was running for this port it no
    /// longer is: asking again is how a thread says it has finished. With
    /// `None` the caller must follow up with `wait` or `give_up`.
    pub(crate) fn take(&mut self, was_running: bool) -> Option<Packet> {
        if was_running {
            self.running -= 1;
        }
        if self.running >= self.limit {
            return None;
        }
        let packet = self.pop()?;
        self.running += 1;
        Some(packet)
    }

    /// Like `take` by a thread that runs, if there is a packet to be had and
    /// that is all there is to it; else nothing has happened.
    #[inline]
    pub(crate) fn take_plainly(&mut self) -> Option<Packet> {
        if self.is_special || self.running > self.limit { None } else { self.pop() }
    }

    /// One more packet for a thread that has just been given one. It runs
    /// already, so this takes no further place.
    pub(crate) fn take_another(&mut self) -> Option<Packet> {
        self.pop()
    }

    #[inline]
    fn pop(&mut self) -> Option<Packet> {
        let packet = self.packets.pop()?;
        Some(self.let_go(packet))
    }

    /// Somebody is going to post one packet that is to be its own.
    pub(crate) fn own(&mut self) -> Token {
        loop {
            self.last_token = self.last_token.wrapping_add(1);
            let token = self.last_token;
            if token != 0 && !self.owned.contains_key(&token) {
                if !self.is_closed {
                    self.owned.insert(token, Owned::Expected);
                }
                return Token(token);
            }
        }
    }

    /// Whether the owner's packet is expected or queued.
    pub(crate) fn is_owned(&self, token: Token) -> bool {
        self.owned.contains_key(&token.0)
    }

    /// The owner's packet, as it is to be posted; `None` if it has been taken
    /// back.
    pub(crate) fn label(&mut self, token: Token, packet: Packet) -> Option<Packet> {
        let owned = self.owned.get_mut(&token.0)?;
        if *owned != Owned::Expected {
            return None;
        }
        *owned = Owned::Posted;
        Some(Packet { status: packet.status | u64::from(token.0) << 32, ..packet })
    }

    /// A packet that leaves has no owner any more.
    #[inline]
    fn let_go(&mut self, mut packet: Packet) -> Packet {
        if let token @ 1.. = owner(&packet) {
            self.disown(token);
            packet.status &= STATUS;
        }
        packet
    }

    #[cold]
    fn disown(&mut self, token: u32) {
        self.owned.remove(&token);
    }

    /// Takes the owner's packet back; false if it has left already.
    pub(crate) fn withdraw(&mut self, token: Token) -> bool {
        let owned = self.owned.remove(&token.0);
        if owned == Some(Owned::Posted) {
            self.packets.retain(|packet| owner(packet) != token.0);
        }
        owned.is_some()
    }

    /// The thread that asked in vain does not wait; it runs on for the port.
    pub(crate) fn give_up(&mut self) {
        self.running += 1;
    }

    /// The thread that asked in vain waits.
    pub(crate) fn wait(&mut self, waiter: W) {
        self.waiters.push(waiter);
        self.check();
    }

    /// A waiter's time is up. False if it has been handed a packet meanwhile,
    /// or the port has closed.
    pub(crate) fn cancel_wait(&mut self, waiter: &W) -> bool {
        let Some(position) = self.waiters.iter().rposition(|other| other == waiter) else {
            return false;
        };
        self.waiters.remove(position);
        self.running += 1;
        true
    }

    /// A running thread blocks elsewhere, turns to another port, exits, or asks
    /// again: `settle` must follow, and then `release` or `take`.
    pub(crate) fn step_down(&mut self) {
        self.running -= 1;
    }

    /// The oldest packet leaves with the newest waiter, if one more may run.
    pub(crate) fn release(&mut self) -> HandOff<W> {
        if self.running < self.limit && !self.packets.is_empty() && !self.waiters.is_empty() {
            self.running += 1;
            return self.waiters.pop().zip(self.pop());
        }
        None
    }

    /// A running thread was seen blocked outside the library, and gives up its
    /// place as by `step_down`.
    pub(crate) fn see_blocked(&mut self, who: B) {
        self.seen_blocked.push(who);
        self.is_special = true;
        self.step_down();
    }

    /// Before a packet may leave: whoever runs again counts again, until there
    /// are `enough`.
    pub(crate) fn settle(&mut self, enough: u32, has_resumed: impl Fn(&B) -> bool) {
        let running = &mut self.running;
        self.seen_blocked.retain(|who| {
            let counts = *running < enough && has_resumed(who);
            *running += u32::from(counts);
            !counts
        });
        self.is_special = self.is_closed || !self.seen_blocked.is_empty();
    }

    /// A thread that was seen blocked does something at a port, and is dealt
    /// with as one that has left; false if there is no such thread.
    pub(crate) fn forget(&mut self, is_it: impl Fn(&B) -> bool) -> bool {
        let Some(position) = self.seen_blocked.iter().position(is_it) else { return false };
        self.seen_blocked.swap_remove(position);
        self.is_special = self.is_closed || !self.seen_blocked.is_empty();
        true
    }

    /// A blocked thread runs again, whatever the limit.
    pub(crate) fn enter(&mut self) {
        if !self.is_closed {
            self.running += 1;
        }
    }

    /// The last handle is gone: the threads to tell, newest first, and the
    /// packets to drop.
    pub(crate) fn close(&mut self) -> (Vec<W>, Ring) {
        self.is_closed = true;
        self.is_special = true;
        self.running = 0;
        self.seen_blocked.clear();
        let mut waiters = std::mem::take(&mut self.waiters);
        waiters.reverse();
        self.owned.clear();
        (waiters, std::mem::take(&mut self.packets))
    }

    /// How many more threads could run, if they were there: packets wait for
    /// them.
    pub(crate) fn missing(&self) -> u32 {
        if self.waiters.is_empty() && self.running < self.limit {
            let packets = u32::try_from(self.packets.len()).unwrap_or(u32::MAX);
            packets.min(self.limit - self.running)
        } else {
            0
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether the port is closed, or a thread was seen blocked: then `settle`
    /// and `forget` come before anything else.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.is_special
    }

    /// Packets and threads wait side by side: only a thread that runs and
    /// blocks could change that.
    pub(crate) fn is_stuck(&self) -> bool {
        self.has_others() && !self.packets.is_empty()
    }

    /// Whether a watch has to begin now; from then on there is one.
    #[inline]
    pub(crate) fn begins_watch(&mut self) -> bool {
        self.has_others()
            && !self.packets.is_empty()
            && !std::mem::replace(&mut self.is_watched, true)
    }

    /// Whether there is a thread to let in, or one can be had.
    fn has_others(&self) -> bool {
        self.can_have_more || !self.waiters.is_empty()
    }

    /// Threads that are not there can be had.
    pub(crate) fn let_have_more(&mut self) {
        self.can_have_more = true;
    }

    /// Somebody watches, or nobody may.
    pub(crate) fn set_watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// Packets that wait in the queue.
    pub(crate) fn depth(&self) -> usize {
        self.packets.len()
    }

    /// Threads that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Threads that run for the port.
    pub(crate) fn running(&self) -> u32 {
        self.running
    }

    /// How many threads may run at once.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Invariant 17: packets and waiters together only at the limit.
    fn check(&self) {
        debug_assert!(
            self.packets.is_empty() || self.waiters.is_empty() || self.running >= self.limit,
            "a packet waits for a thread that may run"
        );
    }
}

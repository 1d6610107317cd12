//! What a port decides, without threads, locks or clocks.
//!
//! Packets leave in the order they came; threads are released newest first;
//! no packet leaves while `limit` threads are running for the port. A thread
//! runs for the port from the moment it last asked for a packet until it asks
//! again, blocks elsewhere, turns to another port or exits.
//!
//! A packet may have an owner, who can ask for it and take it back. Its token
//! travels in the upper half of the packet's status while it is queued.

use super::Packet;
use std::collections::{BTreeMap, VecDeque};

/// The state of a port. `W` names a waiting thread.
#[derive(Clone, Debug)]
pub(crate) struct Queue<W> {
    packets: VecDeque<Packet>,
    /// The newest is last.
    waiters: Vec<W>,
    running: u32,
    limit: u32,
    is_closed: bool,
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
    Queued,
}

/// The half of a packet's status that is the status.
const STATUS: u64 = u32::MAX as u64;

/// The token of a packet's owner; zero if it has none.
fn owner(packet: &Packet) -> u32 {
    (packet.status >> 32) as u32
}

/// A packet and the waiting thread that it is handed to.
pub(crate) type HandOff<W> = Option<(W, Packet)>;

impl<W: PartialEq> Queue<W> {
    /// A port that lets `limit` threads run at once; at least one.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            packets: VecDeque::new(),
            waiters: Vec::new(),
            running: 0,
            limit: limit.max(1),
            is_closed: false,
            owned: BTreeMap::new(),
            last_token: 0,
        }
    }

    /// A packet arrives: it goes to the newest waiter that may run, else to
    /// the back of the queue. On a closed port it is dropped.
    pub(crate) fn post(&mut self, packet: Packet) -> HandOff<W> {
        if self.is_closed {
            return None;
        }
        if self.running < self.limit
            && let Some(waiter) = self.waiters.pop()
        {
            self.running += 1;
            return Some((waiter, packet));
        }
        self.packets.push_back(packet);
        self.check();
        None
    }

    /// Makes room for one more packet, so that `post` cannot fail.
    pub(crate) fn reserve(&mut self) -> bool {
        self.packets.try_reserve(1).is_ok()
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

    /// One more packet for a thread that has just been given one. It runs
    /// already, so this takes no further place.
    pub(crate) fn take_another(&mut self) -> Option<Packet> {
        self.pop()
    }

    fn pop(&mut self) -> Option<Packet> {
        let mut packet = self.packets.pop_front()?;
        if let token @ 1.. = owner(&packet) {
            self.owned.remove(&token);
            packet.status &= STATUS;
        }
        Some(packet)
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

    /// Posts the owner's packet, unless it has been taken back.
    pub(crate) fn post_owned(&mut self, token: Token, mut packet: Packet) -> HandOff<W> {
        if self.owned.remove(&token.0) != Some(Owned::Expected) {
            return None;
        }
        let depth = self.depth();
        packet.status |= u64::from(token.0) << 32;
        let hand_off = self.post(packet);
        if self.depth() > depth {
            self.owned.insert(token.0, Owned::Queued);
        }
        hand_off
            .map(|(waiter, packet)| (waiter, Packet { status: packet.status & STATUS, ..packet }))
    }

    /// Takes the owner's packet back; false if it has left already.
    pub(crate) fn withdraw(&mut self, token: Token) -> bool {
        let owned = self.owned.remove(&token.0);
        if owned == Some(Owned::Queued) {
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

    /// A running thread blocks elsewhere, turns to another port or exits.
    pub(crate) fn leave(&mut self) -> HandOff<W> {
        if self.is_closed {
            return None;
        }
        self.running -= 1;
        if self.running < self.limit && !self.packets.is_empty() && !self.waiters.is_empty() {
            self.running += 1;
            return self.waiters.pop().zip(self.pop());
        }
        None
    }

    /// A blocked thread runs again, whatever the limit.
    pub(crate) fn enter(&mut self) {
        if !self.is_closed {
            self.running += 1;
        }
    }

    /// The last handle is gone: the threads to tell, newest first, and the
    /// packets to drop.
    pub(crate) fn close(&mut self) -> (Vec<W>, VecDeque<Packet>) {
        self.is_closed = true;
        self.running = 0;
        let mut waiters = std::mem::take(&mut self.waiters);
        waiters.reverse();
        self.owned.clear();
        let mut packets = std::mem::take(&mut self.packets);
        packets.iter_mut().for_each(|packet| packet.status &= STATUS);
        (waiters, packets)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
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

//! What a port decides, without threads, locks or clocks.
//!
//! Packets leave in the order they came; threads are released newest first;
//! no packet leaves while `limit` threads are running for the port. A thread
//! runs for the port from the moment it last asked for a packet until it asks
//! again, blocks elsewhere, turns to another port or exits.

use super::Packet;
use std::collections::VecDeque;

/// The state of a port. `W` names a waiting thread.
#[derive(Clone, Debug)]
pub(crate) struct Queue<W> {
    packets: VecDeque<Packet>,
    /// The newest is last.
    waiters: Vec<W>,
    running: u32,
    limit: u32,
    is_closed: bool,
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
        let packet = self.packets.pop_front()?;
        self.running += 1;
        Some(packet)
    }

    /// One more packet for a thread that has just been given one. It runs
    /// already, so this takes no further place.
    pub(crate) fn take_another(&mut self) -> Option<Packet> {
        self.packets.pop_front()
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
            return self.waiters.pop().zip(self.packets.pop_front());
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

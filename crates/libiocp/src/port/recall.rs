//! Posting and taking without a look-up, where the calling thread knows the
//! port by name.

use super::seat::{self, Seat};
use super::{Name, NoPacket, Packet, Port};
use crate::status::Status;
use crate::sync::{Arc, Deadline, Idle, Ordering};

impl Port {
    /// Like `try_post`, without a look-up, if the calling thread has posted to
    /// `name` before (see [`Name`]) and the packet is only to be queued; else
    /// false, and nothing has happened. Small, to be part of its caller.
    #[inline]
    pub(crate) fn post_at_once(name: Name, packet: Packet) -> bool {
        let posted = seat::recall_to_post(name, |port| {
            let mut queue = port.queue.lock();
            !port.is_observed.load(Ordering::Relaxed) && queue.post_plainly(packet)
        });
        posted.unwrap_or(false)
    }

    /// Like `try_post`, without a look-up, if the calling thread has posted to
    /// `name` before. Not if the port has closed: to discard calls out.
    pub(crate) fn post_recalled(name: Name, packet: Packet) -> Option<Result<(), Status>> {
        seat::recall_to_post(name, |port| {
            let queue = port.queue.lock();
            (!queue.is_closed()).then(|| port.try_post_locked(queue, packet))
        })?
    }

    /// Like `try_post`; from now on the calling thread recalls the port.
    pub(crate) fn post_remembered(
        self: &Arc<Self>,
        name: Name,
        packet: Packet,
    ) -> Result<(), Status> {
        let result = self.try_post(packet);
        seat::remember_to_post(name, self);
        result
    }

    /// Like `take` of one packet, without a look-up, if the calling thread runs
    /// for the port and has taken from `name` before (see [`Name`]), and there
    /// is a packet; else `None`, and nothing has happened. Small, to be part of
    /// its caller.
    #[inline]
    pub(crate) fn take_at_once(name: Name) -> Option<Packet> {
        seat::recall_to_take_one(name, |port| {
            let mut queue = port.queue.lock();
            if port.is_observed.load(Ordering::Relaxed) { None } else { queue.take_plainly() }
        })
    }

    /// Like `take`, without a look-up, if the calling thread runs for the port
    /// and has taken from `name` before.
    pub(crate) fn take_recalled(
        name: Name,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
        idle: &dyn Idle,
    ) -> Option<Result<usize, NoPacket>> {
        let taken = seat::recall_to_take(name, |port| port.take_now(true, packets))?;
        if let Some(result) = taken.transpose() {
            if result.is_ok_and(seat::has_taken) {
                idle.pass_by();
            }
            return Some(result);
        }
        // The seat was there just now: none is needed in its place.
        Some(Seat::with(&None, |seat| {
            let port = seat.port().ok_or(NoPacket::Abandoned)?;
            seat.while_waiting(|waiter| port.take_later(waiter, packets, deadline, idle))
        }))
    }

    /// Like `take`; from now on the calling thread recalls the port.
    pub(crate) fn take_remembered(
        self: &Arc<Self>,
        name: Name,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
        idle: &dyn Idle,
    ) -> Result<usize, NoPacket> {
        let result = self.take(packets, deadline, idle);
        seat::remember_to_take(name, self);
        result
    }
}

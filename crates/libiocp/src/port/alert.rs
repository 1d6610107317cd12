//! Taking packets in a wait that something else may end.

use super::seat::{Seat, Waiter};
use super::{NoPacket, Packet, Port};
use crate::sync::{Arc, Deadline, Idle};
use crate::wait::{Signal, Subscriber, subscribe};

/// Takes a waiter from its port when the alert comes: as a time-out does.
#[derive(Debug)]
struct Alarm {
    port: Arc<Port>,
    waiter: Arc<Waiter>,
}

impl Alarm {
    /// False if the waiter was handed a packet before, or the port has closed.
    fn withdraw(&self) -> bool {
        self.port.queue.lock().cancel_wait(&self.waiter)
    }
}

impl Subscriber for Alarm {
    fn signaled(&self) {
        if self.withdraw() {
            self.waiter.alert();
        }
    }
}

impl Port {
    /// Like `take`, but `alert` ends the wait. A thread that runs for this port
    /// already gets packets first; for any other the alert comes first, and
    /// then the thread does not turn to this port.
    ///
    /// # Errors
    /// [`NoPacket`], also when the alert is set; it stays set.
    ///
    /// # Panics
    /// If `packets` is empty.
    pub fn take_alertable(
        self: &Arc<Self>,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
        idle: &dyn Idle,
        alert: &Signal,
    ) -> Result<usize, NoPacket> {
        assert!(!packets.is_empty(), "take needs room for a packet");
        let seat_for_once = Seat::default_if_gone();
        let was_running = Seat::with(&seat_for_once, |seat| {
            let comes_first = !seat.belongs_to(self) && alert.is_set();
            (!comes_first).then(|| seat.turn_to(self))
        });
        let Some(was_running) = was_running else { return Err(NoPacket::Alerted) };
        if let Some(count) = self.take_now(was_running, packets)? {
            if super::seat::has_taken(count) {
                idle.pass_by();
            }
            return Ok(count);
        }
        let later = |_: &_| self.take_until_alerted(packets, deadline, idle, alert);
        Seat::with(&seat_for_once, |seat| seat.while_waiting(later))
    }

    fn take_until_alerted(
        self: &Arc<Self>,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
        idle: &dyn Idle,
        alert: &Signal,
    ) -> Result<usize, NoPacket> {
        if alert.is_set() || deadline.is_some_and(Deadline::has_passed) {
            let result = self.take_or_give_up(packets, idle);
            // What was done at the last moment may have set the alert.
            return result.map_err(|reason| match reason {
                NoPacket::TimedOut if alert.is_set() => NoPacket::Alerted,
                reason => reason,
            });
        }
        // Not the thread's own waiter: an alarm that comes late has to find
        // one that waits no more.
        let waiter = Arc::<Waiter>::default();
        if let Some(count) = self.take_or_wait(packets, &waiter)? {
            return Ok(count);
        }
        let alarm = Arc::new(Alarm { port: Arc::clone(self), waiter: Arc::clone(&waiter) });
        match subscribe(alert, Arc::<Alarm>::clone(&alarm)) {
            Some(subscription) => {
                let result = self.wait(&waiter, deadline, idle);
                subscription.cancel(alert);
                result?;
            }
            None => {
                alarm.signaled();
                self.wait(&waiter, None, idle)?;
            }
        }
        packets[0] = waiter.received();
        Ok(1 + self.take_more(&mut packets[1..]))
    }
}

//! Wait completion packets: a port is told when an object is signaled.
//!
//! The packet object holds one *association* at a time. It is a subscription
//! to the target's signal and a token of the port, and the port's lock decides
//! what becomes of the token: the packet is delivered once, or taken back, or
//! dropped with the port, and then the association is over. So the object need
//! not be told when its packet has been dequeued.

use super::ObjectRef;
use crate::handle::{Close, HandleCount};
use crate::port::{Packet, Port, Token};
use crate::status::Status;
use crate::sync::{Arc, Mutex, unique};
use crate::wait::{Signal, Subscriber, Subscription, subscribe};

/// A wait completion packet.
#[doc(alias = "WaitCompletionPacket")]
#[derive(Debug)]
pub struct WaitPacket {
    handles: HandleCount,
    unwaitable: Signal,
    /// The last association, which may be over.
    last: Mutex<Option<Association>>,
}

#[derive(Clone, Debug)]
struct Association {
    /// Never the same for two of them.
    number: u64,
    arrival: Arc<Arrival>,
    target: ObjectRef,
    /// Absent while it is being made.
    subscription: Option<Subscription>,
}

/// What happens when the target is signaled.
#[derive(Debug)]
struct Arrival {
    port: Arc<Port>,
    token: Token,
    packet: Packet,
}

impl Arrival {
    /// Whether the packet is still to be delivered.
    fn is_due(&self) -> bool {
        self.port.is_owned(self.token)
    }
}

impl Subscriber for Arrival {
    fn signaled(&self) {
        self.port.post_owned(self.token, self.packet);
    }
}

impl Association {
    /// Ends the wait for the target; false if the target has satisfied it.
    fn end_wait(&self) -> bool {
        self.subscription.as_ref().is_some_and(|it| it.cancel(self.target.signal()))
    }
}

impl Default for WaitPacket {
    fn default() -> Self {
        Self {
            handles: HandleCount::default(),
            unwaitable: Signal::manual(false),
            last: Mutex::default(),
        }
    }
}

impl WaitPacket {
    /// Queues `packet` to `port` once, when `target` is signaled; it takes its
    /// share of the signal, as any wait does. True if that was so at once.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_3` for a target that can be waited for by threads
    /// only; `INVALID_PARAMETER_1` while the last packet has not been taken.
    #[doc(alias = "NtAssociateWaitCompletionPacket")]
    pub fn associate(
        &self,
        port: &Arc<Port>,
        target: ObjectRef,
        packet: Packet,
    ) -> Result<bool, Status> {
        if !target.may_be_subscribed_to() {
            return Err(Status::INVALID_PARAMETER_3);
        }
        let number = unique();
        let arrival = Arc::new(Arrival { port: Arc::clone(port), token: port.own(), packet });
        let association = Association {
            number,
            arrival: Arc::clone(&arrival),
            target: target.clone(),
            subscription: None,
        };
        if let Err(status) = self.begin(association) {
            port.withdraw(arrival.token);
            return Err(status);
        }
        let subscriber = Arc::<Arrival>::clone(&arrival);
        let Some(subscription) = subscribe(target.signal(), subscriber) else {
            arrival.signaled();
            return Ok(true);
        };
        let is_over = {
            let mut last = self.last.lock();
            match last.as_mut().filter(|it| it.number == number) {
                Some(association) => {
                    association.subscription = Some(subscription.clone());
                    false
                }
                None => true,
            }
        };
        if is_over {
            // Cancelled meanwhile, or signaled, taken and made anew.
            subscription.cancel(target.signal());
        }
        Ok(false)
    }

    /// Puts an association in the place of the last one, if that is over.
    fn begin(&self, association: Association) -> Result<(), Status> {
        loop {
            let seen = self.last.lock().clone();
            if seen.as_ref().is_some_and(|it| it.arrival.is_due()) {
                return Err(Status::INVALID_PARAMETER_1);
            }
            let number = seen.map(|it| it.number);
            let old = {
                let mut last = self.last.lock();
                if last.as_ref().map(|it| it.number) != number {
                    continue;
                }
                last.replace(association)
            };
            if let Some(old) = old {
                // It waits on if its port has closed.
                old.end_wait();
            }
            return Ok(());
        }
    }

    /// Ends the association, also if its packet is in the queue already
    /// (`also_queued`): `SUCCESS`. Otherwise `PENDING` if there is a packet on
    /// its way or in the queue, and `CANCELLED` if there was nothing to end.
    #[doc(alias = "NtCancelWaitCompletionPacket")]
    pub fn cancel(&self, also_queued: bool) -> Status {
        let Some(association) = self.last.lock().clone() else { return Status::CANCELLED };
        let arrival = &association.arrival;
        if association.end_wait() {
            arrival.port.withdraw(arrival.token);
        } else if !also_queued {
            return if arrival.is_due() { Status::PENDING } else { Status::CANCELLED };
        } else if !arrival.port.withdraw(arrival.token) {
            return Status::CANCELLED;
        }
        self.forget(association.number);
        Status::SUCCESS
    }

    fn forget(&self, number: u64) {
        let mut last = self.last.lock();
        let over = last.take_if(|it| it.number == number);
        drop(last);
        drop(over);
    }

    /// Never set. No handle has the right to wait for it.
    pub(super) fn signal(&self) -> &Signal {
        &self.unwaitable
    }
}

impl Close for WaitPacket {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// The association ends with the object, and its packet too.
    fn close(self: &Arc<Self>) {
        self.cancel(true);
    }
}

impl Drop for WaitPacket {
    /// What was associated while the last handle closed.
    fn drop(&mut self) {
        self.cancel(true);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::handle::Handle;

    #[test]
    fn port_230_what_is_associated_while_the_last_handle_closes_ends_with_it() {
        let (port, event) = (Arc::new(Port::new(1)), Arc::new(Event::new(true, false)));
        let handle = Handle::new(WaitPacket::default());
        // As in a call that has looked it up before.
        let packet = handle.reference();
        drop(handle);
        let target = ObjectRef::Event(Arc::clone(&event));
        assert_eq!(packet.associate(&port, target, Packet::default()), Ok(false));
        drop(packet);
        event.signal().set();
        assert_eq!(port.depth(), 0);
        assert_eq!(Arc::strong_count(&event), 1);
    }
}

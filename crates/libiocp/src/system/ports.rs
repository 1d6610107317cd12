//! Posting and taking by a handle's value, without a look-up where the calling
//! thread knows the port.

use super::{Entry, System};
use crate::object::Object;
use crate::port::{Name, NoPacket, Packet, Port};
use crate::status::Status;
use crate::sync::Deadline;
use crate::thread::Thread;

impl System {
    /// Queues a packet at a port. A thread that comes again with the same
    /// handle finds the port without a look-up.
    ///
    /// # Errors
    /// As [`System::port`]; `INSUFFICIENT_RESOURCES`.
    #[inline]
    pub fn post(&self, value: usize, packet: Packet) -> Result<(), Status> {
        let name = self.name(value);
        if Port::post_at_once(name, packet) { Ok(()) } else { self.post_later(name, packet) }
    }

    /// The era is older than the look-up: a handle that has gone since then
    /// has ended it.
    #[inline(never)]
    fn post_later(&self, name: Name, packet: Packet) -> Result<(), Status> {
        match Port::post_recalled(name, packet) {
            Some(result) => result,
            None => self.port(name.value)?.post_remembered(name, packet),
        }
    }

    /// Takes a packet from a port if that is a matter of moments. `None` says
    /// nothing: `take` may find one.
    #[inline]
    pub fn take_at_once(&self, value: usize) -> Option<Packet> {
        Port::take_at_once(self.name(value))
    }

    /// Takes packets from a port, as [`Port::take`] does. A thread that comes
    /// again with the same handle finds the port without a look-up.
    ///
    /// # Errors
    /// As [`System::port`]; within, as [`Port::take`].
    pub fn take(
        &self,
        value: usize,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
    ) -> Result<Result<usize, NoPacket>, Status> {
        let (name, idle) = (self.name(value), &*self.engine);
        match Port::take_recalled(name, packets, deadline, idle) {
            Some(result) => Ok(result),
            // As in `post_later`.
            None => Ok(self.port(value)?.take_remembered(name, packets, deadline, idle)),
        }
    }

    /// In the child of a fork nothing has been looked up in the era.
    #[inline]
    fn name(&self, value: usize) -> Name {
        Name { value, era: self.era.number() }
    }

    /// A handle has been closed or exchanged: threads that know a port by its
    /// value look again.
    pub(super) fn forget(&self, entry: &Entry) {
        if let Object::Port(_) = entry.object {
            self.era.end();
        }
    }

    /// Like [`System::take`], in an alertable wait of the calling thread.
    ///
    /// # Errors
    /// As [`System::port`]; within, as [`Port::take_alertable`].
    pub fn take_alertable(
        &self,
        value: usize,
        packets: &mut [Packet],
        deadline: Option<Deadline>,
    ) -> Result<Result<usize, NoPacket>, Status> {
        let (port, thread) = (self.port(value)?, Thread::current());
        Ok(port.take_alertable(packets, deadline, &*self.engine, thread.alert()))
    }
}

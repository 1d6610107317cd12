//! Look-ups of the kinds that only native calls know.

use super::System;
use crate::object::{Object, Reserve, WaitPacket};
use crate::status::Status;
use crate::sync::Arc;

impl System {
    /// A wait completion packet.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn wait_packet(&self, value: usize) -> Result<Arc<WaitPacket>, Status> {
        self.typed(value, 0, |object| match object {
            Object::WaitPacket(packet) => Some(packet.reference()),
            _ => None,
        })
    }

    /// A reserve object.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn reserve(&self, value: usize) -> Result<Arc<Reserve>, Status> {
        self.typed(value, 0, |object| match object {
            Object::Reserve(reserve) => Some(reserve.reference()),
            _ => None,
        })
    }
}

//! Looking up what is waited for, and little else.

use super::System;
use crate::event::Semaphore;
use crate::object::{Object, access};
use crate::status::Status;
use crate::sync::Arc;
use crate::timer::Timer;

impl System {
    /// A semaphore, with the right to release it.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn semaphore(&self, value: usize) -> Result<Arc<Semaphore>, Status> {
        self.typed(value, access::MODIFY_STATE, |object| match object {
            Object::Semaphore(semaphore) => Some(semaphore.reference()),
            _ => None,
        })
    }

    /// A timer, with the right to set it.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn timer(&self, value: usize) -> Result<Arc<Timer>, Status> {
        self.typed(value, access::MODIFY_STATE, |object| match object {
            Object::Timer(timer) => Some(timer.reference()),
            _ => None,
        })
    }
}

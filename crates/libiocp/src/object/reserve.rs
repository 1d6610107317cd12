//! Reserve objects: room that was set aside for a packet or a call.

use crate::handle::{Close, HandleCount};
use crate::sync::Arc;
use crate::wait::Signal;

/// What a reserve object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Asynchronous procedure calls.
    #[doc(alias = "MemoryReserveUserApc")]
    UserApc,
    /// Packets of a port.
    #[doc(alias = "MemoryReserveIoCompletion")]
    IoCompletion,
}

/// A reserve object.
#[derive(Debug)]
pub struct Reserve {
    handles: HandleCount,
    purpose: Purpose,
    unwaitable: Signal,
}

impl Reserve {
    /// A reserve object for this purpose.
    pub fn new(purpose: Purpose) -> Self {
        let unwaitable = Signal::manual(false);
        Self { handles: HandleCount::default(), purpose, unwaitable }
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Never set. No handle has the right to wait for it.
    pub(super) fn signal(&self) -> &Signal {
        &self.unwaitable
    }
}

impl Close for Reserve {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Nothing depends on it.
    fn close(self: &Arc<Self>) {}
}

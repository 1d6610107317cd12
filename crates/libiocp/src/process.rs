//! This process as an object.

use crate::handle::{Close, HandleCount};
use crate::sync::Arc;
use crate::wait::Signal;

/// What the exit code reads while the process runs.
pub const STILL_ACTIVE: u32 = 259;

/// This process. It is signaled when it has ended, which nobody in it sees.
#[derive(Debug)]
pub struct Process {
    handles: HandleCount,
    signal: Signal,
}

impl Default for Process {
    fn default() -> Self {
        Self { handles: HandleCount::default(), signal: Signal::manual(false) }
    }
}

impl Process {
    /// What a wait waits for: in vain.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}

impl Close for Process {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Closing a handle does not end the process.
    fn close(self: &Arc<Self>) {}
}

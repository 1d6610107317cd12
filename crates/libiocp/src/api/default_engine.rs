//! The engine of what is made without naming one.

use crate::engine::Engine;
use crate::sync::{Arc, OnceLock};
use crate::system::System;

/// Made when it is first needed, as the environment says, and never dropped.
static DEFAULT: OnceLock<Arc<Engine>> = OnceLock::new();

/// The process' own engine.
///
/// # Errors
/// When the process is out of descriptors or memory.
pub(super) fn default_engine() -> std::io::Result<&'static Arc<Engine>> {
    if let Some(engine) = DEFAULT.get() {
        return Ok(engine);
    }
    // Two threads may both make one here; the second goes unused.
    let engine = Arc::clone(System::from_environment()?.engine());
    Ok(DEFAULT.get_or_init(|| engine))
}

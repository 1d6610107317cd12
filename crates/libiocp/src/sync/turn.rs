//! A lock that may be held while blocking.

/// Lets one thread in at a time, for as long as it likes.
#[derive(Debug, Default)]
pub(crate) struct Turn(std::sync::Mutex<()>);

impl Turn {
    /// Waits for the turn, which ends when the result is dropped.
    pub(crate) fn take(&self) -> std::sync::MutexGuard<'_, ()> {
        if let Ok(guard) = self.0.try_lock() {
            return guard;
        }
        super::blocking(|| self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

//! Windows I/O completion ports, natively on Linux.

/// Runs `f`, which may block the calling thread.
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    f()
}

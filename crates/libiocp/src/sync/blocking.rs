//! A thread's word that it is about to block.
//!
//! Whoever counts running threads leaves its watcher with the thread; whoever
//! blocks says so here. Neither knows the other.
// Loom knows no constant thread-locals.
#![allow(clippy::missing_const_for_thread_local)]

use std::cell::Cell;

#[cfg(loom)]
use loom::thread_local;

/// Is told when the calling thread blocks and when it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    /// The thread blocks; false if that is known already.
    pub(crate) leave: fn() -> bool,
    /// The thread that has left goes on.
    pub(crate) enter: fn(),
    /// The thread sleeps for a lock of this library; false if that does not
    /// matter.
    pub(crate) hold: fn() -> bool,
    /// The thread that was held up goes on.
    pub(crate) go_on: fn(),
}

thread_local! {
    static WATCHER: Cell<Option<Watcher>> = Cell::new(None);
}

/// From now on `watcher` is told of the calling thread.
pub(crate) fn watch_this_thread(watcher: Watcher) {
    let _ = WATCHER.try_with(|it| it.set(Some(watcher)));
}

/// Runs `f`, which may block, without counting against the port that the
/// calling thread runs for: another thread is let in meanwhile.
///
/// Call it around what blocks outside this library. The thread counts again
/// when `f` returns or unwinds, also if that exceeds the port's limit for a
/// while.
///
/// # Examples
/// ```
/// let line = libiocp::blocking(|| std::fs::read_to_string("/proc/version"))?;
/// assert!(line.starts_with("Linux"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    struct Left(Option<fn()>);

    impl Drop for Left {
        fn drop(&mut self) {
            if let Some(enter) = self.0 {
                enter();
            }
        }
    }

    let watcher = WATCHER.try_with(Cell::get).ok().flatten();
    let _left = Left(watcher.filter(|watcher| (watcher.leave)()).map(|watcher| watcher.enter));
    f()
}

/// Runs `f`, which may sleep for a lock of this library. Windows' kernel spins
/// there, so the thread does not give up its place.
pub(super) fn held_up<R>(f: impl FnOnce() -> R) -> R {
    let watcher = WATCHER.try_with(Cell::get).ok().flatten();
    let held = watcher.filter(|watcher| (watcher.hold)());
    let result = f();
    if let Some(watcher) = held {
        (watcher.go_on)();
    }
    result
}

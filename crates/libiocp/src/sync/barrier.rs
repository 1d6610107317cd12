//! A memory barrier in every running thread of the process at once.
//!
//! Who rarely needs one can so spare it those who would need one often.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether the kernel lets this process have it. It decides speed only.
static IS_AVAILABLE: AtomicBool = AtomicBool::new(false);

/// Asks the kernel for it; until then, and where it is refused, there is none.
///
/// Cheap while the process has one thread; later the kernel may take some
/// milliseconds.
pub(crate) fn prepare() {
    if !IS_AVAILABLE.load(Relaxed) {
        let is_granted = call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
        IS_AVAILABLE.store(is_granted && everywhere(), Relaxed);
    }
}

/// Whether `everywhere` may be counted on.
pub(super) fn is_available() -> bool {
    cfg!(loom) || IS_AVAILABLE.load(Relaxed)
}

/// Every thread of the process passes a full barrier before this returns.
/// False if the kernel refuses, perhaps since some moment only.
pub(super) fn everywhere() -> bool {
    if cfg!(loom) {
        // In models each of those threads has a barrier of its own there.
        return true;
    }
    let is_done = call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    if !is_done {
        IS_AVAILABLE.store(false, Relaxed);
    }
    is_done
}

fn call(command: libc::c_int) -> bool {
    // Miri does not know it.
    // SAFETY: the call takes three numbers.
    !cfg!(miri) && unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } == 0
}

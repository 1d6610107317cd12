//! Signals that a thread owns: mutexes.
//!
//! Only the thread that has taken such a signal notes itself as its owner, so
//! whether a thread owns one is a question that only it can answer, and for
//! itself it always can.

use super::Signal;
use super::signal::Kind;
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Ordering, Weak, this_thread};
use std::cell::RefCell;

#[cfg(loom)]
use loom::thread_local;

/// How often a thread may take what it owns.
const MAXIMUM_DEPTH: u32 = 0x8000_0000;

/// Who owns a signal.
#[derive(Debug)]
pub(super) struct Ownership {
    this: Weak<Signal>,
    /// The number of the owning thread; zero for none.
    owner: AtomicU64,
    /// How often the owner has taken it.
    depth: AtomicU32,
    /// The last owner has ended without giving it back.
    is_abandoned: AtomicBool,
    /// It was abandoned when its owner took it the last time.
    came_abandoned: AtomicBool,
}

/// A mutex as one thread sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutexState {
    /// 1 if it is free, else one less than that for each time it was taken.
    pub count: i32,
    /// Whether the calling thread owns it.
    pub is_mine: bool,
    /// Whether its last owner has ended without giving it back.
    pub is_abandoned: bool,
}

impl Ownership {
    pub(super) fn is_mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == this_thread()
    }

    /// The calling thread's wait has been satisfied by the signal.
    pub(super) fn settle(&self) {
        if self.is_mine() {
            self.came_abandoned.store(false, Ordering::Relaxed);
            self.depth.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_abandoned = self.is_abandoned.swap(false, Ordering::AcqRel);
        self.came_abandoned.store(was_abandoned, Ordering::Relaxed);
        self.depth.store(1, Ordering::Relaxed);
        self.owner.store(this_thread(), Ordering::Relaxed);
        Owned::note(&self.this);
    }

    fn clear(&self) {
        self.depth.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Relaxed);
    }
}

impl Signal {
    /// A signal that one thread takes and gives back, as often as it has taken
    /// it. With `is_taken` the calling thread owns it already.
    pub fn mutex(is_taken: bool) -> Arc<Self> {
        let signal = Arc::new_cyclic(|this| {
            let ownership = Ownership {
                this: Weak::clone(this),
                owner: AtomicU64::new(0),
                depth: AtomicU32::new(0),
                is_abandoned: AtomicBool::new(false),
                came_abandoned: AtomicBool::new(false),
            };
            Self::new(Kind::Mutex(ownership), u64::from(!is_taken))
        });
        if is_taken {
            signal.settle();
        }
        signal
    }

    /// Gives a mutex back once: its count before, or `None` if the calling
    /// thread does not own it.
    pub fn give_back(&self) -> Option<i32> {
        let Kind::Mutex(ownership) = &self.kind else { return None };
        if !ownership.is_mine() {
            return None;
        }
        let depth = ownership.depth.load(Ordering::Relaxed);
        if depth > 1 {
            ownership.depth.store(depth - 1, Ordering::Relaxed);
        } else {
            ownership.clear();
            Owned::forget(self);
            self.set();
        }
        Some(1_i32.wrapping_sub_unsigned(depth))
    }

    /// Whether the mutex was abandoned when the calling thread, which owns it,
    /// took it the last time.
    pub fn came_abandoned(&self) -> bool {
        match &self.kind {
            Kind::Mutex(ownership) => ownership.came_abandoned.load(Ordering::Relaxed),
            _ => false,
        }
    }

    /// Whether the calling thread owns the mutex and cannot take it once more.
    pub fn is_at_limit(&self) -> bool {
        match &self.kind {
            Kind::Mutex(ownership) => {
                ownership.is_mine() && ownership.depth.load(Ordering::Relaxed) >= MAXIMUM_DEPTH
            }
            _ => false,
        }
    }

    /// A mutex as the calling thread sees it; `None` for other signals.
    pub fn mutex_state(&self) -> Option<MutexState> {
        let Kind::Mutex(ownership) = &self.kind else { return None };
        let depth = ownership.depth.load(Ordering::Relaxed);
        Some(MutexState {
            count: 1_i32.wrapping_sub_unsigned(depth),
            is_mine: ownership.is_mine(),
            is_abandoned: ownership.is_abandoned.load(Ordering::Acquire),
        })
    }
}

thread_local! {
    static OWNED: RefCell<Owned> = RefCell::default();
}

/// What the calling thread owns. That a signal is abandoned concerns only who
/// refers to it: a handle, or a wait.
#[derive(Default)]
struct Owned {
    signals: Vec<Weak<Signal>>,
    /// How many there may be before those that are gone are looked for.
    room: usize,
}

impl Owned {
    fn note(signal: &Weak<Signal>) {
        let _ = OWNED.try_with(|owned| {
            let Owned { signals, room } = &mut *owned.borrow_mut();
            if signals.len() >= *room {
                signals.retain(|signal| signal.strong_count() > 0);
                *room = 2 * signals.len() + 16;
            }
            signals.push(Weak::clone(signal));
        });
    }

    fn forget(signal: &Signal) {
        let _ = OWNED.try_with(|owned| {
            let signals = &mut owned.borrow_mut().signals;
            if let Some(index) = signals.iter().rposition(|it| std::ptr::eq(it.as_ptr(), signal)) {
                signals.swap_remove(index);
            }
        });
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        for signal in self.signals.drain(..).filter_map(|signal| signal.upgrade()) {
            if let Kind::Mutex(ownership) = &signal.kind {
                ownership.is_abandoned.store(true, Ordering::Release);
                ownership.clear();
                signal.set();
            }
        }
    }
}

/// The calling thread exits: what it owns is abandoned.
pub(crate) fn end_of_thread() {
    let _ = OWNED.try_with(|owned| {
        let owned = std::mem::take(&mut *owned.borrow_mut());
        drop(owned);
    });
}

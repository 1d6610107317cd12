//! What an operation borrows from its caller, and whether it is left alone
//! afterwards.
#![allow(unsafe_code)]
// Each test uses a part of it.
#![allow(dead_code)]

use libiocp::engine::{Buffer, Buffers};
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::status::Status;
use std::ptr::NonNull;

const PATTERN: u8 = 0xA5;

/// An OVERLAPPED and a buffer: raw, since the library writes to both.
#[derive(Debug)]
pub(crate) struct Memory {
    overlapped: NonNull<Overlapped>,
    buffer: NonNull<[u8]>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Lent,
    Poisoned,
    Freed,
}

fn leak<T: ?Sized>(memory: Box<T>) -> NonNull<T> {
    NonNull::new(Box::into_raw(memory)).expect("a box is not null")
}

impl Memory {
    pub(crate) fn new(offset: u64, content: &[u8]) -> Self {
        Self {
            overlapped: leak(Box::new(Overlapped::at(offset))),
            buffer: leak(Box::from(content)),
            state: State::Lent,
        }
    }

    pub(crate) fn overlapped(&self) -> OverlappedRef {
        // SAFETY: the driver keeps it until the status is final or the
        // operation was refused.
        unsafe { OverlappedRef::new(self.overlapped) }
    }

    pub(crate) fn buffer(&self) -> Buffer {
        // SAFETY: as above.
        unsafe { Buffer::new(self.buffer.as_ptr().cast(), self.buffer.len()) }
    }

    /// The same memory, in several pieces if the length is odd.
    pub(crate) fn buffers(&self) -> Buffers {
        let (start, length) = (self.buffer.as_ptr().cast::<u8>(), self.buffer.len());
        if length % 2 == 0 {
            return Buffers::One(self.buffer());
        }
        let cuts = [0, length / 3, length / 3, length];
        let piece = |pair: &[usize]| {
            // SAFETY: as above; the pieces do not overlap.
            unsafe { Buffer::new(start.wrapping_add(pair[0]), pair[1] - pair[0]) }
        };
        Buffers::Many(cuts.windows(2).map(piece).collect())
    }

    /// Only while it is lent.
    pub(crate) fn status(&self) -> Status {
        assert_eq!(self.state, State::Lent);
        // SAFETY: not freed.
        unsafe { self.overlapped.as_ref() }.status()
    }

    pub(crate) fn bytes(&self) -> usize {
        assert_eq!(self.state, State::Lent);
        // SAFETY: not freed.
        unsafe { self.overlapped.as_ref() }.bytes()
    }

    /// Only after the operation has finished.
    pub(crate) fn content(&self) -> &[u8] {
        assert_eq!(self.state, State::Lent);
        // SAFETY: not freed, and nobody else writes to it any more.
        unsafe { self.buffer.as_ref() }
    }

    pub(crate) fn is_lent(&self) -> bool {
        self.state == State::Lent
    }

    /// From now on every change is an error.
    pub(crate) fn poison(&mut self) {
        assert_eq!(self.state, State::Lent);
        self.state = State::Poisoned;
        // SAFETY: not freed; both lengths are those of the allocations.
        unsafe {
            self.overlapped.as_ptr().cast::<u8>().write_bytes(PATTERN, size_of::<Overlapped>());
            self.buffer.as_ptr().cast::<u8>().write_bytes(PATTERN, self.buffer.len());
        }
    }

    /// From now on a sanitizer sees every access.
    pub(crate) fn free(&mut self) {
        assert_ne!(self.state, State::Freed);
        self.state = State::Freed;
        // SAFETY: both came from boxes and are freed once.
        unsafe {
            drop(Box::from_raw(self.overlapped.as_ptr()));
            drop(Box::from_raw(self.buffer.as_ptr()));
        }
    }

    /// Fails if poisoned memory has been written to.
    pub(crate) fn check_untouched(&self) {
        if self.state != State::Poisoned {
            return;
        }
        let start = self.overlapped.as_ptr().cast::<u8>();
        // SAFETY: not freed; every byte was written by `poison`.
        let overlapped = unsafe { std::slice::from_raw_parts(start, size_of::<Overlapped>()) };
        assert!(overlapped.iter().all(|&byte| byte == PATTERN), "OVERLAPPED touched: {start:p}");
        // SAFETY: as above.
        let buffer = unsafe { self.buffer.as_ref() };
        assert!(buffer.iter().all(|&byte| byte == PATTERN), "buffer touched: {start:p}");
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // After a failure operations may still be under way.
        if self.state != State::Freed && !std::thread::panicking() {
            self.free();
        }
    }
}

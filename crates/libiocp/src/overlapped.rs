//! The caller's OVERLAPPED, and the only code that touches it.
//!
//! From start to finish it belongs to the library; once the status is stored
//! the caller may free it, so the count goes first and nothing follows.
#![allow(unsafe_code)]

use crate::status::Status;
use crate::sync::Ordering;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize};

/// How an operation ended, laid out as Windows has it: all that a native call
/// is given, and the first half of an OVERLAPPED.
#[doc(alias = "IO_STATUS_BLOCK")]
#[derive(Debug, Default)]
#[repr(C)]
pub struct StatusBlock {
    /// The status: of an OVERLAPPED `PENDING` from start to finish. Polled by
    /// callers.
    internal: AtomicUsize,
    /// The bytes transferred; written at the finish only.
    internal_high: AtomicUsize,
}

/// The caller's 32 bytes, laid out as Windows has them.
#[doc(alias = "OVERLAPPED")]
#[doc(alias = "WSAOVERLAPPED")]
#[derive(Debug, Default)]
#[repr(C)]
pub struct Overlapped {
    block: StatusBlock,
    offset: AtomicU32,
    offset_high: AtomicU32,
    event: AtomicUsize,
}

const _: () = assert!(size_of::<StatusBlock>() == 16 && size_of::<Overlapped>() == 32);

impl StatusBlock {
    /// The status: `PENDING` until the operation has finished.
    pub fn status(&self) -> Status {
        Status(self.internal.load(Ordering::Acquire) as u32)
    }

    /// The bytes transferred, once the operation has finished.
    pub fn bytes(&self) -> usize {
        self.internal_high.load(Ordering::Relaxed)
    }
}

impl Overlapped {
    /// One for an operation at `offset` of a file.
    pub fn at(offset: u64) -> Self {
        let overlapped = Self::default();
        overlapped.offset.store(offset as u32, Ordering::Relaxed);
        overlapped.offset_high.store((offset >> 32) as u32, Ordering::Relaxed);
        overlapped
    }

    /// The status: `PENDING` until the operation has finished.
    pub fn status(&self) -> Status {
        self.block.status()
    }

    /// The bytes transferred, once the operation has finished.
    pub fn bytes(&self) -> usize {
        self.block.bytes()
    }

    /// Where in the file the operation is to take place.
    pub fn offset(&self) -> u64 {
        let high = self.offset_high.load(Ordering::Relaxed);
        u64::from(self.offset.load(Ordering::Relaxed)) | u64::from(high) << 32
    }

    /// The handle of the caller's event, with its tag bits.
    pub fn event(&self) -> usize {
        self.event.load(Ordering::Relaxed)
    }
}

/// A pending operation's right to the caller's OVERLAPPED, or to the status
/// block that a native caller has instead.
#[derive(Clone, Copy, Debug)]
pub struct OverlappedRef {
    pointer: NonNull<StatusBlock>,
    /// What its packet carries.
    context: usize,
    /// Whether it is a status block alone, which is written at the end only.
    is_block: bool,
    /// Takes the OVERLAPPED back if no packet does.
    release: Option<fn(usize)>,
}

// SAFETY: every field behind it is atomic.
unsafe impl Send for OverlappedRef {}
// SAFETY: as above.
unsafe impl Sync for OverlappedRef {}

impl OverlappedRef {
    /// # Safety
    /// The memory is valid until the operation that is started with it is
    /// refused, or its status is no longer `PENDING`, and the caller writes
    /// nothing to it meanwhile.
    pub unsafe fn new(overlapped: NonNull<Overlapped>) -> Self {
        let (pointer, context) = (overlapped.cast(), overlapped.as_ptr() as usize);
        Self { pointer, context, is_block: false, release: None }
    }

    /// For a native call, whose packet carries `context`.
    ///
    /// # Safety
    /// As [`OverlappedRef::new`].
    pub unsafe fn of_block(block: NonNull<StatusBlock>, context: usize) -> Self {
        Self { pointer: block, context, is_block: true, release: None }
    }

    /// For an OVERLAPPED that is handed over with the operation: the packet
    /// hands its address on, and if none is posted `release` gets it.
    ///
    /// # Safety
    /// As [`OverlappedRef::new`]; and unless the operation is refused, the
    /// memory is valid until `release` or the packet's taker frees it.
    pub unsafe fn owned(overlapped: NonNull<Overlapped>, release: fn(usize)) -> Self {
        // SAFETY: by the contract of this function.
        let reference = unsafe { Self::new(overlapped) };
        Self { release: Some(release), ..reference }
    }

    fn get(&self) -> &StatusBlock {
        // SAFETY: valid until the operation has finished, by the contract of
        // `new`; `settle`, the last use, consumes the right.
        unsafe { self.pointer.as_ref() }
    }

    /// The address: the operation's name for `CancelIoEx`.
    pub fn address(&self) -> usize {
        self.pointer.as_ptr() as usize
    }

    /// What stands in its packet: the address of the OVERLAPPED.
    #[doc(alias = "ApcContext")]
    pub fn context(&self) -> usize {
        self.context
    }

    /// The operation starts.
    pub fn mark_pending(&self) {
        if !self.is_block {
            self.get().internal.store(Status::PENDING.0 as usize, Ordering::Relaxed);
        }
    }

    /// The operation has finished. Nothing may follow: the caller may free the
    /// memory as soon as it sees the status.
    pub fn settle(self, status: Status, bytes: usize) {
        let block = self.get();
        block.internal_high.store(bytes, Ordering::Relaxed);
        block.internal.store(status.0 as usize, Ordering::Release);
    }

    /// After the finish, if no packet is posted.
    pub(crate) fn release(self) {
        if let Some(release) = self.release {
            release(self.address());
        }
    }
}

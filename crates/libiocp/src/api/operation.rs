//! Operations that own what they work on.
//!
//! A slot is the OVERLAPPED of one operation with its payload behind it. The
//! claim to the payload is one counted reference: `start` hands it over as the
//! OVERLAPPED's address, the packet carries it on, and it ends where the packet
//! is taken, or where it is certain that nobody will take it.
#![allow(unsafe_code)]

use super::error::{Error, check_not_forked, from_status};
use crate::device::Verb;
use crate::engine::Buffer;
use crate::file::File;
use crate::overlapped::{Overlapped, OverlappedRef};
use crate::port::Packet;
use crate::request::{Answer, Report, Request, Then};
use crate::status::Status;
use crate::sync::Arc;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

type Payload = Box<dyn Any + Send>;

/// One operation's memory. Its address is that of the OVERLAPPED.
#[repr(C)]
struct Slot {
    overlapped: Overlapped,
    /// Touched by the holder of the claim only.
    payload: UnsafeCell<Option<Payload>>,
}

// SAFETY: the payload may go to another thread, and is touched by whoever
// holds the claim only, of which there is one; all else is atomic.
unsafe impl Sync for Slot {}

/// The only right to a slot's payload.
pub(super) struct Claim(Arc<Slot>);

impl Claim {
    pub(super) fn new(offset: u64, payload: Payload) -> Self {
        let overlapped = Overlapped::at(offset);
        Self(Arc::new(Slot { overlapped, payload: UnsafeCell::new(Some(payload)) }))
    }

    fn payload(&mut self) -> &mut Option<Payload> {
        // SAFETY: who holds the claim is alone with the payload, and this
        // borrows the claim.
        unsafe { &mut *self.0.payload.get() }
    }

    /// Takes the payload if it is a `T`.
    fn take<T: 'static>(&mut self) -> Option<T> {
        let payload = self.payload();
        match payload.take()?.downcast::<T>() {
            Ok(value) => Some(*value),
            Err(other) => {
                *payload = Some(other);
                None
            }
        }
    }

    /// Lets the claim travel as a number.
    pub(super) fn into_raw(self) -> *const Overlapped {
        let claim = ManuallyDrop::new(self);
        // SAFETY: read once, out of what will not be dropped.
        let slot = unsafe { std::ptr::read(&raw const claim.0) };
        Arc::into_raw(slot).cast()
    }

    /// # Safety
    /// The address is from `into_raw`, and this is its only way back.
    unsafe fn from_address(address: usize) -> Self {
        // SAFETY: by the contract of this function.
        Self(unsafe { Arc::from_raw(address as *const Slot) })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.payload().take());
    }
}

/// No packet will carry the claim of an operation away. This may be a thread
/// of the engine, whose work a payload that panics must not end.
fn release(address: usize) {
    // SAFETY: requests call this, which `start` gave the claim, once and
    // instead of posting a packet, by the contract of `OverlappedRef::owned`;
    // and ports do, with packets that they will not deliver.
    let claim = unsafe { Claim::from_address(address) };
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(claim)));
    // What was thrown may panic in its turn; that ends here.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(dropped))).map_err(ManuallyDrop::new);
}

/// Nobody will take this packet: what it carries is dropped.
pub(super) fn discard(packet: Packet) {
    if packet.overlapped != 0 {
        release(packet.overlapped);
    }
}

/// Where an operation that fills its payload puts the bytes.
pub(super) fn filled<B: AsMut<[u8]>>(payload: &mut B) -> Buffer {
    let bytes = payload.as_mut();
    // SAFETY: the payload stays where it is, and untouched, from the start of
    // the operation until its claim is handed back: `start` sees to it.
    unsafe { Buffer::new(bytes.as_mut_ptr(), bytes.len()) }
}

/// Where an operation that empties its payload finds the bytes.
pub(super) fn emptied<B: AsRef<[u8]>>(payload: &B) -> Buffer {
    let bytes = payload.as_ref();
    // SAFETY: as in `filled`; the operation only reads.
    unsafe { Buffer::new(bytes.as_ptr().cast_mut(), bytes.len()) }
}

/// Starts an operation with its payload; `verb` may refer to it where it lies.
pub(super) fn start<P: Send + 'static>(
    file: &Arc<File>,
    offset: u64,
    payload: P,
    verb: impl FnOnce(&mut P) -> Verb,
) -> Result<Operation, Refused<P>> {
    if let Err(error) = check_not_forked(file.engine()) {
        return Err(Refused { error, payload });
    }
    let mut claim = Claim::new(offset, Box::new(payload));
    let Some(payload) = claim.payload().as_mut().and_then(|it| it.downcast_mut::<P>()) else {
        unreachable!("the payload was put there as it is");
    };
    let verb = verb(payload);
    let slot = Arc::clone(&claim.0);
    let address = claim.into_raw();
    let Some(pointer) = NonNull::new(address.cast_mut()) else {
        unreachable!("a reference is not null");
    };
    // SAFETY: the claim that has just become this address keeps the memory
    // until `release` or the packet's taker gets it; nothing else writes.
    let overlapped = unsafe { OverlappedRef::owned(pointer, release) };
    let report = Report { overlapped, event: None, then: Then::Packet };
    match Request::start(file, verb, report, |_| {}) {
        Answer::Refused(status) => {
            // SAFETY: a refused request reports nothing: the claim is ours.
            let mut claim = unsafe { Claim::from_address(address as usize) };
            let Some(payload) = claim.take() else { unreachable!("nobody has taken it") };
            Err(Refused { error: from_status(status), payload })
        }
        Answer::Done(..) | Answer::Pending => Ok(Operation { slot, file: Arc::clone(file) }),
    }
}

/// An operation that was started: to ask about it and to cancel it.
///
/// Its outcome, and what it works on, come with its [`Completion`]. Dropping
/// this changes nothing.
#[doc(alias = "OVERLAPPED")]
pub struct Operation {
    slot: Arc<Slot>,
    file: Arc<File>,
}

impl Operation {
    /// Whether it has no outcome yet. Its packet follows shortly after.
    #[doc(alias = "HasOverlappedIoCompleted")]
    pub fn is_pending(&self) -> bool {
        self.slot.overlapped.status() == Status::PENDING
    }

    /// Asks for its end; tells whether it was found pending. It completes in
    /// any case, once: cancelled, or as if nobody had asked.
    #[doc(alias = "CancelIoEx")]
    pub fn cancel(&self) -> bool {
        let is_forked = self.file.engine().is_forked();
        !is_forked && self.file.cancel_all(Some(Arc::as_ptr(&self.slot) as usize))
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("is_pending", &self.is_pending()).finish()
    }
}

/// A packet: an operation that has completed, or a message that was posted.
///
/// It owns what the operation worked on; [`Completion::into_payload`] gives it
/// back.
#[doc(alias = "OVERLAPPED_ENTRY")]
pub struct Completion {
    packet: Packet,
    claim: Option<Claim>,
}

impl Completion {
    /// # Safety
    /// The packet comes from a port of this API, and once.
    pub(super) unsafe fn of(packet: Packet) -> Self {
        let has_claim = packet.overlapped != 0;
        // SAFETY: whatever such a port delivers with an address has a claim.
        let claim = has_claim.then(|| unsafe { Claim::from_address(packet.overlapped) });
        Self { packet, claim }
    }

    /// The key of the file that the operation was started on, or the one that
    /// was posted.
    #[doc(alias = "lpCompletionKey")]
    pub fn key(&self) -> usize {
        self.packet.key
    }

    /// How many bytes were transferred, or the number that was posted. An
    /// operation that failed may have transferred some.
    #[doc(alias = "lpNumberOfBytesTransferred")]
    pub fn bytes(&self) -> usize {
        self.packet.bytes
    }

    /// How the operation ended.
    #[doc(alias = "Internal")]
    pub fn status(&self) -> Status {
        self.packet.status()
    }

    /// The bytes transferred, or why not.
    ///
    /// # Errors
    /// What the operation failed with; [`win32_code`](crate::win32_code) tells
    /// Windows' code. At the end of a disk file: 38, `ERROR_HANDLE_EOF`. The
    /// end of a TCP stream is no error, but 0 bytes.
    #[doc(alias = "GetOverlappedResult")]
    pub fn result(&self) -> io::Result<usize> {
        let status = self.status();
        if status.is_success() { Ok(self.bytes()) } else { Err(Error::Status(status).into()) }
    }

    /// Whether this is the end of `operation`.
    pub fn is_of(&self, operation: &Operation) -> bool {
        self.claim.as_ref().is_some_and(|claim| Arc::ptr_eq(&claim.0, &operation.slot))
    }

    /// Whether the operation worked on a `T`.
    pub fn has_payload<T: Send + 'static>(&mut self) -> bool {
        let payload = self.claim.as_mut().and_then(|claim| claim.payload().as_ref());
        payload.is_some_and(|payload| payload.is::<T>())
    }

    /// What the operation worked on: the buffer of a read, write, receive or
    /// send, the [`TcpStream`](crate::TcpStream) of an accept or a connect, the
    /// value that was posted. It is there whether the operation succeeded or
    /// not.
    ///
    /// # Errors
    /// Gives the completion back if there is nothing, or it is not a `T`.
    ///
    /// # Examples
    /// ```
    /// let port = libiocp::CompletionPort::new(0)?;
    /// port.post_value(1, 0, String::from("stop"))?;
    /// let completion = port.get(None)?;
    /// let completion = completion.into_payload::<Vec<u8>>().unwrap_err();
    /// assert_eq!(completion.into_payload::<String>().unwrap(), "stop");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "CONTAINING_RECORD")]
    pub fn into_payload<T: Send + 'static>(mut self) -> Result<T, Completion> {
        match self.claim.as_mut().and_then(Claim::take) {
            Some(value) => Ok(value),
            None => Err(self),
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("key", &self.key())
            .field("bytes", &self.bytes())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// An operation that was not started: the reason, and what it was to work on.
///
/// No packet follows. `?` turns it into the `std::io::Error`.
pub struct Refused<P> {
    /// Why.
    pub error: io::Error,
    /// What was handed in.
    pub payload: P,
}

impl<P> fmt::Debug for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<P> fmt::Display for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<P> std::error::Error for Refused<P> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<P> From<Refused<P>> for io::Error {
    fn from(refused: Refused<P>) -> Self {
        refused.error
    }
}

//! What an operation means for a kind of file.
//!
//! A device turns a verb into operations of the engine, one after another, and
//! an outcome into a status. It knows no request, no port and no handle.

mod disk;
mod socket;

pub use disk::{Disk, EndOfFile};
pub use socket::{
    AcceptedAddresses, Phase, ReceivedFrom, Socket, SocketState, SocketVerb, WinsockError,
};

use crate::engine::{DiskFile, DiskOp, Engine, Op, Outcome, Stream, Tag};
use crate::status::Status;
use crate::sync::Arc;
use std::os::fd::OwnedFd;

/// Every kind of file.
#[derive(Debug)]
pub enum Device {
    /// A disk file.
    Disk(Arc<Disk>),
    /// A socket.
    Socket(Arc<Socket>),
}

/// What is asked of a device.
#[doc(alias = "IRP_MJ")]
#[derive(Debug)]
pub enum Verb {
    /// An operation on a disk file.
    Disk(DiskOp),
    /// An operation on a socket.
    Socket(SocketVerb),
    /// An operation that was carried out before it is reported: its status
    /// and its byte count.
    Settled(Status, usize),
}

impl Verb {
    /// The socket that an accept would make a connection of, as a number.
    pub(crate) fn acceptor(&self) -> usize {
        match self {
            Verb::Socket(SocketVerb::Accept { acceptor, .. }) => Arc::as_ptr(acceptor) as usize,
            _ => 0,
        }
    }
}

/// What a verb comes to next.
#[derive(Debug)]
pub enum Step<'a> {
    /// It is over.
    Finish(Status, usize),
    /// An outcome that is there already.
    Ready(Outcome),
    /// An operation on a stream; with the flag it waits its turn in any case.
    Stream(Lent<'a, Stream>, Op, bool),
    /// An operation on a disk file.
    Disk(Lent<'a, DiskFile>, DiskOp),
}

/// A reference that need not be counted while its owner lives.
#[derive(Debug)]
pub enum Lent<'a, T> {
    /// The device's own.
    Own(&'a Arc<T>),
    /// Another's.
    Counted(Arc<T>),
}

impl<T> std::ops::Deref for Lent<'_, T> {
    type Target = Arc<T>;

    #[inline]
    fn deref(&self) -> &Arc<T> {
        match self {
            Lent::Own(reference) => reference,
            Lent::Counted(reference) => reference,
        }
    }
}

impl Step<'_> {
    /// The same without the device.
    pub fn into_owned(self) -> Step<'static> {
        match self {
            Step::Finish(status, bytes) => Step::Finish(status, bytes),
            Step::Ready(outcome) => Step::Ready(outcome),
            Step::Stream(stream, op, waits) => {
                Step::Stream(Lent::Counted(Arc::clone(&stream)), op, waits)
            }
            Step::Disk(file, op) => Step::Disk(Lent::Counted(Arc::clone(&file)), op),
        }
    }
}

impl Device {
    /// The first step of a verb. An error status refuses it.
    #[inline]
    pub fn begin(&self, verb: &mut Verb) -> Step<'_> {
        match (self, verb) {
            (Device::Disk(disk), Verb::Disk(op)) => disk.begin(*op),
            (Device::Socket(socket), Verb::Socket(verb)) => socket.begin(verb),
            (_, Verb::Settled(status, bytes)) => Step::Finish(*status, *bytes),
            _ => Step::Finish(Status::INVALID_DEVICE_REQUEST, 0),
        }
    }

    /// What follows an outcome.
    #[inline]
    pub fn advance<'a>(&'a self, engine: &Engine, verb: &Verb, outcome: Outcome) -> Step<'a> {
        match (self, verb) {
            (Device::Disk(disk), Verb::Disk(op)) => disk.advance(*op, &outcome),
            (Device::Socket(socket), Verb::Socket(verb)) => socket.advance(engine, verb, outcome),
            _ => Step::Finish(Status::INVALID_DEVICE_REQUEST, 0),
        }
    }

    /// Asks for the end of the operations that `matches`; tells how many were
    /// found.
    pub fn cancel(&self, engine: &Engine, matches: &dyn Fn(&Tag) -> bool) -> usize {
        match self {
            Device::Disk(disk) => disk.cancel(engine, matches),
            Device::Socket(socket) => socket.cancel(engine, matches),
        }
    }

    /// A copy of the descriptor; `None` if it has closed, or there is none.
    pub fn descriptor(&self) -> Option<OwnedFd> {
        match self {
            Device::Disk(disk) => disk.file().as_fd()?.try_clone_to_owned().ok(),
            Device::Socket(socket) => socket.stream().duplicate(),
        }
    }

    /// The last handle is gone.
    pub fn close(&self, engine: &Engine) {
        match self {
            Device::Disk(disk) => disk.close(engine),
            Device::Socket(socket) => socket.close(engine),
        }
    }
}

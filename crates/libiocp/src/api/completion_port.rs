//! Completion ports as Rust values.
#![allow(unsafe_code)]

use super::default_engine::default_engine;
use super::error::{abandoned, check_not_forked, from_status, timed_out};
use super::operation::{Claim, Completion, Refused, discard};
use super::owned::Owned;
use crate::blocked::BlockDetection;
use crate::engine::Engine;
use crate::port::{NoPacket, Packet, Port};
use crate::sync::{Arc, Deadline};
use std::io;
use std::ops::Deref;
use std::time::Duration;

/// How many packets fit on the stack.
const BATCH: usize = 64;

/// An I/O completion port, kept open.
///
/// This is a handle: a clone is another one, and the port closes when the last
/// is dropped. Then every thread that waits through a [`PortRef`] is told, and
/// what lies in queued packets is dropped. Operations that are still pending
/// go on to their end, which nobody is told of any more.
///
/// What may be done with a port is under [`PortRef`], to which this
/// dereferences.
///
/// # Examples
/// ```
/// use libiocp::{CompletionPort, win32_code};
///
/// let port = CompletionPort::new(2)?;
/// let reference = port.reference();
/// let worker = std::thread::spawn(move || reference.get(None).unwrap_err());
/// drop(port);
/// // ERROR_ABANDONED_WAIT_0
/// assert_eq!(win32_code(&worker.join().unwrap()), Some(735));
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "CreateIoCompletionPort")]
#[doc(alias = "HANDLE")]
#[derive(Clone, Debug)]
pub struct CompletionPort {
    /// Before the reference, whose memory it needs no more.
    _handle: Owned<Port>,
    reference: PortRef,
}

impl CompletionPort {
    /// A port that lets `concurrency` threads run at once; 0 for as many as the
    /// machine has processors.
    ///
    /// It belongs to the process' own engine, which the environment variable
    /// `LIBIOCP_ENGINE` chooses.
    ///
    /// # Errors
    /// When the process is out of descriptors or memory, and in the child of a
    /// fork.
    #[doc(alias = "NumberOfConcurrentThreads")]
    pub fn new(concurrency: u32) -> io::Result<Self> {
        Self::with_engine(default_engine()?, concurrency)
    }

    /// Like [`CompletionPort::new`], for files and sockets of another engine.
    ///
    /// # Errors
    /// In the child of a fork.
    pub fn with_engine(engine: &Arc<Engine>, concurrency: u32) -> io::Result<Self> {
        check_not_forked(engine)?;
        let handle = Owned::new(Port::discarding_to(concurrency, discard), engine);
        let (port, engine) = (Arc::clone(handle.object()), Arc::clone(engine));
        Ok(Self { reference: PortRef { port, engine }, _handle: handle })
    }

    /// A reference, which does not keep the port open.
    pub fn reference(&self) -> PortRef {
        self.reference.clone()
    }
}

impl Deref for CompletionPort {
    type Target = PortRef;
    fn deref(&self) -> &PortRef {
        &self.reference
    }
}

/// A port that somebody else keeps open.
///
/// Threads that wait hold one of these, so that dropping the last
/// [`CompletionPort`] ends their wait.
#[derive(Clone, Debug)]
pub struct PortRef {
    /// Its packets carry claims or no address at all: nobody but this API gets
    /// at it.
    port: Arc<Port>,
    engine: Arc<Engine>,
}

impl PortRef {
    pub(super) fn port(&self) -> &Arc<Port> {
        &self.port
    }

    /// What carries out the operations that report here.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Takes the oldest packet, waiting for one until `timeout` has passed;
    /// for ever without one, and not at all with [`Duration::ZERO`].
    ///
    /// The calling thread runs for this port from now on: it counts against
    /// the port's concurrency until it asks again, blocks inside this crate or
    /// in [`blocking`](crate::blocking), turns to another port or exits.
    ///
    /// An operation that failed is not an error here but of the completion.
    ///
    /// # Errors
    /// Kind `TimedOut`, code 258, when the time is up; kind `BrokenPipe`, code
    /// 735, when the port is closed; code 50 in the child of a fork.
    #[doc(alias = "GetQueuedCompletionStatus")]
    pub fn get(&self, timeout: Option<Duration>) -> io::Result<Completion> {
        let mut packet = [Packet::default()];
        self.take(&mut packet, timeout)?;
        let [packet] = packet;
        // SAFETY: `take` has put one packet there.
        Ok(unsafe { Completion::of(packet) })
    }

    /// Waits as [`PortRef::get`] does, and appends what there is then, at most
    /// `limit` packets; tells how many. With a `limit` of 0 there are none.
    ///
    /// # Errors
    /// As [`PortRef::get`]; `completions` is untouched then.
    #[doc(alias = "GetQueuedCompletionStatusEx")]
    pub fn get_many(
        &self,
        completions: &mut Vec<Completion>,
        limit: usize,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        if limit == 0 {
            return Ok(0);
        }
        let mut packets = [Packet::default(); BATCH];
        let limit = limit.min(BATCH);
        completions.reserve(limit);
        let count = self.take(&mut packets[..limit], timeout)?;
        // SAFETY: `take` has put `count` packets there, and each is used once.
        completions
            .extend(packets[..count].iter().map(|packet| unsafe { Completion::of(*packet) }));
        Ok(count)
    }

    fn take(&self, packets: &mut [Packet], timeout: Option<Duration>) -> io::Result<usize> {
        check_not_forked(&self.engine)?;
        let deadline = timeout.map(Deadline::after);
        self.port.take(packets, deadline, &*self.engine).map_err(|none| match none {
            // Nothing alerts a wait that is not alertable.
            NoPacket::TimedOut | NoPacket::Alerted => timed_out(),
            NoPacket::Abandoned => abandoned(),
        })
    }

    /// Queues a packet with a key and a number of bytes, which mean what the
    /// program likes. If the port has closed it is dropped.
    ///
    /// # Errors
    /// Out of memory; code 50 in the child of a fork.
    ///
    /// # Examples
    /// ```
    /// let port = libiocp::CompletionPort::new(0)?;
    /// port.post(7, 42)?;
    /// let completion = port.get(None)?;
    /// assert_eq!((completion.key(), completion.bytes()), (7, 42));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "PostQueuedCompletionStatus")]
    pub fn post(&self, key: usize, bytes: usize) -> io::Result<()> {
        check_not_forked(&self.engine)?;
        self.port.try_post(Packet::new(key, 0, bytes)).map_err(from_status)
    }

    /// Like [`PortRef::post`], with a value for whoever takes the packet: what
    /// a Win32 program passes as `lpOverlapped`.
    ///
    /// # Errors
    /// As [`PortRef::post`], and the value is given back.
    pub fn post_value<T: Send + 'static>(
        &self,
        key: usize,
        bytes: usize,
        value: T,
    ) -> Result<(), Refused<T>> {
        if let Err(error) = check_not_forked(&self.engine) {
            return Err(Refused { error, payload: value });
        }
        let claim = Claim::new(0, Box::new(value)).into_raw();
        let posted = self.port.try_post(Packet::new(key, claim as usize, bytes));
        posted.map_err(|status| {
            // SAFETY: a packet that was not posted has not been taken.
            let completion = unsafe { Completion::of(Packet::new(key, claim as usize, bytes)) };
            let Ok(payload) = completion.into_payload() else {
                unreachable!("the value is as it was put there")
            };
            Refused { error: from_status(status), payload }
        })
    }

    /// How many threads may run at once.
    pub fn concurrency(&self) -> u32 {
        self.port.limit()
    }

    /// Chooses how the port learns that a thread that runs for it blocks
    /// outside this crate, and so lets another in. Without a choice, the
    /// environment variable `LIBIOCP_BLOCKED` decides.
    ///
    /// # Errors
    /// Code 50 if that is not to be had here.
    ///
    /// # Examples
    /// ```
    /// use libiocp::{BlockDetection, CompletionPort};
    ///
    /// let port = CompletionPort::new(1)?;
    /// // Every thread that blocks here says so, in `libiocp::blocking`.
    /// port.set_block_detection(BlockDetection::Off)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_block_detection(&self, detection: BlockDetection) -> io::Result<()> {
        self.port.set_block_detection(detection).map_err(from_status)
    }

    /// How many threads wait for a packet now.
    pub fn waiting(&self) -> usize {
        self.port.waiting()
    }

    /// How many threads run for the port now.
    pub fn running(&self) -> u32 {
        self.port.running()
    }

    /// How many packets wait in the queue; those already handed to a thread
    /// are not counted.
    pub fn depth(&self) -> usize {
        self.port.depth()
    }
}

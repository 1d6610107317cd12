//! Sockets: what a verb means in each state of an endpoint.
//!
//! A socket is not its descriptor: accepting into it, or reusing it, puts
//! another descriptor below the same object. Errors are read in the light of
//! the state, never by their number alone.
#![allow(unsafe_code)]

mod background;
mod calls;
mod put_back;
mod state;

pub use calls::WinsockError;
pub use state::{Phase, SocketState};

use super::{Lent, Step};
use crate::engine::{Address, Buffers, Direction, Engine, Op, Outcome, Stream, Tag};
use crate::status::Status;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};
use state::Flags;
use std::collections::VecDeque;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

/// What is asked of a socket. A request is moved with its verb in it: what is
/// large and rare is boxed.
pub enum SocketVerb {
    /// Receive into buffers.
    Receive {
        /// Where to, until the receive has begun.
        buffers: Option<Buffers>,
        /// Linux `MSG_*` flags.
        flags: i32,
        /// Complete only when the buffers are full.
        wants_all: bool,
        /// The buffers' length together.
        capacity: usize,
        /// Is told where a datagram came from.
        from: Option<Box<dyn ReceivedFrom>>,
    },
    /// Send everything.
    Send {
        /// What, until the send has begun.
        buffers: Option<Buffers>,
        /// Linux `MSG_*` flags.
        flags: i32,
        /// Where to, for a datagram.
        to: Option<Box<Address>>,
    },
    /// Accept a connection into another socket and perhaps receive its first
    /// data.
    Accept {
        /// Becomes the connection.
        acceptor: Arc<Socket>,
        /// Where the first data goes; `None` if it is not waited for.
        buffer: Mutex<Option<Buffers>>,
        /// Is told the addresses, before the request finishes.
        addresses: Box<dyn AcceptedAddresses>,
        /// Whether the connection has been made, and data is waited for.
        is_connected: AtomicBool,
    },
    /// Connect, and perhaps send the first data, which the verb owns.
    Connect {
        /// Where to.
        address: Box<Address>,
        /// What to send then.
        data: Box<[u8]>,
        /// Whether the connection has been made, and data is being sent.
        is_connected: AtomicBool,
    },
    /// Say that nothing more will be sent, and perhaps make the socket new.
    Disconnect {
        /// Whether the socket is to be used again.
        reuses: bool,
    },
}

/// Is told where a datagram came from.
pub trait ReceivedFrom: Send + Sync {
    /// Called before the request finishes.
    fn received_from(&self, address: &Address);
}

/// Is told the two ends of an accepted connection.
pub trait AcceptedAddresses: Send + Sync {
    /// Called before the request finishes. An error refuses the result, not
    /// the connection.
    fn accepted(&self, local: &Address, peer: &Address) -> Result<(), Status>;
}

impl std::fmt::Debug for SocketVerb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SocketVerb::Receive { .. } => "Receive",
            SocketVerb::Send { .. } => "Send",
            SocketVerb::Accept { .. } => "Accept",
            SocketVerb::Connect { .. } => "Connect",
            SocketVerb::Disconnect { .. } => "Disconnect",
        })
    }
}

impl SocketVerb {
    /// A receive of whatever is there.
    pub fn receive(buffers: Buffers) -> Self {
        SocketVerb::Receive {
            capacity: buffers.len(),
            buffers: Some(buffers),
            flags: 0,
            wants_all: false,
            from: None,
        }
    }

    /// A receive with Linux `MSG_*` flags, which completes when the buffers
    /// are full if it `wants_all`, and tells `from` where a datagram came from.
    pub fn receive_with(
        buffers: Buffers,
        flags: i32,
        wants_all: bool,
        from: Option<Box<dyn ReceivedFrom>>,
    ) -> Self {
        let capacity = buffers.len();
        let buffers = Some(buffers);
        SocketVerb::Receive { buffers, flags, wants_all, capacity, from }
    }

    /// A send of everything, with Linux `MSG_*` flags, perhaps to an address.
    pub fn send(buffers: Buffers, flags: i32, to: Option<Address>) -> Self {
        SocketVerb::Send { buffers: Some(buffers), flags, to: to.map(Box::new) }
    }

    /// An accept into `acceptor`; with `buffer` it waits for the first data.
    pub fn accept(
        acceptor: Arc<Socket>,
        buffer: Option<Buffers>,
        addresses: Box<dyn AcceptedAddresses>,
    ) -> Self {
        let is_connected = AtomicBool::new(false);
        SocketVerb::Accept { acceptor, buffer: Mutex::new(buffer), addresses, is_connected }
    }

    /// A connect; `data` is sent when it has succeeded.
    pub fn connect(address: Address, data: Box<[u8]>) -> Self {
        SocketVerb::Connect {
            address: Box::new(address),
            data,
            is_connected: AtomicBool::new(false),
        }
    }
}

/// An endpoint.
#[derive(Debug)]
pub struct Socket {
    stream: Arc<Stream>,
    state: SocketState,
    /// Acceptors whose AcceptEx on this listener waits for data.
    waiting_for_data: Mutex<Vec<Arc<Socket>>>,
    /// The stream of the listener whose AcceptEx this socket is used by.
    accepting_for: Mutex<Option<Arc<Stream>>>,
    /// Connections that were taken and are to be taken again.
    put_back: Mutex<VecDeque<OwnedFd>>,
}

impl Socket {
    /// The descriptor and its queues.
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// What Windows knows of the endpoint.
    pub fn state(&self) -> &SocketState {
        &self.state
    }

    /// The first step of a verb.
    #[inline]
    pub(super) fn begin(&self, verb: &mut SocketVerb) -> Step<'_> {
        let refused = self.check(verb);
        if refused.is_error() {
            return Step::Finish(refused, 0);
        }
        let stream = Lent::Own(&self.stream);
        match verb {
            SocketVerb::Receive { buffers, flags, wants_all, .. } => {
                let Some(buffers) = buffers.take() else {
                    return Step::Finish(Status::INVALID_PARAMETER, 0);
                };
                Step::Stream(stream, self.receive_op(buffers, *flags, *wants_all), false)
            }
            SocketVerb::Send { buffers, flags, to } => {
                let Some(buffers) = buffers.take() else {
                    return Step::Finish(Status::INVALID_PARAMETER, 0);
                };
                let to = to.take().filter(|_| !self.state.is_stream());
                if to.is_some() {
                    self.state.set(Flags::BOUND);
                }
                Step::Stream(stream, Op::Send { buffers, flags: *flags, to, sent: 0 }, false)
            }
            _ => self.begin_connection(verb),
        }
    }

    /// The first step of a verb about the connection itself.
    #[cold]
    fn begin_connection(&self, verb: &SocketVerb) -> Step<'_> {
        let stream = Lent::Own(&self.stream);
        match verb {
            SocketVerb::Accept { acceptor, .. } => {
                if let Some(fd) = self.take_put_back() {
                    return Step::Ready(Outcome::of(i64::from(fd.into_raw_fd())));
                }
                *acceptor.accepting_for.lock() = Some(Arc::clone(&self.stream));
                Step::Stream(stream, Op::Accept, false)
            }
            SocketVerb::Connect { address, .. } => {
                Step::Stream(stream, Op::Connect(address.clone()), false)
            }
            SocketVerb::Disconnect { .. } => {
                self.state.set(Flags::SHUT_OUT);
                Step::Stream(stream, Op::Finish, true)
            }
            SocketVerb::Receive { .. } | SocketVerb::Send { .. } => {
                Step::Finish(Status::INVALID_DEVICE_REQUEST, 0)
            }
        }
    }

    #[inline]
    fn receive_op(&self, buffers: Buffers, flags: i32, wants_all: bool) -> Op {
        if buffers.is_empty() && self.state.is_stream() {
            return Op::Readable;
        }
        let wants_source = !self.state.is_stream();
        Op::Receive { buffers, flags, wants_all, wants_source, received: 0 }
    }

    /// Whether the state allows a verb; what it changes is changed here.
    #[inline]
    fn check(&self, verb: &SocketVerb) -> Status {
        let state = &self.state;
        match verb {
            SocketVerb::Receive { .. } => state.may_receive(),
            SocketVerb::Send { to, .. } => state.may_send(to.is_some()),
            SocketVerb::Accept { acceptor, .. } => {
                if !state.has(Flags::LISTENING) || !acceptor.state.begin_accept() {
                    return Status::INVALID_PARAMETER;
                }
                Status::SUCCESS
            }
            SocketVerb::Connect { .. } => state.begin_connect(),
            SocketVerb::Disconnect { .. } if !state.has(Flags::CONNECTED) => {
                Status::INVALID_CONNECTION
            }
            SocketVerb::Disconnect { .. } => Status::SUCCESS,
        }
    }

    /// What follows an outcome.
    #[inline]
    pub(super) fn advance<'a>(
        &'a self,
        engine: &Engine,
        verb: &SocketVerb,
        outcome: Outcome,
    ) -> Step<'a> {
        match verb {
            SocketVerb::Receive { capacity, from, .. } => {
                let (status, bytes) = self.received(&outcome, *capacity);
                if let (Some(from), Some(source)) = (from, &outcome.source) {
                    from.received_from(source);
                }
                Step::Finish(status, bytes)
            }
            SocketVerb::Send { .. } => self.sent(&outcome),
            _ => self.advance_connection(engine, verb, &outcome),
        }
    }

    /// What follows an outcome that is about the connection itself.
    #[cold]
    fn advance_connection<'a>(
        &'a self,
        engine: &Engine,
        verb: &SocketVerb,
        outcome: &Outcome,
    ) -> Step<'a> {
        match verb {
            SocketVerb::Accept { acceptor, buffer, addresses, is_connected } => {
                if is_connected.load(Ordering::Relaxed) {
                    return self.first_data(engine, acceptor, &**addresses, outcome);
                }
                let step = self.accepted(engine, acceptor, buffer, &**addresses, outcome);
                is_connected.store(matches!(step, Step::Stream(..)), Ordering::Relaxed);
                step
            }
            SocketVerb::Connect { data, is_connected, .. } => {
                if is_connected.swap(true, Ordering::Relaxed) {
                    return self.sent(outcome);
                }
                self.connected(data, outcome)
            }
            SocketVerb::Disconnect { reuses } => self.disconnected(engine, *reuses, outcome),
            SocketVerb::Receive { .. } | SocketVerb::Send { .. } => {
                Step::Finish(Status::INVALID_DEVICE_REQUEST, 0)
            }
        }
    }

    fn sent(&self, outcome: &Outcome) -> Step<'static> {
        match outcome.errno() {
            Some(errno) => Step::Finish(self.status(errno), 0),
            None => Step::Finish(Status::SUCCESS, outcome.result as usize),
        }
    }

    /// The status and the byte count of a receive.
    #[inline]
    fn received(&self, outcome: &Outcome, capacity: usize) -> (Status, usize) {
        if let Some(errno) = outcome.errno() {
            return (self.status(errno), 0);
        }
        if !self.state.is_stream() && outcome.flags & libc::MSG_TRUNC != 0 {
            return (Status::BUFFER_OVERFLOW, capacity);
        }
        if outcome.result == 0 && capacity > 0 && self.state.is_stream() {
            if self.state.has(Flags::ENDED) && self.was_refused() {
                self.stream.fail(libc::EPIPE);
                return (Status::CONNECTION_ABORTED, 0);
            }
            self.state.set(Flags::ENDED);
        }
        (Status::SUCCESS, outcome.result as usize)
    }

    /// A connection has arrived, or not.
    fn accepted(
        &self,
        engine: &Engine,
        acceptor: &Arc<Socket>,
        buffer: &Mutex<Option<Buffers>>,
        addresses: &dyn AcceptedAddresses,
        outcome: &Outcome,
    ) -> Step<'static> {
        if let Some(errno) = outcome.errno() {
            acceptor.end_accept();
            return Step::Finish(self.status(errno), 0);
        }
        // SAFETY: the engine has just accepted this descriptor for us alone.
        let fd = unsafe { OwnedFd::from_raw_fd(outcome.result as i32) };
        if acceptor.become_connection(engine, fd).is_err() {
            acceptor.end_accept();
            return Step::Finish(Status::CANCELLED, 0);
        }
        let first = buffer.lock().take();
        if let Some(buffers) = first {
            self.waiting_for_data.lock().push(Arc::clone(acceptor));
            let stream = Lent::Counted(Arc::clone(&acceptor.stream));
            return Step::Stream(stream, Op::receive(buffers), false);
        }
        let status = acceptor.tell_addresses(addresses);
        if status.is_error() {
            self.put_back(acceptor);
            acceptor.renew(engine);
        }
        acceptor.end_accept();
        Step::Finish(status, 0)
    }

    /// The first data of an accepted connection has arrived, or not.
    fn first_data(
        &self,
        engine: &Engine,
        acceptor: &Arc<Socket>,
        addresses: &dyn AcceptedAddresses,
        outcome: &Outcome,
    ) -> Step<'static> {
        self.waiting_for_data.lock().retain(|other| !Arc::ptr_eq(other, acceptor));
        let status = match outcome.errno() {
            None => acceptor.tell_addresses(addresses),
            Some(libc::ECANCELED) => {
                // The acceptor can be used again; the client is sent away.
                acceptor.renew(engine);
                Status::CANCELLED
            }
            Some(errno) => self.status(errno),
        };
        acceptor.end_accept();
        let bytes = if status.is_error() { 0 } else { outcome.result as usize };
        Step::Finish(status, bytes)
    }

    fn end_accept(&self) {
        self.state.clear(Flags::IN_ACCEPT);
        *self.accepting_for.lock() = None;
    }

    fn tell_addresses(&self, addresses: &dyn AcceptedAddresses) -> Status {
        let local = self.local_address().unwrap_or_default();
        let peer = self.peer_address().unwrap_or_default();
        addresses.accepted(&local, &peer).err().unwrap_or(Status::SUCCESS)
    }

    /// The connection has been made, or not.
    fn connected(&self, data: &[u8], outcome: &Outcome) -> Step<'_> {
        if let Some(errno) = outcome.errno() {
            let status = self.status(errno);
            self.connect_failed(errno);
            return Step::Finish(status, 0);
        }
        self.connect_succeeded();
        if data.is_empty() {
            return Step::Finish(Status::SUCCESS, 0);
        }
        let start = data.as_ptr().cast_mut();
        // SAFETY: the verb owns the data and lives until the request has
        // finished; a send only reads it.
        let buffer = unsafe { crate::engine::Buffer::new(start, data.len()) };
        Step::Stream(Lent::Own(&self.stream), Op::send(Buffers::One(buffer)), false)
    }

    fn disconnected(&self, engine: &Engine, reuses: bool, outcome: &Outcome) -> Step<'_> {
        match outcome.errno() {
            Some(errno) if errno != libc::ENOTCONN => Step::Finish(self.status(errno), 0),
            _ => {
                if reuses {
                    self.renew(engine);
                }
                Step::Finish(Status::SUCCESS, 0)
            }
        }
    }

    /// What an errno means in this state.
    #[cold]
    pub(super) fn status(&self, errno: i32) -> Status {
        let state = &self.state;
        match errno {
            libc::ECANCELED | libc::EBADF => {
                let was_connected = state.is_stream() && state.has(Flags::CONNECTED);
                if state.has(Flags::CLOSED) && was_connected {
                    Status::CONNECTION_ABORTED
                } else {
                    Status::CANCELLED
                }
            }
            libc::EPIPE if state.has(Flags::SHUT_OUT) => Status::PIPE_DISCONNECTED,
            libc::EPIPE | libc::ECONNRESET if state.has(Flags::ENDED) => Status::CONNECTION_ABORTED,
            libc::EPIPE if state.has(Flags::CONNECTED) => Status::CONNECTION_RESET,
            libc::EPIPE => Status::INVALID_CONNECTION,
            libc::ECONNREFUSED if !state.is_stream() => Status::PORT_UNREACHABLE,
            errno => Status::from_errno_socket(errno),
        }
    }

    /// Cancels operations, also those that wait on an acceptor for this
    /// listener; tells how many.
    pub(super) fn cancel(&self, engine: &Engine, matches: &dyn Fn(&Tag) -> bool) -> usize {
        let acceptors = self.waiting_for_data.lock().clone();
        let waiting: usize =
            acceptors.iter().map(|acceptor| engine.cancel(&acceptor.stream, matches)).sum();
        waiting + engine.cancel(&self.stream, matches)
    }

    /// The last handle is gone.
    pub(super) fn close(self: &Arc<Self>, engine: &Engine) {
        self.state.set(Flags::CLOSED);
        let listener = self.accepting_for.lock().take();
        if let Some(listener) = listener {
            // Nobody else can be told by the tag, so every AcceptEx of the
            // listener is looked at; only ours has this socket.
            let this = Arc::as_ptr(self) as usize;
            engine.cancel(&listener, &|tag| tag.acceptor == this);
        }
        let acceptors = std::mem::take(&mut *self.waiting_for_data.lock());
        for acceptor in acceptors {
            engine.cancel(&acceptor.stream, &|tag| tag.acceptor != 0);
        }
        self.drop_put_back();
        self.see_off(engine);
        engine.close(&self.stream);
    }

    /// Operations that wait in a direction.
    pub fn pending(&self, direction: Direction) -> usize {
        self.stream.pending(direction)
    }
}

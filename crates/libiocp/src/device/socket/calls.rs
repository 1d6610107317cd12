//! Calls on a socket that are answered at once or waited for.

use super::state::Flags;
use super::{Socket, SocketState};
use crate::engine::{Address, Buffers, Engine, Op, Outcome, errno};
use crate::status::Status;
use crate::sync::{Arc, Deadline, Mutex};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// A Winsock error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinsockError(pub u32);

impl WinsockError {
    /// `WSAEINTR`: the socket was closed under a call that waited.
    pub const INTERRUPTED: Self = Self(10004);
    /// `WSAEINVAL`.
    pub const INVALID: Self = Self(10022);
    /// `WSAEWOULDBLOCK`.
    pub const WOULD_BLOCK: Self = Self(10035);
    /// `WSAEALREADY`.
    pub const ALREADY: Self = Self(10037);
    /// `WSAENOTSOCK`.
    pub const NOT_SOCKET: Self = Self(10038);
    /// `WSAEOPNOTSUPP`.
    pub const NOT_SUPPORTED: Self = Self(10045);
    /// `WSAEISCONN`.
    pub const IS_CONNECTED: Self = Self(10056);
    /// `WSAENOTCONN`.
    pub const NOT_CONNECTED: Self = Self(10057);
    /// `WSAETIMEDOUT`.
    pub const TIMED_OUT: Self = Self(10060);
}

impl From<Status> for WinsockError {
    fn from(status: Status) -> Self {
        Self(status.wsa())
    }
}

/// What a receive brought.
#[derive(Debug, Default)]
pub struct Received {
    /// How many bytes.
    pub bytes: usize,
    /// Where a datagram came from.
    pub source: Option<Address>,
    /// Whether the rest of the datagram is lost.
    pub is_truncated: bool,
}

fn errno_error(errno: i32) -> WinsockError {
    WinsockError(match errno {
        libc::EADDRINUSE => 10048,
        libc::EADDRNOTAVAIL => 10049,
        libc::EACCES | libc::EPERM => 10013,
        libc::EINVAL => 10022,
        libc::EAFNOSUPPORT => 10047,
        libc::EPROTONOSUPPORT => 10043,
        libc::ESOCKTNOSUPPORT => 10044,
        libc::EMFILE | libc::ENFILE => 10024,
        libc::ENOBUFS | libc::ENOMEM => 10055,
        libc::ENOTCONN => 10057,
        libc::EISCONN => 10056,
        libc::ENOPROTOOPT => 10042,
        libc::EOPNOTSUPP => 10045,
        libc::EBADF | libc::ENOTSOCK => 10038,
        libc::EAGAIN => 10035,
        errno => Status::from_errno_socket(errno).wsa(),
    })
}

fn check(result: i32) -> Result<(), WinsockError> {
    if result < 0 { Err(errno_error(errno())) } else { Ok(()) }
}

fn set_number(fd: RawFd, level: i32, name: i32, value: i32) {
    let length = size_of::<i32>() as u32;
    // SAFETY: the value is readable for its length.
    unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), length) };
}

fn open(family: i32, kind: i32, protocol: i32) -> Result<OwnedFd, WinsockError> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no memory is involved.
    let fd = unsafe { libc::socket(family, kind | flags, protocol) };
    check(fd)?;
    if family == libc::AF_INET6 {
        set_number(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1);
    }
    if kind == libc::SOCK_STREAM && family != libc::AF_UNIX {
        // On Windows connections in TIME_WAIT never keep an address.
        set_number(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
    }
    // SAFETY: the kernel has just handed out this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

impl Socket {
    /// A new endpoint; the numbers are Linux'.
    ///
    /// # Errors
    /// What `socket` on Windows reports.
    pub fn open(
        engine: &Engine,
        family: i32,
        kind: i32,
        protocol: i32,
    ) -> Result<Self, WinsockError> {
        let fd = open(family, kind, protocol)?;
        Ok(Self::over(engine, fd, SocketState::new(family, kind, protocol)))
    }

    fn over(engine: &Engine, fd: OwnedFd, state: SocketState) -> Self {
        Self {
            stream: match (state.kind, state.family) {
                (libc::SOCK_STREAM, libc::AF_INET | libc::AF_INET6) => engine.tcp_stream(fd),
                (kind, _) => engine.stream(fd, kind == libc::SOCK_STREAM),
            },
            state,
            waiting_for_data: Mutex::default(),
            accepting_for: Mutex::default(),
            put_back: Mutex::default(),
        }
    }

    /// One end of a connected pair that some engine made.
    pub fn connected_over(stream: Arc<crate::engine::Stream>) -> Self {
        let state = SocketState::new(libc::AF_UNIX, libc::SOCK_STREAM, 0);
        state.connect();
        let (waiting_for_data, accepting_for, put_back) = Default::default();
        Self { stream, state, waiting_for_data, accepting_for, put_back }
    }

    /// Lends the descriptor for a call that does not wait.
    pub fn with_fd<R>(&self, f: impl FnOnce(RawFd) -> R) -> Result<R, WinsockError> {
        self.stream.with_fd(f).ok_or(WinsockError::NOT_SOCKET)
    }

    fn call(&self, call: impl FnOnce(RawFd) -> i32) -> Result<(), WinsockError> {
        self.with_fd(|fd| check(call(fd)))?
    }

    /// Binds to an address.
    ///
    /// # Errors
    /// `INVALID` if it is bound already, and what the kernel says.
    pub fn bind(&self, address: &Address) -> Result<(), WinsockError> {
        if self.state.has(Flags::BOUND) {
            return Err(WinsockError::INVALID);
        }
        // SAFETY: the address is valid for its length.
        self.call(|fd| unsafe { libc::bind(fd, address.as_ptr(), address.length()) })?;
        self.state.set(Flags::BOUND);
        if let Ok(local) = self.local_address() {
            self.state.set_local(local);
        }
        Ok(())
    }

    /// Takes connections from now on.
    ///
    /// # Errors
    /// As `listen` on Windows.
    pub fn listen(&self, backlog: i32) -> Result<(), WinsockError> {
        if !self.state.is_stream() {
            return Err(WinsockError::NOT_SUPPORTED);
        }
        if self.state.has(Flags::CONNECTED) {
            return Err(WinsockError::IS_CONNECTED);
        }
        if !self.state.has(Flags::BOUND) || self.state.has(Flags::CONNECTING) {
            return Err(WinsockError::INVALID);
        }
        // SAFETY: no memory is involved.
        self.call(|fd| unsafe { libc::listen(fd, backlog) })?;
        self.state.set(Flags::LISTENING);
        Ok(())
    }

    /// The address of this end.
    ///
    /// # Errors
    /// `INVALID` if it has none.
    pub fn local_address(&self) -> Result<Address, WinsockError> {
        if !self.state.has(Flags::BOUND) {
            return Err(WinsockError::INVALID);
        }
        // SAFETY: `filled_by` gives room for an address and its length.
        let get =
            |fd| Address::filled_by(|name, length| unsafe { libc::getsockname(fd, name, length) });
        self.with_fd(get)?.map_err(errno_error)
    }

    /// The address of the other end, also when it has gone.
    ///
    /// # Errors
    /// `NOT_CONNECTED`.
    pub fn peer_address(&self) -> Result<Address, WinsockError> {
        if !self.state.has(Flags::CONNECTED) {
            return Err(WinsockError::NOT_CONNECTED);
        }
        if let Some(peer) = self.state.peer() {
            return Ok(peer);
        }
        // SAFETY: as in `local_address`.
        let get =
            |fd| Address::filled_by(|name, length| unsafe { libc::getpeername(fd, name, length) });
        let peer = self.with_fd(get)?.map_err(errno_error)?;
        self.state.set_peer(peer);
        Ok(peer)
    }

    /// Forgets the peer of a datagram socket.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn dissolve(&self) -> Result<(), WinsockError> {
        let nobody = Address::from_bytes(&(libc::AF_UNSPEC as u16).to_ne_bytes().repeat(8));
        // SAFETY: the address is valid for its length.
        self.call(|fd| unsafe { libc::connect(fd, nobody.as_ptr(), nobody.length()) })?;
        self.state.clear(Flags::CONNECTED);
        Ok(())
    }

    /// Whether the peer, which had ended its side, has refused what was sent
    /// since: the kernel goes on telling receives of the end only.
    pub(super) fn was_refused(&self) -> bool {
        let look = |fd| {
            let mut poll = libc::pollfd { fd, events: 0, revents: 0 };
            // SAFETY: one entry, and no waiting.
            unsafe { libc::poll(&raw mut poll, 1, 0) > 0 && poll.revents & libc::POLLERR != 0 }
        };
        self.with_fd(look).unwrap_or(false)
    }

    /// Ends receiving (0), sending (1) or both (2). What is pending is not
    /// touched; the end of sending goes behind it.
    ///
    /// # Errors
    /// As `shutdown` on Windows.
    pub fn shutdown(&self, engine: &Engine, how: i32) -> Result<(), WinsockError> {
        if !(0..=2).contains(&how) {
            return Err(WinsockError::INVALID);
        }
        if self.state.is_stream() && !self.state.has(Flags::CONNECTED) {
            return Err(WinsockError::NOT_CONNECTED);
        }
        if how != 1 {
            self.state.set(Flags::SHUT_IN);
        }
        if how != 0 && !self.state.has(Flags::SHUT_OUT) {
            self.state.set(Flags::SHUT_OUT);
            if self.state.is_stream() {
                engine.finish_sending(&self.stream);
            }
        }
        Ok(())
    }

    /// Receives, waiting if the socket is a blocking one.
    ///
    /// # Errors
    /// As `recv` on Windows.
    pub fn receive(
        &self,
        engine: &Engine,
        buffers: Buffers,
        flags: i32,
        wants_all: bool,
        deadline: Option<Deadline>,
    ) -> Result<Received, WinsockError> {
        let refused = self.state.may_receive();
        if refused.is_error() {
            return Err(refused.into());
        }
        let capacity = buffers.len();
        let op = self.receive_op(buffers, flags, wants_all);
        let outcome = self.run(engine, op, deadline)?;
        let source = outcome.source.as_deref().copied();
        let (status, bytes) = self.received(&outcome, capacity);
        if status.is_error() {
            return Err(status.into());
        }
        Ok(Received { bytes, source, is_truncated: status == Status::BUFFER_OVERFLOW })
    }

    /// Sends everything, waiting if the socket is a blocking one.
    ///
    /// # Errors
    /// As `send` on Windows.
    pub fn send(
        &self,
        engine: &Engine,
        buffers: Buffers,
        flags: i32,
        to: Option<Address>,
        deadline: Option<Deadline>,
    ) -> Result<usize, WinsockError> {
        let to = to.filter(|_| !self.state.is_stream());
        let refused = self.state.may_send(to.is_some());
        if refused.is_error() {
            return Err(refused.into());
        }
        let to = to.map(Box::new);
        let is_addressed = to.is_some();
        let outcome = self.run(engine, Op::Send { buffers, flags, to, sent: 0 }, deadline)?;
        match outcome.errno() {
            Some(errno) => Err(self.status(errno).into()),
            None => {
                if is_addressed {
                    self.state.set(Flags::BOUND);
                }
                Ok(outcome.result as usize)
            }
        }
    }

    /// Tries on a non-blocking socket, waits on a blocking one.
    fn run(
        &self,
        engine: &Engine,
        mut op: Op,
        deadline: Option<Deadline>,
    ) -> Result<Outcome, WinsockError> {
        if self.state.is_nonblocking() {
            if self.state.is_stream() && matches!(op, Op::Send { .. }) {
                return self.send_now(engine, op);
            }
            let outcome = engine.try_now(&self.stream, &mut op);
            return match (outcome, op) {
                (Some(outcome), _) => Ok(outcome),
                (None, Op::Receive { received, .. }) if received > 0 => {
                    Ok(Outcome::of(received as i64))
                }
                (None, _) => Err(WinsockError::WOULD_BLOCK),
            };
        }
        let outcome = engine.run(&self.stream, op, deadline);
        match outcome.errno() {
            Some(libc::ETIMEDOUT) if self.stream.error().is_none() => Err(WinsockError::TIMED_OUT),
            Some(libc::ECANCELED) => Err(WinsockError::INTERRUPTED),
            _ => Ok(outcome),
        }
    }

    /// Takes a connection, waiting for one if the socket is a blocking one.
    ///
    /// # Errors
    /// As `accept` on Windows.
    pub fn accept(&self, engine: &Engine) -> Result<Socket, WinsockError> {
        if !self.state.has(Flags::LISTENING) {
            return Err(WinsockError::INVALID);
        }
        let fd = match self.take_put_back() {
            Some(fd) => fd,
            None => self.accept_next(engine)?,
        };
        let SocketState { family, kind, protocol, .. } = self.state;
        let socket = Self::over(engine, fd, SocketState::new(family, kind, protocol));
        socket.state.inherit_options(&self.state);
        socket.state.set_nonblocking(self.state.is_nonblocking());
        socket.state.connect();
        Ok(socket)
    }

    fn accept_next(&self, engine: &Engine) -> Result<OwnedFd, WinsockError> {
        let outcome = self.run(engine, Op::Accept, None)?;
        match outcome.errno() {
            Some(errno) => Err(errno_error(errno)),
            // SAFETY: the engine has just accepted this descriptor for us alone.
            None => Ok(unsafe { OwnedFd::from_raw_fd(outcome.result as i32) }),
        }
    }

    /// Connects, waiting if the socket is a blocking one.
    ///
    /// # Errors
    /// As `connect` on Windows: `WOULD_BLOCK` while it goes on by itself.
    pub fn connect(&self, engine: &Engine, address: &Address) -> Result<(), WinsockError> {
        if !self.state.is_stream() {
            // SAFETY: the address is valid for its length.
            self.call(|fd| unsafe { libc::connect(fd, address.as_ptr(), address.length()) })?;
            self.state.set_peer(*address);
            self.state.set(Flags::CONNECTED | Flags::BOUND);
            return Ok(());
        }
        if self.state.has(Flags::CONNECTED) {
            return Err(WinsockError::IS_CONNECTED);
        }
        if self.state.has(Flags::LISTENING) {
            return Err(WinsockError::INVALID);
        }
        if self.state.has(Flags::CONNECTING) {
            return self.look_after_connecting(engine, address);
        }
        self.state.set(Flags::CONNECTING | Flags::BOUND);
        self.look_after_connecting(engine, address)
    }

    fn look_after_connecting(
        &self,
        engine: &Engine,
        address: &Address,
    ) -> Result<(), WinsockError> {
        let op = Op::Connect(Box::new(*address));
        let outcome = match self.run(engine, op, None) {
            Err(WinsockError::TIMED_OUT) => Outcome::error(libc::ETIMEDOUT),
            Err(error) => return Err(error),
            Ok(outcome) => outcome,
        };
        match outcome.errno() {
            None => {
                self.connect_succeeded();
                Ok(())
            }
            Some(errno) => {
                self.connect_failed(errno);
                Err(match errno {
                    libc::EADDRNOTAVAIL => WinsockError(10049),
                    errno => self.status(errno).into(),
                })
            }
        }
    }

    pub(super) fn connect_succeeded(&self) {
        self.stream.revive();
        self.state.connect();
    }

    /// The endpoint can try again.
    pub(super) fn connect_failed(&self, errno: i32) {
        if errno == libc::ECANCELED {
            // The kernel would go on trying.
            let nobody = Address::from_bytes(&(libc::AF_UNSPEC as u16).to_ne_bytes().repeat(8));
            // SAFETY: the address is valid for its length.
            let _ = self.call(|fd| unsafe { libc::connect(fd, nobody.as_ptr(), nobody.length()) });
        }
        if let Some(local) = self.state.local() {
            // The kernel gives a port that it has chosen itself away again.
            // SAFETY: the address is valid for its length.
            let _ = self.call(|fd| unsafe { libc::bind(fd, local.as_ptr(), local.length()) });
        }
        self.state.clear(Flags::CONNECTING);
    }

    /// The socket becomes the connection `fd`.
    pub(super) fn become_connection(
        &self,
        engine: &Engine,
        fd: OwnedFd,
    ) -> Result<(), std::io::Error> {
        engine.replace(&self.stream, fd)?;
        self.state.connect();
        Ok(())
    }

    /// The socket becomes as new, with its old address if it was bound.
    pub(super) fn renew(&self, engine: &Engine) {
        let local = self.local_address().ok();
        let was_accepted = self.state.peer().is_some();
        let SocketState { family, kind, protocol, .. } = self.state;
        let Ok(fd) = open(family, kind, protocol) else { return };
        if engine.replace(&self.stream, fd).is_err() {
            return;
        }
        self.stream.revive();
        self.state.renew();
        if let Some(local) = local.filter(|_| !was_accepted) {
            let _ = self.bind(&local);
        }
    }
}

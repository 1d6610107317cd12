//! TCP connections.
#![allow(unsafe_code)]

use super::address::from_kernel;
use super::default_engine::default_engine;
use super::error::{check_not_forked, from_winsock};
use super::operation::{Operation, Refused, emptied, filled, start};
use super::owned::Owned;
use super::tcp_socket::{Endpoint, own};
use super::{PortRef, TcpSocket};
use crate::device::{Socket, SocketVerb, Verb};
use crate::engine::{Buffer, Buffers, Engine, Stream};
use crate::file;
use crate::sync::{Arc, Deadline};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// A TCP connection, kept open.
///
/// This is a handle: a clone is another one, and the connection closes when
/// the last is dropped. Operations that are pending then are cancelled, and
/// each still completes, once.
///
/// Operations that are started take their turn: receives get the bytes in the
/// order in which they were started, sends give them in that order. Reads and
/// writes of `std::io` wait behind them.
///
/// Options that are not here can be set with any crate that takes an
/// [`AsFd`]; the descriptor must stay non-blocking.
#[doc(alias = "SOCKET")]
#[derive(Clone, Debug)]
pub struct TcpStream(Owned<file::File>);

impl TcpStream {
    /// Connects to the first of these addresses that answers, and waits until
    /// it does.
    ///
    /// # Errors
    /// What the kernel says: code 10061, `WSAECONNREFUSED`, where nobody
    /// listens. Code 50 in the child of a fork.
    ///
    /// # Examples
    /// ```
    /// use std::io::{Read, Write};
    ///
    /// let listener = libiocp::TcpListener::bind("127.0.0.1:0")?;
    /// let mut client = libiocp::TcpStream::connect(listener.local_addr()?)?;
    /// let (mut server, _) = listener.accept()?;
    /// client.write_all(b"hello")?;
    /// let mut bytes = [0; 5];
    /// server.read_exact(&mut bytes)?;
    /// assert_eq!(&bytes, b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "WSAConnect")]
    pub fn connect(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        Self::connect_with(default_engine()?, addresses)
    }

    /// Like [`TcpStream::connect`], with another engine.
    ///
    /// # Errors
    /// As [`TcpStream::connect`].
    pub fn connect_with(engine: &Arc<Engine>, addresses: impl ToSocketAddrs) -> io::Result<Self> {
        TcpSocket::connect(engine, addresses)
    }

    /// One end of a connected pair of the fake engine's.
    pub fn over(engine: &Arc<Engine>, stream: Arc<Stream>) -> Self {
        Self::over_socket(engine, Socket::connected_over(stream))
    }

    pub(super) fn over_socket(engine: &Arc<Engine>, socket: Socket) -> Self {
        Self(own(engine, socket))
    }

    pub(super) fn of(owned: Owned<file::File>) -> Self {
        Self(owned)
    }

    pub(super) fn owned(&self) -> &Owned<file::File> {
        &self.0
    }

    /// Ties the connection to a port, once and for good: every operation of any
    /// of its handles reports there with `key`, also those that are pending.
    ///
    /// # Errors
    /// Code 87, `ERROR_INVALID_PARAMETER`: it has a port, or belongs to another
    /// engine than `port`. Code 50 in the child of a fork.
    #[doc(alias = "CreateIoCompletionPort")]
    pub fn associate(&self, port: &PortRef, key: usize) -> io::Result<()> {
        self.0.associate(port, key)
    }

    /// Starts to receive what comes next, at most as much as the buffer holds.
    /// The payload of the completion is the buffer, as long as it was. 0 bytes
    /// say that the peer sends nothing more. With an empty buffer it waits
    /// until there is something to receive.
    ///
    /// Without a port when it is over, the outcome is lost and the buffer
    /// dropped.
    ///
    /// # Errors
    /// The buffer comes back: the connection has failed, was shut down or never
    /// made; code 50 in the child of a fork.
    ///
    /// # Panics
    /// If the buffer's `as_mut` does.
    #[doc(alias = "WSARecv")]
    pub fn start_receive<B>(&self, buffer: B) -> Result<Operation, Refused<B>>
    where
        B: AsMut<[u8]> + Send + 'static,
    {
        let verb = |buffer: &mut B| Verb::Socket(SocketVerb::receive(Buffers::One(filled(buffer))));
        start(self.0.object(), 0, buffer, verb)
    }

    /// Starts to send the whole buffer. The payload of the completion is the
    /// buffer.
    ///
    /// # Errors
    /// As [`TcpStream::start_receive`].
    ///
    /// # Panics
    /// If the buffer's `as_ref` does.
    #[doc(alias = "WSASend")]
    pub fn start_send<B>(&self, buffer: B) -> Result<Operation, Refused<B>>
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        let verb = |buffer: &mut B| {
            Verb::Socket(SocketVerb::send(Buffers::One(emptied(&*buffer)), 0, None))
        };
        start(self.0.object(), 0, buffer, verb)
    }

    /// Receives, waiting until something comes or `timeout` has passed: bytes
    /// received, 0 at the end.
    ///
    /// # Errors
    /// Kind `TimedOut`, code 10060, when the time is up; else as the operation
    /// fails.
    #[doc(alias = "SO_RCVTIMEO")]
    pub fn read_timeout(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.receive(buffer, Some(Deadline::after(timeout)))
    }

    /// Sends the whole buffer, waiting for room until `timeout` has passed.
    ///
    /// # Errors
    /// Kind `TimedOut`, code 10060, when the time is up: some of it may be
    /// sent. Else as the operation fails.
    #[doc(alias = "SO_SNDTIMEO")]
    pub fn write_timeout(&self, buffer: &[u8], timeout: Duration) -> io::Result<usize> {
        self.send(buffer, Some(Deadline::after(timeout)))
    }

    fn receive(&self, buffer: &mut [u8], deadline: Option<Deadline>) -> io::Result<usize> {
        let engine = self.0.engine();
        check_not_forked(engine)?;
        // SAFETY: the operation is over when `receive` returns.
        let buffer = unsafe { Buffer::new(buffer.as_mut_ptr(), buffer.len()) };
        let received = self.0.socket().receive(engine, Buffers::One(buffer), 0, false, deadline);
        Ok(received.map_err(from_winsock)?.bytes)
    }

    fn send(&self, buffer: &[u8], deadline: Option<Deadline>) -> io::Result<usize> {
        let engine = self.0.engine();
        check_not_forked(engine)?;
        // SAFETY: the operation is over when `send` returns, and only reads.
        let buffer = unsafe { Buffer::new(buffer.as_ptr().cast_mut(), buffer.len()) };
        let sent = self.0.socket().send(engine, Buffers::One(buffer), 0, None, deadline);
        sent.map_err(from_winsock)
    }

    /// Ends receiving, sending or both. What is pending is not touched; the
    /// end of sending goes behind it.
    ///
    /// # Errors
    /// Code 10057, `WSAENOTCONN`, if there is no connection.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        check_not_forked(self.0.engine())?;
        let how = match how {
            Shutdown::Read => 0,
            Shutdown::Write => 1,
            Shutdown::Both => 2,
        };
        self.0.socket().shutdown(self.0.engine(), how).map_err(from_winsock)
    }

    /// Asks for the end of every pending operation on the connection, whoever
    /// started it; tells whether there was any. Each still completes.
    #[doc(alias = "CancelIoEx")]
    pub fn cancel_all(&self) -> bool {
        self.0.cancel_all()
    }

    /// Like [`TcpStream::cancel_all`], for what the calling thread has started.
    #[doc(alias = "CancelIo")]
    pub fn cancel_mine(&self) -> bool {
        self.0.cancel_mine()
    }

    /// The address of this end.
    ///
    /// # Errors
    /// What the kernel says; there is none in the fake engine.
    #[doc(alias = "getsockname")]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.0.socket().local_address().map_err(from_winsock)?)
    }

    /// The address of the other end, also when it has gone.
    ///
    /// # Errors
    /// Code 10057, `WSAENOTCONN`, if there is no connection; there is none in
    /// the fake engine.
    #[doc(alias = "getpeername")]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.0.peer()?)
    }

    /// Whether small sends go out at once.
    ///
    /// # Errors
    /// What the kernel says.
    #[doc(alias = "TCP_NODELAY")]
    pub fn set_nodelay(&self, is_nodelay: bool) -> io::Result<()> {
        let same_socket: std::net::TcpStream = self.as_fd().try_clone_to_owned()?.into();
        same_socket.set_nodelay(is_nodelay)
    }
}

impl AsFd for TcpStream {
    /// # Panics
    /// If the connection is the fake engine's, which has no descriptors.
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is replaced only while an accept owns the
        // stream, and is open as long as this handle.
        unsafe { BorrowedFd::borrow_raw(self.0.raw_fd()) }
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(buffer, None)
    }
}

impl Read for TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(buffer, None)
    }
}

impl Write for &TcpStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.send(buffer, None)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for TcpStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.send(buffer, None)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

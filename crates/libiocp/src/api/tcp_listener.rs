//! TCP sockets that connections arrive at.
#![allow(unsafe_code)]

use super::address::{first, from_kernel, to_kernel};
use super::default_engine::default_engine;
use super::error::{check_not_forked, from_winsock};
use super::operation::{Operation, Refused, start};
use super::owned::Owned;
use super::tcp_socket::{Endpoint, open};
use super::{PortRef, TcpStream};
use crate::device::{AcceptedAddresses, SocketVerb, Verb};
use crate::engine::{Address, Engine};
use crate::file;
use crate::status::Status;
use crate::sync::Arc;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};

/// A TCP socket that takes connections, kept open.
///
/// This is a handle: a clone is another one, and the socket closes when the
/// last is dropped. Accepts that are pending then are cancelled, and each
/// still completes, once.
#[doc(alias = "listen")]
#[derive(Clone, Debug)]
pub struct TcpListener(Owned<file::File>);

impl TcpListener {
    /// A socket that takes connections at the first of these addresses that
    /// can be had. Port 0 stands for any that is free.
    ///
    /// # Errors
    /// What the kernel says; code 10048, `WSAEADDRINUSE`, for an address that
    /// is taken; code 50 in the child of a fork.
    pub fn bind(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        Self::bind_with(default_engine()?, addresses)
    }

    /// Like [`TcpListener::bind`], with another engine.
    ///
    /// # Errors
    /// As [`TcpListener::bind`].
    pub fn bind_with(engine: &Arc<Engine>, addresses: impl ToSocketAddrs) -> io::Result<Self> {
        check_not_forked(engine)?;
        first(addresses, |address| {
            let owned = open(engine, address)?;
            owned.socket().bind(&to_kernel(address)).map_err(from_winsock)?;
            owned.socket().listen(libc::SOMAXCONN).map_err(from_winsock)?;
            Ok(Self(owned))
        })
    }

    /// Ties the listener to a port, once and for good: every accept that is
    /// started on it reports there with `key`. The accepted connections are
    /// not tied to it.
    ///
    /// # Errors
    /// Code 87, `ERROR_INVALID_PARAMETER`: it has a port, or belongs to another
    /// engine than `port`. Code 50 in the child of a fork.
    #[doc(alias = "CreateIoCompletionPort")]
    pub fn associate(&self, port: &PortRef, key: usize) -> io::Result<()> {
        self.0.associate(port, key)
    }

    /// Starts to wait for a connection. The payload of the completion is a
    /// [`TcpStream`]: the connection, if the operation succeeded. To take many
    /// at once, start many.
    ///
    /// # Errors
    /// When the process is out of descriptors; code 50 in the child of a fork.
    #[doc(alias = "AcceptEx")]
    pub fn start_accept(&self) -> io::Result<Operation> {
        check_not_forked(self.0.engine())?;
        let stream = TcpStream::of(self.0.like()?);
        let verb = |stream: &mut TcpStream| {
            let acceptor = Arc::clone(stream.owned().socket());
            Verb::Socket(SocketVerb::accept(acceptor, None, Box::new(AskedLater)))
        };
        start(self.0.object(), 0, stream, verb).map_err(|refused: Refused<_>| refused.error)
    }

    /// Waits for a connection; tells where it comes from.
    ///
    /// # Errors
    /// What the kernel says; code 10004, `WSAEINTR`, if [`cancel_all`] ends the
    /// wait; code 50 in the child of a fork.
    ///
    /// [`cancel_all`]: TcpListener::cancel_all
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        check_not_forked(self.0.engine())?;
        let socket = self.0.socket().accept(self.0.engine()).map_err(from_winsock)?;
        let stream = TcpStream::over_socket(self.0.engine(), socket);
        let peer = stream.peer_addr()?;
        Ok((stream, peer))
    }

    /// Asks for the end of every pending accept, whoever started it; tells
    /// whether there was any. Each still completes.
    #[doc(alias = "CancelIoEx")]
    pub fn cancel_all(&self) -> bool {
        self.0.cancel_all()
    }

    /// Like [`TcpListener::cancel_all`], for what the calling thread has
    /// started.
    #[doc(alias = "CancelIo")]
    pub fn cancel_mine(&self) -> bool {
        self.0.cancel_mine()
    }

    /// The address that connections arrive at.
    ///
    /// # Errors
    /// What the kernel says.
    #[doc(alias = "getsockname")]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        from_kernel(&self.0.socket().local_address().map_err(from_winsock)?)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: a listener's descriptor is never replaced, and is open as
        // long as this handle.
        unsafe { BorrowedFd::borrow_raw(self.0.raw_fd()) }
    }
}

/// Both ends are there for the asking.
struct AskedLater;

impl AcceptedAddresses for AskedLater {
    fn accepted(&self, _: &Address, _: &Address) -> Result<(), Status> {
        Ok(())
    }
}

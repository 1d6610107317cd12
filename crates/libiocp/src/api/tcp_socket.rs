//! TCP sockets before they are connected.

use super::address::{first, to_kernel};
use super::default_engine::default_engine;
use super::error::{check_not_forked, from_winsock};
use super::operation::{Operation, Refused, start};
use super::owned::Owned;
use super::{PortRef, TcpStream};
use crate::device::{Device, Socket, SocketVerb, Verb};
use crate::engine::{Address, Engine};
use crate::file;
use crate::sync::Arc;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::RawFd;

/// A TCP socket that is not connected yet, for connects that report to a port.
///
/// # Examples
/// ```
/// use libiocp::{CompletionPort, TcpSocket, TcpStream};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let port = CompletionPort::new(0)?;
/// let socket = TcpSocket::new_v4()?;
/// socket.associate(&port, 1)?;
/// socket.start_connect(listener.local_addr()?)?;
///
/// let completion = port.get(None)?;
/// completion.result()?;
/// let stream = completion.into_payload::<TcpStream>().unwrap();
/// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "WSASocket")]
#[derive(Debug)]
pub struct TcpSocket {
    owned: Owned<file::File>,
    is_bound: bool,
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// When the process is out of descriptors; code 50 in the child of a fork.
    pub fn new_v4() -> io::Result<Self> {
        Self::with_engine(default_engine()?, (Ipv4Addr::UNSPECIFIED, 0).into())
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// As [`TcpSocket::new_v4`].
    pub fn new_v6() -> io::Result<Self> {
        Self::with_engine(default_engine()?, (Ipv6Addr::UNSPECIFIED, 0).into())
    }

    /// A socket of another engine, for addresses of the same kind as
    /// `address`.
    ///
    /// # Errors
    /// As [`TcpSocket::new_v4`].
    pub fn with_engine(engine: &Arc<Engine>, address: SocketAddr) -> io::Result<Self> {
        check_not_forked(engine)?;
        Ok(Self { owned: open(engine, &address)?, is_bound: false })
    }

    /// Chooses the address that the connection comes from.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn bind(&mut self, address: SocketAddr) -> io::Result<()> {
        self.owned.socket().bind(&to_kernel(&address)).map_err(from_winsock)?;
        self.is_bound = true;
        Ok(())
    }

    /// Ties the socket, and the connection it becomes, to a port.
    ///
    /// # Errors
    /// As [`TcpStream::associate`].
    #[doc(alias = "CreateIoCompletionPort")]
    pub fn associate(&self, port: &PortRef, key: usize) -> io::Result<()> {
        self.owned.associate(port, key)
    }

    /// Starts to connect. The payload of the completion is a [`TcpStream`]:
    /// the connection, if the operation succeeded.
    ///
    /// # Errors
    /// The stream, not connected, comes back with what the kernel says.
    #[doc(alias = "ConnectEx")]
    pub fn start_connect(mut self, address: SocketAddr) -> Result<Operation, Refused<TcpStream>> {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        // Windows wants the socket bound; the kernel would do it by itself.
        let bound = if self.is_bound { Ok(()) } else { self.bind(any) };
        let stream = TcpStream::of(self.owned);
        if let Err(error) = bound {
            return Err(Refused { error, payload: stream });
        }
        let file = Arc::clone(stream.owned().object());
        let verb = |_: &mut TcpStream| {
            Verb::Socket(SocketVerb::connect(to_kernel(&address), Box::default()))
        };
        start(&file, 0, stream, verb)
    }

    /// Connects to the first of these addresses that answers, and waits.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn connect(
        engine: &Arc<Engine>,
        addresses: impl ToSocketAddrs,
    ) -> io::Result<TcpStream> {
        first(addresses, |address| {
            check_not_forked(engine)?;
            let owned = open(engine, address)?;
            owned.socket().connect(engine, &to_kernel(address)).map_err(from_winsock)?;
            Ok(TcpStream::of(owned))
        })
    }
}

pub(super) fn open(engine: &Arc<Engine>, address: &SocketAddr) -> io::Result<Owned<file::File>> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let socket = Socket::open(engine, family, libc::SOCK_STREAM, libc::IPPROTO_TCP);
    Ok(own(engine, socket.map_err(from_winsock)?))
}

pub(super) fn own(engine: &Arc<Engine>, socket: Socket) -> Owned<file::File> {
    let device = Device::Socket(Arc::new(socket));
    Owned::new(file::File::new(device, Arc::clone(engine), true), engine)
}

/// What a file that is a socket can be asked.
pub(super) trait Endpoint: Sized {
    fn socket(&self) -> &Arc<Socket>;

    /// A fresh socket of the same kind.
    fn like(&self) -> io::Result<Self>;

    /// The descriptor's number.
    fn raw_fd(&self) -> RawFd;

    fn peer(&self) -> io::Result<Address> {
        self.socket().peer_address().map_err(from_winsock)
    }
}

impl Endpoint for Owned<file::File> {
    fn socket(&self) -> &Arc<Socket> {
        match self.object().device() {
            Device::Socket(socket) => socket,
            Device::Disk(_) => unreachable!("it was made over a socket"),
        }
    }

    fn like(&self) -> io::Result<Self> {
        let state = self.socket().state();
        let socket = Socket::open(self.engine(), state.family, state.kind, state.protocol);
        Ok(own(self.engine(), socket.map_err(from_winsock)?))
    }

    fn raw_fd(&self) -> RawFd {
        match self.socket().with_fd(|fd| fd) {
            Ok(fd) => fd,
            Err(_) => panic!("the fake engine has no descriptors"),
        }
    }
}

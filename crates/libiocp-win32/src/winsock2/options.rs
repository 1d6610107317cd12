//! Socket options: which there are, for which sockets, how their values look, and what the
//! kernel is told. Pure; `sockopt` brings the socket.
//!
//! The shapes are Windows' own: the same option may take one byte and give four.

use super::codes::*;

/// How the value of an option looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// 0 or 1 in four bytes; fewer will do.
    Flag,
    /// One byte, however many are offered.
    Byte,
    /// Four bytes; fewer are refused. With `true` a refused read zeroes what there is.
    Word(bool),
    /// 0 or 1 in four bytes; fewer are refused.
    WordFlag,
    /// 0 to 255 in four bytes; fewer will do.
    Small,
    /// A structure of this many bytes at least, that can only be set.
    Structure(usize),
}

/// Which sockets have an option, and what the others answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// All of the level's families.
    Any,
    /// Streams; `WSAENOPROTOOPT` for others.
    Stream,
    /// All but streams; `WSAENOPROTOOPT` for streams.
    Datagram,
    /// All but streams; `WSAEINVAL` for streams.
    NotStream,
    /// Raw ones; `WSAEINVAL` for others.
    Raw,
}

/// What the kernel is told when an option is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Nothing: the value is ours.
    Nothing,
    /// The value, as an `int`, under another level and name.
    Number(i32, i32),
    /// The bytes as they are, under another level and name.
    Bytes(i32, i32),
    /// A buffer's size, unless it is too small to be meant for Linux.
    BufferSize(i32),
    /// Seconds, of which Linux wants one at least.
    Seconds(i32),
    /// How often a silent peer is asked: 127 times at most.
    Probes,
    /// Whether the address is shared with those who share it too.
    ShareAddress,
    /// Whether closing waits or resets.
    Linger,
    /// Whether packets may be fragmented: the path MTU discovery of this kernel level.
    NoFragments(i32),
    /// Seconds that sent data may stay unacknowledged, for the kernel in milliseconds.
    GiveUpAfter,
}

/// Whether an option can be set, got or both, and its value before it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Both; this value at first.
    Both(u32),
    /// Both; at first the kernel's value.
    BothFromKernel,
    /// Only got: the socket knows the value.
    Get,
    /// Only got: the kernel knows the value.
    GetFromKernel,
    /// Only set.
    Set,
}

/// One option.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) level: i32,
    pub(crate) name: i32,
    pub(crate) shape: Shape,
    pub(crate) who: Who,
    pub(crate) access: Access,
    pub(crate) kernel: Kernel,
}

const fn row(level: i32, name: i32, shape: Shape, who: Who, access: Access, kernel: Kernel) -> Row {
    Row { level, name, shape, who, access, kernel }
}

use Access::{Both, BothFromKernel, Get, GetFromKernel, Set};
use Kernel::{
    BufferSize, Bytes, GiveUpAfter, Linger, NoFragments, Nothing, Number, Probes, Seconds,
    ShareAddress,
};
use Shape::{Byte, Flag, Small, Structure, Word, WordFlag};
use Who::{Any, Datagram, NotStream, Raw, Stream};

const SOCKET: i32 = SOL_SOCKET;
const TCP: i32 = IPPROTO_TCP;
const IP: i32 = IPPROTO_IP;
const IPV6: i32 = IPPROTO_IPV6;
const K_SOCKET: i32 = libc::SOL_SOCKET;
const K_TCP: i32 = libc::IPPROTO_TCP;
const K_IP: i32 = libc::IPPROTO_IP;
const K_IPV6: i32 = libc::IPPROTO_IPV6;
const WORD: Shape = Word(false);
const MREQ: Shape = Structure(8);
const MREQ6: Shape = Structure(20);

const fn sol(name: i32) -> Kernel {
    Number(K_SOCKET, name)
}

const fn tcp(name: i32) -> Kernel {
    Number(K_TCP, name)
}

const fn ip4(name: i32) -> Kernel {
    Number(K_IP, name)
}

const fn ip6(name: i32) -> Kernel {
    Number(K_IPV6, name)
}

const fn ip4_bytes(name: i32) -> Kernel {
    Bytes(K_IP, name)
}

const fn ip6_bytes(name: i32) -> Kernel {
    Bytes(K_IPV6, name)
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(SOCKET, SO_DEBUG, Flag, Any, Both(0), Nothing),
    row(SOCKET, SO_ACCEPTCONN, Flag, Stream, Get, Nothing),
    row(SOCKET, SO_REUSEADDR, Flag, Any, Both(0), ShareAddress),
    row(SOCKET, SO_EXCLUSIVEADDRUSE, Flag, Any, Both(0), Nothing),
    row(SOCKET, SO_KEEPALIVE, Byte, Stream, Both(0), sol(libc::SO_KEEPALIVE)),
    row(SOCKET, SO_DONTROUTE, Byte, Any, Both(0), sol(libc::SO_DONTROUTE)),
    row(SOCKET, SO_BROADCAST, Flag, Datagram, Both(0), sol(libc::SO_BROADCAST)),
    row(SOCKET, SO_LINGER, Word(true), Stream, Both(0), Linger),
    row(SOCKET, SO_DONTLINGER, Flag, Stream, Both(1), Linger),
    row(SOCKET, SO_OOBINLINE, Flag, Stream, Both(0), sol(libc::SO_OOBINLINE)),
    row(SOCKET, SO_SNDBUF, Word(true), Any, Both(65536), BufferSize(libc::SO_SNDBUF)),
    row(SOCKET, SO_RCVBUF, Word(true), Any, Both(65536), BufferSize(libc::SO_RCVBUF)),
    row(SOCKET, SO_SNDTIMEO, WORD, Any, Both(0), Nothing),
    row(SOCKET, SO_RCVTIMEO, WORD, Any, Both(0), Nothing),
    row(SOCKET, SO_ERROR, WORD, Any, Both(0), Nothing),
    row(SOCKET, SO_TYPE, WORD, Any, Get, Nothing),
    row(SOCKET, SO_MAX_MSG_SIZE, WORD, Any, Get, Nothing),
    row(SOCKET, SO_CONDITIONAL_ACCEPT, Flag, Stream, Both(0), Nothing),
    row(SOCKET, SO_RANDOMIZE_PORT, Flag, Any, Both(0), Nothing),
    row(SOCKET, SO_PORT_SCALABILITY, Flag, Any, Both(0), Nothing),
    row(SOCKET, SO_REUSE_UNICASTPORT, Flag, Any, Both(0), Nothing),
    row(SOCKET, SO_OPENTYPE, WORD, Any, Both(0), Nothing),
    row(SOCKET, SO_CONNECT_TIME, WORD, Any, Get, Nothing),
    row(TCP, TCP_NODELAY, Byte, Stream, Both(0), tcp(libc::TCP_NODELAY)),
    row(TCP, TCP_KEEPALIVE, WORD, Stream, Both(7200), Seconds(libc::TCP_KEEPIDLE)),
    row(TCP, TCP_KEEPINTVL, WORD, Stream, Both(1), Seconds(libc::TCP_KEEPINTVL)),
    row(TCP, TCP_KEEPCNT, WORD, Stream, Both(10), Probes),
    row(TCP, TCP_MAXRT, WORD, Stream, Both(0xFFFF_FFFF), GiveUpAfter),
    row(TCP, TCP_MAXSEG, WORD, Stream, BothFromKernel, tcp(libc::TCP_MAXSEG)),
    row(IP, IP_HDRINCL, Flag, Raw, BothFromKernel, ip4(libc::IP_HDRINCL)),
    row(IP, IP_TOS, Small, Any, BothFromKernel, ip4(libc::IP_TOS)),
    row(IP, IP_TTL, Small, Any, BothFromKernel, ip4(libc::IP_TTL)),
    row(IP, IP_MULTICAST_IF, WORD, NotStream, Both(0), ip4_bytes(libc::IP_MULTICAST_IF)),
    row(IP, IP_MULTICAST_TTL, Small, NotStream, Both(1), ip4(libc::IP_MULTICAST_TTL)),
    row(IP, IP_MULTICAST_LOOP, Flag, NotStream, Both(1), ip4(libc::IP_MULTICAST_LOOP)),
    row(IP, IP_ADD_MEMBERSHIP, MREQ, NotStream, Set, ip4_bytes(libc::IP_ADD_MEMBERSHIP)),
    row(IP, IP_DROP_MEMBERSHIP, MREQ, NotStream, Set, ip4_bytes(libc::IP_DROP_MEMBERSHIP)),
    row(IP, IP_DONTFRAGMENT, Flag, Any, Both(0), NoFragments(K_IP)),
    row(IP, IP_PKTINFO, WordFlag, NotStream, Both(0), ip4(libc::IP_PKTINFO)),
    row(IP, IP_RECVTTL, WordFlag, NotStream, Both(0), ip4(libc::IP_RECVTTL)),
    row(IP, IP_RECVTOS, WordFlag, NotStream, Both(0), ip4(libc::IP_RECVTOS)),
    row(IP, IP_UNICAST_IF, WORD, Any, Both(0), ip4_bytes(libc::IP_UNICAST_IF)),
    row(IP, IP_MTU, WORD, Any, GetFromKernel, ip4(libc::IP_MTU)),
    row(IPV6, IPV6_UNICAST_HOPS, Small, Any, BothFromKernel, ip6(libc::IPV6_UNICAST_HOPS)),
    row(IPV6, IPV6_MULTICAST_IF, WORD, NotStream, Both(0), ip6_bytes(libc::IPV6_MULTICAST_IF)),
    row(IPV6, IPV6_MULTICAST_HOPS, Small, NotStream, Both(1), ip6(libc::IPV6_MULTICAST_HOPS)),
    row(IPV6, IPV6_MULTICAST_LOOP, Flag, NotStream, Both(1), ip6(libc::IPV6_MULTICAST_LOOP)),
    row(IPV6, IPV6_ADD_MEMBERSHIP, MREQ6, NotStream, Set, ip6_bytes(libc::IPV6_ADD_MEMBERSHIP)),
    row(IPV6, IPV6_DROP_MEMBERSHIP, MREQ6, NotStream, Set, ip6_bytes(libc::IPV6_DROP_MEMBERSHIP)),
    row(IPV6, IPV6_DONTFRAG, Flag, Any, Both(0), NoFragments(K_IPV6)),
    row(IPV6, IPV6_PKTINFO, WordFlag, NotStream, Both(0), ip6(libc::IPV6_RECVPKTINFO)),
    row(IPV6, IPV6_HOPLIMIT, WordFlag, NotStream, Both(0), ip6(libc::IPV6_RECVHOPLIMIT)),
    row(IPV6, IPV6_V6ONLY, Byte, Any, Both(1), ip6(libc::IPV6_V6ONLY)),
    row(IPV6, IPV6_RECVTCLASS, WordFlag, NotStream, Both(0), ip6(libc::IPV6_RECVTCLASS)),
    row(IPV6, IPV6_MTU, WORD, Any, GetFromKernel, ip6(libc::IPV6_MTU)),
];

/// What a read of an option does with the caller's memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Written to the caller's buffer.
    pub(crate) bytes: Vec<u8>,
    /// Written to `*optlen`, if it is written at all.
    pub(crate) size: Option<i32>,
    /// 0, or the error.
    pub(crate) code: u32,
}

impl Row {
    /// The option of a level and name: an unknown level is `WSAEINVAL`, an unknown name
    /// `WSAENOPROTOOPT`.
    pub(crate) fn find(level: i32, name: i32) -> Result<&'static Row, u32> {
        if !matches!(level, SOCKET | TCP | IP | IPV6 | IPPROTO_UDP) {
            return Err(WSAEINVAL);
        }
        let is_it = |row: &&Row| row.level == level && row.name == name;
        ROWS.iter().find(is_it).ok_or(WSAENOPROTOOPT)
    }

    /// Every option that can be set to a number: what outlives the kernel's descriptor.
    pub(crate) fn all_numbers() -> impl Iterator<Item = &'static Row> {
        ROWS.iter().filter(|row| matches!(row.access, Both(_) | BothFromKernel))
    }

    /// Whether a socket of a Windows family and type has the option.
    pub(crate) fn check(&self, family: i32, kind: i32) -> Result<(), u32> {
        let is_stream = kind == SOCK_STREAM;
        match self.level {
            IP if family != AF_INET => return Err(WSAEINVAL),
            IPV6 if family != AF_INET6 => return Err(WSAEINVAL),
            TCP if family == AF_UNIX => return Err(WSAENOPROTOOPT),
            _ => {}
        }
        match self.who {
            Any => Ok(()),
            Stream if is_stream => Ok(()),
            Datagram | NotStream if !is_stream => Ok(()),
            Raw if kind == SOCK_RAW => Ok(()),
            Stream | Datagram => Err(WSAENOPROTOOPT),
            NotStream | Raw => Err(WSAEINVAL),
        }
    }

    /// How many bytes of a value of `optlen` bytes are read.
    pub(crate) fn length_read(&self, optlen: i32) -> Result<usize, u32> {
        let is_of_socket = self.level == SOCKET;
        match (self.shape, optlen) {
            (Structure(size), len) if len >= size as i32 => Ok(size),
            (Structure(_), _) => Err(WSAEFAULT),
            (Byte, ..0) => Err(WSAENOBUFS),
            (_, ..0) if is_of_socket => Ok(4),
            (_, ..0) => Err(WSAENOBUFS),
            (Flag, 0) if is_of_socket => Ok(0),
            (_, 0) => Err(WSAEFAULT),
            (Byte, _) => Ok(1),
            (Flag | Small, len) => Ok(len.min(4) as usize),
            (Word(_) | WordFlag, 4..) => Ok(4),
            (Word(_) | WordFlag, _) => Err(WSAEFAULT),
        }
    }

    /// The number in a value's bytes, if the option takes it.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<u32, u32> {
        let value = bytes.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        match self.shape {
            Flag | WordFlag => Ok(u32::from(value != 0)),
            Small if value > 255 => Err(WSAEINVAL),
            Word(_) if self.level == TCP && self.name == TCP_KEEPCNT && value > 255 => {
                Err(WSAEINVAL)
            }
            _ => Ok(value),
        }
    }

    /// What a caller with room for `optlen` bytes is given of a number.
    pub(crate) fn encode(&self, value: u32, optlen: i32) -> Reading {
        let is_of_socket = self.level == SOCKET;
        let give = |count: usize, size: i32| Reading {
            bytes: value.to_le_bytes()[..count].to_vec(),
            size: Some(size),
            code: 0,
        };
        let fault = |bytes: Vec<u8>, size| Reading { bytes, size, code: WSAEFAULT };
        if optlen < 0 && self.name == SO_OPENTYPE && is_of_socket {
            return give(4, 4);
        }
        match (self.shape, optlen) {
            (_, ..=0) => fault(Vec::new(), None),
            (Byte, _) => give(1, 1),
            (Flag | Small | Word(_) | WordFlag, 4..) => give(4, 4),
            // Two bytes are written where one is reported.
            (Flag, len) if is_of_socket => give(len as usize, 1),
            (Flag | Small, _) => give(1, 1),
            (Word(true), len) => fault(vec![0; len as usize], None),
            (Word(_), _) if is_of_socket => fault(Vec::new(), None),
            (Word(_) | WordFlag | Structure(_), _) => fault(Vec::new(), Some(0)),
        }
    }
}

#[cfg(test)]
mod tests;

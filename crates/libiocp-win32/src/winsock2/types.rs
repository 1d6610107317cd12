//! The structures of `winsock2.h`, `ws2tcpip.h` and `mswsock.h`, laid out as on 64-bit
//! Windows (table T5); the assertions at the end hold them in place.
#![allow(non_camel_case_types, non_snake_case)]

use std::ffi::{c_char, c_void};

/// A socket: a kernel handle by another name.
pub type SOCKET = usize;

/// `WSABUF`: one buffer. The order of the fields is the reverse of `iovec`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSABUF {
    /// Its length in bytes.
    pub len: u32,
    /// Its first byte.
    pub buf: *mut c_char,
}

/// `WSADATA`: what `WSAStartup` tells about this implementation.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSADATA {
    /// The version to be used, major number in the low byte.
    pub wVersion: u16,
    /// The highest version there is.
    pub wHighVersion: u16,
    /// For version 1 only.
    pub iMaxSockets: u16,
    /// For version 1 only.
    pub iMaxUdpDg: u16,
    /// Never touched.
    pub lpVendorInfo: *mut c_char,
    /// A description.
    pub szDescription: [c_char; 257],
    /// A state.
    pub szSystemStatus: [c_char; 129],
}

/// `SOCKADDR`: any address, by family.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SOCKADDR {
    /// The family, in Windows' numbers.
    pub sa_family: u16,
    /// The rest.
    pub sa_data: [u8; 14],
}

/// `SOCKADDR_IN`: an IPv4 address and port. Addresses are in network order.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SOCKADDR_IN {
    /// `AF_INET`, 2.
    pub sin_family: u16,
    /// The port, in network order.
    pub sin_port: u16,
    /// The address.
    pub sin_addr: IN_ADDR,
    /// Nothing.
    pub sin_zero: [u8; 8],
}

/// `IN_ADDR`: an IPv4 address in network order.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IN_ADDR {
    /// The four bytes.
    pub s_addr: u32,
}

/// `SOCKADDR_IN6`: an IPv6 address and port.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SOCKADDR_IN6 {
    /// `AF_INET6`, 23.
    pub sin6_family: u16,
    /// The port, in network order.
    pub sin6_port: u16,
    /// The flow.
    pub sin6_flowinfo: u32,
    /// The address.
    pub sin6_addr: [u8; 16],
    /// The interface of a link-local address.
    pub sin6_scope_id: u32,
}

/// `HOSTENT`: a host's names and addresses.
#[repr(C)]
#[derive(Debug)]
pub struct HOSTENT {
    /// The official name.
    pub h_name: *mut c_char,
    /// Other names, up to a null pointer.
    pub h_aliases: *mut *mut c_char,
    /// The family of the addresses.
    pub h_addrtype: i16,
    /// The length of one address.
    pub h_length: i16,
    /// The addresses, up to a null pointer.
    pub h_addr_list: *mut *mut c_char,
}

/// `SERVENT`: a service. On 64-bit Windows the protocol comes before the port.
#[repr(C)]
#[derive(Debug)]
pub struct SERVENT {
    /// The official name.
    pub s_name: *mut c_char,
    /// Other names, up to a null pointer.
    pub s_aliases: *mut *mut c_char,
    /// The protocol.
    pub s_proto: *mut c_char,
    /// The port, in network order.
    pub s_port: i16,
}

/// `PROTOENT`: a protocol.
#[repr(C)]
#[derive(Debug)]
pub struct PROTOENT {
    /// The official name.
    pub p_name: *mut c_char,
    /// Other names, up to a null pointer.
    pub p_aliases: *mut *mut c_char,
    /// The number.
    pub p_proto: i16,
}

/// `ADDRINFOA` and, with UTF-16 names, `ADDRINFOW`: one address of a name.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ADDRINFO<C> {
    /// `AI_` flags.
    pub ai_flags: i32,
    /// The family, in Windows' numbers.
    pub ai_family: i32,
    /// The type asked for.
    pub ai_socktype: i32,
    /// The protocol asked for.
    pub ai_protocol: i32,
    /// The length of the address.
    pub ai_addrlen: usize,
    /// The name the host calls itself, in the first entry only.
    pub ai_canonname: *mut C,
    /// The address.
    pub ai_addr: *mut SOCKADDR,
    /// The next entry.
    pub ai_next: *mut ADDRINFO<C>,
}

/// `ADDRINFOA`.
pub type ADDRINFOA = ADDRINFO<c_char>;
/// `ADDRINFOW`.
pub type ADDRINFOW = ADDRINFO<u16>;

/// `LINGER`: what closing does with data not yet sent. Linux has two `int` here.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LINGER {
    /// Whether closing waits, or resets.
    pub l_onoff: u16,
    /// For how many seconds.
    pub l_linger: u16,
}

/// `tcp_keepalive`: the argument of `SIO_KEEPALIVE_VALS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tcp_keepalive {
    /// Whether to probe.
    pub onoff: u32,
    /// Milliseconds of silence before the first probe.
    pub keepalivetime: u32,
    /// Milliseconds between probes.
    pub keepaliveinterval: u32,
}

/// `WSAOVERLAPPED`: `OVERLAPPED` by another name.
#[repr(C)]
#[derive(Debug)]
pub struct WSAOVERLAPPED {
    /// The NT status: `STATUS_PENDING` until the operation has ended.
    pub Internal: usize,
    /// The bytes transferred.
    pub InternalHigh: usize,
    /// Free for the program's own use on sockets.
    pub Offset: u32,
    /// Free for the program's own use on sockets.
    pub OffsetHigh: u32,
    /// The event to set at the end; its low bit set keeps the packet from the port.
    pub hEvent: *mut c_void,
}

/// `WSAPROTOCOLCHAIN`: the layers of a provider.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSAPROTOCOLCHAIN {
    /// 1: a base provider.
    pub ChainLen: i32,
    /// Their catalogue entries.
    pub ChainEntries: [u32; 7],
}

/// `WSAPROTOCOL_INFOA` and, with UTF-16 names, `WSAPROTOCOL_INFOW`: a transport.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSAPROTOCOL_INFO<C> {
    /// `XP1_` flags.
    pub dwServiceFlags1: u32,
    /// Reserved.
    pub dwServiceFlags2: u32,
    /// Reserved.
    pub dwServiceFlags3: u32,
    /// Reserved.
    pub dwServiceFlags4: u32,
    /// `PFL_` flags.
    pub dwProviderFlags: u32,
    /// The provider's GUID.
    pub ProviderId: [u8; 16],
    /// The provider's entry in the catalogue.
    pub dwCatalogEntryId: u32,
    /// The layers.
    pub ProtocolChain: WSAPROTOCOLCHAIN,
    /// The version of the protocol's interface.
    pub iVersion: i32,
    /// The family.
    pub iAddressFamily: i32,
    /// The longest address.
    pub iMaxSockAddr: i32,
    /// The shortest address.
    pub iMinSockAddr: i32,
    /// The type.
    pub iSocketType: i32,
    /// The protocol.
    pub iProtocol: i32,
    /// How many protocols after `iProtocol` it takes.
    pub iProtocolMaxOffset: i32,
    /// 0: network order.
    pub iNetworkByteOrder: i32,
    /// 0: none.
    pub iSecurityScheme: i32,
    /// The longest datagram; 0 for a stream.
    pub dwMessageSize: u32,
    /// Reserved.
    pub dwProviderReserved: u32,
    /// The name.
    pub szProtocol: [C; 256],
}

/// `WSAPROTOCOL_INFOA`.
pub type WSAPROTOCOL_INFOA = WSAPROTOCOL_INFO<c_char>;
/// `WSAPROTOCOL_INFOW`.
pub type WSAPROTOCOL_INFOW = WSAPROTOCOL_INFO<u16>;

const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<WSABUF>() == 16 && offset_of!(WSABUF, buf) == 8);
    assert!(size_of::<WSADATA>() == 408);
    assert!(offset_of!(WSADATA, iMaxSockets) == 4 && offset_of!(WSADATA, lpVendorInfo) == 8);
    assert!(offset_of!(WSADATA, szDescription) == 16);
    assert!(size_of::<SOCKADDR>() == 16 && size_of::<SOCKADDR_IN>() == 16);
    assert!(size_of::<SOCKADDR_IN6>() == 28);
    assert!(size_of::<HOSTENT>() == 32 && offset_of!(HOSTENT, h_addr_list) == 24);
    assert!(size_of::<SERVENT>() == 32);
    assert!(offset_of!(SERVENT, s_proto) == 16 && offset_of!(SERVENT, s_port) == 24);
    assert!(size_of::<PROTOENT>() == 24);
    assert!(size_of::<ADDRINFOA>() == 48 && size_of::<ADDRINFOW>() == 48);
    assert!(offset_of!(ADDRINFOA, ai_addrlen) == 16);
    assert!(offset_of!(ADDRINFOA, ai_canonname) == 24);
    assert!(offset_of!(ADDRINFOA, ai_addr) == 32 && offset_of!(ADDRINFOA, ai_next) == 40);
    assert!(size_of::<LINGER>() == 4 && size_of::<tcp_keepalive>() == 12);
    assert!(size_of::<WSAOVERLAPPED>() == 32 && offset_of!(WSAOVERLAPPED, hEvent) == 24);
    assert!(size_of::<WSAPROTOCOL_INFOA>() == 372);
    assert!(size_of::<WSAPROTOCOL_INFOW>() == 628);
};

//! `SO_PROTOCOL_INFO`, `WSAEnumProtocols`: the transports there are, described.

use std::ffi::c_char;
use std::mem;

use super::codes::*;
use super::endpoint::Endpoint;
use super::options::Reading;
use super::startup::call;
use super::types::{WSAPROTOCOL_INFO, WSAPROTOCOL_INFOA, WSAPROTOCOL_INFOW, WSAPROTOCOLCHAIN};
use crate::sockaddr::{LONGEST, is_bad, least_length};

const XP1_CONNECTIONLESS: u32 = 0x1;
const XP1_GUARANTEED_DELIVERY: u32 = 0x2;
const XP1_GUARANTEED_ORDER: u32 = 0x4;
const XP1_MESSAGE_ORIENTED: u32 = 0x8;
const XP1_GRACEFUL_CLOSE: u32 = 0x20;
const XP1_EXPEDITED_DATA: u32 = 0x40;
const XP1_SUPPORT_BROADCAST: u32 = 0x200;
const XP1_SUPPORT_MULTIPOINT: u32 = 0x400;
const XP1_IFS_HANDLES: u32 = 0x2_0000;
const PFL_MATCHES_PROTOCOL_ZERO: u32 = 0x8;

const STREAM_FLAGS: u32 = XP1_GUARANTEED_DELIVERY
    | XP1_GUARANTEED_ORDER
    | XP1_GRACEFUL_CLOSE
    | XP1_EXPEDITED_DATA
    | XP1_IFS_HANDLES;
const DATAGRAM_FLAGS: u32 = XP1_CONNECTIONLESS
    | XP1_MESSAGE_ORIENTED
    | XP1_SUPPORT_BROADCAST
    | XP1_SUPPORT_MULTIPOINT
    | XP1_IFS_HANDLES;

/// Microsoft's base providers for IPv4, IPv6 and local sockets: GUIDs in memory order.
const IPV4_PROVIDER: [u8; 16] = [
    0xA0, 0x1A, 0x0F, 0xE7, 0x8B, 0xAB, 0xCF, 0x11, 0x8C, 0xA3, 0x00, 0x80, 0x5F, 0x48, 0xA1, 0x92,
];
const IPV6_PROVIDER: [u8; 16] = [
    0xC0, 0xB0, 0xEA, 0xF9, 0xD4, 0x26, 0xD0, 0x11, 0xBB, 0xBF, 0x00, 0xAA, 0x00, 0x6C, 0x34, 0xE4,
];
const UNIX_PROVIDER: [u8; 16] = [
    0x43, 0x19, 0x94, 0xA0, 0xE4, 0x90, 0x2E, 0x43, 0x9E, 0x02, 0x5C, 0x6A, 0xB2, 0xE1, 0x1C, 0x1F,
];

/// A transport: family, type, protocol, name.
type Transport = (i32, i32, i32, &'static str);

const TRANSPORTS: [Transport; 5] = [
    (AF_INET, SOCK_STREAM, IPPROTO_TCP, "MSAFD Tcpip [TCP/IP]"),
    (AF_INET, SOCK_DGRAM, IPPROTO_UDP, "MSAFD Tcpip [UDP/IP]"),
    (AF_INET6, SOCK_STREAM, IPPROTO_TCP, "MSAFD Tcpip [TCP/IPv6]"),
    (AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "MSAFD Tcpip [UDP/IPv6]"),
    (AF_UNIX, SOCK_STREAM, 0, "AF_UNIX"),
];

fn describe<C: Copy>(
    transport: Transport,
    index: usize,
    name: impl Iterator<Item = C>,
) -> WSAPROTOCOL_INFO<C> {
    let (family, kind, protocol, _) = transport;
    let is_stream = kind == SOCK_STREAM;
    // SAFETY: all zeroes is a valid value of this plain structure.
    let mut info: WSAPROTOCOL_INFO<C> = unsafe { mem::zeroed() };
    info.dwServiceFlags1 = if is_stream { STREAM_FLAGS } else { DATAGRAM_FLAGS };
    info.dwProviderFlags = PFL_MATCHES_PROTOCOL_ZERO;
    info.ProviderId = match family {
        AF_INET => IPV4_PROVIDER,
        AF_INET6 => IPV6_PROVIDER,
        _ => UNIX_PROVIDER,
    };
    info.dwCatalogEntryId = 1001 + index as u32;
    info.ProtocolChain = WSAPROTOCOLCHAIN { ChainLen: 1, ChainEntries: [0; 7] };
    info.iVersion = 2;
    info.iAddressFamily = family;
    info.iMaxSockAddr = if family == AF_UNIX { LONGEST } else { least_length(family) } as i32;
    info.iMinSockAddr = info.iMaxSockAddr;
    info.iSocketType = kind;
    info.iProtocol = protocol;
    info.dwMessageSize = match (is_stream, family) {
        (true, _) => 0,
        (false, AF_INET6) => 65527,
        (false, _) => 65507,
    };
    for (to, from) in info.szProtocol.iter_mut().zip(name) {
        *to = from;
    }
    info
}

fn narrow(index: usize, transport: Transport) -> WSAPROTOCOL_INFOA {
    describe(transport, index, transport.3.bytes().map(|byte| byte as c_char))
}

fn wide(index: usize, transport: Transport) -> WSAPROTOCOL_INFOW {
    describe(transport, index, transport.3.encode_utf16())
}

fn bytes_of<T: Copy>(value: &T) -> Vec<u8> {
    // SAFETY: the structures described here have no padding: every field follows its
    // predecessor, as the assertions on their sizes show.
    unsafe { std::slice::from_raw_parts((&raw const *value).cast(), size_of::<T>()) }.to_vec()
}

/// What `getsockopt` answers about the transport of a socket, if it is asked for that.
pub(crate) fn read(endpoint: &Endpoint, level: i32, name: i32, room: i32) -> Option<Reading> {
    if level != SOL_SOCKET || !matches!(name, SO_PROTOCOL_INFOA | SO_PROTOCOL_INFOW) {
        return None;
    }
    let key = (endpoint.family(), endpoint.kind(), endpoint.socket().state().protocol);
    let index = TRANSPORTS.iter().position(|it| (it.0, it.1, it.2) == key);
    let known = index.map(|index| (index, TRANSPORTS[index]));
    let raw = (TRANSPORTS.len(), (key.0, key.1, key.2, "MSAFD Tcpip [RAW/IP]"));
    let (index, transport) = known.unwrap_or(raw);
    let bytes = if name == SO_PROTOCOL_INFOA {
        bytes_of(&narrow(index, transport))
    } else {
        bytes_of(&wide(index, transport))
    };
    let size = bytes.len() as i32;
    Some(if room < size {
        Reading { bytes: Vec::new(), size: Some(size), code: WSAEFAULT }
    } else {
        Reading { bytes, size: None, code: 0 }
    })
}

/// Stores the descriptions of the protocols asked for, or of all.
///
/// # Safety
/// `protocols` is null or a list that a zero ends; `buffer` is writable for `*length` bytes;
/// `length` is valid when not null.
unsafe fn enumerate<T: Copy>(
    protocols: *const i32,
    buffer: *mut T,
    length: *mut u32,
    describe: impl Fn(usize, Transport) -> T,
) -> Result<i32, u32> {
    if is_bad(length) {
        return Err(WSAEFAULT);
    }
    let is_wanted = |transport: &Transport| {
        if protocols.is_null() {
            return true;
        }
        // SAFETY: this function's contract: readable up to the zero.
        let list = (0..).map(|index| unsafe { *protocols.add(index) });
        list.take_while(|protocol| *protocol != 0).any(|protocol| protocol == transport.2)
    };
    let all = TRANSPORTS.iter().copied().enumerate();
    let found: Vec<T> = all
        .filter(|(_, transport)| is_wanted(transport))
        .map(|(index, transport)| describe(index, transport))
        .collect();
    let size = (found.len() * size_of::<T>()) as u32;
    // SAFETY: this function's contract.
    let room = unsafe { *length };
    if buffer.is_null() || room < size {
        // SAFETY: this function's contract.
        unsafe { length.write(size) };
        return Err(WSAENOBUFS);
    }
    for (index, info) in found.iter().enumerate() {
        // SAFETY: this function's contract, and the room was just checked.
        unsafe { buffer.add(index).write_unaligned(*info) };
    }
    Ok(found.len() as i32)
}

/// `WSAEnumProtocolsA`: describes the transports there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAEnumProtocolsA(
    lpiProtocols: *const i32,
    lpProtocolBuffer: *mut WSAPROTOCOL_INFOA,
    lpdwBufferLength: *mut u32,
) -> i32 {
    // SAFETY: the caller's promises are those asked for.
    call(|| unsafe { enumerate(lpiProtocols, lpProtocolBuffer, lpdwBufferLength, narrow) })
}

/// `WSAEnumProtocolsW`: describes the transports there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAEnumProtocolsW(
    lpiProtocols: *const i32,
    lpProtocolBuffer: *mut WSAPROTOCOL_INFOW,
    lpdwBufferLength: *mut u32,
) -> i32 {
    // SAFETY: the caller's promises are those asked for.
    call(|| unsafe { enumerate(lpiProtocols, lpProtocolBuffer, lpdwBufferLength, wide) })
}

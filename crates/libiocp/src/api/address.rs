//! Internet addresses as the kernel has them, and as Rust has them.

use super::error::from_status;
use crate::engine::Address;
use crate::status::Status;
use crate::sync::blocking;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs};

pub(super) fn to_kernel(address: &SocketAddr) -> Address {
    let mut bytes = Vec::with_capacity(28);
    match address {
        SocketAddr::V4(address) => {
            bytes.extend((libc::AF_INET as u16).to_ne_bytes());
            bytes.extend(address.port().to_be_bytes());
            bytes.extend(address.ip().octets());
            bytes.extend([0; 8]);
        }
        SocketAddr::V6(address) => {
            bytes.extend((libc::AF_INET6 as u16).to_ne_bytes());
            bytes.extend(address.port().to_be_bytes());
            bytes.extend(address.flowinfo().to_ne_bytes());
            bytes.extend(address.ip().octets());
            bytes.extend(address.scope_id().to_ne_bytes());
        }
    }
    Address::from_bytes(&bytes)
}

pub(super) fn from_kernel(address: &Address) -> io::Result<SocketAddr> {
    parse(address.family(), address.bytes()).ok_or_else(|| from_status(Status::INVALID_ADDRESS))
}

fn parse(family: i32, bytes: &[u8]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(part(bytes, 2)?);
    match family {
        libc::AF_INET => {
            let ip = Ipv4Addr::from(part::<4>(bytes, 4)?);
            Some(SocketAddrV4::new(ip, port).into())
        }
        libc::AF_INET6 => {
            let flow = u32::from_ne_bytes(part(bytes, 4)?);
            let ip = Ipv6Addr::from(part::<16>(bytes, 8)?);
            let scope = u32::from_ne_bytes(part(bytes, 24)?);
            Some(SocketAddrV6::new(ip, port, flow, scope).into())
        }
        _ => None,
    }
}

fn part<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..start + N)?.try_into().ok()
}

/// Tries the addresses one after another; the last error counts.
pub(super) fn first<T>(
    addresses: impl ToSocketAddrs,
    mut attempt: impl FnMut(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut error = from_status(Status::INVALID_PARAMETER);
    for address in blocking(|| addresses.to_socket_addrs())? {
        match attempt(&address) {
            Ok(value) => return Ok(value),
            Err(it) => error = it,
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both families survive the way to the kernel and back.
    #[test]
    fn addresses_come_back_as_they_went() {
        for text in ["127.0.0.1:80", "[::1]:65535", "[fe80::1%3]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(from_kernel(&to_kernel(&address)).unwrap(), address);
        }
        assert!(from_kernel(&Address::default()).is_err());
    }
}

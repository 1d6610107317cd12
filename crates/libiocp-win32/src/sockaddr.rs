//! Socket addresses between Windows' form and the kernel's, in both directions.
//!
//! The layouts are the same; the number of the IPv6 family is not: 23 there, 10 here.
#![allow(unsafe_code)]

use std::ptr;

use libiocp::engine::Address;

use crate::winsock2::codes::{AF_INET, AF_INET6, AF_UNIX, WSAEAFNOSUPPORT, WSAEFAULT, WSAEINVAL};

/// The longest address of a family that is supported: `sockaddr_un`.
pub(crate) const LONGEST: usize = size_of::<libc::sockaddr_un>();
const SOCKADDR_IN_BYTES: usize = 16;
const SOCKADDR_IN6_BYTES: usize = 28;

/// The kernel's number of a Windows address family.
pub(crate) fn kernel_family(family: i32) -> Option<i32> {
    match family {
        AF_UNIX => Some(libc::AF_UNIX),
        AF_INET => Some(libc::AF_INET),
        AF_INET6 => Some(libc::AF_INET6),
        _ => None,
    }
}

/// Windows' number of a kernel address family; a number without a counterpart stays.
pub(crate) fn windows_family(family: i32) -> i32 {
    match family {
        libc::AF_INET6 => AF_INET6,
        other => other,
    }
}

/// The least length of a family's address, in either world.
pub(crate) fn least_length(windows_family: i32) -> usize {
    match windows_family {
        AF_INET => SOCKADDR_IN_BYTES,
        AF_INET6 => SOCKADDR_IN6_BYTES,
        _ => 2,
    }
}

/// The address a caller passes for a socket of a Windows `family`.
///
/// # Safety
/// `name` is readable for `namelen` bytes when not null.
pub(crate) unsafe fn read(name: *const u8, namelen: i32, family: i32) -> Result<Address, u32> {
    let Ok(len) = usize::try_from(namelen) else { return Err(WSAEFAULT) };
    if is_bad(name) || len < least_length(family) {
        return Err(WSAEFAULT);
    }
    let len = if family == AF_UNIX { len.min(LONGEST) } else { least_length(family) };
    let mut bytes = [0; LONGEST];
    // SAFETY: this function's contract; `len` is at most the buffer's size.
    unsafe { ptr::copy_nonoverlapping(name, bytes.as_mut_ptr(), len) };
    if i32::from(u16::from_ne_bytes([bytes[0], bytes[1]])) != family {
        return Err(WSAEAFNOSUPPORT);
    }
    // A local address without a path is no name: Linux would take the zeroes for one.
    let len = if family == AF_UNIX && bytes[2] == 0 { 2 } else { len };
    let number = kernel_family(family).ok_or(WSAEINVAL)?;
    bytes[..2].copy_from_slice(&(number as u16).to_ne_bytes());
    Ok(Address::from_bytes(&bytes[..len]))
}

/// The bytes in Windows' form, with the length they have there.
pub(crate) fn windows_bytes(address: &Address) -> ([u8; LONGEST], usize) {
    let mut bytes = [0; LONGEST];
    let len = address.bytes().len().min(LONGEST);
    bytes[..len].copy_from_slice(&address.bytes()[..len]);
    let family = windows_family(address.family());
    bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    // Of a local address the caller gets the whole structure, as on Windows.
    (bytes, if family == AF_UNIX { LONGEST } else { len })
}

/// Gives an address to a caller: its bytes, and how many they are. A buffer that is too
/// short is left as it is.
///
/// # Safety
/// `namelen` is valid, and `name` writable for `*namelen` bytes, when not null.
pub(crate) unsafe fn write(address: &Address, name: *mut u8, namelen: *mut i32) -> Result<(), u32> {
    if is_bad(name) || is_bad(namelen) {
        return Err(WSAEFAULT);
    }
    let (bytes, len) = windows_bytes(address);
    // SAFETY: this function's contract; nobody promises alignment.
    let room = unsafe { namelen.read_unaligned() };
    if room < len as i32 {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract, and the room was just checked.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), name, len);
        namelen.write_unaligned(len as i32);
    }
    Ok(())
}

/// The port, in host order; 0 where there is none.
pub(crate) fn tcp_port(address: &Address) -> u16 {
    match (address.family(), address.bytes()) {
        (libc::AF_INET | libc::AF_INET6, [_, _, high, low, ..]) => {
            u16::from_be_bytes([*high, *low])
        }
        _ => 0,
    }
}

/// Whether it is the address of no host in particular.
pub(crate) fn is_unspecified(address: &Address) -> bool {
    let bytes = address.bytes();
    match address.family() {
        libc::AF_INET if bytes.len() >= 8 => bytes[4..8].iter().all(|byte| *byte == 0),
        libc::AF_INET6 if bytes.len() >= 24 => bytes[8..24].iter().all(|byte| *byte == 0),
        _ => false,
    }
}

/// Whether a pointer can be seen to be no pointer: Windows never maps the first 64 KiB, and
/// programs do pass small numbers where a pointer is wanted.
pub(crate) fn is_bad<T>(pointer: *const T) -> bool {
    pointer.addr() < 0x1_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8], family: i32) -> Result<Address, u32> {
        // SAFETY: the slice is readable for its length.
        unsafe { super::read(bytes.as_ptr(), bytes.len() as i32, family) }
    }

    fn ipv6(family: u8) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[0] = family;
        bytes[3] = 80;
        bytes[23] = 1;
        bytes
    }

    #[test]
    fn sock_175_family_numbers_are_converted() {
        let address = parse(&ipv6(23), AF_INET6).unwrap_or_else(|code| panic!("{code}"));
        assert_eq!(address.bytes(), ipv6(10));
        let (bytes, len) = windows_bytes(&Address::from_bytes(&ipv6(10)));
        assert_eq!(bytes[..len], ipv6(23));
        assert_eq!(tcp_port(&address), 80);
    }

    #[test]
    fn sock_143_length_is_checked_before_family() {
        assert_eq!(parse(&ipv6(23)[..27], AF_INET6).err(), Some(10014));
        assert_eq!(parse(&ipv6(2)[..15], AF_INET).err(), Some(10014));
        assert_eq!(parse(&ipv6(99)[..16], AF_INET).err(), Some(10047));
        assert_eq!(parse(&ipv6(99)[..15], AF_INET).err(), Some(10014));
        // SAFETY: a null name is not read.
        assert_eq!(unsafe { super::read(ptr::null(), 16, AF_INET) }.err(), Some(10014));
    }

    #[test]
    fn sock_145_short_buffer_is_left_alone() {
        let address = Address::from_bytes(&ipv6(10));
        let (mut name, mut namelen) = ([7u8; 28], 27);
        // SAFETY: the buffer is as long as told, or longer.
        let result = unsafe { write(&address, name.as_mut_ptr(), &mut namelen) };
        assert_eq!((result, namelen, name), (Err(10014), 27, [7; 28]));
        namelen = 28;
        // SAFETY: as above.
        let result = unsafe { write(&address, name.as_mut_ptr(), &mut namelen) };
        assert_eq!((result, namelen, name), (Ok(()), 28, ipv6(23)));
    }
}

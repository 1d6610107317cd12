//! Byte order, and addresses as text: `inet_addr`, `inet_ntoa`, `WSAAddressToString`,
//! `WSAStringToAddress`.

use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::ptr;

use super::address_text;
use super::codes::{AF_INET, AF_INET6, WSAEFAULT, WSAEINVAL};
use super::startup::call;
use super::types::{IN_ADDR, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6};
use crate::errhandlingapi::set_last_error;
use crate::winsock2::text::{narrow, utf8, utf16z};

const INADDR_NONE: u32 = 0xFFFF_FFFF;

/// `htonl`: host to network order, 32 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_htonl(hostlong: u32) -> u32 {
    hostlong.to_be()
}

/// `ntohl`: network to host order, 32 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_ntohl(netlong: u32) -> u32 {
    u32::from_be(netlong)
}

/// `htons`: host to network order, 16 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_htons(hostshort: u16) -> u16 {
    hostshort.to_be()
}

/// `ntohs`: network to host order, 16 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_ntohs(netshort: u16) -> u16 {
    u16::from_be(netshort)
}

/// `inet_addr`: an IPv4 address in network order; all ones if it is not one. What follows
/// white space is not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_inet_addr(cp: *const c_char) -> u32 {
    if cp.is_null() {
        set_last_error(WSAEFAULT);
        return INADDR_NONE;
    }
    // SAFETY: the caller's promise: a terminated string when not null.
    let text = unsafe { narrow(cp) };
    if text == b" " {
        return 0;
    }
    match address_text::ipv4(text) {
        Some((address, [])) => address.to_be(),
        Some((address, [b' ' | b'\t'..=b'\r', ..])) => address.to_be(),
        _ => INADDR_NONE,
    }
}

/// `inet_ntoa`: the text of an IPv4 address, in a buffer of the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_inet_ntoa(r#in: IN_ADDR) -> *mut c_char {
    thread_local! {
        static BUFFER: RefCell<[u8; 16]> = const { RefCell::new([0; 16]) };
    }
    let text = address_text::print_ipv4(r#in.s_addr.to_ne_bytes());
    BUFFER.with_borrow_mut(|buffer| {
        buffer[..text.len()].copy_from_slice(text.as_bytes());
        buffer[text.len()] = 0;
        buffer.as_mut_ptr().cast()
    })
}

/// The text of a Windows socket address.
///
/// # Safety
/// `address` is readable for `len` bytes when not null.
unsafe fn address_to_string(address: *const SOCKADDR, len: u32) -> Result<String, u32> {
    if address.is_null() || len < 2 {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract, for the family's two bytes; it may lie unaligned.
    let family = unsafe { address.cast::<u16>().read_unaligned() };
    match i32::from(family) {
        AF_INET if (len as usize) < size_of::<SOCKADDR_IN>() => Err(WSAEFAULT),
        AF_INET6 if (len as usize) < size_of::<SOCKADDR_IN6>() => Err(WSAEFAULT),
        AF_INET => {
            // SAFETY: this function's contract, and the length was just checked.
            let address = unsafe { address.cast::<SOCKADDR_IN>().read_unaligned() };
            Ok(address_text::print_sockaddr_in(&address))
        }
        AF_INET6 => {
            // SAFETY: this function's contract, and the length was just checked.
            let address = unsafe { address.cast::<SOCKADDR_IN6>().read_unaligned() };
            Ok(address_text::print_sockaddr_in6(&address))
        }
        _ => Err(WSAEINVAL),
    }
}

/// Copies a terminated string out; the length is that needed, whether or not it fits.
///
/// # Safety
/// `to` is writable for `*len` units when not null; `len` is valid when not null.
unsafe fn put<T: Copy>(units: &[T], to: *mut T, len: *mut u32) -> Result<i32, u32> {
    if len.is_null() {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract.
    let room = unsafe { len.replace(units.len() as u32) } as usize;
    if to.is_null() || room < units.len() {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract: there is room for as many units.
    unsafe { ptr::copy_nonoverlapping(units.as_ptr(), to, units.len()) };
    Ok(0)
}

/// `WSAAddressToStringA`: an address with its port, if it has one, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAAddressToStringA(
    lpsaAddress: *const SOCKADDR,
    dwAddressLength: u32,
    _lpProtocolInfo: *const c_void,
    lpszAddressString: *mut c_char,
    lpdwAddressStringLength: *mut u32,
) -> i32 {
    call(|| {
        // SAFETY: the caller's promise: readable for the length given.
        let text = unsafe { address_to_string(lpsaAddress, dwAddressLength) }?;
        let units: Vec<c_char> = text.bytes().chain([0]).map(|byte| byte as c_char).collect();
        // SAFETY: the caller's promise: writable for the length given.
        unsafe { put(&units, lpszAddressString, lpdwAddressStringLength) }
    })
}

/// `WSAAddressToStringW`: an address with its port, if it has one, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAAddressToStringW(
    lpsaAddress: *const SOCKADDR,
    dwAddressLength: u32,
    _lpProtocolInfo: *const c_void,
    lpszAddressString: *mut u16,
    lpdwAddressStringLength: *mut u32,
) -> i32 {
    call(|| {
        // SAFETY: the caller's promise: readable for the length given.
        let text = unsafe { address_to_string(lpsaAddress, dwAddressLength) }?;
        // SAFETY: the caller's promise: writable for the length given.
        unsafe { put(&utf16z(&text), lpszAddressString, lpdwAddressStringLength) }
    })
}

/// Writes what the text says as an address of the family.
///
/// # Safety
/// `address` is writable for `*len` bytes when not null; `len` is valid when not null.
unsafe fn string_to_address(
    text: &[u8],
    family: i32,
    address: *mut SOCKADDR,
    len: *mut i32,
) -> Result<i32, u32> {
    let size = match family {
        AF_INET => size_of::<SOCKADDR_IN>(),
        AF_INET6 => size_of::<SOCKADDR_IN6>(),
        _ => return Err(WSAEINVAL),
    };
    // SAFETY: this function's contract.
    let room = unsafe { *len };
    if room < size as i32 {
        // SAFETY: as above.
        unsafe { len.write(size as i32) };
        return Err(WSAEFAULT);
    }
    let is_valid = if family == AF_INET {
        let found = address_text::sockaddr_in(text);
        let (Ok(value) | Err(value)) = found;
        // SAFETY: this function's contract, and the room was just checked.
        unsafe { address.cast::<SOCKADDR_IN>().write_unaligned(value) };
        found.is_ok()
    } else {
        let found = address_text::sockaddr_in6(text);
        // SAFETY: as above.
        unsafe { address.cast::<SOCKADDR_IN6>().write_unaligned(found.unwrap_or_default()) };
        found.is_some()
    };
    if !is_valid {
        return Err(WSAEINVAL);
    }
    // SAFETY: as above.
    unsafe { len.write(size as i32) };
    Ok(0)
}

/// `WSAStringToAddressA`: the address, with a port or not, that a text says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAStringToAddressA(
    AddressString: *const c_char,
    AddressFamily: i32,
    _lpProtocolInfo: *const c_void,
    lpAddress: *mut SOCKADDR,
    lpAddressLength: *mut i32,
) -> i32 {
    call(|| {
        if AddressString.is_null() || lpAddress.is_null() || lpAddressLength.is_null() {
            return Err(WSAEFAULT);
        }
        // SAFETY: the caller's promise: a terminated string, an address of the length given.
        unsafe {
            string_to_address(narrow(AddressString), AddressFamily, lpAddress, lpAddressLength)
        }
    })
}

/// `WSAStringToAddressW`: the address, with a port or not, that a text says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAStringToAddressW(
    AddressString: *const u16,
    AddressFamily: i32,
    _lpProtocolInfo: *const c_void,
    lpAddress: *mut SOCKADDR,
    lpAddressLength: *mut i32,
) -> i32 {
    call(|| {
        if AddressString.is_null() || lpAddress.is_null() || lpAddressLength.is_null() {
            return Err(WSAEFAULT);
        }
        // SAFETY: the caller's promise: a terminated string, an address of the length given.
        unsafe {
            let text = utf8(AddressString);
            string_to_address(text.as_bytes(), AddressFamily, lpAddress, lpAddressLength)
        }
    })
}

//! `getnameinfo`: the names of an address.

use std::ffi::c_char;
use std::ptr;

use libiocp::engine::Address;

use crate::errhandlingapi::set_last_error;
use crate::sockaddr::{self, kernel_family, least_length, tcp_port, windows_bytes};
use crate::winsock2::address_text;
use crate::winsock2::codes::{
    AF_INET, AF_INET6, WSA_NOT_ENOUGH_MEMORY, WSAEAFNOSUPPORT, WSAEFAULT, WSAEINVAL,
    WSAESOCKTNOSUPPORT, WSAHOST_NOT_FOUND, WSANO_DATA, WSANO_RECOVERY, WSANOTINITIALISED,
    WSATRY_AGAIN, WSATYPE_NOT_FOUND,
};
use crate::winsock2::database;
use crate::winsock2::startup::is_started;
use crate::winsock2::text::utf16z;
use crate::winsock2::types::{SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6};

const NI_NOFQDN: i32 = 0x01;
const NI_NUMERICHOST: i32 = 0x02;
const NI_NAMEREQD: i32 = 0x04;
const NI_NUMERICSERV: i32 = 0x08;
const NI_DGRAM: i32 = 0x10;
const ERROR_INSUFFICIENT_BUFFER: u32 = 122;

/// The bytes of an address within its structure, and its numeric text.
fn address_of(address: &Address, family: i32) -> (Vec<u8>, String) {
    let (bytes, _) = windows_bytes(address);
    if family == AF_INET {
        // SAFETY: the buffer is longer than the structure, and any bytes are valid in it.
        let mut found = unsafe { bytes.as_ptr().cast::<SOCKADDR_IN>().read_unaligned() };
        found.sin_port = 0;
        (bytes[4..8].to_vec(), address_text::print_sockaddr_in(&found))
    } else {
        // SAFETY: as above.
        let mut found = unsafe { bytes.as_ptr().cast::<SOCKADDR_IN6>().read_unaligned() };
        found.sin6_port = 0;
        (bytes[8..24].to_vec(), address_text::print_sockaddr_in6(&found))
    }
}

fn host_text(address: &Address, family: i32, flags: i32) -> Result<String, u32> {
    let (bytes, numeric) = address_of(address, family);
    if flags & NI_NUMERICHOST != 0 {
        return if flags & NI_NAMEREQD == 0 { Ok(numeric) } else { Err(WSAHOST_NOT_FOUND) };
    }
    let number = kernel_family(family).ok_or(WSAEAFNOSUPPORT)?;
    match database::host_by_address(&bytes, number) {
        Ok(host) => {
            let name = String::from_utf8_lossy(&host.name).into_owned();
            let short = flags & NI_NOFQDN != 0;
            Ok(if short { name.split('.').next().unwrap_or("").to_owned() } else { name })
        }
        Err(_) if flags & NI_NAMEREQD != 0 => Err(WSAHOST_NOT_FOUND),
        Err(_) => Ok(numeric),
    }
}

fn service_text(address: &Address, flags: i32) -> String {
    let port = tcp_port(address);
    let protocol: &[u8] = if flags & NI_DGRAM != 0 { b"udp" } else { b"tcp" };
    if flags & NI_NUMERICSERV == 0
        && let Some(service) = database::service_by_port(port, Some(protocol))
    {
        return String::from_utf8_lossy(&service.name).into_owned();
    }
    port.to_string()
}

/// # Safety
/// `to` is writable for `room` units when not null.
unsafe fn put<T: Copy>(units: &[T], to: *mut T, room: u32) -> Result<(), u32> {
    if units.len() > room as usize {
        return Err(ERROR_INSUFFICIENT_BUFFER);
    }
    // SAFETY: this function's contract, and the room was just checked.
    unsafe { ptr::copy_nonoverlapping(units.as_ptr(), to, units.len()) };
    Ok(())
}

/// A caller's buffer.
struct Buffer<T> {
    to: *mut T,
    room: u32,
}

impl<T> Buffer<T> {
    fn is_wanted(&self) -> bool {
        !self.to.is_null() && self.room != 0
    }
}

/// The result is the error code, and the last error too.
///
/// # Safety
/// `name` is readable for `namelen` bytes when not null, and the buffers writable.
unsafe fn name_info<T: Copy>(
    name: *const SOCKADDR,
    namelen: i32,
    (host, service): (Buffer<T>, Buffer<T>),
    flags: i32,
    units: impl Fn(&str) -> Vec<T>,
) -> i32 {
    let body = || {
        if !is_started() {
            return Err(WSANOTINITIALISED);
        }
        if name.is_null() || namelen < 2 {
            return Err(WSAEFAULT);
        }
        // SAFETY: this function's contract, for the family's two bytes.
        let family = i32::from(unsafe { name.cast::<u16>().read_unaligned() });
        if family != AF_INET && family != AF_INET6 {
            return Err(WSAEAFNOSUPPORT);
        }
        if (namelen as usize) < least_length(family) {
            return Err(WSAEFAULT);
        }
        // SAFETY: this function's contract.
        let address = unsafe { sockaddr::read(name.cast(), namelen, family) }?;
        if !host.is_wanted() && !service.is_wanted() {
            return Err(WSAHOST_NOT_FOUND);
        }
        if host.is_wanted() {
            let text = units(&host_text(&address, family, flags)?);
            // SAFETY: this function's contract.
            unsafe { put(&text, host.to, host.room) }?;
        }
        if service.is_wanted() {
            let text = units(&service_text(&address, flags));
            // SAFETY: this function's contract.
            unsafe { put(&text, service.to, service.room) }?;
        }
        Ok(())
    };
    let code = body().err().unwrap_or(0);
    set_last_error(code);
    code as i32
}

/// `getnameinfo`: the host and service names of an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getnameinfo(
    pSockaddr: *const SOCKADDR,
    SockaddrLength: i32,
    pNodeBuffer: *mut c_char,
    NodeBufferSize: u32,
    pServiceBuffer: *mut c_char,
    ServiceBufferSize: u32,
    Flags: i32,
) -> i32 {
    let host = Buffer { to: pNodeBuffer, room: NodeBufferSize };
    let service = Buffer { to: pServiceBuffer, room: ServiceBufferSize };
    let units = |text: &str| text.bytes().chain([0]).map(|byte| byte as c_char).collect();
    // SAFETY: the caller's promise: an address and buffers of the lengths given.
    unsafe { name_info(pSockaddr, SockaddrLength, (host, service), Flags, units) }
}

/// `GetNameInfoW`: the host and service names of an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNameInfoW(
    pSockaddr: *const SOCKADDR,
    SockaddrLength: i32,
    pNodeBuffer: *mut u16,
    NodeBufferSize: u32,
    pServiceBuffer: *mut u16,
    ServiceBufferSize: u32,
    Flags: i32,
) -> i32 {
    let host = Buffer { to: pNodeBuffer, room: NodeBufferSize };
    let service = Buffer { to: pServiceBuffer, room: ServiceBufferSize };
    // SAFETY: the caller's promise: an address and buffers of the lengths given.
    unsafe { name_info(pSockaddr, SockaddrLength, (host, service), Flags, utf16z) }
}

/// `gai_strerror`: what an error of `getaddrinfo` means, in words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_gai_strerror(ecode: i32) -> *mut c_char {
    let text = match ecode as u32 {
        0 => c"No error.",
        WSA_NOT_ENOUGH_MEMORY => c"There is not enough memory.",
        WSAEINVAL => c"The flags are wrong.",
        WSAESOCKTNOSUPPORT => c"This type of socket does not exist.",
        WSAEAFNOSUPPORT => c"This address family does not exist.",
        WSATYPE_NOT_FOUND => c"The service is not known.",
        WSAHOST_NOT_FOUND => c"The host is not known.",
        WSATRY_AGAIN => c"The name cannot be resolved now; it may be later.",
        WSANO_RECOVERY => c"The name cannot be resolved.",
        WSANO_DATA => c"The name has no address.",
        _ => c"This is not an error of name resolution.",
    };
    text.as_ptr().cast_mut()
}

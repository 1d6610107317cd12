//! `inet_pton` and `inet_ntop`, and their UTF-16 forms.

use std::ffi::{c_char, c_void};
use std::ptr;

use crate::errhandlingapi::set_last_error;
use crate::winsock2::address_text;
use crate::winsock2::codes::{AF_INET, AF_INET6, WSAEAFNOSUPPORT, WSAEFAULT, WSAEINVAL};
use crate::winsock2::text::{narrow, utf8, utf16z};

// What Windows leaves as the last error here is the NT status itself.
const STATUS_INVALID_PARAMETER: u32 = 0xC000_000D;

/// 1 and the address written, 0 if the text is not one, -1 for a bad family.
///
/// # Safety
/// `to` is writable for an address of the family.
unsafe fn pton(family: i32, text: &[u8], to: *mut c_void) -> i32 {
    match family {
        AF_INET => address_text::ipv4_strict(text).map_or(0, |octets| {
            // SAFETY: this function's contract.
            unsafe { to.cast::<[u8; 4]>().write(octets) };
            1
        }),
        AF_INET6 => address_text::ipv6(text).map_or(0, |bytes| {
            // SAFETY: this function's contract.
            unsafe { to.cast::<[u8; 16]>().write(bytes) };
            1
        }),
        _ => {
            set_last_error(WSAEAFNOSUPPORT);
            -1
        }
    }
}

/// `inet_pton`: an address in its strict text form, as bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_inet_pton(
    Family: i32,
    pszAddrString: *const c_char,
    pAddrBuf: *mut c_void,
) -> i32 {
    if pszAddrString.is_null() || pAddrBuf.is_null() {
        set_last_error(WSAEFAULT);
        return -1;
    }
    // SAFETY: the caller's promise: a terminated string, and room for an address.
    unsafe { pton(Family, narrow(pszAddrString), pAddrBuf) }
}

/// `InetPtonW`: an address in its strict text form, as bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InetPtonW(
    Family: i32,
    pszAddrString: *const u16,
    pAddrBuf: *mut c_void,
) -> i32 {
    if pszAddrString.is_null() || pAddrBuf.is_null() {
        set_last_error(WSAEFAULT);
        return -1;
    }
    // SAFETY: the caller's promise: a terminated string, and room for an address.
    let result = unsafe { pton(Family, utf8(pszAddrString).as_bytes(), pAddrBuf) };
    if result == 0 {
        set_last_error(WSAEINVAL);
    }
    result
}

/// The text of an address, or the error.
///
/// # Safety
/// `from` is an address of the family.
unsafe fn ntop(family: i32, from: *const c_void) -> Result<String, u32> {
    match family {
        AF_INET | AF_INET6 if from.is_null() => Err(STATUS_INVALID_PARAMETER),
        // SAFETY: this function's contract.
        AF_INET => Ok(address_text::print_ipv4(unsafe { from.cast::<[u8; 4]>().read() })),
        // SAFETY: this function's contract.
        AF_INET6 => Ok(address_text::print_ipv6(unsafe { from.cast::<[u8; 16]>().read() })),
        _ => Err(WSAEAFNOSUPPORT),
    }
}

/// Copies a terminated string out and gives it back, or null.
///
/// # Safety
/// `to` is writable for `size` units when not null.
unsafe fn put<T: Copy>(units: Result<Vec<T>, u32>, to: *mut T, size: usize) -> *const T {
    let units = match units {
        Ok(units) if !to.is_null() && units.len() <= size => units,
        Ok(_) => {
            set_last_error(STATUS_INVALID_PARAMETER);
            return ptr::null();
        }
        Err(code) => {
            set_last_error(code);
            return ptr::null();
        }
    };
    // SAFETY: this function's contract, and the size was just checked.
    unsafe { ptr::copy_nonoverlapping(units.as_ptr(), to, units.len()) };
    to
}

/// `inet_ntop`: an address as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_inet_ntop(
    Family: i32,
    pAddr: *const c_void,
    pStringBuf: *mut c_char,
    StringBufSize: usize,
) -> *const c_char {
    // SAFETY: the caller's promise: an address of the family.
    let text = unsafe { ntop(Family, pAddr) };
    let units = text.map(|text| text.bytes().chain([0]).map(|byte| byte as c_char).collect());
    // SAFETY: the caller's promise: writable for the size given.
    unsafe { put(units, pStringBuf, StringBufSize) }
}

/// `InetNtopW`: an address as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InetNtopW(
    Family: i32,
    pAddr: *const c_void,
    pStringBuf: *mut u16,
    StringBufSize: usize,
) -> *const u16 {
    // SAFETY: the caller's promise: an address of the family.
    let text = unsafe { ntop(Family, pAddr) };
    // SAFETY: the caller's promise: writable for the size given.
    unsafe { put(text.map(|text| utf16z(&text)), pStringBuf, StringBufSize) }
}

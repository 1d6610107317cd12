//! `WSAStartup` and `WSACleanup`: the gate in front of Winsock, and the last error.

use std::ffi::c_char;
use std::sync::atomic::{AtomicU32, Ordering};

use super::codes::{SOCKET_ERROR, WSAEFAULT, WSANOTINITIALISED, WSAVERNOTSUPPORTED};
use super::types::WSADATA;
use crate::errhandlingapi::{GetLastError, set_last_error};

const HIGHEST_VERSION: u16 = 0x0202;

static STARTED: AtomicU32 = AtomicU32::new(0);

/// Whether `WSAStartup` has been called more often than `WSACleanup`.
pub(crate) fn is_started() -> bool {
    STARTED.load(Ordering::Relaxed) != 0
}

/// Sets the last error and gives `SOCKET_ERROR`.
pub(crate) fn fail(code: u32) -> i32 {
    set_last_error(code);
    SOCKET_ERROR
}

/// Runs a call behind the gate. The last error is 0 after success.
pub(crate) fn call(body: impl FnOnce() -> Result<i32, u32>) -> i32 {
    if !is_started() {
        return fail(WSANOTINITIALISED);
    }
    match body() {
        Ok(value) => {
            set_last_error(0);
            value
        }
        Err(code) => fail(code),
    }
}

/// The version a caller gets, or `None` if what it asks for does not exist.
fn negotiate(requested: u16) -> Option<u16> {
    let [major, minor] = requested.to_le_bytes();
    match (major, minor) {
        (0, _) => None,
        (1, 0) => Some(0x0001),
        (1, _) => Some(0x0101),
        (2, 0..=2) => Some(requested),
        _ => Some(HIGHEST_VERSION),
    }
}

fn put(text: &[u8], field: &mut [c_char]) {
    for (to, from) in field.iter_mut().zip(text) {
        *to = *from as c_char;
    }
}

/// `WSAStartup`: opens the gate, and tells the version. The result is the error code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAStartup(wVersionRequested: u16, lpWSAData: *mut WSADATA) -> i32 {
    let version = negotiate(wVersionRequested);
    if lpWSAData.is_null() {
        return if version.is_none() { WSAVERNOTSUPPORTED } else { WSAEFAULT } as i32;
    }
    // SAFETY: the caller's promise: valid for writes when not null.
    let data = unsafe { &mut *lpWSAData };
    data.wVersion = version.unwrap_or(HIGHEST_VERSION);
    data.wHighVersion = HIGHEST_VERSION;
    let is_version_1 = wVersionRequested.to_le_bytes()[0] == 1;
    data.iMaxSockets = if is_version_1 { 32767 } else { 0 };
    data.iMaxUdpDg = if is_version_1 { 65467 } else { 0 };
    put(b"WinSock 2.0\0", &mut data.szDescription);
    put(b"Running\0", &mut data.szSystemStatus);
    if version.is_none() {
        return WSAVERNOTSUPPORTED as i32;
    }
    STARTED.fetch_add(1, Ordering::Relaxed);
    set_last_error(0);
    0
}

/// `WSACleanup`: undoes one `WSAStartup`. The last one closes every socket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSACleanup() -> i32 {
    let decrement = |count: u32| count.checked_sub(1);
    match STARTED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, decrement) {
        Err(_) => fail(WSANOTINITIALISED),
        Ok(before) => {
            if before == 1 {
                super::open::close_all();
            }
            set_last_error(0);
            0
        }
    }
}

/// `WSAGetLastError`: the same value as `GetLastError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAGetLastError() -> i32 {
    // SAFETY: it has no preconditions.
    unsafe { GetLastError() as i32 }
}

/// `WSASetLastError`: the same value as `SetLastError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSASetLastError(iError: i32) {
    set_last_error(iError as u32);
}

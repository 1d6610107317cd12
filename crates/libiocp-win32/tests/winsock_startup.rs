//! The gate in front of Winsock. One test: the count is the process'.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char};
use std::mem;
use std::ptr;

use iocp::winsock2::codes::INVALID_SOCKET;
use iocp::winsock2::inet::{WSAStringToAddressA, iocp_htons, iocp_inet_addr};
use iocp::winsock2::ioctl::ioctlsocket;
use iocp::winsock2::open::{closesocket, iocp_socket};
use iocp::winsock2::startup::{WSACleanup, WSAGetLastError, WSASetLastError, WSAStartup};
use iocp::winsock2::types::{SOCKADDR, SOCKET, WSADATA};

fn data() -> WSADATA {
    // SAFETY: all zeroes is a valid value of this plain structure.
    let mut data: WSADATA = unsafe { mem::zeroed() };
    data.lpVendorInfo = ptr::without_provenance_mut(0x5A5A);
    data
}

fn version(major: u8, minor: u8) -> u16 {
    u16::from_le_bytes([major, minor])
}

#[track_caller]
fn is_socket(s: SOCKET) -> bool {
    let mut value = 0u32;
    // SAFETY: a valid argument.
    unsafe { ioctlsocket(s, 0x4004_667F, &mut value) != -1 || WSAGetLastError() != 10038 }
}

fn resolve() -> (i32, i32) {
    let (mut address, mut len) = ([0u8; 16], 16);
    // SAFETY: a terminated string, and an address of the length told.
    unsafe {
        WSASetLastError(1234);
        let result = WSAStringToAddressA(
            c"1.2.3.4".as_ptr(),
            2,
            ptr::null(),
            address.as_mut_ptr().cast::<SOCKADDR>(),
            &mut len,
        );
        (result, WSAGetLastError())
    }
}

#[test]
fn sock_001_sock_002_sock_003_startup_and_cleanup() {
    // SAFETY: every pointer passed is valid for the call.
    unsafe {
        assert_eq!(resolve(), (-1, 10093), "before the first start");
        assert_eq!(iocp_htons(0x1234), 0x3412, "works without it");
        assert_eq!(iocp_inet_addr(c"1.2.3.4".as_ptr()), u32::from_ne_bytes([1, 2, 3, 4]));
        assert_eq!(WSACleanup(), -1);
        assert_eq!(WSAGetLastError(), 10093);

        for (asked, given) in [
            (version(1, 0), version(1, 0)),
            (version(1, 1), version(1, 1)),
            (version(1, 2), version(1, 1)),
            (version(1, 255), version(1, 1)),
            (version(2, 0), version(2, 0)),
            (version(2, 1), version(2, 1)),
            (version(2, 2), version(2, 2)),
            (version(2, 3), version(2, 2)),
            (version(3, 0), version(2, 2)),
            (version(255, 0), version(2, 2)),
        ] {
            let mut data = data();
            assert_eq!(WSAStartup(asked, &mut data), 0, "{asked:#x}");
            assert_eq!(data.wVersion, given, "{asked:#x}");
            assert_eq!(data.wHighVersion, 0x0202);
            assert_eq!(text(&data.szDescription), "WinSock 2.0");
            assert_eq!(text(&data.szSystemStatus), "Running");
            let limits = if asked & 0xFF == 1 { (32767, 65467) } else { (0, 0) };
            assert_eq!((data.iMaxSockets, data.iMaxUdpDg), limits, "{asked:#x}");
            assert_eq!(data.lpVendorInfo.addr(), 0x5A5A);
            assert_eq!(WSAStartup(asked, ptr::null_mut()), 10014);

            assert_eq!(WSAStartup(asked, &mut data), 0);
            WSASetLastError(1234);
            assert_eq!((WSACleanup(), WSAGetLastError()), (0, 0));
            assert_eq!(resolve(), (0, 0), "one start is left");
            WSASetLastError(1234);
            assert_eq!((WSACleanup(), WSAGetLastError()), (0, 0));
            assert_eq!(resolve(), (-1, 10093), "none is left");
            assert_eq!((WSACleanup(), WSAGetLastError()), (-1, 10093));
        }

        let mut data = data();
        for _ in 0..2 {
            assert_eq!(WSAStartup(version(2, 2), &mut data), 0);
        }
        let sockets = [iocp_socket(2, 1, 6), iocp_socket(2, 2, 17)];
        assert_eq!(WSACleanup(), 0);
        assert!(sockets.iter().all(|s| is_socket(*s)), "one start is left");
        assert_eq!(WSACleanup(), 0);
        assert_eq!((iocp_socket(2, 1, 6), WSAGetLastError()), (INVALID_SOCKET, 10093));
        assert_eq!((closesocket(sockets[0]), WSAGetLastError()), (-1, 10093));
        assert_eq!(WSAStartup(version(2, 2), &mut data), 0);
        assert!(!sockets.iter().any(|s| is_socket(*s)), "the last clean-up closes all");
        assert_eq!(WSACleanup(), 0);
        for asked in [version(0, 0), version(0, 1)] {
            assert_eq!(WSAStartup(asked, &mut data), 10092);
            assert_eq!((data.wVersion, data.wHighVersion), (0x0202, 0x0202));
            assert_eq!(text(&data.szSystemStatus), "Running");
            assert_eq!(WSAStartup(asked, ptr::null_mut()), 10092);
        }
        assert_eq!(resolve(), (-1, 10093), "a refused start does not count");
    }
}

fn text(field: &[c_char]) -> &str {
    // SAFETY: the call under test terminates the string within the field.
    unsafe { CStr::from_ptr(field.as_ptr()) }.to_str().unwrap_or("not ASCII")
}

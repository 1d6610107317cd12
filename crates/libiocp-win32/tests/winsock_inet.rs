//! Addresses as text, as Windows reads and prints them. The expectations were observed there.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::mem;
use std::ptr;

use iocp::winsock2::inet::{
    WSAAddressToStringA, WSAAddressToStringW, WSAStringToAddressA, WSAStringToAddressW, iocp_htonl,
    iocp_htons, iocp_inet_addr, iocp_inet_ntoa, iocp_ntohl, iocp_ntohs,
};
use iocp::winsock2::startup::{WSAGetLastError, WSASetLastError, WSAStartup};
use iocp::winsock2::types::{IN_ADDR, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6};
use iocp::ws2tcpip::inet::{InetNtopW, InetPtonW, iocp_inet_ntop, iocp_inet_pton};

const UNTOUCHED: i32 = 0x5EED;

fn start() {
    // SAFETY: all zeroes is a valid WSADATA, and the pointer is valid.
    unsafe {
        let mut data = mem::zeroed();
        assert_eq!(WSAStartup(0x0202, &mut data), 0);
        WSASetLastError(UNTOUCHED);
    }
}

fn last_error() -> i32 {
    // SAFETY: it has no preconditions.
    unsafe { WSAGetLastError() }
}

fn c(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| panic!("{text:?} has a NUL"))
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn inet_addr(text: &str) -> u32 {
    // SAFETY: a terminated string.
    unsafe { iocp_inet_addr(c(text).as_ptr()) }
}

#[test]
fn sock_165_inet_addr_reads_what_windows_reads() {
    start();
    let none = 0xFFFF_FFFF;
    // Four parts to one, the last filling what is left; decimal, octal, hexadecimal.
    for (text, octets) in [
        ("10.20.30.40", [10, 20, 30, 40]),
        ("10.20.7777", [10, 20, 0x1E, 0x61]),
        ("10.1234567", [10, 0x12, 0xD6, 0x87]),
        ("3232235777", [192, 168, 1, 1]),
        ("012.0x14.036.0X28", [10, 20, 30, 40]),
        ("0xC0A80101", [192, 168, 1, 1]),
        ("030052000401", [192, 168, 1, 1]),
        ("255.255.255.254", [255, 255, 255, 254]),
        ("00.00.00.00", [0; 4]),
    ] {
        assert_eq!(inet_addr(text), u32::from_ne_bytes(octets), "{text:?}");
    }
    // White space ends the address, whatever follows; a single space alone is zero.
    for (text, octets) in [
        ("10.20.30.40 fifty", [10, 20, 30, 40]),
        ("10.20.30\t.40", [10, 20, 0, 30]),
        ("10 20 30 40", [0, 0, 0, 10]),
        ("0x0a ", [0, 0, 0, 10]),
        (" ", [0; 4]),
    ] {
        assert_eq!(inet_addr(text), u32::from_ne_bytes(octets), "{text:?}");
    }
    for text in [
        "",
        "   ",
        "\n",
        ".",
        "..",
        "10.",
        ".10",
        "10..20",
        "10. 20",
        " 10.20.30.40",
        "x",
        "10.20.30.40.50",
        "10.20.30.256",
        "10.20.65536",
        "10.16777216",
        "256.0.0.1",
        "09",
        "0x",
        "0xg",
        "10.20.30.4a",
        "10.20.30.-4",
        "+10.20.30.40",
        "10.20.30.40:80",
        "[10.20.30.40]",
        "fe80::1",
        "10,20,30,40",
    ] {
        assert_eq!(inet_addr(text), none, "{text:?}");
    }
    assert_eq!(last_error(), UNTOUCHED);
    // SAFETY: null is refused without being read.
    assert_eq!((unsafe { iocp_inet_addr(ptr::null()) }, last_error()), (none, 10014));
}

#[test]
fn sock_165_inet_ntoa_has_a_buffer_for_each_thread() {
    let print = |octets| -> *mut c_char {
        // SAFETY: it has no preconditions.
        unsafe { iocp_inet_ntoa(IN_ADDR { s_addr: u32::from_ne_bytes(octets) }) }
    };
    let mine = print([10, 20, 30, 40]).addr();
    let theirs = std::thread::spawn(move || {
        // SAFETY: this thread's buffer holds a terminated string until its next call.
        assert_eq!(unsafe { CStr::from_ptr(print([40, 30, 20, 10])) }, c"40.30.20.10");
        print([255; 4]).addr()
    });
    let theirs = theirs.join().unwrap_or_else(|_| panic!("the other thread failed"));
    assert_ne!(mine, theirs);
    // SAFETY: as above.
    assert_eq!(unsafe { CStr::from_ptr(print([255; 4])) }, c"255.255.255.255");
}

#[test]
fn sock_001_byte_order() {
    // SAFETY: they have no preconditions.
    unsafe {
        assert_eq!((iocp_htons(0x1234), iocp_ntohs(0x1234)), (0x3412, 0x3412));
        assert_eq!((iocp_htonl(0x1234_5678), iocp_ntohl(0x1234_5678)), (0x7856_3412, 0x7856_3412));
    }
}

/// Both forms of `inet_pton`, with the same outcome.
fn pton<const N: usize>(family: i32, text: &str) -> (i32, [u8; N]) {
    let (mut narrow, mut broad) = ([0xAB; N], [0xAB; N]);
    // SAFETY: terminated strings, and room for an address of the family.
    unsafe {
        WSASetLastError(UNTOUCHED);
        let result = iocp_inet_pton(family, c(text).as_ptr(), narrow.as_mut_ptr().cast());
        assert_eq!(last_error(), UNTOUCHED, "{text:?}");
        assert_eq!(result, InetPtonW(family, wide(text).as_ptr(), broad.as_mut_ptr().cast()));
        assert_eq!(last_error(), if result == 1 { UNTOUCHED } else { 10022 }, "{text:?}");
        assert_eq!(narrow, broad, "{text:?}");
        (result, narrow)
    }
}

#[test]
fn sock_165_inet_pton_is_strict_about_ipv4() {
    for octets in [[10, 20, 30, 40], [0; 4], [255, 0, 1, 254]] {
        let [a, b, c, d] = octets;
        assert_eq!(pton::<4>(2, &format!("{a}.{b}.{c}.{d}")), (1, octets));
    }
    for text in [
        "",
        "  ",
        "10.20.30",
        "10.20",
        "10",
        "3232235777",
        "10.20.30.40.50",
        "10.20.30.256",
        "10.20.30.040",
        "10.20.30.0x28",
        "00.20.30.40",
        " 10.20.30.40",
        "10.20.30.40 ",
        "10.20. 30.40",
        "10.20.30.40:80",
        "[10.20.30.40]",
        "10.20.30.-4",
        "ten",
        "fe80::1",
    ] {
        assert_eq!(pton::<4>(2, text).0, 0, "{text:?}");
    }
}

#[test]
fn sock_165_inet_pton_reads_ipv6() {
    for (text, words) in [
        ("fe80:1:2:3:4:5:6:7", [0xFE80, 1, 2, 3, 4, 5, 6, 7]),
        ("FE80:01:002:0003::7", [0xFE80, 1, 2, 3, 0, 0, 0, 7]),
        ("::", [0; 8]),
        ("::7", [0, 0, 0, 0, 0, 0, 0, 7]),
        ("::2:3:4:5:6:7", [0, 0, 2, 3, 4, 5, 6, 7]),
        ("fe80::", [0xFE80, 0, 0, 0, 0, 0, 0, 0]),
        ("fe80::2:3:4:5:6:7", [0xFE80, 0, 2, 3, 4, 5, 6, 7]),
        ("fe80:1:2:3:4:5:6::", [0xFE80, 1, 2, 3, 4, 5, 6, 0]),
        ("::10.20.30.40", [0, 0, 0, 0, 0, 0, 0x0A14, 0x1E28]),
        ("64:ff9b::10.20.30.040", [0x64, 0xFF9B, 0, 0, 0, 0, 0x0A14, 0x1E28]),
        ("1:2:3:4:5:6:10.20.30.40", [1, 2, 3, 4, 5, 6, 0x0A14, 0x1E28]),
    ] {
        let mut bytes = [0; 16];
        for (pair, word) in bytes.chunks_exact_mut(2).zip(words) {
            pair.copy_from_slice(&u16::to_be_bytes(word));
        }
        assert_eq!(pton::<16>(23, text), (1, bytes), "{text:?}");
    }
    for text in [
        "",
        ":",
        ":::",
        "fe80",
        "fe80:",
        ":fe80::1",
        "fe80::1:",
        "10.20.30.40",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8:",
        "1::2::3",
        "1:2:3:4:5:6:7::8",
        "::1:2:3:4:5:6:7",
        "::10000",
        "::00001",
        "::g",
        "::-1",
        "::+1",
        "::0x1",
        "[fe80::1]",
        "fe80::1%2",
        "fe80::/10",
        "fe80:: 1",
        "::10.20.30",
        "::10.20.30.256",
        "::10.20.30.0040",
        "::10.20.30.40:1",
        "10.20.30.40::",
        "1:2:3:4:5:6:7:10.20.30.40",
    ] {
        assert_eq!(pton::<16>(23, text).0, 0, "{text:?}");
    }
}

#[test]
fn sock_165_inet_pton_argument_errors() {
    let mut buffer = [0u8; 16];
    // SAFETY: terminated strings or null, and room for any address.
    unsafe {
        for family in [0, 2] {
            assert_eq!(iocp_inet_pton(family, ptr::null(), buffer.as_mut_ptr().cast()), -1);
            assert_eq!(last_error(), 10014);
        }
        assert_eq!(iocp_inet_pton(0, c"127.0.0.1".as_ptr(), buffer.as_mut_ptr().cast()), -1);
        assert_eq!(last_error(), 10047);
    }
}

fn ntop(family: i32, address: &[u8], room: usize) -> Option<String> {
    let mut buffer = [b'?' as c_char; 64];
    let mut broad = [0u16; 64];
    // SAFETY: an address of the family, and more room than told.
    unsafe {
        let found = iocp_inet_ntop(family, address.as_ptr().cast(), buffer.as_mut_ptr(), room);
        let other = InetNtopW(family, address.as_ptr().cast(), broad.as_mut_ptr(), room);
        assert_eq!(found.is_null(), other.is_null());
        if found.is_null() {
            return None;
        }
        assert_eq!(found, buffer.as_ptr());
        let text = CStr::from_ptr(found).to_string_lossy().into_owned();
        assert!(broad.starts_with(&wide(&text)));
        Some(text)
    }
}

#[test]
fn sock_165_inet_ntop() {
    let ipv6 = |words: [u16; 8]| words.map(u16::to_be_bytes).concat();
    assert_eq!(ntop(2, &[10, 20, 30, 40], 12).as_deref(), Some("10.20.30.40"));
    assert_eq!(ntop(2, &[10, 20, 30, 40], 11), None, "no room for the terminator");
    assert_eq!(last_error() as u32, 0xC000_000D);
    for (words, text) in [
        ([0xFE80, 0, 0, 0, 0, 0, 0, 7], "fe80::7"),
        ([0x2001, 0xDB8, 0, 0, 0, 0, 0, 0], "2001:db8::"),
        ([0, 0, 0, 0, 0, 0xABCD, 1, 2], "::abcd:1:2"),
        ([0, 0, 0, 0, 0, 0, 0x0A14, 0x1E28], "::10.20.30.40"),
        ([0, 0, 0, 0, 0, 0xFFFF, 0x0A14, 0x1E28], "::ffff:10.20.30.40"),
    ] {
        assert_eq!(ntop(23, &ipv6(words), 64).as_deref(), Some(text));
        assert_eq!(ntop(23, &ipv6(words), text.len()), None, "{text}");
        assert_eq!(last_error() as u32, 0xC000_000D);
    }
    assert_eq!(ntop(1, &[0; 16], 64), None);
    assert_eq!(last_error(), 10047);
}

fn print<T>(address: &T) -> Option<String> {
    let (mut narrow, mut broad) = ([0 as c_char; 64], [0u16; 64]);
    let (mut len, mut broad_len) = (64, 64);
    let pointer = (&raw const *address).cast::<SOCKADDR>();
    let size = size_of::<T>() as u32;
    // SAFETY: an address of the size told, and buffers of the lengths told.
    unsafe {
        let result = WSAAddressToStringA(pointer, size, ptr::null(), narrow.as_mut_ptr(), &mut len);
        let other =
            WSAAddressToStringW(pointer, size, ptr::null(), broad.as_mut_ptr(), &mut broad_len);
        assert_eq!(result, other);
        if result != 0 {
            return None;
        }
        let text = CStr::from_ptr(narrow.as_ptr()).to_string_lossy().into_owned();
        assert_eq!((len, broad_len), (text.len() as u32 + 1, len));
        assert!(broad.starts_with(&wide(&text)));
        Some(text)
    }
}

fn ipv4(octets: [u8; 4], port: u16) -> SOCKADDR_IN {
    SOCKADDR_IN {
        sin_family: 2,
        sin_port: port.to_be(),
        sin_addr: IN_ADDR { s_addr: u32::from_ne_bytes(octets) },
        sin_zero: [0; 8],
    }
}

fn ipv6(first: u16, last: u16, scope: u32, port: u16) -> SOCKADDR_IN6 {
    let mut address = SOCKADDR_IN6 {
        sin6_family: 23,
        sin6_port: port.to_be(),
        sin6_scope_id: scope,
        ..SOCKADDR_IN6::default()
    };
    address.sin6_addr[..2].copy_from_slice(&first.to_be_bytes());
    address.sin6_addr[14..].copy_from_slice(&last.to_be_bytes());
    address
}

#[test]
fn sock_165_addresses_to_strings() {
    start();
    assert_eq!(print(&ipv4([10, 20, 30, 40], 0)).as_deref(), Some("10.20.30.40"));
    assert_eq!(print(&ipv4([10, 20, 30, 40], 8080)).as_deref(), Some("10.20.30.40:8080"));
    assert_eq!(print(&ipv6(0xFE80, 7, 0, 0)).as_deref(), Some("fe80::7"));
    assert_eq!(print(&ipv6(0xFE80, 7, 0, 8080)).as_deref(), Some("[fe80::7]:8080"));
    assert_eq!(print(&ipv6(0xFE80, 7, 3, 8080)).as_deref(), Some("[fe80::7%3]:8080"));
    assert_eq!(print(&ipv6(0xFE80, 7, 3, 0)).as_deref(), Some("fe80::7%3"));

    let (address, mut len) = (ipv4([10, 20, 30, 40], 0), 0);
    let pointer = (&raw const address).cast::<SOCKADDR>();
    // SAFETY: a valid address, and no room.
    let result =
        unsafe { WSAAddressToStringA(pointer, 16, ptr::null(), ptr::null_mut(), &mut len) };
    assert_eq!((result, last_error(), len), (-1, 10014, 12));
}

/// Both forms of `WSAStringToAddress`, with the same outcome: error, address, length.
fn parse<T: Default + PartialEq + std::fmt::Debug>(family: i32, text: &str) -> (i32, T, i32) {
    let (mut narrow, mut broad) = (T::default(), T::default());
    let room = size_of::<T>() as i32 + 10;
    let (mut len, mut broad_len) = (room, room);
    // SAFETY: terminated strings; the calls write no more than the structure.
    unsafe {
        let to = (&raw mut narrow).cast::<SOCKADDR>();
        let result = WSAStringToAddressA(c(text).as_ptr(), family, ptr::null(), to, &mut len);
        let error = last_error();
        assert_eq!(result, if error == 0 { 0 } else { -1 }, "{text:?}");
        let to = (&raw mut broad).cast::<SOCKADDR>();
        let units = wide(text);
        assert_eq!(
            WSAStringToAddressW(units.as_ptr(), family, ptr::null(), to, &mut broad_len),
            result
        );
        assert_eq!((&narrow, len), (&broad, broad_len));
        (error, narrow, len)
    }
}

#[test]
fn sock_165_strings_to_ipv4_addresses() {
    start();
    for (text, octets, port) in [
        ("10.20.30.40", [10, 20, 30, 40], 0),
        ("10.20.30.40:80", [10, 20, 30, 40], 80),
        ("10.20.30.40:65535", [10, 20, 30, 40], 65535),
        ("10.20.30.40:0x1F90", [10, 20, 30, 40], 8080),
        ("10.20.30.40:017620", [10, 20, 30, 40], 8080),
        ("012.0x14.7777:80", [10, 20, 0x1E, 0x61], 80),
        ("10.1234567", [10, 0x12, 0xD6, 0x87], 0),
        ("3232235777:80", [192, 168, 1, 1], 80),
        ("0x1C0A80101", [192, 168, 1, 1], 0),
    ] {
        assert_eq!(parse(2, text), (0, ipv4(octets, port), 16), "{text:?}");
    }
    // Wrong: what could be read is there, but for the family.
    for (text, octets) in [
        ("", [0; 4]),
        ("ten", [0; 4]),
        ("10.20.30.256", [0; 4]),
        ("10.20.30.40.50", [0; 4]),
        ("10.20.", [0; 4]),
        ("10.20.30.09", [0; 4]),
        ("10.20.30.0x", [0; 4]),
        (" 10.20.30.40", [0; 4]),
        ("10.20.30.40 ", [10, 20, 30, 40]),
        ("10.20.30.40:", [10, 20, 30, 40]),
        ("10.20.30.40:0", [10, 20, 30, 40]),
        ("10.20.30.40:65536", [10, 20, 30, 40]),
        ("10.20.30.40:09", [10, 20, 30, 40]),
        ("10.20.30.40: 80", [10, 20, 30, 40]),
        ("10.20.30.40:80:80", [10, 20, 30, 40]),
        ("10.20.30.4f", [10, 20, 30, 4]),
        ("fe80::1", [0; 4]),
        ("64::1", [0, 0, 0, 64]),
    ] {
        let wrong = SOCKADDR_IN { sin_family: 0, ..ipv4(octets, 0) };
        assert_eq!(parse(2, text), (10022, wrong, 26), "{text:?}");
    }
    let (mut address, mut len) = (SOCKADDR_IN::default(), 15);
    let to = (&raw mut address).cast::<SOCKADDR>();
    // SAFETY: a terminated string, and too little room.
    let result =
        unsafe { WSAStringToAddressA(c"10.20.30.40".as_ptr(), 2, ptr::null(), to, &mut len) };
    assert_eq!((result, last_error(), len), (-1, 10014, 16));
}

#[test]
fn sock_165_strings_to_ipv6_addresses() {
    start();
    assert_eq!(parse(23, "fe80::7"), (0, ipv6(0xFE80, 7, 0, 0), 28));
    assert_eq!(parse(23, "[fe80::7]"), (0, ipv6(0xFE80, 7, 0, 0), 28));
    assert_eq!(parse(23, "[fe80::7]:8080"), (0, ipv6(0xFE80, 7, 0, 8080), 28));
    assert_eq!(parse(23, "[fe80::7%3]:80"), (0, ipv6(0xFE80, 7, 3, 80), 28));
    for text in ["fe80::7]:80", "10.20.30.40", "fe80:", "", "[fe80::7", "[fe80::7]:0", "[]"] {
        let (error, address, len) = parse::<SOCKADDR_IN6>(23, text);
        assert_eq!((error, address.sin6_family, len), (10022, 0, 38), "{text:?}");
    }
}

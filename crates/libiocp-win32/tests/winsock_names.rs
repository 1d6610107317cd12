//! Names to addresses and back. Nothing here asks the network.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::mem;
use std::ptr;

use iocp::winsock2::names::{
    GetHostNameW, iocp_gethostbyaddr, iocp_gethostbyname, iocp_gethostname, iocp_getprotobyname,
    iocp_getprotobynumber, iocp_getservbyname, iocp_getservbyport,
};
use iocp::winsock2::startup::{WSAGetLastError, WSASetLastError, WSAStartup};
use iocp::winsock2::types::{ADDRINFOA, ADDRINFOW, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6};
use iocp::ws2tcpip::addrinfo::{FreeAddrInfoW, GetAddrInfoW, iocp_freeaddrinfo, iocp_getaddrinfo};
use iocp::ws2tcpip::nameinfo::iocp_getnameinfo;

const AI_PASSIVE: i32 = 1;
const AI_CANONNAME: i32 = 2;
const AI_NUMERICHOST: i32 = 4;

fn start() {
    // SAFETY: all zeroes is a valid WSADATA, and the pointer is valid.
    unsafe {
        let mut data = mem::zeroed();
        assert_eq!(WSAStartup(0x0202, &mut data), 0);
        WSASetLastError(1234);
    }
}

fn last_error() -> i32 {
    // SAFETY: it has no preconditions.
    unsafe { WSAGetLastError() }
}

fn hints() -> ADDRINFOA {
    // SAFETY: all zeroes is a valid value of this plain structure.
    unsafe { mem::zeroed() }
}

/// One entry of a list: family, type, protocol, address bytes, canonical name.
type Entry = (i32, i32, i32, Vec<u8>, Option<String>);

fn look_up(
    node: Option<&str>,
    service: Option<&str>,
    hints: Option<&ADDRINFOA>,
) -> Result<Vec<Entry>, i32> {
    let c = |text: &str| CString::new(text).unwrap_or_else(|_| panic!("{text:?} has a NUL"));
    let (node, service) = (node.map(c), service.map(c));
    let pointer = |text: &Option<CString>| text.as_deref().map_or(ptr::null(), CStr::as_ptr);
    let mut list = ptr::without_provenance_mut(0x5A5A);
    // SAFETY: terminated strings or null, valid hints or null; the list is read until freed.
    unsafe {
        let hints = hints.map_or(ptr::null(), ptr::from_ref);
        let code = iocp_getaddrinfo(pointer(&node), pointer(&service), hints, &mut list);
        assert_eq!(code, last_error());
        if code != 0 {
            assert!(list.is_null());
            return Err(code);
        }
        let mut entries = Vec::new();
        let mut next = list.cast_const();
        while let Some(entry) = next.as_ref() {
            assert_eq!(entry.ai_flags, 0);
            let bytes = std::slice::from_raw_parts(entry.ai_addr.cast::<u8>(), entry.ai_addrlen);
            let name = (!entry.ai_canonname.is_null())
                .then(|| CStr::from_ptr(entry.ai_canonname).to_string_lossy().into_owned());
            let types = (entry.ai_family, entry.ai_socktype, entry.ai_protocol);
            entries.push((types.0, types.1, types.2, bytes.to_vec(), name));
            next = entry.ai_next;
        }
        iocp_freeaddrinfo(list);
        assert!(!entries.is_empty());
        Ok(entries)
    }
}

fn ipv4(octets: [u8; 4], port: u16) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    [&[2, 0, high, low][..], &octets, &[0; 8]].concat()
}

fn ipv6(words: [u16; 8], port: u16) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    let words = words.map(u16::to_be_bytes).concat();
    [&[23, 0, high, low, 0, 0, 0, 0][..], &words, &[0; 4]].concat()
}

#[test]
fn sock_163_numeric_addresses() {
    start();
    let found = look_up(Some("10.20.30.40"), Some("80"), None);
    assert_eq!(found, Ok(vec![(2, 0, 0, ipv4([10, 20, 30, 40], 80), None)]));
    let words = [0xFE80, 0, 0, 0, 0, 0, 0, 7];
    for text in ["fe80::7", "[fe80::7]", "[fe80::7]:80"] {
        let found = look_up(Some(text), None, None);
        assert_eq!(found, Ok(vec![(23, 0, 0, ipv6(words, 0), None)]), "{text}");
    }
    let numeric = |family| ADDRINFOA { ai_flags: AI_NUMERICHOST, ai_family: family, ..hints() };
    for (text, family) in [
        ("localhost", 0),
        ("10.20.30.40:80", 0),
        ("[fe80::7", 23),
        ("fe80::7]", 23),
        ("[fe80::7]", 2),
    ] {
        assert_eq!(look_up(Some(text), None, Some(&numeric(family))), Err(11001), "{text}");
    }
}

#[test]
fn sock_163_type_and_protocol_are_handed_back() {
    start();
    for socktype in [0, 1, 2, 3, 5] {
        for protocol in [0, 6, 17, 41, 999] {
            let hints =
                ADDRINFOA { ai_family: 2, ai_socktype: socktype, ai_protocol: protocol, ..hints() };
            let found = look_up(Some("localhost"), None, Some(&hints));
            let address = ipv4([127, 0, 0, 1], 0);
            assert_eq!(found, Ok(vec![(2, socktype, protocol, address, None)]));
        }
    }
    let bad = ADDRINFOA { ai_socktype: 999, ..hints() };
    assert_eq!(look_up(Some("localhost"), None, Some(&bad)), Err(10044));
    let bad = ADDRINFOA { ai_family: 99, ..hints() };
    assert_eq!(look_up(Some("localhost"), None, Some(&bad)), Err(10047));
}

#[test]
fn sock_163_nothing_asked_and_bad_hints() {
    start();
    assert_eq!(look_up(None, None, None), Err(11001));
    let bad = ADDRINFOA { ai_flags: AI_CANONNAME, ..hints() };
    assert_eq!(look_up(None, Some("80"), Some(&bad)), Err(10022));
    let bad = ADDRINFOA { ai_addrlen: 16, ..hints() };
    assert_eq!(look_up(Some("localhost"), None, Some(&bad)), Err(11003));
    // SAFETY: null is refused.
    let code = unsafe {
        iocp_getaddrinfo(c"localhost".as_ptr(), ptr::null(), ptr::null(), ptr::null_mut())
    };
    assert_eq!(code, 10014);
}

#[test]
fn sock_163_services() {
    start();
    let address = |found: Result<Vec<Entry>, i32>| found.map(|list| list[0].3.clone());
    for (service, port) in [("http", 80), ("https", 443), ("telnet", 23), ("65535", 65535)] {
        let found = look_up(Some("127.0.0.1"), Some(service), None);
        assert_eq!(address(found), Ok(ipv4([127, 0, 0, 1], port)), "{service}");
    }
    let found = look_up(None, Some("no-such-service"), None);
    assert_eq!(found, Err(10109));
    let passive = ADDRINFOA { ai_flags: AI_PASSIVE, ai_family: 2, ai_socktype: 1, ..hints() };
    let found = look_up(None, Some("8080"), Some(&passive));
    assert_eq!(found, Ok(vec![(2, 1, 0, ipv4([0; 4], 8080), None)]));
    let active = ADDRINFOA { ai_family: 2, ..hints() };
    let found = look_up(None, Some("8080"), Some(&active));
    assert_eq!(address(found), Ok(ipv4([127, 0, 0, 1], 8080)));
    assert_eq!(look_up(None, Some(""), Some(&active)), look_up(None, Some("0"), Some(&active)));
}

#[test]
fn sock_163_this_host_and_canonical_names() {
    start();
    assert!(look_up(Some(""), None, None).is_ok());
    assert!(look_up(Some(""), Some("0"), None).is_ok());
    let canonical = ADDRINFOA { ai_flags: AI_CANONNAME, ..hints() };
    let found = look_up(Some("10.1.2.3"), None, Some(&canonical));
    let name = Some("10.1.2.3".to_owned());
    assert_eq!(found, Ok(vec![(2, 0, 0, ipv4([10, 1, 2, 3], 0), name)]));
}

#[test]
fn sock_163_utf16_form() {
    start();
    let units: Vec<u16> = "10.1.2.3".encode_utf16().chain([0]).collect();
    // SAFETY: terminated strings, valid hints; the list is read until freed.
    unsafe {
        let hints = ADDRINFOW { ai_flags: AI_CANONNAME, ..mem::zeroed() };
        let mut list = ptr::null_mut();
        assert_eq!(GetAddrInfoW(units.as_ptr(), ptr::null(), &hints, &mut list), 0);
        let entry = &*list;
        let name = std::slice::from_raw_parts(entry.ai_canonname, units.len());
        assert_eq!((name, entry.ai_addrlen), (&units[..], 16));
        FreeAddrInfoW(list);
        FreeAddrInfoW(ptr::null_mut());
        iocp_freeaddrinfo(ptr::null_mut());
    }
}

#[test]
fn sock_165_hostent_of_a_thread() {
    start();
    // SAFETY: terminated strings; the answer is read before the thread's next call.
    unsafe {
        let host = iocp_gethostbyname(c"localhost".as_ptr());
        assert_eq!(last_error(), 0);
        assert_eq!(((*host).h_addrtype, (*host).h_length), (2, 4));
        let first = *(*host).h_addr_list;
        assert_eq!(std::slice::from_raw_parts(first.cast::<u8>(), 4), [127, 0, 0, 1]);
        let mine = host.addr();
        let theirs = std::thread::spawn(|| iocp_gethostbyname(c"localhost".as_ptr()).addr());
        assert_ne!(theirs.join().unwrap_or(mine), mine);
        for name in [ptr::null(), c"".as_ptr()] {
            let host = iocp_gethostbyname(name);
            assert!(!host.is_null() && !(*(*host).h_addr_list).is_null());
        }
        assert!(iocp_gethostbyname(c"a name with spaces".as_ptr()).is_null());
        assert_eq!(last_error(), 11001);
        assert!(iocp_gethostbyaddr(ptr::null(), 4, 2).is_null());
        assert_eq!(last_error(), 10014);
        assert!(iocp_gethostbyaddr([127 as c_char, 0, 0].as_ptr(), 3, 2).is_null());
        assert_eq!(last_error(), 10014);
    }
}

#[test]
fn sock_165_gethostname() {
    start();
    let mut name = [b'?' as c_char; 256];
    // SAFETY: buffers of the lengths told, or longer.
    unsafe {
        assert_eq!(iocp_gethostname(ptr::null_mut(), 256), -1);
        assert_eq!(last_error(), 10014);
        assert_eq!(iocp_gethostname(name.as_mut_ptr(), 256), 0);
        let len = CStr::from_ptr(name.as_ptr()).to_bytes().len() as i32;
        let mut short = [b'?' as c_char; 256];
        assert_eq!(iocp_gethostname(short.as_mut_ptr(), len), -1);
        assert_eq!((last_error(), short[0]), (10014, b'?' as c_char));
        assert_eq!(iocp_gethostname(short.as_mut_ptr(), len + 1), 0);
        let mut broad = [0u16; 256];
        assert_eq!(GetHostNameW(broad.as_mut_ptr(), len), -1);
        assert_eq!((last_error(), broad[0]), (10014, 0));
        assert_eq!(GetHostNameW(broad.as_mut_ptr(), len + 1), 0);
    }
}

#[test]
fn sock_165_services_and_protocols() {
    start();
    let text = |pointer: *mut c_char| {
        // SAFETY: a terminated string in the thread's buffer.
        unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
    };
    // SAFETY: terminated strings; each answer is read before the next call of its kind.
    unsafe {
        for (name, proto, port) in [(c"ntp", c"udp", 123u16), (c"smtp", c"tcp", 25)] {
            let service = iocp_getservbyname(name.as_ptr(), proto.as_ptr());
            assert_eq!((*service).s_port as u16, port.to_be());
            assert_eq!(text((*service).s_proto), proto.to_string_lossy());
            assert_eq!(text((*service).s_name), name.to_string_lossy());
        }
        assert!(iocp_getservbyname(c"no-such-service".as_ptr(), ptr::null()).is_null());
        assert_eq!(last_error(), 11004);
        let service = iocp_getservbyport(i32::from(80u16.to_be()), c"tcp".as_ptr());
        assert_eq!(text((*service).s_name), "http");
        for name in [c"tcp", c"TCP", c"Tcp"] {
            assert_eq!((*iocp_getprotobyname(name.as_ptr())).p_proto, 6);
        }
        let protocol = iocp_getprotobynumber(17);
        assert_eq!(text((*protocol).p_name), "udp");
        assert_eq!(text(*(*protocol).p_aliases), "UDP");
        assert!(iocp_getprotobynumber(2).is_null());
        assert_eq!(last_error(), 11004);
    }
}

#[test]
fn sock_163_nameinfo() {
    start();
    let mut address = SOCKADDR_IN { sin_family: 2, ..SOCKADDR_IN::default() };
    address.sin_port = 80u16.to_be();
    address.sin_addr.s_addr = u32::from_ne_bytes([10, 1, 2, 3]);
    let (mut host, mut service) = ([0 as c_char; 64], [0 as c_char; 64]);
    let mut ask = |address: *const SOCKADDR, len, room, flags| {
        // SAFETY: an address of the length told or null, and buffers of the lengths told.
        let code = unsafe {
            iocp_getnameinfo(address, len, host.as_mut_ptr(), room, service.as_mut_ptr(), 64, flags)
        };
        assert_eq!(code, last_error());
        let text = |buffer: &[c_char]| {
            // SAFETY: zeroed at first, and terminated by the call.
            unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_string_lossy().into_owned()
        };
        (code, text(&host), text(&service))
    };
    let pointer = (&raw const address).cast();
    assert_eq!(ask(pointer, 16, 64, 2 | 8), (0, "10.1.2.3".into(), "80".into()));
    assert_eq!(ask(pointer, 16, 64, 2), (0, "10.1.2.3".into(), "http".into()));
    assert_eq!(ask(pointer, 16, 4, 2).0, 122);
    assert_eq!(ask(pointer, 15, 64, 2).0, 10014);
    assert_eq!(ask(ptr::null(), 16, 64, 2).0, 10014);
    let mut address = SOCKADDR_IN6 { sin6_family: 23, ..SOCKADDR_IN6::default() };
    address.sin6_addr[15] = 1;
    assert_eq!(ask((&raw const address).cast(), 28, 64, 2 | 8), (0, "::1".into(), "0".into()));
    address.sin6_family = 99;
    assert_eq!(ask((&raw const address).cast(), 28, 64, 2).0, 10047);
}

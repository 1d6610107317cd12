//! Hosts, services and protocols: the system's databases, and behind them the few entries
//! that every Windows has and a small Linux may lack.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

/// A service. The port is in host order.
pub(crate) struct Service {
    pub(crate) name: Vec<u8>,
    pub(crate) aliases: Vec<Vec<u8>>,
    pub(crate) tcp_port: u16,
    pub(crate) protocol: Vec<u8>,
}

/// A protocol.
pub(crate) struct Protocol {
    pub(crate) name: Vec<u8>,
    pub(crate) aliases: Vec<Vec<u8>>,
    pub(crate) number: i32,
}

/// A host and its addresses of one family.
pub(crate) struct Host {
    pub(crate) name: Vec<u8>,
    pub(crate) aliases: Vec<Vec<u8>>,
    pub(crate) addresses: Vec<Vec<u8>>,
}

const SERVICES: &[(&str, u16, &str)] = &[
    ("echo", 7, "tcp udp"),
    ("discard", 9, "tcp udp"),
    ("daytime", 13, "tcp udp"),
    ("qotd", 17, "tcp udp"),
    ("chargen", 19, "tcp udp"),
    ("ftp-data", 20, "tcp"),
    ("ftp", 21, "tcp"),
    ("ssh", 22, "tcp"),
    ("telnet", 23, "tcp"),
    ("smtp", 25, "tcp"),
    ("time", 37, "tcp udp"),
    ("domain", 53, "tcp udp"),
    ("tftp", 69, "udp"),
    ("http", 80, "tcp"),
    ("kerberos", 88, "tcp udp"),
    ("pop3", 110, "tcp"),
    ("nntp", 119, "tcp"),
    ("ntp", 123, "udp"),
    ("imap", 143, "tcp"),
    ("snmp", 161, "udp"),
    ("ldap", 389, "tcp"),
    ("https", 443, "tcp udp"),
    ("microsoft-ds", 445, "tcp udp"),
    ("syslog", 514, "udp"),
    ("ldaps", 636, "tcp"),
    ("imaps", 993, "tcp"),
    ("pop3s", 995, "tcp"),
    ("ms-sql-s", 1433, "tcp udp"),
    ("nfs", 2049, "udp"),
    ("ms-wbt-server", 3389, "tcp"),
];

const PROTOCOLS: &[(&str, &str, i32)] = &[
    ("ip", "IP", 0),
    ("icmp", "ICMP", 1),
    ("ggp", "GGP", 3),
    ("tcp", "TCP", 6),
    ("egp", "EGP", 8),
    ("pup", "PUP", 12),
    ("udp", "UDP", 17),
    ("hmp", "HMP", 20),
    ("xns-idp", "XNS-IDP", 22),
    ("rdp", "RDP", 27),
    ("ipv6", "IPv6", 41),
    ("ipv6-route", "IPv6-Route", 43),
    ("ipv6-frag", "IPv6-Frag", 44),
    ("esp", "ESP", 50),
    ("ah", "AH", 51),
    ("ipv6-icmp", "IPv6-ICMP", 58),
    ("ipv6-nonxt", "IPv6-NoNxt", 59),
    ("ipv6-opts", "IPv6-Opts", 60),
    ("rvd", "RVD", 66),
];

/// glibc's `struct hostent` and `struct servent` are as these.
#[repr(C)]
struct LibcHost {
    name: *const c_char,
    aliases: *const *const c_char,
    family: c_int,
    length: c_int,
    addresses: *const *const c_char,
}

#[repr(C)]
struct LibcService {
    name: *const c_char,
    aliases: *const *const c_char,
    port: c_int,
    protocol: *const c_char,
}

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        result: *mut LibcHost,
        buffer: *mut c_char,
        size: usize,
        found: *mut *mut LibcHost,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const c_void,
        length: u32,
        family: c_int,
        result: *mut LibcHost,
        buffer: *mut c_char,
        size: usize,
        found: *mut *mut LibcHost,
        error: *mut c_int,
    ) -> c_int;
    fn getservbyname_r(
        name: *const c_char,
        protocol: *const c_char,
        result: *mut LibcService,
        buffer: *mut c_char,
        size: usize,
        found: *mut *mut LibcService,
    ) -> c_int;
    fn getservbyport_r(
        port: c_int,
        protocol: *const c_char,
        result: *mut LibcService,
        buffer: *mut c_char,
        size: usize,
        found: *mut *mut LibcService,
    ) -> c_int;
}

/// Calls one of libc's `_r` functions with a buffer that grows until it suffices, and takes
/// what it found before the buffer goes.
fn with_buffer<T, R>(
    mut call: impl FnMut(*mut T, *mut c_char, usize, *mut *mut T) -> c_int,
    take: impl FnOnce(&T) -> R,
) -> Option<R> {
    let mut buffer = vec![0; 1024];
    loop {
        let (mut result, mut found) = (MaybeUninit::uninit(), ptr::null_mut());
        let code = call(result.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len(), &mut found);
        if code == libc::ERANGE && buffer.len() < 1 << 20 {
            buffer.resize(buffer.len() * 4, 0);
            continue;
        }
        // SAFETY: libc sets it to null or to the result it filled; the buffer still lives.
        return unsafe { found.as_ref() }.filter(|_| code == 0).map(take);
    }
}

/// # Safety
/// A terminated string.
unsafe fn bytes(text: *const c_char) -> Vec<u8> {
    // SAFETY: this function's contract.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// # Safety
/// A list of valid pointers that a null pointer ends, or null.
unsafe fn list<T>(mut entries: *const *const c_char, take: impl Fn(*const c_char) -> T) -> Vec<T> {
    let mut all = Vec::new();
    if entries.is_null() {
        return all;
    }
    // SAFETY: this function's contract.
    while let Some(entry) = unsafe { entries.read().as_ref() } {
        all.push(take(entry));
        // SAFETY: the list goes on after an entry that is not null.
        entries = unsafe { entries.add(1) };
    }
    all
}

fn take_host(host: &LibcHost) -> Host {
    let length = host.length as usize;
    // SAFETY: libc's strings and lists; each address has the length told.
    unsafe {
        Host {
            name: bytes(host.name),
            aliases: list(host.aliases, |alias| bytes(alias)),
            addresses: list(host.addresses, |address| {
                std::slice::from_raw_parts(address.cast::<u8>(), length).to_vec()
            }),
        }
    }
}

fn take_service(service: &LibcService) -> Service {
    // SAFETY: libc's strings and lists.
    unsafe {
        Service {
            name: bytes(service.name),
            aliases: list(service.aliases, |alias| bytes(alias)),
            tcp_port: u16::from_be(service.port as u16),
            protocol: bytes(service.protocol),
        }
    }
}

/// The host's own name.
pub(crate) fn host_name() -> Vec<u8> {
    let mut buffer = [0u8; 256];
    // SAFETY: one byte is kept for the terminator, which libc may leave out.
    let code = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    let name = CStr::from_bytes_until_nul(&buffer).map_or(&b""[..], CStr::to_bytes);
    if code != 0 || name.is_empty() { b"localhost".to_vec() } else { name.to_vec() }
}

/// The IPv4 addresses of a name; the error is libc's `h_errno`.
pub(crate) fn host_by_name(name: &[u8]) -> Result<Host, i32> {
    const HOST_NOT_FOUND: i32 = 1;
    let name = CString::new(name).map_err(|_| HOST_NOT_FOUND)?;
    let mut error = HOST_NOT_FOUND;
    let found = with_buffer(
        |result, buffer, size, found| {
            // SAFETY: valid pointers, and a buffer of the size told.
            libiocp::blocking(|| unsafe {
                gethostbyname_r(name.as_ptr(), result, buffer, size, found, &mut error)
            })
        },
        take_host,
    );
    found.ok_or(error)
}

/// The name of an address of a kernel family; the error is libc's `h_errno`.
pub(crate) fn host_by_address(address: &[u8], family: i32) -> Result<Host, i32> {
    let (pointer, length) = (address.as_ptr().cast(), address.len() as u32);
    let mut error = 1;
    let found = with_buffer(
        |result, buffer, size, found| {
            // SAFETY: valid pointers, and a buffer of the size told.
            libiocp::blocking(|| unsafe {
                gethostbyaddr_r(pointer, length, family, result, buffer, size, found, &mut error)
            })
        },
        take_host,
    );
    found.ok_or(error)
}

fn built_in(entry: &(&str, u16, &str), protocol: Option<&[u8]>) -> Option<Service> {
    let known = entry.2.split(' ').find(|known| protocol.is_none_or(|p| p == known.as_bytes()))?;
    Some(Service {
        name: entry.0.into(),
        aliases: Vec::new(),
        tcp_port: entry.1,
        protocol: known.into(),
    })
}

/// A service by its name, for a protocol or for any.
pub(crate) fn service_by_name(name: &[u8], protocol: Option<&[u8]>) -> Option<Service> {
    let c_name = CString::new(name).ok()?;
    let c_protocol = protocol.map(CString::new).transpose().ok()?;
    let protocol_pointer = c_protocol.as_deref().map_or(ptr::null(), CStr::as_ptr);
    let found = with_buffer(
        |result, buffer, size, found| {
            // SAFETY: valid pointers, and a buffer of the size told.
            unsafe {
                getservbyname_r(c_name.as_ptr(), protocol_pointer, result, buffer, size, found)
            }
        },
        take_service,
    );
    found.or_else(|| {
        let mut entries = SERVICES.iter().filter(|entry| entry.0.as_bytes() == name);
        entries.find_map(|entry| built_in(entry, protocol))
    })
}

/// A service by its port, in host order, for a protocol or for any.
pub(crate) fn service_by_port(tcp_port: u16, protocol: Option<&[u8]>) -> Option<Service> {
    let c_protocol = protocol.map(CString::new).transpose().ok()?;
    let protocol_pointer = c_protocol.as_deref().map_or(ptr::null(), CStr::as_ptr);
    let port = c_int::from(tcp_port.to_be());
    let found = with_buffer(
        |result, buffer, size, found| {
            // SAFETY: valid pointers, and a buffer of the size told.
            unsafe { getservbyport_r(port, protocol_pointer, result, buffer, size, found) }
        },
        take_service,
    );
    found.or_else(|| {
        let mut entries = SERVICES.iter().filter(|entry| entry.1 == tcp_port);
        entries.find_map(|entry| built_in(entry, protocol))
    })
}

fn protocol(entry: &(&str, &str, i32)) -> Protocol {
    Protocol { name: entry.0.into(), aliases: vec![entry.1.into()], number: entry.2 }
}

/// A protocol by its name, in letters of either case.
pub(crate) fn protocol_by_name(name: &[u8]) -> Option<Protocol> {
    let is_named = |entry: &&(&str, &str, i32)| name.eq_ignore_ascii_case(entry.0.as_bytes());
    PROTOCOLS.iter().find(is_named).map(protocol)
}

/// A protocol by its number.
pub(crate) fn protocol_by_number(number: i32) -> Option<Protocol> {
    PROTOCOLS.iter().find(|entry| entry.2 == number).map(protocol)
}

//! `gethostname`, `gethostbyname`, `getservbyname` and their kin. The answers lie in buffers
//! of the calling thread, until its next call of the same kind.

use std::cell::RefCell;
use std::ffi::c_char;
use std::ptr;

use super::codes::{
    AF_INET, AF_INET6, WSAEAFNOSUPPORT, WSAEFAULT, WSAHOST_NOT_FOUND, WSANO_DATA, WSANO_RECOVERY,
    WSANOTINITIALISED, WSATRY_AGAIN,
};
use super::database::{self, Host, Protocol, Service};
use super::startup::{call, is_started};
use super::types::{HOSTENT, PROTOENT, SERVENT};
use crate::errhandlingapi::set_last_error;
use crate::sockaddr::kernel_family;
use crate::winsock2::text::{narrow, utf16z};

/// The memory behind one answer: strings, and lists of pointers into them.
struct Memory<T> {
    entry: Option<Box<T>>,
    strings: Vec<Box<[u8]>>,
    lists: Vec<Box<[*mut c_char]>>,
}

impl<T> Memory<T> {
    const fn new() -> Memory<T> {
        Memory { entry: None, strings: Vec::new(), lists: Vec::new() }
    }

    fn clear(&mut self) {
        *self = Memory::new();
    }

    fn block(&mut self, bytes: Box<[u8]>) -> *mut c_char {
        self.strings.push(bytes);
        self.strings.last_mut().map_or(ptr::null_mut(), |bytes| bytes.as_mut_ptr().cast())
    }

    fn string(&mut self, text: &[u8]) -> *mut c_char {
        self.block(text.iter().copied().chain([0]).collect())
    }

    fn list(&mut self, mut pointers: Vec<*mut c_char>) -> *mut *mut c_char {
        pointers.push(ptr::null_mut());
        self.lists.push(pointers.into_boxed_slice());
        self.lists.last_mut().map_or(ptr::null_mut(), |list| list.as_mut_ptr())
    }

    fn strings(&mut self, texts: &[Vec<u8>]) -> *mut *mut c_char {
        let pointers = texts.iter().map(|text| self.string(text)).collect();
        self.list(pointers)
    }

    fn publish(&mut self, entry: T) -> *mut T {
        &raw mut **self.entry.insert(Box::new(entry))
    }
}

thread_local! {
    static HOST: RefCell<Memory<HOSTENT>> = const { RefCell::new(Memory::new()) };
    static SERVICE: RefCell<Memory<SERVENT>> = const { RefCell::new(Memory::new()) };
    static PROTOCOL: RefCell<Memory<PROTOENT>> = const { RefCell::new(Memory::new()) };
}

/// Runs a look-up behind the gate; null and the last error on failure.
fn look_up<T>(body: impl FnOnce() -> Result<*mut T, u32>) -> *mut T {
    let outcome = if is_started() { body() } else { Err(WSANOTINITIALISED) };
    set_last_error(outcome.err().unwrap_or(0));
    outcome.unwrap_or(ptr::null_mut())
}

fn publish_host(host: &Host, family: i32) -> *mut HOSTENT {
    HOST.with_borrow_mut(|memory| {
        memory.clear();
        let addresses = host.addresses.iter();
        let addresses =
            addresses.map(|bytes| memory.block(bytes.clone().into_boxed_slice())).collect();
        let entry = HOSTENT {
            h_name: memory.string(&host.name),
            h_aliases: memory.strings(&host.aliases),
            h_addrtype: family as i16,
            h_length: host.addresses.first().map_or(0, Vec::len) as i16,
            h_addr_list: memory.list(addresses),
        };
        memory.publish(entry)
    })
}

fn publish_service(service: &Service) -> *mut SERVENT {
    SERVICE.with_borrow_mut(|memory| {
        memory.clear();
        let entry = SERVENT {
            s_name: memory.string(&service.name),
            s_aliases: memory.strings(&service.aliases),
            s_proto: memory.string(&service.protocol),
            s_port: service.tcp_port.to_be() as i16,
        };
        memory.publish(entry)
    })
}

fn publish_protocol(protocol: &Protocol) -> *mut PROTOENT {
    PROTOCOL.with_borrow_mut(|memory| {
        memory.clear();
        let entry = PROTOENT {
            p_name: memory.string(&protocol.name),
            p_aliases: memory.strings(&protocol.aliases),
            p_proto: protocol.number as i16,
        };
        memory.publish(entry)
    })
}

/// What libc's `h_errno` is in Winsock.
fn host_error(h_errno: i32) -> u32 {
    match h_errno {
        2 => WSATRY_AGAIN,
        3 | -1 => WSANO_RECOVERY,
        4 => WSANO_DATA,
        _ => WSAHOST_NOT_FOUND,
    }
}

/// # Safety
/// A terminated string, or null.
unsafe fn optional<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: this function's contract.
    (!text.is_null()).then(|| unsafe { narrow(text) })
}

/// `gethostname`: this host's name, terminated; nothing is written if it does not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_gethostname(name: *mut c_char, namelen: i32) -> i32 {
    call(|| {
        let host_name = database::host_name();
        if name.is_null() || namelen <= host_name.len() as i32 {
            return Err(WSAEFAULT);
        }
        // SAFETY: the caller's promise: writable for the length given, which was checked.
        unsafe {
            ptr::copy_nonoverlapping(host_name.as_ptr().cast(), name, host_name.len());
            name.add(host_name.len()).write(0);
        }
        Ok(0)
    })
}

/// `GetHostNameW`: this host's name, terminated; nothing is written if it does not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetHostNameW(name: *mut u16, namelen: i32) -> i32 {
    call(|| {
        let units = utf16z(&String::from_utf8_lossy(&database::host_name()));
        if name.is_null() || namelen < units.len() as i32 {
            return Err(WSAEFAULT);
        }
        // SAFETY: the caller's promise: writable for the length given, which was checked.
        unsafe { ptr::copy_nonoverlapping(units.as_ptr(), name, units.len()) };
        Ok(0)
    })
}

/// `gethostbyname`: the IPv4 addresses of a host; of this one if the name is null or empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_gethostbyname(name: *const c_char) -> *mut HOSTENT {
    look_up(|| {
        // SAFETY: the caller's promise: a terminated string or null.
        let name = unsafe { optional(name) }.filter(|name| !name.is_empty());
        let own_name = database::host_name();
        let found = database::host_by_name(name.unwrap_or(&own_name));
        // This host's name need not be in any database here; Windows always has it.
        let found = match found {
            Err(_) if name.is_none_or(|name| name == own_name) => {
                database::host_by_name(b"localhost").map(|host| Host { name: own_name, ..host })
            }
            other => other,
        };
        found.map(|host| publish_host(&host, AF_INET)).map_err(host_error)
    })
}

/// `gethostbyaddr`: the name of an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_gethostbyaddr(
    addr: *const c_char,
    len: i32,
    r#type: i32,
) -> *mut HOSTENT {
    look_up(|| {
        let size = match r#type {
            AF_INET => 4,
            AF_INET6 => 16,
            _ => return Err(WSAEAFNOSUPPORT),
        };
        if addr.is_null() || len < size {
            return Err(WSAEFAULT);
        }
        // SAFETY: the caller's promise: readable for the length given, which was checked.
        let address = unsafe { std::slice::from_raw_parts(addr.cast::<u8>(), size as usize) };
        let family = kernel_family(r#type).ok_or(WSAEAFNOSUPPORT)?;
        let found = database::host_by_address(address, family);
        found.map(|host| publish_host(&host, r#type)).map_err(host_error)
    })
}

/// `getservbyname`: a service, for a protocol or for any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getservbyname(
    name: *const c_char,
    proto: *const c_char,
) -> *mut SERVENT {
    look_up(|| {
        // SAFETY: the caller's promise: terminated strings or null.
        let (name, proto) = unsafe { (optional(name), optional(proto)) };
        let name = name.ok_or(WSANO_DATA)?;
        let found = database::service_by_name(name, proto);
        found.map(|service| publish_service(&service)).ok_or(WSANO_DATA)
    })
}

/// `getservbyport`: the service of a port, which is in network order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getservbyport(port: i32, proto: *const c_char) -> *mut SERVENT {
    look_up(|| {
        // SAFETY: the caller's promise: a terminated string or null.
        let proto = unsafe { optional(proto) };
        let found = database::service_by_port(u16::from_be(port as u16), proto);
        found.map(|service| publish_service(&service)).ok_or(WSANO_DATA)
    })
}

/// `getprotobyname`: a protocol by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getprotobyname(name: *const c_char) -> *mut PROTOENT {
    look_up(|| {
        // SAFETY: the caller's promise: a terminated string or null.
        let name = unsafe { optional(name) }.ok_or(WSANO_DATA)?;
        let found = database::protocol_by_name(name);
        found.map(|protocol| publish_protocol(&protocol)).ok_or(WSANO_DATA)
    })
}

/// `getprotobynumber`: a protocol by its number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getprotobynumber(number: i32) -> *mut PROTOENT {
    look_up(|| {
        let found = database::protocol_by_number(number);
        found.map(|protocol| publish_protocol(&protocol)).ok_or(WSANO_DATA)
    })
}

//! `getaddrinfo` and `GetAddrInfoW`: libc resolves, the answer is in Windows' layout.

use std::ffi::{CStr, CString, c_char};
use std::mem;
use std::ptr;

use libiocp::engine::Address;

use crate::errhandlingapi::set_last_error;
use crate::sockaddr::{kernel_family, windows_bytes, windows_family};
use crate::winsock2::address_text;
use crate::winsock2::codes::{
    AF_UNSPEC, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, WSA_NOT_ENOUGH_MEMORY, WSAEAFNOSUPPORT,
    WSAEFAULT, WSAEINVAL, WSAESOCKTNOSUPPORT, WSAHOST_NOT_FOUND, WSANO_DATA, WSANO_RECOVERY,
    WSANOTINITIALISED, WSATRY_AGAIN, WSATYPE_NOT_FOUND,
};
use crate::winsock2::database;
use crate::winsock2::startup::is_started;
use crate::winsock2::text::{narrow, utf8, utf16z};
use crate::winsock2::types::{ADDRINFO, ADDRINFOA, ADDRINFOW, SOCKADDR};

/// Windows' flag, libc's flag.
const FLAGS: &[(i32, i32)] = &[
    (0x1, libc::AI_PASSIVE),
    (0x2, libc::AI_CANONNAME),
    (0x4, libc::AI_NUMERICHOST),
    (0x100, libc::AI_ALL),
    (0x400, libc::AI_ADDRCONFIG),
    (0x800, libc::AI_V4MAPPED),
    // The name in full, which is what libc's canonical name is.
    (0x2_0000, libc::AI_CANONNAME),
];
const AI_CANONNAME: i32 = 0x2;
const AI_NUMERICSERV: i32 = 0x8;

/// What to look up, in neither world's form.
struct Question {
    node: Option<Vec<u8>>,
    service: Option<Vec<u8>>,
    flags: i32,
    family: i32,
    socket_type: i32,
    protocol: i32,
}

/// One answer.
struct Answer {
    address: Address,
    family: i32,
    canonical_name: Option<String>,
}

/// What libc's `EAI_` code is in Winsock.
fn resolver_error(code: i32) -> u32 {
    match code {
        libc::EAI_AGAIN => WSATRY_AGAIN,
        libc::EAI_FAIL | libc::EAI_SYSTEM => WSANO_RECOVERY,
        libc::EAI_NODATA => WSANO_DATA,
        libc::EAI_SERVICE => WSATYPE_NOT_FOUND,
        libc::EAI_FAMILY => WSAEAFNOSUPPORT,
        libc::EAI_SOCKTYPE => WSAESOCKTNOSUPPORT,
        libc::EAI_BADFLAGS => WSAEINVAL,
        libc::EAI_MEMORY => WSA_NOT_ENOUGH_MEMORY,
        _ => WSAHOST_NOT_FOUND,
    }
}

/// The port a service name stands for, in host order.
fn service_port(question: &Question) -> Result<u16, u32> {
    let Some(service) = question.service.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    if let Some(number) = std::str::from_utf8(service).ok().and_then(|text| text.parse().ok()) {
        return Ok(number);
    }
    if question.flags & AI_NUMERICSERV != 0 {
        return Err(WSAHOST_NOT_FOUND);
    }
    let protocol: Option<&[u8]> = match question.socket_type {
        SOCK_STREAM => Some(b"tcp"),
        SOCK_DGRAM => Some(b"udp"),
        _ => None,
    };
    let found = database::service_by_name(service, protocol).ok_or(WSATYPE_NOT_FOUND)?;
    Ok(found.tcp_port)
}

/// The name libc is to look up. An address in brackets loses them, and a port behind them.
fn node_name(question: &Question) -> Result<Option<CString>, u32> {
    let Some(node) = question.node.as_deref() else { return Ok(None) };
    let name = if node.is_empty() {
        database::host_name()
    } else if node.starts_with(b"[") {
        address_text::sockaddr_in6(node)
            .map(|address| address_text::print_ipv6(address.sin6_addr).into_bytes())
            .ok_or(WSAHOST_NOT_FOUND)?
    } else {
        node.to_vec()
    };
    CString::new(name).map(Some).map_err(|_| WSAHOST_NOT_FOUND)
}

fn check(question: &Question) -> Result<(), u32> {
    if question.node.is_none() && question.service.is_none() {
        return Err(WSAHOST_NOT_FOUND);
    }
    if question.flags & AI_CANONNAME != 0 && question.node.is_none() {
        return Err(WSAEINVAL);
    }
    let is_family = question.family == AF_UNSPEC || kernel_family(question.family).is_some();
    if !is_family || question.family == libc::AF_UNIX {
        return Err(WSAEAFNOSUPPORT);
    }
    match question.socket_type {
        0 | SOCK_STREAM..=SOCK_SEQPACKET => Ok(()),
        _ => Err(WSAESOCKTNOSUPPORT),
    }
}

/// Asks libc, and gives each address once: the caller's type and protocol are only handed
/// back, whatever they are.
fn resolve(question: &Question) -> Result<Vec<Answer>, u32> {
    check(question)?;
    let port = service_port(question)?;
    let node = node_name(question)?;
    // SAFETY: all zeroes is a valid value of this plain structure.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    for (windows, kernel) in FLAGS {
        if question.flags & windows != 0 {
            hints.ai_flags |= kernel;
        }
    }
    hints.ai_flags |= libc::AI_NUMERICSERV;
    hints.ai_family = kernel_family(question.family).unwrap_or(libc::AF_UNSPEC);
    // One answer an address.
    hints.ai_socktype = libc::SOCK_STREAM;
    let service = CString::new(port.to_string()).map_err(|_| WSATYPE_NOT_FOUND)?;
    let ask = |node: Option<&CStr>| {
        let mut list = ptr::null_mut();
        let name = node.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: terminated strings or null, and valid pointers.
        let mut ask = || unsafe { libc::getaddrinfo(name, service.as_ptr(), &hints, &mut list) };
        let is_local = node.is_none() || hints.ai_flags & libc::AI_NUMERICHOST != 0;
        match if is_local { ask() } else { libiocp::blocking(ask) } {
            0 => Ok(list),
            code => Err(resolver_error(code)),
        }
    };
    let list = match ask(node.as_deref()) {
        // The host's own name need not be in any database here; Windows always has it.
        Err(_) if question.node.as_deref() == Some(b"") => ask(Some(c"localhost"))?,
        other => other?,
    };
    let answers = collect(list, question);
    // SAFETY: the list is libc's, and freed once.
    unsafe { libc::freeaddrinfo(list) };
    if answers.is_empty() { Err(WSAHOST_NOT_FOUND) } else { Ok(answers) }
}

fn collect(list: *const libc::addrinfo, question: &Question) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut next = list;
    // SAFETY: libc's list is valid until it is freed, with or without a next entry.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ai_next;
        let (bytes, len) = (entry.ai_addr.cast::<u8>(), entry.ai_addrlen as usize);
        // SAFETY: the entry's address has the length told.
        let address = Address::from_bytes(unsafe { std::slice::from_raw_parts(bytes, len) });
        if answers.iter().any(|known| known.address == address) {
            continue;
        }
        let canonical_name = if entry.ai_canonname.is_null() {
            None
        } else {
            // SAFETY: a terminated string of libc's.
            let name = unsafe { narrow(entry.ai_canonname) };
            Some(String::from_utf8_lossy(name).into_owned())
        };
        answers.push(Answer { address, family: windows_family(entry.ai_family), canonical_name });
    }
    // Numeric text is its own canonical name; libc leaves it out for some forms.
    if question.flags & AI_CANONNAME != 0
        && let (Some(first), Some(node)) = (answers.first_mut(), question.node.as_deref())
        && first.canonical_name.is_none()
    {
        first.canonical_name = Some(String::from_utf8_lossy(node).into_owned());
    }
    answers
}

/// Memory that [`release`] frees: zeroed, of at least one byte.
fn allocate<T>(count: usize) -> Option<*mut T> {
    // SAFETY: it has no preconditions.
    let memory = unsafe { libc::calloc(count.max(1), size_of::<T>()) };
    (!memory.is_null()).then_some(memory.cast())
}

/// Builds the list in Windows' layout, each entry apart: programs take lists to pieces.
fn publish<C: Copy>(
    answers: &[Answer],
    question: &Question,
    units: impl Fn(&str) -> Vec<C>,
) -> Result<*mut ADDRINFO<C>, u32> {
    let mut head = ptr::null_mut();
    for answer in answers.iter().rev() {
        let entry = publish_one(answer, question, &units);
        let Some(entry) = entry else {
            // SAFETY: the entries so far are whole, and nobody has seen them.
            unsafe { release(head) };
            return Err(WSA_NOT_ENOUGH_MEMORY);
        };
        // SAFETY: the entry was just made.
        unsafe { (*entry).ai_next = head };
        head = entry;
    }
    Ok(head)
}

fn publish_one<C: Copy>(
    answer: &Answer,
    question: &Question,
    units: impl Fn(&str) -> Vec<C>,
) -> Option<*mut ADDRINFO<C>> {
    let (bytes, len) = windows_bytes(&answer.address);
    let name = answer.canonical_name.as_deref().map(units);
    let entry: *mut ADDRINFO<C> = allocate(1)?;
    let address: Option<*mut u8> = allocate(len);
    let text: Option<*mut C> = name.as_deref().map_or(Some(ptr::null_mut()), |name| {
        let text = allocate(name.len())?;
        // SAFETY: as many units as were just allocated.
        unsafe { ptr::copy_nonoverlapping(name.as_ptr(), text, name.len()) };
        Some(text)
    });
    let (Some(address), Some(text)) = (address, text) else {
        // SAFETY: each is null or was just allocated.
        unsafe {
            libc::free(address.unwrap_or(ptr::null_mut()).cast());
            libc::free(text.unwrap_or(ptr::null_mut()).cast());
            libc::free(entry.cast());
        }
        return None;
    };
    // SAFETY: `address` has `len` bytes, and the entry was just allocated.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), address, len);
        entry.write(ADDRINFO {
            ai_flags: 0,
            ai_family: answer.family,
            ai_socktype: question.socket_type,
            ai_protocol: question.protocol,
            ai_addrlen: len,
            ai_canonname: text,
            ai_addr: address.cast::<SOCKADDR>(),
            ai_next: ptr::null_mut(),
        });
    }
    Some(entry)
}

/// Frees a list.
///
/// # Safety
/// `list` is null or a list of [`publish`], not yet freed.
unsafe fn release<C>(list: *mut ADDRINFO<C>) {
    let mut next = list;
    while !next.is_null() {
        // SAFETY: this function's contract.
        let entry = unsafe { next.read() };
        // SAFETY: the three were allocated together.
        unsafe {
            libc::free(entry.ai_addr.cast());
            libc::free(entry.ai_canonname.cast());
            libc::free(next.cast());
        }
        next = entry.ai_next;
    }
}

/// The question without its names.
///
/// # Safety
/// `hints` is null or valid.
unsafe fn question<C>(hints: *const ADDRINFO<C>) -> Result<Question, u32> {
    let mut question = Question {
        node: None,
        service: None,
        flags: 0,
        family: AF_UNSPEC,
        socket_type: 0,
        protocol: 0,
    };
    // SAFETY: this function's contract.
    let Some(hints) = (unsafe { hints.as_ref() }) else { return Ok(question) };
    let is_clean = hints.ai_addrlen == 0
        && hints.ai_canonname.is_null()
        && hints.ai_addr.is_null()
        && hints.ai_next.is_null();
    if !is_clean {
        return Err(WSANO_RECOVERY);
    }
    question.flags = hints.ai_flags;
    question.family = hints.ai_family;
    question.socket_type = hints.ai_socktype;
    question.protocol = hints.ai_protocol;
    Ok(question)
}

/// Looks up and stores the list; the result is the error code, and the last error too.
///
/// # Safety
/// `result` is null or valid for writes; `ask` keeps the callers' promises.
unsafe fn answer<C: Copy>(
    result: *mut *mut ADDRINFO<C>,
    ask: impl FnOnce() -> Result<Question, u32>,
    units: impl Fn(&str) -> Vec<C>,
) -> i32 {
    let outcome = if result.is_null() {
        Err(WSAEFAULT)
    } else if !is_started() {
        Err(WSANOTINITIALISED)
    } else {
        ask().and_then(|question| publish(&resolve(&question)?, &question, units))
    };
    let code = outcome.err().unwrap_or(0);
    if !result.is_null() {
        // SAFETY: this function's contract.
        unsafe { result.write(outcome.unwrap_or(ptr::null_mut())) };
    }
    set_last_error(code);
    code as i32
}

/// `getaddrinfo`: the addresses of a host and the port of a service.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_getaddrinfo(
    pNodeName: *const c_char,
    pServiceName: *const c_char,
    pHints: *const ADDRINFOA,
    ppResult: *mut *mut ADDRINFOA,
) -> i32 {
    let ask = || {
        // SAFETY: the caller's promise: valid hints and terminated strings, or null.
        unsafe {
            let mut question = question(pHints)?;
            question.node = (!pNodeName.is_null()).then(|| narrow(pNodeName).to_vec());
            question.service = (!pServiceName.is_null()).then(|| narrow(pServiceName).to_vec());
            Ok(question)
        }
    };
    let units = |text: &str| text.bytes().chain([0]).map(|byte| byte as c_char).collect();
    // SAFETY: the caller's promise: valid for writes.
    unsafe { answer(ppResult, ask, units) }
}

/// `freeaddrinfo`: frees a list of `getaddrinfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iocp_freeaddrinfo(pAddrInfo: *mut ADDRINFOA) {
    // SAFETY: the caller's promise: a list of ours, not yet freed, or null.
    unsafe { release(pAddrInfo) }
}

/// `GetAddrInfoW`: the addresses of a host and the port of a service.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetAddrInfoW(
    pNodeName: *const u16,
    pServiceName: *const u16,
    pHints: *const ADDRINFOW,
    ppResult: *mut *mut ADDRINFOW,
) -> i32 {
    let ask = || {
        // SAFETY: the caller's promise: valid hints and terminated strings, or null.
        unsafe {
            let mut question = question(pHints)?;
            question.node = (!pNodeName.is_null()).then(|| utf8(pNodeName).into_bytes());
            question.service = (!pServiceName.is_null()).then(|| utf8(pServiceName).into_bytes());
            Ok(question)
        }
    };
    // SAFETY: the caller's promise: valid for writes.
    unsafe { answer(ppResult, ask, utf16z) }
}

/// `FreeAddrInfoW`: frees a list of `GetAddrInfoW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeAddrInfoW(pAddrInfo: *mut ADDRINFOW) {
    // SAFETY: the caller's promise: a list of ours, not yet freed, or null.
    unsafe { release(pAddrInfo) }
}

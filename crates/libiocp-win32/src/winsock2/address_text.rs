//! Addresses as text: what Windows accepts, which is more than Linux does in IPv4 (octal, hex,
//! fewer than four parts) and less in IPv6, and what it prints.

use std::ffi::CStr;
use std::fmt::Write as _;

use super::types::{SOCKADDR_IN, SOCKADDR_IN6};

// INET6_ADDRSTRLEN
const ADDRESS_TEXT_BYTES: usize = 46;

/// A number at the head of `text`, decimal, octal after `0`, hexadecimal after `0x`; it wraps
/// at 32 bits. Gives what follows it too.
fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let (base, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'0'..=b'9', ..] => (8, &text[1..]),
        _ => (10, text),
    };
    let len = digits.iter().take_while(|byte| (**byte as char).is_digit(base)).count();
    let (digits, rest) = digits.split_at(len);
    if digits.is_empty() {
        return None;
    }
    let add = |value: u32, byte: &u8| {
        value.wrapping_mul(base).wrapping_add((*byte as char).to_digit(base).unwrap_or(0))
    };
    Some((digits.iter().fold(0, add), rest))
}

/// An IPv4 address of one to four parts at the head of `text`, the last part filling what is
/// left of the 32 bits. In host order, with what follows it.
pub(crate) fn ipv4(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut parts = [0u32; 4];
    let mut count = 0;
    let mut rest = text;
    loop {
        let (part, after) = number(rest)?;
        parts[count] = part;
        count += 1;
        match after {
            [b'.', next @ ..] if count < 4 => rest = next,
            [b'.', ..] => return None,
            _ => {
                rest = after;
                break;
            }
        }
    }
    let (last, leading) = parts[..count].split_last()?;
    let last_bits = 32 - 8 * leading.len() as u32;
    if leading.iter().any(|part| *part > 255) || u64::from(*last) >> last_bits != 0 {
        return None;
    }
    let head = leading.iter().fold(0u64, |value, part| value << 8 | u64::from(*part));
    Some((((head << last_bits) | u64::from(*last)) as u32, rest))
}

/// Exactly four decimal parts without leading zeroes, and nothing else.
pub(crate) fn ipv4_strict(text: &[u8]) -> Option<[u8; 4]> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse::<std::net::Ipv4Addr>().ok().map(|address| address.octets())
}

/// Four decimal parts of at most three digits at the end of an IPv6 address.
fn embedded_ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let mut parts = text.split(|byte| *byte == b'.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let value = part.iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        *octet = u8::try_from(value).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// Groups separated by single colons; an IPv4 address may stand for the last two.
fn groups(text: &[u8]) -> Option<Vec<u16>> {
    let mut words = Vec::new();
    if text.is_empty() {
        return Some(words);
    }
    let mut parts = text.split(|byte| *byte == b':').peekable();
    while let Some(part) = parts.next() {
        if part.contains(&b'.') {
            if parts.peek().is_some() {
                return None;
            }
            let [a, b, c, d] = embedded_ipv4(part)?;
            words.extend([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
            continue;
        }
        if part.is_empty() || part.len() > 4 {
            return None;
        }
        words.push(u16::from_str_radix(std::str::from_utf8(part).ok()?, 16).ok()?);
        if part[0] == b'+' {
            return None;
        }
    }
    Some(words)
}

/// An IPv6 address, and nothing else.
pub(crate) fn ipv6(text: &[u8]) -> Option<[u8; 16]> {
    let gap = text.windows(2).position(|pair| pair == b"::");
    let mut words = [0u16; 8];
    match gap {
        None => words = groups(text)?.try_into().ok()?,
        Some(at) => {
            let (head, tail) = (groups(&text[..at])?, groups(&text[at + 2..])?);
            // Windows takes `::` for two groups at least where it comes first.
            let most = if at == 0 { 6 } else { 7 };
            if head.len() + tail.len() > most || text[..at].contains(&b'.') {
                return None;
            }
            words[..head.len()].copy_from_slice(&head);
            words[8 - tail.len()..].copy_from_slice(&tail);
        }
    }
    let mut bytes = [0; 16];
    for (pair, word) in bytes.chunks_exact_mut(2).zip(words) {
        pair.copy_from_slice(&word.to_be_bytes());
    }
    Some(bytes)
}

/// A port: 1 to 65535 in any of the three bases, and nothing else.
fn port(text: &[u8]) -> Option<u16> {
    match number(text)? {
        (value @ 1..=65535, []) => Some(value as u16),
        _ => None,
    }
}

/// `address[:port]`. The second value tells what of the address could be read before the
/// text turned out to be wrong.
pub(crate) fn sockaddr_in(text: &[u8]) -> Result<SOCKADDR_IN, SOCKADDR_IN> {
    let Some((address, rest)) = ipv4(text) else {
        return Err(SOCKADDR_IN::default());
    };
    let mut found = SOCKADDR_IN::default();
    found.sin_addr.s_addr = address.to_be();
    match rest {
        [] => {}
        [b':', digits @ ..] => match port(digits) {
            Some(port) => found.sin_port = port.to_be(),
            None => return Err(found),
        },
        _ => return Err(found),
    }
    found.sin_family = super::codes::AF_INET as u16;
    Ok(found)
}

/// `address[%scope]`, or the same in brackets with an optional `:port` behind them.
pub(crate) fn sockaddr_in6(text: &[u8]) -> Option<SOCKADDR_IN6> {
    let (inside, tail) = match text {
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            (&rest[..end], &rest[end + 1..])
        }
        _ => (text, &[][..]),
    };
    let mut found = SOCKADDR_IN6::default();
    match tail {
        [] => {}
        [b':', digits @ ..] => found.sin6_port = port(digits)?.to_be(),
        _ => return None,
    }
    let (address, scope) = match inside.iter().position(|byte| *byte == b'%') {
        Some(at) => (&inside[..at], Some(&inside[at + 1..])),
        None => (inside, None),
    };
    if let Some(scope) = scope {
        if scope.is_empty() || !scope.iter().all(u8::is_ascii_digit) {
            return None;
        }
        found.sin6_scope_id = std::str::from_utf8(scope).ok()?.parse().ok()?;
    }
    found.sin6_addr = ipv6(address)?;
    found.sin6_family = super::codes::AF_INET6 as u16;
    Some(found)
}

/// The text of an IPv4 address.
pub(crate) fn print_ipv4(octets: [u8; 4]) -> String {
    std::net::Ipv4Addr::from(octets).to_string()
}

/// The text of an IPv6 address; the last two groups of a compatible or mapped IPv4 address
/// are printed as such.
pub(crate) fn print_ipv6(bytes: [u8; 16]) -> String {
    let mut buffer = [0u8; ADDRESS_TEXT_BYTES];
    let (from, to) = (bytes.as_ptr().cast(), buffer.as_mut_ptr().cast());
    // SAFETY: `from` is 16 bytes, and `to` has the length told.
    unsafe { libc_inet_ntop(libc::AF_INET6, from, to, ADDRESS_TEXT_BYTES as u32) };
    let text = CStr::from_bytes_until_nul(&buffer).unwrap_or_default();
    text.to_string_lossy().into_owned()
}

unsafe extern "C" {
    #[link_name = "inet_ntop"]
    fn libc_inet_ntop(
        family: i32,
        from: *const libc::c_void,
        to: *mut libc::c_char,
        size: u32,
    ) -> *const libc::c_char;
}

/// `address[:port]`.
pub(crate) fn print_sockaddr_in(address: &SOCKADDR_IN) -> String {
    let mut text = print_ipv4(address.sin_addr.s_addr.to_ne_bytes());
    if address.sin_port != 0 {
        let _ = write!(text, ":{}", u16::from_be(address.sin_port));
    }
    text
}

/// `address[%scope]`, in brackets if a port follows.
pub(crate) fn print_sockaddr_in6(address: &SOCKADDR_IN6) -> String {
    let mut text = print_ipv6(address.sin6_addr);
    if address.sin6_scope_id != 0 {
        let _ = write!(text, "%{}", address.sin6_scope_id);
    }
    if address.sin6_port != 0 {
        text = format!("[{text}]:{}", u16::from_be(address.sin6_port));
    }
    text
}

//! Strings between the worlds: terminated C strings, UTF-16, and the bytes Linux uses.
//!
//! Bytes are UTF-8. A lone surrogate, which UTF-8 cannot say, becomes the three bytes it would
//! have in UTF-8 (called WTF-8), so every UTF-16 string survives the way there and back.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};

use crate::types::{DWORD, LPCSTR, LPCWSTR};

/// The bytes of a terminated string, without the terminator.
///
/// # Safety
/// `string` points to a terminated string that stays as it is for `'a`.
pub(crate) unsafe fn narrow<'a>(string: LPCSTR) -> &'a [u8] {
    // SAFETY: this function's contract.
    unsafe { CStr::from_ptr(string) }.to_bytes()
}

/// The length of a terminated UTF-16 string.
///
/// # Safety
/// `string` points to a terminated string.
pub(crate) unsafe fn wide_len(string: LPCWSTR) -> usize {
    let mut len = 0;
    // SAFETY: this function's contract: every unit up to the terminator can be read.
    while unsafe { *string.add(len) } != 0 {
        len += 1;
    }
    len
}

/// The units of a terminated UTF-16 string, without the terminator.
///
/// # Safety
/// `string` points to a terminated string that stays as it is for `'a`.
pub(crate) unsafe fn wide<'a>(string: LPCWSTR) -> &'a [u16] {
    // SAFETY: this function's contract; the length was counted.
    unsafe { std::slice::from_raw_parts(string, wide_len(string)) }
}

/// UTF-16 to bytes; a lone surrogate becomes its three-byte form.
pub(crate) fn to_bytes(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len());
    for item in char::decode_utf16(units.iter().copied()) {
        match item {
            Ok(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => bytes.extend_from_slice(&surrogate_bytes(lone.unpaired_surrogate())),
        }
    }
    bytes
}

/// The three bytes that stand for a lone surrogate.
pub(crate) fn surrogate_bytes(unit: u16) -> [u8; 3] {
    [0xED, 0x80 | ((unit >> 6) & 0x3F) as u8, 0x80 | (unit & 0x3F) as u8]
}

/// Bytes to UTF-16: the reverse of [`to_bytes`]; other bytes become U+FFFD.
pub(crate) fn to_wide(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    decode(bytes, true, |unit| units.push(unit.unwrap_or(0xFFFD)));
    units
}

/// Decodes UTF-8 unit by unit; `None` stands for each malformed sequence, as long as Unicode's
/// recommended practice makes it. With `surrogates`, the bytes of a lone surrogate are decoded.
pub(crate) fn decode(bytes: &[u8], surrogates: bool, mut emit: impl FnMut(Option<u16>)) {
    let mut at = 0;
    while at < bytes.len() {
        if let [0xED, b @ 0xA0..=0xBF, c @ 0x80..=0xBF, ..] = bytes[at..]
            && surrogates
        {
            emit(Some(0xD000 | (u16::from(b & 0x3F) << 6) | u16::from(c & 0x3F)));
            at += 3;
            continue;
        }
        let (scalar, len) = decode_one(&bytes[at..]);
        match scalar {
            Some(c) => {
                for &unit in c.encode_utf16(&mut [0; 2]).iter() {
                    emit(Some(unit));
                }
            }
            None => emit(None),
        }
        at += len;
    }
}

/// The first scalar of a non-empty slice, or `None` with the length of what is malformed.
fn decode_one(bytes: &[u8]) -> (Option<char>, usize) {
    let (len, low, high) = match bytes[0] {
        0x00..=0x7F => return (Some(char::from(bytes[0])), 1),
        0xC2..=0xDF => (2, 0x80, 0xBF),
        0xE0 => (3, 0xA0, 0xBF),
        0xE1..=0xEC | 0xEE..=0xEF => (3, 0x80, 0xBF),
        0xED => (3, 0x80, 0x9F),
        0xF0 => (4, 0x90, 0xBF),
        0xF1..=0xF3 => (4, 0x80, 0xBF),
        0xF4 => (4, 0x80, 0x8F),
        _ => return (None, 1),
    };
    let mut value = u32::from(bytes[0]) & (0x7F >> len);
    for at in 1..len {
        let (low, high) = if at == 1 { (low, high) } else { (0x80, 0xBF) };
        match bytes.get(at) {
            Some(&byte) if (low..=high).contains(&byte) => {
                value = (value << 6) | u32::from(byte & 0x3F);
            }
            _ => return (None, at),
        }
    }
    (char::from_u32(value), len)
}

/// A C string of the bytes up to the first zero.
pub(crate) fn c_string(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}

/// What a call wants that returns a length: enough room, or the size that would be.
///
/// Copies the text and a terminator and gives the length without it; when that does not fit,
/// copies nothing and gives the length with it.
///
/// # Safety
/// `buffer` is valid for writes of `room` units, or null.
pub(crate) unsafe fn deliver<T: Copy + Default>(
    source: &[T],
    buffer: *mut T,
    room: DWORD,
) -> DWORD {
    let len = source.len();
    if buffer.is_null() || (room as usize) <= len {
        return saturate(len + 1);
    }
    // SAFETY: this function's contract: `len` and the terminator fit into `room`.
    unsafe {
        std::ptr::copy_nonoverlapping(source.as_ptr(), buffer, len);
        buffer.add(len).write(T::default());
    }
    saturate(len)
}

/// A length as a `DWORD`.
pub(crate) fn saturate(len: usize) -> DWORD {
    DWORD::try_from(len).unwrap_or(DWORD::MAX)
}

/// Bytes as the characters of a narrow C string.
pub(crate) fn chars(bytes: &[u8]) -> &[c_char] {
    // SAFETY: `u8` and `c_char` have the same layout.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

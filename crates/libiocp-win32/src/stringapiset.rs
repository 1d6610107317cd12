//! `stringapiset.h`: between narrow strings and UTF-16, and comparing.
//!
//! The code pages of the system (`CP_ACP` and its kin) are UTF-8 here and keep lone surrogates,
//! so a string survives the way there and back; `CP_UTF8` itself replaces them, as on Windows.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cmp::Ordering;

use crate::codes::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_FLAGS, ERROR_INVALID_PARAMETER,
    ERROR_NO_UNICODE_TRANSLATION,
};
use crate::errhandlingapi::set_last_error;
use crate::text;
use crate::types::{BOOL, DWORD, FALSE, LPCSTR, LPCWSTR, LPSTR, LPWSTR};

const MB_PRECOMPOSED: DWORD = 1;
const MB_COMPOSITE: DWORD = 2;
const MB_USEGLYPHCHARS: DWORD = 4;
const MB_ERR_INVALID_CHARS: DWORD = 8;
const WC_ERR_INVALID_CHARS: DWORD = 0x80;
const WC_NO_BEST_FIT_CHARS: DWORD = 0x400;
const WC_COMPOSITE_BITS: DWORD = 0x270;

const CSTR_LESS_THAN: i32 = 1;
const CSTR_EQUAL: i32 = 2;
const CSTR_GREATER_THAN: i32 = 3;

/// A code page there are tables for.
#[derive(Clone, Copy, PartialEq)]
enum Page {
    System,
    Utf8,
    Ascii,
    Latin1,
    Windows1252,
}

/// U+0080 to U+009F in code page 1252; the five bytes it leaves undefined map to themselves.
const WINDOWS_1252: [u16; 32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
];

impl Page {
    fn of(number: u32) -> Option<Page> {
        match number {
            0 | 1 | 3 => Some(Page::System),
            65001 => Some(Page::Utf8),
            20127 => Some(Page::Ascii),
            28591 => Some(Page::Latin1),
            1252 => Some(Page::Windows1252),
            _ => None,
        }
    }

    /// The character of a byte in a page of single bytes.
    fn wide(self, byte: u8) -> Option<u16> {
        match (self, byte) {
            (Page::Ascii, 0x80..) => None,
            (Page::Windows1252, 0x80..=0x9F) => Some(WINDOWS_1252[usize::from(byte - 0x80)]),
            _ => Some(byte.into()),
        }
    }

    /// The byte of a character in a page of single bytes.
    fn byte(self, unit: u16) -> Option<u8> {
        if unit < 0x80 {
            return Some(unit as u8);
        }
        match self {
            Page::Latin1 if unit <= 0xFF => Some(unit as u8),
            Page::Windows1252 if (0xA0..=0xFF).contains(&unit) => Some(unit as u8),
            Page::Windows1252 => {
                WINDOWS_1252.iter().position(|&u| u == unit).map(|at| 0x80 + at as u8)
            }
            _ => None,
        }
    }
}

fn refuse(code: u32) -> i32 {
    set_last_error(code);
    0
}

/// Copies a result out, or tells its length when no room was given.
///
/// # Safety
/// `to` is valid for writes of `room` units when `room` is not 0.
unsafe fn give<T: Copy>(from: &[T], to: *mut T, room: i32) -> i32 {
    let Ok(len) = i32::try_from(from.len()) else { return refuse(ERROR_INVALID_PARAMETER) };
    if room == 0 {
        return len;
    }
    let fits = len.min(room) as usize;
    // SAFETY: this function's contract; `fits` is at most `room`.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, fits) };
    if len > room { refuse(ERROR_INSUFFICIENT_BUFFER) } else { len }
}

/// `MultiByteToWideChar`: a narrow string as UTF-16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MultiByteToWideChar(
    CodePage: u32,
    dwFlags: DWORD,
    lpMultiByteStr: LPCSTR,
    cbMultiByte: i32,
    lpWideCharStr: LPWSTR,
    cchWideChar: i32,
) -> i32 {
    let clash = lpMultiByteStr.addr() == lpWideCharStr.addr();
    if lpMultiByteStr.is_null()
        || cbMultiByte == 0
        || cchWideChar < 0
        || (cchWideChar != 0 && (lpWideCharStr.is_null() || clash))
    {
        return refuse(ERROR_INVALID_PARAMETER);
    }
    let Some(page) = Page::of(CodePage) else { return refuse(ERROR_INVALID_PARAMETER) };
    let known = match page {
        Page::Utf8 => MB_ERR_INVALID_CHARS,
        _ => MB_PRECOMPOSED | MB_COMPOSITE | MB_USEGLYPHCHARS | MB_ERR_INVALID_CHARS,
    };
    let both = MB_PRECOMPOSED | MB_COMPOSITE;
    if dwFlags & !known != 0 || dwFlags & both == both {
        return refuse(ERROR_INVALID_FLAGS);
    }
    // SAFETY: the caller's promise: that many bytes, or a terminated string.
    let source = unsafe {
        let len = match usize::try_from(cbMultiByte) {
            Ok(len) => len,
            // A negative length means the terminator ends the string and is part of it.
            Err(_) => text::narrow(lpMultiByteStr).len() + 1,
        };
        std::slice::from_raw_parts(lpMultiByteStr.cast::<u8>(), len)
    };
    let mut malformed = false;
    let mut units = Vec::with_capacity(source.len());
    let mut emit = |unit: Option<u16>| {
        malformed |= unit.is_none();
        units.push(unit.unwrap_or(0xFFFD));
    };
    match page {
        Page::System | Page::Utf8 => text::decode(source, page == Page::System, emit),
        _ => source.iter().for_each(|&byte| emit(page.wide(byte))),
    }
    if malformed && dwFlags & MB_ERR_INVALID_CHARS != 0 {
        return refuse(ERROR_NO_UNICODE_TRANSLATION);
    }
    // SAFETY: the caller's promise: that much room.
    unsafe { give(&units, lpWideCharStr, cchWideChar) }
}

/// Whether the flags and the default character are allowed for the page.
fn narrowing_error(page: Page, flags: DWORD, default: bool, strict: bool) -> Option<u32> {
    let known = match page {
        Page::Utf8 => WC_ERR_INVALID_CHARS,
        Page::System => WC_ERR_INVALID_CHARS | WC_NO_BEST_FIT_CHARS | WC_COMPOSITE_BITS,
        _ => WC_NO_BEST_FIT_CHARS | WC_COMPOSITE_BITS,
    };
    if page == Page::Utf8 && (default || strict) {
        return Some(ERROR_INVALID_PARAMETER);
    }
    (flags & !known != 0).then_some(ERROR_INVALID_FLAGS)
}

/// Narrows to the page. Gives the bytes, and whether anything had no place in it.
fn narrowed(page: Page, source: &[u16], default: &[u8]) -> (Vec<u8>, bool) {
    let mut lossy = false;
    let mut bytes = Vec::with_capacity(source.len() * 3);
    for item in char::decode_utf16(source.iter().copied()) {
        match (page, item) {
            (Page::System | Page::Utf8, Ok(c)) => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            (Page::System, Err(lone)) => {
                lossy = true;
                bytes.extend_from_slice(&text::surrogate_bytes(lone.unpaired_surrogate()));
            }
            (Page::Utf8, Err(_)) => {
                lossy = true;
                bytes.extend_from_slice("\u{FFFD}".as_bytes());
            }
            (_, item) => {
                let units = item.as_ref().map_or(1, |c| c.len_utf16());
                let unit = item.ok().and_then(|c| u16::try_from(u32::from(c)).ok());
                match unit.and_then(|unit| page.byte(unit)) {
                    Some(byte) => bytes.push(byte),
                    None => {
                        lossy = true;
                        (0..units).for_each(|_| bytes.extend_from_slice(default));
                    }
                }
            }
        }
    }
    (bytes, lossy)
}

/// `WideCharToMultiByte`: UTF-16 as a narrow string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WideCharToMultiByte(
    CodePage: u32,
    dwFlags: DWORD,
    lpWideCharStr: LPCWSTR,
    cchWideChar: i32,
    lpMultiByteStr: LPSTR,
    cbMultiByte: i32,
    lpDefaultChar: LPCSTR,
    lpUsedDefaultChar: *mut BOOL,
) -> i32 {
    let clash = lpMultiByteStr.addr() == lpWideCharStr.addr();
    if lpWideCharStr.is_null()
        || cchWideChar == 0
        || cbMultiByte < 0
        || (cbMultiByte != 0 && (lpMultiByteStr.is_null() || clash))
    {
        return refuse(ERROR_INVALID_PARAMETER);
    }
    let Some(page) = Page::of(CodePage) else { return refuse(ERROR_INVALID_PARAMETER) };
    let (default, used) = (!lpDefaultChar.is_null(), !lpUsedDefaultChar.is_null());
    if let Some(code) = narrowing_error(page, dwFlags, default, used) {
        return refuse(code);
    }
    // SAFETY: the caller's promise: that many units or a terminated string, and a terminated
    // default character or null.
    let (source, default) = unsafe {
        let len = match usize::try_from(cchWideChar) {
            Ok(len) => len,
            Err(_) => text::wide_len(lpWideCharStr) + 1,
        };
        let default = if default { text::narrow(lpDefaultChar) } else { b"?" };
        (std::slice::from_raw_parts(lpWideCharStr, len), default)
    };
    let (bytes, lossy) = narrowed(page, source, default);
    if lossy && dwFlags & WC_ERR_INVALID_CHARS != 0 {
        return refuse(ERROR_NO_UNICODE_TRANSLATION);
    }
    if used {
        // UTF-8 says every character; only the other pages ever need the default.
        let needed = lossy && page != Page::System;
        // SAFETY: the caller's promise: valid for writes when not null.
        unsafe { lpUsedDefaultChar.write(needed.into()) };
    }
    // SAFETY: the caller's promise: that much room.
    unsafe { give(text::chars(&bytes), lpMultiByteStr, cbMultiByte) }
}

/// A unit in upper case, by Unicode's one-to-one mappings.
fn upper(unit: u16) -> u16 {
    let Some(c) = char::from_u32(unit.into()) else { return unit };
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

/// `CompareStringOrdinal`: compares unit by unit, in upper case when asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CompareStringOrdinal(
    lpString1: LPCWSTR,
    cchCount1: i32,
    lpString2: LPCWSTR,
    cchCount2: i32,
    bIgnoreCase: BOOL,
) -> i32 {
    if lpString1.is_null() || lpString2.is_null() || cchCount1 < -1 || cchCount2 < -1 {
        return refuse(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: that many units, or a terminated string.
    let slice = |string: LPCWSTR, count: i32| unsafe {
        match usize::try_from(count) {
            Ok(len) => std::slice::from_raw_parts(string, len),
            Err(_) => text::wide(string),
        }
    };
    let (first, second) = (slice(lpString1, cchCount1), slice(lpString2, cchCount2));
    let order = if bIgnoreCase == FALSE {
        first.cmp(second)
    } else {
        first.iter().map(|&u| upper(u)).cmp(second.iter().map(|&u| upper(u)))
    };
    match order {
        Ordering::Less => CSTR_LESS_THAN,
        Ordering::Equal => CSTR_EQUAL,
        Ordering::Greater => CSTR_GREATER_THAN,
    }
}

//! The `lstr` functions.
//!
//! Windows catches the fault of a bad pointer in some of them and gives NULL or 0; here a null
//! pointer gets that answer and any other bad pointer faults.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cmp::Ordering;

use crate::text;
use crate::types::{LPCSTR, LPCWSTR, LPSTR, LPWSTR};

/// The order of a character in a word sort: marks before digits before letters, and hyphen and
/// apostrophe only count between strings that are otherwise equal.
fn weight(unit: u16, fold: bool) -> Option<(u8, u16)> {
    let folded = char::from_u32(unit.into()).map_or(unit, |c| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
            _ => unit,
        }
    });
    let class = match char::from_u32(folded.into()) {
        Some('-' | '\'') => return None,
        Some(c) if c.is_alphabetic() => 2,
        Some(c) if c.is_numeric() => 1,
        _ => 0,
    };
    Some((class, if fold { folded } else { unit }))
}

fn compare(first: &[u16], second: &[u16], ignore_case: bool) -> i32 {
    let folded = |s: &[u16]| s.iter().filter_map(|&u| weight(u, true)).collect::<Vec<_>>();
    let mut order = folded(first).cmp(&folded(second));
    if order == Ordering::Equal && !ignore_case {
        // Equal but for case: at the first difference the small letter comes first.
        let plain = |s: &[u16]| s.iter().filter_map(|&u| weight(u, false)).collect::<Vec<_>>();
        order = plain(second).cmp(&plain(first));
    }
    if order == Ordering::Equal {
        order = first.len().cmp(&second.len()).then_with(|| {
            if ignore_case { marks(first).cmp(&marks(second)) } else { first.cmp(second) }
        });
    }
    order as i32
}

/// The hyphens and apostrophes of a string, with their places.
fn marks(string: &[u16]) -> Vec<(usize, u16)> {
    let units = string.iter().copied().enumerate();
    units.filter(|&(_, unit)| weight(unit, true).is_none()).collect()
}

/// The answer when one of the strings is missing: it comes first.
fn compare_missing(first: bool, second: bool) -> Option<i32> {
    match (first, second) {
        (true, true) => Some(0),
        (true, false) => Some(-1),
        (false, true) => Some(1),
        (false, false) => None,
    }
}

/// `lstrlenA`: the length in bytes; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrlenA(lpString: LPCSTR) -> i32 {
    if lpString.is_null() {
        return 0;
    }
    // SAFETY: the caller's promise: a terminated string.
    i32::try_from(unsafe { text::narrow(lpString) }.len()).unwrap_or(i32::MAX)
}

/// `lstrlenW`: the length in units; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrlenW(lpString: LPCWSTR) -> i32 {
    if lpString.is_null() {
        return 0;
    }
    // SAFETY: the caller's promise: a terminated string.
    i32::try_from(unsafe { text::wide_len(lpString) }).unwrap_or(i32::MAX)
}

/// Copies a string and its terminator to `to`, at most `room` units in all.
///
/// # Safety
/// `to` has room for that much; `from` is terminated or at least `room` long.
unsafe fn copy<T: Copy + Default + PartialEq>(to: *mut T, from: *const T, room: usize) {
    let end = T::default();
    let mut at = 0;
    // SAFETY: this function's contract.
    unsafe {
        while at + 1 < room && *from.add(at) != end {
            *to.add(at) = *from.add(at);
            at += 1;
        }
        if room > 0 {
            *to.add(at) = end;
        }
    }
}

/// `lstrcpyA`: copies a string; NULL when either pointer is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpyA(lpString1: LPSTR, lpString2: LPCSTR) -> LPSTR {
    if lpString1.is_null() || lpString2.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise: a terminated string, and room for it.
    unsafe { copy(lpString1, lpString2, usize::MAX) };
    lpString1
}

/// `lstrcpyW`: copies a string; NULL when either pointer is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpyW(lpString1: LPWSTR, lpString2: LPCWSTR) -> LPWSTR {
    if lpString1.is_null() || lpString2.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise: a terminated string, and room for it.
    unsafe { copy(lpString1, lpString2, usize::MAX) };
    lpString1
}

/// `lstrcpynA`: copies at most `iMaxLength` bytes, the terminator among them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpynA(lpString1: LPSTR, lpString2: LPCSTR, iMaxLength: i32) -> LPSTR {
    if lpString1.is_null() || lpString2.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise: a terminated string, and room for that much.
    unsafe { copy(lpString1, lpString2, usize::try_from(iMaxLength).unwrap_or(0)) };
    lpString1
}

/// `lstrcpynW`: copies at most `iMaxLength` units, the terminator among them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpynW(
    lpString1: LPWSTR,
    lpString2: LPCWSTR,
    iMaxLength: i32,
) -> LPWSTR {
    if lpString1.is_null() || lpString2.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise: a terminated string, and room for that much.
    unsafe { copy(lpString1, lpString2, usize::try_from(iMaxLength).unwrap_or(0)) };
    lpString1
}

/// `lstrcatA`: appends a string; NULL when either pointer is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcatA(lpString1: LPSTR, lpString2: LPCSTR) -> LPSTR {
    if lpString1.is_null() || lpString2.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise: terminated strings, and room for both.
    unsafe { copy(lpString1.add(text::narrow(lpString1).len()), lpString2, usize::MAX) };
    lpString1
}

/// `lstrcatW`: appends a string; NULL when either pointer is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcatW(lpString1: LPWSTR, lpString2: LPCWSTR) -> LPWSTR {
    if lpString1.is_null() || lpString2.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's promise: terminated strings, and room for both.
    unsafe { copy(lpString1.add(text::wide_len(lpString1)), lpString2, usize::MAX) };
    lpString1
}

/// # Safety
/// Both are terminated strings or null.
unsafe fn compare_narrow(first: LPCSTR, second: LPCSTR, ignore_case: bool) -> i32 {
    if let Some(order) = compare_missing(first.is_null(), second.is_null()) {
        return order;
    }
    // SAFETY: this function's contract.
    let (first, second) = unsafe { (text::narrow(first), text::narrow(second)) };
    compare(&text::to_wide(first), &text::to_wide(second), ignore_case)
}

/// # Safety
/// Both are terminated strings or null.
unsafe fn compare_wide(first: LPCWSTR, second: LPCWSTR, ignore_case: bool) -> i32 {
    if let Some(order) = compare_missing(first.is_null(), second.is_null()) {
        return order;
    }
    // SAFETY: this function's contract.
    let (first, second) = unsafe { (text::wide(first), text::wide(second)) };
    compare(first, second, ignore_case)
}

/// `lstrcmpA`: compares as words are sorted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpA(lpString1: LPCSTR, lpString2: LPCSTR) -> i32 {
    // SAFETY: the caller's promise: terminated strings or null.
    unsafe { compare_narrow(lpString1, lpString2, false) }
}

/// `lstrcmpW`: compares as words are sorted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpW(lpString1: LPCWSTR, lpString2: LPCWSTR) -> i32 {
    // SAFETY: the caller's promise: terminated strings or null.
    unsafe { compare_wide(lpString1, lpString2, false) }
}

/// `lstrcmpiA`: compares as words are sorted, whatever the case.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpiA(lpString1: LPCSTR, lpString2: LPCSTR) -> i32 {
    // SAFETY: the caller's promise: terminated strings or null.
    unsafe { compare_narrow(lpString1, lpString2, true) }
}

/// `lstrcmpiW`: compares as words are sorted, whatever the case.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpiW(lpString1: LPCWSTR, lpString2: LPCWSTR) -> i32 {
    // SAFETY: the caller's promise: terminated strings or null.
    unsafe { compare_wide(lpString1, lpString2, true) }
}

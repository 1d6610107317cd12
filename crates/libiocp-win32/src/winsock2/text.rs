//! C strings of both widths.

use std::ffi::{CStr, c_char};

/// The bytes of a terminated string.
///
/// # Safety
/// `string` points to a terminated string that stays as it is for `'a`.
pub(crate) unsafe fn narrow<'a>(string: *const c_char) -> &'a [u8] {
    // SAFETY: this function's contract.
    unsafe { CStr::from_ptr(string) }.to_bytes()
}

/// The units of a terminated UTF-16 string.
///
/// # Safety
/// `string` points to a terminated string that stays as it is for `'a`.
pub(crate) unsafe fn wide<'a>(string: *const u16) -> &'a [u16] {
    let mut len = 0;
    // SAFETY: this function's contract: every unit up to the terminator can be read.
    while unsafe { *string.add(len) } != 0 {
        len += 1;
    }
    // SAFETY: the units before the terminator were just read.
    unsafe { std::slice::from_raw_parts(string, len) }
}

/// A UTF-16 string in UTF-8.
///
/// # Safety
/// As for [`wide`].
pub(crate) unsafe fn utf8(string: *const u16) -> String {
    // SAFETY: this function's contract.
    String::from_utf16_lossy(unsafe { wide(string) })
}

/// A string in UTF-16, terminated.
pub(crate) fn utf16z(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

//! Strings as the resolver wants them: UTF-8, and UTF-16 with its terminator.

pub(crate) use crate::text::narrow;

/// A UTF-16 string in UTF-8.
///
/// # Safety
/// `string` points to a terminated string.
pub(crate) unsafe fn utf8(string: *const u16) -> String {
    // SAFETY: this function's contract.
    String::from_utf16_lossy(unsafe { crate::text::wide(string) })
}

/// A string in UTF-16, terminated.
pub(crate) fn utf16z(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

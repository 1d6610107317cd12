//! Strings and codes.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::types::{NTSTATUS, UNICODE_STRING};
use crate::types::{LPCWSTR, ULONG};

/// `RtlNtStatusToDosError`: the Win32 code of a status; 317 if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlNtStatusToDosError(Status: NTSTATUS) -> ULONG {
    libiocp::status::Status(Status as u32).win32()
}

/// `RtlNtStatusToDosErrorNoTeb`: the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlNtStatusToDosErrorNoTeb(Status: NTSTATUS) -> ULONG {
    libiocp::status::Status(Status as u32).win32()
}

/// `RtlInitUnicodeString`: a counted string over a terminated one, which it
/// does not copy. What is too long for its count is counted as far as goes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlInitUnicodeString(
    DestinationString: *mut UNICODE_STRING,
    SourceString: LPCWSTR,
) {
    let units = if SourceString.is_null() {
        None
    } else {
        // SAFETY: the documentation asks for NULL or a terminated string.
        Some(unsafe { crate::text::wide_len(SourceString) })
    };
    let bytes = units.map_or(0, |units| (2 * units).min(0xFFFC) as u16);
    let string = UNICODE_STRING {
        Length: bytes,
        MaximumLength: if units.is_some() { bytes + 2 } else { 0 },
        Buffer: SourceString.cast_mut(),
    };
    // SAFETY: the documentation asks for a valid place.
    unsafe { DestinationString.write(string) };
}

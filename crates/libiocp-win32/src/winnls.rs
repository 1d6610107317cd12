//! `winnls.h`: code pages. Narrow strings are UTF-8, as on Windows with that code page chosen.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::types::{BOOL, BYTE, FALSE};

/// `CP_UTF8`.
pub(crate) const CP_UTF8: u32 = 65001;

/// `GetACP`: the code page of narrow strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetACP() -> u32 {
    CP_UTF8
}

/// `GetOEMCP`: the code page of the console's narrow strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetOEMCP() -> u32 {
    CP_UTF8
}

/// `IsDBCSLeadByte`: no byte begins a double-byte character; UTF-8 has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsDBCSLeadByte(TestChar: BYTE) -> BOOL {
    let _ = TestChar;
    FALSE
}

/// `IsDBCSLeadByteEx`: the same for a code page; none of those here has such characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsDBCSLeadByteEx(CodePage: u32, TestChar: BYTE) -> BOOL {
    let _ = (CodePage, TestChar);
    FALSE
}

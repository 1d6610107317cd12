//! The title and the code pages of the console.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::codes::{ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER};
use crate::errhandlingapi::fail;
use crate::text;
use crate::types::{BOOL, LPCSTR, LPCWSTR, TRUE};
use crate::winnls::CP_UTF8;

fn set_title(title: &[u8]) -> BOOL {
    // SAFETY: no memory is involved.
    if unsafe { libc::isatty(libc::STDOUT_FILENO) } == 0 {
        // As for a process without a console.
        return fail(ERROR_INVALID_HANDLE);
    }
    // Control characters would end the sequence and be obeyed by the terminal.
    let shown = title.iter().copied().filter(|&b| b >= 0x20 && b != 0x7F);
    let sequence: Vec<u8> = b"\x1B]0;".iter().copied().chain(shown).chain([7]).collect();
    // SAFETY: the vector is valid for its length.
    unsafe { libc::write(libc::STDOUT_FILENO, sequence.as_ptr().cast(), sequence.len()) };
    TRUE
}

/// `SetConsoleTitleA`: sets the title of the terminal that standard output is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleTitleA(lpConsoleTitle: LPCSTR) -> BOOL {
    if lpConsoleTitle.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: a terminated string.
    set_title(unsafe { text::narrow(lpConsoleTitle) })
}

/// `SetConsoleTitleW`: see [`SetConsoleTitleA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleTitleW(lpConsoleTitle: LPCWSTR) -> BOOL {
    if lpConsoleTitle.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: a terminated string.
    set_title(&text::to_bytes(unsafe { text::wide(lpConsoleTitle) }))
}

/// `GetConsoleCP`: the console's input is UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetConsoleCP() -> u32 {
    CP_UTF8
}

/// `GetConsoleOutputCP`: the console's output is UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetConsoleOutputCP() -> u32 {
    CP_UTF8
}

/// `SetConsoleCP`: nothing but UTF-8 can be set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleCP(wCodePageID: u32) -> BOOL {
    if wCodePageID == CP_UTF8 { TRUE } else { fail(ERROR_INVALID_PARAMETER) }
}

/// `SetConsoleOutputCP`: nothing but UTF-8 can be set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetConsoleOutputCP(wCodePageID: u32) -> BOOL {
    if wCodePageID == CP_UTF8 { TRUE } else { fail(ERROR_INVALID_PARAMETER) }
}

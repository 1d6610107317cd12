//! `FormatMessage`: texts of errors, and messages with inserts.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::c_void;

use super::insert::{Arguments, List, insert};
use super::memory::{LocalAlloc, LocalFree};
use super::{messages, messages_winsock};
use crate::codes::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_MR_MID_NOT_FOUND, ERROR_NO_WORK_DONE,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_RESOURCE_DATA_NOT_FOUND, ERROR_RESOURCE_LANG_NOT_FOUND,
};
use crate::errhandlingapi::set_last_error;
use crate::libloaderapi::is_system_messages;
use crate::text;
use crate::types::{DWORD, LPCVOID, LPSTR, LPWSTR};

const ALLOCATE_BUFFER: DWORD = 0x100;
const IGNORE_INSERTS: DWORD = 0x200;
const FROM_STRING: DWORD = 0x400;
const FROM_HMODULE: DWORD = 0x800;
const FROM_SYSTEM: DWORD = 0x1000;
const ARGUMENT_ARRAY: DWORD = 0x2000;
const WIDTH_MASK: DWORD = 0xFF;

const HRESULT_FROM_WIN32: DWORD = 0x8007_0000;

/// `FormatMessageA`: a message with its inserts filled in.
///
/// `Arguments` points to a C `va_list` or, with `FORMAT_MESSAGE_ARGUMENT_ARRAY`, to an array of
/// pointer-sized values. System messages are English.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FormatMessageA(
    dwFlags: DWORD,
    lpSource: LPCVOID,
    dwMessageId: DWORD,
    dwLanguageId: DWORD,
    lpBuffer: LPSTR,
    nSize: DWORD,
    Arguments: *mut c_void,
) -> DWORD {
    if dwFlags & ALLOCATE_BUFFER != 0 && lpBuffer.is_null() {
        return refuse(ERROR_NOT_ENOUGH_MEMORY);
    }
    // SAFETY: the caller's promises: the source, the arguments and the buffer are as the flags
    // say.
    unsafe {
        let source = if dwFlags & FROM_STRING != 0 {
            if lpSource.is_null() {
                return refuse(ERROR_INVALID_PARAMETER);
            }
            Ok(text::to_wide(text::narrow(lpSource.cast())))
        } else {
            find(dwFlags, lpSource, dwMessageId, dwLanguageId)
        };
        match source
            .and_then(|source| format(&source, dwFlags, arguments(dwFlags, Arguments), false))
        {
            Ok(units) => {
                let bytes = text::to_bytes(&units);
                hand_out(text::chars(&bytes), dwFlags, lpBuffer, nSize)
            }
            Err(code) => refuse(code),
        }
    }
}

/// `FormatMessageW`: see [`FormatMessageA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FormatMessageW(
    dwFlags: DWORD,
    lpSource: LPCVOID,
    dwMessageId: DWORD,
    dwLanguageId: DWORD,
    lpBuffer: LPWSTR,
    nSize: DWORD,
    Arguments: *mut c_void,
) -> DWORD {
    if dwFlags & ALLOCATE_BUFFER != 0 && lpBuffer.is_null() {
        return refuse(ERROR_NOT_ENOUGH_MEMORY);
    }
    // SAFETY: the caller's promises: the source, the arguments and the buffer are as the flags
    // say.
    unsafe {
        let source = if dwFlags & FROM_STRING != 0 {
            if lpSource.is_null() {
                return refuse(ERROR_INVALID_PARAMETER);
            }
            Ok(text::wide(lpSource.cast()).to_vec())
        } else {
            find(dwFlags, lpSource, dwMessageId, dwLanguageId)
        };
        match source
            .and_then(|source| format(&source, dwFlags, arguments(dwFlags, Arguments), true))
        {
            Ok(units) => hand_out(&units, dwFlags, lpBuffer, nSize),
            Err(code) => refuse(code),
        }
    }
}

fn refuse(code: u32) -> DWORD {
    set_last_error(code);
    0
}

/// # Safety
/// `given` is null, or what the flags say.
unsafe fn arguments(flags: DWORD, given: *mut c_void) -> Arguments {
    if given.is_null() {
        Arguments::Missing
    } else if flags & ARGUMENT_ARRAY != 0 {
        Arguments::Array(given.cast())
    } else {
        // A copy, so the caller's list is where it was.
        // SAFETY: this function's contract.
        Arguments::List(unsafe { given.cast::<List>().read() }, Vec::new())
    }
}

/// The text of a system message.
fn system_message(code: DWORD) -> Option<&'static str> {
    let code = if code & 0xFFFF_0000 == HRESULT_FROM_WIN32 { code & 0xFFFF } else { code };
    let table: &[(u32, &str)] =
        if (10000..12000).contains(&code) { messages_winsock::TEXTS } else { messages::TEXTS };
    table.binary_search_by_key(&code, |&(code, _)| code).ok().map(|at| table[at].1)
}

/// A message of the system, or of a module. Modules here have no messages of their own.
fn find(flags: DWORD, module: LPCVOID, code: DWORD, language: DWORD) -> Result<Vec<u16>, u32> {
    if flags & (FROM_HMODULE | FROM_SYSTEM) == 0 {
        return Err(ERROR_INVALID_PARAMETER);
    }
    if flags & FROM_SYSTEM == 0 && !is_system_messages(module.cast_mut()) {
        return Err(ERROR_RESOURCE_DATA_NOT_FOUND);
    }
    let text = system_message(code).ok_or(ERROR_MR_MID_NOT_FOUND)?;
    // Neutral, the user's or the system's default, and English.
    if !matches!(language, 0 | 0x400 | 0x800 | 0x9 | 0x409) {
        return Err(ERROR_RESOURCE_LANG_NOT_FOUND);
    }
    Ok(text.encode_utf16().chain([13, 10]).collect())
}

/// A message under construction: lines that end hard, with soft breaks turned to spaces when a
/// width is asked for.
struct Output {
    width: usize,
    lines: Vec<Vec<u16>>,
}

impl Output {
    fn new(flags: DWORD) -> Output {
        Output { width: (flags & WIDTH_MASK) as usize, lines: vec![Vec::new()] }
    }

    fn push(&mut self, units: &[u16]) {
        if let Some(line) = self.lines.last_mut() {
            line.extend_from_slice(units);
        }
    }

    fn soft_break(&mut self) {
        if self.width == 0 {
            self.hard_break();
        } else {
            self.push(&[u16::from(b' ')]);
        }
    }

    fn hard_break(&mut self) {
        self.lines.push(Vec::new());
    }

    fn finish(self) -> Vec<u16> {
        let wraps = (1..WIDTH_MASK as usize).contains(&self.width);
        let lines = self
            .lines
            .iter()
            .flat_map(|line| if wraps { wrap(line, self.width) } else { vec![line.as_slice()] });
        lines.collect::<Vec<_>>().join(&[13, 10][..])
    }
}

/// Cuts a line at spaces into lines of at most `width`, where words allow it.
fn wrap(line: &[u16], width: usize) -> Vec<&[u16]> {
    let mut lines = Vec::new();
    let mut rest = line;
    while rest.len() > width {
        let space = u16::from(b' ');
        let fitting = rest[..=width].iter().rposition(|&u| u == space).filter(|&at| at > 0);
        let Some(at) = fitting.or_else(|| rest.iter().position(|&u| u == space)) else { break };
        lines.push(trim(&rest[..at]));
        rest = trim(&rest[at..]);
    }
    lines.push(rest);
    lines
}

/// Without the spaces at both ends, which a break swallows.
fn trim(line: &[u16]) -> &[u16] {
    let space = u16::from(b' ');
    let start = line.iter().position(|&u| u != space).unwrap_or(line.len());
    let end = line.iter().rposition(|&u| u != space).map_or(start, |last| last + 1);
    &line[start..end]
}

/// Works off the escapes of a message. The result is at most 64 KiB - 1 units long.
///
/// # Safety
/// The arguments are as many and of such types as the message says.
unsafe fn format(
    source: &[u16],
    flags: DWORD,
    mut arguments: Arguments,
    wide: bool,
) -> Result<Vec<u16>, u32> {
    let ignore = flags & IGNORE_INSERTS != 0;
    let mut out = Output::new(flags);
    let mut rest = source;
    while let [unit, tail @ ..] = rest {
        rest = tail;
        match (ascii(*unit), tail.first().map(|&u| ascii(u))) {
            (b'\r', Some(b'\n')) => {
                rest = &tail[1..];
                out.soft_break();
            }
            (b'\r' | b'\n', _) => out.soft_break(),
            (b'%', Some(escape)) => {
                if escape == b'0' {
                    break;
                }
                rest = &tail[1..];
                match escape {
                    b'n' => out.hard_break(),
                    b'r' => out.push(&[13]),
                    b't' => out.push(&[9]),
                    _ if ignore => out.push(&[*unit, tail[0]]),
                    b'1'..=b'9' => {
                        // SAFETY: this function's contract.
                        let (text, after) = unsafe { one_insert(tail, &mut arguments, wide) }?;
                        out.push(&text);
                        rest = after;
                    }
                    b'b' => out.push(&[u16::from(b' ')]),
                    _ => out.push(&tail[..1]),
                }
            }
            (b'%', None) => return Err(ERROR_INVALID_PARAMETER),
            _ => out.push(&[*unit]),
        }
    }
    Ok(out.finish())
}

/// A unit as ASCII; 0 stands for all others.
fn ascii(unit: u16) -> u8 {
    u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(0)
}

/// Reads an insert from its number on; gives its text and what follows it.
///
/// # Safety
/// As for [`format`].
unsafe fn one_insert<'a>(
    source: &'a [u16],
    arguments: &mut Arguments,
    wide: bool,
) -> Result<(Vec<u16>, &'a [u16]), u32> {
    let digits = source.iter().take(2).take_while(|&&u| ascii(u).is_ascii_digit()).count();
    let number = source[..digits].iter().fold(0, |sum, &u| sum * 10 + usize::from(ascii(u) - b'0'));
    let mut rest = &source[digits..];
    let mut printf = vec![b's'];
    if rest.first() == Some(&u16::from(b'!')) {
        let end = rest[1..].iter().position(|&u| u == u16::from(b'!'));
        let end = end.ok_or(ERROR_INVALID_PARAMETER)? + 1;
        printf = rest[1..end].iter().map(|&u| ascii(u)).collect();
        rest = &rest[end + 1..];
    }
    // SAFETY: this function's contract.
    let text = unsafe { insert(number, &printf, arguments, wide) };
    Ok((text.ok_or(ERROR_INVALID_PARAMETER)?, rest))
}

/// Gives the text to the caller and its length as the result.
///
/// # Safety
/// `buffer` has room for `size` units or, when one is to be allocated, for a pointer.
unsafe fn hand_out<T: Copy + Default>(
    text: &[T],
    flags: DWORD,
    buffer: *mut T,
    size: DWORD,
) -> DWORD {
    let len = text.len();
    let target = if flags & ALLOCATE_BUFFER != 0 {
        // SAFETY: sizes only; the result is checked.
        let memory = unsafe { LocalAlloc(0, (size as usize).max(len + 1) * size_of::<T>()) };
        if memory.is_null() {
            return refuse(ERROR_NOT_ENOUGH_MEMORY);
        }
        let given = if len == 0 {
            // SAFETY: the memory is new and nobody has it.
            unsafe { LocalFree(memory) }
        } else {
            memory
        };
        // SAFETY: this function's contract: the buffer is in truth a pointer to be set.
        unsafe { buffer.cast::<*mut c_void>().write_unaligned(given) };
        given.cast::<T>()
    } else if size as usize <= len {
        return refuse(ERROR_INSUFFICIENT_BUFFER);
    } else {
        buffer
    };
    if !target.is_null() {
        // SAFETY: there is room for the text and its terminator.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), target, len);
            target.add(len).write(T::default());
        }
    }
    if len == 0 {
        return refuse(ERROR_NO_WORK_DONE);
    }
    text::saturate(len)
}

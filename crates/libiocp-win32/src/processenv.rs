//! `processenv.h`: the command line, the environment, the current directory.
//!
//! Names of environment variables are the same whatever their case. Paths are Linux paths; a
//! path without a leading slash may have backslashes.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::codes::{
    ERROR_ENVVAR_NOT_FOUND, ERROR_FILE_NOT_FOUND, ERROR_INVALID_NAME, ERROR_INVALID_PARAMETER,
    ERROR_PATH_NOT_FOUND, ERROR_SUCCESS, of_errno,
};
use crate::errhandlingapi::{fail, set_last_error};
use crate::text;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR, LPSTR, LPWSTR, TRUE};
use crate::winbase::local_copy;

unsafe extern "C" {
    static mut environ: *const *const c_char;
}

/// Keeps the functions of this file from changing the environment under each other.
fn environment() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(code: u32) -> DWORD {
    set_last_error(code);
    0
}

/// An argument as `CommandLineToArgvW` would take it apart again.
fn quoted(argument: &[u8]) -> Vec<u8> {
    let plain = !argument.is_empty() && !argument.iter().any(|b| b" \t\n\x0B\"".contains(b));
    if plain {
        return argument.to_vec();
    }
    let mut out = vec![b'"'];
    let mut backslashes = 0;
    for &byte in argument {
        match byte {
            b'\\' => backslashes += 1,
            b'"' => {
                // Backslashes before a quote count double, and the quote needs one more.
                out.extend(std::iter::repeat_n(b'\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        out.push(byte);
    }
    out.extend(std::iter::repeat_n(b'\\', backslashes));
    out.push(b'"');
    out
}

fn command_line() -> Vec<u8> {
    let arguments = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let arguments = arguments.strip_suffix(&[0]).unwrap_or(&arguments);
    arguments.split(|&b| b == 0).map(quoted).collect::<Vec<_>>().join(&b' ')
}

/// `GetCommandLineA`: the arguments, quoted as Windows programs take them apart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCommandLineA() -> LPSTR {
    static LINE: OnceLock<Vec<u8>> = OnceLock::new();
    let line = LINE.get_or_init(|| text::c_string(&command_line()).into_bytes_with_nul());
    line.as_ptr().cast_mut().cast()
}

/// `GetCommandLineW`: see [`GetCommandLineA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCommandLineW() -> LPWSTR {
    static LINE: OnceLock<Vec<u16>> = OnceLock::new();
    let line = LINE.get_or_init(|| {
        let mut line = text::to_wide(&command_line());
        line.push(0);
        line
    });
    line.as_ptr().cast_mut()
}

/// The entries of the environment. Called with the environment locked.
fn entries() -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    // SAFETY: the C library's array of terminated strings, which ends with NULL; the lock keeps
    // this crate's functions from changing it, the program's own calls are its own care.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            entries.push(CStr::from_ptr(*at).to_bytes().to_vec());
            at = at.add(1);
        }
    }
    entries
}

/// A copy of every entry.
pub(crate) fn copy() -> Vec<Vec<u8>> {
    let _environment = environment();
    entries()
}

/// Splits an entry into name and value. The name may begin with `=`.
fn split(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = entry.iter().skip(1).position(|&b| b == b'=')? + 1;
    Some((&entry[..at], &entry[at + 1..]))
}

/// Name and value of a variable: the exact name if there is one, else another spelling.
fn variable(name: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let entries = entries();
    let pairs = || entries.iter().filter_map(|entry| split(entry));
    let exact = pairs().find(|(found, _)| *found == name);
    let (name, value) = exact.or_else(|| pairs().find(|(n, _)| n.eq_ignore_ascii_case(name)))?;
    Some((name.to_vec(), value.to_vec()))
}

/// The value of a variable, with the last error for its caller.
fn value(name: &[u8]) -> Option<Vec<u8>> {
    let _environment = environment();
    let found = variable(name);
    match &found {
        None => set_last_error(ERROR_ENVVAR_NOT_FOUND),
        // An empty value gives 0 as a missing variable does; the last error tells them apart.
        Some((_, value)) if value.is_empty() => set_last_error(ERROR_SUCCESS),
        Some(_) => {}
    }
    found.map(|(_, value)| value)
}

/// `GetEnvironmentVariableA`: a variable's value and its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetEnvironmentVariableA(
    lpName: LPCSTR,
    lpBuffer: LPSTR,
    nSize: DWORD,
) -> DWORD {
    if lpName.is_null() {
        return refuse(ERROR_ENVVAR_NOT_FOUND);
    }
    // SAFETY: the caller's promises: a terminated name, and a buffer of the size.
    unsafe {
        let Some(value) = value(text::narrow(lpName)) else { return 0 };
        text::deliver(text::chars(&value), lpBuffer, nSize)
    }
}

/// `GetEnvironmentVariableW`: see [`GetEnvironmentVariableA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetEnvironmentVariableW(
    lpName: LPCWSTR,
    lpBuffer: LPWSTR,
    nSize: DWORD,
) -> DWORD {
    if lpName.is_null() {
        return refuse(ERROR_ENVVAR_NOT_FOUND);
    }
    // SAFETY: the caller's promises: a terminated name, and a buffer of the size.
    unsafe {
        let Some(value) = value(&text::to_bytes(text::wide(lpName))) else { return 0 };
        text::deliver(&text::to_wide(&value), lpBuffer, nSize)
    }
}

fn set_variable(name: &[u8], value: Option<&[u8]>) -> BOOL {
    if name.is_empty() || name.contains(&b'=') {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let _environment = environment();
    let known = variable(name).map(|(name, _)| name);
    let Some(value) = value else {
        let Some(name) = known else { return fail(ERROR_ENVVAR_NOT_FOUND) };
        // SAFETY: a terminated string.
        unsafe { libc::unsetenv(text::c_string(&name).as_ptr()) };
        return TRUE;
    };
    let name = text::c_string(known.as_deref().unwrap_or(name));
    // SAFETY: terminated strings, which the C library copies.
    let result = unsafe { libc::setenv(name.as_ptr(), text::c_string(value).as_ptr(), 1) };
    if result == 0 { TRUE } else { fail(of_errno(crate::codes::errno())) }
}

/// `SetEnvironmentVariableA`: sets a variable, or removes it when the value is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEnvironmentVariableA(lpName: LPCSTR, lpValue: LPCSTR) -> BOOL {
    if lpName.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: terminated strings.
    unsafe {
        let value = (!lpValue.is_null()).then(|| text::narrow(lpValue));
        set_variable(text::narrow(lpName), value)
    }
}

/// `SetEnvironmentVariableW`: see [`SetEnvironmentVariableA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEnvironmentVariableW(lpName: LPCWSTR, lpValue: LPCWSTR) -> BOOL {
    if lpName.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: terminated strings.
    unsafe {
        let value = (!lpValue.is_null()).then(|| text::to_bytes(text::wide(lpValue)));
        set_variable(&text::to_bytes(text::wide(lpName)), value.as_deref())
    }
}

/// Every variable, each with a terminator, and one more at the end.
fn block() -> Vec<u8> {
    let _environment = environment();
    let mut block = Vec::new();
    for entry in entries() {
        block.extend_from_slice(&entry);
        block.push(0);
    }
    if block.is_empty() {
        block.push(0);
    }
    block.push(0);
    block
}

/// `GetEnvironmentStrings`: a copy of the whole environment, as narrow strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetEnvironmentStrings() -> LPSTR {
    local_copy(&block()).cast()
}

/// `GetEnvironmentStringsW`: a copy of the whole environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetEnvironmentStringsW() -> LPWSTR {
    local_copy(&text::to_wide(&block())).cast()
}

/// `FreeEnvironmentStringsA`: frees what `GetEnvironmentStrings` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeEnvironmentStringsA(penv: LPSTR) -> BOOL {
    // SAFETY: the caller's promise: a block of that function.
    unsafe { crate::winbase::LocalFree(penv.cast()) }.is_null().into()
}

/// `FreeEnvironmentStringsW`: frees what `GetEnvironmentStringsW` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeEnvironmentStringsW(penv: LPWSTR) -> BOOL {
    // SAFETY: the caller's promise: a block of that function.
    unsafe { crate::winbase::LocalFree(penv.cast()) }.is_null().into()
}

/// Replaces each `%name%` that is a variable by its value.
fn expanded(source: &[u8]) -> Vec<u8> {
    let _environment = environment();
    let mut out = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.iter().position(|&b| b == b'%') {
        out.extend_from_slice(&rest[..start]);
        rest = &rest[start..];
        let end = rest.iter().skip(1).position(|&b| b == b'%').map(|at| at + 1);
        let found = end.and_then(|end| Some((end, variable(&rest[1..end])?.1)));
        if let Some((end, value)) = found {
            out.extend_from_slice(&value);
            rest = &rest[end + 1..];
        } else {
            // Not a variable: the text stays, and its second mark may begin another name.
            let next = end.unwrap_or(rest.len());
            out.extend_from_slice(&rest[..next]);
            rest = &rest[next..];
        }
    }
    out.extend_from_slice(rest);
    out
}

/// `ExpandEnvironmentStringsA`: replaces `%name%`; gives the length with the terminator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExpandEnvironmentStringsA(
    lpSrc: LPCSTR,
    lpDst: LPSTR,
    nSize: DWORD,
) -> DWORD {
    // SAFETY: the caller's promises: a terminated string, and a buffer of the size.
    unsafe {
        let text = expanded(text::narrow(lpSrc));
        text::deliver(text::chars(&text), lpDst, nSize);
        text::saturate(text.len() + 1)
    }
}

/// `ExpandEnvironmentStringsW`: see [`ExpandEnvironmentStringsA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExpandEnvironmentStringsW(
    lpSrc: LPCWSTR,
    lpDst: LPWSTR,
    nSize: DWORD,
) -> DWORD {
    // SAFETY: the caller's promises: a terminated string, and a buffer of the size.
    unsafe {
        let text = text::to_wide(&expanded(&text::to_bytes(text::wide(lpSrc))));
        text::deliver(&text, lpDst, nSize);
        text::saturate(text.len() + 1)
    }
}

fn current_directory() -> Option<Vec<u8>> {
    match std::env::current_dir() {
        Ok(path) => Some(path.into_os_string().into_vec()),
        Err(error) => {
            set_last_error(of_errno(error.raw_os_error().unwrap_or(0)));
            None
        }
    }
}

/// `GetCurrentDirectoryA`: the current directory, a Linux path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentDirectoryA(nBufferLength: DWORD, lpBuffer: LPSTR) -> DWORD {
    let Some(path) = current_directory() else { return 0 };
    // SAFETY: the caller's promise: a buffer of the size.
    unsafe { text::deliver(text::chars(&path), lpBuffer, nBufferLength) }
}

/// `GetCurrentDirectoryW`: see [`GetCurrentDirectoryA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentDirectoryW(nBufferLength: DWORD, lpBuffer: LPWSTR) -> DWORD {
    let Some(path) = current_directory() else { return 0 };
    // SAFETY: the caller's promise: a buffer of the size.
    unsafe { text::deliver(&text::to_wide(&path), lpBuffer, nBufferLength) }
}

fn set_current_directory(path: &[u8]) -> BOOL {
    if path.is_empty() {
        return fail(ERROR_INVALID_NAME);
    }
    let mut path = path.to_vec();
    if !path.starts_with(b"/") {
        path.iter_mut().filter(|b| **b == b'\\').for_each(|b| *b = b'/');
    }
    let path = Path::new(OsStr::from_bytes(&path));
    match std::env::set_current_dir(path) {
        Ok(()) => TRUE,
        // What is missing: the last part, or one before it.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let found = parent.is_none_or(Path::is_dir);
            fail(if found { ERROR_FILE_NOT_FOUND } else { ERROR_PATH_NOT_FOUND })
        }
        Err(error) => fail(of_errno(error.raw_os_error().unwrap_or(libc::EINVAL))),
    }
}

/// `SetCurrentDirectoryA`: changes the current directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetCurrentDirectoryA(lpPathName: LPCSTR) -> BOOL {
    if lpPathName.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: a terminated string.
    set_current_directory(unsafe { text::narrow(lpPathName) })
}

/// `SetCurrentDirectoryW`: changes the current directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetCurrentDirectoryW(lpPathName: LPCWSTR) -> BOOL {
    if lpPathName.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: a terminated string.
    set_current_directory(&text::to_bytes(unsafe { text::wide(lpPathName) }))
}

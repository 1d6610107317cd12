//! `debugapi.h`: talking to a debugger.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::os::fd::AsFd;
use std::sync::OnceLock;

use crate::text;
use crate::types::{BOOL, FALSE, LPCSTR, LPCWSTR, TRUE};

/// `OutputDebugStringA`: a message for whoever watches the program.
///
/// Windows shows it nowhere unless a debugger listens. Here the listener is standard error, when
/// the environment variable `LIBIOCP_DEBUG_OUTPUT` is `1`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OutputDebugStringA(lpOutputString: LPCSTR) {
    if !lpOutputString.is_null() && listening() {
        // SAFETY: the caller's promise: a terminated string.
        emit(unsafe { text::narrow(lpOutputString) });
    }
}

/// `OutputDebugStringW`: see [`OutputDebugStringA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OutputDebugStringW(lpOutputString: LPCWSTR) {
    if !lpOutputString.is_null() && listening() {
        // SAFETY: the caller's promise: a terminated string.
        emit(&text::to_bytes(unsafe { text::wide(lpOutputString) }));
    }
}

/// `IsDebuggerPresent`: whether another process traces this one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsDebuggerPresent() -> BOOL {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    if tracer.is_some_and(|pid| pid.trim() != "0") { TRUE } else { FALSE }
}

/// `DebugBreak`: a breakpoint; without a debugger the process ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DebugBreak() {
    // SAFETY: no memory is involved.
    unsafe { libc::raise(libc::SIGTRAP) };
}

fn listening() -> bool {
    static ON: OnceLock<bool> = OnceLock::new();
    *ON.get_or_init(|| std::env::var_os("LIBIOCP_DEBUG_OUTPUT").is_some_and(|v| v == "1"))
}

fn emit(bytes: &[u8]) {
    // One write, so that messages of several threads do not mix.
    libiocp::engine::say(std::io::stderr().as_fd(), bytes);
}

//! Names and processors.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::codes::{ERROR_BUFFER_OVERFLOW, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER};
use crate::errhandlingapi::{fail, set_last_error};
use crate::processthreadsapi::GetCurrentProcess;
use crate::sysinfoapi::{Processors, netbios_name, processors, put_name};
use crate::text;
use crate::types::{BOOL, DWORD, DWORD_PTR, HANDLE, LPSTR, LPWSTR, TRUE, WORD};

const ALL_PROCESSOR_GROUPS: WORD = 0xFFFF;

/// `GetComputerNameA`: the machine's NetBIOS name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameA(lpBuffer: LPSTR, nSize: *mut DWORD) -> BOOL {
    if nSize.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: a size, and a buffer of that size.
    unsafe { put_name(text::chars(&netbios_name()), lpBuffer, nSize, ERROR_BUFFER_OVERFLOW) }
}

/// `GetComputerNameW`: the machine's NetBIOS name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameW(lpBuffer: LPWSTR, nSize: *mut DWORD) -> BOOL {
    if nSize.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let name = text::to_wide(&netbios_name());
    // SAFETY: the caller's promise: a size, and a buffer of that size.
    unsafe { put_name(&name, lpBuffer, nSize, ERROR_BUFFER_OVERFLOW) }
}

/// `GetActiveProcessorCount`: the processors of the only group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetActiveProcessorCount(GroupNumber: WORD) -> DWORD {
    if GroupNumber != 0 && GroupNumber != ALL_PROCESSOR_GROUPS {
        set_last_error(ERROR_INVALID_PARAMETER);
        return 0;
    }
    processors().count
}

/// `GetActiveProcessorGroupCount`: all processors are one group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetActiveProcessorGroupCount() -> WORD {
    1
}

/// `GetProcessAffinityMask`: the processors this process, and any, may run on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcessAffinityMask(
    hProcess: HANDLE,
    lpProcessAffinityMask: *mut DWORD_PTR,
    lpSystemAffinityMask: *mut DWORD_PTR,
) -> BOOL {
    // SAFETY: no memory is involved.
    if hProcess != unsafe { GetCurrentProcess() } {
        return fail(ERROR_INVALID_HANDLE);
    }
    if lpProcessAffinityMask.is_null() || lpSystemAffinityMask.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let system = processors().mask;
    // SAFETY: no memory is involved; then the caller's promise: both valid for writes.
    unsafe {
        lpProcessAffinityMask.write(Processors::allowed(libc::getpid()).mask & system);
        lpSystemAffinityMask.write(system);
    }
    TRUE
}

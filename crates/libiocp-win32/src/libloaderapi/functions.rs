//! The functions.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::ffi::CStr;

use super::module::{Module, program};
use crate::codes::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_INVALID_ORDINAL,
    ERROR_INVALID_PARAMETER, ERROR_MOD_NOT_FOUND, ERROR_PROC_NOT_FOUND,
};
use crate::errhandlingapi::{fail, set_last_error};
use crate::text;
use crate::types::{BOOL, DWORD, FARPROC, HANDLE, HMODULE, LPCSTR, LPCWSTR, LPSTR, LPWSTR, TRUE};

const PIN: DWORD = 1;
const UNCHANGED_REFCOUNT: DWORD = 2;
const FROM_ADDRESS: DWORD = 4;
/// `LOAD_LIBRARY_AS_DATAFILE`, `_AS_IMAGE_RESOURCE`, `_AS_DATAFILE_EXCLUSIVE` and
/// `DONT_RESOLVE_DLL_REFERENCES`.
const AS_DATA: DWORD = 0x63;

fn handle_or_null(module: Result<Module, u32>) -> HMODULE {
    match module {
        Ok(module) => module.handle(),
        Err(code) => {
            set_last_error(code);
            std::ptr::null_mut()
        }
    }
}

/// `GetModuleHandleA`: a loaded module by name; NULL is the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleA(lpModuleName: LPCSTR) -> HMODULE {
    if lpModuleName.is_null() {
        return program();
    }
    // SAFETY: the caller's promise: a terminated string.
    handle_or_null(Module::find(unsafe { text::narrow(lpModuleName) }))
}

/// `GetModuleHandleW`: see [`GetModuleHandleA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleW(lpModuleName: LPCWSTR) -> HMODULE {
    if lpModuleName.is_null() {
        return program();
    }
    // SAFETY: the caller's promise: a terminated string.
    handle_or_null(Module::find(&text::to_bytes(unsafe { text::wide(lpModuleName) })))
}

/// # Safety
/// `target` is valid for writes or null.
unsafe fn module_handle(
    flags: DWORD,
    target: *mut HMODULE,
    find: impl FnOnce() -> Result<Module, u32>,
) -> BOOL {
    if target.is_null() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: this function's contract.
    unsafe { target.write(std::ptr::null_mut()) };
    let both = PIN | UNCHANGED_REFCOUNT;
    if flags & !(both | FROM_ADDRESS) != 0 || flags & both == both {
        return fail(ERROR_INVALID_PARAMETER);
    }
    match find() {
        Ok(module) => {
            if flags & UNCHANGED_REFCOUNT == 0 {
                module.add_count();
            }
            // SAFETY: this function's contract.
            unsafe { target.write(module.handle()) };
            TRUE
        }
        Err(code) => fail(code),
    }
}

/// `GetModuleHandleExA`: a loaded module by name or address, kept loaded when asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleExA(
    dwFlags: DWORD,
    lpModuleName: LPCSTR,
    phModule: *mut HMODULE,
) -> BOOL {
    let find = || {
        if dwFlags & FROM_ADDRESS != 0 {
            Module::around(lpModuleName.cast())
        } else if lpModuleName.is_null() {
            Ok(Module::Linked(program()))
        } else {
            // SAFETY: the caller's promise: a terminated string.
            Module::find(unsafe { text::narrow(lpModuleName) })
        }
    };
    // SAFETY: the caller's promise: valid for writes.
    unsafe { module_handle(dwFlags, phModule, find) }
}

/// `GetModuleHandleExW`: see [`GetModuleHandleExA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleExW(
    dwFlags: DWORD,
    lpModuleName: LPCWSTR,
    phModule: *mut HMODULE,
) -> BOOL {
    let find = || {
        if dwFlags & FROM_ADDRESS != 0 {
            Module::around(lpModuleName.cast())
        } else if lpModuleName.is_null() {
            Ok(Module::Linked(program()))
        } else {
            // SAFETY: the caller's promise: a terminated string.
            Module::find(&text::to_bytes(unsafe { text::wide(lpModuleName) }))
        }
    };
    // SAFETY: the caller's promise: valid for writes.
    unsafe { module_handle(dwFlags, phModule, find) }
}

/// `GetProcAddress`: a function of a module by name. There are no ordinals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcAddress(hModule: HMODULE, lpProcName: LPCSTR) -> FARPROC {
    let Some(module) = Module::of(hModule) else {
        set_last_error(ERROR_MOD_NOT_FOUND);
        return None;
    };
    if lpProcName.addr() <= 0xFFFF {
        let code = if lpProcName.is_null() { ERROR_PROC_NOT_FOUND } else { ERROR_INVALID_ORDINAL };
        set_last_error(code);
        return None;
    }
    // SAFETY: the caller's promise: a terminated string.
    let found = module.function(unsafe { CStr::from_ptr(lpProcName) });
    if found.is_none() {
        set_last_error(ERROR_PROC_NOT_FOUND);
    }
    // SAFETY: a function of the module; its real type is the caller's to know.
    found.map(|address| unsafe {
        std::mem::transmute::<*mut std::ffi::c_void, unsafe extern "C" fn() -> isize>(address)
    })
}

/// `LoadLibraryA`: a module of the system, or a shared object, which is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryA(lpLibFileName: LPCSTR) -> HMODULE {
    // SAFETY: the caller's promise, passed on.
    unsafe { LoadLibraryExA(lpLibFileName, std::ptr::null_mut(), 0) }
}

/// `LoadLibraryW`: see [`LoadLibraryA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryW(lpLibFileName: LPCWSTR) -> HMODULE {
    // SAFETY: the caller's promise, passed on.
    unsafe { LoadLibraryExW(lpLibFileName, std::ptr::null_mut(), 0) }
}

/// `LoadLibraryExA`: the same with flags. A shared object cannot be loaded as data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryExA(
    lpLibFileName: LPCSTR,
    hFile: HANDLE,
    dwFlags: DWORD,
) -> HMODULE {
    if lpLibFileName.is_null() {
        return handle_or_null(Err(ERROR_MOD_NOT_FOUND));
    }
    if !hFile.is_null() {
        return handle_or_null(Err(ERROR_INVALID_PARAMETER));
    }
    // SAFETY: the caller's promise: a terminated string.
    handle_or_null(Module::load(unsafe { text::narrow(lpLibFileName) }, dwFlags & AS_DATA != 0))
}

/// `LoadLibraryExW`: see [`LoadLibraryExA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryExW(
    lpLibFileName: LPCWSTR,
    hFile: HANDLE,
    dwFlags: DWORD,
) -> HMODULE {
    if lpLibFileName.is_null() {
        return handle_or_null(Err(ERROR_MOD_NOT_FOUND));
    }
    if !hFile.is_null() {
        return handle_or_null(Err(ERROR_INVALID_PARAMETER));
    }
    // SAFETY: the caller's promise: a terminated string.
    let name = text::to_bytes(unsafe { text::wide(lpLibFileName) });
    handle_or_null(Module::load(&name, dwFlags & AS_DATA != 0))
}

/// Loads a module once more; false if it is none.
pub(crate) fn keep_module(module: HMODULE) -> bool {
    Module::of(module).inspect(|module| module.add_count()).is_some()
}

/// `FreeLibrary`: undoes one load.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeLibrary(hLibModule: HMODULE) -> BOOL {
    if hLibModule.is_null() {
        return fail(ERROR_INVALID_HANDLE);
    }
    match Module::of(hLibModule).ok_or(ERROR_MOD_NOT_FOUND).and_then(Module::unload) {
        Ok(()) => TRUE,
        Err(code) => fail(code),
    }
}

/// `DisableThreadLibraryCalls`: modules are never told about threads here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DisableThreadLibraryCalls(hLibModule: HMODULE) -> BOOL {
    if Module::of(hLibModule).is_some() { TRUE } else { fail(ERROR_MOD_NOT_FOUND) }
}

/// Copies a path; what does not fit is cut, and said so.
///
/// # Safety
/// `buffer` is valid for writes of `room` units.
unsafe fn deliver_cut<T: Copy + Default>(path: &[T], buffer: *mut T, room: DWORD) -> DWORD {
    if room == 0 || buffer.is_null() {
        set_last_error(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    let cut = path.len().min(room as usize - 1);
    // SAFETY: this function's contract; the cut path fits with its terminator.
    unsafe { text::deliver(&path[..cut], buffer, room) };
    if cut < path.len() {
        set_last_error(ERROR_INSUFFICIENT_BUFFER);
        return room;
    }
    text::saturate(cut)
}

fn file_name(module: HMODULE) -> Option<Vec<u8>> {
    let path = Module::of(module).and_then(Module::path);
    if path.is_none() {
        set_last_error(ERROR_MOD_NOT_FOUND);
    }
    path
}

/// `GetModuleFileNameA`: the file a module came from; NULL is the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleFileNameA(
    hModule: HMODULE,
    lpFilename: LPSTR,
    nSize: DWORD,
) -> DWORD {
    let Some(path) = file_name(hModule) else { return 0 };
    // SAFETY: the caller's promise: a buffer of the size.
    unsafe { deliver_cut(text::chars(&path), lpFilename, nSize) }
}

/// `GetModuleFileNameW`: see [`GetModuleFileNameA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleFileNameW(
    hModule: HMODULE,
    lpFilename: LPWSTR,
    nSize: DWORD,
) -> DWORD {
    let Some(path) = file_name(hModule) else { return 0 };
    // SAFETY: the caller's promise: a buffer of the size.
    unsafe { deliver_cut(&text::to_wide(&path), lpFilename, nSize) }
}

//! `synchapi.h`: mutexes.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::system;
use crate::named::{Given, create, open};
use crate::types::{BOOL, DWORD, FALSE, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, TRUE};
use libiocp::event::Mutex;
use libiocp::handle::Handle;
use libiocp::object::{Kind, Object};
use libiocp::status::Status;

const CREATE_MUTEX_INITIAL_OWNER: DWORD = 1;
const MUTEX_ALL_ACCESS: DWORD = 0x001F_0001;

/// Only a new mutex is owned by who asks for that.
///
/// # Safety
/// `attributes` is NULL or valid.
unsafe fn create_mutex(
    attributes: *const SECURITY_ATTRIBUTES,
    is_owned: bool,
    name: Given,
    access: DWORD,
) -> HANDLE {
    let mutex = Object::Mutex(Handle::new(Mutex::new(is_owned)));
    // SAFETY: by the contract of this function.
    unsafe { create(mutex, attributes, name, access) }
}

/// `CreateMutexA`: makes a mutex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexA(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    bInitialOwner: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    let is_owned = bInitialOwner != FALSE;
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create_mutex(lpMutexAttributes, is_owned, Given::narrow(lpName), MUTEX_ALL_ACCESS) }
}

/// `CreateMutexW`: makes a mutex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexW(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    bInitialOwner: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    let is_owned = bInitialOwner != FALSE;
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create_mutex(lpMutexAttributes, is_owned, Given::wide(lpName), MUTEX_ALL_ACCESS) }
}

/// `CreateMutexExA`: makes a mutex, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexExA(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    let is_owned = dwFlags & CREATE_MUTEX_INITIAL_OWNER != 0;
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create_mutex(lpMutexAttributes, is_owned, Given::narrow(lpName), dwDesiredAccess) }
}

/// `CreateMutexExW`: makes a mutex, with these rights of the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexExW(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    let is_owned = dwFlags & CREATE_MUTEX_INITIAL_OWNER != 0;
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create_mutex(lpMutexAttributes, is_owned, Given::wide(lpName), dwDesiredAccess) }
}

/// `OpenMutexA`: opens a mutex by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenMutexA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::narrow(lpName) };
    open(Kind::Mutex, dwDesiredAccess, bInheritHandle, name)
}

/// `OpenMutexW`: opens a mutex by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenMutexW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    // SAFETY: the documentation asks for NULL or a terminated string.
    let name = unsafe { Given::wide(lpName) };
    open(Kind::Mutex, dwDesiredAccess, bInheritHandle, name)
}

/// `ReleaseMutex`: gives a mutex back once; 288 to whom does not own it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseMutex(hMutex: HANDLE) -> BOOL {
    match system().mutex(hMutex as usize) {
        Err(status) => fail(status.win32()),
        Ok(mutex) if mutex.signal().give_back().is_some() => TRUE,
        Ok(_) => fail(Status::MUTANT_NOT_OWNED.win32()),
    }
}

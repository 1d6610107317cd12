//! `handleapi.h`: handles, whatever they name.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{succeed, system};
use crate::processenv_std::translate;
use crate::types::{BOOL, DWORD, HANDLE, TRUE};
use libiocp::object::access;
use libiocp::status::Status;
use libiocp::system::Duplication;

const DUPLICATE_CLOSE_SOURCE: DWORD = 1;
const DUPLICATE_SAME_ACCESS: DWORD = 2;
const DUPLICATE_SAME_ATTRIBUTES: DWORD = 4;
const ERROR_NOACCESS: DWORD = 998;

/// `CloseHandle`: closes one handle. The object closes with its last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseHandle(hObject: HANDLE) -> BOOL {
    succeed(crate::processenv_std::close(hObject as usize))
}

/// `DuplicateHandle`: makes one more handle of the same object.
///
/// Both processes must be this one. On failure `*lpTargetHandle` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DuplicateHandle(
    hSourceProcessHandle: HANDLE,
    hSourceHandle: HANDLE,
    hTargetProcessHandle: HANDLE,
    lpTargetHandle: *mut HANDLE,
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    dwOptions: DWORD,
) -> BOOL {
    let result = duplicate(
        [hSourceProcessHandle as usize, hTargetProcessHandle as usize],
        translate(hSourceHandle as usize),
        Duplication {
            access: (dwOptions & DUPLICATE_SAME_ACCESS == 0).then_some(dwDesiredAccess),
            is_inheritable: bInheritHandle != 0,
            same_attributes: dwOptions & DUPLICATE_SAME_ATTRIBUTES != 0,
            closes_source: dwOptions & DUPLICATE_CLOSE_SOURCE != 0,
        },
    );
    // SAFETY: the documentation asks for NULL or a valid place.
    if let Some(target) = unsafe { lpTargetHandle.as_mut() } {
        *target = result.unwrap_or(0) as HANDLE;
    }
    succeed(result.map(|_| ()))
}

/// The new value; zero if there was only something to close.
fn duplicate(processes: [usize; 2], source: usize, how: Duplication) -> Result<usize, Status> {
    let [from, to] = processes;
    system().process(from, access::PROCESS_DUP_HANDLE)?;
    match to {
        0 if how.closes_source => system().close(source).map(|()| 0),
        0 => Err(Status::INVALID_PARAMETER),
        to => {
            system().process(to, access::PROCESS_DUP_HANDLE)?;
            system().duplicate(source, how)
        }
    }
}

/// `GetHandleInformation`: whether a handle is inherited (1) and protected
/// from closing (2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetHandleInformation(hObject: HANDLE, lpdwFlags: *mut DWORD) -> BOOL {
    match system().flags(translate(hObject as usize)) {
        Err(status) => fail(status.win32()),
        Ok(_) if lpdwFlags.is_null() => fail(ERROR_NOACCESS),
        Ok(flags) => {
            // SAFETY: the documentation asks for a valid place.
            unsafe { lpdwFlags.write(DWORD::from(flags)) };
            TRUE
        }
    }
}

/// `SetHandleInformation`: changes the two flags of a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetHandleInformation(
    hObject: HANDLE,
    dwMask: DWORD,
    dwFlags: DWORD,
) -> BOOL {
    let value = translate(hObject as usize);
    succeed(system().set_flags(value, dwMask as u8 & 3, dwFlags as u8 & 3))
}

/// `CompareObjectHandles`: whether two handles name one object; if not, the
/// last error is 1656.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CompareObjectHandles(
    hFirstObjectHandle: HANDLE,
    hSecondObjectHandle: HANDLE,
) -> BOOL {
    match system().compare(hFirstObjectHandle as usize, hSecondObjectHandle as usize) {
        Ok(true) => TRUE,
        Ok(false) => fail(Status::NOT_SAME_OBJECT.win32()),
        Err(status) => fail(status.win32()),
    }
}

//! `processenv.h`: the standard handles.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{engine, system};
use crate::types::{BOOL, DWORD, HANDLE, TRUE};
use libiocp::device::{Device, Disk};
use libiocp::file::File;
use libiocp::handle::Handle;
use libiocp::object::Object;
use libiocp::status::Status;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Once;

const ERROR_INVALID_HANDLE: DWORD = 6;
const INVALID_HANDLE_VALUE: HANDLE = usize::MAX as HANDLE;

static OPENED: Once = Once::new();

/// Which standard handle a constant (-10, -11, -12) names.
fn standard_index(value: usize) -> Option<usize> {
    // Programs pass the constant with its sign extended or without.
    let is_extended = value >> 32 == 0 || value >> 32 == u32::MAX as usize;
    match value as u32 as i32 {
        number @ -12..=-10 if is_extended => Some((-10 - number) as usize),
        _ => None,
    }
}

/// Makes files of the process' first three descriptors.
fn open_all() {
    OPENED.call_once(|| {
        for index in 0..3 {
            if system().standard(index) == 0 {
                system().set_standard(index, open(index as RawFd).unwrap_or(0));
            }
        }
    });
}

fn open(number: RawFd) -> Option<usize> {
    // SAFETY: a descriptor that is not open only makes the duplication fail.
    let fd = unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned().ok()?;
    let disk = Disk::new(engine().disk_file(fd));
    let file = File::new(Device::Disk(disk.into()), engine().clone(), false);
    system().insert(Object::File(Handle::new(file)), true).ok()
}

/// The standard handle at `index`, unless it is the descriptor that the
/// process began with: nobody has asked for it yet.
pub(crate) fn replaced(index: usize) -> Option<HANDLE> {
    let is_open = OPENED.is_completed();
    is_open.then(|| system().standard(index) as HANDLE)
}

/// A standard handle's constant stands for the handle.
pub(crate) fn translate(value: usize) -> usize {
    match standard_index(value) {
        None => value,
        Some(index) => {
            open_all();
            system().standard(index)
        }
    }
}

/// Closes a handle; a standard handle closed by its constant is forgotten.
pub(crate) fn close(value: usize) -> Result<(), Status> {
    let closed = system().close(translate(value));
    if let (Ok(()), Some(index)) = (closed, standard_index(value)) {
        system().set_standard(index, 0);
    }
    closed
}

/// `GetStdHandle`: the standard input (-10), output (-11) or error (-12)
/// handle. They name the process' first three descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetStdHandle(nStdHandle: DWORD) -> HANDLE {
    match standard_index(nStdHandle as i32 as isize as usize) {
        Some(index) => {
            open_all();
            system().standard(index) as HANDLE
        }
        None => {
            fail(ERROR_INVALID_HANDLE);
            INVALID_HANDLE_VALUE
        }
    }
}

/// `SetStdHandle`: replaces a standard handle of this process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetStdHandle(nStdHandle: DWORD, hHandle: HANDLE) -> BOOL {
    match standard_index(nStdHandle as i32 as isize as usize) {
        Some(index) => {
            open_all();
            system().set_standard(index, hHandle as usize);
            TRUE
        }
        None => fail(ERROR_INVALID_HANDLE),
    }
}

//! What is known of a file, and what may be changed: the port and the ways in
//! which completions are told.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::status;
use super::types::{FILE_COMPLETION_INFORMATION, IO_STATUS_BLOCK, NTSTATUS};
use crate::ioapiset::associate;
use crate::kernel::system;
use crate::types::{HANDLE, LPVOID, ULONG};
use libiocp::file::Association;
use libiocp::status::Status;

/// From here on no class of information has a number.
const MAXIMUM_INFORMATION: u32 = 84;

/// The classes of information that are here.
#[derive(Clone, Copy)]
enum Class {
    /// `FileCompletionInformation`: a port and a key, once.
    Completion,
    /// `FileReplaceCompletionInformation`: another port and key, or none.
    ReplaceCompletion,
    /// `FileIoCompletionNotificationInformation`: what is not told.
    Notification,
}

impl Class {
    fn of(number: u32) -> Result<Self, Status> {
        match number {
            30 => Ok(Self::Completion),
            41 => Ok(Self::Notification),
            61 => Ok(Self::ReplaceCompletion),
            1..MAXIMUM_INFORMATION => Err(Status::NOT_SUPPORTED),
            _ => Err(Status::INVALID_INFO_CLASS),
        }
    }

    fn size(self) -> usize {
        match self {
            Self::Completion | Self::ReplaceCompletion => size_of::<FILE_COMPLETION_INFORMATION>(),
            Self::Notification => size_of::<ULONG>(),
        }
    }

    /// # Safety
    /// `information` points to what the class says.
    unsafe fn set(self, file: usize, information: LPVOID) -> Result<(), Status> {
        if matches!(self, Self::Notification) {
            // SAFETY: by the contract of this function.
            let modes = unsafe { information.cast::<ULONG>().read_unaligned() };
            return system().file(file, 0)?.add_modes(modes);
        }
        // SAFETY: as above.
        let new = unsafe { information.cast::<FILE_COMPLETION_INFORMATION>().read_unaligned() };
        let (port, key) = (new.Port as usize, new.Key as usize);
        if matches!(self, Self::Completion) {
            return associate(file, port, key).map(|_| ());
        }
        let file = system().file(file, 0)?;
        let association = match port {
            0 => None,
            value => Some(Association { port: system().port(value)?, key }),
        };
        file.reassociate(association)
    }
}

/// The class, if the pointers and the length will do.
fn check(
    number: u32,
    block: *mut IO_STATUS_BLOCK,
    information: LPVOID,
    length: ULONG,
) -> Result<Class, Status> {
    let class = Class::of(number)?;
    if (length as usize) < class.size() {
        return Err(Status::INFO_LENGTH_MISMATCH);
    }
    if block.is_null() || information.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    Ok(class)
}

/// # Safety
/// `block` is valid if there is something to tell.
unsafe fn tell(block: *mut IO_STATUS_BLOCK, result: Result<usize, Status>) -> NTSTATUS {
    status(result.map(|information| {
        // SAFETY: by the contract of this function.
        unsafe { block.write(IO_STATUS_BLOCK { Status: 0, Information: information }) };
    }))
}

/// `NtSetInformationFile`: ties a file to a port (`FileCompletionInformation`),
/// to another or to none while nothing is pending
/// (`FileReplaceCompletionInformation`), or adds notification modes
/// (`FileIoCompletionNotificationInformation`). Other classes are not here:
/// `STATUS_NOT_SUPPORTED`. The status block is written on success only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetInformationFile(
    FileHandle: HANDLE,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
    FileInformation: LPVOID,
    Length: ULONG,
    FileInformationClass: u32,
) -> NTSTATUS {
    let class = check(FileInformationClass, IoStatusBlock, FileInformation, Length);
    // SAFETY: the documentation asks for valid memory of this length.
    let set = |class: Class| unsafe { class.set(FileHandle as usize, FileInformation) };
    // SAFETY: as above.
    unsafe { tell(IoStatusBlock, class.and_then(set).map(|()| 0)) }
}

/// `NtQueryInformationFile`: the notification modes
/// (`FileIoCompletionNotificationInformation`). A port cannot be asked for, and
/// other classes are not here: `STATUS_NOT_SUPPORTED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryInformationFile(
    FileHandle: HANDLE,
    IoStatusBlock: *mut IO_STATUS_BLOCK,
    FileInformation: LPVOID,
    Length: ULONG,
    FileInformationClass: u32,
) -> NTSTATUS {
    let query = || match check(FileInformationClass, IoStatusBlock, FileInformation, Length)? {
        Class::Completion | Class::ReplaceCompletion => Err(Status::INVALID_INFO_CLASS),
        Class::Notification => {
            let modes = system().file(FileHandle as usize, 0)?.modes();
            // SAFETY: the documentation asks for valid memory of this length.
            unsafe { FileInformation.cast::<ULONG>().write_unaligned(modes) };
            Ok(size_of::<ULONG>())
        }
    };
    // SAFETY: as above.
    unsafe { tell(IoStatusBlock, query()) }
}

//! `fileapi.h`: disk files.

mod create;
mod io;
mod names;
mod pointer;
mod time;
pub(crate) mod transfer;

pub use create::{CreateFileA, CreateFileW};
pub use io::{
    FlushFileBuffers, LPOVERLAPPED_COMPLETION_ROUTINE, ReadFile, ReadFileEx, WriteFile, WriteFileEx,
};
pub use names::{
    CreateDirectoryA, CreateDirectoryW, DeleteFileA, DeleteFileW, GetFileAttributesA,
    GetFileAttributesW, RemoveDirectoryA, RemoveDirectoryW,
};
pub use pointer::{
    GetFileSize, GetFileSizeEx, GetFileType, SetEndOfFile, SetFilePointer, SetFilePointerEx,
};

pub use time::*;

use libiocp::status::Status;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The path that a Windows program means: a POSIX path as it is; backslashes
/// separate as well; `NUL` is the null device. `\\?\` and `\\.\` before a
/// POSIX path are left out.
///
/// # Errors
/// `OBJECT_PATH_NOT_FOUND` for a name that is empty or on a drive.
pub(crate) fn path(name: Vec<u8>) -> Result<PathBuf, Status> {
    let mut name: Vec<u8> = name;
    if name.contains(&b'\\') {
        let is_verbatim = name.starts_with(br"\\?\") || name.starts_with(br"\\.\");
        let rest = if is_verbatim { name.split_off(4) } else { name };
        name = rest.into_iter().map(|byte| if byte == b'\\' { b'/' } else { byte }).collect();
    }
    if name.is_empty() || (name.len() >= 2 && name[0].is_ascii_alphabetic() && name[1] == b':') {
        return Err(Status::OBJECT_PATH_NOT_FOUND);
    }
    if name.eq_ignore_ascii_case(b"nul") {
        name = b"/dev/null".to_vec();
    }
    Ok(PathBuf::from(OsString::from_vec(name)))
}

/// What an error about a path is on Windows, which tells a missing directory
/// from a missing file.
fn path_error(path: &Path, error: &std::io::Error) -> u32 {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if errno == libc::ENOENT && parent.is_some_and(|parent| !parent.is_dir()) {
        return Status::OBJECT_PATH_NOT_FOUND.win32();
    }
    Status::from_errno_file(errno).win32()
}

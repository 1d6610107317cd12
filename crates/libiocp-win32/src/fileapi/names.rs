//! What is done to files by name.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::{path, path_error};
use crate::errhandlingapi::{fail, set_last_error};
use crate::kernel::wide_to_bytes;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, TRUE};
use libiocp::status::Status;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const INVALID_FILE_ATTRIBUTES: DWORD = 0xFFFF_FFFF;
const FILE_ATTRIBUTE_READONLY: DWORD = 0x1;
const FILE_ATTRIBUTE_DIRECTORY: DWORD = 0x10;
const FILE_ATTRIBUTE_ARCHIVE: DWORD = 0x20;
const ERROR_ACCESS_DENIED: DWORD = 5;
const ERROR_ALREADY_EXISTS: DWORD = 183;
const ERROR_DIRECTORY: DWORD = 267;

/// # Safety
/// NULL, or a string that ends with a zero.
unsafe fn narrow(name: LPCSTR) -> Vec<u8> {
    if name.is_null() {
        return Vec::new();
    }
    // SAFETY: by the contract of this function.
    unsafe { crate::text::narrow(name) }.to_vec()
}

/// # Safety
/// NULL, or a string that ends with a zero.
unsafe fn wide(name: LPCWSTR) -> Vec<u8> {
    // SAFETY: by the contract of this function.
    unsafe { wide_to_bytes(name) }.unwrap_or_default()
}

fn on_path(name: Vec<u8>, f: impl FnOnce(&Path) -> Result<(), DWORD>) -> BOOL {
    match path(name).map_err(Status::win32).and_then(|path| f(&path)) {
        Ok(()) => TRUE,
        Err(code) => fail(code),
    }
}

fn io(path: &Path, result: io::Result<()>) -> Result<(), DWORD> {
    result.map_err(|error| path_error(path, &error))
}

fn delete(path: &Path) -> Result<(), DWORD> {
    if let Ok(found) = std::fs::symlink_metadata(path)
        && (found.is_dir() || found.is_file() && found.mode() & 0o200 == 0)
    {
        return Err(ERROR_ACCESS_DENIED);
    }
    io(path, std::fs::remove_file(path))
}

/// `DeleteFileA`: removes a file's name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteFileA(lpFileName: LPCSTR) -> BOOL {
    // SAFETY: the documentation asks for a string that ends with a zero.
    on_path(unsafe { narrow(lpFileName) }, delete)
}

/// `DeleteFileW`: removes a file's name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteFileW(lpFileName: LPCWSTR) -> BOOL {
    // SAFETY: the documentation asks for a string that ends with a zero.
    on_path(unsafe { wide(lpFileName) }, delete)
}

fn create_directory(path: &Path) -> Result<(), DWORD> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(ERROR_ALREADY_EXISTS),
        // Only the way there can be missing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Status::OBJECT_PATH_NOT_FOUND.win32())
        }
        result => io(path, result),
    }
}

/// `CreateDirectoryA`: makes a directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateDirectoryA(
    lpPathName: LPCSTR,
    lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
) -> BOOL {
    let _ = lpSecurityAttributes;
    // SAFETY: the documentation asks for a string that ends with a zero.
    on_path(unsafe { narrow(lpPathName) }, create_directory)
}

/// `CreateDirectoryW`: makes a directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateDirectoryW(
    lpPathName: LPCWSTR,
    lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
) -> BOOL {
    let _ = lpSecurityAttributes;
    // SAFETY: the documentation asks for a string that ends with a zero.
    on_path(unsafe { wide(lpPathName) }, create_directory)
}

fn remove_directory(path: &Path) -> Result<(), DWORD> {
    match std::fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(ERROR_DIRECTORY),
        result => io(path, result),
    }
}

/// `RemoveDirectoryA`: removes an empty directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RemoveDirectoryA(lpPathName: LPCSTR) -> BOOL {
    // SAFETY: the documentation asks for a string that ends with a zero.
    on_path(unsafe { narrow(lpPathName) }, remove_directory)
}

/// `RemoveDirectoryW`: removes an empty directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RemoveDirectoryW(lpPathName: LPCWSTR) -> BOOL {
    // SAFETY: the documentation asks for a string that ends with a zero.
    on_path(unsafe { wide(lpPathName) }, remove_directory)
}

fn attributes(name: Vec<u8>) -> DWORD {
    let found = path(name)
        .map_err(Status::win32)
        .and_then(|path| std::fs::metadata(&path).map_err(|error| path_error(&path, &error)));
    match found {
        Err(code) => {
            set_last_error(code);
            INVALID_FILE_ATTRIBUTES
        }
        Ok(found) if found.is_dir() => FILE_ATTRIBUTE_DIRECTORY,
        Ok(found) if found.mode() & 0o200 == 0 => FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_READONLY,
        Ok(_) => FILE_ATTRIBUTE_ARCHIVE,
    }
}

/// `GetFileAttributesA`: what kind of file a name is, and whether it may be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileAttributesA(lpFileName: LPCSTR) -> DWORD {
    // SAFETY: the documentation asks for a string that ends with a zero.
    attributes(unsafe { narrow(lpFileName) })
}

/// `GetFileAttributesW`: what kind of file a name is, and whether it may be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileAttributesW(lpFileName: LPCWSTR) -> DWORD {
    // SAFETY: the documentation asks for a string that ends with a zero.
    attributes(unsafe { wide(lpFileName) })
}

//! `CreateFile`.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use super::{path, path_error};
use crate::errhandlingapi::set_last_error;
use crate::kernel::{engine, system, wide_to_bytes};
use crate::types::{DWORD, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES};
use libiocp::device::{Device, Disk};
use libiocp::engine::{DiskFile, Stream};
use libiocp::file::File;
use libiocp::handle::Handle;
use libiocp::object::{Object, access};
use libiocp::status::Status;
use libiocp::system::INHERIT;
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const INVALID_HANDLE_VALUE: HANDLE = usize::MAX as HANDLE;

const CREATE_NEW: DWORD = 1;
const CREATE_ALWAYS: DWORD = 2;
const OPEN_EXISTING: DWORD = 3;
const OPEN_ALWAYS: DWORD = 4;
const TRUNCATE_EXISTING: DWORD = 5;

const FILE_ATTRIBUTE_READONLY: DWORD = 1;
const FILE_FLAG_WRITE_THROUGH: DWORD = 0x8000_0000;
const FILE_FLAG_OVERLAPPED: DWORD = 0x4000_0000;
const FILE_FLAG_NO_BUFFERING: DWORD = 0x2000_0000;
const FILE_FLAG_RANDOM_ACCESS: DWORD = 0x1000_0000;
const FILE_FLAG_SEQUENTIAL_SCAN: DWORD = 0x0800_0000;
const FILE_FLAG_DELETE_ON_CLOSE: DWORD = 0x0400_0000;
const FILE_FLAG_BACKUP_SEMANTICS: DWORD = 0x0200_0000;

const ERROR_ACCESS_DENIED: DWORD = 5;
const ERROR_FILE_EXISTS: DWORD = 80;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_ALREADY_EXISTS: DWORD = 183;

const READS: DWORD = access::FILE_READ_DATA | 0x20;
const WRITES: DWORD = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;

/// What `CreateFile` was asked, with the access mapped to files.
struct Wanted {
    path: PathBuf,
    access: DWORD,
    disposition: DWORD,
    flags: DWORD,
}

/// `CreateFileA`: opens or creates a file; the name is UTF-8.
///
/// The sharing mode is checked but not enforced yet. The last error is 183 if
/// `CREATE_ALWAYS` or `OPEN_ALWAYS` found the file, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileA(
    lpFileName: LPCSTR,
    dwDesiredAccess: DWORD,
    dwShareMode: DWORD,
    lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
    dwCreationDisposition: DWORD,
    dwFlagsAndAttributes: DWORD,
    hTemplateFile: HANDLE,
) -> HANDLE {
    let _ = hTemplateFile;
    let name = (!lpFileName.is_null())
        // SAFETY: the documentation asks for a string that ends with a zero.
        .then(|| unsafe { crate::text::narrow(lpFileName) }.to_vec());
    let wanted = [dwDesiredAccess, dwShareMode, dwCreationDisposition, dwFlagsAndAttributes];
    // SAFETY: the documentation asks for NULL or valid memory.
    unsafe { create(name, wanted, lpSecurityAttributes) }
}

/// `CreateFileW`: opens or creates a file. As [`CreateFileA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileW(
    lpFileName: LPCWSTR,
    dwDesiredAccess: DWORD,
    dwShareMode: DWORD,
    lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
    dwCreationDisposition: DWORD,
    dwFlagsAndAttributes: DWORD,
    hTemplateFile: HANDLE,
) -> HANDLE {
    let _ = hTemplateFile;
    let wanted = [dwDesiredAccess, dwShareMode, dwCreationDisposition, dwFlagsAndAttributes];
    // SAFETY: the documentation asks for a string that ends with a zero, and
    // for NULL or valid memory.
    unsafe { create(wide_to_bytes(lpFileName), wanted, lpSecurityAttributes) }
}

/// # Safety
/// `attributes` is NULL or valid.
unsafe fn create(
    name: Option<Vec<u8>>,
    [desired, share, disposition, flags]: [DWORD; 4],
    attributes: *const SECURITY_ATTRIBUTES,
) -> HANDLE {
    // SAFETY: by the contract of this function.
    let inherits = unsafe { attributes.as_ref() }.is_some_and(|it| it.bInheritHandle != 0);
    let created = path(name.unwrap_or_default())
        .map_err(Status::win32)
        .and_then(|path| {
            let is_truncation = disposition == TRUNCATE_EXISTING;
            let may_truncate = desired & (access::GENERIC_WRITE | access::GENERIC_ALL) != 0;
            if !(CREATE_NEW..=TRUNCATE_EXISTING).contains(&disposition)
                || share > 7
                || is_truncation && !may_truncate
            {
                return Err(ERROR_INVALID_PARAMETER);
            }
            open(&Wanted { path, access: map_access(desired), disposition, flags })
        })
        .and_then(|(file, granted, existed)| {
            let object = Object::File(Handle::new(file));
            let inherit = if inherits { INHERIT } else { 0 };
            let value = system().insert_with(object, granted, inherit).map_err(Status::win32)?;
            Ok((value, existed))
        });
    match created {
        Ok((value, existed)) => {
            set_last_error(if existed { ERROR_ALREADY_EXISTS } else { 0 });
            value as HANDLE
        }
        Err(code) => {
            set_last_error(code);
            INVALID_HANDLE_VALUE
        }
    }
}

/// Every handle may be waited for and asked for attributes.
fn map_access(desired: DWORD) -> DWORD {
    let generic = [
        (access::GENERIC_READ, 0x0012_0089),
        (access::GENERIC_WRITE, 0x0012_0116),
        (access::GENERIC_EXECUTE, 0x0012_00A0),
        (access::GENERIC_ALL | access::MAXIMUM_ALLOWED, 0x001F_01FF),
    ];
    let always = access::SYNCHRONIZE | access::FILE_READ_ATTRIBUTES;
    generic
        .iter()
        .filter(|(bits, _)| desired & bits != 0)
        .fold(desired & 0x001F_01FF | always, |mapped, (_, specific)| mapped | specific)
}

/// The file, its rights, and whether it was there before.
fn open(wanted: &Wanted) -> Result<(File, DWORD, bool), DWORD> {
    let existing = std::fs::metadata(&wanted.path).ok();
    check_existing(wanted, existing.as_ref())?;
    let mut access = wanted.access;
    if wanted.flags & FILE_FLAG_DELETE_ON_CLOSE != 0 {
        access |= 0x0001_0000;
    }
    let (fd, created) = open_descriptor(wanted)?;
    let existed = !created && matches!(wanted.disposition, CREATE_ALWAYS | OPEN_ALWAYS);
    if !created && matches!(wanted.disposition, CREATE_ALWAYS | TRUNCATE_EXISTING) {
        let file = std::fs::File::from(fd.try_clone().map_err(|it| path_error(&wanted.path, &it))?);
        if file.metadata().is_ok_and(|it| it.is_file()) {
            file.set_len(0).map_err(|it| path_error(&wanted.path, &it))?;
        }
    }
    advise(&fd, wanted.flags);
    let is_overlapped = wanted.flags & FILE_FLAG_OVERLAPPED != 0;
    let pipe =
        if is_overlapped { pipe(&fd).map_err(|it| path_error(&wanted.path, &it))? } else { None };
    let file = engine().disk_file(fd);
    let alignment = alignment(&file, wanted.flags);
    let mut disk =
        Disk::new(file).aligned_to(alignment).durable(wanted.flags & FILE_FLAG_WRITE_THROUGH != 0);
    if wanted.flags & FILE_FLAG_DELETE_ON_CLOSE != 0 {
        let path = std::path::absolute(&wanted.path).unwrap_or_else(|_| wanted.path.clone());
        disk = disk.deleted_on_close(path);
    }
    if let Some(pipe) = pipe {
        disk = disk.awaited_by(pipe);
    }
    let file = File::new(Device::Disk(disk.into()), engine().clone(), is_overlapped);
    Ok((file, access, existed))
}

/// What a pipe is awaited by, if that is what has been opened.
fn pipe(fd: &OwnedFd) -> std::io::Result<Option<Arc<Stream>>> {
    let file = std::fs::File::from(fd.try_clone()?);
    if !file.metadata()?.file_type().is_fifo() {
        return Ok(None);
    }
    // SAFETY: no memory is involved. Both descriptors are one open file, which is ours alone.
    let result = unsafe {
        let flags = libc::fcntl(fd.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if result < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(Some(engine().stream(file.into(), false)))
}

/// What Windows refuses although the kernel would not.
fn check_existing(wanted: &Wanted, existing: Option<&std::fs::Metadata>) -> Result<(), DWORD> {
    let Some(existing) = existing else { return Ok(()) };
    if wanted.disposition == CREATE_NEW {
        return Err(ERROR_FILE_EXISTS);
    }
    if existing.is_dir() {
        let opens = matches!(wanted.disposition, OPEN_EXISTING | OPEN_ALWAYS);
        let may = wanted.flags & FILE_FLAG_BACKUP_SEMANTICS != 0 && opens;
        return if may { Ok(()) } else { Err(ERROR_ACCESS_DENIED) };
    }
    // The owner's right to write is the read-only attribute, also for those
    // whom the kernel lets write everything.
    let is_read_only = existing.is_file() && existing.mode() & 0o200 == 0;
    let changes = wanted.access & WRITES != 0
        || wanted.disposition == CREATE_ALWAYS
        || wanted.flags & FILE_FLAG_DELETE_ON_CLOSE != 0;
    if is_read_only && changes { Err(ERROR_ACCESS_DENIED) } else { Ok(()) }
}

/// The descriptor, and whether the file has been created.
fn open_descriptor(wanted: &Wanted) -> Result<(OwnedFd, bool), DWORD> {
    let creates = matches!(wanted.disposition, CREATE_NEW | CREATE_ALWAYS | OPEN_ALWAYS);
    let may_exist = wanted.disposition != CREATE_NEW;
    loop {
        if may_exist {
            match open_once(wanted, false) {
                Ok(fd) => return Ok((fd, false)),
                Err(error) if creates && error.raw_os_error() == Some(libc::ENOENT) => {}
                Err(error) => return Err(open_error(&wanted.path, &error)),
            }
        }
        match open_once(wanted, true) {
            Ok(fd) => return Ok((fd, true)),
            // Somebody created it between the two attempts.
            Err(error) if may_exist && error.raw_os_error() == Some(libc::EEXIST) => {
                // Or there is a link that leads nowhere: what it names is created.
                if let Ok(target) = std::fs::read_link(&wanted.path) {
                    let path = wanted.path.with_file_name("").join(target);
                    return open_descriptor(&Wanted { path, ..*wanted });
                }
            }
            Err(error) => return Err(open_error(&wanted.path, &error)),
        }
    }
}

fn open_error(path: &Path, error: &std::io::Error) -> DWORD {
    match error.raw_os_error() {
        Some(libc::EEXIST) => ERROR_FILE_EXISTS,
        Some(libc::EISDIR) => ERROR_ACCESS_DENIED,
        _ => path_error(path, error),
    }
}

fn open_once(wanted: &Wanted, creates: bool) -> std::io::Result<OwnedFd> {
    let mut options = OpenOptions::new();
    let truncates = matches!(wanted.disposition, CREATE_ALWAYS | TRUNCATE_EXISTING);
    let writes = wanted.access & WRITES != 0 || truncates || creates;
    options.read(wanted.access & READS != 0 || !writes).write(writes).create_new(creates);
    options.mode(if wanted.flags & FILE_ATTRIBUTE_READONLY != 0 { 0o444 } else { 0o666 });
    let mut custom = libc::O_CLOEXEC | libc::O_NOCTTY;
    if wanted.flags & FILE_FLAG_NO_BUFFERING != 0 {
        custom |= libc::O_DIRECT;
    }
    let opened = options.custom_flags(custom).open(&wanted.path);
    match opened {
        // A file system without unbuffered access: the checks stay.
        Err(error)
            if custom & libc::O_DIRECT != 0 && error.raw_os_error() == Some(libc::EINVAL) =>
        {
            options.custom_flags(custom & !libc::O_DIRECT).open(&wanted.path).map(OwnedFd::from)
        }
        // Attributes may be asked of what may not be read.
        Err(error)
            if wanted.access & (READS | WRITES) == 0
                && error.raw_os_error() == Some(libc::EACCES) =>
        {
            options.custom_flags(custom | libc::O_PATH).open(&wanted.path).map(OwnedFd::from)
        }
        opened => opened.map(OwnedFd::from),
    }
}

fn advise(fd: &OwnedFd, flags: DWORD) {
    let advice = if flags & FILE_FLAG_SEQUENTIAL_SCAN != 0 {
        libc::POSIX_FADV_SEQUENTIAL
    } else if flags & FILE_FLAG_RANDOM_ACCESS != 0 {
        libc::POSIX_FADV_RANDOM
    } else {
        return;
    };
    // SAFETY: no memory is involved. It is only advice.
    unsafe { libc::posix_fadvise(fd.as_raw_fd(), 0, 0, advice) };
}

/// What offsets, lengths and addresses must be multiples of.
fn alignment(file: &DiskFile, flags: DWORD) -> u32 {
    if flags & FILE_FLAG_NO_BUFFERING == 0 { 1 } else { file.unbuffered_alignment() }
}

//! Windows' codes behind `std::io::Error`.

use crate::device::WinsockError;
use crate::engine::Engine;
use crate::status::Status;
use std::fmt;
use std::io::{self, ErrorKind};

/// What Windows calls an error: the source of the `std::io::Error`s of this
/// crate.
///
/// Most callers ask [`win32_code`], [`winsock_code`] or [`status_of`] instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The outcome of an operation, from which its codes are derived.
    Status(Status),
    /// A code that a call answered at once: Win32's or Winsock's.
    Code(u32),
}

/// `WAIT_TIMEOUT`.
const WAIT_TIMEOUT: u32 = 258;
/// `ERROR_ABANDONED_WAIT_0`: the port was closed.
const ABANDONED_WAIT_0: u32 = 735;

impl Error {
    /// The code that `GetLastError` gives.
    #[doc(alias = "GetLastError")]
    pub fn win32_code(self) -> u32 {
        match self {
            Error::Status(status) => status.win32(),
            Error::Code(code) => code,
        }
    }

    /// The code that `WSAGetLastError` gives.
    #[doc(alias = "WSAGetLastError")]
    pub fn winsock_code(self) -> u32 {
        match self {
            Error::Status(status) => status.wsa(),
            Error::Code(code) => code,
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Error::Status(status) => kind_of_status(status),
            Error::Code(code) => kind_of_code(code),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Status(status) => write!(f, "{status}, Win32 error {}", status.win32()),
            Error::Code(WAIT_TIMEOUT) => f.write_str("the time is up (Win32 error 258)"),
            Error::Code(ABANDONED_WAIT_0) => {
                f.write_str("the completion port was closed (Win32 error 735)")
            }
            Error::Code(code) => write!(f, "Win32 error {code}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::new(error.kind(), error)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Error::Status(status)
    }
}

/// The Win32 code of an error, as `GetLastError` gives it; `None` if the error
/// is neither this crate's nor the kernel's.
///
/// # Examples
/// ```
/// use libiocp::{CompletionPort, win32_code};
/// use std::time::Duration;
///
/// let port = CompletionPort::new(0)?;
/// let error = port.get(Some(Duration::ZERO)).unwrap_err();
/// assert_eq!(win32_code(&error), Some(258)); // WAIT_TIMEOUT
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "GetLastError")]
pub fn win32_code(error: &io::Error) -> Option<u32> {
    find(error).map(Error::win32_code)
}

/// The Winsock code of an error, as `WSAGetLastError` gives it: 10054 where
/// [`win32_code`] says 64. `None` as there.
#[doc(alias = "WSAGetLastError")]
#[doc(alias = "WSAGetOverlappedResult")]
pub fn winsock_code(error: &io::Error) -> Option<u32> {
    find(error).map(Error::winsock_code)
}

/// The NTSTATUS of an error, if it is the outcome of an operation or an errno.
#[doc(alias = "NTSTATUS")]
pub fn status_of(error: &io::Error) -> Option<Status> {
    match find(error) {
        Some(Error::Status(status)) => Some(status),
        _ => None,
    }
}

fn find(error: &io::Error) -> Option<Error> {
    let own = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
    let errno = || error.raw_os_error().map(|it| Error::Status(Status::from_errno_file(it)));
    own.copied().or_else(errno)
}

pub(super) fn from_status(status: Status) -> io::Error {
    Error::Status(status).into()
}

pub(super) fn from_winsock(error: WinsockError) -> io::Error {
    Error::Code(error.0).into()
}

pub(super) fn timed_out() -> io::Error {
    Error::Code(WAIT_TIMEOUT).into()
}

pub(super) fn abandoned() -> io::Error {
    Error::Code(ABANDONED_WAIT_0).into()
}

/// An error in the child of a fork, whose parent the engine belongs to.
pub(super) fn check_not_forked(engine: &Engine) -> io::Result<()> {
    if engine.is_forked() { Err(from_status(Status::NOT_SUPPORTED)) } else { Ok(()) }
}

fn kind_of_status(status: Status) -> ErrorKind {
    match status {
        Status::END_OF_FILE => ErrorKind::UnexpectedEof,
        Status::INVALID_PARAMETER | Status::INVALID_HANDLE => ErrorKind::InvalidInput,
        Status::OBJECT_NAME_NOT_FOUND | Status::OBJECT_PATH_NOT_FOUND => ErrorKind::NotFound,
        Status::OBJECT_NAME_COLLISION => ErrorKind::AlreadyExists,
        Status::ACCESS_DENIED => ErrorKind::PermissionDenied,
        Status::NOT_SUPPORTED | Status::INVALID_DEVICE_REQUEST => ErrorKind::Unsupported,
        Status::NO_MEMORY | Status::INSUFFICIENT_RESOURCES => ErrorKind::OutOfMemory,
        Status::DISK_FULL => ErrorKind::StorageFull,
        status => kind_of_code(status.wsa()),
    }
}

fn kind_of_code(code: u32) -> ErrorKind {
    match code {
        258 | 10060 => ErrorKind::TimedOut,
        735 | 10058 => ErrorKind::BrokenPipe,
        10013 => ErrorKind::PermissionDenied,
        10022 => ErrorKind::InvalidInput,
        10035 => ErrorKind::WouldBlock,
        10043..=10047 => ErrorKind::Unsupported,
        10048 => ErrorKind::AddrInUse,
        10049 => ErrorKind::AddrNotAvailable,
        10050 => ErrorKind::NetworkDown,
        10051 => ErrorKind::NetworkUnreachable,
        10053 => ErrorKind::ConnectionAborted,
        10054 => ErrorKind::ConnectionReset,
        10055 => ErrorKind::OutOfMemory,
        10057 => ErrorKind::NotConnected,
        10061 => ErrorKind::ConnectionRefused,
        10065 => ErrorKind::HostUnreachable,
        _ => ErrorKind::Other,
    }
}

//! The outcome of an operation, in NT's terms, and the one table that translates it.
//!
//! Three number spaces show the same event: the NTSTATUS in `OVERLAPPED.Internal`, the
//! Win32 code of `GetLastError`, and the Winsock code of `WSAGetOverlappedResult`. Only the
//! first is stored; the other two are derived here. errno enters here and nowhere else.

use std::fmt;

/// An NTSTATUS. The two top bits are the severity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Status(pub u32);

/// One row a status: `NAME = NTSTATUS, Win32 code, Winsock code`.
macro_rules! statuses {
    ($($name:ident = $nt:literal, $win32:literal, $wsa:literal;)*) => {
        impl Status {
            $(
                #[doc = concat!("`STATUS_", stringify!($name), "`: Win32 ", stringify!($win32),
                    ", Winsock ", stringify!($wsa), ".")]
                pub const $name: Status = Status($nt);
            )*

            /// The name without its `STATUS_`, if the table has it.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($nt => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            fn row(self) -> Option<(u32, u32)> {
                match self.0 {
                    $($nt => Some(($win32, $wsa)),)*
                    _ => None,
                }
            }
        }

        #[cfg(test)]
        const ALL: &[Status] = &[$(Status::$name,)*];
    };
}

// ERROR_MR_MID_NOT_FOUND: the answer for a status that has no Win32 code.
const NO_MAPPING: u32 = 317;
const WSAEINVAL: u32 = 10022;

statuses! {
    SUCCESS = 0x0000_0000, 0, 0;
    ABANDONED = 0x0000_0080, 128, 0;
    USER_APC = 0x0000_00C0, 737, 0;
    KERNEL_APC = 0x0000_0100, 738, 0;
    ALERTED = 0x0000_0101, 739, 0;
    TIMEOUT = 0x0000_0102, 1460, 0;
    PENDING = 0x0000_0103, 997, 996;
    OPLOCK_BREAK_IN_PROGRESS = 0x0000_0108, 742, 0;
    NOTIFY_CLEANUP = 0x0000_010B, 745, 0;
    NOTIFY_ENUM_DIR = 0x0000_010C, 1022, 0;
    OBJECT_NAME_EXISTS = 0x4000_0000, 698, 0;
    RECEIVE_PARTIAL = 0x4000_000F, 707, 0;
    RECEIVE_EXPEDITED = 0x4000_0010, 708, 0;
    RECEIVE_PARTIAL_EXPEDITED = 0x4000_0011, 709, 0;
    BUFFER_OVERFLOW = 0x8000_0005, 234, 10040;
    NO_MORE_FILES = 0x8000_0006, 18, 10022;
    HANDLES_CLOSED = 0x8000_000A, 676, 10022;
    UNSUCCESSFUL = 0xC000_0001, 31, 10022;
    NOT_IMPLEMENTED = 0xC000_0002, 1, 10045;
    INVALID_INFO_CLASS = 0xC000_0003, 87, 10022;
    INFO_LENGTH_MISMATCH = 0xC000_0004, 24, 10022;
    ACCESS_VIOLATION = 0xC000_0005, 998, 10014;
    INVALID_HANDLE = 0xC000_0008, 6, 10038;
    INVALID_PARAMETER = 0xC000_000D, 87, 10022;
    INVALID_DEVICE_REQUEST = 0xC000_0010, 1, 10022;
    END_OF_FILE = 0xC000_0011, 38, 10022;
    MORE_PROCESSING_REQUIRED = 0xC000_0016, 234, 10022;
    NO_MEMORY = 0xC000_0017, 8, 10055;
    CONFLICTING_ADDRESSES = 0xC000_0018, 487, 10055;
    ACCESS_DENIED = 0xC000_0022, 5, 10013;
    BUFFER_TOO_SMALL = 0xC000_0023, 122, 10014;
    OBJECT_TYPE_MISMATCH = 0xC000_0024, 6, 10038;
    INVALID_PARAMETER_MIX = 0xC000_0030, 87, 10022;
    OBJECT_NAME_INVALID = 0xC000_0033, 123, 10022;
    OBJECT_NAME_NOT_FOUND = 0xC000_0034, 2, 10022;
    OBJECT_NAME_COLLISION = 0xC000_0035, 183, 10022;
    PORT_DISCONNECTED = 0xC000_0037, 6, 10022;
    OBJECT_PATH_INVALID = 0xC000_0039, 161, 10022;
    OBJECT_PATH_NOT_FOUND = 0xC000_003A, 3, 10022;
    OBJECT_PATH_SYNTAX_BAD = 0xC000_003B, 161, 10022;
    SHARING_VIOLATION = 0xC000_0043, 32, 10048;
    QUOTA_EXCEEDED = 0xC000_0044, 1816, 10055;
    MUTANT_NOT_OWNED = 0xC000_0046, 288, 10022;
    SEMAPHORE_LIMIT_EXCEEDED = 0xC000_0047, 298, 10022;
    THREAD_IS_TERMINATING = 0xC000_004B, 5, 10022;
    FILE_LOCK_CONFLICT = 0xC000_0054, 33, 10022;
    LOCK_NOT_GRANTED = 0xC000_0055, 33, 10022;
    DELETE_PENDING = 0xC000_0056, 5, 10022;
    PRIVILEGE_NOT_HELD = 0xC000_0061, 1314, 10022;
    RANGE_NOT_LOCKED = 0xC000_007E, 158, 10022;
    DISK_FULL = 0xC000_007F, 112, 10022;
    INSUFFICIENT_RESOURCES = 0xC000_009A, 1450, 10055;
    MEDIA_WRITE_PROTECTED = 0xC000_00A2, 19, 10022;
    DEVICE_NOT_READY = 0xC000_00A3, 21, 10035;
    INSTANCE_NOT_AVAILABLE = 0xC000_00AB, 231, 10022;
    PIPE_NOT_AVAILABLE = 0xC000_00AC, 231, 10022;
    INVALID_PIPE_STATE = 0xC000_00AD, 230, 10022;
    PIPE_BUSY = 0xC000_00AE, 231, 10022;
    ILLEGAL_FUNCTION = 0xC000_00AF, 1, 10022;
    PIPE_DISCONNECTED = 0xC000_00B0, 233, 10058;
    PIPE_CLOSING = 0xC000_00B1, 232, 10022;
    PIPE_CONNECTED = 0xC000_00B2, 535, 10022;
    PIPE_LISTENING = 0xC000_00B3, 536, 10022;
    INVALID_READ_MODE = 0xC000_00B4, 230, 10022;
    IO_TIMEOUT = 0xC000_00B5, 121, 10060;
    FILE_IS_A_DIRECTORY = 0xC000_00BA, 5, 10022;
    NOT_SUPPORTED = 0xC000_00BB, 50, 10045;
    REMOTE_NOT_LISTENING = 0xC000_00BC, 51, 10061;
    BAD_NETWORK_PATH = 0xC000_00BE, 53, 10051;
    NETWORK_BUSY = 0xC000_00BF, 54, 10050;
    DEVICE_DOES_NOT_EXIST = 0xC000_00C0, 55, 10022;
    UNEXPECTED_NETWORK_ERROR = 0xC000_00C4, 59, 10050;
    NETWORK_NAME_DELETED = 0xC000_00C9, 64, 10022;
    BAD_DEVICE_TYPE = 0xC000_00CB, 66, 10022;
    BAD_NETWORK_NAME = 0xC000_00CC, 67, 10022;
    REQUEST_NOT_ACCEPTED = 0xC000_00D0, 71, 10035;
    NOT_SAME_DEVICE = 0xC000_00D4, 17, 10022;
    PIPE_EMPTY = 0xC000_00D9, 232, 10022;
    OPLOCK_NOT_GRANTED = 0xC000_00E2, 300, 10022;
    INVALID_USER_BUFFER = 0xC000_00E8, 1784, 10022;
    INVALID_PARAMETER_1 = 0xC000_00EF, 87, 10022;
    INVALID_PARAMETER_2 = 0xC000_00F0, 87, 10022;
    INVALID_PARAMETER_3 = 0xC000_00F1, 87, 10022;
    INVALID_PARAMETER_4 = 0xC000_00F2, 87, 10022;
    INVALID_PARAMETER_5 = 0xC000_00F3, 87, 10022;
    INVALID_PARAMETER_6 = 0xC000_00F4, 87, 10022;
    INVALID_PARAMETER_7 = 0xC000_00F5, 87, 10022;
    INVALID_PARAMETER_8 = 0xC000_00F6, 87, 10022;
    INVALID_PARAMETER_9 = 0xC000_00F7, 87, 10022;
    INVALID_PARAMETER_10 = 0xC000_00F8, 87, 10022;
    INVALID_PARAMETER_11 = 0xC000_00F9, 87, 10022;
    INVALID_PARAMETER_12 = 0xC000_00FA, 87, 10022;
    DIRECTORY_NOT_EMPTY = 0xC000_0101, 145, 10022;
    NOT_A_DIRECTORY = 0xC000_0103, 267, 10022;
    NAME_TOO_LONG = 0xC000_0106, 206, 10022;
    PROCESS_IS_TERMINATING = 0xC000_010A, 5, 10022;
    CANNOT_IMPERSONATE = 0xC000_010D, 1368, 10022;
    TOO_MANY_OPENED_FILES = 0xC000_011F, 4, 10022;
    CANCELLED = 0xC000_0120, 995, 995;
    CANNOT_DELETE = 0xC000_0121, 5, 10022;
    FILE_DELETED = 0xC000_0123, 5, 10022;
    FILE_CLOSED = 0xC000_0128, 6, 10022;
    LOCAL_DISCONNECT = 0xC000_013B, 64, 10053;
    REMOTE_DISCONNECT = 0xC000_013C, 64, 10054;
    REMOTE_RESOURCES = 0xC000_013D, 51, 10055;
    LINK_FAILED = 0xC000_013E, 59, 10054;
    LINK_TIMEOUT = 0xC000_013F, 59, 10060;
    INVALID_CONNECTION = 0xC000_0140, 59, 10057;
    INVALID_ADDRESS = 0xC000_0141, 59, 10049;
    PIPE_BROKEN = 0xC000_014B, 109, 10022;
    INVALID_DEVICE_STATE = 0xC000_0184, 22, 10022;
    IO_DEVICE_ERROR = 0xC000_0185, 1117, 10022;
    MUTANT_LIMIT_EXCEEDED = 0xC000_0191, 587, 10022;
    POSSIBLE_DEADLOCK = 0xC000_0194, 1131, 10022;
    INVALID_LOCK_RANGE = 0xC000_01A1, 307, 10022;
    NOT_SAME_OBJECT = 0xC000_01AC, 1656, 10022;
    INVALID_BUFFER_SIZE = 0xC000_0206, 1784, 10040;
    INVALID_ADDRESS_COMPONENT = 0xC000_0207, 1214, 10049;
    TOO_MANY_ADDRESSES = 0xC000_0209, 68, 10055;
    ADDRESS_ALREADY_EXISTS = 0xC000_020A, 52, 10048;
    CONNECTION_DISCONNECTED = 0xC000_020C, 64, 10054;
    CONNECTION_RESET = 0xC000_020D, 64, 10054;
    TRANSACTION_ABORTED = 0xC000_020F, 59, 10053;
    NOT_FOUND = 0xC000_0225, 1168, 10022;
    HANDLE_NOT_CLOSABLE = 0xC000_0235, 6, 10022;
    CONNECTION_REFUSED = 0xC000_0236, 1225, 10061;
    GRACEFUL_DISCONNECT = 0xC000_0237, 1226, 10101;
    ADDRESS_ALREADY_ASSOCIATED = 0xC000_0238, 1227, 10022;
    CONNECTION_ACTIVE = 0xC000_023B, 1230, 10056;
    NETWORK_UNREACHABLE = 0xC000_023C, 1231, 10051;
    HOST_UNREACHABLE = 0xC000_023D, 1232, 10065;
    PROTOCOL_UNREACHABLE = 0xC000_023E, 1233, 10051;
    PORT_UNREACHABLE = 0xC000_023F, 1234, 10054;
    REQUEST_ABORTED = 0xC000_0240, 1235, 10004;
    CONNECTION_ABORTED = 0xC000_0241, 1236, 10053;
    USER_MAPPED_FILE = 0xC000_0243, 1224, 10022;
    TOO_MANY_LINKS = 0xC000_0265, 1142, 10022;
    NOT_A_REPARSE_POINT = 0xC000_0275, 4390, 10022;
    IO_REPARSE_TAG_NOT_HANDLED = 0xC000_0279, 1920, 10022;
    REPARSE_POINT_NOT_RESOLVED = 0xC000_0280, 1921, 10022;
    DATATYPE_MISALIGNMENT_ERROR = 0xC000_02C5, 998, 10014;
    HOST_DOWN = 0xC000_0350, 1256, 10064;
    HOPLIMIT_EXCEEDED = 0xC000_A012, 317, 10022;
}

impl Status {
    /// Severity success or informational: what Windows calls `NT_SUCCESS`.
    pub const fn is_success(self) -> bool {
        self.0 < 0x8000_0000
    }

    /// Severity warning: a failed result that still completes the operation.
    pub const fn is_warning(self) -> bool {
        self.0 >> 30 == 2
    }

    /// Severity error. Returned at once it posts no packet (FILE-04, SOCK-17).
    pub const fn is_error(self) -> bool {
        self.0 >> 30 == 3
    }

    /// The Win32 code, as `RtlNtStatusToDosError` gives it.
    pub fn win32(self) -> u32 {
        if let Some((win32, _)) = self.row() {
            return win32;
        }
        if self.0 & 0x2000_0000 != 0 {
            // The customer bit: the value is somebody's own and passes unchanged.
            return self.0;
        }
        match self.0 >> 16 {
            0x8007 | 0xC001 | 0xC007 | 0xD007 => self.0 & 0xFFFF,
            0xD000..=0xDFFF => Status(self.0 & !0x1000_0000).win32(),
            _ => NO_MAPPING,
        }
    }

    /// The Win32 code where a wait was asked for: the wait functions and
    /// `GetQueuedCompletionStatus` translate their own three outcomes differently.
    pub fn wait_win32(self) -> u32 {
        match self {
            Status::ABANDONED => 735,
            Status::USER_APC => 192,
            Status::TIMEOUT => 258,
            other => other.win32(),
        }
    }

    /// The Winsock code, as `WSAGetOverlappedResult` and completion routines give it.
    /// 0 for every success but `PENDING`; `WSAEINVAL` for errors Winsock has no word for.
    pub fn wsa(self) -> u32 {
        match self.row() {
            Some((_, wsa)) => wsa,
            None if self.is_success() => 0,
            None => WSAEINVAL,
        }
    }

    /// What a file system call's errno means. The caller decides what one errno cannot
    /// tell: `OBJECT_PATH_NOT_FOUND` when a parent is missing (FILE-39).
    pub fn from_errno_file(errno: i32) -> Status {
        match errno {
            0 => Status::SUCCESS,
            libc::ENOENT | libc::ENODEV => Status::OBJECT_NAME_NOT_FOUND,
            libc::ENOTDIR => Status::OBJECT_PATH_NOT_FOUND,
            libc::EACCES | libc::EPERM => Status::ACCESS_DENIED,
            libc::EROFS => Status::MEDIA_WRITE_PROTECTED,
            libc::ENOSPC | libc::EDQUOT | libc::EFBIG => Status::DISK_FULL,
            libc::EMFILE | libc::ENFILE => Status::TOO_MANY_OPENED_FILES,
            libc::EEXIST => Status::OBJECT_NAME_COLLISION,
            libc::EISDIR => Status::FILE_IS_A_DIRECTORY,
            libc::ENOTEMPTY => Status::DIRECTORY_NOT_EMPTY,
            libc::EXDEV => Status::NOT_SAME_DEVICE,
            libc::ELOOP => Status::REPARSE_POINT_NOT_RESOLVED,
            libc::ENAMETOOLONG => Status::NAME_TOO_LONG,
            libc::EILSEQ => Status::OBJECT_NAME_INVALID,
            libc::EBUSY | libc::ETXTBSY => Status::SHARING_VIOLATION,
            libc::EINVAL => Status::INVALID_PARAMETER,
            libc::EIO => Status::IO_DEVICE_ERROR,
            libc::ENOMEM => Status::NO_MEMORY,
            libc::ENXIO => Status::DEVICE_DOES_NOT_EXIST,
            libc::ESTALE => Status::UNEXPECTED_NETWORK_ERROR,
            libc::EBADF => Status::INVALID_HANDLE,
            libc::EFAULT => Status::ACCESS_VIOLATION,
            libc::EAGAIN => Status::DEVICE_NOT_READY,
            libc::ECANCELED => Status::CANCELLED,
            libc::EPIPE => Status::PIPE_BROKEN,
            libc::ESPIPE | libc::ENOTTY => Status::INVALID_DEVICE_REQUEST,
            libc::EOPNOTSUPP | libc::ENOSYS => Status::NOT_SUPPORTED,
            libc::ENOLCK => Status::LOCK_NOT_GRANTED,
            libc::EDEADLK => Status::POSSIBLE_DEADLOCK,
            libc::EMLINK => Status::TOO_MANY_LINKS,
            libc::ETIMEDOUT => Status::IO_TIMEOUT,
            _ => Status::UNSUCCESSFUL,
        }
    }

    /// What a socket call's errno means when the state of the socket has nothing to say.
    /// The socket itself decides first where one errno has several meanings: EPIPE after
    /// its own shutdown, ECONNREFUSED on a datagram, EADDRNOTAVAIL of a bind, ECANCELED of
    /// a close (table T1).
    pub fn from_errno_socket(errno: i32) -> Status {
        match errno {
            0 => Status::SUCCESS,
            libc::EAGAIN => Status::DEVICE_NOT_READY,
            libc::EISCONN => Status::CONNECTION_ACTIVE,
            libc::ENOTCONN | libc::EDESTADDRREQ => Status::INVALID_CONNECTION,
            libc::EPIPE | libc::ECONNRESET | libc::EPROTO | libc::ENETRESET => {
                Status::CONNECTION_RESET
            }
            libc::ECONNABORTED => Status::CONNECTION_ABORTED,
            libc::ESHUTDOWN => Status::PIPE_DISCONNECTED,
            // ENOENT: a connect to the name of a local socket that does not exist.
            libc::ECONNREFUSED | libc::ENOENT => Status::CONNECTION_REFUSED,
            libc::ETIMEDOUT => Status::IO_TIMEOUT,
            libc::ENETDOWN => Status::UNEXPECTED_NETWORK_ERROR,
            libc::ENETUNREACH => Status::NETWORK_UNREACHABLE,
            libc::EHOSTUNREACH => Status::HOST_UNREACHABLE,
            libc::EHOSTDOWN => Status::HOST_DOWN,
            libc::EADDRINUSE => Status::ADDRESS_ALREADY_EXISTS,
            libc::EADDRNOTAVAIL => Status::INVALID_ADDRESS_COMPONENT,
            libc::EAFNOSUPPORT => Status::INVALID_ADDRESS,
            libc::EINVAL => Status::INVALID_PARAMETER,
            libc::EOPNOTSUPP => Status::NOT_SUPPORTED,
            libc::EMSGSIZE => Status::INVALID_BUFFER_SIZE,
            libc::EACCES | libc::EPERM => Status::ACCESS_DENIED,
            libc::EFAULT => Status::ACCESS_VIOLATION,
            libc::EBADF => Status::INVALID_HANDLE,
            libc::ENOTSOCK => Status::OBJECT_TYPE_MISMATCH,
            libc::EMFILE | libc::ENFILE => Status::TOO_MANY_OPENED_FILES,
            libc::ENOBUFS | libc::ENOMEM => Status::INSUFFICIENT_RESOURCES,
            libc::ECANCELED => Status::CANCELLED,
            _ => Status::UNSUCCESSFUL,
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Status({:#010x})", self.0),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "STATUS_{name} ({:#010x})", self.0),
            None => write!(f, "NTSTATUS {:#010x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests;

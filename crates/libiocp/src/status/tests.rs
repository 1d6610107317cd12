//! Every row of the tables in the rules, written out a second time.

use super::*;

/// Sockets, table T2: NTSTATUS, Win32, Winsock.
const SOCKETS_T2: &[(u32, u32, u32)] = &[
    (0x0000_0000, 0, 0),
    (0x0000_0102, 1460, 0),
    (0x0000_0103, 997, 996),
    (0x4000_000F, 707, 0),
    (0x4000_0010, 708, 0),
    (0x4000_0011, 709, 0),
    (0x8000_0005, 234, 10040),
    (0x8000_000A, 676, 10022),
    (0xC000_0002, 1, 10045),
    (0xC000_0005, 998, 10014),
    (0xC000_0008, 6, 10038),
    (0xC000_000D, 87, 10022),
    (0xC000_0017, 8, 10055),
    (0xC000_0018, 487, 10055),
    (0xC000_0022, 5, 10013),
    (0xC000_0023, 122, 10014),
    (0xC000_0024, 6, 10038),
    (0xC000_0043, 32, 10048),
    (0xC000_0044, 1816, 10055),
    (0xC000_009A, 1450, 10055),
    (0xC000_00A3, 21, 10035),
    (0xC000_00B0, 233, 10058),
    (0xC000_00B5, 121, 10060),
    (0xC000_00BB, 50, 10045),
    (0xC000_00BC, 51, 10061),
    (0xC000_00BE, 53, 10051),
    (0xC000_00BF, 54, 10050),
    (0xC000_00C4, 59, 10050),
    (0xC000_00C9, 64, 10022),
    (0xC000_00D0, 71, 10035),
    (0xC000_011F, 4, 10022),
    (0xC000_0120, 995, 995),
    (0xC000_013B, 64, 10053),
    (0xC000_013C, 64, 10054),
    (0xC000_013D, 51, 10055),
    (0xC000_013E, 59, 10054),
    (0xC000_013F, 59, 10060),
    (0xC000_0140, 59, 10057),
    (0xC000_0141, 59, 10049),
    (0xC000_0206, 1784, 10040),
    (0xC000_0207, 1214, 10049),
    (0xC000_0209, 68, 10055),
    (0xC000_020A, 52, 10048),
    (0xC000_020C, 64, 10054),
    (0xC000_020D, 64, 10054),
    (0xC000_020F, 59, 10053),
    (0xC000_0225, 1168, 10022),
    (0xC000_02C5, 998, 10014),
    (0xC000_0236, 1225, 10061),
    (0xC000_0237, 1226, 10101),
    (0xC000_0238, 1227, 10022),
    (0xC000_023B, 1230, 10056),
    (0xC000_023C, 1231, 10051),
    (0xC000_023D, 1232, 10065),
    (0xC000_023E, 1233, 10051),
    (0xC000_023F, 1234, 10054),
    (0xC000_0240, 1235, 10004),
    (0xC000_0241, 1236, 10053),
    (0xC000_0350, 1256, 10064),
    (0xC000_A012, 317, 10022),
];

/// Files and pipes, appendix A: NTSTATUS, name, Win32.
const FILES_A: &[(u32, &str, u32)] = &[
    (0x0000_0102, "TIMEOUT", 1460),
    (0xC000_0043, "SHARING_VIOLATION", 32),
    (0x0000_0103, "PENDING", 997),
    (0xC000_0054, "FILE_LOCK_CONFLICT", 33),
    (0x0000_010B, "NOTIFY_CLEANUP", 745),
    (0xC000_0055, "LOCK_NOT_GRANTED", 33),
    (0x0000_010C, "NOTIFY_ENUM_DIR", 1022),
    (0xC000_0056, "DELETE_PENDING", 5),
    (0x8000_0005, "BUFFER_OVERFLOW", 234),
    (0xC000_007E, "RANGE_NOT_LOCKED", 158),
    (0x8000_000A, "HANDLES_CLOSED", 676),
    (0xC000_007F, "DISK_FULL", 112),
    (0xC000_0002, "NOT_IMPLEMENTED", 1),
    (0xC000_009A, "INSUFFICIENT_RESOURCES", 1450),
    (0xC000_0003, "INVALID_INFO_CLASS", 87),
    (0xC000_00A2, "MEDIA_WRITE_PROTECTED", 19),
    (0xC000_0004, "INFO_LENGTH_MISMATCH", 24),
    (0xC000_00AB, "INSTANCE_NOT_AVAILABLE", 231),
    (0xC000_0005, "ACCESS_VIOLATION", 998),
    (0xC000_00AC, "PIPE_NOT_AVAILABLE", 231),
    (0xC000_0008, "INVALID_HANDLE", 6),
    (0xC000_00AD, "INVALID_PIPE_STATE", 230),
    (0xC000_000D, "INVALID_PARAMETER", 87),
    (0xC000_00AE, "PIPE_BUSY", 231),
    (0xC000_0010, "INVALID_DEVICE_REQUEST", 1),
    (0xC000_00AF, "ILLEGAL_FUNCTION", 1),
    (0xC000_0011, "END_OF_FILE", 38),
    (0xC000_00B0, "PIPE_DISCONNECTED", 233),
    (0xC000_0017, "NO_MEMORY", 8),
    (0xC000_00B1, "PIPE_CLOSING", 232),
    (0xC000_0022, "ACCESS_DENIED", 5),
    (0xC000_00B2, "PIPE_CONNECTED", 535),
    (0xC000_0023, "BUFFER_TOO_SMALL", 122),
    (0xC000_00B3, "PIPE_LISTENING", 536),
    (0xC000_0024, "OBJECT_TYPE_MISMATCH", 6),
    (0xC000_00B4, "INVALID_READ_MODE", 230),
    (0xC000_0033, "OBJECT_NAME_INVALID", 123),
    (0xC000_00B5, "IO_TIMEOUT", 121),
    (0xC000_0034, "OBJECT_NAME_NOT_FOUND", 2),
    (0xC000_00BA, "FILE_IS_A_DIRECTORY", 5),
    (0xC000_0035, "OBJECT_NAME_COLLISION", 183),
    (0xC000_00BB, "NOT_SUPPORTED", 50),
    (0xC000_0039, "OBJECT_PATH_INVALID", 161),
    (0xC000_00BE, "BAD_NETWORK_PATH", 53),
    (0xC000_003A, "OBJECT_PATH_NOT_FOUND", 3),
    (0xC000_00CC, "BAD_NETWORK_NAME", 67),
    (0xC000_003B, "OBJECT_PATH_SYNTAX_BAD", 161),
    (0xC000_00D4, "NOT_SAME_DEVICE", 17),
    (0xC000_00D9, "PIPE_EMPTY", 232),
    (0xC000_0120, "CANCELLED", 995),
    (0xC000_00E2, "OPLOCK_NOT_GRANTED", 300),
    (0xC000_0121, "CANNOT_DELETE", 5),
    (0xC000_00E8, "INVALID_USER_BUFFER", 1784),
    (0xC000_0123, "FILE_DELETED", 5),
    (0xC000_0101, "DIRECTORY_NOT_EMPTY", 145),
    (0xC000_0128, "FILE_CLOSED", 6),
    (0xC000_0103, "NOT_A_DIRECTORY", 267),
    (0xC000_014B, "PIPE_BROKEN", 109),
    (0xC000_0106, "NAME_TOO_LONG", 206),
    (0xC000_0185, "IO_DEVICE_ERROR", 1117),
    (0xC000_011F, "TOO_MANY_OPENED_FILES", 4),
    (0xC000_01A1, "INVALID_LOCK_RANGE", 307),
    (0xC000_0225, "NOT_FOUND", 1168),
    (0xC000_0243, "USER_MAPPED_FILE", 1224),
    (0xC000_0275, "NOT_A_REPARSE_POINT", 4390),
    (0xC000_0061, "PRIVILEGE_NOT_HELD", 1314),
    (0x0000_0108, "OPLOCK_BREAK_IN_PROGRESS", 742),
    (0xC000_010D, "CANNOT_IMPERSONATE", 1368),
    (0xC000_0044, "QUOTA_EXCEEDED", 1816),
];

/// Ports, section X: NTSTATUS, Win32.
const PORTS_X: &[(u32, u32)] = &[
    (0x0000_0000, 0),
    (0xC000_0011, 38),
    (0xC000_00B5, 121),
    (0x0000_0080, 128),
    (0xC000_0022, 5),
    (0xC000_0120, 995),
    (0x0000_0102, 1460),
    (0xC000_0023, 122),
    (0xC000_013B, 64),
    (0xC000_0024, 6),
    (0xC000_013C, 64),
    (0x0000_0103, 997),
    (0xC000_009A, 1450),
    (0xC000_014B, 109),
    (0x0000_010C, 1022),
    (0xC000_00AE, 231),
    (0xC000_020C, 64),
    (0x8000_0005, 234),
    (0xC000_00B0, 233),
    (0xC000_020D, 64),
    (0x8000_0006, 18),
    (0xC000_00B1, 232),
    (0xC000_0225, 1168),
    (0xC000_0005, 998),
    (0xC000_00D9, 232),
    (0xC000_0236, 1225),
    (0xC000_0008, 6),
    (0xC000_000D, 87),
    (0xC000_0241, 1236),
    (0xC000_0010, 1),
    (0xC000_0016, 234),
    (0xC000_023C, 1231),
    (0xC000_023D, 1232),
    (0xC000_023F, 1234),
    (0xC000_0240, 1235),
    (0xC000_00C9, 64),
    (0xC000_00CB, 66),
    (0xC000_0184, 22),
    (0xC000_0185, 1117),
    (0xC000_007F, 112),
    (0xC000_0054, 33),
    (0xC000_0055, 33),
    (0xC000_0194, 1131),
    (0xC000_0279, 1920),
];

/// HND-12: names that share one Win32 code.
const HANDLES_12: &[(&[Status], u32)] = &[
    (
        &[
            Status::INVALID_HANDLE,
            Status::OBJECT_TYPE_MISMATCH,
            Status::HANDLE_NOT_CLOSABLE,
            Status::FILE_CLOSED,
            Status::PORT_DISCONNECTED,
        ],
        6,
    ),
    (&[Status::ACCESS_DENIED, Status::PROCESS_IS_TERMINATING, Status::THREAD_IS_TERMINATING], 5),
    (&[Status::OBJECT_NAME_NOT_FOUND], 2),
    (&[Status::OBJECT_PATH_NOT_FOUND], 3),
    (&[Status::OBJECT_NAME_COLLISION], 183),
    (&[Status::OBJECT_NAME_INVALID], 123),
    (&[Status::OBJECT_PATH_SYNTAX_BAD], 161),
    (
        &[
            Status::INVALID_PARAMETER,
            Status::INVALID_PARAMETER_1,
            Status::INVALID_PARAMETER_12,
            Status::INVALID_PARAMETER_MIX,
            Status::INVALID_INFO_CLASS,
        ],
        87,
    ),
    (&[Status::MUTANT_NOT_OWNED], 288),
    (&[Status::SEMAPHORE_LIMIT_EXCEEDED], 298),
    (&[Status::MUTANT_LIMIT_EXCEEDED], 587),
    (&[Status::INSUFFICIENT_RESOURCES], 1450),
    (&[Status::INFO_LENGTH_MISMATCH], 24),
    (&[Status::NOT_SAME_OBJECT], 1656),
    (&[Status::UNSUCCESSFUL], 31),
    (&[Status::ACCESS_VIOLATION], 998),
    (&[Status::INVALID_DEVICE_REQUEST, Status::NOT_IMPLEMENTED], 1),
    (&[Status::NOT_SUPPORTED], 50),
    (&[Status::BUFFER_OVERFLOW], 234),
    (&[Status::BUFFER_TOO_SMALL], 122),
    (&[Status::PENDING], 997),
    (&[Status::PRIVILEGE_NOT_HELD], 1314),
    (&[Status::CANCELLED], 995),
    (&[Status::PIPE_BROKEN], 109),
    (&[Status::CONNECTION_ABORTED], 1236),
    (&[Status::LOCAL_DISCONNECT, Status::CONNECTION_RESET], 64),
];

#[test]
fn sock_t2_status_to_win32_and_winsock() {
    for &(nt, win32, wsa) in SOCKETS_T2 {
        assert_eq!((Status(nt).win32(), Status(nt).wsa()), (win32, wsa), "{nt:08X}");
        assert!(Status(nt).name().is_some(), "{nt:08X} has no constant");
    }
}

#[test]
fn file_06_status_table() {
    for &(nt, name, win32) in FILES_A {
        assert_eq!((Status(nt).name(), Status(nt).win32()), (Some(name), win32), "{nt:08X}");
    }
}

#[test]
fn port_x_status_to_win32() {
    for &(nt, win32) in PORTS_X {
        assert_eq!(Status(nt).win32(), win32, "{nt:08X}");
    }
}

#[test]
fn hnd_012_status_to_win32() {
    for &(statuses, win32) in HANDLES_12 {
        for status in statuses {
            assert_eq!(status.win32(), win32, "{status}");
        }
    }
}

#[test]
fn port_033_waits_translate_their_own_outcomes() {
    assert_eq!(Status::ABANDONED.wait_win32(), 735);
    assert_eq!(Status::TIMEOUT.wait_win32(), 258);
    assert_eq!(Status::USER_APC.wait_win32(), 192);
    assert_eq!(Status::CONNECTION_RESET.wait_win32(), 64);
}

#[test]
fn file_06_severity_classes() {
    for success in [Status::SUCCESS, Status::TIMEOUT, Status::PENDING, Status::RECEIVE_PARTIAL] {
        assert!(success.is_success() && !success.is_warning() && !success.is_error());
    }
    for warning in [Status::BUFFER_OVERFLOW, Status::HANDLES_CLOSED] {
        assert!(!warning.is_success() && warning.is_warning() && !warning.is_error());
    }
    for error in [Status::UNSUCCESSFUL, Status::HOPLIMIT_EXCEEDED] {
        assert!(!error.is_success() && !error.is_warning() && error.is_error());
    }
}

#[test]
fn sock_t2_values_that_the_table_lacks() {
    // Codes that clients wrapped themselves come back as they were.
    for wrapped in [0x8007_0040, 0xC007_0040, 0xC001_0040, 0xD007_0040] {
        assert_eq!(Status(wrapped).win32(), 64);
    }
    assert_eq!(Status(0xD000_0022).win32(), 5);
    assert_eq!(Status(0xE000_0001).win32(), 0xE000_0001);
    for unknown in [0x42, 0x4000_0099, 0x80FF_FFFF, 0xC0FF_FFFF] {
        assert_eq!(Status(unknown).win32(), 317);
    }
    assert_eq!(Status(0x42).wsa(), 0);
    assert_eq!(Status(0xC0FF_FFFF).wsa(), 10022);
}

#[test]
fn names_are_unique_and_printed() {
    for (index, status) in ALL.iter().enumerate() {
        assert!(!ALL[..index].contains(status), "{status:?} appears twice");
    }
    assert_eq!(format!("{:?}", Status::CANCELLED), "CANCELLED");
    assert_eq!(Status::CANCELLED.to_string(), "STATUS_CANCELLED (0xc0000120)");
    assert_eq!(Status(0xC0FF_FFFF).to_string(), "NTSTATUS 0xc0ffffff");
}

#[test]
fn file_039_errno_of_files() {
    let table = [
        (libc::ENOENT, 2),
        (libc::ENOTDIR, 3),
        (libc::EACCES, 5),
        (libc::EPERM, 5),
        (libc::EROFS, 19),
        (libc::ENOSPC, 112),
        (libc::EDQUOT, 112),
        (libc::EMFILE, 4),
        (libc::ENFILE, 4),
        (libc::EEXIST, 183),
        (libc::EISDIR, 5),
        (libc::ENOTEMPTY, 145),
        (libc::EXDEV, 17),
        (libc::ELOOP, 1921),
        (libc::ENAMETOOLONG, 206),
        (libc::EBUSY, 32),
        (libc::ETXTBSY, 32),
        (libc::EINVAL, 87),
        (libc::EIO, 1117),
        (libc::EFBIG, 112),
        (libc::ENOMEM, 8),
        (libc::ENODEV, 2),
        (libc::ENXIO, 55),
        (libc::ESTALE, 59),
    ];
    for (errno, win32) in table {
        assert_eq!(Status::from_errno_file(errno).win32(), win32, "errno {errno}");
    }
    assert_eq!(Status::from_errno_file(0), Status::SUCCESS);
}

#[test]
fn sock_066_unreachable_networks_and_hosts() {
    for (errno, win32, wsa) in [(libc::ENETUNREACH, 1231, 10051), (libc::EHOSTUNREACH, 1232, 10065)]
    {
        let status = Status::from_errno_socket(errno);
        assert_eq!((status.win32(), status.wsa()), (win32, wsa));
    }
}

#[test]
fn sock_t1_errno_of_sockets() {
    let table = [
        (libc::EISCONN, Status::CONNECTION_ACTIVE),
        (libc::ENOTCONN, Status::INVALID_CONNECTION),
        (libc::EDESTADDRREQ, Status::INVALID_CONNECTION),
        (libc::EPIPE, Status::CONNECTION_RESET),
        (libc::ECONNRESET, Status::CONNECTION_RESET),
        (libc::EPROTO, Status::CONNECTION_RESET),
        (libc::ECONNABORTED, Status::CONNECTION_ABORTED),
        (libc::ECONNREFUSED, Status::CONNECTION_REFUSED),
        (libc::ETIMEDOUT, Status::IO_TIMEOUT),
        (libc::ENETUNREACH, Status::NETWORK_UNREACHABLE),
        (libc::ENETDOWN, Status::UNEXPECTED_NETWORK_ERROR),
        (libc::EHOSTUNREACH, Status::HOST_UNREACHABLE),
        (libc::EHOSTDOWN, Status::HOST_DOWN),
        (libc::ENETRESET, Status::CONNECTION_RESET),
        (libc::EADDRINUSE, Status::ADDRESS_ALREADY_EXISTS),
        (libc::EADDRNOTAVAIL, Status::INVALID_ADDRESS_COMPONENT),
        (libc::EAFNOSUPPORT, Status::INVALID_ADDRESS),
        (libc::EINVAL, Status::INVALID_PARAMETER),
        (libc::EOPNOTSUPP, Status::NOT_SUPPORTED),
        (libc::EMSGSIZE, Status::INVALID_BUFFER_SIZE),
        (libc::EACCES, Status::ACCESS_DENIED),
        (libc::EPERM, Status::ACCESS_DENIED),
        (libc::EFAULT, Status::ACCESS_VIOLATION),
        (libc::EBADF, Status::INVALID_HANDLE),
        (libc::ENOTSOCK, Status::OBJECT_TYPE_MISMATCH),
        (libc::EMFILE, Status::TOO_MANY_OPENED_FILES),
        (libc::ENFILE, Status::TOO_MANY_OPENED_FILES),
        (libc::ENOBUFS, Status::INSUFFICIENT_RESOURCES),
        (libc::ENOMEM, Status::INSUFFICIENT_RESOURCES),
        (libc::ENOENT, Status::CONNECTION_REFUSED),
        (libc::ECANCELED, Status::CANCELLED),
    ];
    for (errno, status) in table {
        assert_eq!(Status::from_errno_socket(errno), status, "errno {errno}");
    }
    assert_eq!(Status::from_errno_socket(0), Status::SUCCESS);
}

/// Whatever the kernel says has a status of its own name, which is no success.
#[test]
fn i24_every_errno_is_in_the_one_table() {
    for errno in 1..=133 {
        for status in [Status::from_errno_file(errno), Status::from_errno_socket(errno)] {
            assert!(status.name().is_some(), "errno {errno}: {status:?}");
            assert!(!status.is_success(), "errno {errno}: {status:?}");
            assert_ne!(status.win32(), NO_MAPPING, "errno {errno}: {status:?}");
        }
    }
}

#[test]
fn i24_each_errno_that_is_left_to_the_tables() {
    let files = [
        (libc::EILSEQ, Status::OBJECT_NAME_INVALID),
        (libc::EBADF, Status::INVALID_HANDLE),
        (libc::EFAULT, Status::ACCESS_VIOLATION),
        (libc::EAGAIN, Status::DEVICE_NOT_READY),
        (libc::ECANCELED, Status::CANCELLED),
        (libc::EPIPE, Status::PIPE_BROKEN),
        (libc::ESPIPE, Status::INVALID_DEVICE_REQUEST),
        (libc::ENOTTY, Status::INVALID_DEVICE_REQUEST),
        (libc::EOPNOTSUPP, Status::NOT_SUPPORTED),
        (libc::ENOSYS, Status::NOT_SUPPORTED),
        (libc::ENOLCK, Status::LOCK_NOT_GRANTED),
        (libc::EDEADLK, Status::POSSIBLE_DEADLOCK),
        (libc::EMLINK, Status::TOO_MANY_LINKS),
        (libc::ETIMEDOUT, Status::IO_TIMEOUT),
    ];
    for (errno, status) in files {
        assert_eq!(Status::from_errno_file(errno), status, "errno {errno}");
    }
    let sockets =
        [(libc::EAGAIN, Status::DEVICE_NOT_READY), (libc::ESHUTDOWN, Status::PIPE_DISCONNECTED)];
    for (errno, status) in sockets {
        assert_eq!(Status::from_errno_socket(errno), status, "errno {errno}");
    }
}

/// The errno names in a text.
fn errno_names(text: &str) -> std::collections::BTreeSet<&str> {
    let names = text.split("libc::").skip(1);
    names.filter_map(|rest| rest.split(|it: char| !it.is_ascii_alphanumeric()).next()).collect()
}

#[test]
fn i24_every_entry_of_the_errno_tables_is_tested() {
    let (source, tests) = (include_str!("../status.rs"), include_str!("tests.rs"));
    let part = |text: &'static str, from: &str, to: &str| {
        let rest = text.split_once(from).expect("the beginning").1;
        rest.split_once(to).expect("the end").0
    };
    let files = part(source, "fn from_errno_file", "\n    }");
    let sockets = part(source, "fn from_errno_socket", "\n    }");
    let rest = part(tests, "fn i24_each_errno", "fn errno_names");
    let (rest_files, rest_sockets) = rest.split_once("let sockets").expect("both");
    let tested_files = part(tests, "fn file_039_errno_of_files", "\n}");
    let tested_sockets = part(tests, "fn sock_t1_errno_of_sockets", "\n}");
    for (table, tested) in
        [(files, [tested_files, rest_files]), (sockets, [tested_sockets, rest_sockets])]
    {
        let tested = tested.into_iter().flat_map(errno_names).collect();
        let (listed, all) = (errno_names(table), tested);
        assert!(listed.len() > 20);
        assert_eq!(listed.difference(&all).collect::<Vec<_>>(), Vec::<&&str>::new());
    }
    for errno in 1..=libc::EHWPOISON {
        for status in [Status::from_errno_file(errno), Status::from_errno_socket(errno)] {
            assert!(status.is_error() && status.name().is_some(), "errno {errno}: {status:?}");
        }
    }
}

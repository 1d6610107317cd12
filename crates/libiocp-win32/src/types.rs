//! The types of the Windows headers, with their sizes and layouts on 64-bit Windows.
//!
//! `LONG` and `DWORD` are 32 bits and `WCHAR` is 16, whatever the C compiler's `long` and
//! `wchar_t` are. Assertions at the end of the file hold every layout in place.
#![allow(non_camel_case_types, non_snake_case)]

use std::ffi::{c_char, c_void};

/// A 32-bit truth value: zero or not.
pub type BOOL = i32;
/// An 8-bit truth value: zero or not.
pub type BOOLEAN = u8;
/// An unsigned byte.
pub type BYTE = u8;
/// 16 bits, unsigned.
pub type WORD = u16;
/// 32 bits, unsigned.
pub type DWORD = u32;
/// 64 bits, unsigned.
pub type DWORD64 = u64;
/// 32 bits, signed.
pub type LONG = i32;
/// 32 bits, unsigned.
pub type ULONG = u32;
/// 64 bits, signed.
pub type LONGLONG = i64;
/// 64 bits, unsigned.
pub type ULONGLONG = u64;
/// 64 bits, signed, as a whole (the C union has halves too).
pub type LARGE_INTEGER = i64;
/// 64 bits, unsigned, as a whole (the C union has halves too).
pub type ULARGE_INTEGER = u64;
/// As wide as a pointer, unsigned.
pub type SIZE_T = usize;
/// As wide as a pointer, unsigned.
pub type ULONG_PTR = usize;
/// As wide as a pointer, unsigned.
pub type DWORD_PTR = usize;
/// As wide as a pointer, signed.
pub type LONG_PTR = isize;
/// A UTF-16 unit.
pub type WCHAR = u16;
/// A byte of a narrow string.
pub type CHAR = c_char;
/// An 8-bit string that is only read.
pub type LPCSTR = *const c_char;
/// An 8-bit string.
pub type LPSTR = *mut c_char;
/// A UTF-16 string that is only read.
pub type LPCWSTR = *const u16;
/// A UTF-16 string.
pub type LPWSTR = *mut u16;
/// Any memory.
pub type LPVOID = *mut c_void;
/// Any memory that is only read.
pub type LPCVOID = *const c_void;
/// A kernel handle.
pub type HANDLE = *mut c_void;
/// A loaded module.
pub type HMODULE = *mut c_void;
/// Memory of `GlobalAlloc`.
pub type HGLOBAL = *mut c_void;
/// Memory of `LocalAlloc`.
pub type HLOCAL = *mut c_void;
/// Any function, as `GetProcAddress` gives it.
pub type FARPROC = Option<unsafe extern "C" fn() -> isize>;

/// A failed or negative answer.
pub const FALSE: BOOL = 0;
/// A successful or positive answer.
pub const TRUE: BOOL = 1;
/// No time-out.
pub const INFINITE: DWORD = 0xFFFF_FFFF;

/// `FILETIME`: 100-nanosecond intervals since 1601-01-01 UTC.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FILETIME {
    /// The low half.
    pub dwLowDateTime: DWORD,
    /// The high half.
    pub dwHighDateTime: DWORD,
}

/// `SYSTEMTIME`: a date and time of day.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SYSTEMTIME {
    /// 1601 to 30827.
    pub wYear: WORD,
    /// 1 to 12.
    pub wMonth: WORD,
    /// 0 is Sunday.
    pub wDayOfWeek: WORD,
    /// 1 to 31.
    pub wDay: WORD,
    /// 0 to 23.
    pub wHour: WORD,
    /// 0 to 59.
    pub wMinute: WORD,
    /// 0 to 59.
    pub wSecond: WORD,
    /// 0 to 999.
    pub wMilliseconds: WORD,
}

/// `TIME_ZONE_INFORMATION`: the local zone's rules.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TIME_ZONE_INFORMATION {
    /// Minutes to add to local time to get UTC.
    pub Bias: LONG,
    /// Name in standard time.
    pub StandardName: [WCHAR; 32],
    /// When standard time begins.
    pub StandardDate: SYSTEMTIME,
    /// Added to `Bias` in standard time.
    pub StandardBias: LONG,
    /// Name in daylight time.
    pub DaylightName: [WCHAR; 32],
    /// When daylight time begins.
    pub DaylightDate: SYSTEMTIME,
    /// Added to `Bias` in daylight time.
    pub DaylightBias: LONG,
}

/// `SYSTEM_INFO`: the processor and the address space.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SYSTEM_INFO {
    /// A `PROCESSOR_ARCHITECTURE_` value.
    pub wProcessorArchitecture: WORD,
    /// Always 0.
    pub wReserved: WORD,
    /// The page size.
    pub dwPageSize: DWORD,
    /// The lowest address a program may use.
    pub lpMinimumApplicationAddress: LPVOID,
    /// The highest address a program may use.
    pub lpMaximumApplicationAddress: LPVOID,
    /// One bit for each processor.
    pub dwActiveProcessorMask: DWORD_PTR,
    /// How many processors there are.
    pub dwNumberOfProcessors: DWORD,
    /// A `PROCESSOR_` value.
    pub dwProcessorType: DWORD,
    /// The grain of reservations.
    pub dwAllocationGranularity: DWORD,
    /// The processor's family.
    pub wProcessorLevel: WORD,
    /// The processor's model and stepping.
    pub wProcessorRevision: WORD,
}

/// `MEMORYSTATUSEX`: how much memory there is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MEMORYSTATUSEX {
    /// The structure's size, set by the caller.
    pub dwLength: DWORD,
    /// Per cent of physical memory in use.
    pub dwMemoryLoad: DWORD,
    /// Physical memory.
    pub ullTotalPhys: DWORD64,
    /// Physical memory that can be had without swapping.
    pub ullAvailPhys: DWORD64,
    /// What can be committed at most.
    pub ullTotalPageFile: DWORD64,
    /// What can still be committed.
    pub ullAvailPageFile: DWORD64,
    /// The process' address space.
    pub ullTotalVirtual: DWORD64,
    /// The part of it that is free.
    pub ullAvailVirtual: DWORD64,
    /// Always 0.
    pub ullAvailExtendedVirtual: DWORD64,
}

/// `MEMORY_BASIC_INFORMATION`: a run of pages in one state.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MEMORY_BASIC_INFORMATION {
    /// The run's first page.
    pub BaseAddress: LPVOID,
    /// The first page of the allocation it belongs to.
    pub AllocationBase: LPVOID,
    /// The protection asked for when it was reserved.
    pub AllocationProtect: DWORD,
    /// Always 0.
    pub PartitionId: WORD,
    /// The run's length in bytes.
    pub RegionSize: SIZE_T,
    /// `MEM_COMMIT`, `MEM_RESERVE` or `MEM_FREE`.
    pub State: DWORD,
    /// The protection; 0 when not committed.
    pub Protect: DWORD,
    /// `MEM_PRIVATE`, `MEM_MAPPED` or `MEM_IMAGE`; 0 when free.
    pub Type: DWORD,
}

/// `OSVERSIONINFOEXA`; `OSVERSIONINFOA` is its first 148 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OSVERSIONINFOEXA {
    /// Which of the two it is, set by the caller.
    pub dwOSVersionInfoSize: DWORD,
    /// The major version.
    pub dwMajorVersion: DWORD,
    /// The minor version.
    pub dwMinorVersion: DWORD,
    /// The build.
    pub dwBuildNumber: DWORD,
    /// `VER_PLATFORM_WIN32_NT`.
    pub dwPlatformId: DWORD,
    /// The service pack's name.
    pub szCSDVersion: [CHAR; 128],
    /// The service pack's major version.
    pub wServicePackMajor: WORD,
    /// The service pack's minor version.
    pub wServicePackMinor: WORD,
    /// `VER_SUITE_` bits.
    pub wSuiteMask: WORD,
    /// A `VER_NT_` value.
    pub wProductType: BYTE,
    /// Always 0.
    pub wReserved: BYTE,
}

/// `OSVERSIONINFOEXW`; `OSVERSIONINFOW` is its first 276 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OSVERSIONINFOEXW {
    /// Which of the two it is, set by the caller.
    pub dwOSVersionInfoSize: DWORD,
    /// The major version.
    pub dwMajorVersion: DWORD,
    /// The minor version.
    pub dwMinorVersion: DWORD,
    /// The build.
    pub dwBuildNumber: DWORD,
    /// `VER_PLATFORM_WIN32_NT`.
    pub dwPlatformId: DWORD,
    /// The service pack's name.
    pub szCSDVersion: [WCHAR; 128],
    /// The service pack's major version.
    pub wServicePackMajor: WORD,
    /// The service pack's minor version.
    pub wServicePackMinor: WORD,
    /// `VER_SUITE_` bits.
    pub wSuiteMask: WORD,
    /// A `VER_NT_` value.
    pub wProductType: BYTE,
    /// Always 0.
    pub wReserved: BYTE,
}

/// `CRITICAL_SECTION`: a lock that one thread may enter again and again.
///
/// The names and offsets are those of 64-bit Windows, so that programs which look at the owner
/// or the recursion count find them. `LockCount` is -1 when free, 0 when held, 1 when held and
/// another thread may be asleep.
#[repr(C)]
#[derive(Debug)]
pub struct CRITICAL_SECTION {
    /// All ones: there is no debugging record.
    pub DebugInfo: LPVOID,
    /// The state of the lock.
    pub LockCount: LONG,
    /// How often the owner has entered.
    pub RecursionCount: LONG,
    /// The owner's thread id, 0 when free.
    pub OwningThread: HANDLE,
    /// Unused.
    pub LockSemaphore: HANDLE,
    /// How long to spin before sleeping.
    pub SpinCount: ULONG_PTR,
}

/// `SRWLOCK`: a slim lock, one writer or many readers. All zeroes is free.
#[repr(C, align(8))]
#[derive(Debug)]
pub struct SRWLOCK {
    /// Opaque.
    pub Ptr: LPVOID,
}

/// `CONDITION_VARIABLE`. All zeroes is a condition variable nobody waits for.
#[repr(C, align(8))]
#[derive(Debug)]
pub struct CONDITION_VARIABLE {
    /// Opaque.
    pub Ptr: LPVOID,
}

/// `INIT_ONCE`. All zeroes is not yet initialised.
#[repr(C, align(8))]
#[derive(Debug)]
pub struct INIT_ONCE {
    /// Opaque.
    pub Ptr: LPVOID,
}

/// `SYNCHRONIZATION_BARRIER`: threads wait until all have come.
#[repr(C)]
#[derive(Debug)]
pub struct SYNCHRONIZATION_BARRIER {
    /// Threads that have not come yet, in this round.
    pub Reserved1: DWORD,
    /// Threads in all.
    pub Reserved2: DWORD,
    /// The number of the round, and threads still inside.
    pub Reserved3: [ULONG_PTR; 2],
    /// Unused.
    pub Reserved4: DWORD,
    /// How long to spin before sleeping.
    pub Reserved5: DWORD,
}

/// `OVERLAPPED`: the caller's record of an operation under way.
#[repr(C)]
#[derive(Debug)]
pub struct OVERLAPPED {
    /// The NT status: `STATUS_PENDING` until the operation has ended.
    pub Internal: ULONG_PTR,
    /// The bytes transferred.
    pub InternalHigh: ULONG_PTR,
    /// The low half of the file offset.
    pub Offset: DWORD,
    /// The high half of the file offset.
    pub OffsetHigh: DWORD,
    /// The event to set at the end; its low bit set keeps the packet from the port.
    pub hEvent: HANDLE,
}

/// `OVERLAPPED_ENTRY`: one packet of `GetQueuedCompletionStatusEx`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OVERLAPPED_ENTRY {
    /// The key of the file, or of the post.
    pub lpCompletionKey: ULONG_PTR,
    /// The operation.
    pub lpOverlapped: *mut OVERLAPPED,
    /// Its status.
    pub Internal: ULONG_PTR,
    /// The bytes transferred.
    pub dwNumberOfBytesTransferred: DWORD,
}

/// `SECURITY_ATTRIBUTES`: whether a handle is inherited. The descriptor is not used.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SECURITY_ATTRIBUTES {
    /// The structure's size.
    pub nLength: DWORD,
    /// A security descriptor.
    pub lpSecurityDescriptor: LPVOID,
    /// Whether child processes get the handle.
    pub bInheritHandle: BOOL,
}

const _: () = {
    use std::mem::{align_of, offset_of, size_of};
    assert!(size_of::<FILETIME>() == 8 && align_of::<FILETIME>() == 4);
    assert!(size_of::<SYSTEMTIME>() == 16 && align_of::<SYSTEMTIME>() == 2);
    assert!(size_of::<TIME_ZONE_INFORMATION>() == 172);
    assert!(size_of::<SYSTEM_INFO>() == 48);
    assert!(offset_of!(SYSTEM_INFO, dwActiveProcessorMask) == 24);
    assert!(offset_of!(SYSTEM_INFO, wProcessorLevel) == 44);
    assert!(size_of::<MEMORYSTATUSEX>() == 64);
    assert!(size_of::<MEMORY_BASIC_INFORMATION>() == 48);
    assert!(offset_of!(MEMORY_BASIC_INFORMATION, RegionSize) == 24);
    assert!(size_of::<OSVERSIONINFOEXA>() == 156);
    assert!(offset_of!(OSVERSIONINFOEXA, wServicePackMajor) == 148);
    assert!(size_of::<OSVERSIONINFOEXW>() == 284);
    assert!(offset_of!(OSVERSIONINFOEXW, wServicePackMajor) == 276);
    assert!(size_of::<CRITICAL_SECTION>() == 40 && align_of::<CRITICAL_SECTION>() == 8);
    assert!(offset_of!(CRITICAL_SECTION, OwningThread) == 16);
    assert!(offset_of!(CRITICAL_SECTION, SpinCount) == 32);
    assert!(size_of::<SRWLOCK>() == 8 && align_of::<SRWLOCK>() == 8);
    assert!(size_of::<CONDITION_VARIABLE>() == 8 && align_of::<CONDITION_VARIABLE>() == 8);
    assert!(size_of::<INIT_ONCE>() == 8 && align_of::<INIT_ONCE>() == 8);
    assert!(size_of::<SYNCHRONIZATION_BARRIER>() == 32);
    assert!(size_of::<OVERLAPPED>() == 32 && offset_of!(OVERLAPPED, hEvent) == 24);
    assert!(size_of::<OVERLAPPED_ENTRY>() == 32);
    assert!(size_of::<SECURITY_ATTRIBUTES>() == 24);
};

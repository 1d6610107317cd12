//! `sysinfoapi.h`: the machine, its memory, its clocks.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::sync::OnceLock;

use crate::codes::{ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_MORE_DATA};
use crate::errhandlingapi::fail;
use crate::text;
use crate::timezoneapi::{filetime, shifted, system_time, unix_ticks};
use crate::types::{
    BOOL, DWORD, FILETIME, LPSTR, LPWSTR, MEMORYSTATUSEX, OSVERSIONINFOEXA, OSVERSIONINFOEXW,
    SYSTEM_INFO, SYSTEMTIME, TRUE, ULONGLONG,
};

/// The lowest address a program may use.
pub(crate) const ADDRESS_MIN: usize = 0x1_0000;
/// The highest.
pub(crate) const ADDRESS_MAX: usize = 0x7FFF_FFFE_FFFF;
/// The grain of reservations.
pub(crate) const GRANULARITY: usize = 0x1_0000;

const VERSION: (u32, u32, u32) = (10, 0, 19045);
const VER_PLATFORM_WIN32_NT: u32 = 2;
const VER_NT_WORKSTATION: u8 = 1;

/// The time of a clock that every kernel has.
pub(crate) fn clock(id: libc::clockid_t) -> libc::timespec {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for writes.
    unsafe { libc::clock_gettime(id, &raw mut now) };
    now
}

/// The processors the process may run on, as of the first question.
pub(crate) fn processors() -> &'static Processors {
    static ONCE: OnceLock<Processors> = OnceLock::new();
    ONCE.get_or_init(|| Processors::allowed(0))
}

/// A set of processors.
#[derive(Debug)]
pub(crate) struct Processors {
    /// How many.
    pub(crate) count: u32,
    /// The first 64, a bit each.
    pub(crate) mask: usize,
}

impl Processors {
    /// Those the thread may run on; 0 is the calling one.
    pub(crate) fn allowed(thread: libc::pid_t) -> Processors {
        // SAFETY: all-zero is a valid `cpu_set_t`.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: `set` is valid for writes of its size.
        let result =
            unsafe { libc::sched_getaffinity(thread, size_of::<libc::cpu_set_t>(), &raw mut set) };
        if result != 0 {
            return Processors { count: 1, mask: 1 };
        }
        // SAFETY: the index is below the set's size.
        let has = |cpu: usize| unsafe { libc::CPU_ISSET(cpu, &set) };
        let mask = (0..64).filter(|&cpu| has(cpu)).fold(0, |mask, cpu| mask | 1 << cpu);
        let count = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| has(cpu)).count();
        Processors { count: count.max(1) as u32, mask }
    }
}

/// The size of a page.
pub(crate) fn page_size() -> usize {
    static ONCE: OnceLock<usize> = OnceLock::new();
    *ONCE.get_or_init(|| {
        // SAFETY: no memory is involved.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    })
}

#[cfg(target_arch = "x86_64")]
fn processor() -> (u16, u32, u16, u16) {
    let leaf = std::arch::x86_64::__cpuid(1).eax;
    let family = (leaf >> 8) & 15;
    let mut model = (leaf >> 4) & 15;
    if family == 6 || family == 15 {
        model |= (leaf >> 12) & 0xF0;
    }
    let level = if family == 15 { family + ((leaf >> 20) & 0xFF) } else { family };
    (9, 8664, level as u16, ((model << 8) | (leaf & 15)) as u16)
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> (u16, u32, u16, u16) {
    (12, 0, 0, 0)
}

/// `GetSystemInfo`: the processors and the address space.
///
/// The processors are those the process may use, so that a pool of one thread for each fits a
/// container too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemInfo(lpSystemInfo: *mut SYSTEM_INFO) {
    let (architecture, kind, level, revision) = processor();
    let info = SYSTEM_INFO {
        wProcessorArchitecture: architecture,
        wReserved: 0,
        dwPageSize: page_size() as DWORD,
        lpMinimumApplicationAddress: std::ptr::without_provenance_mut(ADDRESS_MIN),
        lpMaximumApplicationAddress: std::ptr::without_provenance_mut(ADDRESS_MAX),
        dwActiveProcessorMask: processors().mask,
        dwNumberOfProcessors: processors().count,
        dwProcessorType: kind,
        dwAllocationGranularity: GRANULARITY as DWORD,
        wProcessorLevel: level,
        wProcessorRevision: revision,
    };
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpSystemInfo.write(info) };
}

/// `GetNativeSystemInfo`: the same; nothing runs under an emulator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNativeSystemInfo(lpSystemInfo: *mut SYSTEM_INFO) {
    // SAFETY: the caller's promise, passed on.
    unsafe { GetSystemInfo(lpSystemInfo) };
}

/// `GetTickCount`: milliseconds since the system started; wraps after 49.7 days.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTickCount() -> DWORD {
    milliseconds() as DWORD
}

/// `GetTickCount64`: milliseconds since the system started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTickCount64() -> ULONGLONG {
    milliseconds()
}

fn milliseconds() -> u64 {
    // Counts on while the machine is suspended, as Windows' does.
    let now = clock(libc::CLOCK_BOOTTIME);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Units of 100 ns since 1601.
pub(crate) fn now() -> u64 {
    unix_ticks(clock(libc::CLOCK_REALTIME))
}

/// `GetSystemTimeAsFileTime`: the time in UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemTimeAsFileTime(lpSystemTimeAsFileTime: *mut FILETIME) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpSystemTimeAsFileTime.write(filetime(now())) };
}

/// `GetSystemTimePreciseAsFileTime`: the same; both are precise here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemTimePreciseAsFileTime(lpSystemTimeAsFileTime: *mut FILETIME) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpSystemTimeAsFileTime.write(filetime(now())) };
}

/// `GetSystemTime`: the date and time in UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemTime(lpSystemTime: *mut SYSTEMTIME) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpSystemTime.write(system_time(now())) };
}

/// `GetLocalTime`: the date and time in the local zone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetLocalTime(lpSystemTime: *mut SYSTEMTIME) {
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpSystemTime.write(system_time(shifted(now(), 1))) };
}

/// A figure of `/proc/meminfo` or `/proc/self/status`, in bytes.
fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// `GlobalMemoryStatusEx`: physical memory, what can be committed, address space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalMemoryStatusEx(lpBuffer: *mut MEMORYSTATUSEX) -> BOOL {
    // SAFETY: the caller's promise: a structure whose length is set.
    let buffer = unsafe { &mut *lpBuffer };
    if buffer.dwLength as usize != size_of::<MEMORYSTATUSEX>() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let total = kilobytes(&memory, "MemTotal");
    let available = kilobytes(&memory, "MemAvailable").min(total);
    let space = (ADDRESS_MAX + 1 - ADDRESS_MIN) as u64;
    buffer.ullTotalPhys = total;
    buffer.ullAvailPhys = available;
    buffer.dwMemoryLoad = ((total - available) * 100).checked_div(total).unwrap_or(0) as DWORD;
    buffer.ullTotalPageFile = total + kilobytes(&memory, "SwapTotal");
    buffer.ullAvailPageFile = available + kilobytes(&memory, "SwapFree");
    buffer.ullTotalVirtual = space;
    buffer.ullAvailVirtual = space.saturating_sub(kilobytes(&status, "VmSize"));
    buffer.ullAvailExtendedVirtual = 0;
    TRUE
}

/// `GetVersionExA`: Windows 10, whose behaviour the library follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetVersionExA(lpVersionInformation: *mut OSVERSIONINFOEXA) -> BOOL {
    // SAFETY: the caller's promise: at least the size it states is valid; the shorter form ends
    // before the service pack, and only the longer one is written whole.
    unsafe {
        let size = (*lpVersionInformation).dwOSVersionInfoSize;
        if size != 148 && size != 156 {
            return fail(ERROR_INSUFFICIENT_BUFFER);
        }
        std::ptr::write_bytes(lpVersionInformation.cast::<u8>().add(4), 0, size as usize - 4);
        (*lpVersionInformation).dwMajorVersion = VERSION.0;
        (*lpVersionInformation).dwMinorVersion = VERSION.1;
        (*lpVersionInformation).dwBuildNumber = VERSION.2;
        (*lpVersionInformation).dwPlatformId = VER_PLATFORM_WIN32_NT;
        if size == 156 {
            (*lpVersionInformation).wProductType = VER_NT_WORKSTATION;
        }
    }
    TRUE
}

/// `GetVersionExW`: see [`GetVersionExA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetVersionExW(lpVersionInformation: *mut OSVERSIONINFOEXW) -> BOOL {
    // SAFETY: as in `GetVersionExA`.
    unsafe {
        let size = (*lpVersionInformation).dwOSVersionInfoSize;
        if size != 276 && size != 284 {
            return fail(ERROR_INSUFFICIENT_BUFFER);
        }
        std::ptr::write_bytes(lpVersionInformation.cast::<u8>().add(4), 0, size as usize - 4);
        (*lpVersionInformation).dwMajorVersion = VERSION.0;
        (*lpVersionInformation).dwMinorVersion = VERSION.1;
        (*lpVersionInformation).dwBuildNumber = VERSION.2;
        (*lpVersionInformation).dwPlatformId = VER_PLATFORM_WIN32_NT;
        if size == 284 {
            (*lpVersionInformation).wProductType = VER_NT_WORKSTATION;
        }
    }
    TRUE
}

/// `GetVersion`: the same as a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetVersion() -> DWORD {
    (VERSION.2 << 16) | (VERSION.1 << 8) | VERSION.0
}

/// The name of the machine, as `gethostname` gives it.
pub(crate) fn host_name() -> Vec<u8> {
    let mut buffer = [0_u8; 256];
    // SAFETY: the buffer is valid for its length less the terminator it keeps.
    unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    let end = buffer.iter().position(|&b| b == 0).unwrap_or(0);
    buffer[..end].to_vec()
}

/// The name as NetBIOS has it: no domain, upper case, at most 15 characters.
pub(crate) fn netbios_name() -> Vec<u8> {
    let name = host_name();
    let label = name.split(|&b| b == b'.').next().unwrap_or_default();
    label.iter().take(15).map(u8::to_ascii_uppercase).collect()
}

/// The name in the form of a `COMPUTER_NAME_FORMAT`, or `None` when there is no such form.
fn computer_name(form: i32) -> Option<Vec<u8>> {
    let full = host_name();
    let dot = full.iter().position(|&b| b == b'.');
    match form {
        0 | 4 => Some(netbios_name()),
        1 | 5 => Some(full[..dot.unwrap_or(full.len())].to_vec()),
        2 | 6 => Some(dot.map_or_else(Vec::new, |at| full[at + 1..].to_vec())),
        3 | 7 => Some(full),
        _ => None,
    }
}

/// Puts a name into a buffer whose room is in `size`; on `short`, the room needed goes there.
///
/// # Safety
/// `size` is valid; `buffer` is valid for writes of that many units, or null.
pub(crate) unsafe fn put_name<T: Copy + Default>(
    name: &[T],
    buffer: *mut T,
    size: *mut DWORD,
    short: u32,
) -> BOOL {
    // SAFETY: this function's contract.
    unsafe {
        let room = size.read();
        let fits = !buffer.is_null() && room as usize > name.len();
        size.write(text::deliver(name, buffer, room));
        if fits { TRUE } else { fail(short) }
    }
}

/// `GetComputerNameExA`: the machine's name in one of several forms.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameExA(
    NameType: i32,
    lpBuffer: LPSTR,
    nSize: *mut DWORD,
) -> BOOL {
    match computer_name(NameType) {
        // SAFETY: the caller's promise: a size, and a buffer of that size.
        Some(name) if !nSize.is_null() => unsafe {
            put_name(text::chars(&name), lpBuffer, nSize, ERROR_MORE_DATA)
        },
        _ => fail(ERROR_INVALID_PARAMETER),
    }
}

/// `GetComputerNameExW`: see [`GetComputerNameExA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetComputerNameExW(
    NameType: i32,
    lpBuffer: LPWSTR,
    nSize: *mut DWORD,
) -> BOOL {
    match computer_name(NameType) {
        // SAFETY: the caller's promise: a size, and a buffer of that size.
        Some(name) if !nSize.is_null() => unsafe {
            put_name(&text::to_wide(&name), lpBuffer, nSize, ERROR_MORE_DATA)
        },
        _ => fail(ERROR_INVALID_PARAMETER),
    }
}

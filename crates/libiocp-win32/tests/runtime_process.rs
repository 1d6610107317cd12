//! Time, the environment, values of threads, modules.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use std::ffi::{CStr, c_char, c_void};
use std::mem::zeroed;
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use iocp::errhandlingapi::{GetLastError, SetErrorMode, SetLastError};
use iocp::fibersapi::*;
use iocp::fileapi::CompareFileTime;
use iocp::libloaderapi::*;
use iocp::processenv::*;
use iocp::processthreadsapi::*;
use iocp::profileapi::*;
use iocp::sysinfoapi::*;
use iocp::timezoneapi::*;
use iocp::types::{FALSE, FILETIME, LPVOID, MEMORYSTATUSEX, SYSTEM_INFO, SYSTEMTIME, TRUE};
use iocp::winbase::{GetComputerNameA, GetProcessAffinityMask};

/// The directory, the environment and the indexes belong to the whole process.
static PROCESS: Mutex<()> = Mutex::new(());

fn error() -> u32 {
    unsafe { GetLastError() }
}

fn text(buffer: &[u8]) -> &str {
    CStr::from_bytes_until_nul(buffer).unwrap().to_str().unwrap()
}

#[test]
fn last_error_is_the_threads_own() {
    unsafe { SetLastError(5) };
    let other = thread::spawn(|| {
        let before = error();
        unsafe { SetLastError(6) };
        (before, error())
    });
    assert_eq!(other.join().unwrap(), (0, 6));
    assert_eq!(error(), 5);
}

#[test]
fn error_mode_keeps_the_alignment_bit() {
    unsafe {
        SetErrorMode(0x8001);
        assert_eq!(SetErrorMode(0x4), 0x8001);
        assert_eq!(SetErrorMode(0x1), 0x4);
        assert_eq!(SetErrorMode(0), 0x5);
    }
}

/// Moments whose numbers are known, the leap day of 2000 among them.
#[test]
fn file_times_and_system_times_agree() {
    let cases: [(u64, [u16; 8]); 5] = [
        (0, [1601, 1, 1, 1, 0, 0, 0, 0]),
        (116_444_736_000_000_000, [1970, 1, 4, 1, 0, 0, 0, 0]),
        (125_963_423_999_990_000, [2000, 2, 2, 29, 23, 59, 59, 999]),
        (125_963_424_000_000_000, [2000, 3, 3, 1, 0, 0, 0, 0]),
        (0x7FFF_FFFF_FFFF_FFFF, [0; 8]),
    ];
    for (ticks, [year, month, weekday, day, hour, minute, second, ms]) in cases {
        let time = FILETIME { dwLowDateTime: ticks as u32, dwHighDateTime: (ticks >> 32) as u32 };
        let (mut system, mut back) = (SYSTEMTIME::default(), FILETIME::default());
        unsafe {
            assert_eq!(FileTimeToSystemTime(&time, &mut system), TRUE);
            if year != 0 {
                let wanted = SYSTEMTIME {
                    wYear: year,
                    wMonth: month,
                    wDayOfWeek: weekday,
                    wDay: day,
                    wHour: hour,
                    wMinute: minute,
                    wSecond: second,
                    wMilliseconds: ms,
                };
                assert_eq!(system, wanted);
                assert_eq!(SystemTimeToFileTime(&system, &mut back), TRUE);
                assert_eq!(back, time);
            } else {
                assert_eq!((system.wYear, system.wMonth, system.wDay), (30828, 9, 14));
                assert_eq!(SystemTimeToFileTime(&system, &mut back), FALSE, "no such year");
            }
        }
    }
}

#[test]
fn impossible_times_are_refused_with_87() {
    let good = SYSTEMTIME { wYear: 2023, wMonth: 2, wDay: 28, ..SYSTEMTIME::default() };
    let bad = [
        SYSTEMTIME { wDay: 29, ..good },
        SYSTEMTIME { wDay: 0, ..good },
        SYSTEMTIME { wMonth: 13, ..good },
        SYSTEMTIME { wMonth: 0, ..good },
        SYSTEMTIME { wYear: 1600, ..good },
        SYSTEMTIME { wHour: 24, ..good },
        SYSTEMTIME { wMinute: 60, ..good },
        SYSTEMTIME { wSecond: 60, ..good },
        SYSTEMTIME { wMilliseconds: 1000, ..good },
    ];
    let mut time = FILETIME::default();
    unsafe {
        assert_eq!(SystemTimeToFileTime(&good, &mut time), TRUE);
        for system in bad {
            assert_eq!(SystemTimeToFileTime(&system, &mut time), FALSE, "{system:?}");
            assert_eq!(error(), 87);
        }
        let far = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0x8000_0000 };
        assert_eq!(FileTimeToSystemTime(&far, &mut SYSTEMTIME::default()), FALSE);
        assert_eq!(error(), 87);
        assert_eq!(CompareFileTime(&time, &far), -1);
    }
}

#[test]
fn clocks_agree_with_those_of_linux() {
    unsafe {
        let (mut before, mut after, mut frequency) = (0, 0, 0);
        assert_eq!(QueryPerformanceFrequency(&mut frequency), TRUE);
        assert_eq!(frequency, 10_000_000);
        let ticks = GetTickCount64();
        QueryPerformanceCounter(&mut before);
        let start = Instant::now();
        thread::sleep(Duration::from_millis(20));
        let slept = start.elapsed();
        QueryPerformanceCounter(&mut after);
        assert!(after - before >= slept.as_nanos() as i64 / 100);
        assert!(GetTickCount64() - ticks >= 20);
        let mut time = FILETIME::default();
        GetSystemTimeAsFileTime(&mut time);
        let ticks = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        let unix = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        assert!((ticks / 10_000_000 - 11_644_473_600).abs_diff(unix) <= 1);
    }
}

#[test]
fn system_info_describes_the_machine() {
    unsafe {
        let mut info: SYSTEM_INFO = zeroed();
        GetSystemInfo(&mut info);
        assert_eq!(info.dwAllocationGranularity, 0x1_0000);
        assert_eq!(i64::from(info.dwPageSize), libc::sysconf(libc::_SC_PAGESIZE));
        assert!(info.dwNumberOfProcessors >= 1);
        let (mut process, mut system) = (0, 0);
        let own = GetCurrentProcess();
        assert_eq!(GetProcessAffinityMask(own, &mut process, &mut system), TRUE);
        assert_eq!(system, info.dwActiveProcessorMask);
        assert!(process != 0 && process & !system == 0);
        let mut memory: MEMORYSTATUSEX = zeroed();
        assert_eq!(GlobalMemoryStatusEx(&mut memory), FALSE, "no length");
        assert_eq!(error(), 87);
        memory.dwLength = 64;
        assert_eq!(GlobalMemoryStatusEx(&mut memory), TRUE);
        assert!(memory.ullTotalPhys >= memory.ullAvailPhys && memory.ullTotalPhys > 1 << 20);
        assert!(memory.dwMemoryLoad <= 100);
    }
}

#[test]
fn computer_name_tells_the_room_it_needs() {
    let (mut buffer, mut size) = ([0_u8; 16], 0);
    unsafe {
        assert_eq!(GetComputerNameA(buffer.as_mut_ptr().cast(), &mut size), FALSE);
        assert_eq!(error(), 111);
        let needed = size;
        assert!((2..=16).contains(&needed), "a name and its terminator");
        assert_eq!(GetComputerNameA(buffer.as_mut_ptr().cast(), &mut size), TRUE);
        assert_eq!(size, needed - 1);
        assert_eq!(text(&buffer).len(), size as usize);
    }
}

#[test]
fn process_times_are_those_of_the_process() {
    let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    let (mut now, own) = (FILETIME::default(), unsafe { GetCurrentProcess() });
    unsafe {
        let got = GetProcessTimes(own, &mut created, &mut ended, &mut kernel, &mut user);
        assert_eq!(got, TRUE);
        GetSystemTimeAsFileTime(&mut now);
        assert_eq!(CompareFileTime(&created, &now), -1);
        let ticks = |t: FILETIME| u64::from(t.dwHighDateTime) << 32 | u64::from(t.dwLowDateTime);
        assert!(ticks(now) - ticks(created) < 3600 * 10_000_000, "began within the hour");
    }
}

#[test]
fn tls_values_are_each_threads_own_and_gone_when_freed() {
    let _process = PROCESS.lock().unwrap();
    unsafe {
        let index = TlsAlloc();
        let value: LPVOID = without_provenance_mut(77);
        assert_eq!(TlsSetValue(index, value), TRUE);
        SetLastError(5);
        assert_eq!(TlsGetValue(index), value);
        assert_eq!(error(), 0, "a good index clears the last error");
        assert!(thread::spawn(move || TlsGetValue(index).is_null()).join().unwrap());
        assert_eq!(TlsFree(index), TRUE);
        assert_eq!(TlsFree(index), FALSE);
        assert_eq!(error(), 87);
        assert_eq!(TlsSetValue(index, value), FALSE);
        assert_eq!(TlsSetValue(5000, value), FALSE);
        // The same index, new: the old value is not there.
        let mut indexes = Vec::new();
        while !indexes.contains(&index) && indexes.len() < 1088 {
            indexes.push(TlsAlloc());
        }
        assert!(TlsGetValue(index).is_null());
        indexes.iter().for_each(|&index| assert_eq!(TlsFree(index), TRUE));
    }
}

#[test]
fn tls_has_1088_indexes() {
    let _process = PROCESS.lock().unwrap();
    unsafe {
        let mut indexes: Vec<_> = (0..1088).map(|_| TlsAlloc()).collect();
        assert_eq!(TlsAlloc(), u32::MAX);
        indexes.retain(|&index| index != u32::MAX);
        let last = *indexes.last().unwrap();
        assert!(last > 64);
        assert_eq!(TlsSetValue(last, without_provenance_mut(9)), TRUE);
        assert_eq!(TlsGetValue(last).addr(), 9);
        indexes.into_iter().for_each(|index| assert_eq!(TlsFree(index), TRUE));
    }
}

static FLS_SUM: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn add_up(value: *mut c_void) {
    FLS_SUM.fetch_add(value.addr(), Ordering::SeqCst);
}

#[test]
fn fls_callback_gets_the_value_of_a_thread_that_ends_and_of_all_when_freed() {
    unsafe {
        let index = FlsAlloc(Some(add_up));
        let set = move |value| {
            assert_eq!(FlsSetValue(index, without_provenance_mut(value)), TRUE);
            assert_eq!(FlsGetValue(index).addr(), value);
        };
        thread::spawn(move || set(100)).join().unwrap();
        assert_eq!(FLS_SUM.load(Ordering::SeqCst), 100);
        assert!(thread::spawn(move || FlsGetValue(index).is_null()).join().unwrap());
        set(3);
        assert_eq!(FlsFree(index), TRUE);
        assert_eq!(FLS_SUM.load(Ordering::SeqCst), 103);
        assert_eq!(FlsSetValue(index, null_mut()), FALSE);
        assert_eq!(error(), 87);
    }
}

fn get_variable(name: &CStr) -> Result<String, u32> {
    let mut buffer = [0_u8; 100];
    unsafe {
        SetLastError(1);
        let to = buffer.as_mut_ptr().cast();
        let length = GetEnvironmentVariableA(name.as_ptr(), to, 100);
        if length == 0 && error() != 0 {
            return Err(error());
        }
        assert_eq!(text(&buffer).len(), length as usize);
    }
    Ok(text(&buffer).to_owned())
}

#[test]
fn environment_names_have_no_case() {
    let _process = PROCESS.lock().unwrap();
    unsafe {
        assert_eq!(get_variable(c"IOCP_Nothing"), Err(203));
        assert_eq!(SetEnvironmentVariableA(c"IOCP_Test".as_ptr(), c"one".as_ptr()), TRUE);
        assert_eq!(get_variable(c"iocp_TEST").unwrap(), "one");
        assert_eq!(SetEnvironmentVariableA(c"IOCP_TEST".as_ptr(), c"two".as_ptr()), TRUE);
        assert_eq!(std::env::var("IOCP_Test").unwrap(), "two", "the same variable");
        let name = c"IOCP_Test".as_ptr();
        let mut small: [c_char; 3] = [9; 3];
        assert_eq!(GetEnvironmentVariableA(name, small.as_mut_ptr(), 3), 4, "room it needs");
        assert_eq!(small, [9; 3], "and nothing is written");
        let expanded = c"<%iocp_test%|%IOCP_Nothing%|%>".as_ptr();
        let mut buffer = [0_u8; 100];
        let length = ExpandEnvironmentStringsA(expanded, buffer.as_mut_ptr().cast(), 100);
        assert_eq!(text(&buffer), "<two|%IOCP_Nothing%|%>");
        assert_eq!(length as usize, text(&buffer).len() + 1);
        assert_eq!(SetEnvironmentVariableA(name, c"".as_ptr()), TRUE);
        assert_eq!(get_variable(c"IOCP_Test").unwrap(), "", "empty is not missing");
        assert_eq!(SetEnvironmentVariableA(name, null()), TRUE);
        assert_eq!(get_variable(c"IOCP_Test"), Err(203));
        assert_eq!(SetEnvironmentVariableA(c"a=b".as_ptr(), c"x".as_ptr()), FALSE);
        assert_eq!(error(), 87);
    }
}

#[test]
fn current_directory_is_a_linux_path() {
    let _process = PROCESS.lock().unwrap();
    let before = std::env::current_dir().unwrap();
    let mut buffer = [0_u8; 1000];
    unsafe {
        assert_eq!(SetCurrentDirectoryA(c"/".as_ptr()), TRUE);
        assert_eq!(GetCurrentDirectoryA(1000, buffer.as_mut_ptr().cast()), 1);
        assert_eq!(text(&buffer), "/");
        assert_eq!(GetCurrentDirectoryA(0, null_mut()), 2);
        assert_eq!(SetCurrentDirectoryA(c"proc\\self".as_ptr()), TRUE);
        assert_eq!(SetCurrentDirectoryA(c"/no/such/place".as_ptr()), FALSE);
        assert_eq!(error(), 3);
        assert_eq!(SetCurrentDirectoryA(c"/nothing".as_ptr()), FALSE);
        assert_eq!(error(), 2);
        assert_eq!(SetCurrentDirectoryA(c"".as_ptr()), FALSE);
        assert_eq!(error(), 123);
    }
    std::env::set_current_dir(before).unwrap();
}

#[test]
fn command_line_begins_with_the_program() {
    let line = unsafe { CStr::from_ptr(GetCommandLineA()) }.to_str().unwrap();
    let program = std::env::args().next().unwrap();
    assert!(line.trim_start_matches('"').starts_with(&program), "{line}");
}

#[test]
fn system_libraries_are_found_by_any_spelling() {
    unsafe {
        let kernel = GetModuleHandleA(c"kernel32".as_ptr());
        assert!(!kernel.is_null());
        for name in [c"KERNEL32.DLL", c"Kernel32.dll", c"C:\\Windows\\System32\\kernel32.dll"] {
            assert_eq!(LoadLibraryA(name.as_ptr()), kernel);
        }
        assert_eq!(GetModuleHandleA(c"kernelbase.dll".as_ptr()), kernel);
        let found = GetProcAddress(kernel, c"GetTickCount64".as_ptr()).unwrap();
        assert_eq!(found as usize, GetTickCount64 as *const () as usize);
        assert!(GetProcAddress(kernel, c"gettickcount64".as_ptr()).is_none(), "case counts");
        assert_eq!(error(), 127);
        assert!(GetProcAddress(kernel, c"CreateToolhelp32Snapshot".as_ptr()).is_none());
        assert_eq!(error(), 127);
        let sockets = LoadLibraryA(c"Ws2_32.dll".as_ptr());
        let bind = GetProcAddress(sockets, c"bind".as_ptr()).unwrap() as usize;
        let own = iocp::winsock2::address::iocp_bind as *const () as usize;
        assert_eq!(bind, own, "not the C library's");
        assert_eq!(FreeLibrary(kernel), TRUE);
        assert!(GetProcAddress(kernel, c"Sleep".as_ptr()).is_some(), "it stays");
    }
}

#[test]
fn other_modules_are_shared_objects() {
    unsafe {
        assert!(LoadLibraryA(c"no_such_module.dll".as_ptr()).is_null());
        assert_eq!(error(), 126);
        assert!(LoadLibraryA(c"/proc/self/cmdline".as_ptr()).is_null());
        assert_eq!(error(), 193);
        assert!(GetModuleHandleA(c"no_such_module".as_ptr()).is_null());
        assert_eq!(error(), 126);
        let math = LoadLibraryA(c"libm.so.6".as_ptr());
        assert!(!math.is_null());
        assert!(GetProcAddress(math, c"cos".as_ptr()).is_some());
        let mut path = [0_u8; 500];
        assert!(GetModuleFileNameA(math, path.as_mut_ptr().cast(), 500) > 0);
        assert!(text(&path).contains("libm"));
        assert_eq!(FreeLibrary(math), TRUE);
        assert_eq!(FreeLibrary(null_mut()), FALSE);
        assert_eq!(error(), 6);
        assert!(LoadLibraryA(c"".as_ptr()).is_null());
        assert_eq!(error(), 126);
        let wrong = without_provenance_mut(0x1234_5678);
        assert_eq!(FreeLibrary(wrong), FALSE);
        assert_eq!(error(), 126);
        assert!(GetProcAddress(wrong, c"cos".as_ptr()).is_none());
        assert_eq!(error(), 126);
    }
}

#[test]
fn module_file_name_is_cut_and_says_so() {
    let (mut whole, mut cut) = ([0_u8; 1000], [9_u8; 5]);
    let program = std::env::current_exe().unwrap();
    unsafe {
        let length = GetModuleFileNameA(null_mut(), whole.as_mut_ptr().cast(), 1000);
        assert_eq!(text(&whole), program.to_str().unwrap());
        assert_eq!(length as usize, text(&whole).len());
        assert_eq!(GetModuleFileNameA(null_mut(), cut.as_mut_ptr().cast(), 5), 5);
        assert_eq!(error(), 122);
        assert_eq!(text(&cut), &text(&whole)[..4]);
    }
    let mut module = null_mut();
    unsafe {
        let address = (module_file_name_is_cut_and_says_so as *const ()).cast();
        assert_eq!(GetModuleHandleExA(4, address, &mut module), TRUE);
        assert_eq!(module, GetModuleHandleA(null()));
        assert_eq!(GetModuleHandleExA(3, null(), &mut module), FALSE);
        assert_eq!(error(), 87);
    }
}

#[test]
fn ids_are_those_of_linux() {
    unsafe {
        assert_eq!(GetCurrentProcessId(), std::process::id());
        let of_thread = || GetCurrentThreadId() as i32 == libc::gettid();
        assert!(of_thread() && thread::spawn(of_thread).join().unwrap());
        assert_eq!(GetCurrentProcess().addr(), usize::MAX);
        assert_eq!(GetCurrentThread().addr(), usize::MAX - 1);
    }
}

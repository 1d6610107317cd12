//! The functions that `GetProcAddress` finds, by library and header.
//!
//! In a static link the dynamic linker sees none of them, so they are listed here. A test holds
//! the list against the sources. Names that the C library also has are exported with the prefix
//! `iocp_`; the list gives the Windows name first.
#![allow(unsafe_code)]

/// A function and its Windows name.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) name: &'static str,
    pub(crate) address: *const (),
}

// SAFETY: the address of a function, the same for every thread.
unsafe impl Sync for Export {}

/// `LIBRARY { header: Name, WindowsName = symbol; ... }`
macro_rules! exports {
    (@address $header:ident $name:ident) => { crate::$header::$name as *const () };
    (@address $header:ident $name:ident $symbol:ident) => { crate::$header::$symbol as *const () };
    ($($(#[$doc:meta])* $library:ident {
        $($header:ident: $($name:ident $(= $symbol:ident)?),+ $(,)?;)*
    })*) => {
        $($(#[$doc])* pub(crate) static $library: &[Export] = &[
            $($(Export {
                name: stringify!($name),
                address: exports!(@address $header $name $($symbol)?),
            },)+)*
        ];)*
    };
}

exports! {
    /// `kernel32.dll` and `kernelbase.dll`.
    KERNEL32 {
        consoleapi:
            GenerateConsoleCtrlEvent, GetConsoleCP, GetConsoleOutputCP, SetConsoleCP,
            SetConsoleCtrlHandler, SetConsoleOutputCP, SetConsoleTitleA, SetConsoleTitleW;
        debugapi:
            DebugBreak, IsDebuggerPresent, OutputDebugStringA, OutputDebugStringW;
        errhandlingapi:
            GetErrorMode, GetLastError, GetThreadErrorMode, SetErrorMode, SetLastError,
            SetThreadErrorMode;
        fibersapi:
            FlsAlloc, FlsFree, FlsGetValue, FlsSetValue, IsThreadAFiber;
        fileapi:
            CompareFileTime, FileTimeToLocalFileTime, LocalFileTimeToFileTime;
        heapapi:
            GetProcessHeap, HeapAlloc, HeapCreate, HeapDestroy, HeapFree, HeapReAlloc,
            HeapSetInformation, HeapSize, HeapValidate;
        libloaderapi:
            DisableThreadLibraryCalls, FreeLibrary, GetModuleFileNameA, GetModuleFileNameW,
            GetModuleHandleA, GetModuleHandleExA, GetModuleHandleExW, GetModuleHandleW,
            GetProcAddress, LoadLibraryA, LoadLibraryExA, LoadLibraryExW, LoadLibraryW;
        memoryapi:
            GetLargePageMinimum, VirtualAlloc, VirtualFree, VirtualLock, VirtualProtect,
            VirtualQuery, VirtualUnlock;
        processenv:
            ExpandEnvironmentStringsA, ExpandEnvironmentStringsW, FreeEnvironmentStringsA,
            FreeEnvironmentStringsW, GetCommandLineA, GetCommandLineW, GetCurrentDirectoryA,
            GetCurrentDirectoryW, GetEnvironmentStrings, GetEnvironmentStringsW,
            GetEnvironmentVariableA, GetEnvironmentVariableW, SetCurrentDirectoryA,
            SetCurrentDirectoryW, SetEnvironmentVariableA, SetEnvironmentVariableW;
        processthreadsapi:
            ExitProcess, GetCurrentProcess, GetCurrentProcessId, GetCurrentProcessorNumber,
            GetCurrentThread, GetCurrentThreadId, GetProcessTimes, TlsAlloc, TlsFree, TlsGetValue,
            TlsSetValue;
        profileapi:
            QueryPerformanceCounter, QueryPerformanceFrequency;
        stringapiset:
            CompareStringOrdinal, MultiByteToWideChar, WideCharToMultiByte;
        synchapi:
            AcquireSRWLockExclusive, AcquireSRWLockShared, DeleteCriticalSection,
            DeleteSynchronizationBarrier, EnterCriticalSection, EnterSynchronizationBarrier,
            InitOnceBeginInitialize, InitOnceComplete, InitOnceExecuteOnce, InitOnceInitialize,
            InitializeConditionVariable, InitializeCriticalSection,
            InitializeCriticalSectionAndSpinCount, InitializeCriticalSectionEx, InitializeSRWLock,
            InitializeSynchronizationBarrier, LeaveCriticalSection, ReleaseSRWLockExclusive,
            ReleaseSRWLockShared, SetCriticalSectionSpinCount, Sleep, SleepConditionVariableCS,
            SleepConditionVariableSRW, SwitchToThread, TryAcquireSRWLockExclusive,
            TryAcquireSRWLockShared, TryEnterCriticalSection, WaitOnAddress,
            WakeAllConditionVariable, WakeByAddressAll, WakeByAddressSingle,
            WakeConditionVariable;
        sysinfoapi:
            GetComputerNameExA, GetComputerNameExW, GetLocalTime, GetNativeSystemInfo,
            GetSystemInfo, GetSystemTime, GetSystemTimeAsFileTime, GetSystemTimePreciseAsFileTime,
            GetTickCount, GetTickCount64, GetVersion, GetVersionExA, GetVersionExW,
            GlobalMemoryStatusEx;
        timezoneapi:
            FileTimeToSystemTime, SystemTimeToFileTime;
        winbase:
            FormatMessageA, FormatMessageW, GetActiveProcessorCount, GetActiveProcessorGroupCount,
            GetComputerNameA, GetComputerNameW, GetProcessAffinityMask, GlobalAlloc, GlobalFlags,
            GlobalFree, GlobalLock, GlobalReAlloc, GlobalSize, GlobalUnlock, LocalAlloc,
            LocalFlags, LocalFree, LocalLock, LocalReAlloc, LocalSize, LocalUnlock, lstrcatA,
            lstrcatW, lstrcmpA, lstrcmpW, lstrcmpiA, lstrcmpiW, lstrcpyA, lstrcpyW, lstrcpynA,
            lstrcpynW, lstrlenA, lstrlenW;
        winnls:
            GetACP, GetOEMCP, IsDBCSLeadByte, IsDBCSLeadByteEx;
    }

    /// `ntdll.dll`.
    NTDLL {}

    /// `ws2_32.dll`.
    WS2_32 {}

    /// `mswsock.dll`.
    MSWSOCK {}
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{KERNEL32, MSWSOCK, NTDLL, WS2_32};

    fn exported(directory: &Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                exported(&path, names);
                continue;
            }
            // What only the C runtime has is in no library of the system.
            if path.file_name().is_some_and(|name| name == "crt.rs" || name == "exports.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("the sources can be read");
            let mut after = text.split("#[unsafe(no_mangle)]");
            after.next();
            for item in after {
                let (_, rest) = item.split_once(" fn ").expect("a function follows");
                let name = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
                names.push(name.unwrap_or_default().to_owned());
            }
        }
    }

    /// Each exported function is found by its Windows name, and no other is.
    #[test]
    fn the_list_agrees_with_the_sources() {
        let mut names = Vec::new();
        exported(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
        let mut wanted: Vec<_> =
            names.iter().map(|name| name.strip_prefix("iocp_").unwrap_or(name)).collect();
        wanted.sort_unstable();
        let lists = [KERNEL32, NTDLL, WS2_32, MSWSOCK];
        let mut listed: Vec<_> = lists.into_iter().flatten().map(|export| export.name).collect();
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(listed, wanted);
    }
}

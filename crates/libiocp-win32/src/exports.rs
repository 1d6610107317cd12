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

/// `LIBRARY { module: Name, WindowsName = symbol; [module::part]: Name; ... }`
macro_rules! exports {
    (@address [$($module:ident)::+] $name:ident) => { crate::$($module)::+::$name as *const () };
    (@address $module:ident $name:ident) => { crate::$module::$name as *const () };
    (@address $module:tt $name:ident $symbol:ident) => { exports!(@address $module $symbol) };
    ($($(#[$doc:meta])* $library:ident {
        $($module:tt: $($name:ident $(= $symbol:ident)?),+ $(,)?;)*
    })*) => {
        $($(#[$doc])* pub(crate) static $library: &[Export] = &[
            $($(Export {
                name: stringify!($name),
                address: exports!(@address $module $name $($symbol)?),
            },)+)*
        ];)*
    };
}

exports! {
    /// `kernel32.dll` and `kernelbase.dll`.
    KERNEL32 {
        consoleapi:
            GenerateConsoleCtrlEvent, GetConsoleCP, GetConsoleOutputCP, SetConsoleCP,
            SetConsoleCtrlHandler, SetConsoleOutputCP, SetConsoleTitleA, SetConsoleTitleW,
            WriteConsoleA, WriteConsoleW;
        debugapi:
            DebugBreak, IsDebuggerPresent, OutputDebugStringA, OutputDebugStringW;
        errhandlingapi:
            GetErrorMode, GetLastError, GetThreadErrorMode, SetErrorMode, SetLastError,
            SetThreadErrorMode;
        fibersapi:
            FlsAlloc, FlsFree, FlsGetValue, FlsSetValue, IsThreadAFiber;
        fileapi:
            CompareFileTime, CreateDirectoryA, CreateDirectoryW, CreateFileA, CreateFileW,
            DeleteFileA, DeleteFileW, FileTimeToLocalFileTime, FlushFileBuffers,
            GetFileAttributesA, GetFileAttributesW, GetFileSize, GetFileSizeEx, GetFileType,
            LocalFileTimeToFileTime, ReadFile, ReadFileEx, RemoveDirectoryA, RemoveDirectoryW,
            SetEndOfFile, SetFilePointer, SetFilePointerEx, WriteFile, WriteFileEx;
        handleapi:
            CloseHandle, CompareObjectHandles, DuplicateHandle, GetHandleInformation,
            SetHandleInformation;
        heapapi:
            GetProcessHeap, HeapAlloc, HeapCreate, HeapDestroy, HeapFree, HeapReAlloc,
            HeapSetInformation, HeapSize, HeapValidate;
        ioapiset:
            CancelIo, CancelIoEx, CancelSynchronousIo, CreateIoCompletionPort,
            GetOverlappedResult, GetOverlappedResultEx, GetQueuedCompletionStatus,
            GetQueuedCompletionStatusEx, PostQueuedCompletionStatus;
        jobapi:
            AssignProcessToJobObject, CreateJobObjectA, CreateJobObjectW, IsProcessInJob,
            QueryInformationJobObject, SetInformationJobObject, TerminateJobObject;
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
        processenv_std:
            GetStdHandle, SetStdHandle;
        processthreadsapi:
            CreateProcessA, CreateProcessW, ExitProcess, GetCurrentProcess, GetCurrentProcessId,
            GetCurrentProcessorNumber, GetCurrentThread, GetCurrentThreadId, GetExitCodeProcess,
            GetProcessId, GetProcessTimes, OpenProcess, QueueUserAPC, TerminateProcess, TlsAlloc,
            TlsFree, TlsGetValue, TlsSetValue;
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
            SleepConditionVariableSRW, SleepEx, SwitchToThread, TryAcquireSRWLockExclusive,
            TryAcquireSRWLockShared, TryEnterCriticalSection, WaitOnAddress,
            WakeAllConditionVariable, WakeByAddressAll, WakeByAddressSingle,
            WakeConditionVariable;
        synchapi_events:
            CreateEventA, CreateEventExA, CreateEventExW, CreateEventW, CreateSemaphoreA,
            CreateSemaphoreExA, CreateSemaphoreExW, CreateSemaphoreW, OpenEventA, OpenEventW,
            OpenSemaphoreA, OpenSemaphoreW, PulseEvent, ReleaseSemaphore, ResetEvent, SetEvent;
        synchapi_mutexes:
            CreateMutexA, CreateMutexExA, CreateMutexExW, CreateMutexW, OpenMutexA, OpenMutexW,
            ReleaseMutex;
        synchapi_timers:
            CancelWaitableTimer, CreateWaitableTimerA, CreateWaitableTimerExA,
            CreateWaitableTimerExW, CreateWaitableTimerW, OpenWaitableTimerA, OpenWaitableTimerW,
            SetWaitableTimer, SetWaitableTimerEx;
        synchapi_waits:
            SignalObjectAndWait, WaitForMultipleObjects, WaitForMultipleObjectsEx,
            WaitForSingleObject, WaitForSingleObjectEx;
        sysinfoapi:
            GetComputerNameExA, GetComputerNameExW, GetLocalTime, GetNativeSystemInfo,
            GetSystemInfo, GetSystemTime, GetSystemTimeAsFileTime, GetSystemTimePreciseAsFileTime,
            GetTickCount, GetTickCount64, GetVersion, GetVersionExA, GetVersionExW,
            GlobalMemoryStatusEx;
        [threadpoolapiset::group]:
            CloseThreadpoolCleanupGroup, CloseThreadpoolCleanupGroupMembers,
            CreateThreadpoolCleanupGroup;
        [threadpoolapiset::instance]:
            CallbackMayRunLong, DisassociateCurrentThreadFromCallback,
            FreeLibraryWhenCallbackReturns, LeaveCriticalSectionWhenCallbackReturns,
            ReleaseMutexWhenCallbackReturns, ReleaseSemaphoreWhenCallbackReturns,
            SetEventWhenCallbackReturns;
        [threadpoolapiset::io]:
            BindIoCompletionCallback, CancelThreadpoolIo, CloseThreadpoolIo, CreateThreadpoolIo,
            StartThreadpoolIo, WaitForThreadpoolIoCallbacks;
        threadpoolapiset:
            CloseThreadpool, CreateThreadpool, QueryThreadpoolStackInformation,
            SetThreadpoolStackInformation, SetThreadpoolThreadMaximum, SetThreadpoolThreadMinimum;
        [threadpoolapiset::timer]:
            CloseThreadpoolTimer, CreateThreadpoolTimer, IsThreadpoolTimerSet, SetThreadpoolTimer,
            SetThreadpoolTimerEx, WaitForThreadpoolTimerCallbacks;
        [threadpoolapiset::wait]:
            CloseThreadpoolWait, CreateThreadpoolWait, SetThreadpoolWait, SetThreadpoolWaitEx,
            WaitForThreadpoolWaitCallbacks;
        [threadpoolapiset::work]:
            CloseThreadpoolWork, CreateThreadpoolWork, SubmitThreadpoolWork,
            TrySubmitThreadpoolCallback, WaitForThreadpoolWorkCallbacks;
        threadpoollegacyapiset:
            ChangeTimerQueueTimer, CreateTimerQueue, CreateTimerQueueTimer, DeleteTimerQueue,
            DeleteTimerQueueEx, DeleteTimerQueueTimer, QueueUserWorkItem,
            RegisterWaitForSingleObject, UnregisterWait, UnregisterWaitEx;
        threads:
            CreateThread, ExitThread, GetExitCodeThread, GetProcessHandleCount, GetThreadId,
            ResumeThread;
        timezoneapi:
            FileTimeToSystemTime, SystemTimeToFileTime;
        winbase:
            FormatMessageA, FormatMessageW, GetActiveProcessorCount, GetActiveProcessorGroupCount,
            GetComputerNameA, GetComputerNameW, GetProcessAffinityMask, GlobalAlloc, GlobalFlags,
            GlobalFree, GlobalLock, GlobalReAlloc, GlobalSize, GlobalUnlock, LocalAlloc,
            LocalFlags, LocalFree, LocalLock, LocalReAlloc, LocalSize, LocalUnlock, lstrcatA,
            lstrcatW, lstrcmpA, lstrcmpW, lstrcmpiA, lstrcmpiW, lstrcpyA, lstrcpyW, lstrcpynA,
            lstrcpynW, lstrlenA, lstrlenW;
        winbase_modes:
            SetFileCompletionNotificationModes;
        winnls:
            GetACP, GetOEMCP, IsDBCSLeadByte, IsDBCSLeadByteEx;
    }

    /// `ntdll.dll`.
    NTDLL {
        winternl:
            NtAllocateReserveObject, NtAssociateWaitCompletionPacket, NtCancelIoFile,
            NtCancelIoFileEx, NtCancelWaitCompletionPacket, NtClearEvent, NtClose, NtCreateEvent,
            NtCreateIoCompletion, NtCreateSemaphore, NtCreateWaitCompletionPacket,
            NtDelayExecution, NtOpenEvent, NtOpenIoCompletion, NtOpenSemaphore, NtPulseEvent,
            NtQueryInformationFile, NtQueryIoCompletion, NtQueryObject, NtQueueApcThread,
            NtReadFile, NtReleaseSemaphore, NtRemoveIoCompletion, NtRemoveIoCompletionEx,
            NtResetEvent, NtSetEvent, NtSetInformationFile, NtSetInformationObject,
            NtSetIoCompletion, NtSetIoCompletionEx, NtTestAlert, NtWaitForMultipleObjects,
            NtWaitForSingleObject, NtWriteFile, RtlInitUnicodeString, RtlNtStatusToDosError,
            RtlNtStatusToDosErrorNoTeb;
    }

    /// `ws2_32.dll`.
    WS2_32 {
        [winsock2::accept]:
            WSAAccept, accept = iocp_accept;
        [winsock2::address]:
            bind = iocp_bind, getpeername = iocp_getpeername, getsockname = iocp_getsockname,
            listen = iocp_listen, shutdown = iocp_shutdown;
        [winsock2::connect]:
            WSAConnect, connect = iocp_connect;
        [winsock2::event]:
            WSACloseEvent, WSACreateEvent, WSAHtonl, WSAHtons, WSANtohl, WSANtohs, WSAResetEvent,
            WSASetEvent, WSAWaitForMultipleEvents;
        [winsock2::inet]:
            WSAAddressToStringA, WSAAddressToStringW, WSAStringToAddressA, WSAStringToAddressW,
            htonl = iocp_htonl, htons = iocp_htons, inet_addr = iocp_inet_addr,
            inet_ntoa = iocp_inet_ntoa, ntohl = iocp_ntohl, ntohs = iocp_ntohs;
        [winsock2::ioctl]:
            WSAIoctl, ioctlsocket;
        [winsock2::names]:
            GetHostNameW, gethostbyaddr = iocp_gethostbyaddr, gethostbyname = iocp_gethostbyname,
            gethostname = iocp_gethostname, getprotobyname = iocp_getprotobyname,
            getprotobynumber = iocp_getprotobynumber, getservbyname = iocp_getservbyname,
            getservbyport = iocp_getservbyport;
        [winsock2::open]:
            WSASocketA, WSASocketW, closesocket, socket = iocp_socket;
        [winsock2::overlapped]:
            WSAGetOverlappedResult, WSARecv, WSARecvFrom, WSASend, WSASendTo;
        [winsock2::protocol_info]:
            WSAEnumProtocolsA, WSAEnumProtocolsW;
        [winsock2::sockopt]:
            getsockopt = iocp_getsockopt, setsockopt = iocp_setsockopt;
        [winsock2::startup]:
            WSACleanup, WSAGetLastError, WSASetLastError, WSAStartup;
        [winsock2::transfer]:
            recv = iocp_recv, recvfrom = iocp_recvfrom, send = iocp_send, sendto = iocp_sendto;
        [ws2tcpip::addrinfo]:
            FreeAddrInfoW, GetAddrInfoW, freeaddrinfo = iocp_freeaddrinfo,
            getaddrinfo = iocp_getaddrinfo;
        [ws2tcpip::inet]:
            InetNtopW, InetPtonW, inet_ntop = iocp_inet_ntop, inet_pton = iocp_inet_pton;
        [ws2tcpip::nameinfo]:
            GetNameInfoW, getnameinfo = iocp_getnameinfo;
    }

    /// `mswsock.dll`.
    MSWSOCK {
        mswsock:
            AcceptEx, GetAcceptExSockaddrs;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{KERNEL32, MSWSOCK, NTDLL, WS2_32};

    fn exported(directory: &Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                exported(&path, names);
                continue;
            }
            if path.file_name().is_some_and(|name| name == "exports.rs") {
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

    /// What Windows gives through `WSAIoctl` only, has in its headers, in the C runtime, or not
    /// at all.
    fn is_no_library_function(name: &str) -> bool {
        matches!(name, "ConnectEx" | "DisconnectEx" | "gai_strerror" | "set_block_detection")
            || name.starts_with('_')
    }

    /// Each exported function is found by its Windows name, and no other is.
    #[test]
    fn the_list_agrees_with_the_sources() {
        let mut names = Vec::new();
        exported(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
        let windows = |name: &String| name.strip_prefix("iocp_").unwrap_or(name).to_owned();
        let wanted: BTreeSet<_> =
            names.iter().map(windows).filter(|name| !is_no_library_function(name)).collect();
        let lists = [KERNEL32, NTDLL, WS2_32, MSWSOCK];
        let listed: BTreeSet<_> =
            lists.into_iter().flatten().map(|export| export.name.to_owned()).collect();
        let missing: Vec<_> = wanted.difference(&listed).collect();
        assert!(missing.is_empty(), "not in the list: {missing:?}");
        let unknown: Vec<_> = listed.difference(&wanted).collect();
        assert!(unknown.is_empty(), "only in the list: {unknown:?}");
    }
}

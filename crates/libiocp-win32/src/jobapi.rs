//! `jobapi.h` and `jobapi2.h`: job objects.
#![allow(unsafe_code, non_camel_case_types, non_snake_case, clippy::missing_safety_doc)]

use crate::errhandlingapi::fail;
use crate::kernel::{hand_out, null_on_error, succeed, system};
use crate::processthreadsapi::asked;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, LPVOID, SECURITY_ATTRIBUTES, TRUE};
use libiocp::handle::Handle;
use libiocp::job::{Job, Limits};
use libiocp::object::{Object, access};
use libiocp::status::Status;
use std::sync::Arc;

const BASIC_ACCOUNTING: i32 = 1;
const BASIC_LIMITS: i32 = 2;
const PROCESS_LIST: i32 = 3;
const COMPLETION_PORT: i32 = 7;
const EXTENDED_LIMITS: i32 = 9;
const LAST_CLASS: i32 = 52;
const ERROR_BAD_LENGTH: DWORD = 24;
const ERROR_INVALID_PARAMETER: DWORD = 87;
const ERROR_MORE_DATA: DWORD = 234;
const ERROR_NOACCESS: DWORD = 998;
const ERROR_NOT_SUPPORTED: DWORD = 50;

/// `JOBOBJECT_BASIC_LIMIT_INFORMATION`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct JOBOBJECT_BASIC_LIMIT_INFORMATION {
    /// Processor time for each process.
    pub PerProcessUserTimeLimit: i64,
    /// Processor time for the job.
    pub PerJobUserTimeLimit: i64,
    /// Which limits are in force.
    pub LimitFlags: DWORD,
    /// The least memory kept resident.
    pub MinimumWorkingSetSize: usize,
    /// The most memory kept resident.
    pub MaximumWorkingSetSize: usize,
    /// How many processes there may be at once.
    pub ActiveProcessLimit: DWORD,
    /// Which processors.
    pub Affinity: usize,
    /// The priority class.
    pub PriorityClass: DWORD,
    /// The scheduling class.
    pub SchedulingClass: DWORD,
}

/// `JOBOBJECT_EXTENDED_LIMIT_INFORMATION`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
    /// The basic limits.
    pub BasicLimitInformation: JOBOBJECT_BASIC_LIMIT_INFORMATION,
    /// Not used.
    pub IoInfo: [u64; 6],
    /// Memory for each process.
    pub ProcessMemoryLimit: usize,
    /// Memory for the job.
    pub JobMemoryLimit: usize,
    /// The most that a process has had.
    pub PeakProcessMemoryUsed: usize,
    /// The most that the job has had.
    pub PeakJobMemoryUsed: usize,
}

/// `JOBOBJECT_BASIC_ACCOUNTING_INFORMATION`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct JOBOBJECT_BASIC_ACCOUNTING_INFORMATION {
    /// Time in user mode. Not counted.
    pub TotalUserTime: i64,
    /// Time in the kernel. Not counted.
    pub TotalKernelTime: i64,
    /// As the first, since the last limit.
    pub ThisPeriodTotalUserTime: i64,
    /// As the second, since the last limit.
    pub ThisPeriodTotalKernelTime: i64,
    /// Page faults. Not counted.
    pub TotalPageFaultCount: DWORD,
    /// The processes that have ever been members.
    pub TotalProcesses: DWORD,
    /// Those that are.
    pub ActiveProcesses: DWORD,
    /// Those that a limit ended.
    pub TotalTerminatedProcesses: DWORD,
}

/// `JOBOBJECT_ASSOCIATE_COMPLETION_PORT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
    /// Stands in every packet.
    pub CompletionKey: LPVOID,
    /// The port; NULL for none.
    pub CompletionPort: HANDLE,
}

const _: () = {
    assert!(size_of::<JOBOBJECT_BASIC_LIMIT_INFORMATION>() == 64);
    assert!(size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() == 144);
    assert!(size_of::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>() == 48);
};

fn create(has_name: bool, attributes: *const SECURITY_ATTRIBUTES) -> HANDLE {
    if has_name {
        return null_on_error(Err(Status::NOT_SUPPORTED));
    }
    hand_out(Object::Job(Handle::new(system().jobs().create())), attributes)
}

/// `CreateJobObjectA`: makes a job without a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateJobObjectA(
    lpJobAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCSTR,
) -> HANDLE {
    create(!lpName.is_null(), lpJobAttributes)
}

/// `CreateJobObjectW`: makes a job without a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateJobObjectW(
    lpJobAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCWSTR,
) -> HANDLE {
    create(!lpName.is_null(), lpJobAttributes)
}

/// `AssignProcessToJobObject`: makes a process a member of a job, and of those
/// that the job is nested in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AssignProcessToJobObject(hJob: HANDLE, hProcess: HANDLE) -> BOOL {
    let assign = || {
        let job = system().job(hJob as usize, access::JOB_ASSIGN_PROCESS)?;
        let needed = access::PROCESS_SET_QUOTA | access::PROCESS_TERMINATE;
        job.assign(&system().process(hProcess as usize, needed)?)
    };
    succeed(assign())
}

/// `IsProcessInJob`: whether a process belongs to a job, or to any if `JobHandle`
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsProcessInJob(
    ProcessHandle: HANDLE,
    JobHandle: HANDLE,
    Result: *mut BOOL,
) -> BOOL {
    let ask = || {
        let process = asked(ProcessHandle)?;
        Ok(match JobHandle as usize {
            0 => system().jobs().job_of(&process).is_some(),
            job => system().job(job, access::JOB_QUERY)?.contains(&process),
        })
    };
    match ask() {
        Err(status) => fail(Status::win32(status)),
        Ok(_) if Result.is_null() => fail(ERROR_NOACCESS),
        Ok(is_member) => {
            // SAFETY: the documentation asks for a valid place.
            unsafe { Result.write(is_member.into()) };
            TRUE
        }
    }
}

/// `TerminateJobObject`: ends every process of a job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TerminateJobObject(hJob: HANDLE, uExitCode: u32) -> BOOL {
    let job = system().job(hJob as usize, access::JOB_TERMINATE);
    succeed(job.map(|job| job.terminate(uExitCode)))
}

/// Reads a structure that the caller gives.
///
/// # Safety
/// `information` is valid for `length` bytes.
unsafe fn read<T>(information: LPVOID, length: DWORD) -> Result<T, DWORD> {
    if length as usize != size_of::<T>() {
        return Err(ERROR_BAD_LENGTH);
    }
    if information.is_null() {
        return Err(ERROR_NOACCESS);
    }
    // SAFETY: by the contract of this function; any bits are a `T` here.
    Ok(unsafe { information.cast::<T>().read_unaligned() })
}

fn set_limits(job: &Job, basic: &JOBOBJECT_BASIC_LIMIT_INFORMATION) -> Result<(), DWORD> {
    let active_processes = basic.ActiveProcessLimit;
    job.set_limits(Limits { flags: basic.LimitFlags, active_processes }).map_err(Status::win32)
}

fn set_port(job: &Job, wanted: JOBOBJECT_ASSOCIATE_COMPLETION_PORT) -> Result<(), DWORD> {
    let port = match wanted.CompletionPort as usize {
        0 => None,
        value => Some(system().port(value).map_err(Status::win32)?),
    };
    let port = port.map(|port| (port, wanted.CompletionKey as usize));
    job.set_port(port).map_err(Status::win32)
}

/// # Safety
/// `information` is valid for `length` bytes.
unsafe fn set(job: &Job, class: i32, information: LPVOID, length: DWORD) -> Result<(), DWORD> {
    // SAFETY: by the contract of this function.
    unsafe {
        match class {
            BASIC_LIMITS => set_limits(job, &read(information, length)?),
            EXTENDED_LIMITS => {
                let limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = read(information, length)?;
                set_limits(job, &limits.BasicLimitInformation)
            }
            COMPLETION_PORT => set_port(job, read(information, length)?),
            class if (1..=LAST_CLASS).contains(&class) => Err(ERROR_NOT_SUPPORTED),
            _ => Err(ERROR_INVALID_PARAMETER),
        }
    }
}

/// `SetInformationJobObject`: a job's limits, or its port.
///
/// The limits are the number of processes, the end of all with the job's last
/// handle, and leave to break away; others fail with 50.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetInformationJobObject(
    hJob: HANDLE,
    JobObjectInformationClass: i32,
    lpJobObjectInformation: LPVOID,
    cbJobObjectInformationLength: DWORD,
) -> BOOL {
    let job = match system().job(hJob as usize, access::JOB_SET_ATTRIBUTES) {
        Ok(job) => job,
        Err(status) => return fail(status.win32()),
    };
    let (class, length) = (JobObjectInformationClass, cbJobObjectInformationLength);
    // SAFETY: the documentation asks for so many bytes.
    match unsafe { set(&job, class, lpJobObjectInformation, length) } {
        Ok(()) => TRUE,
        Err(code) => fail(code),
    }
}

fn basic_limits(job: &Job) -> JOBOBJECT_BASIC_LIMIT_INFORMATION {
    let limits = job.limits();
    JOBOBJECT_BASIC_LIMIT_INFORMATION {
        LimitFlags: limits.flags,
        ActiveProcessLimit: limits.active_processes,
        ..Default::default()
    }
}

/// Where an answer goes: so many bytes, and how many of them were needed.
struct Room {
    start: LPVOID,
    length: DWORD,
}

impl Room {
    /// # Safety
    /// The room is valid for writes.
    unsafe fn write<T>(&self, value: T) -> Result<usize, DWORD> {
        if (self.length as usize) < size_of::<T>() {
            return Err(ERROR_BAD_LENGTH);
        }
        // SAFETY: by the contract of this function.
        unsafe { self.start.cast::<T>().write_unaligned(value) };
        Ok(size_of::<T>())
    }

    /// The list of processes: how many there are, how many are listed, and
    /// those.
    ///
    /// # Safety
    /// The room is valid for writes.
    unsafe fn write_list(&self, ids: &[u32]) -> Result<usize, DWORD> {
        const HEAD: usize = 8;
        if (self.length as usize) < HEAD + size_of::<usize>() {
            return Err(ERROR_BAD_LENGTH);
        }
        let room = (self.length as usize - HEAD) / size_of::<usize>();
        let listed = ids.len().min(room);
        // SAFETY: by the contract of this function; the list fits.
        unsafe {
            self.start.cast::<DWORD>().write_unaligned(ids.len() as DWORD);
            self.start.cast::<DWORD>().add(1).write_unaligned(listed as DWORD);
            let list = self.start.cast::<u8>().add(HEAD).cast::<usize>();
            for (at, id) in ids[..listed].iter().enumerate() {
                list.add(at).write_unaligned(*id as usize);
            }
        }
        if listed < ids.len() {
            Err(ERROR_MORE_DATA)
        } else {
            Ok(HEAD + listed * size_of::<usize>())
        }
    }
}

fn accounting(job: &Arc<Job>) -> JOBOBJECT_BASIC_ACCOUNTING_INFORMATION {
    let counts = job.counts();
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION {
        TotalProcesses: counts.total,
        ActiveProcesses: counts.active,
        TotalTerminatedProcesses: counts.terminated,
        ..Default::default()
    }
}

/// `QueryInformationJobObject`: a job's counts, members or limits. NULL asks for
/// the job of this process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryInformationJobObject(
    hJob: HANDLE,
    JobObjectInformationClass: i32,
    lpJobObjectInformation: LPVOID,
    cbJobObjectInformationLength: DWORD,
    lpReturnLength: *mut DWORD,
) -> BOOL {
    let own = || system().jobs().job_of(system().processes().this());
    let job = match hJob as usize {
        0 => own().ok_or(Status::INVALID_HANDLE),
        job => system().job(job, access::JOB_QUERY),
    };
    let job = match job {
        Ok(job) => job,
        Err(status) => return fail(status.win32()),
    };
    if lpJobObjectInformation.is_null() {
        return fail(ERROR_NOACCESS);
    }
    let room = Room { start: lpJobObjectInformation, length: cbJobObjectInformationLength };
    // SAFETY: the documentation asks for so many bytes.
    let written = unsafe {
        match JobObjectInformationClass {
            BASIC_ACCOUNTING => room.write(accounting(&job)),
            BASIC_LIMITS => room.write(basic_limits(&job)),
            PROCESS_LIST => room.write_list(&job.processes()),
            EXTENDED_LIMITS => room.write(JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
                BasicLimitInformation: basic_limits(&job),
                ..Default::default()
            }),
            class if (1..=LAST_CLASS).contains(&class) => Err(ERROR_NOT_SUPPORTED),
            _ => Err(ERROR_INVALID_PARAMETER),
        }
    };
    match written {
        Err(code) => fail(code),
        Ok(length) => {
            if !lpReturnLength.is_null() {
                // SAFETY: the documentation asks for a valid place.
                unsafe { lpReturnLength.write(length as DWORD) };
            }
            TRUE
        }
    }
}

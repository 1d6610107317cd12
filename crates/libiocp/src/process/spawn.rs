//! Starting a process.
//!
//! The child of the fork makes nothing but system calls until it becomes the
//! program: other threads of the parent may have held any lock. What fails
//! before that comes back to the parent through a pipe.
#![allow(unsafe_code)]

use super::pidfd_open;
use std::ffi::{CStr, CString, c_char};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What to start, and how.
#[derive(Debug)]
pub struct Plan {
    /// The executable.
    pub program: CString,
    /// Its arguments, the first of which is its own name.
    pub arguments: Vec<CString>,
    /// Its environment, `NAME=value` each.
    pub environment: Vec<CString>,
    /// Where it starts; `None` for the parent's directory.
    pub directory: Option<CString>,
    /// Its standard input, output and error; `None` keeps the parent's.
    pub standard: [Option<OwnedFd>; 3],
    /// Whether it waits before it becomes the program.
    pub is_suspended: bool,
    /// Whether it gets a session of its own, without a terminal.
    pub is_detached: bool,
    /// Whether it leads a process group of its own.
    pub leads_group: bool,
    /// Open on `cgroup.procs` of the group that it is to live in.
    pub group: Option<OwnedFd>,
}

/// A process that has been started.
#[derive(Debug)]
pub struct Spawned {
    /// The kernel's number for it.
    pub id: u32,
    /// The kernel's descriptor for it.
    pub pidfd: OwnedFd,
    /// Lets a suspended process go on.
    pub gate: Option<Gate>,
}

/// Where a suspended process waits; when this goes first, the process ends.
#[derive(Debug)]
pub struct Gate(OwnedFd);

impl Gate {
    /// Lets the process go on, which may have ended.
    pub fn open(self) {
        // SAFETY: one byte is readable. A socket, as nothing else can be told
        // not to signal that nobody listens.
        unsafe { libc::send(self.0.as_raw_fd(), [1u8].as_ptr().cast(), 1, libc::MSG_NOSIGNAL) };
    }

    /// What the process reads from, and the gate.
    fn new() -> io::Result<(OwnedFd, Self)> {
        let mut ends = [0; 2];
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
        // SAFETY: there is room for two descriptors, which are new and ours.
        unsafe {
            match libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) {
                0 => {
                    let [inner, outer] = ends.map(|end| OwnedFd::from_raw_fd(end));
                    Ok((inner, Self(outer)))
                }
                _ => Err(io::Error::last_os_error()),
            }
        }
    }
}

/// Both ends of a pipe: to read, to write.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: there is room for two descriptors, which are new and ours.
    unsafe {
        match libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) {
            0 => Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|it| it.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Everything the child needs, laid out before the fork.
struct Child<'a> {
    plan: &'a Plan,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    /// Where failures are told, and that it is suspended.
    report: RawFd,
    /// Where it waits to be resumed, and the parent's end of that.
    gate: Option<(RawFd, RawFd)>,
}

/// Starts a process. When it is not suspended, it has become the program by
/// the time this returns.
///
/// # Errors
/// What kept it from becoming the program.
pub fn spawn(plan: &Plan) -> io::Result<Spawned> {
    let (report_in, report_out) = pipe()?;
    let gate = if plan.is_suspended { Some(Gate::new()?) } else { None };
    let child = Child {
        plan,
        arguments: pointers(&plan.arguments),
        environment: pointers(&plan.environment),
        report: report_out.as_raw_fd(),
        gate: gate.as_ref().map(|(inner, outer)| (inner.as_raw_fd(), outer.0.as_raw_fd())),
    };
    // SAFETY: the child makes system calls only and never returns.
    let id = unsafe { fork_with_signals_blocked(&child) }?;
    drop(report_out);
    // A child that nobody has waited for keeps its number.
    let pidfd = pidfd_open(id);
    let failed = match &pidfd {
        Err(_) => {
            kill_and_reap(id);
            None
        }
        Ok(_) => read_report(&report_in),
    };
    match (pidfd, failed) {
        (Ok(pidfd), None) => Ok(Spawned { id, pidfd, gate: gate.map(|(_, outer)| outer) }),
        (Ok(_), Some(errno)) => {
            reap(id);
            Err(io::Error::from_raw_os_error(errno))
        }
        (Err(error), _) => Err(error),
    }
}

/// Ends a child that has not been waited for.
pub(super) fn kill_and_reap(id: u32) {
    // SAFETY: no memory is involved; the child has not been waited for.
    unsafe { libc::kill(id as libc::pid_t, libc::SIGKILL) };
    reap(id);
}

fn reap(id: u32) {
    // SAFETY: a NULL status is allowed.
    while unsafe { libc::waitpid(id as libc::pid_t, std::ptr::null_mut(), 0) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

/// The errno that the child met. Nothing comes if it became the program; zero
/// if it waits to be resumed.
fn read_report(report: &OwnedFd) -> Option<i32> {
    let mut errno = 0i32;
    loop {
        // SAFETY: four bytes are writable.
        let read = unsafe { libc::read(report.as_raw_fd(), (&raw mut errno).cast(), 4) };
        match read {
            4 => return (errno != 0).then_some(errno),
            0.. => return None,
            _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
}

/// # Safety
/// Nothing the child needs may move.
unsafe fn fork_with_signals_blocked(child: &Child<'_>) -> io::Result<u32> {
    // SAFETY: the sets are valid places. No handler of the program runs in the
    // child: signals are blocked until their handlers are gone.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let id = libc::fork();
        if id == 0 {
            child.run();
        }
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        if id < 0 { Err(error) } else { Ok(id as u32) }
    }
}

impl Child<'_> {
    /// # Safety
    /// Only in the child of a fork, all signals blocked.
    unsafe fn run(&self) -> ! {
        // SAFETY: system calls with memory that was laid out before the fork.
        unsafe {
            if let Err(errno) = self.prepare() {
                self.tell(errno);
            } else if self.wait_if_suspended() {
                let (arguments, environment) = (self.arguments.as_ptr(), self.environment.as_ptr());
                libc::execve(self.plan.program.as_ptr(), arguments, environment);
                self.tell(*libc::__errno_location());
            }
            libc::_exit(127)
        }
    }

    /// # Safety
    /// As for `run`.
    unsafe fn tell(&self, errno: i32) {
        // SAFETY: four bytes are readable.
        unsafe { libc::write(self.report, (&raw const errno).cast(), 4) };
    }

    /// # Safety
    /// As for `run`.
    unsafe fn wait_if_suspended(&self) -> bool {
        let Some((inner, outer)) = self.gate else { return true };
        // SAFETY: one byte is writable. Only the parent is to hold the other
        // end: when it goes, so does this process.
        unsafe {
            libc::close(outer);
            close_private([self.report, inner]);
            self.tell(0);
            libc::close(self.report);
            let mut byte = 0u8;
            loop {
                match libc::read(inner, (&raw mut byte).cast(), 1) {
                    1 => return true,
                    0 => return false,
                    _ if *libc::__errno_location() == libc::EINTR => {}
                    _ => return false,
                }
            }
        }
    }

    /// # Safety
    /// As for `run`.
    unsafe fn prepare(&self) -> Result<(), i32> {
        let plan = self.plan;
        // SAFETY: system calls with memory that was laid out before the fork.
        unsafe {
            if let Some(group) = &plan.group {
                check(libc::write(group.as_raw_fd(), c"0".as_ptr().cast(), 1) as i32)?;
            }
            if plan.is_detached {
                check(libc::setsid())?;
            } else if plan.leads_group {
                check(libc::setpgid(0, 0))?;
            }
            self.place_standard()?;
            if let Some(directory) = &plan.directory {
                check(libc::chdir(directory.as_ptr()))?;
            }
            // What the program's signals are set to is not for others.
            for signal in 1..=64 {
                libc::signal(signal, libc::SIG_DFL);
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        }
        Ok(())
    }

    /// Puts the standard descriptors in their places; none of the plan's is
    /// below 3, so that none is overwritten before it is copied.
    ///
    /// # Safety
    /// As for `run`.
    unsafe fn place_standard(&self) -> Result<(), i32> {
        for (place, fd) in self.plan.standard.iter().enumerate() {
            if let Some(fd) = fd {
                // SAFETY: no memory is involved.
                check(unsafe { libc::dup2(fd.as_raw_fd(), place as RawFd) })?;
            }
        }
        Ok(())
    }
}

/// Closes what the program would not get, but for `keep`: while the process is
/// suspended it is to hold nothing of its maker's. This allocates nothing.
///
/// # Safety
/// Only in the child of a fork.
unsafe fn close_private(keep: [RawFd; 2]) {
    const NAME: usize = std::mem::offset_of!(libc::dirent64, d_name);
    const LENGTH: usize = std::mem::offset_of!(libc::dirent64, d_reclen);
    let mut room = [0u64; 256];
    // SAFETY: system calls with room that is as long as they are told.
    unsafe {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let list = libc::open(c"/proc/self/fd".as_ptr(), flags);
        loop {
            let (start, size) = (room.as_mut_ptr().cast::<u8>(), size_of_val(&room));
            let read = libc::syscall(libc::SYS_getdents64, list, start, size);
            if read <= 0 {
                break;
            }
            let mut at = 0;
            while at < read as usize {
                let entry = start.add(at);
                at += usize::from(entry.add(LENGTH).cast::<u16>().read_unaligned());
                let Some(fd) = number(CStr::from_ptr(entry.add(NAME).cast())) else { continue };
                let is_private = libc::fcntl(fd, libc::F_GETFD) & libc::FD_CLOEXEC != 0;
                if is_private && fd != list && !keep.contains(&fd) {
                    libc::close(fd);
                }
            }
        }
        libc::close(list);
    }
}

/// The number that a name is.
fn number(name: &CStr) -> Option<RawFd> {
    name.to_bytes().iter().try_fold(0, |sum: RawFd, digit| {
        let value = RawFd::from(digit.wrapping_sub(b'0'));
        digit.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(value))
    })
}

fn check(result: i32) -> Result<(), i32> {
    // SAFETY: the calling thread's errno.
    if result < 0 { Err(unsafe { *libc::__errno_location() }) } else { Ok(()) }
}

/// A copy of a descriptor with a number above the standard ones.
///
/// # Errors
/// When there is none to be had.
pub fn above_standard(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: no memory is involved; the descriptor is new and ours.
    unsafe {
        match libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) {
            number if number >= 0 => Ok(OwnedFd::from_raw_fd(number)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// A string for the kernel; `None` if it holds a zero.
pub fn c_string(bytes: impl Into<Vec<u8>>) -> Option<CString> {
    CString::new(bytes).ok()
}

/// Whether the kernel would start this file.
pub fn is_executable(path: &CStr) -> bool {
    // SAFETY: the string ends with a zero.
    unsafe { libc::access(path.as_ptr(), libc::X_OK) == 0 }
}

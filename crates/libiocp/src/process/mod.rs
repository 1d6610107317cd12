//! Processes as objects: signaled when they have ended, with an exit code.
//!
//! A process is known to the kernel by a descriptor, so that its number never
//! means another one. The engine tells when it ends, as it tells of a receive.
//! A child that has ended is not reaped before its last reference goes: until
//! then its number is its own, as on Windows.
#![allow(unsafe_code)]

mod spawn;

use crate::engine::{Complete, Engine, Op, Outcome, Started, Stream, Tag};
use crate::handle::{Close, HandleCount};
use crate::status::Status;
use crate::sync::{Arc, AtomicU64, Mutex, Ordering, Weak};
use crate::wait::Signal;
use spawn::kill_and_reap;
pub use spawn::{Gate, Plan, Spawned, above_standard, c_string, is_executable, spawn};
use std::collections::HashMap;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What the exit code reads while the process runs.
pub const STILL_ACTIVE: u32 = 259;

/// Set in the word of an exit code that is known.
const KNOWN: u64 = 1 << 32;

/// How a process ended, as the kernel tells its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned a code, of which Linux keeps the low eight bits.
    Exited(u8),
    /// A signal ended it.
    Killed(i32),
    /// It has ended, and only its parent can know how.
    Unknown,
}

/// A process.
#[derive(Debug)]
pub struct Process {
    handles: HandleCount,
    /// Set when it has ended, for ever. Nobody sees that of this process.
    signal: Signal,
    id: u32,
    body: Body,
    exit_code: AtomicU64,
    /// The code that `terminate` was given.
    sentence: AtomicU64,
}

#[derive(Debug)]
enum Body {
    /// This process.
    This,
    /// Another process, known by this descriptor.
    Other {
        pidfd: OwnedFd,
        /// The copy of it that the engine watches.
        watched: Arc<Stream>,
        engine: Arc<Engine>,
        /// Whether this process started it, and has to reap it.
        is_child: bool,
    },
}

/// The processes that a system knows.
#[derive(Debug)]
pub struct Processes {
    this: Arc<Process>,
    engine: Arc<Engine>,
    /// Those that were started, by their numbers.
    children: Mutex<HashMap<u32, Weak<Process>>>,
}

impl Processes {
    /// Only this process. `engine` tells when others end.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { this: Arc::default(), engine, children: Mutex::default() }
    }

    /// This process.
    pub fn this(&self) -> &Arc<Process> {
        &self.this
    }

    /// Starts a process.
    ///
    /// # Errors
    /// What kept it from being started.
    pub fn start(&self, plan: &Plan) -> std::io::Result<(Arc<Process>, Option<Gate>)> {
        let Spawned { id, pidfd, gate } = spawn(plan)?;
        // A process that nobody could wait for is not left behind.
        let process =
            Process::watched(&self.engine, id, pidfd, true).inspect_err(|_| kill_and_reap(id))?;
        let mut children = self.children.lock();
        children.retain(|_, child| child.strong_count() > 0);
        children.insert(id, Arc::downgrade(&process));
        drop(children);
        Ok((process, gate))
    }

    /// Opens a process by its number: one that runs, or a child that somebody
    /// still refers to.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` if there is none; `ACCESS_DENIED`;
    /// `INSUFFICIENT_RESOURCES`.
    pub fn open(&self, id: u32) -> Result<Arc<Process>, Status> {
        if id == self.this.id() {
            return Ok(Arc::clone(&self.this));
        }
        let child = self.children.lock().get(&id).and_then(Weak::upgrade);
        let failed = |error: std::io::Error| match error.raw_os_error() {
            Some(libc::ESRCH | libc::EINVAL) => Status::INVALID_PARAMETER,
            Some(libc::EPERM | libc::EACCES) => Status::ACCESS_DENIED,
            _ => Status::INSUFFICIENT_RESOURCES,
        };
        if let Some(child) = child {
            return Ok(child);
        }
        let pidfd = pidfd_open(id).map_err(failed)?;
        // A number that cannot be signaled belongs to somebody else.
        send(&pidfd, 0).map_err(failed)?;
        Process::watched(&self.engine, id, pidfd, false).map_err(failed)
    }
}

impl Default for Process {
    fn default() -> Self {
        Self::new(std::process::id(), Body::This)
    }
}

impl Process {
    fn new(id: u32, body: Body) -> Self {
        Self {
            handles: HandleCount::default(),
            signal: Signal::manual(false),
            id,
            body,
            exit_code: AtomicU64::new(0),
            sentence: AtomicU64::new(0),
        }
    }

    /// The process behind a descriptor; `engine` tells when it ends.
    fn watched(
        engine: &Arc<Engine>,
        id: u32,
        pidfd: OwnedFd,
        is_child: bool,
    ) -> std::io::Result<Arc<Self>> {
        let stream = engine.stream(pidfd.try_clone()?, false);
        let (watched, own_engine) = (Arc::clone(&stream), Arc::clone(engine));
        let body = Body::Other { pidfd, watched, engine: own_engine, is_child };
        let process = Arc::new(Self::new(id, body));
        let watch = Arc::clone(&process);
        match engine.start(&stream, Op::Exit, Tag::default(), false, || watch) {
            Started::Done(outcome) => process.end(&outcome),
            Started::Pending => {}
        }
        Ok(process)
    }

    /// The kernel's number for it.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it is the calling process.
    pub fn is_this(&self) -> bool {
        matches!(self.body, Body::This)
    }

    /// What a wait waits for.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// The code it ended with; `STILL_ACTIVE` before. `None` if it has ended
    /// and only its parent could know.
    pub fn exit_code(&self) -> Option<u32> {
        match self.exit_code.load(Ordering::Acquire) {
            code if code & KNOWN != 0 => Some(code as u32),
            _ if self.signal.is_set() => None,
            _ => Some(STILL_ACTIVE),
        }
    }

    /// Ends the process at once; its exit code will be `code`. Of this
    /// process' code Linux keeps the low eight bits.
    ///
    /// # Errors
    /// `ACCESS_DENIED` if it has ended, or is not ours to end.
    pub fn terminate(&self, code: u32) -> Result<(), Status> {
        let Body::Other { pidfd, .. } = &self.body else {
            // SAFETY: ends the process; nothing of it goes on.
            unsafe { libc::_exit(code.cast_signed()) }
        };
        if self.signal.is_set() {
            return Err(Status::ACCESS_DENIED);
        }
        let sentence = KNOWN | u64::from(code);
        let _ = self.sentence.compare_exchange(0, sentence, Ordering::AcqRel, Ordering::Acquire);
        send(pidfd, libc::SIGKILL).map_err(|_| Status::ACCESS_DENIED)
    }

    /// It has ended: its code is known before anybody is told.
    fn end(&self, outcome: &Outcome) {
        let code = match Ending::of(outcome) {
            Ending::Exited(code) => KNOWN | u64::from(code),
            Ending::Killed(libc::SIGKILL) => match self.sentence.load(Ordering::Acquire) {
                0 => KNOWN | u64::from(code_of_signal(libc::SIGKILL)),
                sentence => sentence,
            },
            Ending::Killed(signal) => KNOWN | u64::from(code_of_signal(signal)),
            // Who sentences a process knows what became of it.
            Ending::Unknown => self.sentence.load(Ordering::Acquire),
        };
        self.exit_code.store(code, Ordering::Release);
        if let Body::Other { watched, engine, .. } = &self.body {
            engine.close(watched);
        }
        self.signal.set();
    }
}

impl Complete for Process {
    fn complete(self: Arc<Self>, outcome: Outcome) {
        self.end(&outcome);
    }
}

impl Close for Process {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Closing a handle does not end the process.
    fn close(self: &Arc<Self>) {}
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Body::Other { pidfd, is_child: true, .. } = &self.body {
            // SAFETY: all zeroes is a valid siginfo_t, and it is a valid place.
            unsafe {
                let mut info: libc::siginfo_t = std::mem::zeroed();
                let number = pidfd.as_raw_fd() as libc::id_t;
                let options = libc::WEXITED | libc::WNOHANG;
                libc::waitid(libc::P_PIDFD, number, &raw mut info, options);
            }
        }
    }
}

impl Ending {
    fn of(outcome: &Outcome) -> Self {
        match (outcome.flags, outcome.result) {
            (libc::CLD_EXITED, code) => Ending::Exited(code as u8),
            (libc::CLD_KILLED | libc::CLD_DUMPED, signal) => Ending::Killed(signal as i32),
            _ => Ending::Unknown,
        }
    }
}

/// The code of a process that a signal ended: that of the exception which is
/// its like on Windows.
pub fn code_of_signal(signal: i32) -> u32 {
    match signal {
        libc::SIGSEGV | libc::SIGBUS => 0xC000_0005,
        libc::SIGILL => 0xC000_001D,
        libc::SIGFPE => 0xC000_0094,
        libc::SIGTRAP => 0x8000_0003,
        libc::SIGINT => 0xC000_013A,
        libc::SIGABRT => 3,
        other => 128 + other.unsigned_abs(),
    }
}

fn pidfd_open(id: u32) -> std::io::Result<OwnedFd> {
    // SAFETY: no memory is involved; the descriptor is new and ours.
    unsafe {
        match libc::syscall(libc::SYS_pidfd_open, id, libc::PIDFD_NONBLOCK) {
            fd if fd >= 0 => Ok(OwnedFd::from_raw_fd(fd as i32)),
            _ => Err(std::io::Error::last_os_error()),
        }
    }
}

fn send(pidfd: &OwnedFd, signal: i32) -> std::io::Result<()> {
    let null = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: without a siginfo no memory is involved.
    let result =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, null, 0) };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

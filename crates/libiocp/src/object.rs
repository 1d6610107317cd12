//! Every kind of object that a handle may name.

use crate::event::{Event, Mutex, Semaphore};
use crate::file::File;
use crate::handle::Handle;
use crate::job::Job;
use crate::port::Port;
use crate::process::Process;
use crate::status::Status;
use crate::sync::{Arc, Deadline, Idle};
use crate::thread::Thread;
use crate::timer::Timer;
use crate::wait::{All, Signal, wait_all, wait_any};

/// Access rights, as Windows numbers them.
pub mod access {
    /// To wait for the object.
    pub const SYNCHRONIZE: u32 = 0x0010_0000;
    /// To read its security descriptor.
    pub const READ_CONTROL: u32 = 0x0002_0000;
    /// All standard rights but `SYNCHRONIZE`.
    pub const STANDARD_RIGHTS: u32 = 0x000F_0000;
    /// To make processes members of a job.
    pub const JOB_ASSIGN_PROCESS: u32 = 1;
    /// To change what a job's limits and its port are.
    pub const JOB_SET_ATTRIBUTES: u32 = 2;
    /// To ask a job for its state.
    pub const JOB_QUERY: u32 = 4;
    /// To end the processes of a job.
    pub const JOB_TERMINATE: u32 = 8;
    /// To end a process.
    pub const PROCESS_TERMINATE: u32 = 1;
    /// To give a process limits, as a job does.
    pub const PROCESS_SET_QUOTA: u32 = 0x100;
    /// To ask for a process' exit code, and more.
    pub const PROCESS_QUERY_INFORMATION: u32 = 0x400;
    /// To ask for a process' exit code.
    pub const PROCESS_QUERY_LIMITED_INFORMATION: u32 = 0x1000;
    /// To set, reset, post or dequeue.
    pub const MODIFY_STATE: u32 = 2;
    /// To read data of a file.
    pub const FILE_READ_DATA: u32 = 1;
    /// To write data to a file.
    pub const FILE_WRITE_DATA: u32 = 2;
    /// To write data to the end of a file.
    pub const FILE_APPEND_DATA: u32 = 4;
    /// To read a file's attributes.
    pub const FILE_READ_ATTRIBUTES: u32 = 0x80;
    /// To ask for a thread's exit code.
    pub const THREAD_QUERY_LIMITED_INFORMATION: u32 = 0x800;
    /// To ask for a thread's exit code, and more.
    pub const THREAD_QUERY_INFORMATION: u32 = 0x40;
    /// To suspend and resume a thread.
    pub const THREAD_SUSPEND_RESUME: u32 = 2;
    /// To duplicate handles from and to a process.
    pub const PROCESS_DUP_HANDLE: u32 = 0x40;
    /// To change a thread's priority and the like.
    pub const THREAD_SET_INFORMATION: u32 = 0x20;
    /// Whatever may be had.
    pub const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
    /// To read the audit list; nobody has it here.
    pub const ACCESS_SYSTEM_SECURITY: u32 = 0x0100_0000;
    /// Read, in the object's own terms.
    pub const GENERIC_READ: u32 = 0x8000_0000;
    /// Write, in the object's own terms.
    pub const GENERIC_WRITE: u32 = 0x4000_0000;
    /// Execute, in the object's own terms.
    pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
    /// Everything.
    pub const GENERIC_ALL: u32 = 0x1000_0000;
}

/// An object kept open by a handle.
#[derive(Clone, Debug)]
pub enum Object {
    /// A completion port.
    Port(Handle<Port>),
    /// A file, socket or the like.
    File(Handle<File>),
    /// An event.
    Event(Handle<Event>),
    /// A semaphore.
    Semaphore(Handle<Semaphore>),
    /// A waitable timer.
    Timer(Handle<Timer>),
    /// A mutex.
    Mutex(Handle<Mutex>),
    /// A thread.
    Thread(Handle<Thread>),
    /// A process.
    Process(Handle<Process>),
    /// A job.
    Job(Handle<Job>),
}

/// An object referred to.
#[derive(Clone, Debug)]
pub enum ObjectRef {
    /// A completion port.
    Port(Arc<Port>),
    /// A file, socket or the like.
    File(Arc<File>),
    /// An event.
    Event(Arc<Event>),
    /// A semaphore.
    Semaphore(Arc<Semaphore>),
    /// A waitable timer.
    Timer(Arc<Timer>),
    /// A mutex.
    Mutex(Arc<Mutex>),
    /// A thread.
    Thread(Arc<Thread>),
    /// A process.
    Process(Arc<Process>),
    /// A job.
    Job(Arc<Job>),
}

/// The rights of a kind: what generic ones stand for, and all.
#[derive(Clone, Copy, Debug)]
struct Rights {
    read: u32,
    write: u32,
    execute: u32,
    all: u32,
}

impl Object {
    /// A reference to the object.
    pub fn reference(&self) -> ObjectRef {
        match self {
            Object::Port(handle) => ObjectRef::Port(handle.reference()),
            Object::File(handle) => ObjectRef::File(handle.reference()),
            Object::Event(handle) => ObjectRef::Event(handle.reference()),
            Object::Semaphore(handle) => ObjectRef::Semaphore(handle.reference()),
            Object::Timer(handle) => ObjectRef::Timer(handle.reference()),
            Object::Mutex(handle) => ObjectRef::Mutex(handle.reference()),
            Object::Thread(handle) => ObjectRef::Thread(handle.reference()),
            Object::Process(handle) => ObjectRef::Process(handle.reference()),
            Object::Job(handle) => ObjectRef::Job(handle.reference()),
        }
    }

    fn rights(&self) -> Rights {
        use access::{READ_CONTROL, SYNCHRONIZE};
        let execute = READ_CONTROL | SYNCHRONIZE;
        let simple = |read, write, all| Rights {
            read: READ_CONTROL | read,
            write: READ_CONTROL | write,
            execute,
            all,
        };
        match self {
            Object::Port(_) | Object::Event(_) | Object::Semaphore(_) | Object::Timer(_) => {
                simple(1, 2, 0x001F_0003)
            }
            Object::Mutex(_) => simple(1, 0, 0x001F_0001),
            Object::File(_) => Rights {
                read: 0x0012_0089,
                write: 0x0012_0116,
                execute: 0x0012_00A0,
                all: 0x001F_01FF,
            },
            Object::Process(_) => Rights {
                read: READ_CONTROL | 0x410,
                write: READ_CONTROL | 0xBEA,
                execute: execute | 0x1001,
                all: 0x001F_FFFF,
            },
            Object::Job(_) => Rights {
                read: READ_CONTROL | 4,
                write: READ_CONTROL | 0xB,
                execute: READ_CONTROL | SYNCHRONIZE,
                all: 0x001F_003F,
            },
            Object::Thread(_) => Rights {
                read: READ_CONTROL | 0x48,
                write: READ_CONTROL | 0x37,
                execute: execute | 0x800,
                all: 0x001F_FFFF,
            },
        }
    }

    /// All rights of this kind of object.
    pub fn all_access(&self) -> u32 {
        self.rights().all
    }

    /// The rights that `desired` stands for on this kind of object.
    pub fn map_access(&self, desired: u32) -> u32 {
        let Rights { read, write, execute, all } = self.rights();
        let generic = [
            (access::GENERIC_READ, read),
            (access::GENERIC_WRITE, write),
            (access::GENERIC_EXECUTE, execute),
            (access::GENERIC_ALL, all),
            (access::MAXIMUM_ALLOWED, all),
        ];
        let mapped = generic.iter().filter(|(bit, _)| desired & bit != 0);
        mapped.fold(desired & all, |rights, (_, specific)| rights | specific)
    }
}

impl ObjectRef {
    /// One more handle.
    pub fn handle(&self) -> Object {
        match self {
            ObjectRef::Port(object) => Object::Port(Handle::of(Arc::clone(object))),
            ObjectRef::File(object) => Object::File(Handle::of(Arc::clone(object))),
            ObjectRef::Event(object) => Object::Event(Handle::of(Arc::clone(object))),
            ObjectRef::Semaphore(object) => Object::Semaphore(Handle::of(Arc::clone(object))),
            ObjectRef::Timer(object) => Object::Timer(Handle::of(Arc::clone(object))),
            ObjectRef::Mutex(object) => Object::Mutex(Handle::of(Arc::clone(object))),
            ObjectRef::Thread(object) => Object::Thread(Handle::of(Arc::clone(object))),
            ObjectRef::Process(object) => Object::Process(Handle::of(Arc::clone(object))),
            ObjectRef::Job(object) => Object::Job(Handle::of(Arc::clone(object))),
        }
    }

    /// What a wait for the object waits for.
    pub fn signal(&self) -> &Signal {
        match self {
            ObjectRef::Port(port) => port.signal(),
            ObjectRef::File(file) => file.signal(),
            ObjectRef::Event(event) => event.signal(),
            ObjectRef::Semaphore(semaphore) => semaphore.signal(),
            ObjectRef::Timer(timer) => timer.signal(),
            ObjectRef::Mutex(mutex) => mutex.signal(),
            ObjectRef::Thread(thread) => thread.signal(),
            ObjectRef::Process(process) => process.signal(),
            ObjectRef::Job(job) => job.signal(),
        }
    }

    /// Whether both are the same object.
    pub fn is_same(&self, other: &ObjectRef) -> bool {
        std::ptr::eq(self.signal(), other.signal())
    }
}

/// How a wait for objects has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It was satisfied by the object at this index; by all of them, if it was
    /// for all.
    Satisfied(usize),
    /// The same, and the object is a mutex that its owner has abandoned.
    Abandoned(usize),
    /// Calls are queued for the calling thread, and nothing has been taken.
    Alerted,
    /// The time is up.
    TimedOut,
}

/// For which objects to wait, and how.
#[derive(Clone, Copy, Debug)]
pub struct WaitFor<'a> {
    /// The objects; none twice, if the wait is for all.
    pub objects: &'a [ObjectRef],
    /// Whether all of them are waited for, or any.
    pub all: bool,
    /// Whether a call that is queued for the calling thread ends the wait, and
    /// comes before whatever satisfies it.
    pub is_alertable: bool,
    /// When the time is up; `None` for never.
    pub deadline: Option<Deadline>,
}

impl WaitFor<'_> {
    /// Waits. The calls that are queued are the caller's to make.
    ///
    /// # Errors
    /// `MUTANT_LIMIT_EXCEEDED` for a mutex that the calling thread owns too
    /// often already.
    pub fn wait(&self, idle: &dyn Idle) -> Result<Waited, Status> {
        let thread = self.is_alertable.then(Thread::current);
        let alert = thread.as_deref().map(Thread::alert);
        let own = self.objects.iter().map(ObjectRef::signal);
        if own.clone().any(Signal::is_at_limit) {
            return Err(Status::MUTANT_LIMIT_EXCEEDED);
        }
        if self.all {
            let signals: Vec<_> = own.collect();
            return Ok(match wait_all(&signals, alert, self.deadline, idle) {
                All::Alerted => Waited::Alerted,
                All::TimedOut => Waited::TimedOut,
                All::Taken if signals.iter().any(|it| it.came_abandoned()) => Waited::Abandoned(0),
                All::Taken => Waited::Satisfied(0),
            });
        }
        let signals: Vec<_> = alert.into_iter().chain(own).collect();
        let Some(index) = wait_any(&signals, self.deadline, idle) else {
            return Ok(Waited::TimedOut);
        };
        let came_abandoned = signals[index].came_abandoned();
        Ok(match index.checked_sub(usize::from(self.is_alertable)) {
            None => Waited::Alerted,
            Some(index) if came_abandoned => Waited::Abandoned(index),
            Some(index) => Waited::Satisfied(index),
        })
    }
}

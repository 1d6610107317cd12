//! Every kind of object that a handle may name.

mod names;
mod reserve;
mod wait_packet;

pub use names::{Name, Names};
pub use reserve::{Purpose, Reserve};
pub use wait_packet::WaitPacket;

use crate::event::{Event, Mutex, Semaphore};
use crate::file::File;
use crate::handle::{Close, Handle};
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
    /// To queue a call for a thread.
    pub const THREAD_SET_CONTEXT: u32 = 0x10;
    /// To end a thread, or what it does.
    pub const THREAD_TERMINATE: u32 = 1;
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

/// The kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A completion port.
    Port,
    /// A file, socket or the like.
    File,
    /// An event.
    Event,
    /// A semaphore.
    Semaphore,
    /// A waitable timer.
    Timer,
    /// A mutex.
    Mutex,
    /// A thread.
    Thread,
    /// A process.
    Process,
    /// A job.
    Job,
    /// A wait completion packet.
    WaitPacket,
    /// A reserve object.
    Reserve(Purpose),
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
    /// A wait completion packet.
    WaitPacket(Handle<WaitPacket>),
    /// A reserve object.
    Reserve(Handle<Reserve>),
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
    /// A wait completion packet.
    WaitPacket(Arc<WaitPacket>),
    /// A reserve object.
    Reserve(Arc<Reserve>),
}

/// The rights of a kind: what generic ones stand for, and all.
#[derive(Clone, Copy, Debug)]
struct Rights {
    read: u32,
    write: u32,
    execute: u32,
    all: u32,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Port => "IoCompletion",
            Kind::File => "File",
            Kind::Event => "Event",
            Kind::Semaphore => "Semaphore",
            Kind::Timer => "Timer",
            Kind::Mutex => "Mutant",
            Kind::Thread => "Thread",
            Kind::Process => "Process",
            Kind::Job => "Job",
            Kind::WaitPacket => "WaitCompletionPacket",
            Kind::Reserve(Purpose::UserApc) => "UserApcReserve",
            Kind::Reserve(Purpose::IoCompletion) => "IoCompletionReserve",
        }
    }

    fn rights(self) -> Rights {
        use access::{READ_CONTROL, SYNCHRONIZE};
        let execute = READ_CONTROL | SYNCHRONIZE;
        let simple = |read, write, all| Rights {
            read: READ_CONTROL | read,
            write: READ_CONTROL | write,
            execute,
            all,
        };
        match self {
            Kind::Port | Kind::Event | Kind::Semaphore | Kind::Timer => simple(1, 2, 0x001F_0003),
            Kind::Mutex => simple(1, 0, 0x001F_0001),
            Kind::File => Rights {
                read: 0x0012_0089,
                write: 0x0012_0116,
                execute: 0x0012_00A0,
                all: 0x001F_01FF,
            },
            Kind::Process => Rights {
                read: READ_CONTROL | 0x410,
                write: READ_CONTROL | 0xBEA,
                execute: execute | 0x1001,
                all: 0x001F_FFFF,
            },
            Kind::Job => Rights {
                read: READ_CONTROL | 4,
                write: READ_CONTROL | 0xB,
                execute,
                all: 0x001F_003F,
            },
            // Neither can be waited for.
            Kind::WaitPacket => {
                Rights { execute: READ_CONTROL, all: 0x000F_0001, ..simple(0, 1, 0) }
            }
            Kind::Reserve(_) => {
                Rights { execute: READ_CONTROL, all: 0x000F_0003, ..simple(1, 2, 0) }
            }
            Kind::Thread => Rights {
                read: READ_CONTROL | 0x48,
                write: READ_CONTROL | 0x37,
                execute: execute | 0x800,
                all: 0x001F_FFFF,
            },
        }
    }

    /// All rights of this kind of object.
    pub fn all_access(self) -> u32 {
        self.rights().all
    }

    /// The rights that `desired` stands for on this kind of object.
    pub fn map_access(self, desired: u32) -> u32 {
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

    /// The rights of a handle to an object that was there before.
    ///
    /// # Errors
    /// `ACCESS_DENIED` for none, or for rights that this kind does not have;
    /// `PRIVILEGE_NOT_HELD` for the audit list.
    pub fn check_access(self, desired: u32) -> Result<u32, Status> {
        use access::{GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, GENERIC_WRITE, MAXIMUM_ALLOWED};
        if desired & access::ACCESS_SYSTEM_SECURITY != 0 {
            return Err(Status::PRIVILEGE_NOT_HELD);
        }
        let generic = GENERIC_ALL | GENERIC_EXECUTE | GENERIC_READ | GENERIC_WRITE;
        let known = self.all_access() | generic | MAXIMUM_ALLOWED;
        match self.map_access(desired) {
            0 => Err(Status::ACCESS_DENIED),
            _ if desired & !known != 0 => Err(Status::ACCESS_DENIED),
            granted => Ok(granted),
        }
    }
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
            Object::WaitPacket(handle) => ObjectRef::WaitPacket(handle.reference()),
            Object::Reserve(handle) => ObjectRef::Reserve(handle.reference()),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.reference().kind()
    }

    /// All rights of this kind of object.
    pub fn all_access(&self) -> u32 {
        self.kind().all_access()
    }

    /// The rights that `desired` stands for on this kind of object.
    pub fn map_access(&self, desired: u32) -> u32 {
        self.kind().map_access(desired)
    }
}

/// The same of every kind.
macro_rules! each {
    ($reference:expr, $object:ident => $result:expr) => {
        match $reference {
            ObjectRef::Port($object) => $result,
            ObjectRef::File($object) => $result,
            ObjectRef::Event($object) => $result,
            ObjectRef::Semaphore($object) => $result,
            ObjectRef::Timer($object) => $result,
            ObjectRef::Mutex($object) => $result,
            ObjectRef::Thread($object) => $result,
            ObjectRef::Process($object) => $result,
            ObjectRef::Job($object) => $result,
            ObjectRef::WaitPacket($object) => $result,
            ObjectRef::Reserve($object) => $result,
        }
    };
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
            ObjectRef::WaitPacket(object) => Object::WaitPacket(Handle::of(Arc::clone(object))),
            ObjectRef::Reserve(object) => Object::Reserve(Handle::of(Arc::clone(object))),
        }
    }

    /// One more handle, unless the object has closed.
    pub fn open(&self) -> Option<Object> {
        match self {
            ObjectRef::Port(object) => Handle::of_open(object).map(Object::Port),
            ObjectRef::File(object) => Handle::of_open(object).map(Object::File),
            ObjectRef::Event(object) => Handle::of_open(object).map(Object::Event),
            ObjectRef::Semaphore(object) => Handle::of_open(object).map(Object::Semaphore),
            ObjectRef::Timer(object) => Handle::of_open(object).map(Object::Timer),
            ObjectRef::Mutex(object) => Handle::of_open(object).map(Object::Mutex),
            ObjectRef::Thread(object) => Handle::of_open(object).map(Object::Thread),
            ObjectRef::Process(object) => Handle::of_open(object).map(Object::Process),
            ObjectRef::WaitPacket(object) => Handle::of_open(object).map(Object::WaitPacket),
            ObjectRef::Job(object) => Handle::of_open(object).map(Object::Job),
            ObjectRef::Reserve(object) => Handle::of_open(object).map(Object::Reserve),
        }
    }

    /// What a wait for the object waits for.
    pub fn signal(&self) -> &Signal {
        each!(self, object => object.signal())
    }

    /// Whether a wait for it may be one without a thread.
    fn may_be_subscribed_to(&self) -> bool {
        match self {
            ObjectRef::Port(_)
            | ObjectRef::File(_)
            | ObjectRef::Event(_)
            | ObjectRef::Semaphore(_)
            | ObjectRef::Timer(_)
            | ObjectRef::Thread(_)
            | ObjectRef::Process(_)
            | ObjectRef::Job(_) => true,
            // A mutex is owned by the thread that has waited for it.
            ObjectRef::Mutex(_) | ObjectRef::WaitPacket(_) | ObjectRef::Reserve(_) => false,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            ObjectRef::Port(_) => Kind::Port,
            ObjectRef::File(_) => Kind::File,
            ObjectRef::Event(_) => Kind::Event,
            ObjectRef::Semaphore(_) => Kind::Semaphore,
            ObjectRef::Timer(_) => Kind::Timer,
            ObjectRef::Mutex(_) => Kind::Mutex,
            ObjectRef::Thread(_) => Kind::Thread,
            ObjectRef::Process(_) => Kind::Process,
            ObjectRef::Job(_) => Kind::Job,
            ObjectRef::WaitPacket(_) => Kind::WaitPacket,
            ObjectRef::Reserve(reserve) => Kind::Reserve(reserve.purpose()),
        }
    }

    /// How many handles it has.
    pub fn handle_count(&self) -> usize {
        each!(self, object => object.handle_count().get())
    }

    /// How many references it has, this one not counted.
    pub fn reference_count(&self) -> usize {
        each!(self, object => Arc::strong_count(object)) - 1
    }

    /// A number that no other object has at the same time.
    pub(crate) fn identity(&self) -> usize {
        std::ptr::from_ref(self.signal()) as usize
    }

    /// Whether both are the same object.
    pub fn is_same(&self, other: &ObjectRef) -> bool {
        self.identity() == other.identity()
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
        let index = match (self.objects, alert) {
            // Most waits: no list is made.
            ([object], None) => wait_any(&[object.signal()], self.deadline, idle),
            (_, alert) => {
                let signals: Vec<_> = alert.into_iter().chain(own).collect();
                wait_any(&signals, self.deadline, idle)
            }
        };
        let Some(index) = index else { return Ok(Waited::TimedOut) };
        Ok(match index.checked_sub(usize::from(alert.is_some())) {
            None => Waited::Alerted,
            Some(index) if self.objects[index].signal().came_abandoned() => {
                Waited::Abandoned(index)
            }
            Some(index) => Waited::Satisfied(index),
        })
    }
}

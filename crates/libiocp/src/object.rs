//! Every kind of object that a handle may name.

use crate::event::{Event, Semaphore};
use crate::file::File;
use crate::handle::Handle;
use crate::port::Port;
use crate::process::Process;
use crate::sync::Arc;
use crate::thread::Thread;
use crate::timer::Timer;
use crate::wait::Signal;

/// Access rights, as Windows numbers them.
pub mod access {
    /// To wait for the object.
    pub const SYNCHRONIZE: u32 = 0x0010_0000;
    /// To read its security descriptor.
    pub const READ_CONTROL: u32 = 0x0002_0000;
    /// All standard rights but `SYNCHRONIZE`.
    pub const STANDARD_RIGHTS: u32 = 0x000F_0000;
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
    /// A thread.
    Thread(Handle<Thread>),
    /// This process.
    Process(Handle<Process>),
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
    /// A thread.
    Thread(Arc<Thread>),
    /// This process.
    Process(Arc<Process>),
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
            Object::Thread(handle) => ObjectRef::Thread(handle.reference()),
            Object::Process(handle) => ObjectRef::Process(handle.reference()),
        }
    }

    fn rights(&self) -> Rights {
        use access::{READ_CONTROL, SYNCHRONIZE};
        let execute = READ_CONTROL | SYNCHRONIZE;
        let simple = |read, write| Rights {
            read: READ_CONTROL | read,
            write: READ_CONTROL | write,
            execute,
            all: 0x001F_0003,
        };
        match self {
            Object::Port(_) | Object::Event(_) | Object::Semaphore(_) | Object::Timer(_) => {
                simple(1, 2)
            }
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
            ObjectRef::Thread(object) => Object::Thread(Handle::of(Arc::clone(object))),
            ObjectRef::Process(object) => Object::Process(Handle::of(Arc::clone(object))),
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
            ObjectRef::Thread(thread) => thread.signal(),
            ObjectRef::Process(process) => process.signal(),
        }
    }

    /// Whether both are the same object.
    pub fn is_same(&self, other: &ObjectRef) -> bool {
        std::ptr::eq(self.signal(), other.signal())
    }
}

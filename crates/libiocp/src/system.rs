//! One instance of everything: the handle table and the engine.

mod counted;
mod kinds;
mod named;
mod ports;
mod query;

use crate::engine::{Engine, Era, Preference};
use crate::event::{Event, Mutex as Mutant};
use crate::file::File;
use crate::handle::Table;
use crate::job::{Job, Jobs};
use crate::object::{Names, Object, ObjectRef, access};
use crate::pool::Pool;
use crate::port::Port;
use crate::process::{Process, Processes};
use crate::status::Status;
use crate::sync::{Arc, Mutex, OnceLock};
use crate::thread::Thread;
use crate::timer::Clocks;
use std::time::Duration;

/// For how many microseconds the engine of the process polls.
const BUSY_POLL: &str = "LIBIOCP_BUSY_POLL";

/// The handle is copied to processes that are started.
pub const INHERIT: u8 = 1;
/// The handle cannot be closed.
pub const PROTECT_FROM_CLOSE: u8 = 2;

/// The pseudo-handle of the process.
pub const CURRENT_PROCESS: usize = usize::MAX;
/// From here on values can be closed, which does nothing.
const LAST_MAGIC: usize = usize::MAX - 5;
/// The pseudo-handle of the calling thread.
pub const CURRENT_THREAD: usize = usize::MAX - 1;

/// What a handle value stands for: rights and flags are the handle's, all else
/// is the object's.
#[derive(Debug)]
pub struct Entry {
    object: Object,
    access: u32,
    flags: u8,
}

/// How to duplicate a handle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Duplication {
    /// The rights of the new handle; `None` for those of the source.
    pub access: Option<u32>,
    /// Whether the new handle is inheritable.
    pub is_inheritable: bool,
    /// Whether the new handle has the flags of the source instead.
    pub same_attributes: bool,
    /// Whether the source is closed, whatever happens.
    pub closes_source: bool,
}

/// Everything, once. The C library has one for the process; tests have many.
#[derive(Debug)]
pub struct System {
    table: Table<Entry>,
    names: Names,
    engine: Arc<Engine>,
    clocks: Arc<Clocks>,
    pool: OnceLock<Arc<Pool>>,
    /// Lasts as long as no handle of a port is closed or exchanged.
    era: Era,
    processes: Arc<Processes>,
    jobs: Arc<Jobs>,
    /// The values of the standard input, output and error handles.
    standard: Mutex<[usize; 3]>,
}

impl System {
    /// A system over the kernel. The environment variable `LIBIOCP_ENGINE`
    /// chooses: `uring`, `epoll`, or what works best; `LIBIOCP_BUSY_POLL` is for
    /// how many microseconds it polls; `LIBIOCP_LOG=1` prints the choice and its
    /// reason to standard error.
    ///
    /// # Errors
    /// When the process is out of descriptors or memory.
    pub fn from_environment() -> std::io::Result<Self> {
        let preference = match std::env::var("LIBIOCP_ENGINE").as_deref() {
            Ok("uring") => Preference::Uring,
            Ok("epoll") => Preference::Epoll,
            Ok("") | Err(_) => Preference::Automatic,
            Ok(other) => {
                eprintln!("libiocp: LIBIOCP_ENGINE={other} is neither uring nor epoll: ignored");
                Preference::Automatic
            }
        };
        let system = Self::new(Arc::new(Engine::new(preference)?));
        match std::env::var(BUSY_POLL).as_deref().map(str::parse::<u32>) {
            Ok(Ok(microseconds)) => {
                system.engine.set_busy_poll(Duration::from_micros(microseconds.into()));
            }
            Ok(Err(_)) if std::env::var_os(BUSY_POLL).is_some_and(|value| !value.is_empty()) => {
                eprintln!("libiocp: {BUSY_POLL} is not a number of microseconds: ignored");
            }
            _ => {}
        }
        if std::env::var_os("LIBIOCP_LOG").is_some_and(|value| value == "1") {
            eprintln!("libiocp: engine: {}", system.engine.report());
        }
        Ok(system)
    }

    /// A system over an engine.
    pub fn new(engine: Arc<Engine>) -> Self {
        let processes = Arc::new(Processes::new(Arc::clone(&engine)));
        Self {
            table: Table::default(),
            clocks: Clocks::new(&engine),
            names: Names::default(),
            engine,
            pool: OnceLock::new(),
            era: Era::default(),
            jobs: Jobs::new(Arc::clone(&processes)),
            processes,
            standard: Mutex::new([0; 3]),
        }
    }

    /// What carries out operations.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// What timers go by.
    pub fn clocks(&self) -> &Arc<Clocks> {
        &self.clocks
    }

    /// The thread pool of what names no other.
    pub fn pool(&self) -> &Arc<Pool> {
        self.pool.get_or_init(|| Pool::new(&self.engine, &self.clocks))
    }

    /// The handle table.
    pub fn table(&self) -> &Table<Entry> {
        &self.table
    }

    /// `NOT_SUPPORTED` in the child of a fork, whose parent all this is.
    ///
    /// # Errors
    /// As it says.
    pub fn check_not_forked(&self) -> Result<(), Status> {
        if self.era.number() == 0 { Err(Status::NOT_SUPPORTED) } else { Ok(()) }
    }

    /// Gives an object a value, with all rights.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES` when the table is full.
    pub fn insert(&self, object: Object, is_inheritable: bool) -> Result<usize, Status> {
        let access = object.all_access();
        self.insert_with(object, access, if is_inheritable { INHERIT } else { 0 })
    }

    /// Gives an object a value, with these rights and flags.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES` when the table is full.
    pub fn insert_with(&self, object: Object, access: u32, flags: u8) -> Result<usize, Status> {
        self.check_not_forked()?;
        let entry = Entry { object, access, flags };
        self.table.insert(entry).map_err(|_| Status::INSUFFICIENT_RESOURCES)
    }

    /// The object of a handle, and the handle's rights.
    ///
    /// # Errors
    /// `INVALID_HANDLE`.
    pub fn look_up(&self, value: usize) -> Result<(ObjectRef, u32), Status> {
        match value {
            CURRENT_PROCESS => {
                Ok((ObjectRef::Process(Arc::clone(self.processes.this())), u32::MAX))
            }
            CURRENT_THREAD => Ok((ObjectRef::Thread(Thread::current()), u32::MAX)),
            value => self
                .table
                .get(value, |entry| (entry.object.reference(), entry.access))
                .ok_or(Status::INVALID_HANDLE),
        }
    }

    /// Looks up an object of one kind: first the value, then the kind, then
    /// the rights are checked.
    fn typed<T>(
        &self,
        value: usize,
        needed: u32,
        select: impl FnOnce(&Object) -> Option<T>,
    ) -> Result<T, Status> {
        self.check_not_forked()?;
        let found = self.table.get(value, |entry| (select(&entry.object), entry.access));
        match found {
            None if is_pseudo(value) => Err(Status::OBJECT_TYPE_MISMATCH),
            None => Err(Status::INVALID_HANDLE),
            Some((None, _)) => Err(Status::OBJECT_TYPE_MISMATCH),
            Some((Some(_), granted)) if granted & needed != needed => Err(Status::ACCESS_DENIED),
            Some((Some(object), _)) => Ok(object),
        }
    }

    /// A port, with the right to post and dequeue.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`, in this order.
    pub fn port(&self, value: usize) -> Result<Arc<Port>, Status> {
        self.port_with(value, access::MODIFY_STATE)
    }

    /// A port, with these rights.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn port_with(&self, value: usize, needed: u32) -> Result<Arc<Port>, Status> {
        self.typed(value, needed, |object| match object {
            Object::Port(port) => Some(port.reference()),
            _ => None,
        })
    }

    /// A file, with these rights.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn file(&self, value: usize, needed: u32) -> Result<Arc<File>, Status> {
        self.typed(value, needed, |object| match object {
            Object::File(file) => Some(file.reference()),
            _ => None,
        })
    }

    /// A file, with at least one of these rights.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn file_with_any(&self, value: usize, any_of: u32) -> Result<Arc<File>, Status> {
        let file = self.file(value, 0)?;
        match self.table.get(value, |entry| entry.access & any_of) {
            Some(0) => Err(Status::ACCESS_DENIED),
            _ => Ok(file),
        }
    }

    /// An event, with these rights.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn event(&self, value: usize, needed: u32) -> Result<Arc<Event>, Status> {
        self.typed(value, needed, |object| match object {
            Object::Event(event) => Some(event.reference()),
            _ => None,
        })
    }

    /// A mutex. To give it back takes no right: only its owner can.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn mutex(&self, value: usize) -> Result<Arc<Mutant>, Status> {
        self.typed(value, 0, |object| match object {
            Object::Mutex(mutex) => Some(mutex.reference()),
            _ => None,
        })
    }

    /// A thread, with these rights; the pseudo-handle has all.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn thread(&self, value: usize, needed: u32) -> Result<Arc<Thread>, Status> {
        if value == CURRENT_THREAD {
            return Ok(Thread::current());
        }
        self.typed(value, needed, |object| match object {
            Object::Thread(thread) => Some(thread.reference()),
            _ => None,
        })
    }

    /// A process, with these rights; the pseudo-handle has all.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn process(&self, value: usize, needed: u32) -> Result<Arc<Process>, Status> {
        if value == CURRENT_PROCESS {
            return Ok(Arc::clone(self.processes.this()));
        }
        self.typed(value, needed, |object| match object {
            Object::Process(process) => Some(process.reference()),
            _ => None,
        })
    }

    /// A job, with these rights.
    ///
    /// # Errors
    /// As [`System::port`].
    pub fn job(&self, value: usize, needed: u32) -> Result<Arc<Job>, Status> {
        self.typed(value, needed, |object| match object {
            Object::Job(job) => Some(job.reference()),
            _ => None,
        })
    }

    /// The processes that are known.
    pub fn processes(&self) -> &Processes {
        &self.processes
    }

    /// The jobs.
    pub fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }

    /// Closes a handle.
    ///
    /// # Errors
    /// `INVALID_HANDLE`; `HANDLE_NOT_CLOSABLE` if it is protected.
    pub fn close(&self, value: usize) -> Result<(), Status> {
        self.check_not_forked()?;
        if value >= LAST_MAGIC {
            return Ok(());
        }
        let is_closable = |entry: &Entry| entry.flags & PROTECT_FROM_CLOSE == 0;
        match self.table.remove_if(value, is_closable) {
            None => Err(Status::INVALID_HANDLE),
            Some(None) => Err(Status::HANDLE_NOT_CLOSABLE),
            // Dropped with no lock held: the object may close here.
            Some(Some(entry)) => {
                self.forget(&entry);
                Ok(())
            }
        }
    }

    /// Makes one more handle of the object of a handle.
    ///
    /// # Errors
    /// `INVALID_HANDLE`; `ACCESS_DENIED` for rights that cannot be had;
    /// `INSUFFICIENT_RESOURCES`.
    pub fn duplicate(&self, source: usize, how: Duplication) -> Result<usize, Status> {
        self.check_not_forked()?;
        // The new handle is made while the old one is certain to exist: an
        // object that has closed stays closed.
        let copy = |entry: &Entry| (entry.object.clone(), entry.access, entry.flags);
        let (object, granted, own_flags) = match self.table.get(source, copy) {
            Some(found) => found,
            None => {
                let (object, granted) = self.look_up(source)?;
                (object.handle(), granted, 0)
            }
        };
        let inherited = if how.is_inheritable { INHERIT } else { 0 };
        let flags = if how.same_attributes { own_flags } else { inherited };
        let duplicate = Self::restrict(object, granted, how.access);
        if !how.closes_source || is_pseudo(source) {
            let (object, access) = duplicate?;
            return self.insert_with(object, access, flags);
        }
        match duplicate {
            // The value stays, as if it had been closed and handed out again.
            Ok((object, access)) => self.exchange(source, Entry { object, access, flags }),
            Err(status) => {
                let _ = self.close(source);
                Err(status)
            }
        }
    }

    fn exchange(&self, source: usize, mut entry: Entry) -> Result<usize, Status> {
        let exchanged = self.table.update(source, |old| {
            let is_protected = old.flags & PROTECT_FROM_CLOSE != 0;
            if !is_protected {
                std::mem::swap(old, &mut entry);
            }
            !is_protected
        });
        match exchanged {
            // What `entry` holds now is the old handle; it goes here.
            Some(true) => {
                self.forget(&entry);
                Ok(source & !3)
            }
            Some(false) => self.table.insert(entry).map_err(|_| Status::INSUFFICIENT_RESOURCES),
            None => Err(Status::INVALID_HANDLE),
        }
    }

    /// A new handle with the rights that are desired of it.
    fn restrict(
        duplicate: Object,
        granted: u32,
        desired: Option<u32>,
    ) -> Result<(Object, u32), Status> {
        let Some(desired) = desired else {
            let access = granted & duplicate.all_access();
            return Ok((duplicate, access));
        };
        let access = duplicate.map_access(desired);
        let exceeds = matches!(duplicate, Object::File(_)) && access & !granted != 0;
        if exceeds || desired & access::ACCESS_SYSTEM_SECURITY != 0 {
            return Err(Status::ACCESS_DENIED);
        }
        Ok((duplicate, access))
    }

    /// What a wait for a handle waits for.
    ///
    /// # Errors
    /// `INVALID_HANDLE`; `ACCESS_DENIED` without the right to wait.
    pub fn waitable(&self, value: usize) -> Result<ObjectRef, Status> {
        self.check_not_forked()?;
        match self.look_up(value)? {
            (_, granted) if granted & access::SYNCHRONIZE == 0 => Err(Status::ACCESS_DENIED),
            (object, _) => Ok(object),
        }
    }

    /// The value of a standard handle: input, output, error.
    pub fn standard(&self, index: usize) -> usize {
        self.standard.lock()[index]
    }

    /// Replaces the value of a standard handle.
    pub fn set_standard(&self, index: usize, value: usize) {
        self.standard.lock()[index] = value;
    }
}

/// Whether a value is one of the six that name an object without a slot.
pub fn is_pseudo(value: usize) -> bool {
    value >= usize::MAX - 5 && value != usize::MAX - 2
}

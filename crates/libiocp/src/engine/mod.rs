//! The engine: descriptors, buffers, results. It knows no object and no port.
//!
//! What stands behind it:
//!
//! * [`Stream`]: stream-like descriptors by readiness (`epoll`, `lane`);
//! * [`DiskFile`]: disk files by io_uring on a thread of its own (`uring`), or
//!   by a few blocking threads where io_uring is forbidden (`threads`);
//! * [`Fake`]: neither a kernel nor time, but a seed: any order, any error.
//!
//! What it promises:
//!
//! * every operation that `start` or `submit` accepts as pending completes
//!   exactly once, by [`Complete::complete`], with no lock held;
//! * operations of one stream and direction complete in the order they were
//!   started;
//! * the caller's buffers are touched only until then;
//! * nothing depends on the life or the behaviour of the starting thread.

mod blocking;
mod busy_poll;
mod crew;
mod disk;
mod epoll;
mod exit;
mod fake;
mod fork;
mod lane;
mod lull;
mod op;
mod pipe;
mod reports;
mod threads;
mod uring;

pub use disk::{DiskFile, DiskOp};
pub use fake::{Fake, Faults};
pub(crate) use fork::Era;
pub use lane::Stream;
pub use op::{Address, Buffer, Buffers, Direction, Op, Outcome};

pub(crate) use disk::bytes_of;
pub(crate) use op::errno;

use crate::sync::{Arc, AtomicBool, AtomicU64, Deadline, Idle, OnceLock, Ordering, Parker};
use crew::Crew;
use disk::{Job, Medium};
use epoll::Reactor;
use std::os::fd::OwnedFd;
use threads::Threads;
use uring::Uring;

/// Whom an operation reports to.
pub trait Complete: Send + Sync {
    /// Called once, with no lock held, by any thread.
    fn complete(self: Arc<Self>, outcome: Outcome);
}

/// What became of an operation when it was started.
#[derive(Debug)]
pub enum Started {
    /// It is over; nothing will be reported.
    Done(Outcome),
    /// It will be reported to its [`Complete`].
    Pending,
}

/// By what an operation can be found again: plain numbers to the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// The file that it was started on.
    pub owner: usize,
    /// The address of the caller's OVERLAPPED.
    pub context: usize,
    /// The thread that started it.
    pub thread: u64,
    /// Whether it ends with that thread also if its file has a port.
    pub ends_with_thread: bool,
    /// The socket that an accept would make a connection of.
    pub acceptor: usize,
}

/// Which engine to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// io_uring for disk files if the kernel allows it.
    #[default]
    Automatic,
    /// The same, and a line of complaint if the kernel does not.
    Uring,
    /// No io_uring.
    Epoll,
}

/// The one contract over every engine.
#[derive(Debug)]
pub struct Engine {
    kind: Kind,
    era: Era,
    next_id: AtomicU64,
    crew: Arc<Crew>,
}

#[derive(Debug)]
enum Kind {
    Kernel(Kernel),
    Fake(Arc<Fake>),
}

#[derive(Debug)]
struct Kernel {
    reactor: Arc<Reactor>,
    has_stand_in: AtomicBool,
    preference: Preference,
    disk: OnceLock<Disk>,
}

/// Who carries out operations on disk files, and why.
#[derive(Debug)]
struct Disk {
    /// The first choice, until it is lost.
    uring: Option<Arc<Uring>>,
    /// Whatever io_uring does not take.
    threads: Arc<Threads>,
    reason: String,
}

impl Disk {
    fn submit(&self, job: Job) {
        let left = match &self.uring {
            Some(uring) => uring.submit(job),
            None => Some(job),
        };
        if let Some(job) = left {
            self.threads.submit(job);
        }
    }

    /// A job may be with either.
    fn cancel(&self, file: &Arc<DiskFile>, ids: &[u64]) {
        if let Some(uring) = &self.uring {
            uring.cancel(file, ids);
        }
        self.threads.cancel(file, ids);
    }

    fn stop(&self) {
        if let Some(uring) = &self.uring {
            uring.stop();
        }
        self.threads.stop();
    }

    fn uses_uring(&self) -> bool {
        self.uring.as_ref().is_some_and(|uring| uring.lost().is_none())
    }

    fn report(&self) -> String {
        match self.uring.as_ref().map(|uring| uring.lost()) {
            Some(None) => format!("io_uring for disk files, epoll for sockets ({})", self.reason),
            lost => {
                let lost = lost.flatten().map(|error| format!("io_uring was taken away: {error}"));
                let reason = lost.as_ref().unwrap_or(&self.reason);
                format!("threads for disk files, epoll for sockets ({reason})")
            }
        }
    }
}

impl Engine {
    /// An engine over the kernel.
    ///
    /// # Errors
    /// When the process is out of descriptors or memory.
    pub fn new(preference: Preference) -> std::io::Result<Self> {
        crate::sync::barrier::prepare();
        let kernel = Kernel {
            reactor: Arc::new(Reactor::new()?),
            has_stand_in: AtomicBool::new(false),
            preference,
            disk: OnceLock::new(),
        };
        Ok(Self::of(Kind::Kernel(kernel)))
    }

    /// An engine without a kernel.
    pub fn fake(fake: Arc<Fake>) -> Self {
        Self::of(Kind::Fake(fake))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, era: Era::default(), next_id: AtomicU64::new(1), crew: Arc::default() }
    }

    /// Whether this process is the child of a fork; the engine is its
    /// parent's then, and must not be used.
    pub fn is_forked(&self) -> bool {
        self.era.number() == 0
    }

    /// Which engine this is, and why, in one line.
    pub fn report(&self) -> String {
        match &self.kind {
            Kind::Kernel(kernel) => self.disk(kernel).report() + &self.busy_poll_report(),
            Kind::Fake(fake) => fake.report(),
        }
    }

    /// Whether io_uring carries out disk operations.
    pub fn uses_uring(&self) -> bool {
        match &self.kind {
            Kind::Kernel(kernel) => self.disk(kernel).uses_uring(),
            Kind::Fake(_) => false,
        }
    }

    /// Takes over a non-blocking descriptor. With `errors_stick` an error
    /// ends the connection: every later operation fails with it.
    pub fn stream(&self, fd: OwnedFd, errors_stick: bool) -> Arc<Stream> {
        Arc::new(Stream::new(Stream::kernel(fd), errors_stick))
    }

    /// Like [`Engine::stream`], for a TCP socket.
    pub fn tcp_stream(&self, fd: OwnedFd) -> Arc<Stream> {
        Arc::new(Stream::tcp(Stream::kernel(fd)))
    }

    /// Starts an operation: tries it if nothing is queued before it, else
    /// queues it. `complete` is called only if it has to wait. With
    /// `must_wait` it is queued in any case.
    pub fn start(
        &self,
        stream: &Arc<Stream>,
        op: Op,
        tag: Tag,
        must_wait: bool,
        complete: impl FnOnce() -> Arc<dyn Complete>,
    ) -> Started {
        let direction = op.direction();
        let started = stream.start(op, tag, must_wait, complete);
        if let Started::Pending = started {
            self.watch(stream, direction);
            if must_wait {
                stream.run(direction);
            }
        }
        started
    }

    /// Tries an operation at once or not at all; `None` if it would wait.
    pub fn try_now(&self, stream: &Stream, op: &mut Op) -> Option<Outcome> {
        stream.try_now(op)
    }

    /// Tries an operation at once and keeps what it could only begin; `None`
    /// if it would have to wait from the start.
    pub fn try_and_keep(
        &self,
        stream: &Arc<Stream>,
        op: Op,
        tag: Tag,
        keep: impl FnOnce(&mut Op) -> Arc<dyn Complete>,
    ) -> Option<Started> {
        let direction = op.direction();
        let started = stream.try_and_keep(op, tag, keep)?;
        if let Started::Pending = started {
            self.watch(stream, direction);
            // It may have become ready before it was watched.
            stream.run(direction);
        }
        Some(started)
    }

    /// Takes queued sends that `matches` out; they complete no more.
    pub fn withdraw(
        &self,
        stream: &Stream,
        matches: &dyn Fn(&Tag) -> bool,
    ) -> Vec<(Op, Arc<dyn Complete>)> {
        stream.withdraw(matches)
    }

    fn watch(&self, stream: &Arc<Stream>, direction: Direction) {
        match &self.kind {
            Kind::Kernel(kernel) => {
                self.ensure_stand_in(kernel);
                if let Err(error) = kernel.reactor.watch(stream, direction) {
                    // Nobody will learn that it is ready: its operations end.
                    stream.fail(error.raw_os_error().unwrap_or(libc::ENOMEM));
                    stream.run(Direction::In);
                    stream.run(Direction::Out);
                }
            }
            Kind::Fake(fake) => fake.watch(stream),
        }
    }

    /// Cancels the queued operations that `matches`; tells how many. Each
    /// completes with `ECANCELED` before this returns.
    pub fn cancel(&self, stream: &Stream, matches: &dyn Fn(&Tag) -> bool) -> usize {
        stream.cancel(matches)
    }

    /// Says, behind everything that is queued to be sent, that nothing more
    /// will be.
    pub fn finish_sending(&self, stream: &Arc<Stream>) {
        struct Nobody;
        impl Complete for Nobody {
            fn complete(self: Arc<Self>, _: Outcome) {}
        }
        // Whether it succeeds is told by what is sent and received later.
        let _ = self.start(stream, Op::Finish, Tag::default(), false, || Arc::new(Nobody));
    }

    /// Ends a stream: its operations complete with `ECANCELED`, its descriptor
    /// closes.
    pub fn close(&self, stream: &Stream) {
        stream.close();
        if let Kind::Kernel(kernel) = &self.kind {
            kernel.reactor.forget(stream);
        }
        if let lane::Target::Kernel(fd, _) = &stream.target {
            drop(fd.lock().take());
        }
    }

    /// Puts the connection `fd` in the place of the stream's descriptor, which
    /// nothing may be pending on.
    ///
    /// # Errors
    /// When the stream has closed, or the kernel refuses.
    pub fn replace(&self, stream: &Arc<Stream>, fd: OwnedFd) -> std::io::Result<()> {
        stream.install(fd)?;
        match &self.kind {
            Kind::Kernel(kernel) => kernel.reactor.watch_anew(stream),
            Kind::Fake(_) => Ok(()),
        }
    }

    /// Takes over the descriptor of a disk file.
    pub fn disk_file(&self, fd: OwnedFd) -> Arc<DiskFile> {
        Arc::new(DiskFile::new(Medium::Kernel(fd)))
    }

    /// Starts an operation on a disk file, which always reports to `complete`,
    /// perhaps before this returns.
    pub fn submit(&self, file: &Arc<DiskFile>, op: DiskOp, tag: Tag, complete: Arc<dyn Complete>) {
        if let Some(outcome) = file.read_cached(op) {
            return complete.complete(outcome);
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        file.admit(id, tag);
        let job = Job { id, file: Arc::clone(file), op, done: 0, complete };
        match &self.kind {
            Kind::Kernel(kernel) => self.disk(kernel).submit(job),
            Kind::Fake(fake) => fake.submit(job),
        }
    }

    /// Carries an operation on a disk file out in the calling thread.
    pub fn carry_out(&self, file: &DiskFile, op: DiskOp) -> Outcome {
        file.carry_out(op, 0)
    }

    /// Asks for the end of the operations on a disk file that `matches`; tells
    /// how many were asked. Each completes later, cancelled or not.
    pub fn cancel_disk(&self, file: &Arc<DiskFile>, matches: &dyn Fn(&Tag) -> bool) -> usize {
        let ids = file.withdraw(matches);
        if !ids.is_empty() {
            match &self.kind {
                Kind::Kernel(kernel) => self.disk(kernel).cancel(file, &ids),
                Kind::Fake(fake) => fake.cancel(&ids),
            }
        }
        ids.len()
    }

    /// Starts a thread of the library's own, which the program's signals do
    /// not reach; false if none is to be had. It ends before the engine does.
    pub fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> bool {
        self.crew.spawn(name, work)
    }

    fn ensure_stand_in(&self, kernel: &Kernel) {
        if kernel.has_stand_in.load(Ordering::Relaxed)
            || kernel.has_stand_in.swap(true, Ordering::AcqRel)
        {
            return;
        }
        let reactor = Arc::clone(&kernel.reactor);
        if !self.crew.spawn("iocp-stand-in", move || reactor.stand_in()) {
            // No thread is to be had now: whoever waits next tries again.
            kernel.has_stand_in.store(false, Ordering::Release);
        }
    }

    fn disk<'a>(&self, kernel: &'a Kernel) -> &'a Disk {
        kernel.disk.get_or_init(|| self.choose_disk(kernel.preference))
    }

    /// io_uring if it is wanted and works, else threads; with the reason.
    fn choose_disk(&self, preference: Preference) -> Disk {
        let threads = Arc::new(Threads::new(Arc::clone(&self.crew)));
        let reason = match preference {
            Preference::Epoll => "io_uring switched off by LIBIOCP_ENGINE=epoll".to_owned(),
            Preference::Automatic | Preference::Uring => match self.start_uring(&threads) {
                Ok(uring) => {
                    let reason = "io_uring is available".to_owned();
                    return Disk { uring: Some(uring), threads, reason };
                }
                Err(error) => format!("io_uring is not available: {error}"),
            },
        };
        if preference == Preference::Uring {
            eprintln!("libiocp: LIBIOCP_ENGINE=uring cannot be had: {reason}");
        }
        Disk { uring: None, threads, reason }
    }

    /// The ring is made by the thread that owns it.
    fn start_uring(&self, threads: &Arc<Threads>) -> std::io::Result<Arc<Uring>> {
        let uring = Arc::new(Uring::new()?);
        let (owned, threads) = (Arc::clone(&uring), Arc::clone(threads));
        let (sender, receiver) = std::sync::mpsc::channel();
        self.crew.spawn("iocp-disk", move || match uring::open_ring() {
            Ok(ring) => {
                let _ = sender.send(Ok(()));
                owned.own(ring, &|job| threads.submit(job));
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        });
        let gone = |_| Err(std::io::Error::other("no thread could be started"));
        receiver.recv().unwrap_or_else(gone).map(|()| uring)
    }
}

impl Idle for Engine {
    fn park(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.reactor.park(parker, deadline),
            Kind::Fake(fake) => fake.park(parker, deadline),
        }
    }

    fn park_for_packets(&self, parker: &Parker, deadline: Option<Deadline>) -> bool {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.reactor.park_for_packets(parker, deadline),
            Kind::Fake(fake) => fake.park(parker, deadline),
        }
    }

    fn poll(&self) {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.reactor.poll(),
            Kind::Fake(fake) => fake.poll(),
        }
    }

    fn pass_by(&self) {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.reactor.pass_by(),
            Kind::Fake(_) => {}
        }
    }
}

impl Drop for Engine {
    /// Ends the threads after every operation has completed. In the child of
    /// a fork there are no threads to end.
    fn drop(&mut self) {
        if self.is_forked() {
            return;
        }
        if let Kind::Kernel(kernel) = &self.kind {
            kernel.reactor.stop();
            if let Some(disk) = kernel.disk.get() {
                disk.stop();
            }
        }
        self.crew.join();
    }
}

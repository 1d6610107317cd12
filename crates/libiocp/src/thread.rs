//! Threads as objects: signaled when they have ended, with an exit code; each
//! with a queue of calls that it makes when it waits alertably.

use crate::apc::{Apc, Calls, Ticket, TimerCall, TimerRoutine};
use crate::file::File;
use crate::handle::{Close, HandleCount};
use crate::sync::{Arc, AtomicU32, Mutex, Ordering, this_thread};
use crate::wait::Signal;
use std::cell::RefCell;

/// What the exit code reads while the thread runs.
pub const STILL_ACTIVE: u32 = 259;

/// A thread.
#[derive(Debug)]
pub struct Thread {
    handles: HandleCount,
    /// Set when the thread has ended, for ever.
    signal: Signal,
    exit_code: AtomicU32,
    id: AtomicU32,
    /// How often it has been suspended before it began.
    suspensions: AtomicU32,
    /// Set when it may begin.
    may_begin: Signal,
    calls: Arc<Calls>,
    /// The synchronous operation that it is blocked in.
    blocked_in: Mutex<Option<Synchronous>>,
}

/// A synchronous operation: its file, who has started it, with what.
#[derive(Clone, Debug)]
struct Synchronous {
    file: Arc<File>,
    thread: u64,
    overlapped: usize,
}

impl Thread {
    /// A thread that is about to be started; suspended, if it is not to begin
    /// before it is resumed.
    pub fn new(is_suspended: bool) -> Self {
        Self {
            handles: HandleCount::default(),
            signal: Signal::manual(false),
            exit_code: AtomicU32::new(STILL_ACTIVE),
            id: AtomicU32::new(0),
            suspensions: AtomicU32::new(u32::from(is_suspended)),
            may_begin: Signal::manual(!is_suspended),
            calls: Arc::default(),
            blocked_in: Mutex::default(),
        }
    }

    /// The initial thread of another process.
    pub fn elsewhere(id: u32, is_suspended: bool) -> Self {
        let thread = Self::new(is_suspended);
        thread.id.store(id, Ordering::Release);
        thread
    }

    /// A thread of another process has ended.
    pub fn ended_elsewhere(&self, exit_code: u32) {
        self.exit_code.store(exit_code, Ordering::Release);
        self.signal.set();
    }

    /// The thread object of the calling thread, made when first asked for.
    pub fn current() -> Arc<Thread> {
        let make = || {
            let thread = Arc::new(Thread::new(false));
            thread.adopt();
            thread
        };
        CURRENT
            .try_with(|current| Arc::clone(current.0.borrow_mut().get_or_insert_with(make)))
            .unwrap_or_else(|_| make())
    }

    /// The calling thread is this one from now on.
    pub fn become_current(self: &Arc<Self>) {
        self.adopt();
        let _ = CURRENT.try_with(|current| *current.0.borrow_mut() = Some(Arc::clone(self)));
    }

    fn adopt(&self) {
        self.id.store(thread_id(), Ordering::Release);
    }

    /// The kernel's number for it; zero before it has started.
    pub fn id(&self) -> u32 {
        self.id.load(Ordering::Acquire)
    }

    /// What is waited for.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Set when a thread that was created suspended may begin.
    pub fn may_begin(&self) -> &Signal {
        &self.may_begin
    }

    /// Takes one suspension off; the count before.
    pub fn resume(&self) -> u32 {
        let less = |count: u32| count.checked_sub(1);
        let before =
            self.suspensions.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).unwrap_or(0);
        if before == 1 {
            self.may_begin.set();
        }
        before
    }

    /// The code it ended with; `STILL_ACTIVE` before.
    pub fn exit_code(&self) -> u32 {
        self.exit_code.load(Ordering::Acquire)
    }

    /// Queues a call for this thread and ends its alertable wait, if it is in
    /// one. `None` if the thread has ended.
    #[doc(alias = "QueueUserAPC")]
    pub fn queue_apc(&self, apc: Apc) -> Option<Ticket> {
        self.calls.push(apc)
    }

    /// Takes a queued call back; false if it has run, runs, or is about to.
    pub fn take_back_apc(&self, ticket: Ticket) -> bool {
        self.calls.take_back(ticket)
    }

    /// A call that a timer may queue for this thread.
    pub fn timer_call(&self, routine: TimerRoutine, argument: usize) -> TimerCall {
        TimerCall::new(&self.calls, routine, argument)
    }

    /// Set while calls are queued: what ends an alertable wait of this thread.
    pub fn alert(&self) -> &Signal {
        self.calls.pending()
    }

    /// Takes the oldest call from the queue. Only this thread asks, and makes
    /// the call.
    pub fn next_apc(&self) -> Option<Apc> {
        self.calls.pop()
    }

    /// Runs `wait`, in which the calling thread waits for an operation that it
    /// has started on a synchronous file with this OVERLAPPED.
    pub fn while_blocked_in<R>(file: &Arc<File>, overlapped: usize, wait: impl FnOnce() -> R) -> R {
        let thread = Thread::current();
        let (file, number) = (Arc::clone(file), this_thread());
        let operation = Synchronous { file, thread: number, overlapped };
        *thread.blocked_in.lock() = Some(operation);
        let result = wait();
        let operation = thread.blocked_in.lock().take();
        drop(operation);
        result
    }

    /// Asks for the end of the synchronous operation that this thread is
    /// blocked in; false if there is none. It still finishes once.
    #[doc(alias = "CancelSynchronousIo")]
    pub fn cancel_synchronous(&self) -> bool {
        let operation = self.blocked_in.lock().clone();
        operation.is_some_and(|it| it.file.cancel_of(it.thread, it.overlapped))
    }

    /// The calling thread, which is this one, ends: its queued calls are
    /// dropped, its place at its port is free, what it alone has pending is
    /// cancelled, the mutexes it owns are abandoned, and who waits for it goes
    /// on. Nothing of this library may be called on it afterwards.
    pub fn end(&self, exit_code: u32) {
        self.calls.end();
        crate::port::leave_for_good();
        crate::file::end_of_thread();
        crate::wait::end_of_thread();
        self.exit_code.store(exit_code, Ordering::Release);
        self.signal.set();
    }
}

impl Close for Thread {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Closing a handle does not end the thread.
    fn close(self: &Arc<Self>) {}
}

thread_local! {
    static CURRENT: Current = const { Current(RefCell::new(None)) };
}

/// The calling thread's object, if anybody has asked for it.
struct Current(RefCell<Option<Arc<Thread>>>);

impl Drop for Current {
    /// A thread that this library did not start ends.
    fn drop(&mut self) {
        if let Some(thread) = self.0.get_mut().take()
            && !thread.signal.is_set()
        {
            thread.end(0);
        }
    }
}

/// The kernel's number for the calling thread.
#[allow(unsafe_code)]
pub fn thread_id() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    unsafe { libc::gettid() as u32 }
}

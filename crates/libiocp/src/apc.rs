//! Asynchronous procedure calls: functions that wait for their thread to wait.
//!
//! Each thread has a queue of them. They run on the thread itself, in order,
//! while it waits alertably; that some wait is one signal, which stands first
//! in the list of such a wait. Who takes a call from the queue runs it: this
//! module knows no function of the program but as a value.

use crate::status::Status;
use crate::sync::Mutex;
use crate::wait::Signal;
use std::collections::VecDeque;
use std::ffi::c_void;

/// The function of `QueueUserAPC`.
#[doc(alias = "PAPCFUNC")]
pub type UserRoutine = unsafe extern "C-unwind" fn(usize);
/// The function of `NtQueueApcThread`.
#[doc(alias = "PPS_APC_ROUTINE")]
pub type NativeRoutine = unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, *mut c_void);
/// The function of a timer: argument, and the two halves of the time.
#[doc(alias = "PTIMERAPCROUTINE")]
pub type TimerRoutine = unsafe extern "C-unwind" fn(*mut c_void, u32, u32);
/// The function of `ReadFileEx`: error, bytes, OVERLAPPED.
#[doc(alias = "LPOVERLAPPED_COMPLETION_ROUTINE")]
pub type FileRoutine = unsafe extern "C-unwind" fn(u32, u32, *mut c_void);
/// The function of `WSARecv`: error, bytes, OVERLAPPED, flags.
#[doc(alias = "LPWSAOVERLAPPED_COMPLETION_ROUTINE")]
pub type SocketRoutine = unsafe extern "C-unwind" fn(u32, u32, *mut c_void, u32);
/// The function of `NtReadFile`: context, status block, zero.
#[doc(alias = "PIO_APC_ROUTINE")]
pub type StatusRoutine = unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, u32);

/// What is called when an operation has finished.
#[derive(Clone, Copy, Debug)]
pub enum CompletionRoutine {
    /// With a Win32 error code.
    File(FileRoutine),
    /// With a Winsock error code.
    Socket(SocketRoutine),
    /// With a context of the caller's, and the status block for the rest.
    Native(StatusRoutine, usize),
}

/// A call that waits for its thread.
#[derive(Clone, Copy, Debug)]
pub enum Apc {
    /// A function and its argument.
    User(UserRoutine, usize),
    /// A function and its three arguments.
    Native(NativeRoutine, [usize; 3]),
    /// A timer has come due: its function, the argument, and when it was, in
    /// units of 100 ns since 1601.
    Timer(TimerRoutine, usize, u64),
    /// An operation has finished.
    Completion {
        /// The function.
        routine: CompletionRoutine,
        /// How it ended.
        status: Status,
        /// The bytes transferred.
        bytes: usize,
        /// The address of the OVERLAPPED, which is not followed here.
        overlapped: usize,
    },
}

/// A call in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// The calls that wait for one thread, oldest first.
#[derive(Debug)]
pub(crate) struct Calls {
    queue: Mutex<Queue>,
    /// Set while there are any.
    pending: Signal,
}

#[derive(Debug, Default)]
struct Queue {
    calls: VecDeque<(Ticket, Apc)>,
    last: u64,
    has_ended: bool,
}

impl Default for Calls {
    fn default() -> Self {
        Self { queue: Mutex::default(), pending: Signal::manual(false) }
    }
}

impl Calls {
    pub(crate) fn pending(&self) -> &Signal {
        &self.pending
    }

    /// Queues a call; `None` if the thread has ended.
    pub(crate) fn push(&self, apc: Apc) -> Option<Ticket> {
        let (ticket, watched) = self.enqueue(apc)?;
        if watched {
            self.tell();
        }
        Some(ticket)
    }

    /// Whether the thread is to be told as well.
    fn enqueue(&self, apc: Apc) -> Option<(Ticket, bool)> {
        let mut queue = self.queue.lock();
        if queue.has_ended {
            return None;
        }
        queue.last += 1;
        let ticket = Ticket(queue.last);
        queue.calls.push_back((ticket, apc));
        Some((ticket, self.pending.raise()))
    }

    /// Wakes the thread, unless it has made the call by now and waits anew.
    fn tell(&self) {
        self.pending.release_while_set();
    }

    /// Takes the oldest call from the queue.
    pub(crate) fn pop(&self) -> Option<Apc> {
        let mut queue = self.queue.lock();
        let (_, apc) = queue.calls.pop_front()?;
        self.reset_if_empty(&queue);
        Some(apc)
    }

    /// Takes a call back; false if it is not in the queue any more.
    pub(crate) fn take_back(&self, ticket: Ticket) -> bool {
        let mut queue = self.queue.lock();
        let before = queue.calls.len();
        queue.calls.retain(|(other, _)| *other != ticket);
        self.reset_if_empty(&queue);
        queue.calls.len() < before
    }

    /// The thread has ended: what waits never runs, and nothing is queued.
    pub(crate) fn end(&self) {
        let mut queue = self.queue.lock();
        queue.has_ended = true;
        queue.calls = VecDeque::new();
        self.pending.reset();
    }

    fn reset_if_empty(&self, queue: &Queue) {
        if queue.calls.is_empty() {
            self.pending.reset();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sync::{Arc, AtomicBool, Ordering};
    use crate::wait::{Subscriber, subscribe};

    extern "C-unwind" fn nothing(_: usize) {}

    fn argument(apc: Option<Apc>) -> Option<usize> {
        match apc {
            Some(Apc::User(_, argument)) => Some(argument),
            _ => None,
        }
    }

    #[test]
    fn hnd_102_calls_wait_in_order_and_one_signal_tells_of_them() {
        let calls = Calls::default();
        assert!(!calls.pending().is_set());
        let tickets = [1, 2, 3].map(|it| calls.push(Apc::User(nothing, it)).unwrap());
        assert!(calls.pending().is_set());
        assert!(calls.take_back(tickets[1]));
        assert!(!calls.take_back(tickets[1]));
        assert_eq!(argument(calls.pop()), Some(1));
        assert!(!calls.take_back(tickets[0]));
        assert!(calls.pending().is_set());
        assert_eq!(argument(calls.pop()), Some(3));
        assert!(!calls.pending().is_set());
        assert!(calls.pop().is_none());
    }

    #[derive(Debug, Default)]
    struct Woken(AtomicBool);

    impl Subscriber for Woken {
        fn signaled(&self) {
            self.0.store(true, Ordering::Release);
        }
    }

    #[test]
    fn hnd_102_a_late_wake_up_ends_no_wait_without_a_call() {
        let calls = Calls::default();
        let subscribe = || {
            let woken = Arc::new(Woken::default());
            (subscribe(calls.pending(), Arc::<Woken>::clone(&woken)).unwrap(), woken)
        };
        let (first_wait, _) = subscribe();
        let (_, watched) = calls.enqueue(Apc::User(nothing, 1)).unwrap();
        assert!(watched);
        // Before whoever has queued it gets to wake the thread, its time is
        // up, it makes the call in another wait, and waits once more.
        assert!(first_wait.cancel(calls.pending()));
        assert_eq!(argument(calls.pop()), Some(1));
        let (_, woken) = subscribe();
        calls.tell();
        assert!(!woken.0.load(Ordering::Acquire));
        calls.push(Apc::User(nothing, 2)).unwrap();
        assert!(woken.0.load(Ordering::Acquire));
    }

    #[test]
    fn hnd_106_the_end_drops_what_waits_and_refuses_the_rest() {
        let calls = Calls::default();
        let ticket = calls.push(Apc::User(nothing, 1)).unwrap();
        calls.end();
        assert!(!calls.pending().is_set());
        assert!(calls.pop().is_none());
        assert!(!calls.take_back(ticket));
        assert!(calls.push(Apc::User(nothing, 2)).is_none());
    }
}

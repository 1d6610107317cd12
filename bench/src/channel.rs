//! The queues that are compared, behind one interface.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

/// A queue between threads: `get` waits until there is something.
pub trait Channel: Default + Sync {
    /// Appends a value.
    fn post(&self, value: usize);
    /// Takes the oldest value.
    fn get(&self) -> usize;
}

/// The obvious queue: a `VecDeque` under a lock with a condition variable.
#[derive(Debug, Default)]
pub struct ParkingLot {
    queue: Mutex<VecDeque<usize>>,
    filled: Condvar,
}

impl Channel for ParkingLot {
    fn post(&self, value: usize) {
        self.queue.lock().push_back(value);
        self.filled.notify_one();
    }

    fn get(&self) -> usize {
        let mut queue = self.queue.lock();
        loop {
            match queue.pop_front() {
                Some(value) => return value,
                None => self.filled.wait(&mut queue),
            }
        }
    }
}

macro_rules! two_ended {
    ($(#[$doc:meta])* $name:ident, $library:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            sender: $library::Sender<usize>,
            receiver: $library::Receiver<usize>,
        }

        impl Default for $name {
            fn default() -> Self {
                let (sender, receiver) = $library::unbounded();
                Self { sender, receiver }
            }
        }

        impl Channel for $name {
            fn post(&self, value: usize) {
                self.sender.send(value).expect("the receiver lives as long as the sender");
            }

            fn get(&self) -> usize {
                self.receiver.recv().expect("the sender lives as long as the receiver")
            }
        }
    };
}

two_ended!(
    /// crossbeam-channel, unbounded.
    Crossbeam,
    crossbeam_channel
);
two_ended!(
    /// flume, unbounded.
    Flume,
    flume
);

/// One value and a bare futex: no queue at all, the least that can wake a thread.
#[derive(Debug, Default)]
pub struct Futex {
    full: AtomicU32,
    value: AtomicUsize,
}

impl Futex {
    fn call(&self, operation: libc::c_int, value: u32) {
        let operation = operation | libc::FUTEX_PRIVATE_FLAG;
        let no_limit: *const libc::timespec = ptr::null();
        // SAFETY: the word lives through the call, and wake ignores the other arguments. A wait
        // that ends early is repeated by the caller.
        unsafe { libc::syscall(libc::SYS_futex, self.full.as_ptr(), operation, value, no_limit) };
    }
}

impl Channel for Futex {
    /// Must not be called while a value waits.
    fn post(&self, value: usize) {
        self.value.store(value, Ordering::Relaxed);
        self.full.store(1, Ordering::Release);
        self.call(libc::FUTEX_WAKE, 1);
    }

    fn get(&self) -> usize {
        while self.full.swap(0, Ordering::Acquire) == 0 {
            self.call(libc::FUTEX_WAIT, 0);
        }
        self.value.load(Ordering::Relaxed)
    }
}

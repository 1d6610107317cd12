//! The queues that are compared, behind one interface.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::{Condvar, Mutex};

/// What a completion packet carries; the rivals carry the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packet {
    /// Bytes transferred.
    pub bytes: u32,
    /// The completion key.
    pub key: usize,
    /// Address of the OVERLAPPED.
    pub overlapped: usize,
}

/// A queue between threads: `get` waits until there is something.
pub trait Channel: Default + Sync {
    /// Appends a packet.
    fn post(&self, packet: Packet);
    /// Takes the oldest packet.
    fn get(&self) -> Packet;
}

/// The obvious queue: a `VecDeque` under a lock with a condition variable.
#[derive(Debug, Default)]
pub struct ParkingLot {
    queue: Mutex<VecDeque<Packet>>,
    filled: Condvar,
}

impl Channel for ParkingLot {
    fn post(&self, packet: Packet) {
        self.queue.lock().push_back(packet);
        self.filled.notify_one();
    }

    fn get(&self) -> Packet {
        let mut queue = self.queue.lock();
        loop {
            match queue.pop_front() {
                Some(packet) => return packet,
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
            sender: $library::Sender<Packet>,
            receiver: $library::Receiver<Packet>,
        }

        impl Default for $name {
            fn default() -> Self {
                let (sender, receiver) = $library::unbounded();
                Self { sender, receiver }
            }
        }

        impl Channel for $name {
            fn post(&self, packet: Packet) {
                self.sender.send(packet).expect("the receiver lives as long as the sender");
            }

            fn get(&self) -> Packet {
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

/// One packet and a bare futex: no queue at all, the least that can wake a thread.
#[derive(Debug, Default)]
pub struct Futex {
    full: AtomicU32,
    packet: UnsafeCell<Packet>,
}

// SAFETY: `full` says whose the packet is: the poster's while it is 0, the getter's after.
unsafe impl Sync for Futex {}

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
    /// Must not be called while a packet waits.
    fn post(&self, packet: Packet) {
        // SAFETY: the word is 0, so no getter reads the packet until the store below.
        unsafe { *self.packet.get() = packet };
        self.full.store(1, Ordering::Release);
        self.call(libc::FUTEX_WAKE, 1);
    }

    fn get(&self) -> Packet {
        while self.full.swap(0, Ordering::Acquire) == 0 {
            self.call(libc::FUTEX_WAIT, 0);
        }
        // SAFETY: the word was 1: the poster is done with the packet and the swap sees it.
        unsafe { *self.packet.get() }
    }
}

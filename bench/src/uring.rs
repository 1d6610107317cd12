//! A ring for one thread, and buffers that the kernel picks from.
#![allow(unsafe_code)]

use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::squeue::Entry;
use io_uring::types::BufRingEntry;
use io_uring::{IoUring, cqueue};

/// How many operations can be submitted at a time.
const DEPTH: u32 = 4096;

/// A ring that only the thread that made it uses, and whose work is done when that thread waits.
#[allow(missing_debug_implementations, reason = "a ring has none")]
pub struct Ring {
    ring: IoUring,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// The number that the operation was given.
    pub token: u64,
    /// Its result, or the negated error.
    pub result: i32,
    flags: u32,
}

impl Done {
    /// Whether the same operation will report again.
    pub fn more(self) -> bool {
        cqueue::more(self.flags)
    }

    /// The buffer that the kernel picked.
    pub fn buffer(self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }
}

impl Ring {
    /// A ring of the calling thread.
    pub fn new() -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder.setup_single_issuer().setup_defer_taskrun().setup_cqsize(4 * DEPTH);
        Ok(Self { ring: builder.build(DEPTH)? })
    }

    /// Queues operations that stay together; they start at the next wait at the latest.
    ///
    /// # Safety
    ///
    /// What the operations point to must live, and buffers must be left alone, until each has
    /// reported for the last time.
    pub unsafe fn push<const N: usize>(&mut self, entries: [Entry; N]) -> io::Result<()> {
        // SAFETY: passed on to the caller.
        while unsafe { self.ring.submission().push_multiple(&entries) }.is_err() {
            self.ring.submit()?;
        }
        Ok(())
    }

    /// Submits what was queued, waits for one result at least and appends what there is.
    pub fn wait(&mut self, done: &mut Vec<Done>) -> io::Result<()> {
        match self.ring.submit_and_wait(1) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        done.extend(self.ring.completion().map(|entry| Done {
            token: entry.user_data(),
            result: entry.result(),
            flags: entry.flags(),
        }));
        Ok(())
    }
}

/// Zeroed pages for so many values, which stay mapped.
fn pages<T>(count: usize) -> io::Result<NonNull<T>> {
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: new pages at an address of the kernel's choice.
    let found = unsafe { libc::mmap(ptr::null_mut(), count * size_of::<T>(), rights, kind, -1, 0) };
    if found == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(NonNull::new(found.cast()).expect("mmap returns no null"))
}

/// Buffers of one size that the kernel takes as data arrives, known to it as group 0.
///
/// They live as long as the process: the kernel may write to them as long as the ring lives.
#[derive(Debug)]
pub struct Buffers {
    entries: NonNull<BufRingEntry>,
    storage: NonNull<u8>,
    size: usize,
    count: u16,
    tail: u16,
}

impl Buffers {
    /// `count` buffers, a power of two, given to the ring.
    pub fn new(ring: &Ring, count: u16, size: usize) -> io::Result<&'static mut Self> {
        assert!(count.is_power_of_two(), "the kernel counts modulo a power of two");
        let entries: NonNull<BufRingEntry> = pages(usize::from(count))?;
        let address = entries.as_ptr() as u64;
        // SAFETY: the pages are as long as stated and are never unmapped.
        unsafe {
            ring.ring.submitter().register_buf_ring_with_flags(address, count, 0, 0)?;
        }
        let storage = pages(usize::from(count) * size)?;
        let all = Box::leak(Box::new(Self { entries, storage, size, count, tail: 0 }));
        (0..count).for_each(|id| all.give_back(id));
        Ok(all)
    }

    /// Where a buffer begins.
    pub fn address(&self, id: u16) -> *const u8 {
        assert!(id < self.count, "the kernel names only buffers it was given");
        // SAFETY: there are `count` buffers, one after another.
        unsafe { self.storage.add(usize::from(id) * self.size).as_ptr() }
    }

    /// Lets the kernel fill a buffer again.
    pub fn give_back(&mut self, id: u16) {
        let place = usize::from(self.tail & (self.count - 1));
        let address = self.address(id) as u64;
        // SAFETY: `place` is below `count`; the kernel reads an entry only once the tail is past.
        let entry = unsafe { self.entries.add(place).as_mut() };
        entry.set_addr(address);
        entry.set_len(self.size as u32);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: the tail lies in the first entry, which is mapped and zeroed or written above.
        let tail = unsafe { BufRingEntry::tail(self.entries.as_ptr()) };
        // SAFETY: the tail is an aligned u16 that this process changes only here.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}

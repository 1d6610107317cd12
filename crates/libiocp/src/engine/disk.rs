//! Operations on disk files: the contract of what carries them out.
//!
//! A job is one operation with the file it keeps open. Whoever carries it out
//! continues short transfers until the job is whole, the file ends or an error
//! stops it, and completes it exactly once.
#![allow(unsafe_code)]

use super::op::{Buffer, Outcome, errno};
use super::pipe::write_quietly;
use super::{Complete, Tag};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// The kernel transfers at most this much in one call.
const CHUNK: usize = 0x7fff_f000;

/// An open disk file, and the jobs on it that can still be cancelled.
#[derive(Debug)]
pub struct DiskFile {
    pub(super) medium: Medium,
    jobs: Mutex<BTreeMap<u64, Tag>>,
    /// Whether reads may find their data in the page cache.
    has_cache: AtomicBool,
}

/// Where the bytes are.
#[derive(Debug)]
pub(super) enum Medium {
    Kernel(OwnedFd),
    /// The fake engine's memory.
    Fake(Mutex<Vec<u8>>),
}

/// What to do with a disk file.
#[derive(Clone, Copy, Debug)]
pub enum DiskOp {
    /// Read from an offset.
    Read(Buffer, u64),
    /// Write at an offset; durably, if the flag says so.
    Write(Buffer, u64, bool),
    /// Write at the end of the file, wherever it is then.
    Append(Buffer, bool),
    /// Do nothing, in the order of the others.
    Nothing,
}

/// One operation on its way.
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) file: Arc<DiskFile>,
    pub(super) op: DiskOp,
    /// Bytes transferred so far.
    pub(super) done: usize,
    pub(super) complete: Arc<dyn Complete>,
}

impl DiskFile {
    pub(super) fn new(medium: Medium) -> Self {
        let has_cache = match &medium {
            // SAFETY: no memory is involved.
            Medium::Kernel(fd) => match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) } {
                -1 => false,
                flags => flags & libc::O_DIRECT == 0,
            },
            Medium::Fake(_) => false,
        };
        Self { medium, jobs: Mutex::default(), has_cache: AtomicBool::new(has_cache) }
    }

    /// A read that needs no waiting, carried out in the calling thread: its
    /// data is in the page cache, and nothing is under way that it could
    /// overtake. `None`: nothing has happened that counts.
    pub(super) fn read_cached(&self, op: DiskOp) -> Option<Outcome> {
        let (DiskOp::Read(buffer, offset), Medium::Kernel(fd)) = (op, &self.medium) else {
            return None;
        };
        let is_worth_trying = self.has_cache.load(Ordering::Relaxed)
            && !buffer.is_empty()
            && buffer.len() <= CHUNK
            && self.jobs.lock().is_empty();
        if !is_worth_trying {
            return None;
        }
        let vector = libc::iovec { iov_base: buffer.start().cast(), iov_len: buffer.len() };
        let (offset, flags) = (i64::try_from(offset).ok()?, libc::RWF_NOWAIT);
        // SAFETY: the buffer is valid until the operation completes, by the
        // contract of `Buffer::new`; the vector outlives the call.
        let result = unsafe { libc::preadv2(fd.as_raw_fd(), &raw const vector, 1, offset, flags) };
        // EPERM: sandboxes refuse what they do not know.
        let refusals = [libc::EOPNOTSUPP, libc::EINVAL, libc::ENOSYS, libc::EPERM];
        if result < 0 && refusals.contains(&errno()) {
            self.has_cache.store(false, Ordering::Relaxed);
        }
        (result == buffer.len() as isize).then(|| Outcome::of(result as i64))
    }

    /// The descriptor; `None` in the fake engine.
    pub fn fd(&self) -> Option<RawFd> {
        self.as_fd().map(|fd| fd.as_raw_fd())
    }

    /// The descriptor, borrowed; `None` in the fake engine.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.medium {
            Medium::Kernel(fd) => Some(fd.as_fd()),
            Medium::Fake(_) => None,
        }
    }

    /// What offsets, lengths and addresses of unbuffered transfers must be
    /// multiples of: at least a sector.
    pub fn unbuffered_alignment(&self) -> u32 {
        const SECTOR: u32 = 512;
        let Some(fd) = self.fd() else { return SECTOR };
        let mask = libc::STATX_DIOALIGN;
        // SAFETY: all zeroes is a valid statx.
        let mut status: libc::statx = unsafe { std::mem::zeroed() };
        // SAFETY: the path is an empty string, the result has room.
        let result =
            unsafe { libc::statx(fd, c"".as_ptr(), libc::AT_EMPTY_PATH, mask, &raw mut status) };
        if result == 0 && status.stx_mask & mask != 0 && status.stx_dio_offset_align > 0 {
            status.stx_dio_offset_align.max(status.stx_dio_mem_align).max(SECTOR)
        } else {
            SECTOR
        }
    }

    pub(super) fn admit(&self, id: u64, tag: Tag) {
        self.jobs.lock().insert(id, tag);
    }

    /// Takes the jobs that `matches` off the list: they are to be cancelled.
    pub(super) fn withdraw(&self, matches: &dyn Fn(&Tag) -> bool) -> Vec<u64> {
        let mut withdrawn = Vec::new();
        self.jobs.lock().retain(|id, tag| {
            let is_match = matches(tag);
            if is_match {
                withdrawn.push(*id);
            }
            !is_match
        });
        withdrawn
    }

    fn dismiss(&self, id: u64) {
        self.jobs.lock().remove(&id);
    }

    /// Carries out, in the calling thread, which may block, what is left of
    /// an operation of which so many bytes are done.
    pub(super) fn carry_out(&self, op: DiskOp, mut done: usize) -> Outcome {
        loop {
            let result = match &self.medium {
                Medium::Kernel(fd) => transfer(fd.as_raw_fd(), op, done),
                Medium::Fake(bytes) => fake_transfer(&mut bytes.lock(), op, done),
            };
            if let (Medium::Kernel(fd), true) = (&self.medium, result == -i64::from(libc::ESPIPE)) {
                return stream(fd.as_raw_fd(), op);
            }
            match advance(op, &mut done, result) {
                Progress::Whole(outcome) => return outcome,
                Progress::Partial => {}
            }
        }
    }
}

impl Job {
    /// The one way a job ends.
    pub(super) fn finish(self, outcome: Outcome) {
        self.file.dismiss(self.id);
        self.complete.complete(outcome);
    }
}

/// How far a transfer has come.
pub(super) enum Progress {
    Whole(Outcome),
    Partial,
}

/// What one result of the kernel, a count or a negative errno, means.
pub(super) fn advance(op: DiskOp, done: &mut usize, result: i64) -> Progress {
    let (wanted, is_write) = match op {
        DiskOp::Read(buffer, _) => (buffer.len(), false),
        DiskOp::Write(buffer, ..) | DiskOp::Append(buffer, _) => (buffer.len(), true),
        DiskOp::Nothing => (0, false),
    };
    let again = [libc::EINTR, libc::EAGAIN].map(|errno| -i64::from(errno));
    match result {
        again_later if again.contains(&again_later) => Progress::Partial,
        // What was read before the error is there; the next read will tell.
        error if error < 0 && !is_write && *done > 0 => Progress::Whole(Outcome::of(*done as i64)),
        error if error < 0 => Progress::Whole(Outcome::of(error)),
        0 if is_write && *done < wanted => Progress::Whole(Outcome::error(libc::ENOSPC)),
        count => {
            *done += count as usize;
            if *done >= wanted || count == 0 {
                Progress::Whole(Outcome::of(*done as i64))
            } else {
                Progress::Partial
            }
        }
    }
}

/// The part of `buffer` that the next call transfers.
pub(super) fn rest(buffer: Buffer, done: usize) -> (*mut u8, usize) {
    (buffer.start().wrapping_add(done), (buffer.len() - done).min(CHUNK))
}

fn transfer(fd: RawFd, op: DiskOp, done: usize) -> i64 {
    let result = match op {
        DiskOp::Read(buffer, offset) => {
            let (start, length) = rest(buffer, done);
            let offset = (offset + done as u64) as i64;
            // SAFETY: the buffer is valid until the operation completes, by
            // the contract of `Buffer::new`.
            unsafe { libc::pread(fd, start.cast(), length, offset) }
        }
        DiskOp::Write(buffer, offset, is_durable) => {
            let flags = if is_durable { libc::RWF_DSYNC } else { 0 };
            write(fd, buffer, (offset + done as u64) as i64, done, flags)
        }
        DiskOp::Append(buffer, is_durable) => {
            let flags = if is_durable { libc::RWF_DSYNC } else { 0 };
            write(fd, buffer, 0, done, flags | libc::RWF_APPEND)
        }
        DiskOp::Nothing => 0,
    };
    if result < 0 { -i64::from(errno()) } else { result as i64 }
}

/// The same on a terminal or a pipe, which has no offsets: a read ends with
/// what is there, a write when all is out.
fn stream(fd: RawFd, op: DiskOp) -> Outcome {
    let (buffer, is_write) = match op {
        DiskOp::Read(buffer, _) => (buffer, false),
        DiskOp::Write(buffer, ..) | DiskOp::Append(buffer, _) => (buffer, true),
        DiskOp::Nothing => return Outcome::of(0),
    };
    let mut done = 0;
    loop {
        let (start, length) = rest(buffer, done);
        // SAFETY: the buffer is valid until the operation completes, by the
        // contract of `Buffer::new`.
        let result = unsafe {
            if is_write {
                write_quietly(fd, start, length)
            } else {
                libc::read(fd, start.cast(), length)
            }
        };
        match (result, errno()) {
            (0.., _) => {
                done += result as usize;
                if !is_write || done >= buffer.len() {
                    return Outcome::of(done as i64);
                }
            }
            (_, libc::EINTR) => {}
            (_, libc::EAGAIN) => {
                await_ready(fd, if is_write { libc::POLLOUT } else { libc::POLLIN })
            }
            (_, error) => return Outcome::error(error),
        }
    }
}

/// Waits until a descriptor that somebody made non-blocking is ready.
fn await_ready(fd: RawFd, events: i16) {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one record, valid for writes.
    unsafe { libc::poll(&raw mut poll, 1, -1) };
}

fn write(fd: RawFd, buffer: Buffer, offset: i64, done: usize, flags: i32) -> isize {
    let (start, length) = rest(buffer, done);
    let vector = libc::iovec { iov_base: start.cast(), iov_len: length };
    // SAFETY: the buffer is valid until the operation completes, by the
    // contract of `Buffer::new`; the vector outlives the call.
    unsafe { libc::pwritev2(fd, &raw const vector, 1, offset, flags) }
}

fn fake_transfer(bytes: &mut Vec<u8>, op: DiskOp, done: usize) -> i64 {
    let (buffer, offset, is_write) = match op {
        DiskOp::Read(buffer, offset) => (buffer, offset as usize + done, false),
        DiskOp::Write(buffer, offset, _) => (buffer, offset as usize + done, true),
        DiskOp::Append(buffer, _) => (buffer, bytes.len(), true),
        DiskOp::Nothing => return 0,
    };
    let (start, length) = rest(buffer, done);
    if length == 0 {
        return 0;
    }
    if is_write {
        // As in the kernel, nothing written extends nothing.
        if length == 0 {
            return 0;
        }
        let end = offset + length;
        bytes.resize(bytes.len().max(end), 0);
        // SAFETY: the source is valid by the contract of `Buffer::new`, the
        // target is a part of the vector.
        unsafe { bytes[offset..end].as_mut_ptr().copy_from_nonoverlapping(start, length) };
        return length as i64;
    }
    let available = &bytes[offset.min(bytes.len())..];
    let length = length.min(available.len());
    // SAFETY: as above, the other way round.
    unsafe { start.copy_from_nonoverlapping(available.as_ptr(), length) };
    length as i64
}

/// Copies bytes to the start of a buffer (the fake engine's receive).
pub(super) fn fill(buffer: Buffer, bytes: impl Iterator<Item = u8>) {
    for (index, byte) in bytes.take(buffer.len()).enumerate() {
        // SAFETY: inside the buffer, which is valid until the operation
        // completes, by the contract of `Buffer::new`.
        unsafe { buffer.start().add(index).write(byte) };
    }
}

/// The first `count` bytes of a buffer (the fake engine's send).
pub(crate) fn bytes_of(buffer: Buffer, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count.min(buffer.len())];
    // SAFETY: as in `fill`; the vector is as long as what is copied.
    unsafe { bytes.as_mut_ptr().copy_from_nonoverlapping(buffer.start(), bytes.len()) };
    bytes
}

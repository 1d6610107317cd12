//! Disk files.

use super::{Lent, Step};
use crate::engine::{DiskFile, DiskOp, Engine, Op, Outcome, Stream, Tag};
use crate::status::Status;
use crate::sync::Arc;
use std::path::PathBuf;

/// What a read at the end of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfFile {
    /// An error: overlapped reads, and reads at a given offset.
    IsError,
    /// Success without bytes: reads at the file pointer.
    IsSuccess,
}

/// A disk file: a descriptor and what Windows adds to it.
#[derive(Debug)]
pub struct Disk {
    file: Arc<DiskFile>,
    /// Offsets and lengths must be multiples of this; one if anything goes.
    alignment: u32,
    /// Every write is durable before it is reported.
    is_durable: bool,
    /// The name to remove when the last handle closes.
    delete_on_close: Option<PathBuf>,
    /// A pipe's second face: what it is awaited by.
    pipe: Option<Arc<Stream>>,
}

impl Disk {
    /// A disk file over a descriptor.
    pub fn new(file: Arc<DiskFile>) -> Self {
        Self { file, alignment: 1, is_durable: false, delete_on_close: None, pipe: None }
    }

    /// Demands that offsets, lengths and addresses are multiples of
    /// `alignment`, as `FILE_FLAG_NO_BUFFERING` does.
    pub fn aligned_to(mut self, alignment: u32) -> Self {
        self.alignment = alignment.max(1);
        self
    }

    /// What offsets, lengths and addresses must be multiples of.
    pub fn alignment(&self) -> u32 {
        self.alignment
    }

    /// Makes every write durable, as `FILE_FLAG_WRITE_THROUGH` does.
    pub fn durable(mut self, is_durable: bool) -> Self {
        self.is_durable = is_durable;
        self
    }

    /// Removes the name at the end, as `FILE_FLAG_DELETE_ON_CLOSE` does.
    pub fn deleted_on_close(mut self, path: PathBuf) -> Self {
        self.delete_on_close = Some(path);
        self
    }

    /// What was opened is a pipe, which has no offsets: operations wait as
    /// those of a socket do, in order and cancelled at once.
    pub fn awaited_by(mut self, pipe: Arc<Stream>) -> Self {
        self.pipe = Some(pipe);
        self
    }

    /// What the engine works on.
    pub fn file(&self) -> &Arc<DiskFile> {
        &self.file
    }

    /// Whether writes are to be durable.
    pub fn is_durable(&self) -> bool {
        self.is_durable
    }

    /// Checks an operation before it starts.
    pub fn check(&self, op: DiskOp) -> Status {
        let (buffer, offset) = match op {
            DiskOp::Read(buffer, offset) | DiskOp::Write(buffer, offset, _) => (buffer, offset),
            DiskOp::Append(buffer, _) => (buffer, 0),
            DiskOp::Nothing => return Status::SUCCESS,
        };
        let alignment = u64::from(self.alignment);
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > i64::MAX as u64) {
            return Status::INVALID_PARAMETER;
        }
        let is_aligned = [offset, buffer.len() as u64, buffer.start() as u64]
            .into_iter()
            .all(|number| number.is_multiple_of(alignment));
        if is_aligned { Status::SUCCESS } else { Status::INVALID_PARAMETER }
    }

    pub(super) fn begin(&self, op: DiskOp) -> Step<'_> {
        let status = self.check(op);
        if status != Status::SUCCESS {
            return Step::Finish(status, 0);
        }
        let Some(pipe) = &self.pipe else { return Step::Disk(Lent::Own(&self.file), op) };
        let op = match op {
            DiskOp::Read(buffer, _) => Op::Read(buffer),
            DiskOp::Write(buffer, ..) | DiskOp::Append(buffer, _) => Op::Write(buffer, 0),
            DiskOp::Nothing => return Step::Finish(Status::SUCCESS, 0),
        };
        Step::Stream(Lent::Own(pipe), op, false)
    }

    pub(super) fn cancel(&self, engine: &Engine, matches: &dyn Fn(&Tag) -> bool) -> usize {
        match &self.pipe {
            Some(pipe) => engine.cancel(pipe, matches),
            None => engine.cancel_disk(&self.file, matches),
        }
    }

    pub(super) fn advance(&self, op: DiskOp, outcome: &Outcome) -> Step<'_> {
        let (status, bytes) = Self::settle(op, outcome, EndOfFile::IsError);
        Step::Finish(status, bytes)
    }

    /// The status and the byte count of an outcome.
    pub fn settle(op: DiskOp, outcome: &Outcome, end: EndOfFile) -> (Status, usize) {
        if let Some(errno) = outcome.errno() {
            let status = match errno {
                libc::ECANCELED => Status::CANCELLED,
                errno => Status::from_errno_file(errno),
            };
            return (status, 0);
        }
        let wants_bytes = matches!(op, DiskOp::Read(buffer, _) if !buffer.is_empty());
        if outcome.result == 0 && wants_bytes && end == EndOfFile::IsError {
            return (Status::END_OF_FILE, 0);
        }
        (Status::SUCCESS, outcome.result as usize)
    }

    pub(super) fn close(&self, engine: &Engine) {
        engine.cancel_disk(&self.file, &|_| true);
        if let Some(pipe) = &self.pipe {
            engine.close(pipe);
        }
        if let Some(path) = &self.delete_on_close {
            // Somebody may have removed it already.
            let _ = std::fs::remove_file(path);
        }
    }
}

//! One read or write of a handle, whichever function asked for it.

use crate::kernel::{engine, system};
use crate::winsock2::endpoint::Endpoint;
use libiocp::apc::Apc;
use libiocp::device::{Device, Disk, EndOfFile, SocketVerb, Verb};
use libiocp::engine::{Buffer, Buffers, DiskOp};
use libiocp::file::File;
use libiocp::object::access;
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use std::sync::Arc;

const REFUSED: Answer = Answer::Refused(Status::INVALID_PARAMETER);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

/// One ReadFile or WriteFile.
pub(crate) struct Transfer {
    pub(crate) way: Way,
    pub(crate) buffer: Buffer,
    /// Where in the file; `None` at the file pointer, if there is one.
    pub(crate) offset: Option<u64>,
}

impl Transfer {
    /// Starts it, or carries it out if the file is synchronous. `report` is
    /// asked once the file is known; without a report nobody is told but by the
    /// answer. `tell` gets the byte count of what is over at once, before
    /// anybody else does.
    pub(crate) fn start(
        self,
        handle: usize,
        report: impl FnOnce(&File) -> Result<Option<Report>, Status>,
        tell: impl FnOnce(usize),
    ) -> Answer {
        let file = match self.file(handle) {
            Ok(file) => file,
            Err(status) => return Answer::Refused(status),
        };
        let is_missing = self.buffer.start().is_null() && !self.buffer.is_empty();
        if self.way == Way::In && is_missing {
            return Answer::Refused(Status::ACCESS_VIOLATION);
        }
        let report = match report(&file) {
            Ok(report) => report,
            Err(status) => return Answer::Refused(status),
        };
        if self.way == Way::Out && is_missing {
            if let Some(event) = report.and_then(|report| report.event) {
                event.signal().reset();
            }
            return Answer::Refused(Status::INVALID_USER_BUFFER);
        }
        match file.device() {
            Device::Disk(disk) => {
                let only_appends =
                    self.way == Way::Out && system().file(handle, access::FILE_WRITE_DATA).is_err();
                self.on_disk(&file, &Arc::clone(disk), report, only_appends, tell)
            }
            Device::Socket(_) => match Endpoint::of(file) {
                Some(endpoint) => self.on_socket(&endpoint, report, tell),
                None => Answer::Refused(Status::INVALID_HANDLE),
            },
        }
    }

    fn file(&self, handle: usize) -> Result<Arc<File>, Status> {
        let value = crate::processenv_std::translate(handle);
        match self.way {
            Way::In => system().file(value, access::FILE_READ_DATA),
            Way::Out => {
                let any = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;
                system().file_with_any(value, any)
            }
        }
    }

    fn on_disk(
        self,
        file: &Arc<File>,
        disk: &Arc<Disk>,
        report: Option<Report>,
        only_appends: bool,
        tell: impl FnOnce(usize),
    ) -> Answer {
        if !file.is_overlapped() {
            return file.in_turn(|| self.on_disk_in_turn(file, disk, report, only_appends, tell));
        }
        let (Some(report), Some(offset)) = (report, self.offset) else { return REFUSED };
        match self.disk_op(disk, offset, only_appends) {
            Ok(op) => Request::start(file, Verb::Disk(op), report, tell),
            Err(status) => Answer::Refused(status),
        }
    }

    /// The operation at an offset; all ones is the end of the file, for a
    /// write.
    fn disk_op(&self, disk: &Disk, offset: u64, only_appends: bool) -> Result<DiskOp, Status> {
        let (buffer, durable) = (self.buffer, disk.is_durable());
        match (self.way, offset) {
            (Way::Out, _) if only_appends => Ok(DiskOp::Append(buffer, durable)),
            (Way::Out, u64::MAX) => Ok(DiskOp::Append(buffer, durable)),
            (_, offset) if offset > i64::MAX as u64 => Err(Status::INVALID_PARAMETER),
            (Way::In, offset) => Ok(DiskOp::Read(buffer, offset)),
            // Nothing extends a file by writing nothing.
            (Way::Out, _) if buffer.is_empty() => Ok(DiskOp::Nothing),
            (Way::Out, offset) => Ok(DiskOp::Write(buffer, offset, durable)),
        }
    }

    /// A synchronous file: the calling thread does it, and waits its turn.
    fn on_disk_in_turn(
        &self,
        file: &File,
        disk: &Disk,
        report: Option<Report>,
        only_appends: bool,
        tell: impl FnOnce(usize),
    ) -> Answer {
        let offset = self.offset.unwrap_or_else(|| file.with_position(|position| *position));
        let op = match self.disk_op(disk, offset, only_appends) {
            Ok(op) if !disk.check(op).is_error() => op,
            _ => return REFUSED,
        };
        if let Some(report) = &report {
            report.overlapped.mark_pending();
            if let Some(event) = &report.event {
                event.signal().reset();
            }
        }
        file.signal().reset();
        let outcome = libiocp::blocking(|| engine().carry_out(disk.file(), op));
        let end = if report.is_some() { EndOfFile::IsError } else { EndOfFile::IsSuccess };
        let (status, bytes) = Disk::settle(op, &outcome, end);
        if !status.is_error() {
            file.with_position(|position| *position = end_position(disk, op, offset, bytes));
            tell(bytes);
        }
        match report {
            Some(report) => settle(file, report, status, bytes),
            None => {
                file.signal().set();
            }
        }
        Answer::Done(status, bytes)
    }

    /// As a receive or a send with one buffer; what fails is told in the codes of files.
    fn on_socket(
        self,
        endpoint: &Endpoint,
        report: Option<Report>,
        tell: impl FnOnce(usize),
    ) -> Answer {
        let buffers = Buffers::One(self.buffer);
        let verb = Verb::Socket(match self.way {
            Way::In => SocketVerb::receive(buffers),
            Way::Out => SocketVerb::send(buffers, 0, None),
        });
        endpoint.settle_connecting();
        let file = &endpoint.file;
        let report = match report {
            None if file.is_overlapped() => return REFUSED,
            Some(report) if file.is_overlapped() => {
                return Request::start(file, verb, report, tell);
            }
            report => report,
        };
        if let Some(event) = report.as_ref().and_then(|report| report.event.as_ref()) {
            event.signal().reset();
        }
        let (status, bytes) = endpoint.run(verb);
        if !status.is_error() {
            tell(bytes);
        }
        if let Some(report) = report {
            settle(file, report, status, bytes);
        }
        Answer::Done(status, bytes)
    }
}

/// A synchronous file has no port: what is left is the status, the event and
/// the call.
fn settle(file: &File, report: Report, status: Status, bytes: usize) {
    let overlapped = report.overlapped.address();
    report.overlapped.settle(status, bytes);
    match &report.event {
        Some(event) => event.signal().set(),
        None => file.signal().set(),
    };
    if let Then::Call(thread, routine) = report.then {
        thread.queue_apc(Apc::Completion { routine, status, bytes, overlapped });
    }
}

/// Where the file pointer is after an operation.
fn end_position(disk: &Disk, op: DiskOp, offset: u64, bytes: usize) -> u64 {
    match op {
        DiskOp::Append(..) => super::pointer::length(disk).unwrap_or(0),
        _ => offset + bytes as u64,
    }
}

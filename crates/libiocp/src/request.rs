//! One operation from start to its single finish.
//!
//! Everything that finishes goes through `Request::finish`: it settles the
//! caller's OVERLAPPED, sets an event, and posts a packet or queues a call, in
//! this order.

use crate::apc::{Apc, CompletionRoutine};
use crate::device::{Step, Verb};
use crate::engine::{Complete, Outcome, Started, Tag};
use crate::event::Event;
use crate::file::{Association, File};
use crate::overlapped::OverlappedRef;
use crate::port::Packet;
use crate::status::Status;
use crate::sync::{Arc, AtomicBool, Ordering};
use crate::thread::Thread;

/// How a request is reported: copied from the caller's OVERLAPPED at the start.
#[derive(Clone, Debug)]
pub struct Report {
    /// The caller's OVERLAPPED.
    pub overlapped: OverlappedRef,
    /// The caller's event.
    pub event: Option<Arc<Event>>,
    /// What follows the event.
    pub then: Then,
}

/// What follows when a request has finished and its event is set.
#[derive(Clone, Debug)]
pub enum Then {
    /// Nothing: the event's low bit was set, or there was no context.
    Nothing,
    /// A packet, if the file has a port by then.
    Packet,
    /// A call of the routine by the thread that started the request, whether
    /// the file has a port by then or not.
    Call(Arc<Thread>, CompletionRoutine),
}

impl Then {
    /// A call by the calling thread.
    pub fn call(routine: CompletionRoutine) -> Self {
        Self::Call(Thread::current(), routine)
    }
}

/// What became of a request when it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It never was: nothing will be reported.
    Refused(Status),
    /// It is over and has been reported.
    Done(Status, usize),
    /// It will be reported.
    Pending,
}

/// One operation.
#[doc(alias = "IRP")]
#[derive(Debug)]
pub struct Request {
    file: Arc<File>,
    verb: Verb,
    report: Report,
    tag: Tag,
    is_finished: AtomicBool,
}

impl Request {
    /// Starts an operation. `before_done` is told the byte count of one that
    /// succeeds at once, before anybody else is.
    ///
    /// After this returns, the caller's OVERLAPPED may be gone unless the
    /// request was refused.
    pub fn start(
        file: &Arc<File>,
        mut verb: Verb,
        report: Report,
        before_done: impl FnOnce(usize),
    ) -> Answer {
        report.overlapped.mark_pending();
        if let Some(event) = &report.event {
            event.signal().reset();
        }
        file.signal().reset();
        let ends_with_thread = report.event.is_some() || !matches!(report.then, Then::Packet);
        let tag = file.tag(report.overlapped.address(), ends_with_thread, verb.acceptor());
        let step = file.device().begin(&mut verb);
        let is_finished = AtomicBool::new(false);
        let mut holder =
            Holder::Alone(Self { file: Arc::clone(file), verb, report, tag, is_finished });
        match (holder.walk(file, tag, step), holder.request()) {
            (Some((status, _)), _) if status.is_error() => Answer::Refused(status),
            (Some((status, bytes)), Some(request)) => {
                if status.is_success() {
                    before_done(bytes);
                }
                request.finish(status, bytes, false);
                Answer::Done(status, bytes)
            }
            _ => Answer::Pending,
        }
    }

    /// An operation that is known to fail, but whose caller is told so later.
    pub fn fail(file: &Arc<File>, status: Status, report: Report) -> Answer {
        report.overlapped.mark_pending();
        if let Some(event) = &report.event {
            event.signal().reset();
        }
        file.signal().reset();
        let is_finished = AtomicBool::new(false);
        let verb = Verb::Settled(status, 0);
        let tag = Tag::default();
        Self { file: Arc::clone(file), verb, report, tag, is_finished }.finish(status, 0, true);
        Answer::Pending
    }

    /// The one place where a request ends.
    fn finish(&self, status: Status, bytes: usize, was_pending: bool) {
        let finished_before = self.is_finished.swap(true, Ordering::Relaxed);
        debug_assert!(!finished_before, "a request finishes once");
        let file = &self.file;
        let context = self.report.overlapped.context();
        self.report.overlapped.settle(status, bytes);
        match &self.report.event {
            Some(event) => {
                event.signal().set();
            }
            None => file.signal_completion(),
        }
        let may_skip = !was_pending && status.is_success();
        let post = |association: &Association| {
            association.port.post(Packet::with_status(association.key, context, status, bytes));
        };
        let is_posted = match &self.report.then {
            Then::Packet if may_skip && file.skips_packet_on_success() => false,
            Then::Packet => file.with_association(post).is_some(),
            Then::Nothing => false,
            Then::Call(thread, routine) => {
                let (routine, overlapped) = (*routine, self.report.overlapped.address());
                thread.queue_apc(Apc::Completion { routine, status, bytes, overlapped });
                false
            }
        };
        if !is_posted {
            self.report.overlapped.release();
        }
    }
}

impl Complete for Request {
    fn complete(self: Arc<Self>, outcome: Outcome) {
        let file = Arc::clone(&self.file);
        let step = file.device().advance(file.engine(), &self.verb, outcome);
        let tag = self.tag;
        let mut holder = Holder::Shared(self);
        let end = holder.walk(&file, tag, step);
        if let (Some((status, bytes)), Some(request)) = (end, holder.request()) {
            request.finish(status, bytes, true);
        }
    }
}

/// Who holds a request while it is walked on. It is put into shared memory
/// only when it has to wait, and then it is the engine's.
// Boxing the larger form would be the allocation that it avoids.
#[allow(clippy::large_enum_variant)]
enum Holder {
    Alone(Request),
    Shared(Arc<Request>),
    Engine,
}

impl Holder {
    fn request(&self) -> Option<&Request> {
        match self {
            Holder::Alone(request) => Some(request),
            Holder::Shared(request) => Some(request),
            Holder::Engine => None,
        }
    }

    /// Hands the request to the engine.
    fn give(&mut self) -> Arc<dyn Complete> {
        match std::mem::replace(self, Holder::Engine) {
            Holder::Alone(request) => Arc::new(request),
            Holder::Shared(request) => request,
            Holder::Engine => unreachable!("a request is given once"),
        }
    }

    /// Walks on from `step` until something has to wait, and then the request
    /// is the engine's; or until the end, which is returned. The file and the
    /// tag are the request's, lent by the caller because it may be gone.
    fn walk(&mut self, file: &File, tag: Tag, mut step: Step) -> Option<(Status, usize)> {
        let engine = file.engine();
        loop {
            let outcome = match step {
                Step::Finish(status, bytes) => return Some((status, bytes)),
                Step::Ready(outcome) => outcome,
                Step::Disk(disk, op) => {
                    engine.submit(&disk, op, tag, self.give());
                    return None;
                }
                Step::Stream(stream, op, must_wait) => {
                    match engine.start(&stream, op, tag, must_wait, || self.give()) {
                        Started::Pending => return None,
                        Started::Done(outcome) => outcome,
                    }
                }
            };
            step = file.device().advance(engine, &self.request()?.verb, outcome);
        }
    }
}

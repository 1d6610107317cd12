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
use crate::port::{Packet, Promise};
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

impl Report {
    /// Claims room for the packet, so that it will need no memory. A file that
    /// has no port yet can claim none.
    #[inline]
    fn promise(&self, file: &File) -> Result<Option<Promise>, Status> {
        match self.then {
            Then::Packet => file.with_association(|it| it.port.promise()).transpose(),
            Then::Nothing | Then::Call(..) => Ok(None),
        }
    }
}

/// There will be no packet.
fn renounce(file: &File, promise: Option<Promise>) {
    if let Some(promise) = promise {
        file.with_association(|it| it.port.renounce(promise));
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
    job: Job,
}

/// A request without its file, which only one that has to wait holds on to.
#[derive(Debug)]
struct Job {
    verb: Verb,
    report: Report,
    tag: Tag,
    /// Room for the packet.
    promise: Option<Promise>,
    /// Kept up in debug builds.
    is_finished: AtomicBool,
}

impl Request {
    /// Starts an operation. `before_done` is told the byte count of one that
    /// succeeds at once, before anybody else is.
    ///
    /// After this returns, the caller's OVERLAPPED may be gone unless the
    /// request was refused.
    #[inline]
    pub fn start(
        file: &Arc<File>,
        mut verb: Verb,
        report: Report,
        before_done: impl FnOnce(usize),
    ) -> Answer {
        let promise = match report.promise(file) {
            Ok(promise) => promise,
            Err(status) => return Answer::Refused(status),
        };
        report.overlapped.mark_pending();
        if let Some(event) = &report.event {
            event.signal().reset();
            file.reset_signal();
        }
        let ends_with_thread = report.event.is_some() || !matches!(report.then, Then::Packet);
        let tag = file.tag(report.overlapped.address(), ends_with_thread, verb.acceptor());
        let step = file.device().begin(&mut verb);
        let mut holder = Holder::Alone(Job::new(verb, report, tag, promise));
        match (holder.walk(file, tag, step), &holder) {
            (Some((status, _)), _) if status.is_error() => {
                file.reset_signal();
                renounce(file, promise);
                Answer::Refused(status)
            }
            (Some((status, bytes)), Holder::Alone(job)) => {
                if status.is_success() {
                    before_done(bytes);
                }
                job.finish(file, status, bytes, false);
                Answer::Done(status, bytes)
            }
            _ => Answer::Pending,
        }
    }

    /// An operation that is known to fail, but whose caller is told so later.
    pub fn fail(file: &Arc<File>, status: Status, report: Report) -> Answer {
        let promise = match report.promise(file) {
            Ok(promise) => promise,
            Err(status) => return Answer::Refused(status),
        };
        report.overlapped.mark_pending();
        if let Some(event) = &report.event {
            event.signal().reset();
        }
        file.reset_signal();
        let verb = Verb::Settled(status, 0);
        Job::new(verb, report, Tag::default(), promise).finish(file, status, 0, true);
        Answer::Pending
    }
}

impl Job {
    fn new(verb: Verb, report: Report, tag: Tag, promise: Option<Promise>) -> Self {
        Self { verb, report, tag, promise, is_finished: AtomicBool::new(false) }
    }

    /// The one place where a request ends.
    fn finish(&self, file: &File, status: Status, bytes: usize, was_pending: bool) {
        if cfg!(debug_assertions) {
            let finished_before = self.is_finished.swap(true, Ordering::Relaxed);
            assert!(!finished_before, "a request finishes once");
        }
        let may_skip = !was_pending && status.is_success();
        let context = self.report.overlapped.context();
        self.report.overlapped.settle(status, bytes);
        match &self.report.event {
            Some(_) if may_skip && file.skips_event_on_fast_io() => {}
            Some(event) => {
                event.signal().set();
            }
            None => file.signal_completion(was_pending),
        }
        let post = |association: &Association| {
            let packet = Packet::with_status(association.key, context, status, bytes);
            match self.promise {
                Some(promise) => association.port.post_promised(promise, packet),
                None => association.port.post(packet),
            }
        };
        let is_posted = match &self.report.then {
            Then::Packet if may_skip && file.skips_packet_on_success() => {
                renounce(file, self.promise);
                false
            }
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
        let Self { file, job } = &*self;
        let step = match file.device().advance(file.engine(), &job.verb, outcome) {
            Step::Finish(status, bytes) => return job.finish(file, status, bytes, true),
            step => step.into_owned(),
        };
        let (file, tag) = (Arc::clone(file), job.tag);
        let mut holder = Holder::Shared(self);
        if let (Some((status, bytes)), Holder::Shared(request)) =
            (holder.walk(&file, tag, step), &holder)
        {
            request.job.finish(&file, status, bytes, true);
        }
    }
}

/// Who holds a request while it is walked on. It is put into shared memory
/// only when it has to wait, and then it is the engine's.
// Boxing the larger form would be the allocation that it avoids.
#[allow(clippy::large_enum_variant)]
enum Holder {
    Alone(Job),
    Shared(Arc<Request>),
    Engine,
}

impl Holder {
    fn verb(&self) -> Option<&Verb> {
        match self {
            Holder::Alone(job) => Some(&job.verb),
            Holder::Shared(request) => Some(&request.job.verb),
            Holder::Engine => None,
        }
    }

    /// Hands the request to the engine.
    fn give(&mut self, file: &Arc<File>) -> Arc<dyn Complete> {
        match std::mem::replace(self, Holder::Engine) {
            Holder::Alone(job) => {
                // Nothing can have ended it yet.
                file.reset_signal();
                Arc::new(Request { file: Arc::clone(file), job })
            }
            Holder::Shared(request) => request,
            Holder::Engine => unreachable!("a request is given once"),
        }
    }

    /// Walks on from `step` until something has to wait, and then the request
    /// is the engine's; or until the end, which is returned. The file and the
    /// tag are the request's, lent by the caller because it may be gone.
    #[inline]
    fn walk<'a>(
        &mut self,
        file: &'a Arc<File>,
        tag: Tag,
        mut step: Step<'a>,
    ) -> Option<(Status, usize)> {
        let engine = file.engine();
        loop {
            let outcome = match step {
                Step::Finish(status, bytes) => return Some((status, bytes)),
                Step::Ready(outcome) => outcome,
                Step::Disk(disk, op) => {
                    engine.submit(&disk, op, tag, self.give(file));
                    return None;
                }
                Step::Stream(stream, op, must_wait) => {
                    match engine.start(&stream, op, tag, must_wait, || self.give(file)) {
                        Started::Pending => return None,
                        Started::Done(outcome) => outcome,
                    }
                }
            };
            step = file.device().advance(engine, self.verb()?, outcome);
        }
    }
}

//! Requests whose end is told by a call, below the C ABI.
#![allow(unsafe_code)]

mod support;

use libiocp::apc::{Apc, CompletionRoutine};
use libiocp::device::{Device, Socket, SocketVerb, Verb};
use libiocp::engine::{Buffer, Buffers};
use libiocp::file::File;
use libiocp::handle::Handle;
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::port::Port;
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use libiocp::thread::Thread;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use support::{World, on_each_engine};

unsafe extern "C-unwind" fn routine(_: u32, _: u32, _: *mut c_void) {}

/// A socket, and the other end of its connection.
fn pair(world: &World) -> (Handle<File>, Handle<File>) {
    let (one, other) = match &world.fake {
        Some(fake) => fake.pair(4096),
        None => {
            let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
            let stream = |end: std::os::unix::net::UnixStream| {
                end.set_nonblocking(true).unwrap();
                world.engine.stream(end.into(), true)
            };
            (stream(one), stream(other))
        }
    };
    let file = |stream| {
        let device = Device::Socket(Arc::new(Socket::connected_over(stream)));
        Handle::new(File::new(device, Arc::clone(&world.engine), true))
    };
    (file(one), file(other))
}

/// Keeps what an operation works on until the test ends.
struct Caller {
    overlapped: Box<Overlapped>,
    bytes: Box<[u8]>,
}

impl Caller {
    fn new() -> Self {
        Self { overlapped: Box::default(), bytes: vec![b'x'; 3].into() }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(&*self.overlapped) as usize
    }

    fn start(&mut self, file: &Arc<File>, then: Then, verb: fn(Buffers) -> SocketVerb) -> Answer {
        // SAFETY: every test keeps its callers until their operations are over.
        let (overlapped, buffer) = unsafe {
            (
                OverlappedRef::new(NonNull::from(&*self.overlapped)),
                Buffer::new(self.bytes.as_mut_ptr(), self.bytes.len()),
            )
        };
        let report = Report { overlapped, event: None, then };
        Request::start(file, Verb::Socket(verb(Buffers::One(buffer))), report, |_| {})
    }

    fn receive(&mut self, file: &Arc<File>, then: Then) -> Answer {
        self.start(file, then, SocketVerb::receive)
    }

    fn send(&mut self, world: &World, file: &Arc<File>) {
        self.start(file, Then::Nothing, |buffers| SocketVerb::send(buffers, 0, None));
        world.until("it is sent", || self.overlapped.status() != Status::PENDING);
    }
}

fn call() -> Then {
    Then::call(CompletionRoutine::File(routine))
}

/// The end that the oldest queued call tells of: OVERLAPPED, status, bytes.
fn told(world: &World) -> (usize, Status, usize) {
    let thread = Thread::current();
    world.until("a call is queued", || thread.alert().is_set());
    match thread.next_apc() {
        Some(Apc::Completion { status, bytes, overlapped, .. }) => (overlapped, status, bytes),
        other => panic!("{other:?}"),
    }
}

#[test]
fn port_022_a_call_is_queued_whatever_port_the_file_has_by_then() {
    on_each_engine(|world| {
        let (here, there) = pair(world);
        let (mut first, mut second, mut sent) = (Caller::new(), Caller::new(), Caller::new());
        assert_eq!(first.receive(&here, call()), Answer::Pending);
        let port = Handle::new(Port::new(1));
        here.associate(&port.reference(), 7).unwrap();
        sent.send(world, &there);
        assert_eq!(told(world), (first.address(), Status::SUCCESS, 3));
        assert_eq!(port.depth(), 0);
        second.receive(&here, Then::Packet);
        sent.send(world, &there);
        world.until("a packet is queued", || port.depth() == 1);
        assert!(Thread::current().next_apc().is_none());
    });
}

#[test]
fn port_183_a_cancelled_operation_is_told_by_one_call() {
    on_each_engine(|world| {
        let (here, _there) = pair(world);
        let mut caller = Caller::new();
        assert_eq!(caller.receive(&here, call()), Answer::Pending);
        assert!(here.cancel_mine());
        assert_eq!(told(world), (caller.address(), Status::CANCELLED, 0));
        world.settle();
        assert!(!here.cancel_mine());
        assert!(Thread::current().next_apc().is_none());
    });
}

#[test]
fn port_204_a_call_and_the_files_own_signal_tell_of_the_end() {
    on_each_engine(|world| {
        let (here, there) = pair(world);
        let (mut caller, mut sent) = (Caller::new(), Caller::new());
        assert_eq!(caller.receive(&here, call()), Answer::Pending);
        assert!(!here.signal().is_set());
        sent.send(world, &there);
        assert_eq!(told(world), (caller.address(), Status::SUCCESS, 3));
        assert!(here.signal().is_set());
    });
}

#[test]
fn port_193_the_end_of_a_thread_cancels_what_it_was_to_be_called_for() {
    on_each_engine(|world| {
        let (here, _there) = pair(world);
        let mut caller = Caller::new();
        let thread = std::thread::scope(|scope| {
            let start = || {
                assert_eq!(caller.receive(&here, call()), Answer::Pending);
                let port = Handle::new(Port::new(1));
                here.associate(&port.reference(), 7).unwrap();
                let thread = Thread::current();
                thread.end(0);
                thread
            };
            scope.spawn(start).join().unwrap()
        });
        world.until("it is cancelled", || caller.overlapped.status() != Status::PENDING);
        assert_eq!(caller.overlapped.status(), Status::CANCELLED);
        world.settle();
        assert!(!thread.alert().is_set() && thread.next_apc().is_none());
    });
}

//! A caller of the C ABI, and what it starts.

use crate::support::{LIMIT, World};
use libiocp::device::{Device, Disk, Socket, Verb};
use libiocp::engine::{Buffer, Buffers, DiskOp};
use libiocp::event::Event;
use libiocp::file::File;
use libiocp::handle::Handle;
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::port::{NoPacket, Packet, Port};
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::Arc;

/// What a caller of the C ABI has: an OVERLAPPED, a buffer, perhaps an event.
pub(crate) struct Caller {
    pub(crate) overlapped: Box<Overlapped>,
    pub(crate) buffer: Box<[UnsafeCell<u8>]>,
    pub(crate) event: Option<Arc<Event>>,
    pub(crate) then: Then,
}

// SAFETY: the buffer is looked at when its operation is over only.
unsafe impl Sync for Caller {}

impl Caller {
    pub(crate) fn new(offset: u64, bytes: &[u8]) -> Self {
        let overlapped = Box::new(Overlapped::at(offset));
        let buffer = bytes.iter().copied().map(UnsafeCell::new).collect();
        Self { overlapped, buffer, event: None, then: Then::Packet }
    }

    pub(crate) fn with_event(self) -> Self {
        Self { event: Some(Arc::new(Event::new(true, false))), ..self }
    }

    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(&*self.overlapped) as usize
    }

    pub(crate) fn report(&self) -> Report {
        // SAFETY: every test keeps its callers until their operations are over.
        let overlapped = unsafe { OverlappedRef::new(NonNull::from(&*self.overlapped)) };
        Report { overlapped, event: self.event.clone(), then: self.then.clone() }
    }

    pub(crate) fn buffer(&self) -> Buffer {
        let start = UnsafeCell::raw_get(self.buffer.as_ptr());
        // SAFETY: as in `report`.
        unsafe { Buffer::new(start, self.buffer.len()) }
    }

    /// What is in the buffer when the operation is over.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // SAFETY: nothing writes any more.
        self.buffer.iter().map(|byte| unsafe { *byte.get() }).collect()
    }

    pub(crate) fn read(&self, file: &Arc<File>) -> Answer {
        let verb = Verb::Disk(DiskOp::Read(self.buffer(), self.overlapped.offset()));
        Request::start(file, verb, self.report(), |_| {})
    }

    pub(crate) fn receive(&self, file: &Arc<File>) -> Answer {
        use libiocp::device::SocketVerb;
        let verb = Verb::Socket(SocketVerb::receive(Buffers::One(self.buffer())));
        Request::start(file, verb, self.report(), |_| {})
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.overlapped.status() != Status::PENDING
    }
}

pub(crate) fn disk(world: &World, bytes: &[u8]) -> Handle<File> {
    let file = match &world.fake {
        Some(fake) => fake.disk_file(bytes.to_vec()),
        None => {
            let path = crate::support::temporary_path();
            std::fs::write(&path, bytes).unwrap();
            let file = std::fs::File::open(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            world.engine.disk_file(file.into())
        }
    };
    let device = Device::Disk(Arc::new(Disk::new(file)));
    Handle::new(File::new(device, Arc::clone(&world.engine), true))
}

pub(crate) fn pair(world: &World) -> (Handle<File>, Handle<File>) {
    let (one, other) = match &world.fake {
        Some(fake) => fake.pair(4096),
        None => {
            let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
            one.set_nonblocking(true).unwrap();
            other.set_nonblocking(true).unwrap();
            let stream =
                |end: std::os::unix::net::UnixStream| world.engine.stream(end.into(), true);
            (stream(one), stream(other))
        }
    };
    let file = |stream| {
        let device = Device::Socket(Arc::new(Socket::connected_over(stream)));
        Handle::new(File::new(device, Arc::clone(&world.engine), true))
    };
    (file(one), file(other))
}

pub(crate) fn send(world: &World, file: &Arc<File>, bytes: &[u8]) {
    use libiocp::device::SocketVerb;
    let caller = Caller::new(0, bytes);
    let verb = Verb::Socket(SocketVerb::send(Buffers::One(caller.buffer()), 0, None));
    Request::start(file, verb, caller.report(), |_| {});
    world.until("it is sent", || caller.is_settled());
}

pub(crate) fn take(world: &World, port: &Arc<Port>) -> Packet {
    let mut packets = [Packet::default()];
    let deadline = Some(Deadline::after(LIMIT));
    assert_eq!(port.take(&mut packets, deadline, &*world.engine), Ok(1));
    packets[0]
}

pub(crate) fn assert_no_packet(world: &World, port: &Arc<Port>) {
    let mut packets = [Packet::default()];
    let now = Some(Deadline::now());
    assert_eq!(port.take(&mut packets, now, &*world.engine), Err(NoPacket::TimedOut));
}

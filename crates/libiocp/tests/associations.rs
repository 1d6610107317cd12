//! A file that changes its port.
#![allow(unsafe_code)]

#[path = "support/memory.rs"]
mod memory;
mod support;

use libiocp::device::{Device, Socket, SocketVerb, Verb};
use libiocp::file::{Association, File};
use libiocp::handle::Handle;
use libiocp::port::{NoPacket, Packet, Port};
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use memory::Memory;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use support::{LIMIT, World, on_kernel_engines};

fn receive(file: &Arc<File>, memory: &Memory) -> Answer {
    let report = Report { overlapped: memory.overlapped(), event: None, then: Then::Packet };
    Request::start(file, Verb::Socket(SocketVerb::receive(memory.buffers())), report, |_| {})
}

fn take(world: &World, port: &Arc<Port>, limit: Deadline) -> Result<Packet, NoPacket> {
    let mut packets = [Packet::default()];
    port.take(&mut packets, Some(limit), &*world.engine).map(|_| packets[0])
}

/// While something is pending the port stays; otherwise it is another one, or
/// none, from then on, and a file without a port may be tied to one again.
/// Rules: PORT-226.
#[test]
fn i11_a_file_changes_its_port_only_while_nothing_is_pending() {
    on_kernel_engines(|world| {
        let ports = [0, 1, 2].map(|_| Handle::new(Port::new(1)));
        let to = |port: usize, key| Some(Association { port: ports[port].reference(), key });
        let (end, mut peer) = UnixStream::pair().unwrap();
        end.set_nonblocking(true).unwrap();
        let device = Socket::connected_over(world.engine.stream(end.into(), true));
        let device = Device::Socket(Arc::new(device));
        let file = Handle::new(File::new(device, Arc::clone(&world.engine), true));
        let refused = Err(Status::INVALID_PARAMETER);
        let mut one_more = |port: usize, key| {
            let memory = Memory::new(0, &[0; 4]);
            assert_eq!(receive(&file, &memory), Answer::Pending);
            assert_eq!(file.reassociate(to(1, 99)), refused);
            assert_eq!(file.reassociate(None), refused);
            peer.write_all(b"data").unwrap();
            let packet = take(world, &ports[port], Deadline::after(LIMIT)).unwrap();
            assert_eq!((packet.key, packet.bytes), (key, 4));
        };
        file.associate(&ports[0], 10).unwrap();
        one_more(0, 10);
        file.reassociate(to(1, 11)).unwrap();
        assert_eq!(file.associate(&ports[2], 12), refused);
        one_more(1, 11);
        file.reassociate(None).unwrap();
        assert!(!file.is_associated());
        file.associate(&ports[2], 12).unwrap();
        assert_eq!(file.associate(&ports[2], 13), refused);
        one_more(2, 12);
        for port in &ports {
            assert_eq!(take(world, port, Deadline::now()), Err(NoPacket::TimedOut));
        }
    });
}

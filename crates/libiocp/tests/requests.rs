//! The contract of requests, below the Rust API: what is told, in which order,
//! and when an object goes.
#![allow(unsafe_code)]

#[path = "support/caller.rs"]
mod caller;
mod support;

use caller::{Caller, assert_no_packet, disk, pair, send, take};
use libiocp::device::Verb;
use libiocp::engine::Faults;
use libiocp::file::{Association, SKIP_COMPLETION_PORT_ON_SUCCESS, SKIP_SET_USER_EVENT_ON_FAST_IO};
use libiocp::handle::{Close, Handle, HandleCount};
use libiocp::port::{Packet, Port};
use libiocp::request::{Answer, Request, Then};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use libiocp::wait::wait_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Census, LIMIT, fake, on_each_engine, run};

/// What counts how often it was closed.
#[derive(Debug, Default)]
struct Thing {
    handles: HandleCount,
    closed: AtomicUsize,
}

impl Close for Thing {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    fn close(self: &Arc<Self>) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// An object closes when its last handle goes, whoever refers to it.
#[test]
fn i01_an_object_closes_once_with_its_last_handle() {
    let handle = Handle::new(Thing::default());
    let reference = handle.reference();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let handle = handle.clone();
            std::thread::spawn(move || drop(handle.clone()))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(reference.closed.load(Ordering::SeqCst), 0);
    drop(handle);
    assert_eq!(reference.closed.load(Ordering::SeqCst), 1);
    assert_eq!(reference.handles.get(), 0);
}

/// What a queued packet carries may use the library when it is dropped: no
/// lock is held then, nor while a request ends.
#[test]
fn i02_no_lock_is_held_while_an_object_closes() {
    struct Curious(libiocp::PortRef, libiocp::TcpStream, Arc<AtomicUsize>);
    impl AsMut<[u8]> for Curious {
        fn as_mut(&mut self) -> &mut [u8] {
            &mut []
        }
    }
    impl Drop for Curious {
        fn drop(&mut self) {
            self.0.post(1, 1).unwrap();
            self.1.cancel_all();
            self.2.fetch_add(1, Ordering::SeqCst);
        }
    }
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        let dropped = Arc::new(AtomicUsize::new(0));
        let curious = || Curious(port.reference(), other.clone(), Arc::clone(&dropped));
        other.start_receive(curious()).unwrap();
        port.post_value(0, 0, curious()).unwrap();
        drop(one);
        world.until("the request ends", || dropped.load(Ordering::SeqCst) == 1);
        drop(port);
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
    });
}

/// A pending request keeps the file's memory and not the file open.
#[test]
fn i04_a_pending_request_holds_no_handle() {
    on_each_engine(|world| {
        let (_one, other) = pair(world);
        let caller = Caller::new(0, &[0; 4]);
        let reference = other.reference();
        assert_eq!(caller.receive(&reference), Answer::Pending);
        assert_eq!(reference.handle_count().get(), 1);
        drop(other);
        world.until("the request ends", || caller.is_settled());
        assert!(caller.overlapped.status().is_error());
    });
}

/// Under every fault that the fake engine knows, and with cancels in between,
/// each request that was accepted has one packet.
/// Rules: FILE-05, PORT-136.
#[test]
fn i05_a_request_finishes_once() {
    let seeds = if cfg!(miri) { 3 } else { 200 };
    for seed in 1..=seeds {
        let faults = Faults { errors: 10, shorts: 30, delays: 30 };
        run(&fake(seed, faults), |world| {
            let (port, census) = (world.port(1), Census::default());
            let (file, (one, other)) = (world.file(&[5; 64]), world.pair());
            file.associate(&port, 1).unwrap();
            other.associate(&port, 2).unwrap();
            one.associate(&port, 3).unwrap();
            let mut accepted = Vec::new();
            for round in 0..8 {
                accepted.extend(file.start_read(census.buffer(&[0; 8]), round * 8).ok());
                accepted.extend(other.start_receive(census.buffer(&[0; 3])).ok());
                accepted.extend(one.start_send(census.buffer(&[1; 2])).ok());
                if let Some(operation) = accepted.iter().nth_back((seed + round) as usize % 4) {
                    operation.cancel();
                }
            }
            drop((one, other, file));
            world.settle();
            let mut completions = Vec::new();
            while port.get_many(&mut completions, 64, Some(Duration::ZERO)).is_ok() {}
            assert_eq!(completions.len(), accepted.len());
            for operation in &accepted {
                assert!(!operation.is_pending());
                let packets = completions.iter().filter(|it| it.is_of(operation)).count();
                assert_eq!(packets, 1, "an operation has one packet");
            }
            drop(completions);
            assert_eq!(census.living(), 0);
        });
    }
}

/// From start to finish the OVERLAPPED reads STATUS_PENDING.
#[test]
fn i06_the_overlapped_reads_pending_until_the_finish() {
    on_each_engine(|world| {
        let (one, other) = pair(world);
        let caller = Caller::new(0, &[0; 4]);
        assert_eq!(caller.receive(&other), Answer::Pending);
        assert_eq!(caller.overlapped.status(), Status::PENDING);
        assert_eq!(caller.overlapped.status().0, 0x103);
        send(world, &one, b"data");
        world.until("the request ends", || caller.is_settled());
        assert_eq!(caller.overlapped.status(), Status::SUCCESS);
        assert_eq!(caller.overlapped.bytes(), 4);
    });
}

/// Who waits for the event finds data, count and status; who takes the packet
/// finds the event set as well.
/// Rules: PORT-129.
#[test]
fn i07_data_then_count_then_status_then_event_then_packet() {
    on_each_engine(|world| {
        let rounds = if cfg!(miri) { 2 } else { 50 };
        let (port, (one, other)) = (Handle::new(Port::new(1)), pair(world));
        other.associate(&port, 9).unwrap();
        for _ in 0..rounds {
            let caller = Caller::new(0, &[0; 4]).with_event();
            assert_eq!(caller.receive(&other), Answer::Pending);
            let event = caller.event.clone().unwrap();
            assert!(!event.signal().is_set());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let deadline = Some(Deadline::after(LIMIT));
                    assert_eq!(wait_any(&[event.signal()], deadline, &*world.engine), Some(0));
                    assert_eq!(caller.overlapped.status(), Status::SUCCESS);
                    assert_eq!(caller.overlapped.bytes(), 4);
                    assert_eq!(caller.bytes(), b"data");
                });
                send(world, &one, b"data");
            });
            let packet = take(world, &port);
            assert!(event.signal().is_set());
            assert_eq!((packet.key, packet.overlapped), (9, caller.address()));
            assert_eq!((packet.status(), packet.bytes), (Status::SUCCESS, 4));
        }
    });
}

/// A receive that has ended gets nothing more: what comes later is the next
/// one's.
#[test]
fn i08_a_buffer_is_not_touched_after_the_finish() {
    on_each_engine(|world| {
        let (one, other) = pair(world);
        let (first, second) = (Caller::new(0, &[7; 4]), Caller::new(0, &[7; 4]));
        assert_eq!(first.receive(&other), Answer::Pending);
        assert!(other.cancel_all(Some(first.address())));
        world.until("the first ends", || first.is_settled());
        assert_eq!(first.overlapped.status(), Status::CANCELLED);
        assert_eq!(second.receive(&other), Answer::Pending);
        send(world, &one, b"data");
        world.until("the second ends", || second.is_settled());
        assert_eq!((first.bytes(), second.bytes()), (vec![7; 4], b"data".to_vec()));
    });
}

/// Success, error or cancelled: whatever was accepted completes.
#[test]
fn i09_every_accepted_operation_completes() {
    on_each_engine(|world| {
        let port = Handle::new(Port::new(1));
        let (file, (_one, other)) = (disk(world, &[3; 16]), pair(world));
        file.associate(&port, 1).unwrap();
        other.associate(&port, 2).unwrap();
        let good = Caller::new(0, &[0; 16]);
        let behind_the_end = Caller::new(100, &[0; 16]);
        let in_vain = Caller::new(0, &[0; 16]);
        good.read(&file);
        behind_the_end.read(&file);
        assert_eq!(in_vain.receive(&other), Answer::Pending);
        other.cancel_mine();
        let mut found: Vec<_> = (0..3).map(|_| take(world, &port)).collect();
        found.sort_by_key(|packet| packet.status);
        let outcomes: Vec<_> = found.iter().map(|it| (it.overlapped, it.status())).collect();
        let expected = [
            (good.address(), Status::SUCCESS),
            (behind_the_end.address(), Status::END_OF_FILE),
            (in_vain.address(), Status::CANCELLED),
        ];
        assert_eq!(outcomes, expected);
        assert_no_packet(world, &port);
    });
}

/// Cancelling a disk operation asks for its end; whether it was cancelled or
/// done all the same its one result tells.
#[test]
fn i10_cancelling_never_finishes_a_request() {
    let mut statuses = Vec::new();
    for seed in 1..=32 {
        run(&fake(seed, Faults::default()), |world| {
            let file = disk(world, b"data");
            let caller = Caller::new(0, &[0; 4]);
            assert_eq!(caller.read(&file), Answer::Pending);
            assert!(file.cancel_all(Some(caller.address())));
            assert_eq!(caller.overlapped.status(), Status::PENDING);
            world.settle();
            assert!(caller.is_settled());
        });
        let world = fake(seed, Faults::default());
        let file = disk(&world, b"data");
        let caller = Caller::new(0, &[0; 4]);
        caller.read(&file);
        file.cancel_all(None);
        world.settle();
        statuses.push(caller.overlapped.status());
    }
    assert!(statuses.contains(&Status::SUCCESS) && statuses.contains(&Status::CANCELLED));
    assert!(statuses.iter().all(|it| [Status::SUCCESS, Status::CANCELLED].contains(it)));
}

/// Any number may stand for the OVERLAPPED of a posted packet; it comes out
/// as it went in, or goes with the port.
/// Rules: PORT-085.
#[test]
fn i18_the_overlapped_of_a_posted_packet_is_not_followed() {
    on_each_engine(|world| {
        let port = Handle::new(Port::new(1));
        for overlapped in [0, 1, 0xDEAD_BEEF, usize::MAX] {
            port.post(Packet::new(usize::MAX, overlapped, usize::MAX));
            let packet = take(world, &port);
            assert_eq!(packet, Packet::new(usize::MAX, overlapped, usize::MAX));
        }
        port.post(Packet::new(0, 1, 0));
        drop(port);
    });
}

/// Pending always posts, success at once unless it is to be skipped, an error
/// at once never.
/// Rules: PORT-120, PORT-121, PORT-123.
#[test]
fn i19_whether_a_packet_follows() {
    on_each_engine(|world| {
        let port = Handle::new(Port::new(1));
        let (one, other) = pair(world);
        other.associate(&port, 1).unwrap();
        let verb = |status, bytes| Verb::Settled(status, bytes);
        let start = |caller: &Caller, status| {
            Request::start(&other, verb(status, 3), caller.report(), |_| {})
        };
        for skips in [false, true] {
            if skips {
                other.add_modes(SKIP_COMPLETION_PORT_ON_SUCCESS).unwrap();
            }
            let caller = Caller::new(0, &[]);
            assert_eq!(start(&caller, Status::SUCCESS), Answer::Done(Status::SUCCESS, 3));
            if !skips {
                assert_eq!(take(world, &port).bytes, 3);
            }
            assert_no_packet(world, &port);

            let answer = start(&caller, Status::BUFFER_OVERFLOW);
            assert_eq!(answer, Answer::Done(Status::BUFFER_OVERFLOW, 3));
            assert_eq!(take(world, &port).status(), Status::BUFFER_OVERFLOW);

            let answer = start(&caller, Status::CONNECTION_RESET);
            assert_eq!(answer, Answer::Refused(Status::CONNECTION_RESET));
            assert_no_packet(world, &port);

            let caller = Caller::new(0, &[0; 4]);
            assert_eq!(caller.receive(&other), Answer::Pending);
            send(world, &one, b"data");
            assert_eq!(take(world, &port).status(), Status::SUCCESS);

            let caller = Caller::new(0, &[0; 4]);
            assert_eq!(caller.receive(&other), Answer::Pending);
            other.cancel_mine();
            assert_eq!(take(world, &port).status(), Status::CANCELLED);
        }
    });
}

/// The low bit of the event's handle keeps the packet back, and the event is
/// set all the same.
/// Rules: PORT-165, HND-02.
#[test]
fn i20_a_suppressed_packet_leaves_the_event() {
    on_each_engine(|world| {
        let (port, file) = (Handle::new(Port::new(1)), disk(world, b"data"));
        file.associate(&port, 1).unwrap();
        let caller = Caller { then: Then::Nothing, ..Caller::new(0, &[0; 4]).with_event() };
        caller.read(&file);
        let event = caller.event.clone().unwrap();
        let deadline = Some(Deadline::after(LIMIT));
        assert_eq!(wait_any(&[event.signal()], deadline, &*world.engine), Some(0));
        assert_eq!(caller.bytes(), b"data");
        assert_no_packet(world, &port);
    });
}

/// The mode for fast I/O keeps the event of an operation back that is done
/// within its call, and no other event, and no packet.
/// Rules: PORT-146.
#[test]
fn port_146_fast_io_leaves_the_event() {
    on_each_engine(|world| {
        let port = Handle::new(Port::new(1));
        let (one, other) = pair(world);
        other.associate(&port, 1).unwrap();
        let is_set = |caller: &Caller| caller.event.as_ref().unwrap().signal().is_set();
        for (modes, is_told) in [(0, true), (SKIP_SET_USER_EVENT_ON_FAST_IO, false)] {
            other.add_modes(modes).unwrap();
            let caller = Caller::new(0, &[]).with_event();
            let done = Verb::Settled(Status::SUCCESS, 3);
            let answer = Request::start(&other, done, caller.report(), |_| {});
            assert_eq!(answer, Answer::Done(Status::SUCCESS, 3));
            assert_eq!(is_set(&caller), is_told);
            assert_eq!(take(world, &port).bytes, 3);

            let caller = Caller::new(0, &[0; 4]).with_event();
            assert_eq!(caller.receive(&other), Answer::Pending);
            send(world, &one, b"data");
            assert_eq!(take(world, &port).status(), Status::SUCCESS);
            assert!(is_set(&caller), "a pending operation sets its event");
        }
    });
}

/// Rules: PORT-226.
#[test]
fn i11_a_file_changes_its_port_only_while_nothing_is_pending() {
    on_each_engine(|world| {
        let ports = [0, 1, 2].map(|_| Handle::new(Port::new(1)));
        let to = |port: usize, key| Some(Association { port: ports[port].reference(), key });
        let (file, peer) = pair(world);
        file.associate(&ports[0], 10).unwrap();
        let refused = Err(Status::INVALID_PARAMETER);
        let caller = Caller::new(0, &[0; 4]);
        assert_eq!(caller.receive(&file), Answer::Pending);
        assert_eq!(file.reassociate(to(1, 11)), refused);
        assert_eq!(file.reassociate(None), refused);
        assert!(!caller.is_settled());
        send(world, &peer, b"one");
        assert_eq!(take(world, &ports[0]).key, 10);
        file.reassociate(to(1, 11)).unwrap();
        assert_eq!(file.associate(&ports[2], 12), refused);
        let caller = Caller::new(0, &[0; 4]);
        caller.receive(&file);
        send(world, &peer, b"two");
        assert_eq!(take(world, &ports[1]).key, 11);
        file.reassociate(None).unwrap();
        let caller = Caller::new(0, &[0; 4]);
        caller.receive(&file);
        send(world, &peer, b"six");
        world.until("it has finished", || caller.is_settled());
        assert!(!file.is_associated());
        file.associate(&ports[2], 12).unwrap();
        assert_eq!(file.associate(&ports[2], 12), refused);
        for port in &ports {
            assert_no_packet(world, port);
        }
    });
}

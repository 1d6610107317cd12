//! Many threads, many handles, many packets; and what a busy worker is spared.

#![allow(unsafe_code)]

#[allow(dead_code)]
#[path = "support/caller.rs"]
mod caller;
mod support;

use caller::{Caller, disk, take};
use libiocp::device::Device;
use libiocp::file::File;
use libiocp::handle::{Handle, Table};
use libiocp::object::Object;
use libiocp::port::{Packet, Port};
use libiocp::sync::{Deadline, Sleep};
use libiocp::system::System;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::{LIMIT, get, on_each_engine};

/// A worker that asks again while packets wait goes on, and nobody else wakes.
#[test]
fn port_280_a_busy_worker_keeps_running_and_the_idle_stay_idle() {
    on_each_engine(|world| {
        let port = world.port(1);
        port.post(0, 0).unwrap();
        get(&port);
        thread::scope(|scope| {
            let idle = scope.spawn(|| get(&port).key());
            world.until("the other one waits", || port.waiting() == 1);
            (1..1000).for_each(|key| port.post(key, 0).unwrap());
            for key in 1..1000 {
                assert_eq!(get(&port).key(), key);
                assert_eq!((port.waiting(), port.running()), (1, 1));
            }
            port.post(1000, 0).unwrap();
            assert_eq!(libiocp::blocking(|| idle.join().unwrap()), 1000);
        });
    });
}

/// One call takes all that wait, as far as there is room; and a thread that
/// waited is woken once for one of them and takes the rest along.
#[test]
fn port_283_one_call_and_one_wake_take_many_packets() {
    let port = Arc::new(Port::new(1));
    (0..1000).for_each(|key| port.post(Packet::new(key, 0, 0)));
    let mut packets = vec![Packet::default(); 600];
    for (first, count) in [(0, 600), (600, 400)] {
        assert_eq!(port.take(&mut packets, None, &Sleep), Ok(count));
        assert!(packets[..count].iter().map(|it| it.key).eq(first..first + count));
    }
    assert_eq!((port.depth(), port.running()), (0, 1));
}

/// Nobody takes, and everything is accepted.
#[test]
fn port_287_a_million_packets_are_queued_and_leave_in_order() {
    const COUNT: usize = 1_000_000;
    let port = Arc::new(Port::new(1));
    (0..COUNT).for_each(|key| port.try_post(Packet::new(key, 0, 0)).unwrap());
    assert_eq!(port.depth(), COUNT);
    let mut packets = vec![Packet::default(); 1000];
    for first in (0..COUNT).step_by(1000) {
        assert_eq!(port.take(&mut packets, None, &Sleep), Ok(1000));
        assert!(packets.iter().map(|packet| packet.key).eq(first..first + 1000));
    }
}

/// Rules: PORT-091, PORT-281.
#[test]
fn a_thousand_threads_wait_on_one_port_and_each_gets_its_packet() {
    const THREADS: usize = 1000;
    let port = Arc::new(Port::new(THREADS as u32));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let port = Arc::clone(&port);
            let builder = thread::Builder::new().stack_size(64 << 10);
            let take = move || {
                let mut packets = [Packet::default()];
                let deadline = Some(Deadline::after(LIMIT));
                port.take(&mut packets, deadline, &Sleep).map(|_| packets[0].key)
            };
            builder.spawn(take).unwrap()
        })
        .collect();
    let from = Instant::now();
    while port.waiting() < THREADS {
        assert!(from.elapsed() < LIMIT, "only {} threads wait", port.waiting());
        thread::sleep(Duration::from_millis(1));
    }
    (0..THREADS).for_each(|key| port.post(Packet::new(key, 0, 0)));
    let mut keys: Vec<_> = threads.into_iter().map(|it| it.join().unwrap().unwrap()).collect();
    keys.sort_unstable();
    assert!(keys.into_iter().eq(0..THREADS));
}

/// The time that `f` takes, the shortest of some tries.
fn shortest(mut f: impl FnMut()) -> Duration {
    let once = |_| {
        let from = Instant::now();
        f();
        from.elapsed()
    };
    (0..9).map(once).min().unwrap()
}

/// Rules: HND-019.
#[test]
fn a_million_handles_do_not_slow_a_look_up() {
    const CALLS: usize = 10_000;
    let table = Table::default();
    let first = table.insert(0).unwrap();
    let look_up = || (0..CALLS).for_each(|_| assert_eq!(table.get(first, |it| *it), Some(0)));
    let few = shortest(look_up);
    (1..1_000_000).for_each(|number| assert!(table.insert(number).is_ok()));
    assert_eq!(table.len(), 1_000_000);
    let many = shortest(look_up);
    // Not a matter of a few percent: a search would take a million times as long.
    assert!(many < 100 * few, "{few:?} with one handle, {many:?} with a million");
}

/// A port among a million handles costs what it costs alone.
#[test]
fn a_million_handles_do_not_slow_a_packet() {
    const CALLS: usize = 10_000;
    let world = support::fake(1, libiocp::engine::Faults::default());
    let system = System::new(Arc::clone(&world.engine));
    let port = system.insert(Object::Port(Handle::new(Port::new(1))), false).unwrap();
    let pairs = || {
        for key in 0..CALLS {
            system.post(port, Packet::new(key, 0, 0)).unwrap();
            let mut packets = [Packet::default()];
            assert_eq!(system.take(port, &mut packets, None), Ok(Ok(1)));
            assert_eq!(packets[0].key, key);
        }
    };
    let few = shortest(pairs);
    let event = || Handle::new(libiocp::event::Event::new(true, false));
    for _ in 1..1_000_000 {
        system.insert(Object::Event(event()), false).unwrap();
    }
    let many = shortest(pairs);
    assert!(many < 100 * few, "{few:?} with one handle, {many:?} with a million");
    system.close(port).unwrap();
    assert_eq!(system.table().len(), 999_999);
}

/// One thread starts, others that never have get the packets, in whatever
/// turn; an operation knows nothing of who started it.
#[test]
fn port_285_any_thread_starts_any_thread_reaps() {
    const THREADS: usize = 4;
    const EACH: usize = 25;
    on_each_engine(|world| {
        let port = world.port(THREADS as u32);
        let file = world.file(&[5; THREADS * EACH]);
        file.associate(&port, 3).unwrap();
        let reaped = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for first in 0..THREADS {
                let file = &file;
                let start = move |it| file.start_read(vec![0], (first * EACH + it) as u64).unwrap();
                scope.spawn(move || (0..EACH).for_each(|it| drop(start(it))));
            }
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let completion = get(&port);
                        assert_eq!((completion.key(), completion.bytes()), (3, 1));
                        reaped.lock().unwrap().push(thread::current().id());
                    }
                });
            }
        });
        let mut reapers = reaped.into_inner().unwrap();
        assert_eq!(reapers.len(), THREADS * EACH);
        reapers.sort_by_key(|id| format!("{id:?}"));
        reapers.dedup();
        assert_eq!(reapers.len(), THREADS);
        support::assert_no_packet(&port);
    });
}

/// The files are all over one descriptor, so that there may be as many as one
/// likes: the port knows nothing of that.
#[test]
fn port_286_a_hundred_thousand_files_do_not_slow_a_packet() {
    const READS: usize = 100;
    on_each_engine(|world| {
        let port = Arc::new(Port::new(1));
        let first = disk(world, b"x");
        let another = |key| {
            let Device::Disk(disk) = first.device() else { unreachable!("it is a disk file") };
            let device = Device::Disk(Arc::clone(disk));
            let file = Handle::new(File::new(device, Arc::clone(&world.engine), true));
            file.associate(&port, key).unwrap();
            file
        };
        let reads = |file: &Arc<File>, key| {
            let once = || {
                for _ in 0..READS {
                    let caller = Caller::new(0, b"-");
                    caller.read(file);
                    assert_eq!(take(world, &port), Packet::new(key, caller.address(), 1));
                }
            };
            shortest(once)
        };
        let mut files: Vec<_> = (0..10).map(another).collect();
        let few = reads(&files[9], 9);
        let associated = shortest(|| drop(another(10)));
        files.extend((10..100_000).map(another));
        let many = reads(&files[99_999], 99_999).min(reads(&files[0], 0));
        let late = shortest(|| drop(another(100_000)));
        // Not a matter of a few percent: a search would take 10,000 times as long.
        assert!(many < 20 * few, "{few:?} with ten files, {many:?} with many");
        assert!(late < 1000 * associated, "{associated:?} with ten files, {late:?} with many");
    });
}

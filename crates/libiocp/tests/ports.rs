//! Ports of the Rust API: who gets which packet, and what closing does.

mod support;

use libiocp::{PortRef, win32_code};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use support::{Census, LIMIT, World, assert_no_packet, code, get, on_each_engine};

const WAIT_TIMEOUT: u32 = 258;
const ERROR_ABANDONED_WAIT_0: u32 = 735;

/// Packets leave in the order in which they were posted.
/// Rules: PORT-090.
#[test]
fn i14_packets_leave_first_in_first_out() {
    on_each_engine(|world| {
        let port = world.port(1);
        for number in 0..100 {
            port.post(number, number * 2).unwrap();
        }
        assert_eq!(port.depth(), 100);
        for number in 0..50 {
            let completion = get(&port);
            assert_eq!((completion.key(), completion.bytes()), (number, number * 2));
        }
        let mut completions = Vec::new();
        assert_eq!(port.get_many(&mut completions, 30, None).unwrap(), 30);
        assert_eq!(port.get_many(&mut completions, 64, None).unwrap(), 20);
        let keys: Vec<_> = completions.iter().map(libiocp::Completion::key).collect();
        assert_eq!(keys, (50..100).collect::<Vec<_>>());
        assert_eq!(port.get_many(&mut completions, 0, None).unwrap(), 0);
    });
}

/// Of the threads that wait, the newest is released first.
/// Rules: PORT-091.
#[test]
fn i15_waiting_threads_are_released_last_in_first_out() {
    on_each_engine(|world| {
        let port = world.port(8);
        let (sender, receiver) = mpsc::channel();
        let threads: Vec<_> = (0..4).map(|number| waiter(world, &port, number, &sender)).collect();
        for expected in (0..4).rev() {
            port.post(0, 0).unwrap();
            assert_eq!(receiver.recv_timeout(LIMIT), Ok(expected));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// As many threads run as the limit says, and the next packet stays until one
/// asks again, blocks or exits.
/// Rules: PORT-100.
#[test]
fn i16_no_packet_leaves_while_the_limit_runs() {
    on_each_engine(|world| {
        let port = world.port(1);
        port.post(1, 0).unwrap();
        port.post(2, 0).unwrap();
        assert_eq!(get(&port).key(), 1);
        assert_eq!((port.running(), port.concurrency()), (1, 1));
        let reference = port.reference();
        let other = thread::spawn(move || reference.get(Some(Duration::ZERO)).map(drop));
        assert_eq!(code(other.join().unwrap()), WAIT_TIMEOUT);

        // This thread blocks: the other one is let in.
        let reference = port.reference();
        let (sender, receiver) = mpsc::channel();
        let other = thread::spawn(move || sender.send(get_by(&reference)).unwrap());
        assert_eq!(libiocp::blocking(|| receiver.recv_timeout(LIMIT)), Ok(2));
        other.join().unwrap();
    });
}

/// Packets and waiting threads exist together at the limit only.
/// Rules: PORT-114.
#[test]
fn i17_a_packet_waits_beside_a_thread_at_the_limit_only() {
    on_each_engine(|world| {
        let port = world.port(1);
        port.post(0, 0).unwrap();
        get(&port);
        let (sender, receiver) = mpsc::channel();
        let thread = waiter(world, &port, 3, &sender);
        port.post(1, 0).unwrap();
        assert_eq!((port.depth(), port.running()), (1, 1));
        assert!(receiver.try_recv().is_err());
        // The runner leaves its place for a moment: the packet goes at once.
        libiocp::blocking(|| assert_eq!(receiver.recv_timeout(LIMIT), Ok(3)));
        assert_eq!(port.depth(), 0);
        thread.join().unwrap();
    });
}

/// Dropping the last handle wakes every waiting thread with 735; a clone
/// keeps the port open.
/// Rules: PORT-031, PORT-035.
#[test]
fn the_last_handle_wakes_waiting_threads() {
    on_each_engine(|world| {
        let port = world.port(0);
        let reference = port.reference();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let reference = port.reference();
                thread::spawn(move || win32_code(&reference.get(None).unwrap_err()))
            })
            .collect();
        world.until("all threads wait", || port.waiting() == 3);
        let clone = port.clone();
        drop(port);
        assert_eq!(clone.waiting(), 3);
        drop(clone);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Some(ERROR_ABANDONED_WAIT_0));
        }
        assert_eq!(code(reference.get(None)), ERROR_ABANDONED_WAIT_0);
        assert_eq!(code(reference.get(Some(Duration::ZERO))), ERROR_ABANDONED_WAIT_0);
    });
}

/// When the time is up there is an error, and nothing else happens.
/// Rules: PORT-053.
#[test]
fn a_time_out_is_an_error_and_takes_its_time() {
    on_each_engine(|world| {
        let port = world.port(1);
        let start = std::time::Instant::now();
        let error = port.get(Some(Duration::from_millis(20))).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(win32_code(&error), Some(WAIT_TIMEOUT));
        assert!(start.elapsed() >= Duration::from_millis(20));
    });
}

/// A port that goes with packets in its queue drops what they carry.
#[test]
fn dropping_a_port_frees_what_is_queued() {
    on_each_engine(|world| {
        let (port, file, census) = (world.port(1), world.file(b"abcdef"), Census::default());
        file.associate(&port, 1).unwrap();
        port.post_value(0, 0, census.buffer(b"message")).unwrap();
        port.post(0, 0).unwrap();
        for _ in 0..5 {
            file.start_read(census.buffer(&[0; 4]), 0).unwrap();
        }
        world.until("all packets are queued", || port.depth() == 7);
        assert_eq!(census.living(), 6);
        drop(port);
        assert_eq!(census.living(), 0);
    });
}

/// A port that goes while operations are pending: each ends without a packet
/// and drops its buffer. So does a value that is posted to it.
#[test]
fn i26_a_closed_port_lets_pending_operations_end() {
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        let census = Census::default();
        other.associate(&port, 1).unwrap();
        let operations: Vec<_> =
            (0..5).map(|_| other.start_receive(census.buffer(&[0; 4])).unwrap()).collect();
        let reference = port.reference();
        drop(port);
        assert_eq!(census.living(), 5);
        assert!(operations.iter().all(libiocp::Operation::is_pending));
        one.start_send(*b"data").unwrap();
        world.until("the first has ended", || !operations[0].is_pending());
        world.until("its buffer is dropped", || census.living() == 4);
        drop(other);
        world.until("every buffer is dropped", || census.living() == 0);
        reference.post_value(0, 0, census.buffer(b"late")).unwrap();
        assert_eq!(census.living(), 0);
    });
}

/// A file tied to a port after an operation was started reports it there.
/// Rules: PORT-021.
#[test]
fn i12_the_association_is_read_when_a_request_finishes() {
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        let operation = other.start_receive(vec![0; 4]).unwrap();
        other.associate(&port, 77).unwrap();
        one.start_send(*b"data").unwrap();
        let completion = get(&port);
        assert_eq!(completion.key(), 77);
        assert!(completion.is_of(&operation));
    });
}

/// The second association fails, with any port and key, and changes nothing.
/// Rules: PORT-012, PORT-018.
#[test]
fn i11_a_file_is_associated_once() {
    on_each_engine(|world| {
        let (port, other, file) = (world.port(1), world.port(1), world.file(b"abc"));
        file.associate(&port, 1).unwrap();
        assert_eq!(code(file.associate(&port, 1)), 87);
        assert_eq!(code(file.associate(&other, 2)), 87);
        assert_eq!(code(file.clone().associate(&other, 2)), 87);
        file.start_read(vec![0; 1], 0).unwrap();
        assert_eq!(get(&port).key(), 1);
        assert_no_packet(&other);
    });
}

/// Of many threads each packet is one's.
/// Rules: PORT-089.
#[test]
fn i13_a_packet_is_delivered_to_one_thread() {
    on_each_engine(|world| {
        let count = if cfg!(miri) { 50 } else { 2000 };
        let port = world.port(4);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let reference = port.reference();
                thread::spawn(move || {
                    let mut keys = Vec::new();
                    loop {
                        match get_by(&reference) {
                            0 => return keys,
                            key => keys.push(key),
                        }
                    }
                })
            })
            .collect();
        for key in 1..=count {
            port.post(key, 0).unwrap();
        }
        for _ in &threads {
            port.post(0, 0).unwrap();
        }
        let mut keys: Vec<_> = threads.into_iter().flat_map(|it| it.join().unwrap()).collect();
        keys.sort_unstable();
        assert_eq!(keys, (1..=count).collect::<Vec<_>>());
    });
}

/// A thread that waits for one packet and then says its number.
fn waiter(
    world: &World,
    port: &PortRef,
    number: usize,
    sender: &mpsc::Sender<usize>,
) -> thread::JoinHandle<()> {
    let (reference, sender) = (port.clone(), sender.clone());
    let waiting = port.waiting();
    let thread = thread::spawn(move || {
        get_by(&reference);
        sender.send(number).unwrap();
    });
    world.until("the thread waits", || port.waiting() > waiting);
    thread
}

fn get_by(port: &PortRef) -> usize {
    port.get(Some(LIMIT)).expect("a packet").key()
}

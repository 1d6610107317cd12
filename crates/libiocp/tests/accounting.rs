//! Many operations, cancelled and closed at random by several threads: every
//! one is accounted for.

mod support;

use libiocp::{Completion, Operation, PortRef, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use support::{Census, Counted, World, on_kernel_engines};

const CONNECTIONS: usize = 150;
const STARTERS: u64 = 3;
const TAKERS: usize = 3;

/// A small generator (xorshift): a seed is a run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    taken: AtomicUsize,
}

/// Each operation that was accepted has one packet, and no buffer is left, nor
/// anything that refers to the engine.
#[test]
fn every_operation_is_accounted_for() {
    on_kernel_engines(|world| {
        let (port, census, counts) = (world.port(2), Census::default(), Counts::default());
        thread::scope(|scope| {
            for _ in 0..TAKERS {
                let reference = port.reference();
                scope.spawn(|| take_until_closed(reference, &counts));
            }
            let starters: Vec<_> = (1..=STARTERS)
                .map(|seed| {
                    let (reference, census, counts) = (port.reference(), &census, &counts);
                    scope.spawn(move || start(world, &reference, census, counts, seed))
                })
                .collect();
            for starter in starters {
                starter.join().unwrap();
            }
            world.until("every operation has its packet", || {
                counts.taken.load(Ordering::SeqCst) == counts.accepted.load(Ordering::SeqCst)
            });
            drop(port);
        });
        assert_eq!(census.living(), 0);
        assert!(counts.accepted.load(Ordering::SeqCst) > CONNECTIONS * STARTERS as usize);
    });
}

/// The same, and the port goes in the middle: what has no packet any more
/// leaves no buffer either.
#[test]
fn a_port_that_goes_early_leaves_no_buffer() {
    on_kernel_engines(|world| {
        let (port, census, counts) = (world.port(2), Census::default(), Counts::default());
        thread::scope(|scope| {
            for seed in 1..=STARTERS {
                let (reference, census, counts) = (port.reference(), &census, &counts);
                scope.spawn(move || start(world, &reference, census, counts, seed));
            }
            let reference = port.reference();
            scope.spawn(|| take_until_closed(reference, &counts));
            world.until("some packets were taken", || counts.taken.load(Ordering::SeqCst) > 100);
            drop(port);
        });
        world.until("no buffer is left", || census.living() == 0);
        let taken = counts.taken.load(Ordering::SeqCst);
        assert!(taken <= counts.accepted.load(Ordering::SeqCst));
    });
}

fn take_until_closed(port: PortRef, counts: &Counts) {
    let mut completions = Vec::new();
    while port.get_many(&mut completions, 5, None).is_ok() {
        counts.taken.fetch_add(completions.len(), Ordering::SeqCst);
        for completion in completions.drain(..) {
            check(completion);
        }
    }
}

fn check(completion: Completion) {
    let bytes = completion.bytes();
    let buffer = completion.into_payload::<Counted>().expect("a counted buffer");
    assert!(bytes <= buffer.bytes.len());
}

fn start(world: &World, port: &PortRef, census: &Census, counts: &Counts, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..CONNECTIONS {
        let (one, other) = world.pair();
        one.associate(port, 1).unwrap();
        other.associate(port, 2).unwrap();
        let file = world.file(&[1; 4096]);
        file.associate(port, 3).unwrap();
        let mut operations: Vec<Operation> = Vec::new();
        for _ in 0..random.below(12) {
            let end: &TcpStream = if random.below(2) == 0 { &one } else { &other };
            let started = match random.below(6) {
                0 | 1 => end.start_receive(census.buffer(&[0; 16])),
                2 | 3 => end.start_send(census.buffer(&[7; 24])),
                4 => file.start_read(census.buffer(&[0; 512]), random.below(8000)),
                _ => file.start_write(census.buffer(&[9; 64]), random.below(8000)),
            };
            match started {
                Ok(operation) => operations.push(operation),
                Err(refused) => drop(refused),
            }
            if random.below(4) == 0 {
                let chosen = random.below(operations.len().max(1) as u64) as usize;
                if let Some(operation) = operations.get(chosen) {
                    operation.cancel();
                }
            }
            if random.below(16) == 0 {
                thread::sleep(Duration::from_micros(50));
            }
        }
        counts.accepted.fetch_add(operations.len(), Ordering::SeqCst);
    }
}

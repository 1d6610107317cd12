//! A file, its port and a pending operation, gone in every order.
//!
//! Whatever goes first, the operation ends once, its buffer is dropped once,
//! and it has a packet if and only if the port was open when it ended.

mod support;

use libiocp::{CompletionPort, File, TcpStream};
use std::time::Duration;
use support::{Census, Counted, World, on_each_engine};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    FileCloses,
    PortCloses,
    OperationEnds,
    TokenGoes,
}

use Event::{FileCloses, OperationEnds, PortCloses, TokenGoes};

/// Every order of the four.
fn orders() -> Vec<Vec<Event>> {
    let mut orders = vec![vec![]];
    for _ in 0..4 {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<Event>| {
                [FileCloses, PortCloses, OperationEnds, TokenGoes]
                    .into_iter()
                    .filter(|event| !order.contains(event))
                    .map(|event| [&order[..], &[event]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    orders
}

fn packets_of(port: Option<&CompletionPort>) -> usize {
    let Some(port) = port else { return 0 };
    let mut count = 0;
    while let Ok(completion) = port.get(Some(Duration::ZERO)) {
        assert_eq!(completion.key(), 3);
        assert!(completion.into_payload::<Counted>().is_ok());
        count += 1;
    }
    count
}

fn receive_in_order(world: &World, order: &[Event]) {
    let census = Census::default();
    let (port, (one, other)) = (world.port(1), world.pair());
    other.associate(&port, 3).unwrap();
    let operation = other.start_receive(census.buffer(&[0; 8])).unwrap();
    let (mut port, mut file, mut operation) = (Some(port), Some(other), Some(operation));
    let mut packets = 0;
    for event in order {
        match event {
            FileCloses => drop::<Option<TcpStream>>(file.take()),
            // What is queued by then is looked at first.
            PortCloses => {
                packets += packets_of(port.as_ref());
                port = None;
            }
            OperationEnds => {
                if let Some(operation) = operation.as_ref().filter(|it| it.is_pending()) {
                    one.start_send(*b"end").unwrap();
                    world.until("the operation ends", || !operation.is_pending());
                } else if file.is_some() {
                    one.start_send(*b"end").unwrap();
                    let has_ended = || port.as_ref().map_or(census.living() == 0, has_packet);
                    world.until("the operation ends", has_ended);
                }
            }
            TokenGoes => operation = None,
        }
    }
    packets += packets_of(port.as_ref());
    world.until("the buffer is dropped", || census.living() == 0);
    let position = |event| order.iter().position(|other| *other == event).unwrap();
    let end = position(OperationEnds).min(position(FileCloses));
    let expected = usize::from(end < position(PortCloses));
    assert_eq!(packets, expected, "{}: {order:?}", world.name);
}

fn has_packet(port: &CompletionPort) -> bool {
    port.depth() > 0
}

/// A receive on a socket, in all 24 orders.
#[test]
fn a_receive_in_every_close_order() {
    on_each_engine(|world| {
        for order in orders() {
            receive_in_order(world, &order);
        }
    });
}

/// Many reads of a disk file, under way while file and port go: each buffer is
/// dropped once, in every order.
#[test]
fn reads_in_every_close_order() {
    on_each_engine(|world| {
        for order in orders() {
            let census = Census::default();
            let (port, file) = (world.port(1), world.file(&[1; 4096]));
            file.associate(&port, 3).unwrap();
            let operations: Vec<_> =
                (0..4).map(|_| file.start_read(census.buffer(&[0; 512]), 0).unwrap()).collect();
            let (mut port, mut file) = (Some(port), Some(file));
            let mut operations = Some(operations);
            for event in &order {
                match event {
                    FileCloses => drop::<Option<File>>(file.take()),
                    PortCloses => port = None,
                    OperationEnds => world.settle(),
                    TokenGoes => operations = None,
                }
            }
            drop((port, operations));
            world.until("the buffers are dropped", || census.living() == 0);
        }
    });
}

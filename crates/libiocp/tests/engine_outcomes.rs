//! Engines side by side: the same outcomes, and an orderly end.

mod support;

use libiocp::status::Status;
use std::sync::Arc;
use support::{Census, World, on_each_engine};

/// Whoever drops the engine, it goes after its operations.
#[test]
fn i21_the_engine_goes_after_its_operations() {
    support::on_kernel_engines(|world| {
        let preference = match world.name {
            "epoll" => libiocp::Preference::Epoll,
            _ => libiocp::Preference::Uring,
        };
        let engine = Arc::new(libiocp::Engine::new(preference).unwrap());
        let own = World { name: world.name, engine, fake: None };
        let (census, file, (one, other)) = (Census::default(), own.file(&[1; 4096]), own.pair());
        for round in 0..16 {
            file.start_read(census.buffer(&[0; 256]), round * 256).unwrap();
            other.start_receive(census.buffer(&[0; 16])).unwrap();
        }
        let weak = Arc::downgrade(&own.engine);
        drop((own, file, one, other));
        world.until("the engine goes", || weak.strong_count() == 0);
        assert_eq!(census.living(), 0, "an operation outlives its engine");
    });
}

/// One script, its outcomes, on every engine.
#[test]
fn i22_all_engines_give_the_same_outcomes() {
    let transcripts = std::cell::RefCell::new(Vec::new());
    on_each_engine(|world| transcripts.borrow_mut().push(script(world)));
    let transcripts = transcripts.into_inner();
    assert!(transcripts.len() > 1);
    for transcript in &transcripts {
        assert_eq!(*transcript, transcripts[0]);
    }
}

fn script(world: &World) -> Vec<(Status, usize, Vec<u8>)> {
    let (port, file, (one, other)) = (world.port(1), world.file(b"0123456789"), world.pair());
    file.associate(&port, 1).unwrap();
    other.associate(&port, 2).unwrap();
    let mut transcript = Vec::new();
    let mut note = || {
        let completion = support::get(&port);
        let (status, bytes) = (completion.status(), completion.bytes());
        transcript.push((status, bytes, completion.into_payload::<Vec<u8>>().unwrap()));
    };
    for (length, offset) in [(4, 0), (4, 8), (4, 10), (0, 10), (0, 99), (4, 99)] {
        file.start_read(vec![0; length], offset).unwrap();
        note();
    }
    for (bytes, offset) in [(&b"ab"[..], 9), (b"", 50), (b"z", 14)] {
        file.start_write(bytes.to_vec(), offset).unwrap();
        note();
    }
    file.start_read(vec![1; 32], 0).unwrap();
    note();
    for length in [3, 100] {
        other.start_receive(vec![0; length]).unwrap();
        one.start_send(b"hello"[..length.min(5)].to_vec()).unwrap();
        note();
    }
    other.start_receive(vec![0; 0]).unwrap();
    one.start_send(b"x".to_vec()).unwrap();
    note();
    other.start_receive(vec![0; 8]).unwrap();
    note();
    other.start_receive(vec![0; 8]).unwrap().cancel();
    note();
    other.start_receive(vec![0; 8]).unwrap();
    one.shutdown(std::net::Shutdown::Write).unwrap();
    note();
    other.start_send(b"back".to_vec()).unwrap();
    note();
    other.start_receive(vec![0; 8]).unwrap();
    note();
    transcript
}

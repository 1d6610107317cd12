//! What is still delivered when there is no more memory.
#![allow(unsafe_code)]

#[allow(dead_code)]
#[path = "support/caller.rs"]
mod caller;
mod support;

use caller::{Caller, assert_no_packet, pair, send, take};
use libiocp::file::File;
use libiocp::port::{Packet, Port};
use libiocp::request::Answer;
use libiocp::status::Status;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{World, on_each_engine};

/// Says no to large pieces while it is told to, in every thread: the library
/// asks for the slots of a port's queue without insisting, and for little else.
struct Meagre;

static IS_MEAGRE: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// So many pieces were refused to this thread.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

fn is_refused(size: usize) -> bool {
    let is_refused = IS_MEAGRE.load(Ordering::SeqCst) && size >= 4096;
    if is_refused {
        let _ = REFUSED.try_with(|it| it.set(it.get() + 1));
    }
    is_refused
}

// SAFETY: the system's allocator, or no memory, which is always allowed.
unsafe impl GlobalAlloc for Meagre {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: by the caller's contract, as below.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { System.realloc(start, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Meagre = Meagre;

/// Memory is short until the result is dropped.
struct Shortage;

impl Shortage {
    fn begin() -> Self {
        IS_MEAGRE.store(true, Ordering::SeqCst);
        Shortage
    }
}

impl Drop for Shortage {
    fn drop(&mut self) {
        IS_MEAGRE.store(false, Ordering::SeqCst);
    }
}

const NO_MEMORY: Status = Status::INSUFFICIENT_RESOURCES;
const KEY: usize = 7;

/// Posts until there is no memory for more; how many.
fn fill(port: &Port) -> usize {
    let post = |number| port.try_post(Packet::new(0, number, 0));
    let count = (0..1_000_000).take_while(|&number| post(number).is_ok()).count();
    assert_eq!(post(count), Err(NO_MEMORY));
    count
}

/// Receives that wait, as many as are wanted.
fn wait_for_bytes(file: &Arc<File>, count: usize) -> Vec<Caller> {
    let callers: Vec<_> = (0..count).map(|_| Caller::new(0, b"x")).collect();
    for caller in &callers {
        assert_eq!(caller.receive(file), Answer::Pending);
    }
    callers
}

/// Takes what was posted and then the packets of all of these.
fn take_all(world: &World, port: &Arc<Port>, posted: usize, callers: &[Caller]) {
    for number in 0..posted {
        assert_eq!(take(world, port), Packet::new(0, number, 0));
    }
    let mut found: Vec<_> = callers.iter().map(|_| take(world, port)).collect();
    found.sort_by_key(|packet| packet.overlapped);
    let mut wanted: Vec<_> = callers.iter().map(|it| Packet::new(KEY, it.address(), 1)).collect();
    wanted.sort_by_key(|packet| packet.overlapped);
    assert_eq!(found, wanted);
    assert_no_packet(world, port);
}

/// The queue is full and cannot grow: packets that are posted are refused,
/// those of operations under way arrive all the same. One test for all, since
/// the shortage is everybody's.
#[test]
fn port_282_completions_need_no_memory_and_a_start_fails_instead() {
    const MANY: usize = 200;
    on_each_engine(|world| {
        let port = Arc::new(Port::new(1));
        let (one, other) = pair(world);
        one.associate(&port, KEY).unwrap();
        // What the engine itself needs has been used once.
        let callers = wait_for_bytes(&one, MANY);
        send(world, &other, &[b'x'; MANY]);
        take_all(world, &port, 0, &callers);

        let callers = wait_for_bytes(&one, MANY);
        let shortage = Shortage::begin();
        let posted = fill(&port);
        send(world, &other, &[b'x'; MANY]);
        world.until("all have ended", || callers.iter().all(Caller::is_settled));
        drop(shortage);
        take_all(world, &port, posted, &callers);

        let mut callers: Vec<Caller> = Vec::with_capacity(2 * MANY);
        let shortage = Shortage::begin();
        let posted = fill(&port);
        let refused = loop {
            let caller = Caller::new(0, b"x");
            match caller.receive(&one) {
                Answer::Pending => callers.push(caller),
                answer => break answer,
            }
        };
        assert_eq!(refused, Answer::Refused(NO_MEMORY));
        send(world, &other, &vec![b'x'; callers.len()]);
        world.until("all have ended", || callers.iter().all(Caller::is_settled));
        drop(shortage);
        assert!(REFUSED.get() > 0);
        take_all(world, &port, posted, &callers);

        // Memory is back, and nothing was lost of what was set aside.
        let callers = wait_for_bytes(&one, MANY);
        send(world, &other, &[b'x'; MANY]);
        take_all(world, &port, 0, &callers);
    });
}

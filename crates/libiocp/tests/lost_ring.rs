//! The kernel takes io_uring away from a running program: every operation
//! that was accepted before, and every later one, completes once all the same.
#![allow(unsafe_code)]
#![cfg(target_os = "linux")]

#[path = "support/memory.rs"]
mod memory;

use libiocp::engine::{Complete, DiskFile, DiskOp, Engine, Outcome, Tag};
use libiocp::{Preference, TcpListener, TcpStream};
use memory::Memory;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Set in the process that the filter is put on: there is no way to take it off.
const INNER: &str = "LIBIOCP_TEST_LOST_RING";

/// Runs a test of this file in a process of its own.
fn in_own_process(name: &str, test: fn()) {
    if std::env::var_os(INNER).is_some() {
        return test();
    }
    let this = std::env::current_exe().expect("the path of this test");
    let output = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(INNER, "1")
        .output()
        .expect("a second run");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}", output.status);
    eprint!("{text}");
}

/// From now on `call` fails with `errno` in every thread of this process.
fn refuse(call: i64, errno: i32) {
    let filter = SeccompFilter::new(
        [(call, vec![])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        std::env::consts::ARCH.try_into().expect("a processor that it knows"),
    );
    let program: BpfProgram = filter.expect("a filter").try_into().expect("a program");
    seccompiler::apply_filter_all_threads(&program).expect("filters are allowed");
}

/// Counts how often it is told, and passes on what.
struct Told {
    number: usize,
    count: Mutex<usize>,
    to: Sender<(usize, Outcome)>,
}

impl Complete for Told {
    fn complete(self: Arc<Self>, outcome: Outcome) {
        let mut count = self.count.lock().expect("no panic");
        *count += 1;
        assert_eq!(*count, 1, "operation {} completes twice", self.number);
        let _ = self.to.send((self.number, outcome));
    }
}

struct Bench {
    engine: Engine,
    to: Sender<(usize, Outcome)>,
    from: Receiver<(usize, Outcome)>,
    begun: usize,
}

impl Bench {
    /// With io_uring, or none.
    fn new() -> Option<Self> {
        let engine = Engine::new(Preference::Automatic).expect("an engine");
        let (to, from) = channel();
        if engine.uses_uring() {
            return Some(Self { engine, to, from, begun: 0 });
        }
        eprintln!("nothing to take away: {}", engine.report());
        None
    }

    fn submit(&mut self, file: &Arc<DiskFile>, op: DiskOp) -> usize {
        let number = self.begun;
        self.begun += 1;
        let told = Told { number, count: Mutex::new(0), to: self.to.clone() };
        let tag = Tag { owner: 1, context: number, ..Tag::default() };
        self.engine.submit(file, op, tag, Arc::new(told));
        number
    }

    /// The number and the count of what completes next.
    fn next(&self) -> (usize, i64) {
        let (number, outcome) = self.from.recv_timeout(LIMIT).expect("a completion");
        (number, outcome.result)
    }

    /// A pipe to read from as from a disk file, and its other end.
    fn pipe(&self) -> (Arc<DiskFile>, std::io::PipeWriter) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        (self.engine.disk_file(OwnedFd::from(reader)), writer)
    }
}

fn temporary_file() -> OwnedFd {
    let path = std::env::temp_dir().join(format!("libiocp-lost-{}", std::process::id()));
    let mut options = std::fs::File::options();
    let file = options.read(true).write(true).create_new(true).open(&path).expect("a file");
    std::fs::remove_file(path).expect("the name goes");
    file.into()
}

/// What the kernel had taken ends, what it had not taken ends, and what comes
/// later is carried out by threads.
fn goes_on_without(errno: i32) {
    const PIPES: usize = 8;
    let Some(mut bench) = Bench::new() else { return };
    let pipes: Vec<_> = (0..PIPES).map(|_| bench.pipe()).collect();
    let taken: Vec<Memory> = pipes.iter().map(|_| Memory::new(0, &[0; 4])).collect();
    for ((reader, _), memory) in pipes.iter().zip(&taken) {
        bench.submit(reader, DiskOp::Read(memory.buffer(), 0));
    }
    // Behind those, so that the kernel has them when this is done.
    let file = bench.engine.disk_file(temporary_file());
    let block = Memory::new(0, &[7; 4096]);
    let write = bench.submit(&file, DiskOp::Write(block.buffer(), 0, false));
    assert_eq!(bench.next(), (write, 4096));

    refuse(libc::SYS_io_uring_enter, errno);

    let blocks: Vec<Memory> = (0..100u8).map(|it| Memory::new(0, &[it; 512])).collect();
    for (place, block) in blocks.iter().enumerate() {
        bench.submit(&file, DiskOp::Write(block.buffer(), 512 * place as u64, false));
    }
    let mut ended: Vec<_> = blocks.iter().map(|_| bench.next()).collect();
    ended.sort_unstable();
    let expected: Vec<_> = (0..blocks.len()).map(|it| (write + 1 + it, 512)).collect();
    assert_eq!(ended, expected);
    assert!(!bench.engine.uses_uring());
    assert!(bench.engine.report().contains("taken away"), "{}", bench.engine.report());

    let back = Memory::new(0, &[0; 51200]);
    let read = bench.submit(&file, DiskOp::Read(back.buffer(), 0));
    assert_eq!(bench.next(), (read, 51200));
    assert!(back.content().chunks(512).zip(0u8..).all(|(it, byte)| it == [byte; 512]));

    // Asked to end, what the kernel has ends when it can.
    assert_eq!(bench.engine.cancel_disk(&pipes[0].0, &|tag| tag.owner == 1), 1);
    for (number, (_, writer)) in pipes.iter().enumerate() {
        writer.try_clone().expect("a writer").write_all(b"data").expect("room");
        assert_eq!(bench.next(), (number, 4));
    }
    assert!(taken.iter().all(|memory| memory.content() == b"data"));
    drop(bench.engine);
    assert!(bench.from.try_recv().is_err(), "something completed twice");
}

#[test]
fn i09_what_was_accepted_completes_when_entering_is_not_permitted_any_more() {
    let name = "i09_what_was_accepted_completes_when_entering_is_not_permitted_any_more";
    in_own_process(name, || goes_on_without(libc::EPERM));
}

#[test]
fn i09_what_was_accepted_completes_when_entering_is_gone() {
    let name = "i09_what_was_accepted_completes_when_entering_is_gone";
    in_own_process(name, || goes_on_without(libc::ENOSYS));
}

/// An engine that is made under such a filter has no ring from the start.
#[test]
fn i22_an_engine_that_may_set_a_ring_up_and_not_enter_it_uses_threads() {
    let name = "i22_an_engine_that_may_set_a_ring_up_and_not_enter_it_uses_threads";
    in_own_process(name, || {
        refuse(libc::SYS_io_uring_enter, libc::EPERM);
        let engine = Engine::new(Preference::Automatic).expect("an engine");
        assert!(!engine.uses_uring(), "{}", engine.report());
        assert!(engine.report().contains("not available"), "{}", engine.report());
    });
}

/// Where waiting with a fine clock is refused, waits still end, and sleep.
#[test]
fn hnd_085_a_wait_sleeps_where_the_precise_one_is_refused() {
    let name = "hnd_085_a_wait_sleeps_where_the_precise_one_is_refused";
    in_own_process(name, || {
        refuse(libc::SYS_epoll_pwait2, libc::EPERM);
        let port = libiocp::CompletionPort::new(1).expect("a port");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let one = TcpStream::connect(listener.local_addr().expect("its address"));
        let (other, _) = listener.accept().expect("a connection");
        // Something to look after, so that the wait is one for the kernel.
        other.start_receive(vec![0; 1]).expect("a receive that waits");
        let before = processor_time();
        let start = std::time::Instant::now();
        assert!(port.get(Some(Duration::from_millis(300))).is_err());
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(processor_time() - before < Duration::from_millis(150), "it does not sleep");
        drop(one);
    });
}

/// What this process has used of the processor.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

//! What every engine promises, on each of them.
#![allow(unsafe_code)]

#[path = "support/memory.rs"]
mod memory;
#[path = "support/random.rs"]
mod random;

use libiocp::device::{Device, Disk, Socket, SocketVerb, Verb};
use libiocp::engine::{
    Buffer, Complete, DiskFile, DiskOp, Engine, Fake, Faults, Outcome, Preference, Tag,
};
use libiocp::file::File;
use libiocp::handle::Handle;
use libiocp::port::{Packet, Port};
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use memory::Memory;
use random::Random;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn kernels() -> [Arc<Engine>; 2] {
    [Preference::Automatic, Preference::Epoll]
        .map(|preference| Arc::new(Engine::new(preference).expect("an engine")))
}

fn temporary_file() -> OwnedFd {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("libiocp-contract-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut options = std::fs::File::options();
    let file = options.read(true).write(true).create_new(true).open(&path).expect("a file");
    std::fs::remove_file(path).expect("the name goes");
    file.into()
}

fn disk_file(engine: &Arc<Engine>, fake: Option<&Arc<Fake>>) -> Arc<DiskFile> {
    match fake {
        Some(fake) => fake.disk_file(Vec::new()),
        None => engine.disk_file(temporary_file()),
    }
}

/// An engine, a port and files; operations are waited for at the port.
struct Bench {
    engine: Arc<Engine>,
    port: Arc<Port>,
    disk: Handle<File>,
    pair: [Handle<File>; 2],
}

impl Bench {
    fn new(engine: Arc<Engine>, fake: Option<&Arc<Fake>>) -> Self {
        let port = Arc::new(Port::new(1));
        let file = |device| {
            let file = Handle::new(File::new(device, Arc::clone(&engine), true));
            file.associate(&port, 7).expect("a new file");
            file
        };
        let disk = Disk::new(disk_file(&engine, fake));
        let streams = match fake {
            Some(fake) => fake.pair(1 << 16).into(),
            None => {
                let (first, second) = UnixStream::pair().expect("a pair");
                [first, second].map(|end| {
                    end.set_nonblocking(true).expect("a socket");
                    engine.stream(end.into(), true)
                })
            }
        };
        let pair = streams.map(|it| file(Device::Socket(Arc::new(Socket::connected_over(it)))));
        let disk = file(Device::Disk(Arc::new(disk)));
        Self { engine, port, disk, pair }
    }

    fn start(&self, file: &Arc<File>, memory: &Memory, verb: Verb) -> Answer {
        let overlapped = memory.overlapped();
        let report = Report { overlapped, event: None, then: Then::Packet };
        Request::start(file, verb, report, |_| {})
    }

    fn packet(&self) -> Packet {
        let mut packets = [Packet::default()];
        let count = self.port.take(&mut packets, Some(Deadline::after(LIMIT)), &*self.engine);
        assert_eq!(count, Ok(1), "no packet came");
        packets[0]
    }

    /// An operation from its start to its packet: how it ended, and what is in
    /// the buffer.
    fn run(&self, file: &Arc<File>, content: &[u8], verb: impl Fn(&Memory) -> Verb) -> Line {
        let mut memory = Memory::new(0, content);
        let answer = self.start(file, &memory, verb(&memory));
        if let Answer::Refused(status) = answer {
            memory.poison();
            return (Some(status), 0, Vec::new());
        }
        let packet = self.packet();
        assert_eq!((packet.key, packet.overlapped), (7, memory.overlapped().address()));
        assert_eq!((memory.status(), memory.bytes()), (packet.status(), packet.bytes));
        (Some(packet.status()), packet.bytes, memory.content().to_vec())
    }
}

type Line = (Option<Status>, usize, Vec<u8>);

fn read(offset: u64) -> impl Fn(&Memory) -> Verb {
    move |memory| Verb::Disk(DiskOp::Read(memory.buffer(), offset))
}

fn write(offset: u64) -> impl Fn(&Memory) -> Verb {
    move |memory| Verb::Disk(DiskOp::Write(memory.buffer(), offset, false))
}

fn send(memory: &Memory) -> Verb {
    Verb::Socket(SocketVerb::send(memory.buffers(), 0, None))
}

fn receive(memory: &Memory) -> Verb {
    Verb::Socket(SocketVerb::receive(memory.buffers()))
}

/// One script, which is the same for every engine.
fn script(bench: Bench) -> Vec<Line> {
    let mut lines = Vec::new();
    let append = |memory: &Memory| Verb::Disk(DiskOp::Append(memory.buffer(), false));
    let disk = &bench.disk;
    lines.push(bench.run(disk, &[0; 8], read(0)));
    lines.push(bench.run(disk, b"hello, world", write(4)));
    lines.push(bench.run(disk, b"!", append));
    lines.push(bench.run(disk, b"", write(4000)));
    lines.push(bench.run(disk, &[9; 40], read(0)));
    lines.push(bench.run(disk, &[9; 4], read(15)));
    lines.push(bench.run(disk, &[9; 4], read(17)));
    lines.push(bench.run(disk, &[], read(17)));
    lines.push(bench.run(disk, &[9; 4], read(i64::MAX as u64 - 3)));
    lines.push(bench.run(disk, &[9; 4], read(u64::MAX)));
    lines.push(bench.run(disk, &[9; 3], receive));
    let [first, second] = &bench.pair;
    lines.push(bench.run(first, b"some bytes", send));
    lines.push(bench.run(second, &[9; 4], receive));
    lines.push(bench.run(second, &[9; 5], receive));
    lines.push(bench.run(second, &[9; 100], receive));
    lines.push(bench.run(second, b"", send));
    lines.push(bench.run(second, b"back", send));
    lines.push(bench.run(first, b"", receive));
    lines.push(bench.run(first, &[9; 9], receive));
    lines.extend(cancelled(&bench));
    let Bench { engine, pair: [first, second], .. } = &bench;
    let Device::Socket(socket) = second.device() else { panic!("a socket") };
    engine.finish_sending(socket.stream());
    lines.push(bench.run(first, &[9; 9], receive));
    lines.push(bench.run(first, &[9; 9], receive));
    lines
}

/// Two that wait: one is cancelled, then the other closes with its file.
fn cancelled(bench: &Bench) -> Vec<Line> {
    let (one, other) = (Memory::new(0, &[9; 6]), Memory::new(0, &[9; 6]));
    let Bench { pair: [file, _], .. } = bench;
    assert_eq!(bench.start(file, &one, receive(&one)), Answer::Pending);
    assert_eq!(bench.start(file, &other, receive(&other)), Answer::Pending);
    let address = other.overlapped().address();
    assert!(file.cancel_all(Some(address)));
    assert!(!file.cancel_all(Some(address)));
    let packet = bench.packet();
    assert_eq!(packet.overlapped, address);
    let mut lines = vec![(Some(packet.status()), packet.bytes, other.content().to_vec())];
    assert!(file.cancel_all(None));
    let packet = bench.packet();
    lines.push((Some(packet.status()), packet.bytes, one.content().to_vec()));
    lines
}

#[test]
fn i22_all_engines_give_the_same_outcomes() {
    let fake = Fake::new(5, Faults::default());
    let engine = Arc::new(Engine::fake(Arc::clone(&fake)));
    let expected = script(Bench::new(engine, Some(&fake)));
    assert_eq!(expected[1], (Some(Status::SUCCESS), 12, b"hello, world".to_vec()));
    assert_eq!(expected[5], (Some(Status::SUCCESS), 2, vec![b'd', b'!', 9, 9]));
    assert_eq!(expected[6].0, Some(Status::END_OF_FILE));
    assert_eq!(expected[19].0, Some(Status::CANCELLED));
    if cfg!(miri) {
        return;
    }
    for engine in kernels() {
        let report = engine.report();
        assert_eq!(script(Bench::new(engine, None)), expected, "{report}");
    }
}

/// Counts completions.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Complete for Counter {
    fn complete(self: Arc<Self>, _: Outcome) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[test]
#[cfg_attr(miri, ignore = "needs a kernel")]
fn i21_the_engine_goes_after_its_operations() {
    for (engine, cancels) in kernels().into_iter().chain(kernels()).zip([false, false, true, true])
    {
        let counter = Arc::new(Counter::default());
        let file = engine.disk_file(temporary_file());
        let mut content = vec![5_u8; 200 * 4096];
        for (number, piece) in content.chunks_mut(4096).enumerate() {
            // SAFETY: the content outlives the engine, which completes every
            // operation before it goes; the test is about that.
            let buffer = unsafe { Buffer::new(piece.as_mut_ptr(), piece.len()) };
            let op = DiskOp::Write(buffer, number as u64 * 4096, number % 50 == 0);
            let complete = Arc::clone(&counter) as Arc<dyn Complete>;
            engine.submit(&file, op, Tag::default(), complete);
        }
        if cancels {
            engine.cancel_disk(&file, &|_| true);
        }
        assert_eq!(Arc::strong_count(&engine), 1);
        drop(engine);
        assert_eq!(counter.0.load(Ordering::Acquire), 200);
        assert_eq!(Arc::strong_count(&counter), 1);
    }
}

#[test]
#[cfg_attr(miri, ignore = "needs a kernel")]
fn i21_a_pending_operation_keeps_its_engine() {
    for engine in kernels() {
        let bench = Bench::new(engine, None);
        let weak: Weak<Engine> = Arc::downgrade(&bench.engine);
        let memory = Memory::new(0, &[9; 6]);
        assert_eq!(bench.start(&bench.pair[0], &memory, receive(&memory)), Answer::Pending);
        let Bench { engine, port, disk, pair: [first, second] } = bench;
        drop((engine, disk, second));
        let engine = weak.upgrade().expect("an operation is pending");
        drop(first);
        let mut packets = [Packet::default()];
        let limit = Some(Deadline::after(LIMIT));
        assert_eq!(port.take(&mut packets, limit, &*engine), Ok(1));
        assert!(packets[0].status() != Status::PENDING);
        assert_eq!(memory.status(), packets[0].status());
        drop(engine);
        assert!(weak.upgrade().is_none(), "nothing is pending");
    }
}

/// Memory is poisoned as soon as the status is there, and looked at much later.
#[test]
#[cfg_attr(miri, ignore = "needs a kernel")]
fn i08_memory_is_left_alone_after_the_finish() {
    for engine in kernels() {
        let bench = Bench::new(engine, None);
        let mut random = Random(3);
        let mut all: Vec<Memory> = Vec::new();
        let mut pending: Vec<usize> = Vec::new();
        let (mut accepted, mut packets) = (0, 0);
        for _ in 0..3000 {
            let memory = Memory::new(0, &vec![1; 1 + random.below(6000)]);
            let offset = random.below(100_000) as u64;
            let (file, verb) = match random.below(4) {
                0 => (&bench.disk, read(offset)(&memory)),
                1 => (&bench.disk, write(offset)(&memory)),
                2 => (&bench.pair[0], send(&memory)),
                _ => (&bench.pair[1], receive(&memory)),
            };
            let answer = bench.start(file, &memory, verb);
            all.push(memory);
            if matches!(answer, Answer::Refused(_)) {
                all.last_mut().expect("just pushed").poison();
            } else {
                accepted += 1;
                pending.push(all.len() - 1);
            }
            if random.below(10) == 0 {
                [&bench.disk, &bench.pair[0], &bench.pair[1]][random.below(3)].cancel_all(None);
            }
            pending.retain(|&index| {
                let is_over = all[index].status() != Status::PENDING;
                if is_over {
                    all[index].poison();
                }
                !is_over
            });
            let mut taken = [Packet::default(); 8];
            let now = Some(Deadline::after(Duration::ZERO));
            packets += bench.port.take(&mut taken, now, &*bench.engine).unwrap_or(0);
        }
        bench.pair.iter().for_each(|file| {
            file.cancel_all(None);
        });
        while packets < accepted {
            bench.packet();
            packets += 1;
        }
        for index in pending {
            assert_ne!(all[index].status(), Status::PENDING);
            all[index].poison();
        }
        all.iter().for_each(Memory::check_untouched);
        assert_eq!(bench.port.depth(), 0);
    }
}

/// Who polls the OVERLAPPED may free it at once, before the packet is there.
#[test]
#[cfg_attr(miri, ignore = "needs a kernel")]
fn i07_nothing_is_touched_once_the_status_is_there() {
    for engine in kernels() {
        let bench = Bench::new(engine, None);
        let [first, second] = &bench.pair;
        let mut all = Vec::new();
        for number in 0..4000_u64 {
            let mut memory = Memory::new(0, &[1; 64]);
            let verb = match number % 2 {
                0 => write(number)(&memory),
                _ => receive(&memory),
            };
            let file = if number % 2 == 0 { &bench.disk } else { first };
            let answer = bench.start(file, &memory, verb);
            assert!(!matches!(answer, Answer::Refused(_)), "{answer:?}");
            if number % 2 == 1 {
                let mut sent = Memory::new(0, &[2; 64]);
                assert!(matches!(bench.start(second, &sent, send(&sent)), Answer::Done(..)));
                sent.poison();
                all.push(sent);
            }
            let limit = Deadline::after(LIMIT);
            while memory.status() == Status::PENDING {
                assert!(!limit.has_passed(), "never finished");
                std::hint::spin_loop();
            }
            memory.poison();
            all.push(memory);
        }
        for _ in 0..all.len() {
            bench.packet();
        }
        all.iter().for_each(Memory::check_untouched);
    }
}

//! What the tests of the Rust API share: every engine, a world over each.
#![allow(dead_code)]

use libiocp::engine::{Fake, Faults};
use libiocp::{Completion, CompletionPort, Engine, File, Preference, TcpListener, TcpStream};
use std::fmt::Debug;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Generous: only a test that fails waits as long.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// One engine, and what a test makes over it.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) engine: Arc<Engine>,
    pub(crate) fake: Option<Arc<Fake>>,
}

fn kernel(name: &'static str, preference: Preference) -> World {
    let engine = Arc::new(Engine::new(preference).expect("an engine over the kernel"));
    World { name, engine, fake: None }
}

/// A fake engine with this seed.
pub(crate) fn fake(seed: u64, faults: Faults) -> World {
    let fake = Fake::new(seed, faults);
    let engine = Arc::new(Engine::fake(Arc::clone(&fake)));
    World { name: "fake", engine, fake: Some(fake) }
}

/// Runs a test on io_uring, on epoll alone, and without a kernel.
pub(crate) fn on_each_engine(test: impl Fn(&World)) {
    on_kernel_engines(&test);
    for seed in 1..=4 {
        run(&fake(seed, Faults::default()), &test);
    }
}

/// Runs a test on the engines that have real descriptors: none under Miri.
pub(crate) fn on_kernel_engines(test: impl Fn(&World)) {
    if cfg!(miri) {
        return;
    }
    run(&kernel("io_uring", Preference::Uring), &test);
    run(&kernel("epoll", Preference::Epoll), &test);
}

/// Runs a test and checks that nothing is left that refers to the engine.
pub(crate) fn run(world: &World, test: impl Fn(&World)) {
    eprintln!("on {}", world.name);
    test(world);
    world.until("no request, file or port is left", || Arc::strong_count(&world.engine) == 1);
}

impl World {
    pub(crate) fn port(&self, concurrency: u32) -> CompletionPort {
        CompletionPort::with_engine(&self.engine, concurrency).expect("a port")
    }

    /// Two ends of a connection.
    pub(crate) fn pair(&self) -> (TcpStream, TcpStream) {
        if let Some(fake) = &self.fake {
            let (one, other) = fake.pair(1 << 16);
            return (TcpStream::over(&self.engine, one), TcpStream::over(&self.engine, other));
        }
        let listener = TcpListener::bind_with(&self.engine, "127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let one = TcpStream::connect_with(&self.engine, address).expect("a connection");
        let (other, _) = listener.accept().expect("its other end");
        (one, other)
    }

    /// A disk file with these bytes.
    pub(crate) fn file(&self, bytes: &[u8]) -> File {
        if let Some(fake) = &self.fake {
            return File::over(&self.engine, fake.disk_file(bytes.to_vec()));
        }
        let path = temporary_path();
        std::fs::File::create(&path).and_then(|mut file| file.write_all(bytes)).expect("a file");
        let mut options = File::options();
        options.read(true).write(true).delete_on_close(true).engine(&self.engine);
        options.open(path).expect("the file that was just written")
    }

    /// Waits until something holds, driving the fake engine meanwhile.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < LIMIT, "{}: in vain: {what}", self.name);
            if !self.step() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Lets the fake engine do all it can.
    pub(crate) fn settle(&self) {
        while self.step() {}
    }

    fn step(&self) -> bool {
        self.fake.as_ref().is_some_and(|fake| fake.step())
    }
}

/// A name that nobody else uses.
pub(crate) fn temporary_path() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("libiocp-test-{}-{number}", std::process::id()))
}

/// The next packet.
pub(crate) fn get(port: &CompletionPort) -> Completion {
    port.get(Some(LIMIT)).expect("a packet")
}

/// Asserts that the port has no packet.
pub(crate) fn assert_no_packet(port: &CompletionPort) {
    let error = port.get(Some(Duration::ZERO)).expect_err("no packet");
    assert_eq!(libiocp::win32_code(&error), Some(258));
}

/// The Win32 code of what must be an error.
pub(crate) fn code<T: Debug>(result: std::io::Result<T>) -> u32 {
    libiocp::win32_code(&result.expect_err("an error")).expect("a code")
}

/// Counts the buffers that exist.
#[derive(Clone, Default)]
pub(crate) struct Census(Arc<AtomicUsize>);

impl Census {
    pub(crate) fn buffer(&self, bytes: &[u8]) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted { bytes: bytes.to_vec(), census: self.clone() }
    }

    pub(crate) fn living(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A buffer that is counted while it lives.
pub(crate) struct Counted {
    pub(crate) bytes: Vec<u8>,
    census: Census,
}

impl Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Counted({:?})", self.bytes)
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsMut<[u8]> for Counted {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let before = self.census.0.fetch_sub(1, Ordering::SeqCst);
        assert!(before > 0, "a buffer is dropped once");
    }
}

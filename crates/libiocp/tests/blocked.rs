//! Threads that block outside the library, and how another is let in.
#![cfg(not(miri))]

mod support;

use libiocp::{BlockDetection, PortRef};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::{World, on_kernel_engines};

/// Runs a test on each engine with each way of seeing blocked threads.
fn on_each_tier(test: impl Fn(&World, BlockDetection)) {
    on_kernel_engines(|world| {
        for tier in [BlockDetection::Perf, BlockDetection::Proc] {
            match tier.check() {
                Ok(()) => test(world, tier),
                Err(error) => eprintln!("{tier:?} is not to be had here: {error}"),
            }
        }
    });
}

/// A way to block that somebody else can end.
trait Obstacle: Send + Sync {
    fn block(&self);
    fn release(&self);
}

/// `limit` many threads may run and `threads` many handlers block: all of them
/// are at it at the same time.
fn all_are_handled(world: &World, tier: BlockDetection, obstacle: &dyn Obstacle) {
    const THREADS: usize = 8;
    let port = world.port(1);
    port.set_block_detection(tier).unwrap();
    let handling = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                port.get(None).unwrap();
                handling.fetch_add(1, SeqCst);
                obstacle.block();
            });
        }
        world.until("all threads wait", || port.waiting() == THREADS);
        let start = Instant::now();
        (0..THREADS).for_each(|key| port.post(key, 0).unwrap());
        world.until("all packets are handled", || handling.load(SeqCst) == THREADS);
        eprintln!("{tier:?}: all are handled after {:?}", start.elapsed());
        assert_eq!((port.depth(), port.waiting()), (0, 0));
        obstacle.release();
    });
    world.until("no thread is left", || port.running() == 0);
}

/// A mutex of the C library.
struct LibcMutex(std::cell::UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a mutex is for several threads.
#[allow(unsafe_code)]
unsafe impl Sync for LibcMutex {}
// SAFETY: as above; it stays where it is.
#[allow(unsafe_code)]
unsafe impl Send for LibcMutex {}

#[allow(unsafe_code)]
impl Obstacle for LibcMutex {
    fn block(&self) {
        // SAFETY: an initialized mutex, locked and unlocked by one thread.
        unsafe {
            libc::pthread_mutex_lock(self.0.get());
            libc::pthread_mutex_unlock(self.0.get());
        }
    }

    fn release(&self) {
        // SAFETY: the thread that locked it in the test.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}

/// Rules: PORT-106.
#[test]
fn port_106_a_mutex_of_the_c_library_lets_others_in() {
    on_each_tier(|world, tier| {
        let mutex = Box::new(LibcMutex(libc::PTHREAD_MUTEX_INITIALIZER.into()));
        // SAFETY: an initialized mutex that nobody has locked.
        #[allow(unsafe_code)]
        unsafe {
            libc::pthread_mutex_lock(mutex.0.get())
        };
        all_are_handled(world, tier, &*mutex);
    });
}

#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Obstacle for Gate {
    fn block(&self) {
        let mut is_open = self.0.lock().unwrap();
        while !*is_open {
            is_open = self.1.wait(is_open).unwrap();
        }
    }

    fn release(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// Rules: PORT-106.
#[test]
fn port_106_a_condition_variable_lets_others_in() {
    on_each_tier(|world, tier| all_are_handled(world, tier, &Gate::default()));
}

/// Reads of a connection whose other end closes.
struct Reads(UnixStream, Mutex<Option<UnixStream>>);

impl Obstacle for Reads {
    fn block(&self) {
        assert_eq!((&self.0).read(&mut [0]).unwrap(), 0);
    }

    fn release(&self) {
        self.1.lock().unwrap().take();
    }
}

/// Rules: PORT-106.
#[test]
fn port_106_a_plain_read_lets_others_in() {
    on_each_tier(|world, tier| {
        let (one, other) = UnixStream::pair().unwrap();
        all_are_handled(world, tier, &Reads(one, Mutex::new(Some(other))));
    });
}

/// A sleep by direct system call, which a signal could end and nobody does.
struct Nanosleep;

impl Obstacle for Nanosleep {
    fn block(&self) {
        let time = libc::timespec { tv_sec: 1, tv_nsec: 0 };
        // SAFETY: a valid time; the rest is not wanted.
        #[allow(unsafe_code)]
        unsafe {
            libc::syscall(libc::SYS_nanosleep, &raw const time, std::ptr::null::<u8>());
        }
    }

    fn release(&self) {}
}

/// Rules: PORT-106.
#[test]
fn port_106_a_direct_system_call_lets_others_in() {
    on_each_tier(|world, tier| all_are_handled(world, tier, &Nanosleep));
}

/// How many handlers are at work, and the most that ever were.
#[derive(Default)]
struct Gauge(AtomicUsize, AtomicUsize);

impl Gauge {
    fn while_at_work(&self, work: impl FnOnce()) {
        self.1.fetch_max(self.0.fetch_add(1, SeqCst) + 1, SeqCst);
        work();
        self.0.fetch_sub(1, SeqCst);
    }
}

fn spin_for(duration: Duration) {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// Threads that only compute, several more of them than may run.
fn compute(world: &World, tier: BlockDetection, limit: u32, packets: usize, each: Duration) {
    let port = world.port(limit);
    port.set_block_detection(tier).unwrap();
    let gauge = Gauge::default();
    let done = AtomicUsize::new(0);
    let work = |port: PortRef| {
        while port.get(None).is_ok() {
            gauge.while_at_work(|| spin_for(each));
            done.fetch_add(1, SeqCst);
        }
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            let reference = port.reference();
            scope.spawn(|| work(reference));
        }
        world.until("all threads wait", || port.waiting() == 6);
        (0..packets).for_each(|key| port.post(key, 0).unwrap());
        world.until("all is done", || done.load(SeqCst) == packets);
        drop(port);
    });
    assert!(gauge.1.load(SeqCst) <= limit as usize, "{} of {limit}", gauge.1.load(SeqCst));
}

/// Rules: PORT-100, PORT-109.
#[test]
fn port_109_handlers_that_compute_never_exceed_the_limit() {
    on_each_tier(|world, tier| {
        for limit in [1, 2] {
            compute(world, tier, limit, 4000, Duration::from_micros(50));
        }
    });
}

/// Another process that computes.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        Self(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Rules: PORT-109.
#[test]
fn port_109_being_preempted_lets_nobody_in() {
    let processors = thread::available_parallelism().unwrap().get();
    let _busy: Vec<Busy> = (0..2 * processors).map(|_| Busy::start()).collect();
    on_each_tier(|world, tier| compute(world, tier, 1, 40, Duration::from_millis(10)));
}

/// Who was seen blocked and goes on counts again before a packet leaves.
/// Rules: PORT-107.
#[test]
fn port_107_who_resumes_counts_again() {
    on_each_tier(|world, tier| {
        let port = world.port(1);
        port.set_block_detection(tier).unwrap();
        let (gate, ends) = (Gate::default(), AtomicBool::new(false));
        let handled = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                port.get(None).unwrap();
                gate.block();
                handled.fetch_add(1, SeqCst);
                while !ends.load(SeqCst) {
                    std::hint::spin_loop();
                }
            });
            world.until("one waits", || port.waiting() == 1);
            port.post(0, 0).unwrap();
            world.until("one runs", || port.waiting() == 0);
            scope.spawn(|| {
                for _ in 0..2 {
                    port.get(None).unwrap();
                    handled.fetch_add(1, SeqCst);
                }
            });
            world.until("another waits", || port.waiting() == 1);
            port.post(1, 0).unwrap();
            world.until("the first is seen blocked", || handled.load(SeqCst) == 1);
            world.until("the other waits again", || port.waiting() == 1);
            assert_eq!(port.running(), 0);
            gate.release();
            world.until("the first goes on", || handled.load(SeqCst) == 2);
            port.post(2, 0).unwrap();
            assert_eq!((port.depth(), port.waiting(), port.running()), (1, 1, 1));
            ends.store(true, SeqCst);
            world.until("the packet is handled", || handled.load(SeqCst) == 3);
        });
        world.until("no thread is left", || port.running() == 0);
    });
}

/// Nobody looks for blocked threads where that is switched off.
/// Rules: PORT-115.
#[test]
fn port_115_it_can_be_switched_off_and_on() {
    on_kernel_engines(|world| {
        let port = world.port(1);
        port.set_block_detection(BlockDetection::Off).unwrap();
        let gate = Gate::default();
        let handled = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    port.get(None).unwrap();
                    handled.fetch_add(1, SeqCst);
                    gate.block();
                });
            }
            world.until("both wait", || port.waiting() == 2);
            port.post(0, 0).unwrap();
            port.post(1, 0).unwrap();
            world.until("one runs", || handled.load(SeqCst) == 1);
            assert_eq!((port.depth(), port.waiting()), (1, 1));
            thread::sleep(Duration::from_millis(50));
            assert_eq!((port.depth(), port.waiting()), (1, 1));
            port.set_block_detection(BlockDetection::Automatic).unwrap();
            world.until("both run", || handled.load(SeqCst) == 2);
            gate.release();
        });
    });
}

/// A page that is not there until somebody gives it.
struct Page {
    address: usize,
    faults: std::os::fd::OwnedFd,
}

const PAGE: usize = 4096;

#[allow(unsafe_code)]
impl Page {
    /// `None` where the system does not let this process serve its own faults.
    fn new() -> Option<Self> {
        use std::os::fd::{FromRawFd, OwnedFd};
        const UFFD_USER_MODE_ONLY: i32 = 1;
        let flags = libc::O_CLOEXEC | UFFD_USER_MODE_ONLY;
        // SAFETY: the call takes a number; a new descriptor is nobody else's.
        let faults = unsafe {
            let fd = libc::syscall(libc::SYS_userfaultfd, flags);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd as i32))?
        };
        // SAFETY: a new mapping wherever the kernel likes.
        let address = unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(std::ptr::null_mut(), PAGE, access, kind, -1, 0)
        };
        assert_ne!(address, libc::MAP_FAILED);
        let page = Self { address: address as usize, faults };
        // `UFFDIO_API`, and `UFFDIO_REGISTER` for pages that are missing.
        page.ask(0xc018_aa3f, [0xaa, 0, 0, 0])?;
        page.ask(0xc020_aa00, [page.address as u64, PAGE as u64, 1, 0])?;
        Some(page)
    }

    fn ask(&self, request: u64, mut argument: [u64; 4]) -> Option<()> {
        use std::os::fd::AsRawFd;
        // SAFETY: the argument is as large as either structure.
        let result =
            unsafe { libc::ioctl(self.faults.as_raw_fd(), request, argument.as_mut_ptr()) };
        (result == 0).then_some(())
    }
}

#[allow(unsafe_code)]
impl Obstacle for Page {
    fn block(&self) {
        // SAFETY: the mapping lives as long as the process.
        assert_eq!(unsafe { (self.address as *const u8).read_volatile() }, 0);
    }

    fn release(&self) {
        // `UFFDIO_ZEROPAGE`
        self.ask(0xc020_aa04, [self.address as u64, PAGE as u64, 0, 0]).expect("a page");
    }
}

/// Rules: PORT-106.
#[test]
fn port_106_a_page_fault_lets_others_in() {
    on_each_tier(|world, tier| match Page::new() {
        Some(page) => all_are_handled(world, tier, &page),
        None => eprintln!("page faults cannot be served here"),
    });
}

/// A container whose filter knows no records of context switches.
/// Rules: PORT-106, PORT-115.
#[test]
fn port_106_where_perf_is_refused_proc_serves() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    on_kernel_engines(|world| {
        let refused = || {
            let filter = SeccompFilter::new(
                [(libc::SYS_perf_event_open, vec![])].into(),
                SeccompAction::Allow,
                SeccompAction::Errno(libc::EPERM as u32),
                std::env::consts::ARCH.try_into().unwrap(),
            );
            let program: BpfProgram = filter.unwrap().try_into().unwrap();
            seccompiler::apply_filter(&program).unwrap();
            let port = world.port(1);
            assert_eq!(support::code(port.set_block_detection(BlockDetection::Perf)), 50);
            all_are_handled(world, BlockDetection::Automatic, &Gate::default());
        };
        thread::scope(|scope| scope.spawn(refused).join().unwrap());
    });
}

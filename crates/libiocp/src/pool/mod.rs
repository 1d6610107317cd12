//! Threads that make callbacks: the packets of a port are what is to be done.
//!
//! How many run is the port's to say, and it asks for one more when packets
//! wait though fewer run than may. So there are as many threads as block at
//! once, and as many more as there are processors; who has had nothing to do
//! for a while goes.

mod directory;
mod group;
mod instance;
mod lanes;
mod member;
mod tally;
mod timed;
mod waiting;

use crate::engine::Engine;
use crate::handle::Handle;
use crate::port::{Crew, NoPacket, Packet, Port};
use crate::sync::{
    Arc, AtomicBool, AtomicU64, Deadline, Mutex, Ordering, SignalMask, Weak, start_thread, unique,
};
use crate::timer::{Alarm, Clocks};
use directory::Directory;
pub use group::Group;
pub use instance::Instance;
use lanes::Lanes;
pub use lanes::Priority;
pub use member::{Callback, Member, Traits};
use std::time::Duration;
pub use waiting::Waitable;

/// How long a thread waits for something to do.
const IDLE: Duration = Duration::from_secs(10);
/// How long until a thread that could not be had is asked for again.
const AGAIN: Duration = Duration::from_millis(50);
/// How many threads there may be, if nobody says otherwise.
const MAXIMUM: u32 = 500;
/// The bytes of a thread's stack, if nobody says otherwise: address space, of
/// which only what is touched is used.
const STACK: usize = 8 << 20;
/// The key of packets that stand for what waits in the lanes.
const TICKET: usize = 0;

/// A thread pool. It goes with its last member and whoever else refers to it.
#[derive(Debug)]
pub struct Pool {
    /// Closed with the pool, which ends the threads.
    port: Handle<Port>,
    shared: Arc<Shared>,
}

/// What the threads of a pool share; it does not keep the pool.
#[derive(Debug)]
struct Shared {
    this: Weak<Shared>,
    port: Arc<Port>,
    engine: Arc<Engine>,
    clocks: Arc<Clocks>,
    directory: Directory,
    staff: Mutex<Staff>,
    /// The application's, whoever it is that starts a thread.
    mask: SignalMask,
    lanes: Mutex<Lanes>,
    /// Whether any member's priority is not the normal one, for good.
    has_lanes: AtomicBool,
    /// The owner and the number of the alarm that asks again for a thread.
    owner: u64,
    attempt: AtomicU64,
}

/// The threads of a pool.
#[derive(Debug)]
struct Staff {
    threads: u32,
    /// Those of them that have been started and not yet taken a packet.
    starting: u32,
    minimum: u32,
    maximum: u32,
    stack: usize,
}

impl Pool {
    /// A pool of as many running threads as there are processors.
    pub fn new(engine: &Arc<Engine>, clocks: &Arc<Clocks>) -> Arc<Self> {
        let shared = Arc::new_cyclic(|this: &Weak<Shared>| {
            let crew: Weak<dyn Crew> = Weak::<Shared>::clone(this);
            Shared {
                this: Weak::clone(this),
                port: Port::with_crew(0, crew),
                engine: Arc::clone(engine),
                clocks: Arc::clone(clocks),
                directory: Directory::default(),
                staff: Mutex::new(Staff {
                    threads: 0,
                    starting: 0,
                    minimum: 0,
                    maximum: MAXIMUM,
                    stack: STACK,
                }),
                mask: SignalMask::of_this_thread(),
                lanes: Mutex::default(),
                has_lanes: AtomicBool::new(false),
                owner: Clocks::owner(),
                attempt: AtomicU64::new(0),
            }
        });
        Arc::new(Self { port: Handle::of(Arc::clone(&shared.port)), shared })
    }

    /// Limits the threads; at least one. The smallest number sinks with it.
    pub fn set_maximum(&self, maximum: u32) {
        {
            let mut staff = self.shared.staff.lock();
            staff.maximum = maximum.max(1);
            staff.minimum = staff.minimum.min(staff.maximum);
        }
        self.shared.ask(self.port.missing_now());
    }

    /// Keeps so many threads, which are started now. The largest number rises
    /// with it.
    ///
    /// # Errors
    /// When the system has none to give; then the number is what it was.
    pub fn set_minimum(&self, minimum: u32) -> std::io::Result<()> {
        let before = {
            let mut staff = self.shared.staff.lock();
            staff.maximum = staff.maximum.max(minimum);
            std::mem::replace(&mut staff.minimum, minimum)
        };
        let start = || self.shared.start_if(|staff| staff.threads < staff.minimum);
        let result = std::iter::repeat_with(start).find(|result| !matches!(result, Ok(true)));
        let result = result.unwrap_or(Ok(false)).map(drop);
        if result.is_err() {
            self.shared.staff.lock().minimum = before;
        }
        result
    }

    /// Changes the stacks of threads that start from now on.
    pub fn set_stack(&self, bytes: usize) {
        self.shared.staff.lock().stack = bytes;
    }

    /// The bytes of the stacks of threads that start from now on.
    pub fn stack(&self) -> usize {
        self.shared.staff.lock().stack
    }

    /// How many threads it has.
    pub fn threads(&self) -> u32 {
        self.shared.staff.lock().threads
    }

    /// Whether somebody is there for the next packet, perhaps a new thread.
    fn has_reserve(&self) -> bool {
        let can_start = {
            let staff = self.shared.staff.lock();
            staff.starting > 0 || staff.threads < staff.maximum
        };
        can_start || self.port.waiting() > 0
    }

    /// Queues what a member is to do.
    fn post(&self, priority: Priority, packet: Packet) {
        if priority != Priority::Normal {
            self.shared.has_lanes.store(true, Ordering::Release);
        }
        if self.shared.has_lanes.load(Ordering::Acquire) {
            self.shared.lanes.lock().push(priority, packet);
            self.port.post(Packet::new(TICKET, 0, 0));
        } else {
            self.port.post(packet);
        }
    }
}

impl Shared {
    /// Starts a thread if `is_wanted` says so and there may be one more; tells
    /// whether it did.
    fn start_if(&self, is_wanted: impl Fn(&Staff) -> bool) -> std::io::Result<bool> {
        let stack = {
            let mut staff = self.staff.lock();
            if staff.threads >= staff.maximum || !is_wanted(&staff) {
                return Ok(false);
            }
            staff.threads += 1;
            staff.starting += 1;
            staff.stack
        };
        let Some(shared) = self.this.upgrade() else { return Ok(false) };
        let started = start_thread("iocp-pool", stack, &self.mask, move || shared.work());
        if started.is_err() {
            let mut staff = self.staff.lock();
            staff.threads -= 1;
            staff.starting -= 1;
        }
        started.map(|_| true)
    }

    /// A thread of the pool.
    fn work(&self) {
        let mut is_new = true;
        loop {
            let deadline = self.is_surplus().then(|| Deadline::after(IDLE));
            let mut packet = [Packet::default()];
            let taken = self.port.take(&mut packet, deadline, &*self.engine);
            if std::mem::take(&mut is_new) {
                self.staff.lock().starting -= 1;
                // While it was on its way it stood for one that was missing.
                self.ask(self.port.missing_now());
            }
            match taken {
                Ok(_) => {
                    let [packet] = packet;
                    self.dispatch(packet);
                    if self.retire(|staff| staff.threads > staff.maximum) {
                        return;
                    }
                }
                Err(NoPacket::TimedOut) => {
                    if self.retire(|staff| staff.threads > staff.minimum) {
                        return;
                    }
                }
                // Nobody alerts it between two callbacks.
                Err(NoPacket::Alerted) => {}
                Err(NoPacket::Abandoned) => {
                    self.retire(|_| true);
                    return;
                }
            }
        }
    }

    fn is_surplus(&self) -> bool {
        let staff = self.staff.lock();
        staff.threads > staff.minimum
    }

    /// The calling thread is to end, if it may.
    fn retire(&self, may: impl Fn(&Staff) -> bool) -> bool {
        let mut staff = self.staff.lock();
        let goes = may(&staff);
        staff.threads -= u32::from(goes);
        goes
    }

    /// Does what a packet stands for.
    fn dispatch(&self, packet: Packet) {
        let packet = if self.has_lanes.load(Ordering::Acquire) {
            let priority = match self.directory.get(packet.key) {
                Some(member) => member.priority(),
                None => Priority::Normal,
            };
            let mut lanes = self.lanes.lock();
            if packet.key != TICKET {
                lanes.push(priority, packet);
            }
            lanes.pop().unwrap_or(packet)
        } else {
            packet
        };
        if let Some(member) = self.directory.get(packet.key) {
            member.run(packet);
        }
    }

    fn new_key() -> usize {
        unique() as usize
    }
}

impl Crew for Shared {
    fn ask(&self, missing: u32) {
        // Each turn starts one; those that start are on their way to a packet.
        loop {
            match self.start_if(|staff| staff.starting < missing) {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => break,
            }
        }
        let Some(shared) = self.this.upgrade() else { return };
        let attempt = self.attempt.fetch_add(1, Ordering::AcqRel) + 1;
        // Without a thread for the clock either, the next packet asks again.
        let _ = self.clocks.ring_at(self.owner, attempt, Deadline::after(AGAIN), shared);
    }
}

impl Alarm for Shared {
    fn ring(self: Arc<Self>, _number: u64, _due: Deadline) {
        self.ask(self.port.missing_now());
    }

    fn is_current(&self, number: u64) -> bool {
        self.attempt.load(Ordering::Acquire) == number
    }
}

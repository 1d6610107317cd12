//! The queue on every schedule to a depth, against the rules told naively.
//!
//! The model knows nothing of how the queue works. It keeps for each thread
//! what the thread is doing, counts from that who runs, and demands after
//! every action what `ports.md` F says.

use super::Packet;
use super::queue::Queue;
use std::cell::RefCell;

/// What a thread is doing, as far as the port is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It has never asked for a packet.
    Elsewhere,
    Running,
    /// It runs for the port but is blocked in something else, and has said so.
    Blocked,
    Waiting,
    /// It is blocked where it cannot say so, and nobody has seen it yet.
    Asleep,
    /// Somebody has.
    Seen,
    /// It was seen blocked and goes on, which nobody has seen yet.
    Resumed,
}

const THREADS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Action {
    Post,
    /// Ask for a packet and wait if there is none.
    Take(usize),
    /// Ask for a packet, or do without.
    Poll(usize),
    TimeOut(usize),
    Block(usize),
    Unblock(usize),
    FallAsleep(usize),
    WakeUp(usize),
    See(usize),
    Exit(usize),
    Close,
}

#[derive(Clone)]
struct World {
    queue: Queue<usize>,
    threads: [Doing; THREADS],
    /// Who waits, oldest first.
    waiting: Vec<usize>,
    limit: usize,
    /// Whether threads block where they cannot say so.
    sleeps: bool,
    posted: usize,
    /// Packets that have left; they leave in the order 0, 1, 2...
    left: usize,
    is_closed: bool,
}

impl World {
    fn new(limit: usize, sleeps: bool) -> Self {
        Self {
            queue: Queue::new(limit as u32),
            threads: [Doing::Elsewhere; THREADS],
            waiting: Vec::new(),
            limit,
            sleeps,
            posted: 0,
            left: 0,
            is_closed: false,
        }
    }

    fn running(&self) -> usize {
        self.count(&[Doing::Running, Doing::Asleep, Doing::Resumed])
    }

    fn count(&self, any_of: &[Doing]) -> usize {
        self.threads.iter().filter(|doing| any_of.contains(doing)).count()
    }

    fn actions(&self) -> Vec<Action> {
        if self.is_closed {
            return Vec::new();
        }
        let mut actions = vec![Action::Post, Action::Close];
        for thread in 0..THREADS {
            actions.extend_from_slice(&match self.threads[thread] {
                Doing::Elsewhere => vec![Action::Take(thread), Action::Poll(thread)],
                Doing::Running | Doing::Resumed => vec![
                    Action::Take(thread),
                    Action::Poll(thread),
                    Action::Block(thread),
                    Action::Exit(thread),
                ],
                Doing::Blocked => vec![Action::Unblock(thread)],
                Doing::Waiting => vec![Action::TimeOut(thread)],
                Doing::Asleep => vec![Action::WakeUp(thread), Action::See(thread)],
                Doing::Seen => vec![Action::WakeUp(thread)],
            });
            if self.sleeps && matches!(self.threads[thread], Doing::Running | Doing::Resumed) {
                actions.push(Action::FallAsleep(thread));
            }
        }
        actions
    }

    /// PORT-090, PORT-100: the oldest packet leaves, and only if a thread
    /// more may run.
    fn leaves(&mut self, packet: Packet, running_before: usize) {
        assert_eq!(packet.key, self.left, "packets leave in order");
        assert!(running_before < self.limit, "a packet left at the limit");
        self.left += 1;
    }

    /// PORT-091: a hand-off goes to the thread that waited last.
    fn handed_over(&mut self, hand_off: Option<(usize, Packet)>) {
        if let Some((thread, packet)) = hand_off {
            assert_eq!(self.waiting.pop(), Some(thread), "threads are released newest first");
            let running = self.running();
            self.leaves(packet, running);
            self.threads[thread] = Doing::Running;
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Post => {
                let packet = Packet::new(self.posted, 0, 0);
                self.posted += 1;
                self.settle();
                let hand_off = self.queue.post(packet);
                self.handed_over(hand_off);
            }
            Action::Take(thread) => {
                if !self.take(thread) {
                    self.queue.wait(thread);
                    self.waiting.push(thread);
                    self.threads[thread] = Doing::Waiting;
                }
            }
            Action::Poll(thread) => {
                if !self.take(thread) {
                    self.queue.give_up();
                    self.threads[thread] = Doing::Running;
                }
            }
            Action::TimeOut(thread) => {
                assert!(self.queue.cancel_wait(&thread));
                self.waiting.retain(|other| *other != thread);
                self.threads[thread] = Doing::Running;
            }
            Action::Block(thread) | Action::Exit(thread) => {
                let exits = matches!(action, Action::Exit(_));
                let counted = self.counted(thread);
                self.threads[thread] = if exits { Doing::Elsewhere } else { Doing::Blocked };
                if counted {
                    self.queue.step_down();
                    self.settle();
                    let hand_off = self.queue.release();
                    self.handed_over(hand_off);
                }
            }
            Action::FallAsleep(thread) => {
                let was_seen = self.threads[thread] == Doing::Resumed;
                self.threads[thread] = if was_seen { Doing::Seen } else { Doing::Asleep };
            }
            Action::WakeUp(thread) => {
                let was_seen = self.threads[thread] == Doing::Seen;
                self.threads[thread] = if was_seen { Doing::Resumed } else { Doing::Running };
            }
            Action::See(thread) => {
                self.threads[thread] = Doing::Seen;
                self.queue.see_blocked(thread);
                self.settle();
                let hand_off = self.queue.release();
                self.handed_over(hand_off);
            }
            Action::Unblock(thread) => {
                self.queue.enter();
                self.threads[thread] = Doing::Running;
            }
            Action::Close => {
                let (waiters, packets) = self.queue.close();
                let newest_first: Vec<usize> = self.waiting.drain(..).rev().collect();
                assert_eq!(waiters, newest_first, "every waiter is told");
                assert_eq!(packets.len(), self.posted - self.left, "the rest is dropped");
                self.is_closed = true;
                assert_eq!(self.queue.post(Packet::default()), None);
            }
        }
    }

    /// Before a packet may leave: PORT-107.
    fn settle(&mut self) {
        let resumed = RefCell::new(Vec::new());
        self.queue.settle(self.limit as u32, |thread| {
            let has_resumed = self.threads[*thread] == Doing::Resumed;
            resumed.borrow_mut().extend(has_resumed.then_some(*thread));
            has_resumed
        });
        for thread in resumed.into_inner() {
            self.threads[thread] = Doing::Running;
        }
    }

    /// Whether the port counts a thread that is about to act; if not, it has
    /// forgotten that it was seen blocked.
    fn counted(&mut self, thread: usize) -> bool {
        let was_seen = self.threads[thread] == Doing::Resumed;
        assert_eq!(self.queue.forget(|other| *other == thread), was_seen);
        matches!(self.threads[thread], Doing::Running)
    }

    /// PORT-105: who asks again has given up its own place first.
    fn take(&mut self, thread: usize) -> bool {
        let counted = self.counted(thread);
        self.threads[thread] = Doing::Elsewhere;
        let packet = if self.queue.is_special() {
            if counted {
                self.queue.step_down();
            }
            self.settle();
            self.queue.take(false)
        } else {
            self.queue.take(counted)
        };
        let running = self.running();
        let Some(packet) = packet else { return false };
        self.leaves(packet, running);
        self.threads[thread] = Doing::Running;
        true
    }

    fn check(&self) {
        if self.is_closed {
            return;
        }
        let counted = self.count(&[Doing::Running, Doing::Asleep]);
        assert_eq!(self.queue.running() as usize, counted, "who runs is counted");
        assert_eq!(self.queue.is_special(), self.count(&[Doing::Seen, Doing::Resumed]) > 0);
        assert_eq!(self.queue.depth(), self.posted - self.left, "no packet is lost or doubled");
        let both = self.queue.depth() > 0 && !self.waiting.is_empty();
        assert!(!both || self.running() >= self.limit, "a packet waits for a thread that may run");
    }
}

fn explore(world: &World, depth: usize, schedules: &mut u64) {
    let actions = if depth == 0 { Vec::new() } else { world.actions() };
    if actions.is_empty() {
        *schedules += 1;
    }
    for action in actions {
        let mut next = world.clone();
        next.act(action);
        next.check();
        explore(&next, depth - 1, schedules);
    }
}

/// Rules: PORT-092, PORT-101, PORT-103, PORT-106, PORT-107, PORT-108, PORT-111,
/// PORT-114.
#[test]
fn i16_port_100_every_schedule_keeps_the_limit_the_order_and_every_packet() {
    let mut schedules = 0;
    for limit in 1..=3 {
        explore(&World::new(limit, false), 7, &mut schedules);
        explore(&World::new(limit, true), 6, &mut schedules);
    }
    assert!(schedules > 100_000, "only {schedules} schedules were explored");
}

/// Long runs reach states that no short schedule does.
#[test]
fn i13_port_090_long_random_runs_lose_and_double_nothing() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for run in 0..200 {
        let mut world = World::new(1 + run % 4, run % 2 == 0);
        for _ in 0..1000 {
            let actions = world.actions();
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let action = actions[(random % actions.len() as u64) as usize];
            if !matches!(action, Action::Close) {
                world.act(action);
                world.check();
            }
        }
    }
}

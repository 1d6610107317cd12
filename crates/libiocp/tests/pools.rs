//! Thread pools: how many threads there are, and which callbacks run.

use libiocp::engine::{Engine, Preference};
use libiocp::event::Event;
use libiocp::handle::Handle;
use libiocp::object::ObjectRef;
use libiocp::pool::{Callback, Group, Instance, Member, Pool, Priority, Traits, Waitable};
use libiocp::port::Packet;
use libiocp::status::Status;
use libiocp::sync::Sleep;
use libiocp::timer::{Clocks, Due};
use libiocp::wait::{Signal, wait_any};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

struct Calls<F>(F);

impl<F> Debug for Calls<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Calls")
    }
}

impl<F: Fn(&Instance<'_>, &Packet) + Send + Sync> Callback for Calls<F> {
    fn call(&self, instance: &Instance<'_>, packet: &Packet) {
        (self.0)(instance, packet);
    }
}

struct World {
    engine: Arc<Engine>,
    pool: Arc<Pool>,
}

fn on_each_engine(test: impl Fn(&World)) {
    for preference in [Preference::Uring, Preference::Epoll] {
        let engine = Arc::new(Engine::new(preference).expect("an engine"));
        let pool = Pool::new(&engine, &Clocks::new(&engine));
        let world = World { engine, pool };
        test(&world);
        drop(world.pool);
        until("the threads have ended", || Arc::strong_count(&world.engine) == 1);
    }
}

impl World {
    fn member(
        &self,
        traits: Traits,
        call: impl Fn(&Instance<'_>, &Packet) + Send + Sync + 'static,
    ) -> Arc<Member> {
        Member::new(&self.pool, Box::new(Calls(call)), traits)
    }

    fn work(&self, call: impl Fn(&Instance<'_>) + Send + Sync + 'static) -> Arc<Member> {
        self.member(Traits::default(), move |instance, _| call(instance))
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "in vain: {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn processors() -> u32 {
    std::thread::available_parallelism().unwrap().get() as u32
}

/// As many callbacks as block run at once, also many more than processors.
/// Rules: PORT-106.
#[test]
fn port_106_all_that_block_run_at_once() {
    on_each_engine(|world| {
        let (gate, count) = (Arc::new(Signal::manual(false)), Arc::new(AtomicU32::new(0)));
        let (opened, counted) = (Arc::clone(&gate), Arc::clone(&count));
        let work = world.work(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            wait_any(&[&opened], None, &Sleep);
        });
        for _ in 0..32 {
            work.submit();
        }
        until("all run", || count.load(Ordering::SeqCst) == 32);
        gate.set();
        work.wait();
        work.close();
        assert!(world.pool.threads() <= 34, "{}", world.pool.threads());
    });
}

/// Asleep where the library cannot know of it.
#[allow(unsafe_code)]
fn sleep_by_system_call(time: Duration) {
    let time =
        libc::timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) };
    // SAFETY: a valid time; the rest is not wanted.
    unsafe { libc::syscall(libc::SYS_nanosleep, &raw const time, std::ptr::null::<u8>()) };
}

/// The same where the library has to look whether they block.
/// Rules: PORT-106.
#[test]
#[cfg(not(miri))]
fn port_106_all_that_block_outside_the_library_run_at_once() {
    on_each_engine(|world| {
        let (ends, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (end, counted) = (Arc::clone(&ends), Arc::clone(&count));
        let work = world.work(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            while !end.load(Ordering::SeqCst) {
                sleep_by_system_call(Duration::from_millis(500));
            }
        });
        let start = Instant::now();
        for _ in 0..32 {
            work.submit();
        }
        until("all run", || count.load(Ordering::SeqCst) == 32);
        eprintln!("all run after {:?}, on {} threads", start.elapsed(), world.pool.threads());
        ends.store(true, Ordering::SeqCst);
        work.wait();
        work.close();
        assert!(world.pool.threads() <= 34, "{}", world.pool.threads());
    });
}

/// Callbacks that compute never run on more threads than processors.
/// Rules: PORT-100.
#[test]
fn port_100_what_computes_does_not_exceed_the_processors() {
    on_each_engine(|world| {
        let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
        let work = world.work(move |_| {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(500) {
                std::hint::spin_loop();
            }
            now.fetch_sub(1, Ordering::SeqCst);
        });
        for _ in 0..200 {
            work.submit();
        }
        work.wait();
        work.close();
        assert_eq!(most.load(Ordering::SeqCst), processors());
    });
}

/// A callback that says that it runs long gives its place to others.
#[test]
fn a_long_callback_does_not_count() {
    on_each_engine(|world| {
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let begun = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&begun);
        let long = world.work(move |instance| {
            assert!(instance.may_run_long());
            count.fetch_add(1, Ordering::SeqCst);
            while !end.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
        });
        for _ in 0..2 * processors() {
            long.submit();
        }
        until("all run", || begun.load(Ordering::SeqCst) == 2 * processors());
        let short = world.work(|_| ());
        short.submit();
        short.wait();
        ends.store(true, Ordering::SeqCst);
        long.wait();
        long.close();
        short.close();
    });
}

/// With one thread at most, callbacks follow each other in order.
#[test]
fn one_thread_is_a_queue() {
    on_each_engine(|world| {
        world.pool.set_maximum(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let members: Vec<_> = (0..50)
            .map(|number| {
                let order = Arc::clone(&order);
                world.work(move |_| {
                    libiocp::blocking(std::thread::yield_now);
                    order.lock().unwrap().push(number);
                })
            })
            .collect();
        members.iter().for_each(|member| member.submit());
        members.iter().for_each(|member| {
            member.wait();
            member.close();
        });
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
        assert_eq!(world.pool.threads(), 1);
    });
}

/// The smallest number of threads is there without work.
#[test]
fn the_minimum_is_started_at_once() {
    on_each_engine(|world| {
        world.pool.set_minimum(5).unwrap();
        assert_eq!(world.pool.threads(), 5);
        world.pool.set_maximum(3);
        let work = world.work(|_| ());
        until("the rest has gone", || {
            work.submit();
            work.wait();
            world.pool.threads() == 3
        });
        work.close();
    });
}

/// Callbacks of a high priority come first, those of a low one last.
#[test]
fn priorities_decide_who_comes_first() {
    on_each_engine(|world| {
        world.pool.set_maximum(1);
        let gate = Arc::new(Signal::manual(false));
        let (opened, has_begun) = (Arc::clone(&gate), Arc::new(AtomicBool::new(false)));
        let begins = Arc::clone(&has_begun);
        let first = world.work(move |_| {
            begins.store(true, Ordering::SeqCst);
            wait_any(&[&opened], None, &Sleep);
        });
        first.submit();
        until("the thread is busy", || has_begun.load(Ordering::SeqCst));
        let order = Arc::new(Mutex::new(Vec::new()));
        let priorities = [Priority::Low, Priority::Normal, Priority::High];
        let members: Vec<_> = (0..9)
            .map(|number| {
                let priority = priorities[number % 3];
                let order = Arc::clone(&order);
                let traits = Traits { priority, ..Traits::default() };
                world.member(traits, move |_, _| order.lock().unwrap().push((priority, number)))
            })
            .collect();
        members.iter().for_each(|member| member.submit());
        gate.set();
        members.iter().chain([&first]).for_each(|member| {
            member.wait();
            member.close();
        });
        let numbers: Vec<_> = order.lock().unwrap().iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, [2, 5, 8, 1, 4, 7, 0, 3, 6]);
    });
}

/// Timers count whole periods; once one is taken away nothing new comes.
#[test]
fn a_timer_that_was_taken_away_calls_nobody() {
    on_each_engine(|world| {
        for round in 0..300_u64 {
            let count = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&count);
            let timer = world.work(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            let due = Due::After(Duration::from_micros(round % 100));
            timer.set_timer(due, Duration::from_micros(100)).unwrap();
            if round % 2 == 0 {
                until("it rings", || count.load(Ordering::SeqCst) > 0);
            }
            timer.unset_timer();
            assert!(!timer.is_timer_set());
            timer.cancel();
            timer.wait();
            let before = count.load(Ordering::SeqCst);
            timer.close();
            std::thread::sleep(Duration::from_micros(150));
            assert_eq!(count.load(Ordering::SeqCst), before);
        }
    });
}

/// Each signal that a wait takes makes one callback; none is lost or made up,
/// however the wait is replaced meanwhile.
#[test]
fn a_wait_that_repeats_takes_each_signal_once() {
    on_each_engine(|world| {
        let event = Handle::new(Event::new(false, false));
        let (signaled, late) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (one, other) = (Arc::clone(&signaled), Arc::clone(&late));
        let wait = world.member(Traits::default(), move |_, packet| {
            let count = if packet.status() == Status::SUCCESS { &one } else { &other };
            count.fetch_add(1, Ordering::SeqCst);
        });
        let object = ObjectRef::Event(event.reference());
        let waitable = |micros: u64| Waitable {
            object: object.clone(),
            due: Some(Due::After(Duration::from_micros(micros))),
            repeats: true,
        };
        wait.set_wait(waitable(50)).unwrap();
        let mut sets = 0;
        for round in 0..2000 {
            sets += u64::from(!event.signal().set());
            if round % 7 == 0 {
                wait.set_wait(waitable(round % 50)).unwrap();
            }
        }
        until("all are taken", || !event.signal().is_set());
        wait.unset_wait();
        wait.wait();
        assert_eq!(signaled.load(Ordering::SeqCst), sets);
        let before = late.load(Ordering::SeqCst);
        assert!(!wait.unset_wait());
        wait.close();
        std::thread::sleep(Duration::from_millis(1));
        assert_eq!(late.load(Ordering::SeqCst), before);
    });
}

/// Closing a group waits for what runs and cancels what does not.
#[test]
fn a_group_closes_its_members() {
    on_each_engine(|world| {
        let group = Arc::new(Group::default());
        let gate = Arc::new(Signal::manual(false));
        let (ran, opened) = (Arc::new(AtomicU32::new(0)), Arc::clone(&gate));
        let count = Arc::clone(&ran);
        world.pool.set_maximum(1);
        let traits = Traits { group: Some(Arc::clone(&group)), ..Traits::default() };
        let work = world.member(traits.clone(), move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            wait_any(&[&opened], None, &Sleep);
        });
        for _ in 0..10 {
            work.submit();
        }
        let once = Traits { is_for_once: true, ..traits };
        world.member(once, |_, _| panic!("cancelled")).submit();
        until("one runs", || ran.load(Ordering::SeqCst) == 1);
        assert_eq!(group.len(), 2);
        std::thread::scope(|scope| {
            scope.spawn(|| group.close_members(true, 0));
            until("the group is closing", || group.is_empty());
            gate.set();
        });
        assert_eq!(ran.load(Ordering::SeqCst), 1);
        assert!(!work.close(), "closed with its group");
    });
}

/// Eight threads submit, wait, cancel and close at random; every callback that
/// was accepted and not cancelled runs once.
/// Rules: PORT-256.
#[test]
fn port_256_counts_are_exact_whatever_threads_do() {
    on_each_engine(|world| {
        let seeds = [3_u64, 5, 8, 13, 21, 34, 55, 89];
        std::thread::scope(|scope| {
            for seed in seeds {
                scope.spawn(move || stress(world, seed));
            }
        });
    });
}

fn stress(world: &World, mut seed: u64) {
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..60 {
        let ran = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&ran);
        let work = world.work(move |instance| match count.fetch_add(1, Ordering::SeqCst) % 5 {
            0 => instance.disassociate(),
            1 => libiocp::blocking(std::thread::yield_now),
            _ => {}
        });
        let (mut submitted, mut may_miss) = (0, 0);
        for _ in 0..random(40) {
            match random(8) {
                0 => {
                    work.wait_until_over();
                    assert!(ran.load(Ordering::SeqCst) >= submitted - may_miss);
                }
                1 => {
                    let before = ran.load(Ordering::SeqCst);
                    work.cancel();
                    work.wait();
                    assert!(ran.load(Ordering::SeqCst) >= before);
                    // What ran until now is certain: the rest is gone.
                    work.wait_until_over();
                    may_miss = submitted - ran.load(Ordering::SeqCst);
                }
                _ => {
                    work.submit();
                    submitted += 1;
                }
            }
        }
        if random(2) == 0 {
            work.wait();
        }
        assert!(work.close());
        until("all have run", || ran.load(Ordering::SeqCst) == submitted - may_miss);
    }
}

//! Waitable timers: what is set when, and what is never seen.

use libiocp::apc::Apc;
use libiocp::engine::{Engine, Preference};
use libiocp::handle::Handle;
use libiocp::sync::{Deadline, Sleep};
use libiocp::thread::Thread;
use libiocp::timer::{Clocks, Due, Timer};
use libiocp::wait::{Subscriber, subscribe, wait_any};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

fn clocks() -> Arc<Clocks> {
    Clocks::new(&Arc::new(Engine::new(Preference::Automatic).expect("an engine")))
}

fn timer(manual_reset: bool) -> Handle<Timer> {
    Handle::new(Timer::new(manual_reset, &clocks()))
}

fn after(duration: Duration) -> Due {
    Due::After(duration)
}

fn wait(timer: &Timer, limit: Duration) -> bool {
    wait_any(&[timer.signal()], Some(Deadline::after(limit)), &Sleep).is_some()
}

/// Many timers end in the order of their times, none early.
/// Rules: HND-97.
#[test]
fn hnd_097_no_timer_is_early() {
    let clocks = clocks();
    let start = Instant::now();
    let timers: Vec<_> = (0..200_u64)
        .map(|number| {
            let timer = Handle::new(Timer::new(true, &clocks));
            let due = Duration::from_micros(number * 7919 % 50_000);
            timer.set(after(due), Duration::ZERO, None).unwrap();
            (timer, due)
        })
        .collect();
    for (timer, due) in &timers {
        assert!(wait(timer, LIMIT));
        assert!(start.elapsed() >= *due);
    }
}

/// Once a timer is set anew or cancelled, nothing of the setting before is
/// seen, though its alarm may be ringing just then.
/// Rules: HND-97, HND-98.
#[test]
fn hnd_097_nothing_is_left_of_a_setting_that_was_replaced() {
    for manual_reset in [false, true] {
        let timer = timer(manual_reset);
        for round in 0..3000_u64 {
            let soon = Duration::from_micros(round % 90);
            timer.set(after(soon), Duration::from_micros(50), None).unwrap();
            while round % 3 == 0 && !timer.signal().is_set() {
                std::hint::spin_loop();
            }
            if round % 2 == 0 {
                timer.set(after(Duration::from_secs(3600)), Duration::ZERO, None).unwrap();
            } else {
                timer.cancel();
                timer.signal().reset();
            }
            for _ in 0..50 {
                assert!(!timer.signal().is_set(), "round {round}");
                std::hint::spin_loop();
            }
        }
    }
}

/// Threads that set and cancel one timer at random leave it as the last of
/// them said, and a closed timer rings no more.
/// Rules: HND-97, HND-29.
#[test]
fn hnd_097_threads_that_set_one_timer_agree_on_one_setting() {
    for round in 0..50 {
        let timer = timer(false);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let timer = &timer;
                scope.spawn(move || {
                    for step in 0..50 {
                        let due = Duration::from_micros((thread * 31 + step * 17) % 300);
                        timer.set(after(due), Duration::ZERO, None).unwrap();
                        if (thread + step) % 3 == 0 {
                            timer.cancel();
                        }
                    }
                });
            }
        });
        timer.set(after(Duration::from_micros(round)), Duration::ZERO, None).unwrap();
        assert!(wait(&timer, LIMIT));
        assert!(!wait(&timer, Duration::from_millis(1)), "another setting was left");
        timer.set(after(Duration::from_millis(1)), Duration::from_millis(1), None).unwrap();
        let reference = timer.reference();
        drop(timer);
        reference.signal().reset();
        assert!(!wait(&reference, Duration::from_millis(3)), "the timer is closed");
    }
}

#[derive(Debug, Default)]
struct Counter(AtomicU32);

impl Subscriber for Counter {
    fn signaled(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// No period comes before its time, counted from when the timer was set.
/// Rules: HND-97.
#[test]
fn hnd_097_no_period_is_early() {
    let timer = timer(false);
    let period = Duration::from_millis(2);
    let start = Instant::now();
    timer.set(after(period), period, None).unwrap();
    for number in 1..100 {
        assert!(wait(&timer, LIMIT));
        assert!(start.elapsed() >= period * number);
    }
}

extern "C-unwind" fn no_routine(_: *mut c_void, _: u32, _: u32) {}

fn calls_of(thread: &Thread) -> usize {
    std::iter::from_fn(|| thread.next_apc())
        .inspect(|apc| assert!(matches!(apc, Apc::Timer(_, 5, _)), "{apc:?}"))
        .count()
}

/// However often a timer is set and cancelled, with alarms ringing meanwhile,
/// nothing of a setting before is queued.
/// Rules: HND-98, HND-99.
#[test]
fn hnd_099_no_call_is_left_of_a_setting_that_was_replaced() {
    let (timer, thread) = (timer(true), Thread::current());
    for round in 0..3000_u64 {
        let soon = Duration::from_micros(round % 90);
        let call = Some(thread.timer_call(no_routine, 5));
        timer.set(after(soon), Duration::from_micros(50), call).unwrap();
        while round % 3 == 0 && !thread.alert().is_set() {
            std::hint::spin_loop();
        }
        assert!(round % 5 != 0 || calls_of(&thread) <= 2);
        match round % 2 {
            0 => timer.set(after(LIMIT), Duration::ZERO, None).unwrap(),
            _ => timer.cancel(),
        }
        assert_eq!(calls_of(&thread), 0, "round {round}");
    }
}

/// A timer whose last handle has closed still makes its call.
/// Rules: HND-29, HND-99.
#[test]
fn hnd_099_a_closed_timer_makes_its_call() {
    let (clocks, thread) = (clocks(), Thread::current());
    let timer = Handle::new(Timer::new(true, &clocks));
    let call = Some(thread.timer_call(no_routine, 5));
    timer.set(after(Duration::from_millis(5)), Duration::ZERO, call).unwrap();
    drop(timer);
    assert!(wait_any(&[thread.alert()], Some(Deadline::after(LIMIT)), &Sleep).is_some());
    assert_eq!(calls_of(&thread), 1);
}

/// The end of the thread ends its timers, which are not signaled.
/// Rules: HND-99.
#[test]
fn hnd_099_the_end_of_the_thread_ends_the_timer() {
    let timer = timer(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let call = Some(Thread::current().timer_call(no_routine, 5));
            timer.set(after(Duration::from_millis(20)), Duration::ZERO, call).unwrap();
            Thread::current().end(0);
        });
    });
    assert!(!wait(&timer, Duration::from_millis(60)), "signaled after the end of its thread");
    timer.set(after(Duration::ZERO), Duration::ZERO, None).unwrap();
    assert!(timer.signal().is_set());
}

/// A subscriber is told by the alarm itself.
/// Rules: HND-83.
#[test]
fn hnd_083_a_subscriber_of_a_timer_is_called() {
    let timer = timer(false);
    let counter = Arc::new(Counter::default());
    let subscription = subscribe(timer.signal(), Arc::<Counter>::clone(&counter)).unwrap();
    timer.set(after(Duration::from_millis(1)), Duration::ZERO, None).unwrap();
    let start = Instant::now();
    while counter.0.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < LIMIT);
        std::thread::yield_now();
    }
    assert!(!subscription.cancel(timer.signal()));
    assert!(!timer.signal().is_set());
}

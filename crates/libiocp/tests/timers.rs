//! Waitable timers: what is set when, and what is never seen.

use libiocp::engine::{Engine, Preference};
use libiocp::handle::Handle;
use libiocp::sync::{Deadline, Sleep};
use libiocp::timer::{Clocks, Due, Timer};
use libiocp::wait::{Subscriber, subscribe, wait_any};
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
            timer.set(after(due), Duration::ZERO).unwrap();
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
            timer.set(after(soon), Duration::from_micros(50)).unwrap();
            while round % 3 == 0 && !timer.signal().is_set() {
                std::hint::spin_loop();
            }
            if round % 2 == 0 {
                timer.set(after(Duration::from_secs(3600)), Duration::ZERO).unwrap();
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
                        timer.set(after(due), Duration::ZERO).unwrap();
                        if (thread + step) % 3 == 0 {
                            timer.cancel();
                        }
                    }
                });
            }
        });
        timer.set(after(Duration::from_micros(round)), Duration::ZERO).unwrap();
        assert!(wait(&timer, LIMIT));
        assert!(!wait(&timer, Duration::from_millis(1)), "another setting was left");
        timer.set(after(Duration::from_millis(1)), Duration::from_millis(1)).unwrap();
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
    timer.set(after(period), period).unwrap();
    for number in 1..100 {
        assert!(wait(&timer, LIMIT));
        assert!(start.elapsed() >= period * number);
    }
}

/// A subscriber is told by the alarm itself.
/// Rules: HND-83.
#[test]
fn hnd_083_a_subscriber_of_a_timer_is_called() {
    let timer = timer(false);
    let counter = Arc::new(Counter::default());
    let subscription = subscribe(timer.signal(), Arc::<Counter>::clone(&counter)).unwrap();
    timer.set(after(Duration::from_millis(1)), Duration::ZERO).unwrap();
    let start = Instant::now();
    while counter.0.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < LIMIT);
        std::thread::yield_now();
    }
    assert!(!subscription.cancel(timer.signal()));
    assert!(!timer.signal().is_set());
}

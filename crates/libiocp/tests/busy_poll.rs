//! Busy polling changes when a thread sleeps, and nothing that a program sees.

mod support;

use std::time::{Duration, Instant};
use support::{LIMIT, assert_no_packet, code, get, on_kernel_engines};

const WAIT_TIMEOUT: u32 = 258;
/// Longer than a test may take: who polls never sleeps.
const EVER: Duration = Duration::from_secs(3600);
const TIMES: [Duration; 3] = [Duration::ZERO, Duration::from_micros(50), EVER];

#[test]
fn what_is_set_is_told() {
    on_kernel_engines(|world| {
        assert_eq!(world.engine.busy_poll(), Duration::ZERO, "it is off at first");
        assert!(!world.engine.report().contains("polled"));
        world.engine.set_busy_poll(Duration::from_micros(50));
        assert_eq!(world.engine.busy_poll(), Duration::from_micros(50));
        assert!(world.engine.report().ends_with("; sockets are polled for 50 us"));
    });
}

/// Ready sockets, posted packets, time limits and the close of the port are
/// all seen by threads that poll and never sleep.
#[test]
fn who_polls_sees_everything_that_a_sleeper_sees() {
    on_kernel_engines(|world| {
        for time in TIMES {
            world.engine.set_busy_poll(time);
            let (port, (one, other)) = (world.port(2), world.pair());
            other.associate(&port, 7).unwrap();
            let receive = other.start_receive(vec![0; 8]).unwrap();
            assert_no_packet(&port);
            let start = Instant::now();
            let limit = Duration::from_millis(20);
            assert_eq!(code(port.get(Some(limit)).map(drop)), WAIT_TIMEOUT);
            assert!(start.elapsed() >= limit && start.elapsed() < LIMIT);

            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    let port = port.clone();
                    std::thread::spawn(move || port.get(None).map(|it| (it.key(), it.bytes())))
                })
                .collect();
            world.until("all wait", || port.waiting() == 3);
            port.post(1, 11).unwrap();
            world.until("one has gone", || port.waiting() == 2);
            one.start_send(*b"hello").unwrap();
            world.until("another has gone", || port.waiting() == 1);
            assert!(!receive.is_pending());
            port.post(2, 12).unwrap();
            let mut got: Vec<_> =
                waiters.into_iter().map(|it| it.join().unwrap().unwrap()).collect();
            got.sort_unstable();
            assert_eq!(got.len(), 3);
            assert!(got.contains(&(7, 5)), "{got:?}");
        }
    });
}

/// Every message is echoed, whoever leads, and wherever the lead goes.
#[test]
fn echoes_go_on_while_threads_poll() {
    on_kernel_engines(|world| {
        for time in TIMES {
            world.engine.set_busy_poll(time);
            let port = world.port(2);
            let pairs: Vec<_> = (0..4).map(|_| world.pair()).collect();
            for (key, (one, other)) in pairs.iter().enumerate() {
                other.associate(&port, key).unwrap();
                other.start_receive([0u8; 8]).unwrap();
                one.start_send([key as u8; 8]).unwrap();
            }
            let receivers: Vec<_> = pairs.iter().map(|(_, other)| other.clone()).collect();
            let senders: Vec<_> = pairs.iter().map(|(one, _)| one.clone()).collect();
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let (port, receivers) = (port.clone(), receivers.clone());
                    let senders = senders.clone();
                    std::thread::spawn(move || {
                        for _ in 0..500 {
                            let completion = get(&port);
                            let key = completion.key();
                            assert_eq!(completion.result().unwrap(), 8);
                            let bytes = completion.into_payload::<[u8; 8]>().unwrap();
                            assert_eq!(bytes, [key as u8; 8]);
                            receivers[key].start_receive([0u8; 8]).unwrap();
                            senders[key].start_send(bytes).unwrap();
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}

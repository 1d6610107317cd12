//! Posting and getting packets against queues of this process.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use bench::affinity;
use bench::channel::{Channel, Crossbeam, Flume, Futex, Packet, ParkingLot};
use bench::ours::Port;
use bench::process::Failure;
use bench::report::{Goal, Section, Table};
use bench::stats::{self, Summary};

use super::{Settings, cell};

const OURS: &str = "libiocp";
const PARKING_LOT: &str = "parking_lot";
const FUTEX: &str = "bare futex";
const PACKET_GOAL: (&str, Goal) = (PARKING_LOT, Goal::AtMost(1.2));
const ROUND_TRIP_GOAL: (&str, Goal) = (FUTEX, Goal::AtMost(1.3));
/// The key that ends a consumer; posted after all others.
const END: usize = usize::MAX;

type Run = Box<dyn Fn() -> Result<f64, Failure>>;

struct Case {
    name: String,
    what: &'static str,
    target: (&'static str, Goal),
    contestants: Vec<(&'static str, Run)>,
}

const RIVALS: [&str; 4] = [PARKING_LOT, "crossbeam-channel", "flume", FUTEX];

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let rounds = settings.rounds(15);
    let mut head = vec!["nanoseconds".to_owned(), OURS.into()];
    for rival in RIVALS {
        head.extend([rival.to_owned(), format!("over {rival}")]);
    }
    let mut results = Table::new(head);
    let mut targets = Vec::new();
    for case in cases(settings)? {
        if !settings.wants(&case.name) {
            continue;
        }
        let mut series = vec![Vec::new(); case.contestants.len()];
        for _ in 0..rounds {
            for (times, (_, run)) in series.iter_mut().zip(&case.contestants) {
                times.push(run()?);
            }
        }
        let of = |name: &str| {
            let place = case.contestants.iter().position(|(found, _)| *found == name)?;
            Some(&series[place][..])
        };
        let ratio = |rival: &str| stats::paired(of(OURS)?, of(rival)?);
        let median = |name: &str| Summary::of(of(name)?.iter().copied());
        let mut row = vec![format!("{}, {}", case.name, case.what), cell(median(OURS))];
        for rival in RIVALS {
            row.extend([alone(median(rival)), cell(ratio(rival))]);
        }
        results.row(row);
        let (rival, goal) = case.target;
        targets.push((case.name.clone(), rival, goal, ratio(rival)));
    }
    let mut section = Section::new("queue", EXPLANATION);
    section.show(&results);
    for (name, rival, goal, ratio) in targets {
        section.target(&format!("time over that of {rival}"), &name, goal, ratio);
    }
    Ok(section)
}

/// A median alone.
fn alone(summary: Option<Summary>) -> String {
    let text = |s: Summary| format!("{:.*}", usize::from(s.median < 100.0), s.median);
    summary.map_or_else(|| "-".into(), text)
}

const PACKET: &str = "per packet";
const ROUND_TRIP: &str = "per round trip";
const EXPLANATION: &str = "Nanoseconds: medians of alternating runs in one process. `over` is \
    libiocp's time over the rival's, taken round by round, with the extremes: over 1 libiocp takes \
    longer. `libiocp` is the C ABI, with the port's default limit (as many threads as processors).";

fn cases(settings: &Settings) -> Result<Vec<Case>, Failure> {
    let packets = settings.pick(1_000_000, 50_000);
    let trips = settings.pick(20_000, 2_000);
    let mut cases = vec![Case {
        name: "one thread".into(),
        what: PACKET,
        target: PACKET_GOAL,
        contestants: vec![
            (OURS, pairs::<Port>(packets)),
            (PARKING_LOT, pairs::<ParkingLot>(packets)),
            ("crossbeam-channel", pairs::<Crossbeam>(packets)),
            ("flume", pairs::<Flume>(packets)),
        ],
    }];
    for threads in [1, 2, 4] {
        cases.push(Case {
            name: format!("{threads} to {threads}"),
            what: PACKET,
            target: PACKET_GOAL,
            contestants: vec![
                (OURS, crowd::<Port>(threads, packets)),
                (PARKING_LOT, crowd::<ParkingLot>(threads, packets)),
                ("crossbeam-channel", crowd::<Crossbeam>(threads, packets)),
                ("flume", crowd::<Flume>(threads, packets)),
            ],
        });
    }
    let cpus = affinity::allowed()?;
    let places = [("one core", vec![cpus[0], cpus[0]]), ("two cores", cpus)];
    for (place, cpus) in places.into_iter().filter(|(_, cpus)| cpus.len() > 1) {
        let cpus = [cpus[0], cpus[1]];
        cases.push(Case {
            name: format!("ping-pong on {place}"),
            what: ROUND_TRIP,
            target: ROUND_TRIP_GOAL,
            contestants: vec![
                (OURS, ping_pong::<Port>(trips, cpus)),
                (FUTEX, ping_pong::<Futex>(trips, cpus)),
                (PARKING_LOT, ping_pong::<ParkingLot>(trips, cpus)),
                ("crossbeam-channel", ping_pong::<Crossbeam>(trips, cpus)),
                ("flume", ping_pong::<Flume>(trips, cpus)),
            ],
        });
    }
    Ok(cases)
}

fn packet(key: usize) -> Packet {
    Packet { bytes: 1, key, overlapped: 0 }
}

/// One thread posts and gets in turn.
fn pairs<C: Channel>(count: usize) -> Run {
    Box::new(move || {
        let channel = C::default();
        let from = Instant::now();
        for i in 0..count {
            channel.post(packet(i));
            if channel.get().key != i {
                return Err("a packet came out of order".into());
            }
        }
        Ok(from.elapsed().as_nanos() as f64 / count as f64)
    })
}

/// As many consumers as producers; the time from the first thread's start to the last one's end.
fn crowd<C: Channel>(threads: usize, count: usize) -> Run {
    Box::new(move || {
        let channel = C::default();
        let (each, start) = (count / threads, Barrier::new(threads * 2));
        let living = AtomicUsize::new(threads);
        let (sum, from, to) = thread::scope(|scope| {
            let mut all = Vec::new();
            for _ in 0..threads {
                all.push(scope.spawn(|| timed(&start, || consume(&channel))));
            }
            for _ in 0..threads {
                all.push(scope.spawn(|| {
                    timed(&start, || {
                        (0..each).for_each(|i| channel.post(packet(i)));
                        if living.fetch_sub(1, Ordering::AcqRel) == 1 {
                            (0..threads).for_each(|_| channel.post(packet(END)));
                        }
                        0
                    })
                }));
            }
            let done = all.into_iter().map(|t| t.join().expect("a thread panicked"));
            done.reduce(|a, b| (a.0 + b.0, a.1.min(b.1), a.2.max(b.2)))
        })
        .ok_or("no threads")?;
        if sum != threads * (each * (each - 1) / 2) {
            return Err("packets were lost or doubled".into());
        }
        Ok((to - from).as_nanos() as f64 / (each * threads) as f64)
    })
}

/// Runs `work` once all threads are there; its result, start and end.
fn timed(start: &Barrier, work: impl FnOnce() -> usize) -> (usize, Instant, Instant) {
    start.wait();
    let from = Instant::now();
    let result = work();
    (result, from, Instant::now())
}

fn consume<C: Channel>(channel: &C) -> usize {
    let mut sum = 0;
    loop {
        match channel.get().key {
            END => return sum,
            key => sum += key,
        }
    }
}

/// Two threads, each on its processor, pass one packet to and fro.
fn ping_pong<C: Channel>(count: usize, cpus: [usize; 2]) -> Run {
    Box::new(move || {
        let (there, back) = (C::default(), C::default());
        thread::scope(|scope| {
            scope.spawn(|| -> Result<(), Failure> {
                affinity::restrict(&cpus[1..])?;
                (0..count).for_each(|_| back.post(there.get()));
                Ok(())
            });
            let asking = scope.spawn(|| -> Result<f64, Failure> {
                affinity::restrict(&cpus[..1])?;
                let from = Instant::now();
                for i in 0..count {
                    there.post(packet(i));
                    if back.get().key != i {
                        return Err("a packet came back changed".into());
                    }
                }
                Ok(from.elapsed().as_nanos() as f64 / count as f64)
            });
            asking.join().expect("the asking thread panicked")
        })
    })
}

//! Ways of doing what the library does in another way: what the kernel offers, measured alone.

mod accepts;
mod owner;
mod rings;
mod zero_copy;

use std::io;
use std::time::{Duration, Instant};

use bench::process::Failure;
use bench::report::{Section, Table};
use bench::stats;

use super::{Settings, cell};

const EXPLANATION: &str = "What the kernel offers beside what the library uses, each alone in a \
    small program. Median and extremes of alternating runs, ratios taken round by round over the \
    first way of each case. CPU time is that of the whole process, client included, \
    for echo that of the server.";

/// What one way did in one round.
pub(crate) struct Run {
    pub(crate) count: f64,
    pub(crate) seconds: f64,
    pub(crate) cpu: Duration,
}

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let mut section = Section::new("probes", EXPLANATION);
    let head = ["case", "way", "per second", "rate", "CPU us each", "CPU"];
    let mut table = Table::new(head);
    zero_copy::measure(settings, &mut table)?;
    accepts::measure(settings, &mut table)?;
    rings::measure(settings, &mut table)?;
    owner::measure(settings, &mut table)?;
    section.show(&table);
    Ok(section)
}

/// Lets the ways of a case take turns and adds their rows.
fn race<W: Copy>(
    settings: &Settings,
    table: &mut Table,
    case: &str,
    ways: &[(&str, W)],
    mut run: impl FnMut(W) -> Result<Run, Failure>,
) -> Result<(), Failure> {
    if !settings.wants(case) {
        return Ok(());
    }
    let mut rates = vec![Vec::new(); ways.len()];
    let mut costs = vec![Vec::new(); ways.len()];
    for _ in 0..settings.rounds(5) {
        for (i, &(name, way)) in ways.iter().enumerate() {
            let done = run(way).map_err(|error| format!("{case}, {name}: {error}"))?;
            rates[i].push(done.count / done.seconds);
            costs[i].push(done.cpu.as_secs_f64() * 1e6 / done.count);
        }
    }
    for (i, (name, _)) in ways.iter().enumerate() {
        table.row([
            case.to_owned(),
            (*name).to_owned(),
            cell(stats::Summary::of(rates[i].iter().copied())),
            cell(stats::paired(&rates[i], &rates[0])),
            cell(stats::Summary::of(costs[i].iter().copied())),
            cell(stats::paired(&costs[i], &costs[0])),
        ]);
    }
    Ok(())
}

/// Runs `work`, which returns how much it did.
fn timed(work: impl FnOnce() -> io::Result<u64>) -> Result<Run, Failure> {
    let (from, cpu) = (Instant::now(), bench::process::own_cpu()?);
    let count = work()? as f64;
    let seconds = from.elapsed().as_secs_f64();
    Ok(Run { count, seconds, cpu: bench::process::own_cpu()? - cpu })
}

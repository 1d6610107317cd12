//! Handlers of which half block: a port lets others in, a runtime of as many threads as
//! processors cannot.

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use bench::process::{Failure, Server};
use bench::report::{Goal, Section, Table};
use bench::stats::{self, Summary};

use super::echo::Series;
use super::{Settings, build, cell};

const CONNECTIONS: usize = 64;
const EXPLANATION: &str = "Echo of 64 B on 64 connections, each with one message under way. The \
    handlers of half of the requests block for 5 ms, the others answer at once. `nanosleep` is \
    the system call itself, of which neither libiocp nor tokio is told; `Sleep` is the Win32 \
    function, through which libiocp learns that the thread blocks. libiocp's server has 64 \
    threads on a port whose limit is the number of processors, and takes a packet for each \
    operation; tokio's multi-thread runtime has as many workers as processors, once with the \
    `nanosleep` in the task, once in `spawn_blocking`. Nothing is pinned. Medians and extremes of \
    alternating runs, ratios taken round by round.";

/// The one that is to be at least twice as fast as [`TOKIO`].
const OURS: usize = 0;
const HINTED: usize = 1;
const TOKIO: usize = 2;

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let mut section = Section::new("mixed", EXPLANATION);
    let rivals = build::rivals()?;
    let field = field(build::ours("echo_bench_server")?, rivals.join("echo_tokio"))?;
    if !settings.wants("mixed load") {
        return Ok(section);
    }
    let mut series = vec![Series::default(); field.len()];
    for _ in 0..settings.rounds(7) {
        for (series, (name, program, arguments)) in series.iter_mut().zip(&field) {
            let server = Server::start(Command::new(program).args(arguments), &[])?;
            let mut client = Command::new(rivals.join("echo_client"));
            client
                .arg(format!("--connections={CONNECTIONS}"))
                .arg("--size=64")
                .arg(format!("--ms={}", settings.pick(1500, 300)));
            series.add(&server, &mut client, &[]).map_err(|e| format!("{name}: {e}"))?;
        }
    }
    let head = ["server", "requests/s", "over tokio", "CPU us per request", "p50 ms", "p99 ms"];
    let mut table = Table::new(head);
    let over_tokio = |i: usize| {
        let rates = |i: usize| &series[i].requests_per_second[..];
        stats::paired(rates(i), rates(TOKIO))
    };
    for (i, (name, ..)) in field.iter().enumerate() {
        let own = &series[i];
        let of = |values: &[f64], unit: f64| cell(Summary::of(values.iter().map(|v| v / unit)));
        table.row([
            (*name).into(),
            of(&own.requests_per_second, 1.0),
            cell(over_tokio(i)),
            of(&own.cpu_per_request, 1.0),
            of(&own.p50, 1000.0),
            of(&own.p99, 1000.0),
        ]);
    }
    section.show(&table);
    for i in [OURS, HINTED] {
        section.target("throughput over tokio", field[i].0, Goal::AtLeast(2.0), over_tokio(i));
    }
    Ok(section)
}

type Entry = (&'static str, PathBuf, Vec<String>);

fn field(ours: PathBuf, tokio: PathBuf) -> Result<[Entry; 4], Failure> {
    let processors = thread::available_parallelism()?;
    let own = |how: usize| {
        let fixed = [format!("workers={CONNECTIONS}"), "concurrency=0".into(), "size=64".into()];
        let all = fixed.into_iter().chain([format!("block={how}")]).collect();
        (ours.clone(), all)
    };
    let runtime = |how: &str| {
        let fixed = [format!("--workers={processors}"), "--size=64".into()];
        let all = fixed.into_iter().chain([format!("--block={how}")]).collect();
        (tokio.clone(), all)
    };
    Ok([
        ("libiocp, nanosleep", own(1)),
        ("libiocp, Sleep", own(2)),
        ("tokio, nanosleep", runtime("worker")),
        ("tokio, spawn_blocking", runtime("pool")),
    ]
    .map(|(name, (program, arguments))| (name, program, arguments)))
}

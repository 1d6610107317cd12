//! TCP echo under one client.

use std::path::{Path, PathBuf};
use std::process::Command;

use bench::affinity;
use bench::process::{self, Failure, Server};
use bench::report::{Goal, Section, Table};
use bench::stats::{self, Summary};

use super::{Settings, cell};

const EPOLL: &str = "epoll loop";
const CONTROL: &str = "epoll loop again";
const EXPLANATION: &str = "One client thread keeps one message under way on each connection and \
    compares every echo. Median and extremes of alternating runs, ratios taken round by round: \
    requests per second and CPU time of the server process per request, each over those of the \
    epoll loop. The epoll loop runs a second time in each round, as a control: what that differs \
    from 1 is noise. With one worker the server has one core and the client another; with more \
    nothing is pinned. `plain` takes a packet for each operation with \
    `GetQueuedCompletionStatus`; `skip` sets `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS`; `Ex` does so \
    too and takes up to 16 packets with `GetQueuedCompletionStatusEx`. `8/2` is eight threads \
    under a limit of two, against rivals with two workers.";

/// A server: its name in the table, its program and arguments.
struct Contestant {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
}

#[derive(Default, Clone)]
struct Series {
    requests_per_second: Vec<f64>,
    cpu_per_request: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

struct Cell {
    workers: usize,
    connections: usize,
    size: usize,
}

impl Cell {
    fn name(&self) -> String {
        let Self { workers, connections, size } = self;
        let plural = if *workers == 1 { "" } else { "s" };
        format!("{workers} worker{plural}, {connections} x {size} B")
    }
}

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let rivals = super::rivals()?;
    let ours = super::compile("echo_bench_server")?;
    let mut section = Section::new(
        "echo",
        EXPLANATION,
        Table::new([
            "case",
            "server",
            "requests/s",
            "throughput",
            "CPU per request",
            "CPU, us per request",
            "p50 us",
            "p99 us",
        ]),
    );
    for workers in [1, 2] {
        for size in [64, 4096] {
            for connections in [1, 64, 512] {
                let cell = Cell { workers, connections, size };
                if !settings.wants(&cell.name()) {
                    continue;
                }
                let field = contestants(&rivals, &ours, workers, size);
                let series = race(settings, &rivals, &field, &cell)?;
                fill(&mut section, &cell, &field, &series);
                set_targets(&mut section, &cell, &field, &series);
            }
        }
    }
    Ok(section)
}

fn contestants(rivals: &Path, ours: &Path, workers: usize, size: usize) -> Vec<Contestant> {
    let rival = |name: &str, program: &str, workers: usize| Contestant {
        name: name.into(),
        program: rivals.join(program),
        arguments: vec![format!("--workers={workers}"), format!("--size={size}")],
    };
    let own = |name: &str, threads: usize, limit: usize, extra: &[&str]| {
        let mut arguments = vec![format!("workers={threads}"), format!("concurrency={limit}")];
        arguments.push(format!("size={size}"));
        arguments.extend(extra.iter().map(|word| String::from(*word)));
        Contestant { name: format!("libiocp {name}"), program: ours.into(), arguments }
    };
    let mut field = vec![
        rival(EPOLL, "echo_epoll", workers),
        rival(CONTROL, "echo_epoll", workers),
        own("plain", workers, workers, &[]),
        own("skip", workers, workers, &["skip=1"]),
        own("Ex", workers, workers, &["skip=1", "batch=16"]),
        rival("tokio", "echo_tokio", workers),
        rival("compio", "echo_compio", workers),
        rival("monoio", "echo_monoio", workers),
    ];
    if workers == 1 {
        field.push(rival("tokio current-thread", "echo_tokio", 0));
    } else {
        field.push(own("8/2 plain", 8, workers, &[]));
        field.push(own("8/2 skip", 8, workers, &["skip=1"]));
        field.push(own("8/2 Ex", 8, workers, &["skip=1", "batch=16"]));
    }
    field
}

fn race(
    settings: &Settings,
    programs: &Path,
    field: &[Contestant],
    cell: &Cell,
) -> Result<Vec<Series>, Failure> {
    let cpus = affinity::allowed()?;
    let (server_cpus, client_cpus): (&[usize], &[usize]) = match cpus[..] {
        [first, second, ..] if cell.workers == 1 => (&[first], &[second]),
        _ => (&[], &[]),
    };
    let mut series = vec![Series::default(); field.len()];
    for _ in 0..settings.rounds(9) {
        for (series, contestant) in series.iter_mut().zip(field) {
            let mut command = Command::new(&contestant.program);
            let server = Server::start(command.args(&contestant.arguments), server_cpus)?;
            let mut client = Command::new(programs.join("echo_client"));
            client
                .arg(format!("--port={}", server.port))
                .arg(format!("--server-pid={}", server.pid()))
                .arg(format!("--connections={}", cell.connections))
                .arg(format!("--size={}", cell.size))
                .arg(format!("--ms={}", settings.pick(400, 100)));
            let done = process::run(&mut client, client_cpus)
                .map_err(|e| format!("{}: {}: {e}", cell.name(), contestant.name))?;
            let requests = done.number("requests")?;
            series.requests_per_second.push(requests / done.number("seconds")?);
            series.cpu_per_request.push(done.number("cpu_ns")? / requests / 1000.0);
            series.p50.push(done.number("p50_ns")? / 1000.0);
            series.p99.push(done.number("p99_ns")? / 1000.0);
        }
    }
    Ok(series)
}

fn median(values: &[f64], digits: usize) -> String {
    let summary = Summary::of(values.iter().copied());
    summary.map_or_else(|| "-".into(), |s| format!("{:.digits$}", s.median))
}

fn fill(section: &mut Section, place: &Cell, field: &[Contestant], series: &[Series]) {
    let base = &series[0];
    for (own, contestant) in series.iter().zip(field) {
        section.results.row([
            place.name(),
            contestant.name.clone(),
            median(&own.requests_per_second, 0),
            cell(stats::paired(&own.requests_per_second, &base.requests_per_second)),
            cell(stats::paired(&own.cpu_per_request, &base.cpu_per_request)),
            median(&own.cpu_per_request, 2),
            median(&own.p50, 0),
            median(&own.p99, 0),
        ]);
    }
}

fn set_targets(section: &mut Section, cell: &Cell, field: &[Contestant], series: &[Series]) {
    let of = |name: &str| {
        let index = field.iter().position(|c| c.name == name)?;
        Some(&series[index].requests_per_second[..])
    };
    let ratio = |ours: &str, rival: &str| stats::paired(of(ours)?, of(rival)?);
    if cell.workers == 1 {
        for mode in ["libiocp plain", "libiocp skip"] {
            let what = format!("{mode} against the epoll loop");
            section.target(&what, &cell.name(), Goal::AtLeast(0.95), ratio(mode, EPOLL));
        }
        return;
    }
    for rival in ["tokio", "compio", "monoio"] {
        let mode = "libiocp 8/2 skip";
        let what = format!("{mode} against {rival}");
        section.target(&what, &cell.name(), Goal::AtLeast(1.0), ratio(mode, rival));
    }
}

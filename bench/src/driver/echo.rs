//! TCP echo under one client.

use std::path::{Path, PathBuf};
use std::process::Command;

use bench::affinity;
use bench::process::{self, Failure, Server};
use bench::report::Section;

use super::build::{self, FOREIGN};
use super::{Settings, echo_tables};

/// The mode that is held against the rivals.
pub(crate) const OURS: &str = "libiocp skip";
pub(crate) const EPOLL: &str = "epoll loop";
pub(crate) const CONTROL: &str = "epoll loop again";
/// How many connections a cell has.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 64, 512];

const EXPLANATION: &str = "One client thread keeps one message under way on each connection and \
    compares every echo. Every server runs once in each round, in turn. First the servers: \
    thousands of requests per second, microseconds of the server's CPU time for each, and the \
    latencies at the median and at the 99th percentile, also in microseconds; medians, with the \
    extremes of the throughput. Then `libiocp skip` against each rival, requests per second over \
    requests per second and the rival's p99 over its own, so that over 1 is ahead in both; ratios \
    taken round by round, their medians and extremes, bold where libiocp is not ahead. The epoll \
    loop runs twice in each round: what that row differs from 1 is noise.\n\n\
    `plain` takes a packet for each operation with `GetQueuedCompletionStatus`; `skip` sets \
    `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS`; `Ex` does so too and takes up to 16 packets with \
    `GetQueuedCompletionStatusEx`; `8 threads` is `skip` with eight threads under a limit of two. \
    With one worker the server has one core and the client another; with two nothing is pinned. \
    The epoll loop, io_uring, compio, monoio and libuv then have a loop on each thread and the \
    kernel spreads the connections (`SO_REUSEPORT`); tokio and Boost.Asio share one runtime.";

/// A server: its name in the table, its program and arguments.
pub(crate) struct Contestant {
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<String>,
}

/// What the rounds brought for one server.
#[derive(Default, Clone)]
pub(crate) struct Series {
    pub(crate) requests_per_second: Vec<f64>,
    pub(crate) cpu_per_request: Vec<f64>,
    pub(crate) p50: Vec<f64>,
    pub(crate) p99: Vec<f64>,
}

/// The programs of the servers and of the client.
struct Programs {
    rivals: PathBuf,
    ours: PathBuf,
    foreign: Vec<(&'static str, PathBuf)>,
}

/// A table's worth of cells: they differ in their number of connections.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) workers: usize,
    pub(crate) size: usize,
}

impl Setup {
    pub(crate) fn title(self) -> String {
        let plural = if self.workers == 1 { "" } else { "s" };
        format!("{} worker{plural}, {} B", self.workers, self.size)
    }
}

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let mut section = Section::new("echo", EXPLANATION);
    let rivals = build::rivals()?;
    let mut programs =
        Programs { rivals, ours: build::ours("echo_bench_server")?, foreign: Vec::new() };
    for foreign in FOREIGN {
        match foreign.build()? {
            Ok(program) => programs.foreign.push((foreign.name, program)),
            Err(missing) => section.say(&missing),
        }
    }
    let mut parts = Vec::new();
    for size in [64, 4096] {
        for workers in [1, 2] {
            let setup = Setup { workers, size };
            let field = contestants(&programs, setup);
            let mut columns = Vec::new();
            for connections in CONNECTIONS {
                if settings.wants(&format!("{}, {connections} connections", setup.title())) {
                    let series = race(settings, &programs.rivals, &field, setup, connections)?;
                    columns.push((connections, series));
                }
            }
            if !columns.is_empty() {
                parts.push((setup, echo_tables::tables(&field, &columns)));
            }
        }
    }
    section.say(&format!("Of how many rivals `{OURS}` is ahead; the target is all of them:"));
    section.show(&echo_tables::overview(&parts));
    for (setup, tables) in &parts {
        section.say(&format!("**{}**", setup.title()));
        section.show(&tables.servers);
        section.say(&format!("`{OURS}` against each, over 1 is ahead, {}:", setup.title()));
        section.show(&tables.ratios);
    }
    Ok(section)
}

fn contestants(programs: &Programs, setup: Setup) -> Vec<Contestant> {
    let Setup { workers, size } = setup;
    let rival = |name: &str, program: &str, workers: usize, extra: &[&str]| Contestant {
        name: name.into(),
        program: programs.rivals.join(program),
        arguments: [format!("--workers={workers}"), format!("--size={size}")]
            .into_iter()
            .chain(extra.iter().map(|word| String::from(*word)))
            .collect(),
    };
    let own = |name: &str, threads: usize, extra: &[&str]| Contestant {
        name: format!("libiocp {name}"),
        program: programs.ours.clone(),
        arguments: [
            format!("workers={threads}"),
            format!("concurrency={workers}"),
            format!("size={size}"),
        ]
        .into_iter()
        .chain(extra.iter().map(|word| String::from(*word)))
        .collect(),
    };
    let mut field = vec![
        own("plain", workers, &[]),
        own("skip", workers, &["skip=1"]),
        own("Ex", workers, &["skip=1", "batch=16"]),
    ];
    if workers > 1 {
        field.push(own("8 threads", 8, &["skip=1"]));
    }
    field.extend([
        rival(EPOLL, "echo_epoll", workers, &[]),
        rival(CONTROL, "echo_epoll", workers, &[]),
        rival("io_uring", "echo_uring", workers, &[]),
        rival("io_uring multishot", "echo_uring", workers, &["--multishot"]),
        rival("tokio", "echo_tokio", workers, &[]),
    ]);
    if workers == 1 {
        field.push(rival("tokio current-thread", "echo_tokio", 0, &[]));
    }
    field.extend([
        rival("compio", "echo_compio", workers, &[]),
        rival("monoio", "echo_monoio", workers, &[]),
    ]);
    field.extend(programs.foreign.iter().map(|(name, program)| Contestant {
        name: (*name).into(),
        program: program.clone(),
        arguments: vec![format!("workers={workers}"), format!("size={size}")],
    }));
    field
}

fn race(
    settings: &Settings,
    programs: &Path,
    field: &[Contestant],
    setup: Setup,
    connections: usize,
) -> Result<Vec<Series>, Failure> {
    let cpus = affinity::allowed()?;
    let (server_cpus, client_cpus): (&[usize], &[usize]) = match cpus[..] {
        [first, second, ..] if setup.workers == 1 => (&[first], &[second]),
        _ => (&[], &[]),
    };
    let mut series = vec![Series::default(); field.len()];
    let rounds = settings.rounds(if setup.size == 64 { 7 } else { 5 });
    for _ in 0..rounds {
        for (series, contestant) in series.iter_mut().zip(field) {
            let mut command = Command::new(&contestant.program);
            let server = Server::start(command.args(&contestant.arguments), server_cpus)?;
            let mut client = Command::new(programs.join("echo_client"));
            client
                .arg(format!("--connections={connections}"))
                .arg(format!("--size={}", setup.size))
                .arg(format!("--ms={}", settings.pick(400, 100)));
            series.add(&server, &mut client, client_cpus).map_err(|e| {
                format!("{}, {connections} connections, {}: {e}", setup.title(), contestant.name)
            })?;
        }
    }
    Ok(series)
}

impl Series {
    /// Appends what the client measures of a server.
    pub(crate) fn add(
        &mut self,
        server: &Server,
        client: &mut Command,
        cpus: &[usize],
    ) -> Result<(), Failure> {
        client.arg(format!("--port={}", server.port));
        let done = process::run(client.arg(format!("--server-pid={}", server.pid())), cpus)?;
        let requests = done.number("requests")?;
        self.requests_per_second.push(requests / done.number("seconds")?);
        self.cpu_per_request.push(done.number("cpu_ns")? / requests / 1000.0);
        self.p50.push(done.number("p50_ns")? / 1000.0);
        self.p99.push(done.number("p99_ns")? / 1000.0);
        Ok(())
    }
}

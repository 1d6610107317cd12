//! `iocp demo`: many ordinary Linux clients against a plain Win32 echo server.

mod client;
mod crowd;
mod server;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use clap::builder::RangedI64ValueParser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::compiler::{self, Language};
use crate::run::temporary_directory;
use crowd::{Crowd, Plan};
use server::{Report, Server};

/// The server: Win32 alone, no word about Linux in it.
const SOURCE: &str = include_str!("../../../examples/c/echo_server.c");

/// What a process needs beside one descriptor per connection: the sockets that wait
/// in `AcceptEx`, standard streams, the engine.
const OTHER_DESCRIPTORS: u64 = 128;
/// Nothing at all arrives for so long: something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// From 1 to `most`.
fn number(most: u32) -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(most))
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many clients connect, all at the same time
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = number(60_000))]
    clients: u32,
    /// How many messages each client sends
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = number(u32::MAX))]
    rounds: u32,
    /// Send for so many seconds, instead of a number of rounds
    #[arg(long, value_name = "N", conflicts_with = "rounds", value_parser = number(u32::MAX))]
    seconds: Option<u32>,
    /// Port of the server; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Threads of the server
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = number(256))]
    workers: u32,
    /// Force an engine (LIBIOCP_ENGINE)
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// Run this echo server instead of the compiled one; an .exe runs under Wine
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// io_uring for disk files
    Uring,
    /// No io_uring at all
    Epoll,
}

impl Engine {
    fn value(self) -> &'static str {
        match self {
            Engine::Uring => "uring",
            Engine::Epoll => "epoll",
        }
    }
}

/// Runs the demonstration; 0 if not a byte was wrong and nothing was left behind.
pub(crate) fn demo(options: &Options) -> Result<u8> {
    provide_descriptors(options.clients)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    let directory = temporary_directory()?;
    let program = match &options.server {
        Some(program) => program.clone(),
        None => compile_server(directory.path())?,
    };
    let server = Server::start(&program, options.port, options.workers, engine(options))?;
    say(&format!("The server listens on 127.0.0.1:{}.", server.port()));

    let plan = Plan {
        address: ([127, 0, 0, 1], server.port()).into(),
        clients: options.clients,
        rounds: options.rounds,
        time: options.seconds.map(|seconds| Duration::from_secs(seconds.into())),
    };
    let begin = Instant::now();
    let crowd = Crowd::start(plan)?;
    watch(&crowd, &interrupted, begin);
    let time = begin.elapsed();
    let totals = crowd.join();
    if interrupted.load(Ordering::Relaxed) {
        say("Interrupted.");
        return Ok(130);
    }
    let report = server.finish()?;
    let (table, good) = conclude(options, &totals, &report, time);
    io::stdout().lock().write_all(table.as_bytes())?;
    Ok(u8::from(!good))
}

fn engine(options: &Options) -> Option<&'static str> {
    options.engine.map(Engine::value)
}

/// Progress and complaints; the result alone goes to standard output.
fn say(line: &str) {
    // Without anybody to read it the demonstration is as good.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Raises the soft limit as far as needed, for this process and the server.
fn provide_descriptors(clients: u32) -> Result<()> {
    let limits = getrlimit(Resource::Nofile);
    let needed = u64::from(clients) + OTHER_DESCRIPTORS;
    if limits.current.is_none_or(|soft| soft >= needed) {
        return Ok(());
    }
    if let Some(hard) = limits.maximum.filter(|hard| *hard < needed) {
        let possible = hard.saturating_sub(OTHER_DESCRIPTORS);
        let advice = match possible {
            0 => "raise it (`ulimit -Hn`)".to_owned(),
            _ => format!("raise it (`ulimit -Hn`) or try `--clients {possible}`"),
        };
        bail!("{clients} clients need {needed} file descriptors, the limit is {hard}; {advice}");
    }
    let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of file descriptors")
}

fn compile_server(directory: &Path) -> Result<PathBuf> {
    let source = directory.join("echo_server.c");
    fs::write(&source, SOURCE).with_context(|| format!("cannot write {}", source.display()))?;
    say("Compiling the Win32 echo server (examples/c/echo_server.c, unchanged).");
    let program = directory.join("echo_server");
    match compiler::compile(Language::C, &source, &program)? {
        None => Ok(program),
        Some(_) => bail!("the echo server does not compile; the compiler says why above"),
    }
}

/// Shows progress until the crowd is done, or stops it.
fn watch(crowd: &Crowd, interrupted: &AtomicBool, begin: Instant) {
    let live = io::stderr().is_terminal();
    let pause = Duration::from_millis(if live { 100 } else { 1000 });
    let mut last = (0, Instant::now());
    let mut shown = Instant::now();
    while !crowd.wait(Duration::from_millis(50)) {
        let totals = crowd.totals();
        let now = Instant::now();
        if totals.activity() != last.0 {
            last = (totals.activity(), now);
        } else if now - last.1 > PATIENCE {
            crowd.fail(format!("nothing has arrived for {} seconds", PATIENCE.as_secs()));
        }
        if interrupted.load(Ordering::Relaxed) {
            crowd.stop();
        }
        if now - shown >= pause {
            shown = now;
            let line = progress_line(&totals, now - begin);
            if live {
                // Back to the start, and clear what a longer line left.
                let _ = write!(io::stderr(), "\r{line}\x1b[K");
                let _ = io::stderr().flush();
            } else {
                say(&line);
            }
        }
    }
    if live {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

fn progress_line(totals: &crowd::Totals, time: Duration) -> String {
    format!(
        "{:>5.1} s  {} connected  {} messages  {} bytes  {} errors",
        time.as_secs_f64(),
        grouped(totals.connected),
        grouped(totals.messages),
        grouped(totals.bytes),
        totals.errors
    )
}

/// The final table, and whether all is well.
fn conclude(
    options: &Options,
    totals: &crowd::Totals,
    report: &Report,
    time: Duration,
) -> (String, bool) {
    let mut complaints = totals.complaints.clone();
    let mut errors = totals.errors + report.errors;
    for (what, theirs, ours) in [
        ("connections", report.connections, totals.connected),
        ("bytes", report.bytes, totals.bytes),
    ] {
        if theirs != ours {
            errors += 1;
            complaints.push(format!("the server counted {theirs} {what}, the clients {ours}"));
        }
    }
    // Under Wine a process begins with handles of its own.
    let left = report.handles_at_end.saturating_sub(report.handles_at_start);
    if left > 0 {
        complaints.push(format!("the server left {left} handles open"));
    }
    let per_second = totals.messages as f64 / time.as_secs_f64().max(f64::EPSILON);
    let rows = [
        ("clients", grouped(options.clients.into())),
        ("messages", format!("{} (each compared byte for byte)", grouped(totals.messages))),
        ("bytes", format!("{} each way", grouped(totals.bytes))),
        ("errors", grouped(errors)),
        ("packets", format!("{} taken from the port", grouped(report.packets))),
        ("open handles", grouped(left)),
        ("engine", report.engine.clone().unwrap_or_else(|| "not reported".to_owned())),
        ("time", format!("{:.1} s, {per_second:.0} messages/s", time.as_secs_f64())),
    ];
    let mut table = String::new();
    for (name, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{name:<13} {value}");
    }
    for complaint in &complaints {
        let _ = writeln!(table, "  {complaint}");
    }
    (table, errors == 0 && left == 0)
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowd::Totals;

    fn options() -> Options {
        Options {
            clients: 10,
            rounds: 2,
            seconds: None,
            port: 0,
            workers: 4,
            engine: None,
            server: None,
        }
    }

    fn totals() -> Totals {
        Totals { connected: 10, messages: 20, bytes: 3000, ..Totals::default() }
    }

    fn report() -> Report {
        Report { connections: 10, bytes: 3000, packets: 60, ..Report::default() }
    }

    #[test]
    fn numbers_are_grouped_by_threes() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_clean_run_is_good() {
        let (table, good) = conclude(&options(), &totals(), &report(), Duration::from_secs(2));
        assert!(good, "{table}");
        assert!(table.contains("errors        0\n"), "{table}");
        assert!(table.contains("open handles  0\n"), "{table}");
        assert!(table.contains("time          2.0 s, 10 messages/s\n"), "{table}");
    }

    #[test]
    fn a_handle_left_open_is_a_failure() {
        let report = Report { handles_at_start: 3, handles_at_end: 4, ..report() };
        let (table, good) = conclude(&options(), &totals(), &report, Duration::from_secs(2));
        assert!(!good);
        assert!(table.contains("open handles  1\n"), "{table}");
    }

    #[test]
    fn counts_that_disagree_are_a_failure() {
        let report = Report { bytes: 2999, ..report() };
        let (table, good) = conclude(&options(), &totals(), &report, Duration::from_secs(2));
        assert!(!good);
        assert!(table.contains("the server counted 2999 bytes, the clients 3000"), "{table}");
    }

    #[test]
    fn an_error_of_the_server_is_a_failure() {
        let report = Report { errors: 1, ..report() };
        let (table, good) = conclude(&options(), &totals(), &report, Duration::from_secs(2));
        assert!(!good);
        assert!(table.contains("errors        1\n"), "{table}");
    }
}

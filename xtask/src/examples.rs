//! The C examples on the oracle: built by mingw-w64, each tried under Wine.
#![allow(clippy::print_stdout)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::process::{self, Failure};
use crate::project::Project;
use crate::wine::{self, PROGRAM_LIMIT, Wine};

const DIRECTORY: &str = "examples/c/";
/// Not a multiple of any block, so that the last request is a short one.
const COPIED_BYTES: usize = 3 * 65536 + 1234;

/// How the examples are tried; each must be in the list, so that none is forgotten.
const TRIALS: [(&str, Trial); 5] = [
    ("port_basics", |wine, program| succeeds_but_for(wine, program, WINE_8)),
    ("worker_pool", |wine, program| succeeds(wine, program, &["--jobs", "16"])),
    ("file_copy", copies_a_file),
    ("echo_server", echoes),
    // Tried together with the server.
    ("echo_client", |_, _| Ok(())),
];

/// Wine 8 does not wake the waiters of a port that is closed (fixed in Wine 10).
const WINE_8: &str = "closing the port wakes a waiter";

type Trial = fn(&Wine, &Path) -> Result<(), Failure>;

fn succeeds(wine: &Wine, program: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let outcome = wine.run(program, arguments)?;
    match outcome.status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::new(format!("{status}\n{}", outcome.output))),
        None => Err(Failure::new(format!("killed after a time-out\n{}", outcome.output))),
    }
}

/// The same, or every line that says NO names what is known of Wine.
fn succeeds_but_for(wine: &Wine, program: &Path, known: &str) -> Result<(), Failure> {
    let outcome = wine.run(program, &[])?;
    let ended = outcome.status.and_then(|status| status.code());
    let mut missed = outcome.output.lines().filter(|line| line.starts_with("NO ")).peekable();
    let is_known = ended == Some(1) && missed.peek().is_some() && missed.all(|l| l.contains(known));
    if ended == Some(0) || is_known {
        return Ok(());
    }
    let how = ended.map_or("killed".to_owned(), |code| format!("exit code {code}"));
    Err(Failure::new(format!("{how}\n{}", outcome.output)))
}

fn failed(what: &Path) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::new(format!("{}: {error}", what.display()))
}

fn copies_a_file(wine: &Wine, program: &Path) -> Result<(), Failure> {
    let source = program.with_extension("source");
    let copy = program.with_extension("copy");
    let bytes: Vec<u8> = (0..COPIED_BYTES).map(|at| (at % 251).to_le_bytes()[0]).collect();
    fs::write(&source, &bytes).map_err(failed(&source))?;
    let _ = fs::remove_file(&copy);
    // A Linux path is a path on drive Z: to Wine.
    let windows = |path: &Path| format!("Z:{}", path.display());
    succeeds(wine, program, &[&windows(&source), &windows(&copy)])?;
    let copied = fs::read(&copy).map_err(failed(&copy))?;
    if copied == bytes { Ok(()) } else { Err(Failure::new("the copy differs from its source")) }
}

/// The number in `listening on port 1234`, once the server has printed it.
fn listening_port(log: &Path) -> Result<String, Failure> {
    let start = Instant::now();
    while start.elapsed() < PROGRAM_LIMIT {
        let text = fs::read_to_string(log).unwrap_or_default();
        if let Some((_, rest)) = text.split_once("listening on port ")
            && let Some((port, _)) = rest.split_once('\n')
        {
            return Ok(port.trim().to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new("echo_server did not say where it listens"))
}

/// The server answers the client, and stops in order when its input ends.
fn echoes(wine: &Wine, server: &Path) -> Result<(), Failure> {
    let log = server.with_extension("log");
    let output = fs::File::create(&log).map_err(failed(&log))?;
    let mut command = wine.command("wine");
    command.arg(server).arg("--until-eof").stdin(Stdio::piped()).stdout(output);
    let mut running = command.spawn().map_err(failed(server))?;
    let client: PathBuf = server.with_file_name("echo_client.exe");
    let result = listening_port(&log).and_then(|port| {
        let arguments = ["--port", &port, "--clients", "50", "--rounds", "20", "--size", "200"];
        succeeds(wine, &client, &arguments)
    });
    drop(running.stdin.take());
    let end = process::wait(&mut running, PROGRAM_LIMIT).map_err(failed(server))?;
    if end.is_none() {
        wine.stop()?;
    }
    result?;
    if end.is_some_and(|status| status.success()) {
        return Ok(());
    }
    let how = end.map_or("killed after a time-out".to_owned(), |status| status.to_string());
    let text = fs::read_to_string(&log).unwrap_or_default();
    Err(Failure::new(format!("echo_server: {how}\n{text}")))
}

/// Builds each C example with mingw-w64 and tries it under Wine.
pub fn run(project: &Project) -> Result<(), Failure> {
    let wine = Wine::start(project)?;
    let sources = wine::sources(project, DIRECTORY);
    if sources.is_empty() {
        return Err(Failure::new(format!("{DIRECTORY} holds no program")));
    }
    let mut programs = Vec::new();
    for source in &sources {
        programs.push(wine.build(source)?);
    }
    let mut failures = Vec::new();
    for program in &programs {
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let result = match TRIALS.iter().find(|(known, _)| *known == name) {
            Some((_, trial)) => trial(&wine, program),
            None => Err(Failure::new("xtask/src/examples.rs does not say how to try it")),
        };
        match result {
            Ok(()) => println!("{name}: ok"),
            Err(failure) => {
                println!("{name}: FAILED: {failure}");
                failures.push(name);
            }
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("failed under Wine: {}", failures.join(", "))))
    }
}

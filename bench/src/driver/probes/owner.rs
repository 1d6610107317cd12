//! Sockets by io_uring behind a completion port: what the hop from the owner of the ring to a
//! worker costs.

use std::process::Command;

use bench::affinity;
use bench::process::{self, Failure, Server};
use bench::report::Table;

use super::{Run, race};
use crate::driver::{Settings, build};

#[derive(Clone, Copy)]
struct Way(&'static str, &'static [&'static str]);

pub(super) fn measure(settings: &Settings, table: &mut Table) -> Result<(), Failure> {
    if !settings.only.is_empty() && !settings.only.starts_with("echo") {
        return Ok(());
    }
    let programs = build::rivals()?;
    let ours = build::ours("echo_bench_server")?;
    let ways = [
        ("epoll loop", Way("echo_epoll", &[])),
        ("io_uring loop", Way("echo_uring", &[])),
        ("owner of a ring, workers", Way("echo_owner", &[])),
        ("the same, workers send", Way("echo_owner", &["--direct"])),
        ("libiocp, packets skipped", Way("", &["skip=1"])),
    ];
    let cpus = affinity::allowed()?;
    for workers in [1, 2] {
        let (server_cpus, client_cpus): (&[usize], &[usize]) = match cpus[..] {
            [first, second, ..] if workers == 1 => (&[first], &[second]),
            _ => (&[], &[]),
        };
        for connections in [1, 64, 512] {
            let plural = if workers == 1 { "" } else { "s" };
            let case = format!("echo, {workers} worker{plural}, {connections} connections");
            race(settings, table, &case, &ways, |Way(program, extra)| {
                let (path, dashes) = if program.is_empty() {
                    (ours.clone(), "")
                } else {
                    (programs.join(program), "--")
                };
                let mut command = Command::new(path);
                command.args([format!("{dashes}workers={workers}"), format!("{dashes}size=4096")]);
                if program.is_empty() {
                    command.arg(format!("concurrency={workers}"));
                }
                let server = Server::start(command.args(extra), server_cpus)?;
                let mut client = Command::new(programs.join("echo_client"));
                client
                    .arg(format!("--port={}", server.port))
                    .arg(format!("--connections={connections}"))
                    .arg("--size=64")
                    .arg(format!("--ms={}", settings.pick(400, 100)))
                    .arg(format!("--server-pid={}", server.pid()));
                let done = process::run(&mut client, client_cpus)?;
                Ok(Run {
                    count: done.number("requests")?,
                    seconds: done.number("seconds")?,
                    cpu: std::time::Duration::from_nanos(done.number("cpu_ns")? as u64),
                })
            })?;
        }
    }
    Ok(())
}

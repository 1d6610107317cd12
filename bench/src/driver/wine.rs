//! The same C source natively and under Wine.

use std::path::Path;
use std::process::Command;

use bench::process::{self, Failure};
use bench::report::{Goal, Section, Table};
use bench::stats::{self, Summary};

use super::build::{self, root};
use super::{Settings, cell};

const EXPLANATION: &str = "`bench/c/post_get.c`, compiled by `iocp cc` and by mingw-w64. Median \
    and extremes of alternating runs; ratios taken round by round: Wine's time over libiocp's.";

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let native = build::ours("post_get")?;
    let foreign = build::windows("post_get")?;
    let names = ["pairs", "pingpong"];
    let counts = [settings.pick(2_000_000, 100_000), settings.pick(50_000, 5_000)];
    let foreign_counts = [settings.pick(20_000, 2_000), settings.pick(5_000, 500)];
    let mut ours = [Vec::new(), Vec::new()];
    let mut theirs = [Vec::new(), Vec::new()];
    run_wine(&foreign, "pairs", 1)?;
    for _ in 0..settings.rounds(7) {
        for i in 0..names.len() {
            let mut command = Command::new(&native);
            command.arg(format!("{}={}", names[i], counts[i]));
            ours[i].push(process::run(&mut command, &[])?.number(&format!("{}_ns", names[i]))?);
            theirs[i].push(run_wine(&foreign, names[i], foreign_counts[i])?);
        }
    }
    let version = process::run(Command::new("wine").arg("--version"), &[])?.output;
    let version = version.trim();
    let mut results = Table::new(["case", "libiocp, ns", &format!("{version}, ns"), "ratio"]);
    let labels = ["Post and Get, one thread, per packet", "ping-pong, per round trip"];
    for i in 0..names.len() {
        results.row([
            labels[i].into(),
            cell(Summary::of(ours[i].iter().copied())),
            cell(Summary::of(theirs[i].iter().copied())),
            cell(stats::paired(&theirs[i], &ours[i])),
        ]);
    }
    let mut section = Section::new("wine", EXPLANATION);
    section.show(&results);
    let ratio = stats::paired(&theirs[0], &ours[0]);
    section.target("times faster than Wine", labels[0], Goal::AtLeast(300.0), ratio);
    Ok(section)
}

fn run_wine(program: &Path, name: &str, count: usize) -> Result<f64, Failure> {
    let mut command = Command::new("wine");
    command.env("WINEPREFIX", root().join("bench/target/wine")).env("WINEDEBUG", "-all");
    command.arg(program).arg(format!("{name}={count}"));
    process::run(&mut command, &[])?.number(&format!("{name}_ns"))
}

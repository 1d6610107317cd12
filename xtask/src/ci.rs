//! What the continuous integration runs, and the longer checks beside it.
#![allow(clippy::print_stdout)]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{self, Failure};
use crate::project::Project;
use crate::{denied, examples, layouts, semantics, tidy, wine};

type Action = fn(&Project) -> Result<(), Failure>;

/// In order of cost: what fails fast comes first.
const STEPS: [(&str, Action); 11] = [
    ("tidy", tidy::report),
    ("semantics", semantics::check),
    ("format", format),
    ("clippy", clippy),
    ("documentation", documentation),
    ("tests, io_uring", tests_uring),
    ("tests, epoll", tests_epoll),
    ("tests, io_uring denied", tests_denied),
    ("layouts", compare_layouts),
    ("conformance under Wine", conformance),
    ("examples under Wine", examples::run),
];

pub(crate) fn cargo(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project.root()).args(arguments);
    command
}

fn format(project: &Project) -> Result<(), Failure> {
    process::run(&mut cargo(project, &["fmt", "--all", "--check"]))
}

fn clippy(project: &Project) -> Result<(), Failure> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::run(&mut cargo(project, &arguments))
}

fn documentation(project: &Project) -> Result<(), Failure> {
    let mut command = cargo(project, &["doc", "--workspace", "--no-deps"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The command of the README, on one engine, without stopping at the first failure.
fn tests(project: &Project, engine: &str) -> Result<(), Failure> {
    let mut command = cargo(project, &["test", "--workspace", "--no-fail-fast"]);
    process::run(command.env("LIBIOCP_ENGINE", engine))
}

fn tests_uring(project: &Project) -> Result<(), Failure> {
    tests(project, "uring")
}

fn tests_epoll(project: &Project) -> Result<(), Failure> {
    tests(project, "epoll")
}

/// As a container's default profile denies it.
fn tests_denied(project: &Project) -> Result<(), Failure> {
    denied::run(project, &["container".to_owned()], None)
}

fn conformance(project: &Project) -> Result<(), Failure> {
    wine::conformance(project, None)
}

fn line(name: &str, took: Duration, result: &Result<(), Failure>) -> String {
    let seconds = took.as_secs_f64();
    match result {
        Ok(()) => format!("ok    {seconds:8.1} s  {name}"),
        Err(failure) => {
            let text = failure.to_string();
            let why = text.lines().next().unwrap_or_default();
            format!("FAIL  {seconds:8.1} s  {name}: {why}")
        }
    }
}

/// Runs every step, also after one has failed, and ends with a line for each.
pub fn run(project: &Project) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut failed = 0;
    for (name, action) in STEPS {
        println!("== {name}");
        let start = Instant::now();
        let result = action(project);
        if let Err(failure) = &result {
            println!("{failure}");
            failed += 1;
        }
        lines.push(line(name, start.elapsed(), &result));
        println!("{}", lines.last().map_or("", String::as_str));
    }
    println!("\n{}", lines.join("\n"));
    if failed == 0 { Ok(()) } else { Err(Failure::new(format!("{failed} steps failed"))) }
}

/// Compares the C headers with mingw-w64's.
pub fn compare_layouts(_: &Project) -> Result<(), Failure> {
    layouts::run().map_err(Failure::new)
}

/// Runs each fuzz target for some seconds.
pub fn fuzz_short(project: &Project, seconds: u32) -> Result<(), Failure> {
    if !process::is_installed("cargo-fuzz") {
        return Err(Failure::new("cargo-fuzz is missing: run `cargo install cargo-fuzz`"));
    }
    let limit = format!("-max_total_time={seconds}");
    let targets = project.files(&[".rs"]);
    let targets = targets.iter().filter_map(|file| {
        file.path.strip_prefix("fuzz/fuzz_targets/").and_then(|name| name.strip_suffix(".rs"))
    });
    let mut count = 0;
    for target in targets {
        println!("== {target}");
        // Through rustup, because only nightly has the sanitizers that cargo-fuzz asks for.
        let mut command = Command::new("cargo");
        command.current_dir(project.path("fuzz")).env_remove("RUSTUP_TOOLCHAIN");
        process::run(command.args(["+nightly", "fuzz", "run", target, "--", &limit]))?;
        count += 1;
    }
    if count == 0 { Err(Failure::new("fuzz/fuzz_targets has no target")) } else { Ok(()) }
}

/// Runs the library's unit tests under loom, optimized, in a target directory of their own.
pub fn loom(project: &Project) -> Result<(), Failure> {
    let arguments = ["test", "--release", "--package", "libiocp", "--lib"];
    let mut command = cargo(project, &arguments);
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command.env("RUSTFLAGS", format!("{flags} --cfg loom").trim());
    process::run(command.env("CARGO_TARGET_DIR", project.path("target/loom")))
}

/// Runs the bench program with these arguments.
pub fn bench(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    let mut command = cargo(project, &["run", "--release", "--"]);
    command.current_dir(project.path("bench"));
    process::run(command.args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_ends_with_one_line() {
        let took = Duration::from_millis(1500);
        assert_eq!(line("tidy", took, &Ok(())), "ok         1.5 s  tidy");
        let failed = line("tidy", took, &Err(Failure::new("2 problems\na\nb")));
        assert_eq!(failed, "FAIL       1.5 s  tidy: 2 problems");
    }
}

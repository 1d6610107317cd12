//! The four kinds of measurement, and how the programs they need are built.

pub(crate) mod disk;
pub(crate) mod echo;
pub(crate) mod queue;
pub(crate) mod wine;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::process::{self, Failure};
use bench::stats::Summary;

/// What the command line asks of every measurement.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Few and short runs.
    pub(crate) quick: bool,
    /// How many rounds, if not the usual number.
    pub(crate) rounds: Option<usize>,
    /// Part of the names of the cases that run.
    pub(crate) only: String,
    /// Where large files may be made.
    pub(crate) dir: PathBuf,
}

impl Settings {
    /// One of two numbers, by length of the run.
    pub(crate) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How many rounds each case runs.
    pub(crate) fn rounds(&self, full: usize) -> usize {
        self.rounds.unwrap_or(self.pick(full, 2)).max(1)
    }

    /// Whether a case of this name runs; says so if it does.
    pub(crate) fn wants(&self, case: &str) -> bool {
        let wanted = case.contains(&self.only);
        if wanted {
            eprintln!("{case}");
        }
        wanted
    }

    /// The command that measures `name` in this way again.
    pub(crate) fn command(&self, name: &str) -> String {
        let mut command = format!("cargo run --release -- {name}");
        if self.quick {
            command += " --quick";
        }
        if let Some(rounds) = self.rounds {
            command += &format!(" --rounds {rounds}");
        }
        if !self.only.is_empty() {
            command += &format!(" --only '{}'", self.only);
        }
        command
    }
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Builds this package's programs and returns where they are.
pub(crate) fn rivals() -> Result<PathBuf, Failure> {
    let manifest = root().join("bench/Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--bins", "--manifest-path"]).arg(manifest);
    process::build(&mut cargo)?;
    let own = env::current_exe()?;
    Ok(own.parent().ok_or("the driver is in no directory")?.to_path_buf())
}

/// Builds the library and the command `iocp`, and with them a program of `bench/c`.
pub(crate) fn compile(name: &str) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).args(["build", "--quiet", "--release"]);
    process::build(cargo.args(["-p", "libiocp-win32", "-p", "libiocp-tools"]))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let (source, program) = source_and_program(name, "")?;
    let mut iocp = Command::new(target.join("release/iocp"));
    process::build(iocp.args(["cc", "-O2", "-o"]).arg(&program).arg(source))?;
    Ok(program)
}

/// Builds a program of `bench/c` for Windows.
pub(crate) fn cross_compile(name: &str) -> Result<PathBuf, Failure> {
    let (source, program) = source_and_program(name, ".exe")?;
    let mut mingw = Command::new("x86_64-w64-mingw32-gcc");
    process::build(mingw.args(["-O2", "-o"]).arg(&program).arg(source).arg("-lws2_32"))?;
    Ok(program)
}

fn source_and_program(name: &str, suffix: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let programs = root().join("bench/target/c");
    fs::create_dir_all(&programs)?;
    let source = root().join("bench/c").join(name).with_extension("c");
    Ok((source, programs.join(format!("{name}{suffix}"))))
}

/// A cell for a ratio that may be missing.
pub(crate) fn cell(summary: Option<Summary>) -> String {
    summary.map_or_else(|| "-".into(), |s| s.to_string())
}

//! The programs that are measured, and how they are built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bench::process::{self, Failure};

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

/// Builds the library and the command `iocp`, and returns where the command is.
fn library() -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).args(["build", "--quiet", "--release"]);
    process::build(cargo.args(["-p", "libiocp-win32", "-p", "libiocp-tools"]))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    Ok(target.join("release/iocp"))
}

/// What `iocp doctor` says of the engine and of how blocked threads are seen.
pub(crate) fn library_in_use() -> Result<String, Failure> {
    let report = Command::new(library()?).arg("doctor").stdin(Stdio::null()).output()?;
    let report = String::from_utf8_lossy(&report.stdout);
    let told = ["engine", "blocked threads"].map(|name| {
        let line = report.lines().find_map(|line| line.strip_prefix(name))?;
        Some(format!("{name}: {}", line.trim()))
    });
    Ok(told.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// Builds the library and the command `iocp`, and with them a program of `bench/c`.
pub(crate) fn ours(name: &str) -> Result<PathBuf, Failure> {
    let command = library()?;
    let (source, program) = source_and_program(&format!("{name}.c"), name)?;
    let mut iocp = Command::new(command);
    process::build(iocp.args(["cc", "-O2", "-o"]).arg(&program).arg(source))?;
    Ok(program)
}

/// Builds a program of `bench/c` for Windows.
pub(crate) fn windows(name: &str) -> Result<PathBuf, Failure> {
    let (source, program) = source_and_program(&format!("{name}.c"), &format!("{name}.exe"))?;
    let mut mingw = Command::new("x86_64-w64-mingw32-gcc");
    process::build(mingw.args(["-O2", "-o"]).arg(&program).arg(source).arg("-lws2_32"))?;
    Ok(program)
}

/// A rival that needs a library of the system.
#[derive(Debug)]
pub(crate) struct Foreign {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    compiler: &'static str,
    source: &'static str,
    header: &'static str,
    flags: &'static [&'static str],
    package: &'static str,
}

/// The rivals that need a library of the system.
pub(crate) const FOREIGN: [Foreign; 2] = [
    Foreign {
        name: "libuv",
        compiler: "cc",
        source: "echo_libuv.c",
        header: "uv.h",
        flags: &["-luv"],
        package: "libuv1-dev",
    },
    Foreign {
        name: "Boost.Asio",
        compiler: "c++",
        source: "echo_asio.cpp",
        header: "boost/asio.hpp",
        flags: &["-std=c++17", "-pthread"],
        package: "libboost-dev",
    },
];

impl Foreign {
    /// Builds the program, or says what to install when its library is missing.
    pub(crate) fn build(&self) -> Result<Result<PathBuf, String>, Failure> {
        let Self { name, compiler, source, header, flags, package } = self;
        let mut seek = Command::new(compiler);
        let stem = source.split('.').next().unwrap_or(source);
        let (source, program) = source_and_program(source, stem)?;
        seek.args(["-fsyntax-only", "-include", header, "-x"]);
        seek.arg(if *compiler == "cc" { "c" } else { "c++" }).arg("/dev/null");
        let found = seek.stdin(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return Ok(Err(format!(
                "{name} is left out: `{compiler}` does not find `{header}`; install Debian's \
                 `{package}`, or what your system calls it."
            )));
        }
        let mut command = Command::new(compiler);
        process::build(command.args(["-O2", "-o"]).arg(&program).arg(source).args(*flags))?;
        Ok(Ok(program))
    }
}

fn source_and_program(source: &str, program: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let programs = root().join("bench/target/c");
    fs::create_dir_all(&programs)?;
    Ok((root().join("bench/c").join(source), programs.join(program)))
}

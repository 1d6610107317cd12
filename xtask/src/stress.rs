//! The stress programs for long: all of them with fixed amounts of work, or the mixed load for
//! minutes, also under the checks of memory and threads.
#![allow(clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ci::cargo;
use crate::process::{self, Failure};
use crate::project::Project;

const ENGINES: [&str; 2] = ["uring", "epoll"];
const SOURCE: &str = "conformance/stress_mixed.c";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What watches the mixed load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nothing: the library as it is used.
    None,
    /// AddressSanitizer and LeakSanitizer.
    Address,
    /// ThreadSanitizer.
    Thread,
    /// Valgrind's memcheck.
    Valgrind,
}

impl Check {
    /// By its name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Check::None,
            "address" => Check::Address,
            "thread" => Check::Thread,
            "valgrind" => Check::Valgrind,
            _ => return None,
        })
    }

    /// The sanitizer's name and that of its runtime library.
    fn sanitizer(self) -> Option<(&'static str, &'static str)> {
        match self {
            Check::None | Check::Valgrind => None,
            Check::Address => Some(("address", "asan")),
            Check::Thread => Some(("thread", "tsan")),
        }
    }
}

/// Runs the stress programs for long, optimized, on each engine: millions of packets, and a hundred
/// thousand connections.
pub fn run_all(project: &Project) -> Result<(), Failure> {
    let arguments = ["test", "--release", "--package", "libiocp-win32", "--test", "conformance"];
    let mut command = cargo(project, &arguments);
    command.env("LIBIOCP_STRESS", "1").args(["--", "--nocapture", "--test-threads=1"]);
    process::run(&mut command)
}

/// The compiler with the options of a Win32 source.
fn compiler(project: &Project, name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(project.root());
    command.args(["-std=gnu11", "-O1", "-g", "-fshort-wchar", "-pthread", "-isystem"]);
    command.arg("crates/libiocp-win32/include/win32");
    command
}

/// The program over the library as it is built for use.
fn plain(project: &Project, place: &Path) -> Result<PathBuf, Failure> {
    process::run(&mut cargo(project, &["build", "--release", "--package", "libiocp-win32"]))?;
    let program = place.join("stress_mixed");
    let mut command = compiler(project, "cc");
    command.arg(SOURCE).arg("-o").arg(&program).arg("target/release/libiocp.a");
    process::run(command.args(["-lm", "-ldl"]))?;
    Ok(program)
}

/// The program and the library, and the standard library under it, with a sanitizer in them.
fn sanitized(project: &Project, place: &Path, name: &str, rt: &str) -> Result<PathBuf, Failure> {
    let target = place.join(name);
    // Through rustup: only nightly has sanitizers, and with its sources the standard library too.
    let mut build = Command::new("cargo");
    build.current_dir(project.root()).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    build.env("RUSTFLAGS", format!("-Zsanitizer={name} -Cforce-frame-pointers=yes"));
    build.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_TARGET_DIR", &target);
    build.args(["+nightly", "build", "-Zbuild-std", "--target", TARGET, "-p", "libiocp-win32"]);
    process::run(&mut build).map_err(|why| {
        Failure::new(format!("{why}; `rustup component add rust-src --toolchain nightly` may help"))
    })?;
    let mut ask = Command::new("rustc");
    ask.env_remove("RUSTUP_TOOLCHAIN").args(["+nightly", "--print", "sysroot"]);
    let root = ask.output().map_err(|error| Failure::new(format!("rustc +nightly: {error}")))?;
    let root = String::from_utf8_lossy(&root.stdout).trim().to_owned();
    // Rust's own runtime: the C compiler's may be older than what Rust asks of it.
    let runtime = format!("{root}/lib/rustlib/{TARGET}/lib/librustc-nightly_rt.{rt}.a");
    let (object, program) = (place.join(format!("{name}.o")), place.join(format!("mixed-{name}")));
    let mut compile = compiler(project, "clang");
    compile.arg(format!("-fsanitize={name}")).args(["-c", SOURCE, "-o"]).arg(&object);
    process::run(&mut compile)?;
    let mut link = Command::new("clang++");
    link.arg("-o").arg(&program).arg(&object).arg(target.join(TARGET).join("debug/libiocp.a"));
    link.args(["-Wl,--whole-archive", &runtime, "-Wl,--no-whole-archive"]);
    process::run(link.args(["-Wl,--export-dynamic", "-pthread", "-ldl", "-lm", "-lrt"]))?;
    Ok(program)
}

/// The mixed load for so many minutes on each of these engines, watched by `check`; a look at what
/// is held each minute, or five times if that is less.
pub fn run_mixed(
    project: &Project,
    minutes: u64,
    engine: Option<&str>,
    check: Check,
) -> Result<(), Failure> {
    let place = project.path("target/stress");
    fs::create_dir_all(&place)
        .map_err(|error| Failure::new(format!("{}: {error}", place.display())))?;
    let program = match check.sanitizer() {
        Some((name, runtime)) => sanitized(project, &place, name, runtime)?,
        None => plain(project, &place)?,
    };
    let seconds = (minutes * 60).max(1);
    let step = (seconds / 5).clamp(1, 60);
    let mut failed = Vec::new();
    for name in ENGINES {
        if engine.is_some_and(|wanted| wanted != name) {
            continue;
        }
        println!("== mixed load on {name} for {minutes} minutes, check: {check:?}");
        let mut command = match check {
            Check::Valgrind => Command::new("valgrind"),
            _ => Command::new(&program),
        };
        if check == Check::Valgrind {
            command.args(["--error-exitcode=9", "--leak-check=full", "--fair-sched=yes"]);
            command.args(["--errors-for-leak-kinds=definite", "-q"]).arg(&program);
        }
        // Files of its own: another mixed load may run beside this one.
        let here = place.join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&here)
            .map_err(|error| Failure::new(format!("{}: {error}", here.display())))?;
        command.args([seconds.to_string(), step.to_string()]).current_dir(&here);
        command.env("LIBIOCP_ENGINE", name).env("ASAN_OPTIONS", "detect_leaks=1");
        command.env("TSAN_OPTIONS", "exitcode=66");
        let log = here.join("log");
        let limit = Duration::from_secs(2 * seconds + 900);
        let outcome = process::run_limited(&mut command, &log, limit)?;
        println!("{}", outcome.output);
        if !outcome.status.is_some_and(|status| status.success()) {
            let how = outcome.status.map_or("killed".to_owned(), |status| status.to_string());
            println!("FAILED: {how}");
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed on {failed:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_have_names() {
        for name in ["none", "address", "thread", "valgrind"] {
            assert!(Check::of(name).is_some());
        }
        assert_eq!(Check::of("other"), None);
    }
}

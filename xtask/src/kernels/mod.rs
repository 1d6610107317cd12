//! The libraries' tests under older kernels, each in a machine of its own.
#![allow(clippy::print_stdout)]

mod archive;
mod guest;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use archive::{Archive, Offer, Version};

use crate::process::{self, Failure};
use crate::project::Project;

/// The oldest kernel on which everything is meant to work.
const FLOOR: Version = [5, 15, 0];
const ENGINES: [&str; 2] = ["uring", "epoll"];
/// What asks compilers and not the kernel.
const LEFT_OUT: [&str; 3] = ["loom", "headers", "layouts_match_windows_sys"];

/// A test program and where it runs.
struct Program {
    name: String,
    path: String,
    directory: String,
}

/// `tests/fork.rs (target/debug/deps/fork-0123)` after `Executable`.
fn program(line: &str, package: &str, project: &Project) -> Option<Program> {
    let rest = line.trim().strip_prefix("Executable ")?;
    let (source, path) = rest.split_once(" (")?;
    let stem = Path::new(source.rsplit(' ').next()?).file_stem()?.to_string_lossy().into_owned();
    let is_wanted = !LEFT_OUT.contains(&stem.as_str()) && !source.contains("examples");
    let path = project.path(path.strip_suffix(')')?).display().to_string();
    let directory = project.path("crates").join(package).display().to_string();
    is_wanted.then(|| Program { name: format!("{package}:{stem}"), path, directory })
}

/// Builds the tests of both libraries; the programs that Cargo names.
fn programs(project: &Project) -> Result<Vec<Program>, Failure> {
    let mut all = Vec::new();
    for package in ["libiocp", "libiocp-win32"] {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(project.root());
        command.args(["test", "--no-run", "--color", "never", "-p", package]);
        let output = command.output().map_err(|error| Failure::new(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(Failure::new(text));
        }
        all.extend(text.lines().filter_map(|line| program(line, package, project)));
    }
    if all.is_empty() { Err(Failure::new("Cargo names no test program")) } else { Ok(all) }
}

/// Compiles the C programs here: a machine without acceleration would take long.
fn build_conformance(programs: &[Program]) -> Result<(), Failure> {
    let Some(test) = programs.iter().find(|program| program.name.ends_with(":conformance")) else {
        return Err(Failure::new("there is no test `conformance`"));
    };
    let mut command = Command::new(&test.path);
    process::run(command.current_dir(&test.directory).env("LIBIOCP_PREBUILT", "make"))
}

/// What runs in the machine: each program on each engine, with a line for each.
fn script<'a>(programs: impl Iterator<Item = &'a Program> + Clone) -> String {
    let mut text = String::from("export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\n");
    text.push_str("export HOME=/root TMPDIR=/guest RUST_BACKTRACE=0\n");
    text.push_str("export LIBIOCP_PREBUILT=use\n");
    text.push_str("echo \"KERNEL $(uname -r)\"\n");
    for engine in ENGINES {
        for Program { name, path, directory } in programs.clone() {
            let _ = writeln!(
                text,
                "cd '{directory}' && LIBIOCP_ENGINE={engine} timeout -s KILL 600 '{path}' \
                 > /guest/log 2>&1 < /dev/null\n\
                 code=$?; line=$(grep '^test result' /guest/log | tail -1)\n\
                 if [ $code = 0 ]; then echo \"PASS {engine} {name} $line\"\n\
                 else echo \"FAIL {engine} {name} code $code $line\"; tail -c 6000 /guest/log; fi"
            );
        }
    }
    text.push_str("echo END\n");
    text
}

/// How many programs passed, and the names of those that did not.
fn verdict(output: &str) -> Result<(usize, Vec<String>), Failure> {
    let of = |mark: &'static str| output.lines().filter_map(move |line| line.strip_prefix(mark));
    if of("END").next().is_none() {
        let mut last: Vec<&str> = output.lines().rev().take(15).collect();
        last.reverse();
        return Err(Failure::new(format!(
            "the machine did not come to an end:\n{}",
            last.join("\n")
        )));
    }
    Ok((of("PASS ").count(), of("FAIL ").map(str::to_owned).collect()))
}

/// The newest of a series, and the oldest that may be expected to work: what is asked for, or by
/// default those, and the newest below the floor, which shows what the floor is worth.
fn choose(offers: &[Offer], wanted: &[String]) -> Vec<(Offer, &'static str)> {
    let newest = |major: u32, minor: u32| {
        offers.iter().rfind(move |offer| offer.version[..2] == [major, minor]).cloned()
    };
    if !wanted.is_empty() {
        let numbers = wanted.iter().filter_map(|text| text.split_once('.'));
        return numbers
            .filter_map(|(major, minor)| newest(major.parse().ok()?, minor.parse().ok()?))
            .map(|offer| (offer, "asked for"))
            .collect();
    }
    let oldest = offers.iter().find(|offer| offer.version >= FLOOR).cloned();
    let below = offers.iter().rfind(|offer| offer.version < FLOOR).cloned();
    let all = [
        (newest(6, 1), "the newest 6.1"),
        (oldest, "the oldest from 5.15 on"),
        (below, "the newest below 5.15"),
    ];
    let mut chosen: Vec<(Offer, &'static str)> = Vec::new();
    for (offer, why) in all {
        if let Some(offer) = offer
            && !chosen.iter().any(|(other, _)| *other == offer)
        {
            chosen.push((offer, why));
        }
    }
    chosen
}

fn try_kernel(
    archive: &Archive,
    offer: &Offer,
    place: &Path,
    work: &str,
) -> Result<(usize, Vec<String>), Failure> {
    let kernel = archive.unpacked(offer)?;
    let output = guest::run(&kernel, place, work)?;
    let verdict = verdict(&output)?;
    if !verdict.1.is_empty() {
        println!("{output}");
    }
    Ok(verdict)
}

/// Runs the tests under each kernel that is asked for by series (`6.1`), or those of the default.
/// With `only`, just the test programs whose name contains it.
pub fn run(project: &Project, wanted: &[String], only: Option<&str>) -> Result<(), Failure> {
    guest::check()?;
    let place = project.path("target/kernels");
    let archive = Archive::open(place.clone())?;
    let kernels = choose(&archive.offers()?, wanted);
    if kernels.is_empty() {
        return Err(Failure::new("Debian's archive offers no such kernel"));
    }
    let programs = programs(project)?;
    build_conformance(&programs)?;
    let is_wanted = |program: &&Program| only.is_none_or(|part| program.name.contains(part));
    let work = script(programs.iter().filter(is_wanted));
    let mut lines = Vec::new();
    let mut failed = 0;
    for (offer, why) in &kernels {
        println!("== {} {} ({why})", offer.package, offer.full);
        let line = match try_kernel(&archive, offer, &place, &work) {
            Ok((passed, failures)) if failures.is_empty() => {
                format!("ok    {} ({why}): {passed} test programs passed", offer.full)
            }
            Ok((passed, failures)) => {
                failed += 1;
                let list = failures.join("; ");
                format!("FAIL  {} ({why}): {passed} passed, failed: {list}", offer.full)
            }
            Err(failure) => {
                failed += 1;
                format!("FAIL  {} ({why}): {failure}", offer.full)
            }
        };
        println!("{line}");
        lines.push(line);
    }
    println!("\n{}", lines.join("\n"));
    if failed == 0 { Ok(()) } else { Err(Failure::new(format!("{failed} kernels failed"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(version: Version) -> Offer {
        Offer { package: format!("{version:?}"), full: String::new(), version }
    }

    #[test]
    fn the_kernels_around_the_floor_are_chosen() {
        let offers = [[5, 10, 218], [5, 10, 262], [6, 1, 170], [6, 1, 192], [6, 12, 1]].map(offer);
        let chosen = |wanted: &[&str]| -> Vec<Version> {
            let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
            choose(&offers, &wanted).iter().map(|(offer, _)| offer.version).collect()
        };
        assert_eq!(chosen(&[]), [[6, 1, 192], [6, 1, 170], [5, 10, 262]]);
        assert_eq!(chosen(&["6.12", "7.0"]), [[6, 12, 1]]);
    }

    #[test]
    fn an_unfinished_machine_is_a_failure() {
        assert!(verdict("PASS uring a\nKernel panic").is_err());
        let (passed, failed) = verdict("PASS uring a\nFAIL epoll b code 1\nEND\n").expect("an end");
        assert_eq!((passed, failed.len()), (1, 1));
    }

    #[test]
    fn test_programs_are_read_from_cargos_lines() {
        let project = Project::here();
        let line = "  Executable tests/fork.rs (target/debug/deps/fork-01)";
        let found = program(line, "libiocp", &project).expect("a program");
        assert_eq!(found.name, "libiocp:fork");
        let unit = "  Executable unittests src/lib.rs (target/debug/deps/libiocp-01)";
        assert_eq!(program(unit, "libiocp", &project).expect("a program").name, "libiocp:lib");
        let left_out = "  Executable tests/loom.rs (target/debug/deps/loom-01)";
        assert!(program(left_out, "libiocp", &project).is_none());
    }
}

//! The libraries' tests where the kernel, or who stands before it, refuses what they would use.
#![allow(clippy::print_stdout)]

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::process::{self, Failure};
use crate::project::Project;

const SYSCTL: &str = "/proc/sys/kernel/io_uring_disabled";

/// One way in which system calls are refused.
struct Refusal {
    name: &'static str,
    error: i32,
    calls: &'static [i64],
}

/// From the mildest to the harshest; the first is what containers do by default.
const REFUSALS: [Refusal; 3] = [
    Refusal {
        name: "container",
        error: libc::EPERM,
        calls: &[
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_io_uring_register,
            libc::SYS_perf_event_open,
        ],
    },
    Refusal { name: "enter", error: libc::EACCES, calls: &[libc::SYS_io_uring_enter] },
    // What came with Linux 5.1 and later, as if the kernel were older.
    Refusal {
        name: "old",
        error: libc::ENOSYS,
        calls: &[
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_io_uring_register,
            libc::SYS_pidfd_open,
            libc::SYS_clone3,
            libc::SYS_close_range,
            libc::SYS_openat2,
            libc::SYS_faccessat2,
            libc::SYS_epoll_pwait2,
            libc::SYS_futex_waitv,
        ],
    },
];

/// The names of the ways, and the one by the kernel's own switch.
pub const WAYS: [&str; 4] = ["container", "enter", "old", "sysctl"];

fn filter(refusal: &Refusal) -> Result<BpfProgram, String> {
    let processor = std::env::consts::ARCH.try_into().map_err(|error| format!("{error:?}"))?;
    let rules = refusal.calls.iter().map(|&call| (call, vec![])).collect();
    let error = SeccompAction::Errno(refusal.error.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, error, processor)
        .and_then(TryInto::try_into)
        .map_err(|error| error.to_string())
}

/// Becomes the command, from which these system calls are taken for good.
pub fn become_without(way: &str, command: &[String]) -> Result<(), Failure> {
    let unknown = || Failure::new(format!("`{way}` is none of {}", WAYS.join(", ")));
    let refusal = REFUSALS.iter().find(|refusal| refusal.name == way).ok_or_else(unknown)?;
    let [program, arguments @ ..] = command else { return Err(Failure::new("no command")) };
    let program_of_filter = filter(refusal).map_err(Failure::new)?;
    seccompiler::apply_filter(&program_of_filter)
        .map_err(|error| Failure::new(format!("no filter can be set: {error}")))?;
    let error = Command::new(program).args(arguments).exec();
    Err(Failure::new(format!("cannot start `{program}`: {error}")))
}

/// The tests of both libraries, or those whose name contains `filter`, to run under a refusal.
fn tests(project: &Project, filter: Option<&str>) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = project.path("Cargo.toml").display().to_string();
    let mut command = vec![cargo, "test".into(), "--manifest-path".into(), manifest];
    command.extend(["--no-fail-fast", "-p", "libiocp", "-p", "libiocp-win32"].map(String::from));
    command.extend(filter.map(String::from));
    command
}

fn run_without(project: &Project, way: &str, filter: Option<&str>) -> Result<(), Failure> {
    let this = std::env::current_exe().map_err(|error| Failure::new(error.to_string()))?;
    let mut command = Command::new(this);
    command.args(["without", way, "--"]).args(tests(project, filter));
    command.current_dir(project.root()).env_remove("LIBIOCP_ENGINE");
    process::run(&mut command)
}

/// Puts the switch back, whatever happens.
struct Switch(String);

impl Switch {
    fn off() -> Result<Self, String> {
        let before = fs::read_to_string(SYSCTL)
            .map_err(|_| format!("this kernel has no {SYSCTL} (Linux 6.6 brought it)"))?;
        fs::write(SYSCTL, "2").map_err(|error| format!("{SYSCTL} may not be written: {error}"))?;
        Ok(Self(before.trim().to_owned()))
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        if let Err(error) = fs::write(SYSCTL, &self.0) {
            println!("{SYSCTL} could not be set back to {}: {error}", self.0);
        }
    }
}

fn run_with_sysctl(project: &Project, filter: Option<&str>) -> Result<(), Failure> {
    let _switch = match Switch::off() {
        Ok(switch) => switch,
        Err(why) => {
            println!("skipped: {why}");
            return Ok(());
        }
    };
    let command = tests(project, filter);
    let mut cargo = Command::new(&command[0]);
    cargo.args(&command[1..]).current_dir(project.root()).env_remove("LIBIOCP_ENGINE");
    process::run(&mut cargo)
}

/// Runs the tests of both libraries in each of these ways, or in all of them.
pub fn run(project: &Project, ways: &[String], filter: Option<&str>) -> Result<(), Failure> {
    // Built before anything is refused.
    let mut build = tests(project, None);
    build.push("--no-run".into());
    process::run(Command::new(&build[0]).args(&build[1..]).current_dir(project.root()))?;
    let mut failed = Vec::new();
    for way in WAYS {
        if !ways.is_empty() && !ways.iter().any(|wanted| wanted == way) {
            continue;
        }
        println!("== denied: {way}");
        let result = match way {
            "sysctl" => run_with_sysctl(project, filter),
            way => run_without(project, way, filter),
        };
        match result {
            Ok(()) => println!("denied, {way}: ok"),
            Err(failure) => {
                println!("denied, {way}: FAILED: {failure}");
                failed.push(way);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed: {failed:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_a_filter() {
        for refusal in &REFUSALS {
            assert!(WAYS.contains(&refusal.name));
            filter(refusal).expect("a filter for this processor");
        }
        assert!(become_without("nonsense", &["true".into()]).is_err());
    }
}

//! `iocp doctor`: what this machine offers, and what to do about what it lacks.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::thread;

use anyhow::Result;
use io_uring::IoUring;
use libiocp::BlockDetection;
use libiocp::system::System;
use rustix::process::{Resource, getrlimit};
use rustix::system::uname;

use crate::compiler::{self, Language};
use crate::home;

/// One line of the report.
#[derive(Debug)]
struct Finding {
    name: &'static str,
    value: String,
    /// What to do about it, if it is a shortcoming.
    advice: Option<String>,
    /// Whether programs can't be built or run before it is put right.
    fatal: bool,
}

impl Finding {
    fn good(name: &'static str, value: impl Into<String>) -> Self {
        Finding { name, value: value.into(), advice: None, fatal: false }
    }

    fn poor(name: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { name, value: value.into(), advice: Some(advice.into()), fatal: false }
    }

    fn fatal(name: &'static str, value: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { fatal: true, ..Finding::poor(name, value, advice) }
    }
}

/// Prints the report; 1 if something has to be put right first.
pub(crate) fn doctor(out: &mut dyn Write) -> Result<u8> {
    let findings = findings();
    for finding in &findings {
        writeln!(out, "{:<20} {}", finding.name, finding.value)?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "{:<20} -> {advice}", "")?;
        }
    }
    let poor = findings.iter().filter(|finding| finding.advice.is_some()).count();
    let fatal = findings.iter().any(|finding| finding.fatal);
    let verdict = match (poor, fatal) {
        (_, true) => "Win32 programs cannot be built here yet.",
        (0, false) => "Everything is there.",
        (_, false) => "Win32 programs can be built and run; the advice above makes it better.",
    };
    writeln!(out, "\n{verdict}")?;
    Ok(u8::from(fatal))
}

fn findings() -> Vec<Finding> {
    let mut all = vec![kernel(), processors(), io_uring(), engine()];
    all.extend([open_files(), locked_memory(), backlog(), blocked_threads()]);
    all.extend([compiler(Language::C), compiler(Language::Cxx)]);
    all.extend(installation());
    all
}

/// Major and minor version of the kernel.
fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn kernel() -> Finding {
    let names = uname();
    let release = names.release().to_string_lossy().into_owned();
    let value = format!("{} {release} {}", names.sysname().to_string_lossy(), machine());
    match kernel_version(&release) {
        Some(version) if version < (5, 11) => Finding::poor(
            "kernel",
            value,
            "update to Linux 5.11 or later, whose io_uring is complete enough for disk files",
        ),
        _ => Finding::good("kernel", value),
    }
}

fn machine() -> String {
    uname().machine().to_string_lossy().into_owned()
}

fn processors() -> Finding {
    match thread::available_parallelism() {
        Ok(count) => Finding::good("processors", format!("{count} (a port's default concurrency)")),
        Err(error) => Finding::poor(
            "processors",
            format!("unknown: {error}"),
            "make the CPU affinity of this process readable",
        ),
    }
}

fn io_uring() -> Finding {
    let sysctl = read("/proc/sys/kernel/io_uring_disabled");
    match IoUring::new(8) {
        Ok(_) => Finding::good("io_uring", "available"),
        Err(error) => {
            let advice = io_uring_advice(&error, sysctl.as_deref());
            Finding::poor("io_uring", format!("not available: {error}"), advice)
        }
    }
}

/// Errors are those of `io_uring_setup(2)`.
fn io_uring_advice(error: &io::Error, sysctl: Option<&str>) -> String {
    match (error.kind(), sysctl) {
        (io::ErrorKind::PermissionDenied, Some(value @ ("1" | "2"))) => format!(
            "allow it with `sysctl kernel.io_uring_disabled=0` (now {value}); without it threads \
             serve disk files"
        ),
        (io::ErrorKind::PermissionDenied, _) => {
            "a seccomp filter forbids it: run the container with a profile that allows \
             io_uring_setup; without it threads serve disk files"
                .to_owned()
        }
        (io::ErrorKind::Unsupported, _) => {
            "use a kernel built with CONFIG_IO_URING; without it threads serve disk files"
                .to_owned()
        }
        (io::ErrorKind::OutOfMemory, _) => {
            "raise the limit of locked memory (`ulimit -l`); without it threads serve disk files"
                .to_owned()
        }
        _ => "threads serve disk files instead".to_owned(),
    }
}

/// The engine that a program started now would use: the library is asked.
fn engine() -> Finding {
    const NAME: &str = "engine";
    let forced = env::var("LIBIOCP_ENGINE").unwrap_or_default();
    if !matches!(forced.as_str(), "" | "uring" | "epoll") {
        return Finding::poor(
            NAME,
            format!("LIBIOCP_ENGINE is {forced:?}, which is ignored"),
            "set LIBIOCP_ENGINE to uring or epoll, or unset it",
        );
    }
    let time = env::var("LIBIOCP_BUSY_POLL").unwrap_or_default();
    if !time.is_empty() && time.parse::<u32>().is_err() {
        return Finding::poor(
            NAME,
            format!("LIBIOCP_BUSY_POLL is {time:?}, which is ignored"),
            "set LIBIOCP_BUSY_POLL to a number of microseconds, or unset it",
        );
    }
    match System::from_environment() {
        Ok(system) if forced == "uring" && !system.engine().uses_uring() => Finding::poor(
            NAME,
            system.engine().report(),
            "LIBIOCP_ENGINE=uring cannot be had; see io_uring above, or unset it",
        ),
        Ok(system) => Finding::good(NAME, system.engine().report()),
        Err(error) => Finding::fatal(
            NAME,
            format!("does not start: {error}"),
            "raise the limits of open files and memory",
        ),
    }
}

fn limit(value: Option<u64>) -> String {
    value.map_or_else(|| "unlimited".to_owned(), |number| number.to_string())
}

fn open_files() -> Finding {
    let limits = getrlimit(Resource::Nofile);
    let value = format!("soft {}, hard {}", limit(limits.current), limit(limits.maximum));
    let enough = |limit: Option<u64>| limit.is_none_or(|number| number >= 4096);
    if enough(limits.current) {
        Finding::good("open files", value)
    } else if enough(limits.maximum) {
        let advice = format!(
            "for more than about {} connections a program wants `ulimit -n {}` before it",
            limits.current.unwrap_or(0).saturating_sub(64),
            limit(limits.maximum)
        );
        Finding::poor("open files", value, advice)
    } else {
        Finding::poor(
            "open files",
            value,
            "raise the hard limit (LimitNOFILE= of systemd, --ulimit nofile= of a container, or \
             /etc/security/limits.conf): every connection takes a descriptor",
        )
    }
}

fn locked_memory() -> Finding {
    let limits = getrlimit(Resource::Memlock);
    let value = format!(
        "soft {}, hard {} (bytes; rings count against it before Linux 5.12)",
        limit(limits.current),
        limit(limits.maximum)
    );
    let release = uname().release().to_string_lossy().into_owned();
    let counts = kernel_version(&release).is_some_and(|version| version < (5, 12));
    if counts && limits.current.is_some_and(|bytes| bytes < 1 << 20) {
        Finding::poor("locked memory", value, "raise it to 1 MiB or more with `ulimit -l`")
    } else {
        Finding::good("locked memory", value)
    }
}

fn backlog() -> Finding {
    const NAME: &str = "listen backlog";
    match read("/proc/sys/net/core/somaxconn").and_then(|text| text.parse::<u32>().ok()) {
        Some(most) if most < 1024 => Finding::poor(
            NAME,
            format!("at most {most}"),
            "allow longer queues of new connections with `sysctl net.core.somaxconn=4096`",
        ),
        Some(most) => Finding::good(NAME, format!("at most {most}")),
        None => Finding::good(NAME, "unknown (no /proc/sys/net/core/somaxconn)"),
    }
}

/// How a port would see that a thread blocks outside the library: tried, not
/// guessed.
fn blocked_threads() -> Finding {
    const NAME: &str = "blocked threads";
    let wanted = env::var("LIBIOCP_BLOCKED").unwrap_or_default();
    if !wanted.is_empty() && BlockDetection::from_name(&wanted).is_none() {
        return Finding::poor(
            NAME,
            format!("LIBIOCP_BLOCKED is {wanted:?}, which is ignored"),
            "set LIBIOCP_BLOCKED to auto, perf, proc or off, or unset it",
        );
    }
    let perf = match BlockDetection::Perf.check() {
        Ok(()) => "perf can be had".to_owned(),
        Err(error) => format!("perf cannot be had: {error}"),
    };
    match BlockDetection::from_environment().resolve() {
        BlockDetection::Off if wanted == "off" => {
            Finding::good(NAME, "not seen, as LIBIOCP_BLOCKED wants it")
        }
        BlockDetection::Off => Finding::poor(
            NAME,
            format!("not seen outside the library ({perf})"),
            "mount /proc in this container or chroot",
        ),
        BlockDetection::Proc if wanted == "perf" => Finding::poor(
            NAME,
            format!("seen in /proc ({perf})"),
            perf_advice(read("/proc/sys/kernel/perf_event_paranoid").as_deref()),
        ),
        BlockDetection::Perf => Finding::good(NAME, "seen by records of context switches (perf)"),
        BlockDetection::Automatic | BlockDetection::Proc => {
            Finding::good(NAME, format!("seen in /proc ({perf})"))
        }
    }
}

/// What keeps a process from records of its own switches.
fn perf_advice(level: Option<&str>) -> String {
    match level.and_then(|text| text.parse::<i32>().ok()) {
        None => "use a kernel built with CONFIG_PERF_EVENTS, or LIBIOCP_BLOCKED=proc".to_owned(),
        Some(level) if level > 2 => {
            format!("`sysctl kernel.perf_event_paranoid=2` (now {level}), or LIBIOCP_BLOCKED=proc")
        }
        Some(_) => "run the container with a profile that allows perf_event_open, or \
                    LIBIOCP_BLOCKED=proc"
            .to_owned(),
    }
}

fn compiler(language: Language) -> Finding {
    let (name, package) = match language {
        Language::C => ("C compiler", "gcc"),
        Language::Cxx => ("C++ compiler", "g++"),
    };
    let wanted = language.compiler().swap_remove(0);
    match compiler::find_program(&wanted) {
        Some(path) => {
            let version = compiler::version(path.as_os_str());
            let version = version.unwrap_or_else(|| "does not tell its version".to_owned());
            Finding::good(name, format!("{} ({version})", path.display()))
        }
        None => {
            let advice = format!(
                "install one (Debian: apt install {package}) or set ${}",
                language.variable()
            );
            let value = format!("{wanted:?} was not found");
            // C++ is needed for C++ only.
            match language {
                Language::C => Finding::fatal(name, value, advice),
                Language::Cxx => Finding::poor(name, value, advice),
            }
        }
    }
}

fn installation() -> Vec<Finding> {
    match home::find() {
        Ok(home) => vec![
            Finding::good("Win32 headers", home.win32.display().to_string()),
            Finding::good("library", home.library.display().to_string()),
        ],
        Err(error) => vec![Finding::fatal("headers and library", "not found", error.to_string())],
    }
}

fn read(path: impl AsRef<OsStr>) -> Option<String> {
    fs::read_to_string(path.as_ref()).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_versions_are_read_from_any_release_string() {
        assert_eq!(kernel_version("6.18.5"), Some((6, 18)));
        assert_eq!(kernel_version("5.4.0-150-generic"), Some((5, 4)));
        assert_eq!(kernel_version("6.1-rc2"), Some((6, 1)));
        assert_eq!(kernel_version("odd"), None);
    }

    #[test]
    fn each_reason_against_io_uring_has_its_own_advice() {
        let denied = io::Error::from_raw_os_error(1);
        assert!(io_uring_advice(&denied, Some("2")).contains("io_uring_disabled=0` (now 2)"));
        assert!(io_uring_advice(&denied, Some("0")).contains("seccomp"));
        assert!(io_uring_advice(&denied, None).contains("seccomp"));
        let missing = io::Error::from_raw_os_error(38);
        assert!(io_uring_advice(&missing, None).contains("CONFIG_IO_URING"));
        let memory = io::Error::from_raw_os_error(12);
        assert!(io_uring_advice(&memory, None).contains("ulimit -l"));
    }

    #[test]
    fn each_reason_against_perf_has_its_own_advice() {
        assert!(perf_advice(None).contains("CONFIG_PERF_EVENTS"));
        assert!(perf_advice(Some("3")).contains("perf_event_paranoid=2` (now 3)"));
        assert!(perf_advice(Some("2")).contains("perf_event_open"));
    }

    #[test]
    fn a_limit_may_be_missing() {
        assert_eq!(limit(None), "unlimited");
        assert_eq!(limit(Some(1024)), "1024");
    }
}

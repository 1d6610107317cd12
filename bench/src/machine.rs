//! Where and when something was measured.

use std::fs;
use std::process::Command;

/// The machine as it was when a measurement began.
#[derive(Debug)]
pub struct Scene {
    load_before: String,
    /// What `iocp doctor` says of the library: its engine, and how it sees blocked threads.
    library: String,
}

impl Scene {
    /// Notes the load now; `library` goes into the report as it is.
    pub fn begin(library: &str) -> Self {
        Self { load_before: load(), library: library.into() }
    }

    /// One paragraph about the machine, its load before and after, the date and the library.
    pub fn describe(&self) -> String {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value)
        };
        let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let kind = if field("flags").contains("hypervisor") { ", virtual" } else { "" };
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let date = Command::new("date").args(["-u", "+%F %H:%M UTC"]).output();
        let date = date.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        let (model, kernel) = (field("model name"), kernel.trim());
        let (date, before, after) = (date.unwrap_or_default(), &self.load_before, load());
        let date = date.trim();
        format!(
            "Machine: {cores} x {model}{kind}, Linux {kernel}; {date}; load average {before} \
             before and {after} after. Library: {}.",
            self.library
        )
    }
}

/// The load average of the last minute.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

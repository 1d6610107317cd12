//! Results as Markdown, printed and placed into a document.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::Failure;
use crate::stats::Summary;

/// A table.
#[derive(Debug)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(String::from).to_vec(), rows: Vec::new() }
    }

    /// Appends a row, which must have a cell for each column.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.head.len(), "a row has as many cells as the table has columns");
        self.rows.push(cells.to_vec());
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule: Vec<String> = self.head.iter().map(|_| "---".into()).collect();
        let body: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.head) + &line(&rule) + &body
    }
}

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// No larger.
    AtMost(f64),
    /// No smaller.
    AtLeast(f64),
}

/// One kind of measurement and its results.
#[derive(Debug)]
pub struct Section {
    name: &'static str,
    explanation: &'static str,
    /// What was measured.
    pub results: Table,
    targets: Table,
}

impl Section {
    /// A section without targets yet.
    pub fn new(name: &'static str, explanation: &'static str, results: Table) -> Self {
        let targets = Table::new(["target", "case", "wanted", "measured", "met"]);
        Self { name, explanation, results, targets }
    }

    /// Sets a target beside what was measured for it.
    pub fn target(&mut self, what: &str, case: &str, goal: Goal, measured: Option<Summary>) {
        let Some(measured) = measured else { return };
        let (wanted, met) = match goal {
            Goal::AtMost(limit) => (format!("at most {limit}"), measured.median <= limit),
            Goal::AtLeast(limit) => (format!("at least {limit}"), measured.median >= limit),
        };
        let met = if met { "yes" } else { "**no**" }.into();
        self.targets.row([what.into(), case.into(), wanted, measured.to_string(), met]);
    }

    /// The section with the machine and the command it comes from.
    pub fn markdown(&self, command: &str) -> String {
        let mut text = format!("{}\n\nCommand: `{command}`\n\n", machine());
        let _ = writeln!(text, "{}\n\n{}", self.explanation, self.results.markdown());
        if !self.targets.rows.is_empty() {
            let _ = writeln!(text, "Targets:\n\n{}", self.targets.markdown());
        }
        text
    }

    /// Replaces what stands between this section's marks in the document.
    pub fn place(&self, document: &Path, command: &str) -> Result<(), Failure> {
        let text = fs::read_to_string(document)?;
        let begin = format!("<!-- begin {} -->\n", self.name);
        let end = format!("<!-- end {} -->", self.name);
        let lost = || format!("{} has no marks for {}", document.display(), self.name);
        let (before, rest) = text.split_once(&begin).ok_or_else(lost)?;
        let (_, after) = rest.split_once(&end).ok_or_else(lost)?;
        let body = self.markdown(command);
        fs::write(document, format!("{before}{begin}\n{body}{end}{after}"))?;
        Ok(())
    }
}

/// One line about this machine, its load and the date.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value)
    };
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let virtual_machine = if field("flags").contains("hypervisor") { ", virtual" } else { "" };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let date = Command::new("date").args(["-u", "+%F %H:%M UTC"]).output();
    let date = date.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    format!(
        "Machine: {} x {}{virtual_machine}, Linux {}; {}, load average {} at the end of the run",
        cores,
        field("model name"),
        kernel.trim(),
        date.trim(),
        load.split(' ').next().unwrap_or("unknown"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_said_to_be_missed() {
        let mut section = Section::new("x", "y", Table::new(["a"]));
        let measured = Summary::of([1.6]);
        section.target("t", "c", Goal::AtMost(1.5), measured);
        section.target("t", "c", Goal::AtLeast(1.5), measured);
        let text = section.targets.markdown();
        assert!(text.contains("| at most 1.5 | 1.60 (1.60 to 1.60) | **no** |"), "{text}");
        assert!(text.contains("| at least 1.5 | 1.60 (1.60 to 1.60) | yes |"), "{text}");
    }
}

//! The kinds of measurement.

pub(crate) mod build;
pub(crate) mod disk;
pub(crate) mod echo;
mod echo_tables;
pub(crate) mod mixed;
pub(crate) mod probes;
pub(crate) mod queue;
pub(crate) mod wine;

use std::path::PathBuf;

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

/// A cell for a ratio that may be missing.
pub(crate) fn cell(summary: Option<Summary>) -> String {
    summary.map_or_else(|| "-".into(), |s| s.short())
}

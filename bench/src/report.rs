//! Results as Markdown, printed and placed into a document.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use crate::machine::Scene;
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
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self { head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Appends a row, which must have a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.head.len(), "a row has a cell for each column");
        self.rows.push(cells);
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
    /// Larger.
    Over(f64),
}

impl Goal {
    /// Whether a median of this size will do.
    fn met_by(self, measured: &Summary) -> bool {
        match self {
            Goal::AtMost(limit) => measured.median <= limit,
            Goal::AtLeast(limit) => measured.median >= limit,
            Goal::Over(limit) => measured.median > limit,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::AtMost(limit) => write!(f, "at most {limit}"),
            Goal::AtLeast(limit) => write!(f, "at least {limit}"),
            Goal::Over(limit) => write!(f, "over {limit}"),
        }
    }
}

/// How many of several targets were met.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    met: usize,
    all: usize,
}

impl Tally {
    /// Counts a target, and shows what was measured for it: bold where it was missed.
    pub fn judge(&mut self, goal: Goal, measured: Option<&Summary>) -> String {
        let Some(measured) = measured else { return "-".into() };
        self.all += 1;
        if goal.met_by(measured) {
            self.met += 1;
            measured.short()
        } else {
            format!("**{}**", measured.short())
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.met, self.all)
    }
}

/// One kind of measurement and its results.
#[derive(Debug)]
pub struct Section {
    name: &'static str,
    /// Paragraphs, and tables under their titles.
    body: String,
    targets: Table,
}

impl Section {
    /// A section without results yet.
    pub fn new(name: &'static str, explanation: &str) -> Self {
        let targets = Table::new(["target", "case", "wanted", "measured", "met"]);
        Self { name, body: format!("{explanation}\n\n"), targets }
    }

    /// Appends a paragraph.
    pub fn say(&mut self, text: &str) {
        let _ = writeln!(self.body, "{text}\n");
    }

    /// Appends a table, unless it has no rows.
    pub fn show(&mut self, table: &Table) {
        if !table.rows.is_empty() {
            let _ = writeln!(self.body, "{}", table.markdown());
        }
    }

    /// Sets a target beside what was measured for it, in the table at the section's end.
    pub fn target(&mut self, what: &str, case: &str, goal: Goal, measured: Option<Summary>) {
        let Some(measured) = measured else { return };
        let met = if goal.met_by(&measured) { "yes" } else { "**no**" };
        let cells = [what, case, &goal.to_string(), &measured.to_string(), met];
        self.targets.row(cells.map(String::from));
    }

    /// The section, with where it was measured and the command it comes from.
    pub fn markdown(&self, scene: &Scene, command: &str) -> String {
        let head = format!("{}\n\nCommand: `{command}`\n\n", scene.describe());
        let mut text = head + &self.body;
        if !self.targets.rows.is_empty() {
            let _ = writeln!(text, "Targets:\n\n{}", self.targets.markdown());
        }
        text
    }

    /// Replaces what stands between this section's marks in the document.
    pub fn place(&self, document: &Path, markdown: &str) -> Result<(), Failure> {
        let text = fs::read_to_string(document)?;
        let begin = format!("<!-- begin {} -->\n", self.name);
        let end = format!("<!-- end {} -->", self.name);
        let lost = || format!("{} has no marks for {}", document.display(), self.name);
        let (before, rest) = text.split_once(&begin).ok_or_else(lost)?;
        let (_, after) = rest.split_once(&end).ok_or_else(lost)?;
        fs::write(document, format!("{before}{begin}\n{markdown}{end}{after}"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_said_to_be_missed() {
        let mut section = Section::new("x", "y");
        let measured = Summary::of([1.6]);
        section.target("t", "c", Goal::AtMost(1.5), measured);
        section.target("t", "c", Goal::AtLeast(1.5), measured);
        let text = section.targets.markdown();
        assert!(text.contains("| at most 1.5 | 1.60 (1.60 to 1.60) | **no** |"), "{text}");
        assert!(text.contains("| at least 1.5 | 1.60 (1.60 to 1.60) | yes |"), "{text}");
    }

    #[test]
    fn a_tally_counts_what_was_measured() {
        let mut tally = Tally::default();
        let even = Summary::of([1.0]);
        assert_eq!(tally.judge(Goal::Over(1.0), even.as_ref()), "**1.00 (1.00-1.00)**");
        assert_eq!(tally.judge(Goal::AtLeast(1.0), even.as_ref()), "1.00 (1.00-1.00)");
        assert_eq!(tally.judge(Goal::Over(1.0), None), "-");
        assert_eq!(tally.to_string(), "1 of 2");
    }
}

//! What the documents promise about the sources, checked.

mod documents;
mod rust;
mod text;

use std::fmt;

use crate::architecture::{self, Architecture};
use crate::process::Failure;
use crate::project::Project;

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub path: String,
    /// The line, or 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, in a sentence.
    pub text: String,
}

impl Problem {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(formatter, "{}: {}", self.path, self.text)
        } else {
            write!(formatter, "{}:{}: {}", self.path, self.line, self.text)
        }
    }
}

/// Every problem of the tree, in order.
pub fn check(project: &Project) -> Vec<Problem> {
    let mut problems = text::check(project);
    let document = project.read(architecture::PATH).unwrap_or_default();
    match Architecture::parse(&document) {
        Ok(architecture) => {
            problems.extend(rust::check(project, &architecture));
            problems.extend(documents::invariants(project, &architecture));
        }
        Err(why) => problems.push(Problem::new(architecture::PATH, 0, why)),
    }
    problems.extend(documents::links(project));
    problems.extend(documents::decisions(project));
    problems.extend(documents::marks(project));
    problems.sort();
    problems
}

/// Fails with every problem on a line of its own.
pub fn report(project: &Project) -> Result<(), Failure> {
    let problems = check(project);
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    Err(Failure::new(format!("{} problems\n{}", lines.len(), lines.join("\n"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        if let Err(failure) = report(&Project::here()) {
            panic!("{failure}");
        }
    }

    #[test]
    fn a_problem_says_where() {
        assert_eq!(Problem::new("a.rs", 3, "x").to_string(), "a.rs:3: x");
        assert_eq!(Problem::new("a.rs", 0, "x").to_string(), "a.rs: x");
    }
}

//! Links, decisions, invariants and the marks of known differences.

use std::collections::BTreeSet;
use std::path::Path;

use super::Problem;
use crate::architecture::{self, Architecture};
use crate::citations::Citations;
use crate::divergences::{self, anchor};
use crate::project::{Project, SourceFile};

const DECISIONS: &str = "docs/adr/";

/// Every invariant is cited by a test, and no test cites one that is not there.
pub(super) fn invariants(project: &Project, architecture: &Architecture) -> Vec<Problem> {
    let cited = Citations::of(project).invariants;
    let mut problems = Vec::new();
    for number in architecture.invariants.iter().filter(|number| !cited.contains_key(number)) {
        let text = format!("no test is named `i{number:02}_...` after invariant {number}");
        problems.push(Problem::new(architecture::PATH, 0, text));
    }
    for (number, tests) in cited.iter().filter(|(n, _)| !architecture.invariants.contains(n)) {
        for test in tests {
            let text = format!("`{}` cites invariant {number}, which is not there", test.name);
            problems.push(Problem::new(&test.file, 0, text));
        }
    }
    problems
}

/// The targets of `[text](target)` outside of code, with their lines.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        for part in prose.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push((index + 1, target.trim().to_owned()));
            }
        }
    }
    found
}

fn has_heading(text: &str, wanted: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '))
        .any(|heading| anchor(heading.trim()) == wanted)
}

fn broken(project: &Project, file: &SourceFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let place = if path.is_empty() {
        project.path(&file.path)
    } else {
        let directory = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        project.root().join(directory).join(path)
    };
    if !place.exists() {
        return Some(format!("`{target}` is not there"));
    }
    let is_markdown = place.extension().is_some_and(|ending| ending == "md");
    if fragment.is_empty() || !is_markdown {
        return None;
    }
    let text = std::fs::read_to_string(&place).unwrap_or_default();
    (!has_heading(&text, fragment)).then(|| format!("`{target}` names no heading"))
}

/// Relative links lead somewhere.
pub(super) fn links(project: &Project) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in project.files(&[".md"]) {
        for (line, target) in targets(&file.text) {
            if let Some(text) = broken(project, &file, &target) {
                problems.push(Problem::new(&file.path, line, text));
            }
        }
    }
    problems
}

/// Every decision is listed in the index.
pub(super) fn decisions(project: &Project) -> Vec<Problem> {
    let index = format!("{DECISIONS}README.md");
    let text = project.read(&index).unwrap_or_default();
    let listed: BTreeSet<String> = targets(&text).into_iter().map(|(_, target)| target).collect();
    let is_listed = |path: &str| listed.contains(&path[DECISIONS.len()..]);
    project
        .files(&[".md"])
        .iter()
        .filter(|file| file.path.starts_with(DECISIONS) && file.path != index)
        .filter(|file| !is_listed(&file.path))
        .map(|file| Problem::new(&file.path, 0, format!("is not listed in {index}")))
        .collect()
}

/// `OURS_DIFFERS("D7")` names an entry that exists.
pub(super) fn marks(project: &Project) -> Vec<Problem> {
    let text = project.read(divergences::PATH).unwrap_or_default();
    let entries = match divergences::parse(&text) {
        Ok(entries) => entries,
        Err(why) => return vec![Problem::new(divergences::PATH, 0, why)],
    };
    let known: BTreeSet<String> =
        entries.iter().map(|entry| format!("D{}", entry.number)).collect();
    let mut problems = Vec::new();
    for file in project.files(&[".c"]) {
        for (index, line) in file.text.lines().enumerate() {
            for part in line.split("OURS_DIFFERS(\"").skip(1) {
                let mark = part.split('"').next().unwrap_or_default();
                if !known.contains(mark) {
                    let text = format!("`{mark}` is no entry of {}", divergences::PATH);
                    problems.push(Problem::new(&file.path, index + 1, text));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::tests::SAMPLE;

    /// A tree of its own in the temporary directory, removed at the end.
    struct Tree(Project);

    impl Tree {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let unique = format!("xtask-{name}-{}", std::process::id());
            let root = std::env::temp_dir().join(unique);
            for (path, text) in files {
                let path = root.join(path);
                std::fs::create_dir_all(path.parent().expect("a parent")).expect("directory");
                std::fs::write(path, text).expect("file");
            }
            Self(Project::at(&root))
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.root());
        }
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        let tree = Tree::new(
            "links",
            &[
                ("a.md", "[x](docs/b.md#the-head) [y](docs/none.md) [z](https://e.org/)\n"),
                ("docs/b.md", "# The head\n\n[up](../a.md) [gone](../a.md#no) `[c](c.md)`\n"),
            ],
        );
        let problems: Vec<_> = links(&tree.0).iter().map(Problem::to_string).collect();
        assert_eq!(
            problems,
            ["a.md:1: `docs/none.md` is not there", "docs/b.md:3: `../a.md#no` names no heading"]
        );
    }

    #[test]
    fn a_decision_that_is_not_listed_is_found() {
        let tree = Tree::new(
            "decisions",
            &[
                ("docs/adr/README.md", "[1](0001-a.md)\n"),
                ("docs/adr/0001-a.md", "# A\n"),
                ("docs/adr/0002-b.md", "# B\n"),
            ],
        );
        let problems = decisions(&tree.0);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "docs/adr/0002-b.md");
    }

    #[test]
    fn an_invariant_without_a_test_is_found() {
        let test = "#[test]\nfn i01_one() {}\n#[test]\nfn i09_nine() {}\n";
        let tree = Tree::new("invariants", &[("crates/a/tests/t.rs", test)]);
        let architecture = Architecture::parse(SAMPLE).expect("valid");
        let problems = invariants(&tree.0, &architecture);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].text.contains("i02_"), "{problems:?}");
        assert!(problems[1].text.contains("i09_nine"), "{problems:?}");
    }

    #[test]
    fn a_mark_names_an_entry() {
        let entry = "## D1 T\n\nRules: PORT-001\nState: differs\n";
        let program = "OURS_DIFFERS(\"D1\") ok(1, \"a\");\nOURS_DIFFERS(\"D2\") ok(1, \"b\");\n";
        let tree =
            Tree::new("marks", &[("docs/divergences.md", entry), ("conformance/a.c", program)]);
        let problems = marks(&tree.0);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 2);
    }
}

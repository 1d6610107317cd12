//! Lengths, letters and words.

use super::Problem;
use crate::project::{Project, SourceFile};

/// Columns of a line of source.
const LINE_MAX: usize = 100;
/// Lines of a source file; headers are lists and have no limit.
const FILE_LINES_MAX: usize = 500;

/// Paths that exist on one machine only. In two parts, so that this file passes its own check.
const PATHS_OF_ONE_MACHINE: [(&str, &str); 3] = [("/wo", "rk/"), ("/tmp/", "wt"), ("/ro", "ot/")];

pub(super) fn check(project: &Project) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in project.files(&[".rs", ".c", ".cc", ".cpp"]) {
        lengths(&file, &mut problems);
    }
    for file in project.files(&[".rs", ".c", ".cc", ".cpp", ".h", ".toml"]) {
        letters(&file, &mut problems);
    }
    for file in project.files(&[".rs", ".c", ".cc", ".cpp", ".h", ".md", ".toml", ".csv", "run"]) {
        words(&file, &mut problems);
    }
    problems
}

fn lengths(file: &SourceFile, problems: &mut Vec<Problem>) {
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        let text = format!("{lines} lines, more than {FILE_LINES_MAX}");
        problems.push(Problem::new(&file.path, 0, text));
    }
    for (index, line) in file.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > LINE_MAX {
            let text = format!("{columns} columns, more than {LINE_MAX}");
            problems.push(Problem::new(&file.path, index + 1, text));
        }
    }
}

fn letters(file: &SourceFile, problems: &mut Vec<Problem>) {
    for (index, line) in file.text.lines().enumerate() {
        if let Some(letter) = line.chars().find(|letter| !letter.is_ascii()) {
            let text = format!("`{}` is not ASCII", letter.escape_unicode());
            problems.push(Problem::new(&file.path, index + 1, text));
        }
    }
}

fn words(file: &SourceFile, problems: &mut Vec<Problem>) {
    for (index, line) in file.text.lines().enumerate() {
        for (start, end) in PATHS_OF_ONE_MACHINE {
            let path = format!("{start}{end}");
            if line.contains(&path) {
                let text = format!("`{path}` exists on one machine only");
                problems.push(Problem::new(&file.path, index + 1, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(check: fn(&SourceFile, &mut Vec<Problem>), text: &str) -> Vec<usize> {
        let file = SourceFile { path: "a.rs".to_owned(), text: text.to_owned() };
        let mut problems = Vec::new();
        check(&file, &mut problems);
        problems.iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn long_lines_and_long_files_are_found() {
        assert_eq!(problems(lengths, &format!("a\n{}\n", "x".repeat(101))), [2]);
        assert!(problems(lengths, &"x".repeat(100)).is_empty());
        assert_eq!(problems(lengths, &"a\n".repeat(501)), [0]);
        assert!(problems(lengths, &"a\n".repeat(500)).is_empty());
    }

    #[test]
    fn letters_beyond_ascii_are_found() {
        assert_eq!(problems(letters, "a\n\u{e9}\n"), [2]);
        assert!(problems(letters, "plain\n").is_empty());
    }

    #[test]
    fn machine_paths_are_found() {
        for (start, end) in PATHS_OF_ONE_MACHINE {
            assert_eq!(problems(words, &format!("see {start}{end}x")), [1]);
        }
        assert!(problems(words, "a worker works at /tmp/file").is_empty());
    }
}

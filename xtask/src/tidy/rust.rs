//! Module directions, statics, unsafe code and the length of functions.

use std::collections::BTreeSet;

use super::Problem;
use crate::architecture::{self, Architecture};
use crate::project::{Project, SourceFile};
use crate::tokens::{self, CratePath, Facts};

/// Lines of a function, signature and closing brace included. Tests may be lists.
const FUNCTION_LINES_MAX: usize = 70;
/// The crate whose modules have directions.
const LAYERED: &str = "crates/libiocp/src/";
/// The crate that may have state of its own.
const ABI: &str = "crates/libiocp-win32/";

pub(super) fn check(project: &Project, architecture: &Architecture) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut unsafe_files = BTreeSet::new();
    let mut found_statics = BTreeSet::new();
    let mut layered = Vec::new();
    let mut test_modules = BTreeSet::new();
    for file in project.files(&[".rs"]) {
        let module = module_of(&file.path);
        let facts = match tokens::read(&file.text, module.as_deref().unwrap_or_default()) {
            Ok(facts) => facts,
            Err(why) => {
                problems.push(Problem::new(&file.path, 0, why));
                continue;
            }
        };
        if !file.path.contains("/tests/") {
            functions(&file, &facts, &mut problems);
        }
        if is_library_source(&file.path) {
            statics(&file, &facts, architecture, &mut problems);
            found_statics.extend(facts.statics.iter().map(|s| (file.path.clone(), s.1.clone())));
            if facts.allows_unsafe {
                unsafe_files.insert(file.path.clone());
            }
        }
        if let Some(module) = module {
            test_modules.extend(facts.test_modules);
            layered.push((file.path, module, facts.paths));
        }
    }
    for (path, module, paths) in layered {
        if !test_modules.contains(&module) {
            directions(&path, &module, &paths, architecture, &mut problems);
        }
    }
    unsafe_list(&unsafe_files, architecture, &mut problems);
    rows_without_module(project, architecture, &mut problems);
    for (path, name) in architecture.statics.iter().filter(|one| !found_statics.contains(one)) {
        let text = format!("`static {name}` is listed and not in {path}");
        problems.push(Problem::new(architecture::PATH, 0, text));
    }
    problems
}

/// A row is for a module that exists: `port::queue` is `port/queue.rs` or `port/queue/mod.rs`.
fn rows_without_module(
    project: &Project,
    architecture: &Architecture,
    problems: &mut Vec<Problem>,
) {
    for module in architecture.modules.keys() {
        let place = format!("{LAYERED}{}", module.replace("::", "/"));
        let exists = |ending: &str| project.path(&format!("{place}{ending}")).exists();
        if !exists(".rs") && !exists("/mod.rs") {
            let text = format!("`{module}` has a row and no source");
            problems.push(Problem::new(architecture::PATH, 0, text));
        }
    }
}

fn is_library_source(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/")
}

/// `crates/libiocp/src/port/queue.rs` is `[port, queue]`; the crate's root is empty.
fn module_of(path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix(LAYERED)?.strip_suffix(".rs")?;
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|name| ["mod", "lib"].contains(&name.as_str())) {
        module.pop();
    }
    Some(module)
}

fn functions(file: &SourceFile, facts: &Facts, problems: &mut Vec<Problem>) {
    for function in &facts.functions {
        let lines = function.last_line.saturating_sub(function.first_line) + 1;
        if lines > FUNCTION_LINES_MAX {
            let name = &function.name;
            let text = format!("`{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}");
            problems.push(Problem::new(&file.path, function.first_line, text));
        }
    }
}

fn statics(
    file: &SourceFile,
    facts: &Facts,
    architecture: &Architecture,
    problems: &mut Vec<Problem>,
) {
    if file.path.starts_with(ABI) {
        return;
    }
    for (line, name) in &facts.statics {
        if !architecture.statics.contains(&(file.path.clone(), name.clone())) {
            let text = format!("`static {name}` is not in the list of {}", architecture::PATH);
            problems.push(Problem::new(&file.path, *line, text));
        }
    }
}

fn covers(listed: &str, path: &str) -> bool {
    if listed.ends_with('/') { path.starts_with(listed) } else { path == listed }
}

fn unsafe_list(found: &BTreeSet<String>, architecture: &Architecture, problems: &mut Vec<Problem>) {
    for path in found {
        if !architecture.unsafe_files.iter().any(|listed| covers(listed, path)) {
            let text = format!("allows unsafe code and is not in {}", architecture::PATH);
            problems.push(Problem::new(path, 0, text));
        }
    }
    for listed in &architecture.unsafe_files {
        if !found.iter().any(|path| covers(listed, path)) {
            let text = format!("`{listed}` is listed for unsafe code and allows none");
            problems.push(Problem::new(architecture::PATH, 0, text));
        }
    }
}

/// The longest prefix of `path` that has a row.
fn row<'a>(path: &[String], architecture: &'a Architecture) -> Option<&'a str> {
    (1..=path.len()).rev().find_map(|length| {
        let name = path[..length].join("::");
        architecture.modules.get_key_value(&name).map(|(name, _)| name.as_str())
    })
}

fn directions(
    file: &str,
    module: &[String],
    paths: &[CratePath],
    architecture: &Architecture,
    problems: &mut Vec<Problem>,
) {
    if module.is_empty() {
        return;
    }
    let Some(from) = row(module, architecture) else {
        let text = format!("module `{}` has no row in {}", module.join("::"), architecture::PATH);
        problems.push(Problem::new(file, 0, text));
        return;
    };
    for path in paths {
        let shown = path.segments.join("::");
        let text = match row(&path.segments, architecture) {
            None => format!("`crate::{shown}` names no module that has a row"),
            Some(to) if may_use(from, to, architecture) => continue,
            Some(to) => format!("`{from}` may not use `{to}` (`crate::{shown}`)"),
        };
        problems.push(Problem::new(file, path.line, text));
    }
}

/// Itself, its own children, and what its row says.
fn may_use(from: &str, to: &str, architecture: &Architecture) -> bool {
    let is_child = to.strip_prefix(from).is_some_and(|rest| rest.starts_with("::"));
    from == to || is_child || architecture.modules[from].iter().any(|name| name == to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::tests::SAMPLE;

    fn sample() -> Architecture {
        Architecture::parse(SAMPLE).expect("valid")
    }

    fn found(path: &str, text: &str) -> Vec<String> {
        let module = module_of(path).expect("a file of the library");
        let facts = tokens::read(text, &module).expect("valid tokens");
        let mut problems = Vec::new();
        directions(path, &module, &facts.paths, &sample(), &mut problems);
        problems.into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn a_file_knows_its_module() {
        assert_eq!(module_of("crates/libiocp/src/port/queue.rs").unwrap(), ["port", "queue"]);
        assert_eq!(module_of("crates/libiocp/src/port/mod.rs").unwrap(), ["port"]);
        assert!(module_of("crates/libiocp/src/lib.rs").unwrap().is_empty());
        assert_eq!(module_of("crates/libiocp-win32/src/lib.rs"), None);
    }

    #[test]
    fn downward_is_allowed_and_upward_is_not() {
        assert!(found("crates/libiocp/src/file.rs", "use crate::port::Port;").is_empty());
        assert!(found("crates/libiocp/src/port/mod.rs", "use super::sync::Mutex;").is_empty());
        let upward = found("crates/libiocp/src/port/mod.rs", "use crate::file::File;");
        assert_eq!(upward, ["`port` may not use `file` (`crate::file::File`)"]);
    }

    #[test]
    fn a_row_for_a_part_is_not_a_row_for_the_whole() {
        let queue = "crates/libiocp/src/port/queue.rs";
        assert_eq!(found(queue, "use super::Port;").len(), 1);
        assert_eq!(found("crates/libiocp/src/file.rs", "use crate::port::queue::Q;").len(), 1);
        assert!(found("crates/libiocp/src/port/mod.rs", "use crate::port::queue::Q;").is_empty());
    }

    #[test]
    fn what_has_no_row_is_a_problem() {
        assert_eq!(found("crates/libiocp/src/new.rs", "").len(), 1);
        assert_eq!(found("crates/libiocp/src/file.rs", "use crate::Port;").len(), 1);
    }

    #[test]
    fn i25_nothing_is_static_outside_the_list() {
        let names = |path: &str, text: &str| {
            let file = SourceFile { path: path.to_owned(), text: text.to_owned() };
            let mut problems = Vec::new();
            let facts = tokens::read(text, &[]).expect("valid tokens");
            statics(&file, &facts, &sample(), &mut problems);
            problems.len()
        };
        assert_eq!(names("crates/a/src/x.rs", "static ONCE: u8 = 0;"), 1);
        assert_eq!(names("crates/a/src/sync.rs", "static ONCE: u8 = 0;"), 0);
        assert_eq!(names("crates/libiocp-win32/src/x.rs", "static ANY: u8 = 0;"), 0);
    }

    #[test]
    fn the_list_of_unsafe_files_is_exact() {
        let count = |paths: &[&str]| {
            let found = paths.iter().map(|&path| path.to_owned()).collect();
            let mut problems = Vec::new();
            unsafe_list(&found, &sample(), &mut problems);
            problems.len()
        };
        assert_eq!(count(&["crates/a/src/raw.rs", "crates/w/src/lib.rs"]), 0);
        assert_eq!(count(&["crates/a/src/raw.rs"]), 1);
        assert_eq!(count(&["crates/a/src/raw.rs", "crates/w/src/lib.rs", "crates/a/src/b.rs"]), 1);
    }

    #[test]
    fn a_row_needs_a_module() {
        let mut problems = Vec::new();
        rows_without_module(&Project::at(std::path::Path::new("none")), &sample(), &mut problems);
        assert_eq!(problems.len(), sample().modules.len());
    }

    #[test]
    fn long_functions_are_found() {
        let long = |lines: usize| {
            let text = format!("fn f() {{\n{}}}\n", "a();\n".repeat(lines - 2));
            let file = SourceFile { path: "a.rs".to_owned(), text: text.clone() };
            let mut problems = Vec::new();
            functions(&file, &tokens::read(&text, &[]).expect("valid tokens"), &mut problems);
            problems.len()
        };
        assert_eq!((long(70), long(71)), (0, 1));
    }
}

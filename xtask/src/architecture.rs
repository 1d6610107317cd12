//! The tables of `ARCHITECTURE.md` that checks rely on.
//!
//! A table is found by the comment `<!-- tidy: name -->` above it, so that the document and the
//! check cannot differ.

use std::collections::BTreeMap;

/// The document.
pub const PATH: &str = "ARCHITECTURE.md";

/// What the document promises.
#[derive(Debug, Default)]
pub struct Architecture {
    /// Module of `crates/libiocp` (`port::queue`) to the modules that it may use.
    pub modules: BTreeMap<String, Vec<String>>,
    /// Files, or directories with a final slash, that may allow `unsafe_code`.
    pub unsafe_files: Vec<String>,
    /// `file` and `NAME` of each `static` that is allowed.
    pub statics: Vec<(String, String)>,
    /// The numbers of the invariants, in order.
    pub invariants: Vec<u32>,
}

fn rows(text: &str, name: &str) -> Result<Vec<Vec<String>>, String> {
    let marker = format!("<!-- tidy: {name} -->");
    let mut lines = text.lines().skip_while(|line| line.trim() != marker);
    lines.next().ok_or_else(|| format!("no table `{marker}`"))?;
    let table = lines.skip_while(|line| line.trim().is_empty());
    let rows: Vec<Vec<String>> = table
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let inner = line.trim().trim_matches('|');
            inner.split('|').map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    if rows.len() < 2 {
        return Err(format!("the table under `{marker}` has no head"));
    }
    Ok(rows.into_iter().skip(2).collect())
}

/// The words in backticks of a cell.
fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn cell(row: &[String], at: usize) -> &str {
    row.get(at).map_or("", String::as_str)
}

fn one_code(row: &[String], at: usize) -> Result<String, String> {
    code(cell(row, at))
        .into_iter()
        .next()
        .ok_or_else(|| format!("`{}` names nothing in backticks", row.join(" | ")))
}

impl Architecture {
    /// Reads the four tables.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut read = Self::default();
        for row in rows(text, "modules")? {
            let module = one_code(&row, 0)?;
            if read.modules.insert(module.clone(), code(cell(&row, 1))).is_some() {
                return Err(format!("module `{module}` stands twice"));
            }
        }
        for (module, used) in &read.modules {
            if let Some(stranger) = used.iter().find(|name| !read.modules.contains_key(*name)) {
                return Err(format!("`{module}` may use `{stranger}`, which has no row"));
            }
        }
        for row in rows(text, "unsafe")? {
            read.unsafe_files.push(one_code(&row, 0)?);
        }
        for row in rows(text, "statics")? {
            read.statics.push((one_code(&row, 0)?, one_code(&row, 1)?));
        }
        for (index, row) in rows(text, "invariants")?.iter().enumerate() {
            let number: u32 =
                cell(row, 0).parse().map_err(|_| format!("`{}` is no number", cell(row, 0)))?;
            if usize::try_from(number) != Ok(index + 1) {
                return Err(format!("invariant {number} does not follow in order"));
            }
            read.invariants.push(number);
        }
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A document with the smallest tables that the tests of other modules need.
    pub(crate) const SAMPLE: &str = "# A\n\n<!-- tidy: modules -->\n\n| module | may use |\n\
        |---|---|\n| `sync` | |\n| `port` | `sync`, `port::queue` |\n| `port::queue` | |\n\
        | `file` | `sync`, `port` |\n\n<!-- tidy: unsafe -->\n\n| file | why |\n|---|---|\n\
        | `crates/a/src/raw.rs` | reads |\n| `crates/w/src/` | the ABI |\n\n\
        <!-- tidy: statics -->\n\n| file | static | why |\n|---|---|---|\n\
        | `crates/a/src/sync.rs` | `ONCE` | why |\n\n<!-- tidy: invariants -->\n\n\
        | # | statement | held by |\n|---|---|---|\n| 1 | One. | types |\n| 2 | Two. | types |\n";

    #[test]
    fn the_tables_are_read() {
        let read = Architecture::parse(SAMPLE).expect("valid");
        assert_eq!(read.modules["port"], ["sync", "port::queue"]);
        assert!(read.modules["sync"].is_empty());
        assert_eq!(read.unsafe_files.len(), 2);
        assert_eq!(read.statics, [("crates/a/src/sync.rs".to_owned(), "ONCE".to_owned())]);
        assert_eq!(read.invariants, [1, 2]);
    }

    #[test]
    fn what_is_missing_or_contradictory_is_refused() {
        assert!(Architecture::parse("# A").is_err());
        assert!(Architecture::parse(&SAMPLE.replace("| `port::queue` | |\n", "")).is_err());
        assert!(Architecture::parse(&SAMPLE.replace("| 2 | Two", "| 3 | Two")).is_err());
    }
}

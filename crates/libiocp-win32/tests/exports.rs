//! What the headers declare is what the library exports, in both directions.

#[allow(dead_code, reason = "each test and xtask use a part")]
mod oracle;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// The shared library that cargo built beside this test.
fn shared_library() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let deps = test.parent().expect("a directory");
    let library = deps.join("libiocp.so");
    if library.exists() { library } else { deps.join("../libiocp.so") }
}

fn exported() -> BTreeSet<String> {
    let library = shared_library();
    let text = oracle::run(Command::new("nm").args(["-D", "--defined-only"]).arg(&library))
        .unwrap_or_else(|e| panic!("{e}"));
    text.lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(|symbol| symbol.split('@').next().unwrap_or(symbol).to_string())
        .collect()
}

#[test]
fn every_declared_function_is_exported() {
    let exported = exported();
    let missing: Vec<String> = oracle::lists()
        .functions
        .into_iter()
        .map(|f| f.symbol)
        .filter(|symbol| !exported.contains(symbol))
        .collect();
    assert!(missing.is_empty(), "declared by the headers, but not exported: {missing:?}");
}

#[test]
fn every_exported_function_is_declared() {
    let path = oracle::include_directory().join("oracle/exported_only.txt");
    let only = std::fs::read_to_string(path).expect("the list");
    let functions = oracle::lists().functions;
    let known: BTreeSet<&str> = functions
        .iter()
        .map(|f| f.symbol.as_str())
        .chain(only.lines().filter(|line| !line.starts_with('#')))
        .collect();
    let exported = exported();
    let unknown: Vec<&String> = exported.iter().filter(|s| !known.contains(s.as_str())).collect();
    assert!(unknown.is_empty(), "exported, but not declared by the headers: {unknown:?}");
}

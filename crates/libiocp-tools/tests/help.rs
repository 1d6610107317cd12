//! What the command says about itself. To accept a change, run the tests with
//! ACCEPT=1 in the environment and look at the difference.

mod common;

use common::{iocp, outcome};
use std::path::PathBuf;

fn compare(name: &str, arguments: &[&str]) {
    let (code, out, error) = outcome(iocp().args(arguments));
    assert_eq!((code, error.as_str()), (Some(0), ""), "{name}");
    // Empty lines come indented; no file of ours has blanks at a line's end.
    let out: String = out.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/help").join(name);
    if std::env::var_os("ACCEPT").is_some() {
        std::fs::write(&file, &out).expect("written");
    }
    let expected = std::fs::read_to_string(&file).expect("the accepted text");
    assert_eq!(out, expected, "{}", file.display());
}

#[test]
fn help_of_the_command() {
    compare("iocp.txt", &["--help"]);
}

#[test]
fn help_of_cc() {
    compare("cc.txt", &["help", "cc"]);
}

#[test]
fn help_of_cxx() {
    compare("cxx.txt", &["help", "c++"]);
}

#[test]
fn help_of_run() {
    compare("run.txt", &["run", "--help"]);
}

#[test]
fn help_of_doctor() {
    compare("doctor.txt", &["doctor", "--help"]);
}

#[test]
fn help_of_demo() {
    compare("demo.txt", &["demo", "--help"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["nosuch"],
        &["cc"],
        &["run"],
        &["doctor", "now"],
        &["demo", "--clients", "0"],
        &["demo", "--clients", "many"],
        &["demo", "--rounds", "1", "--seconds", "1"],
        &["demo", "--engine", "kqueue"],
    ];
    for arguments in wrong {
        let (code, out, error) = outcome(iocp().args(arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {error}");
        let leads_on = error.contains("Usage: iocp") || error.contains("try '--help'");
        assert!(leads_on, "{arguments:?}: {error}");
    }
}

//! Running the command.
// Not every test file needs everything.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// The command, in an environment that says nothing about compilers or places.
pub(crate) fn iocp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iocp"));
    for variable in ["CC", "CXX", "LIBIOCP_HOME", "LIBIOCP_ENGINE", "LIBIOCP_LOG"] {
        command.env_remove(variable);
    }
    command
}

/// Exit code, standard output, standard error.
pub(crate) type Outcome = (Option<i32>, String, String);

pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// The one sentence of a failure.
pub(crate) fn sentence(command: &mut Command) -> String {
    let (code, out, error) = outcome(command);
    assert_eq!(code, Some(1), "{out}{error}");
    let last = error.lines().next_back().expect("a sentence");
    last.strip_prefix("iocp: ").expect("it says who speaks").to_owned()
}

/// Makes a prefix with headers and a library without any function in it, with which
/// C programs that need none can be linked.
pub(crate) fn empty_prefix(root: &Path) {
    std::fs::create_dir_all(root.join("include/libiocp/win32")).expect("directories");
    std::fs::create_dir_all(root.join("lib")).expect("directories");
    let library = root.join("lib/libiocp.so");
    let status = Command::new("cc")
        .args(["-shared", "-x", "c", "/dev/null", "-o"].map(OsStr::new))
        .arg(library)
        .status()
        .expect("a C compiler");
    assert!(status.success());
}

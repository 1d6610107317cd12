//! What `iocp demo` and `iocp doctor` say when something is missing.

mod common;

use common::{empty_prefix, iocp, outcome, sentence};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The command with this limit of open files, hard and soft.
fn with_open_files(limit: u32, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -n {limit} && exec \"$0\" \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_iocp")).args(arguments);
    command
}

/// A stand-in for the echo server.
fn script(root: &TempDir, text: &str) -> PathBuf {
    let path = root.path().join("server");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

#[test]
fn too_few_descriptors_are_one_sentence() {
    let said = sentence(&mut with_open_files(200, &["demo", "--clients", "1000"]));
    let expected = "1000 clients need 1128 file descriptors, the limit is 200; raise it (`ulimit \
                    -Hn`) or try `--clients 72`";
    assert_eq!(said, expected);
}

#[test]
fn too_few_descriptors_for_anybody_suggest_no_number() {
    let said = sentence(&mut with_open_files(64, &["demo", "--clients", "10"]));
    let expected = "10 clients need 138 file descriptors, the limit is 64; raise it (`ulimit -Hn`)";
    assert_eq!(said, expected);
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let root = TempDir::new().expect("a directory");
    let server = script(&root, "echo 'echo_server: port 5 is taken' >&2; exit 1");
    let said = sentence(iocp().args(["demo", "--server"]).arg(&server));
    assert_eq!(said, "the server did not start: echo_server: port 5 is taken");
}

#[test]
fn a_server_that_ends_silently_has_a_status() {
    let root = TempDir::new().expect("a directory");
    let server = script(&root, "exit 3");
    let said = sentence(iocp().args(["demo", "--server"]).arg(&server));
    assert_eq!(said, "the server did not start: exit status: 3");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let said = sentence(iocp().args(["demo", "--server", "/nonexistent/server"]));
    let expected = "cannot run /nonexistent/server: No such file or directory (os error 2)";
    assert_eq!(said, expected);
}

#[test]
fn clients_without_a_server_end_the_demonstration_with_errors() {
    let root = TempDir::new().expect("a directory");
    // Nobody listens on port 1, and the report claims that all was well.
    let server = script(
        &root,
        "echo 'libiocp: engine: none (a test)' >&2; echo 'listening on port 1'; cat >/dev/null\n\
         echo 'connections: 0'; echo 'bytes: 0'; echo 'errors: 0'; echo 'packets: 0'",
    );
    let mut command = iocp();
    command.args(["demo", "--clients", "3", "--server"]).arg(&server);
    let (code, out, error) = outcome(&mut command);
    assert_eq!(code, Some(1), "{out}{error}");
    assert!(out.contains("errors        3\n"), "{out}");
    assert!(out.contains("engine        none (a test)\n"), "{out}");
    assert!(out.contains("  a client cannot connect: Connection refused"), "{out}");
    assert!(error.starts_with("The server listens on 127.0.0.1:1.\n"), "{error}");
}

#[test]
fn the_doctor_misses_the_compiler() {
    let root = TempDir::new().expect("a directory");
    empty_prefix(root.path());
    let mut command = iocp();
    command.arg("doctor").env("PATH", "/nonexistent").env("LIBIOCP_HOME", root.path());
    let (code, out, _) = outcome(&mut command);
    assert_eq!(code, Some(1), "{out}");
    let expected = "C compiler           \"cc\" was not found\n                     \
                    -> install one (Debian: apt install gcc) or set $CC\n";
    assert!(out.contains(expected), "{out}");
    assert!(out.ends_with("\nWin32 programs cannot be built here yet.\n"), "{out}");
}

#[test]
fn the_doctor_misses_the_library() {
    let root = TempDir::new().expect("a directory");
    let (code, out, _) = outcome(iocp().arg("doctor").env("LIBIOCP_HOME", root.path()));
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("headers and library  not found\n"), "{out}");
}

#[test]
fn the_doctor_knows_the_engines() {
    let root = TempDir::new().expect("a directory");
    empty_prefix(root.path());
    let report = |engine: &str| {
        let mut command = iocp();
        command.arg("doctor").env("LIBIOCP_HOME", root.path()).env("LIBIOCP_ENGINE", engine);
        outcome(&mut command).1
    };
    let epoll = report("epoll");
    assert!(epoll.contains("engine               threads for disk files"), "{epoll}");
    let odd = report("kqueue");
    assert!(odd.contains("-> set LIBIOCP_ENGINE to uring or epoll, or unset it"), "{odd}");
}

#[test]
fn the_doctor_knows_busy_polling() {
    let root = TempDir::new().expect("a directory");
    empty_prefix(root.path());
    let report = |time: &str| {
        let mut command = iocp();
        command.arg("doctor").env("LIBIOCP_HOME", root.path()).env("LIBIOCP_BUSY_POLL", time);
        outcome(&mut command).1
    };
    assert!(!report("").contains("polled"));
    assert!(!report("0").contains("polled"));
    assert!(report("50").contains("; sockets are polled for 50 us\n"));
    let odd = report("often");
    assert!(odd.contains("engine               LIBIOCP_BUSY_POLL is \"often\""), "{odd}");
    assert!(odd.contains("-> set LIBIOCP_BUSY_POLL to a number of microseconds"), "{odd}");
}

#[test]
fn the_doctor_counts_descriptors() {
    let out = outcome(&mut with_open_files(256, &["doctor"])).1;
    assert!(out.contains("open files           soft 256, hard 256\n"), "{out}");
    assert!(out.contains("-> raise the hard limit"), "{out}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let root = TempDir::new().expect("a directory");
    empty_prefix(root.path());
    let mut command = iocp();
    command.arg("doctor").env("LIBIOCP_HOME", root.path());
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let (code, _, error) = outcome(command.stdout(writer));
    assert_eq!((code, error.as_str()), (Some(0), ""));
}

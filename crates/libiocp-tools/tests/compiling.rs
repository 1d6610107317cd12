//! `iocp cc`, `c++` and `run`, with programs that need nothing of the library.

mod common;

use common::{empty_prefix, iocp, outcome, sentence};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn directory() -> TempDir {
    let root = TempDir::new().expect("a directory");
    empty_prefix(root.path());
    fs::create_dir(root.path().join("tmp")).expect("a directory");
    root
}

/// The command with that prefix, and a place of its own for temporary files.
fn iocp_in(root: &Path) -> Command {
    let mut command = iocp();
    command.env("LIBIOCP_HOME", root).env("TMPDIR", root.join("tmp")).current_dir(root);
    command
}

fn write(root: &TempDir, name: &str, text: &str) {
    fs::write(root.path().join(name), text).expect("written");
}

fn assert_nothing_left(root: &TempDir) {
    let left: Vec<_> = fs::read_dir(root.path().join("tmp")).expect("listed").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn cc_passes_the_flags_to_the_compiler_of_the_environment() {
    let root = directory();
    let mut command = iocp_in(root.path());
    command.env("CC", "echo gcc").args(["cc", "x.c", "-lws2_32", "-o", "x"]);
    let prefix = root.path().display();
    let expected = format!(
        "gcc -fshort-wchar -pthread -Wno-unknown-pragmas -isystem {prefix}/include/libiocp/win32 \
         -I {prefix}/include x.c -o x -L {prefix}/lib -liocp -Wl,-rpath,{prefix}/lib\n"
    );
    assert_eq!(outcome(&mut command), (Some(0), expected, String::new()));
}

#[test]
fn cc_gives_the_exit_code_of_the_compiler() {
    let root = directory();
    let mut command = iocp_in(root.path());
    command.env("CC", "sh -c").args(["cc", "exit 7"]);
    // The flags come first: sh takes -fshort-wchar for a command.
    assert_ne!(outcome(&mut command).0, Some(0));
    let mut command = iocp_in(root.path());
    assert_eq!(outcome(command.env("CC", "false").args(["cc", "x.c"])).0, Some(1));
}

#[test]
fn a_program_that_cc_linked_starts() {
    let root = directory();
    write(&root, "x.c", "int main(void) { return sizeof(L'x') == 2 ? 42 : 1; }\n");
    let compiled = outcome(iocp_in(root.path()).args(["cc", "x.c", "-o", "x", "-lkernel32"]));
    assert_eq!(compiled, (Some(0), String::new(), String::new()));
    assert_eq!(outcome(&mut Command::new(root.path().join("x"))).0, Some(42));
}

#[test]
fn run_passes_arguments_output_and_exit_code_through() {
    let root = directory();
    write(
        &root,
        "x.c",
        "#include <stdio.h>\n\
         int main(int c, char **v) { printf(\"%d %s\\n\", c, v[2]); return 200; }\n",
    );
    let ran = outcome(iocp_in(root.path()).args(["run", "x.c", "--help", "-x"]));
    assert_eq!(ran, (Some(200), "3 -x\n".to_owned(), String::new()));
    assert_nothing_left(&root);
}

#[test]
fn run_takes_cxx_by_its_extension() {
    let root = directory();
    write(&root, "x.cpp", "#include <vector>\nint main() { return std::vector<int>(9).size(); }\n");
    assert_eq!(outcome(iocp_in(root.path()).args(["run", "x.cpp"])).0, Some(9));
}

#[test]
fn run_of_a_source_with_an_error_is_the_compilers_business() {
    let root = directory();
    write(&root, "x.c", "int main(void) { return nosuch; }\n");
    let (code, _, error) = outcome(iocp_in(root.path()).args(["run", "x.c"]));
    assert_eq!(code, Some(1));
    assert!(error.contains("nosuch") && !error.contains("iocp: "), "{error}");
    assert_nothing_left(&root);
}

#[test]
fn run_reports_a_signal_as_the_shell_does() {
    let root = directory();
    write(&root, "x.c", "#include <signal.h>\nint main(void) { return raise(SIGKILL); }\n");
    assert_eq!(outcome(iocp_in(root.path()).args(["run", "x.c"])).0, Some(128 + 9));
    assert_nothing_left(&root);
}

#[test]
fn run_hands_a_termination_on_and_cleans_up() {
    let root = directory();
    write(
        &root,
        "x.c",
        "#include <stdio.h>\n#include <unistd.h>\n\
         int main(void) { puts(\"ready\"); fflush(stdout); for (;;) pause(); }\n",
    );
    let mut command = iocp_in(root.path());
    command.args(["run", "x.c"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("started");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("read");
    assert_eq!(line, "ready\n");
    let kill = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status();
    assert!(kill.expect("a shell").success());
    assert_eq!(child.wait().expect("ended").code(), Some(128 + 15));
    assert_nothing_left(&root);
}

#[test]
fn run_wants_a_source_that_it_knows() {
    let root = directory();
    let unknown = sentence(iocp_in(root.path()).args(["run", "x.py"]));
    assert_eq!(unknown, "x.py is neither C (.c) nor C++ (.cc, .cpp, .cxx, .c++, .C)");
    let missing = sentence(iocp_in(root.path()).args(["run", "x.c"]));
    assert_eq!(missing, "cannot read x.c: No such file or directory (os error 2)");
}

#[test]
fn a_missing_compiler_is_one_sentence() {
    let root = directory();
    write(&root, "x.c", "int main(void) { return 0; }\n");
    let expected = "there is no C compiler: \"cc\" was not found; install one (Debian: apt install \
                    gcc) or name it in $CC";
    for arguments in [&["cc", "x.c"][..], &["run", "x.c"], &["demo"]] {
        let mut command = iocp_in(root.path());
        command.env("PATH", "/nonexistent").args(arguments);
        assert_eq!(sentence(&mut command), expected, "{arguments:?}");
    }
    assert_nothing_left(&root);
    let mut command = iocp_in(root.path());
    let named = sentence(command.env("CXX", "/nonexistent/c++").args(["c++", "x.cc"]));
    assert!(named.starts_with("there is no C++ compiler: \"/nonexistent/c++\""), "{named}");
}

#[test]
fn a_missing_library_is_one_sentence() {
    let empty = TempDir::new().expect("a directory");
    let said = sentence(iocp().env("LIBIOCP_HOME", empty.path()).args(["cc", "x.c"]));
    let place = empty.path().display();
    assert!(said.starts_with(&format!("LIBIOCP_HOME is {place}, but there is neither")), "{said}");
}

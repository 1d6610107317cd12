//! The examples and the demonstration on the library, with either engine.

mod common;

use common::{Outcome, outcome};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

const ENGINES: [&str; 2] = ["uring", "epoll"];
/// Seconds after which a program is taken to hang.
const PATIENCE: &str = "120";

fn limited(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", PATIENCE]).arg(program.as_ref());
    for variable in ["CC", "CXX", "LIBIOCP_HOME", "LIBIOCP_ENGINE", "LIBIOCP_LOG"] {
        command.env_remove(variable);
    }
    command
}

fn iocp() -> Command {
    limited(env!("CARGO_BIN_EXE_iocp"))
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/c").join(name)
}

/// Compiles an example into the directory, without a single warning.
fn example(directory: &TempDir, name: &str) -> PathBuf {
    let program = directory.path().join(name);
    let mut command = iocp();
    command.args(["cc", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-lws2_32", "-o"]);
    command.arg(&program).arg(source(&format!("{name}.c")));
    assert_eq!(outcome(&mut command), (Some(0), String::new(), String::new()));
    program
}

fn run(program: &Path, engine: &str, arguments: &[&str]) -> Outcome {
    outcome(limited(program).env("LIBIOCP_ENGINE", engine).args(arguments))
}

/// The value of `name: value`.
fn value(report: &str, name: &str) -> u64 {
    let prefix = format!("{name}: ");
    let line = report.lines().find_map(|line| line.strip_prefix(prefix.as_str()));
    line.unwrap_or_else(|| panic!("no {name} in:\n{report}")).parse().expect("a number")
}

struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    /// Not limited by `timeout`, for signals are to reach the server itself; it ends
    /// with its standard input at the latest.
    fn start(program: &Path, engine: &str) -> Server {
        let mut command = Command::new(program);
        command.args(["--until-eof"]).env("LIBIOCP_ENGINE", engine);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let port = line.trim_end().strip_prefix("listening on port ").expect("the port");
        let port = port.parse().expect("a number");
        Server { child, stdout, port }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).expect("a connection")
    }

    fn echo(&self, text: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(text).expect("sent");
        let mut back = vec![0; text.len()];
        stream.read_exact(&mut back).expect("received");
        assert_eq!(back, text);
        stream
    }

    /// Its report, once it has ended well.
    fn report(mut self) -> String {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).expect("a report");
        assert!(self.child.wait().expect("ended").success(), "{text}");
        text
    }
}

#[test]
fn demo_ends_without_errors_and_without_handles() {
    for engine in ENGINES {
        let mut command = iocp();
        command.args(["demo", "--clients", "100", "--rounds", "20", "--engine", engine]);
        let (code, out, error) = outcome(&mut command);
        assert_eq!(code, Some(0), "{engine}: {out}{error}");
        for row in ["clients       100\n", "errors        0\n", "open handles  0\n"] {
            assert!(out.contains(row), "{engine}: {out}");
        }
        assert!(out.contains("messages      2,000 "), "{engine}: {out}");
        let expected = if engine == "epoll" { "threads for disk files" } else { "for disk files" };
        let line = out.lines().find(|line| line.starts_with("engine ")).expect("a row");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn demo_on_a_taken_port_is_one_sentence() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let mut command = iocp();
    command.args(["demo", "--clients", "1", "--port", &port.to_string()]);
    let (code, out, error) = outcome(&mut command);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
    let expected = format!(
        "iocp: the server did not start: echo_server: port {port} is taken; choose another with \
         --port"
    );
    assert_eq!(error.lines().next_back(), Some(expected.as_str()));
}

#[test]
fn port_basics_hold() {
    for engine in ENGINES {
        let mut command = iocp();
        command.arg("run").arg(source("port_basics.c")).env("LIBIOCP_ENGINE", engine);
        let (code, out, error) = outcome(&mut command);
        assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
        assert_eq!(out.lines().filter(|line| line.starts_with("yes ")).count(), 11, "{out}");
    }
}

#[test]
fn file_copy_copies_every_byte() {
    let directory = TempDir::new().expect("a directory");
    let program = example(&directory, "file_copy");
    let from = directory.path().join("from");
    let to = directory.path().join("to");
    let paths = [&from, &to].map(|path| path.to_str().expect("UTF-8"));
    for engine in ENGINES {
        for size in [0, 1, 65_536, 1_000_003] {
            let bytes: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(size).collect();
            fs::write(&from, &bytes).expect("written");
            let arguments = [paths[0], paths[1], "--requests", "7", "--block", "10000"];
            let (code, out, error) = run(&program, engine, &arguments);
            assert_eq!((code, error.as_str()), (Some(0), ""), "{engine} {size}: {out}");
            assert!(fs::read(&to).expect("the copy") == bytes, "{engine} {size}: other bytes");
        }
        let missing = run(&program, engine, &["/nonexistent/from", paths[1]]);
        assert_eq!(missing.2, "file_copy: /nonexistent/from: error 3\n");
    }
}

/// The second half of the name is PORT-106.
#[test]
fn port_100_worker_pool_keeps_to_the_limit_until_workers_block() {
    let directory = TempDir::new().expect("a directory");
    let program = example(&directory, "worker_pool");
    for engine in ENGINES {
        let arguments = ["--workers", "8", "--concurrency", "2", "--jobs", "24"];
        let (code, out, error) = run(&program, engine, &arguments);
        assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
        let most = |what: &str| {
            let line = out.lines().find(|line| line.contains(what)).expect("a line");
            let (_, rest) = line.split_once("at most ").expect("a number");
            rest.split(' ').next().expect("a number").parse::<u32>().expect("a number")
        };
        assert!(most("that compute") <= 2, "{engine}: {out}");
        assert!(most("that block") > 2, "{engine}: {out}");
    }
}

#[test]
fn echo_client_and_server_agree() {
    let directory = TempDir::new().expect("a directory");
    let server = example(&directory, "echo_server");
    let client = example(&directory, "echo_client");
    for engine in ENGINES {
        let mut server = Server::start(&server, engine);
        let port = server.port.to_string();
        let arguments = ["--port", &port, "--clients", "50", "--rounds", "20", "--size", "20000"];
        let (code, out, error) = run(&client, engine, &arguments);
        assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
        assert_eq!((value(&out, "messages"), value(&out, "bytes")), (1000, 20_000_000));
        drop(server.child.stdin.take());
        let report = server.report();
        assert_eq!(value(&report, "connections"), 50);
        assert_eq!(value(&report, "bytes"), 20_000_000);
        assert_eq!(value(&report, "errors"), 0);
        assert_eq!(value(&report, "handles at end"), value(&report, "handles at start"));
    }
}

#[test]
fn echo_client_reports_each_refused_connection() {
    let directory = TempDir::new().expect("a directory");
    let client = example(&directory, "echo_client");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port().to_string();
    drop(listener);
    for engine in ENGINES {
        let (code, out, error) = run(&client, engine, &["--port", &port, "--clients", "3"]);
        assert_eq!((code, value(&out, "errors")), (Some(1), 3), "{error}");
        assert_eq!(error, "echo_client: ConnectEx: error 10061\n".repeat(3));
    }
}

/// Idle connections have a receive pending, the listener its accepts: all of it is
/// cancelled, drained and closed.
#[test]
fn echo_server_stops_on_ctrl_c_with_everything_in_flight() {
    let directory = TempDir::new().expect("a directory");
    let program = example(&directory, "echo_server");
    for engine in ENGINES {
        let server = Server::start(&program, engine);
        let idle: Vec<TcpStream> = (0..10).map(|_| server.echo(b"hello")).collect();
        let kill = format!("kill -INT {}", server.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
        let report = server.report();
        assert_eq!((value(&report, "connections"), value(&report, "messages")), (10, 10));
        assert_eq!((value(&report, "errors"), value(&report, "bytes")), (0, 50));
        assert_eq!(value(&report, "handles at end"), value(&report, "handles at start"));
        drop(idle);
    }
}

#[test]
fn echo_server_counts_a_reset_as_an_error_and_goes_on() {
    let directory = TempDir::new().expect("a directory");
    let program = example(&directory, "echo_server");
    for engine in ENGINES {
        let mut server = Server::start(&program, engine);
        // Unread bytes at closing time make Linux reset the connection.
        let mut rude = server.echo(b"hello");
        rude.write_all(b"again").expect("sent");
        let mut one = [0; 1];
        rude.read_exact(&mut one).expect("the echo has arrived");
        drop(rude);
        let polite = server.echo(b"still there?");
        polite.shutdown(std::net::Shutdown::Write).expect("shut down");
        let mut rest = Vec::new();
        (&polite).read_to_end(&mut rest).expect("closed");
        drop(server.child.stdin.take());
        let mut text = String::new();
        server.stdout.read_to_string(&mut text).expect("a report");
        assert_eq!(server.child.wait().expect("ended").code(), Some(1), "{text}");
        assert_eq!((value(&text, "connections"), value(&text, "errors")), (2, 1), "{text}");
        assert_eq!(value(&text, "handles at end"), value(&text, "handles at start"));
    }
}

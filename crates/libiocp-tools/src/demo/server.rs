//! The echo server as a process: starting it, stopping it, and what it says.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::say;

/// Wine creates its prefix on first use.
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What the server printed at its end, and the library at its beginning.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) connections: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
    pub(super) packets: u64,
    pub(super) handles_at_start: u64,
    pub(super) handles_at_end: u64,
    pub(super) engine: Option<String>,
}

impl Report {
    /// Takes a line of standard output; whether it was part of the report.
    fn take(&mut self, line: &str) -> bool {
        let Some((name, value)) = line.split_once(": ") else { return false };
        let field = match name {
            "connections" => &mut self.connections,
            "bytes" => &mut self.bytes,
            "errors" => &mut self.errors,
            "packets" => &mut self.packets,
            "handles at start" => &mut self.handles_at_start,
            "handles at end" => &mut self.handles_at_end,
            _ => return name == "messages",
        };
        match value.trim_end().parse() {
            Ok(number) => {
                *field = number;
                true
            }
            Err(_) => false,
        }
    }
}

#[derive(Debug)]
enum Line {
    Out(String),
    Error(String),
}

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Line>,
    port: u16,
    engine: Option<String>,
    /// The last thing it complained about.
    complaint: Option<String>,
}

impl Server {
    /// Returns when the server listens.
    pub(super) fn start(
        program: &Path,
        port: u16,
        workers: u32,
        engine: Option<&str>,
    ) -> Result<Server> {
        let wine = program.extension().is_some_and(|e| e.eq_ignore_ascii_case("exe"));
        let mut command = Command::new(if wine { OsStr::new("wine") } else { program.as_os_str() });
        if wine {
            command.arg(program);
        }
        command.args(["--port", &port.to_string(), "--workers", &workers.to_string()]);
        command.arg("--until-eof").env("LIBIOCP_LOG", "1");
        if let Some(engine) = engine {
            command.env("LIBIOCP_ENGINE", engine);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for the demonstration, which then ends the server's input.
        command.process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let (sender, lines) = mpsc::channel();
        if let Some(stream) = child.stdout.take() {
            read_lines(stream, sender.clone(), Line::Out);
        }
        if let Some(stream) = child.stderr.take() {
            read_lines(stream, sender, Line::Error);
        }
        let stdin = child.stdin.take();
        let mut server = Server { child, stdin, lines, port: 0, engine: None, complaint: None };
        server.await_port()?;
        Ok(server)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn await_port(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Line::Error(line)) => self.note(line),
                Ok(Line::Out(line)) => {
                    let number = line.strip_prefix("listening on port ");
                    if let Some(port) = number.and_then(|text| text.trim_end().parse().ok()) {
                        self.port = port;
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the server does not listen after {} seconds", START_PATIENCE.as_secs())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().context("cannot wait for the server")?;
                    bail!("the server did not start: {}", self.reason(status));
                }
            }
        }
    }

    fn note(&mut self, line: String) {
        match line.strip_prefix("libiocp: engine: ") {
            Some(engine) => self.engine = Some(engine.to_owned()),
            None => self.complaint = Some(line),
        }
    }

    fn reason(&mut self, status: ExitStatus) -> String {
        self.complaint.take().unwrap_or_else(|| status.to_string())
    }

    /// Ends the server's input, upon which it stops, and returns what it reported.
    pub(super) fn finish(mut self) -> Result<Report> {
        self.stdin = None;
        let mut report = Report::default();
        let deadline = Instant::now() + STOP_PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Line::Error(line)) => {
                    if !line.starts_with("libiocp: ") {
                        say(&line);
                    }
                    self.note(line);
                }
                Ok(Line::Out(line)) => {
                    if !report.take(&line) {
                        say(&line);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the server has not stopped after {} seconds", STOP_PATIENCE.as_secs())
                }
            }
        }
        let status = self.child.wait().context("cannot wait for the server")?;
        // With errors in its report it exits with 1, and the report says more.
        if !status.success() && report.errors == 0 {
            bail!("the server failed: {}", self.reason(status));
        }
        report.engine = self.engine.take();
        Ok(report)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends each line of the stream, and hangs up at its end.
fn read_lines(
    stream: impl Read + Send + 'static,
    sender: Sender<Line>,
    kind: impl Fn(String) -> Line + Send + 'static,
) {
    thread::spawn(move || {
        let lines = BufReader::new(stream).split(b'\n');
        for line in lines.map_while(std::result::Result::ok) {
            if sender.send(kind(String::from_utf8_lossy(&line).into_owned())).is_err() {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_read_line_by_line() {
        let mut report = Report::default();
        for line in ["connections: 3", "messages: 9", "bytes: 70", "errors: 1", "packets: 20\r"] {
            assert!(report.take(line), "{line}");
        }
        assert!(report.take("handles at start: 0"));
        assert!(report.take("handles at end: 2"));
        let expected = Report {
            connections: 3,
            bytes: 70,
            errors: 1,
            packets: 20,
            handles_at_start: 0,
            handles_at_end: 2,
            engine: None,
        };
        assert_eq!(report, expected);
    }

    #[test]
    fn other_lines_are_not_part_of_it() {
        let mut report = Report::default();
        for line in ["", "hello", "bytes: many", "listening on port 5"] {
            assert!(!report.take(line), "{line}");
        }
        assert_eq!(report, Report::default());
    }
}

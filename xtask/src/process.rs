//! Running other programs, with a reason when one fails.

use std::fmt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Why a command of xtask failed, in one sentence or a list of lines.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Runs to the end with our output; any end but success is a failure.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot start `{}`: {error}", shown(command))))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("`{}` failed: {status}", shown(command))))
    }
}

/// How a program under a time limit ended.
#[derive(Debug)]
pub struct Outcome {
    /// `None` when the limit ended it.
    pub status: Option<ExitStatus>,
    /// Everything it wrote.
    pub output: String,
}

/// Waits for the end; at the limit the program is killed and the answer is `None`.
pub fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs with a time limit. The output goes through the file `log`, so a program that fills a
/// pipe, or leaves a child behind that holds it, cannot block us.
pub fn run_limited(command: &mut Command, log: &Path, limit: Duration) -> Result<Outcome, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot run `{}`: {error}", log.display()));
    let file = std::fs::File::create(log).map_err(failed)?;
    let errors = file.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(file).stderr(errors);
    let mut child = command
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start `{}`: {error}", shown(command))))?;
    let status = wait(&mut child, limit).map_err(failed)?;
    let bytes = std::fs::read(log).map_err(failed)?;
    Ok(Outcome { status, output: String::from_utf8_lossy(&bytes).into_owned() })
}

/// Whether a program of this name can be started.
pub fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(script: &str, name: &str, limit: Duration) -> Outcome {
        let log = std::env::temp_dir().join(format!("xtask-{name}-{}.log", std::process::id()));
        let outcome = run_limited(Command::new("sh").args(["-c", script]), &log, limit);
        let _ = std::fs::remove_file(&log);
        outcome.expect("sh")
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let outcome = limited("echo out; echo err >&2; exit 3", "exit", Duration::from_secs(60));
        assert_eq!(outcome.status.and_then(|status| status.code()), Some(3));
        assert_eq!(outcome.output, "out\nerr\n");
    }

    #[test]
    fn the_limit_ends_a_program() {
        let start = Instant::now();
        let outcome = limited("exec sleep 600", "limit", Duration::from_millis(200));
        assert!(outcome.status.is_none());
        assert!(start.elapsed() < Duration::from_secs(300));
    }

    #[test]
    fn a_failure_names_the_program() {
        let failure = run(Command::new("sh").args(["-c", "exit 3"])).expect_err("exit code 3");
        assert!(failure.to_string().starts_with("`sh -c exit 3` failed"), "{failure}");
        assert!(run(&mut Command::new("no-such-program")).is_err());
        assert!(is_installed("sh") && !is_installed("no-such-program"));
    }
}

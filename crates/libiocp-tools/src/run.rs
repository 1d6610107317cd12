//! `iocp run`: compile one source and run it as if it were the program.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

use crate::compiler::{self, Language};

/// A directory that goes away with the value.
pub(crate) fn temporary_directory() -> Result<TempDir> {
    let builder_result = tempfile::Builder::new().prefix("iocp-").tempdir();
    builder_result.context("cannot create a temporary directory")
}

/// What a shell would report.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code & 0xff).unwrap_or(1)
}

/// Compiles `file` and runs it with `arguments`; returns its exit code.
pub(crate) fn run(file: &Path, arguments: &[OsString]) -> Result<u8> {
    let Some(language) = Language::of_file(file) else {
        bail!("{} is neither C (.c) nor C++ (.cc, .cpp, .cxx, .c++, .C)", file.display());
    };
    if let Err(error) = std::fs::File::open(file) {
        bail!("cannot read {}: {error}", file.display());
    }
    let directory = temporary_directory()?;
    let stem = file.file_stem().ok_or_else(|| anyhow!("{} has no name", file.display()))?;
    let program = directory.path().join(stem);
    // Caught from here on, so that the directory is deleted whatever ends the program.
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])?;
    if let Some(code) = compiler::compile(language, file, &program)? {
        return Ok(code);
    }
    let mut child = Command::new(&program)
        .args(arguments)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let process = process_of(&child)?;
    let handle = signals.handle();
    let forwarder = thread::spawn(move || {
        for signal in &mut signals {
            forward(process.as_fd(), signal);
        }
    });
    let status = child.wait().context("cannot wait for the program")?;
    handle.close();
    let _ = forwarder.join();
    Ok(exit_code(status))
}

/// A descriptor, since the number may be somebody else's once the child has been waited for.
fn process_of(child: &Child) -> Result<OwnedFd> {
    let pid = Pid::from_child(child);
    pidfd_open(pid, PidfdFlags::empty()).context("cannot watch the program")
}

/// The keyboard's signals reach the whole foreground group, the program included.
fn forward(process: BorrowedFd<'_>, signal: i32) {
    let signal = match signal {
        SIGTERM => Signal::TERM,
        SIGHUP => Signal::HUP,
        _ => return,
    };
    // It may just have ended.
    let _ = pidfd_send_signal(process, signal);
}

//! Processes that are measured: where they run, what they print, what CPU time they take.
#![allow(unsafe_code)]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::mem;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::affinity;

/// What a measurement may fail with.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Starts a program on `cpus` (anywhere when empty) that dies with this one.
fn spawn(command: &mut Command, cpus: &[usize]) -> Result<Child, Failure> {
    let cpus = cpus.to_vec();
    let name = format!("{:?}", command.get_program());
    // SAFETY: the closure only makes system calls and reads memory that was allocated before
    // the fork; it does not allocate, lock or panic.
    unsafe {
        command.pre_exec(move || {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if cpus.is_empty() { Ok(()) } else { affinity::restrict(&cpus) }
        })
    };
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    child.map_err(|e| format!("{name} does not start: {e}").into())
}

/// An echo server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The port it listens on.
    pub port: u16,
}

impl Server {
    /// Starts a server and waits for its line `listening PORT`.
    pub fn start(command: &mut Command, cpus: &[usize]) -> Result<Self, Failure> {
        let mut server = Self { child: spawn(command, cpus)?, port: 0 };
        let stdout = server.child.stdout.take().ok_or("no pipe to the server")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.strip_prefix("listening ").and_then(|p| p.trim().parse().ok());
        server.port = port.ok_or_else(|| format!("{command:?} said {line:?}"))?;
        Ok(server)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended by itself is as gone as one that was killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program printed, and the CPU time it and its children took.
#[derive(Debug)]
pub struct Finished {
    /// Its standard output.
    pub output: String,
    /// User and system time.
    pub cpu: Duration,
}

impl Finished {
    /// The number of a word `name=number` in the output.
    pub fn number(&self, name: &str) -> Result<f64, Failure> {
        let found = self.output.split_whitespace().find_map(|word| {
            let (left, right) = word.split_once('=')?;
            if left == name { right.parse().ok() } else { None }
        });
        found.ok_or_else(|| format!("no {name} in {:?}", self.output).into())
    }
}

/// Runs a program to its end.
pub fn run(command: &mut Command, cpus: &[usize]) -> Result<Finished, Failure> {
    let mut child = spawn(command, cpus)?;
    let mut output = String::new();
    child.stdout.take().ok_or("no pipe to the program")?.read_to_string(&mut output)?;
    let mut status = 0;
    // SAFETY: all bits zero is a valid rusage.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    let pid = child.id() as libc::pid_t;
    // SAFETY: both pointers are good for writing, and nobody else waits for this child.
    if unsafe { libc::wait4(pid, &mut status, 0, &mut usage) } != pid {
        return Err(io::Error::last_os_error().into());
    }
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        return Err(format!("{command:?} ended with status {status:#x}: {output}").into());
    }
    Ok(Finished { output, cpu: duration(usage.ru_utime) + duration(usage.ru_stime) })
}

/// The CPU time of this process so far.
pub fn own_cpu() -> io::Result<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is written by the call.
    if unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000)
}

/// Runs a build step, whose output goes to standard error.
pub fn build(command: &mut Command) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}").into()),
        Err(e) => Err(format!("{command:?}: {e}").into()),
    }
}

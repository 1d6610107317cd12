//! The control group of a job: what members start by themselves stays in it.
//!
//! Control groups of version 2 are needed, and the right to make one below
//! the group that this process is in.

use crate::process::above_standard;
use std::fs::{self, OpenOptions};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A control group, removed when it goes.
#[derive(Debug)]
pub(super) struct Group {
    directory: PathBuf,
}

impl Group {
    /// A group below that of this process.
    pub(super) fn new(job: u64) -> Option<Self> {
        Self::make(&own_directory()?, job)
    }

    /// A group below that of another job.
    pub(super) fn below(above: &Group, job: u64) -> Option<Self> {
        Self::make(&above.directory, job)
    }

    fn make(above: &Path, job: u64) -> Option<Self> {
        let name = format!("libiocp-job-{}-{job}", std::process::id());
        let directory = above.join(name);
        fs::create_dir(&directory).ok().map(|()| Self { directory })
    }

    fn list(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    /// A descriptor through which a process moves in by writing `0`.
    pub(super) fn door(&self) -> Option<OwnedFd> {
        let file = OpenOptions::new().write(true).open(self.list()).ok()?;
        above_standard(file.as_raw_fd()).ok()
    }

    /// Moves a process in. What it started before stays where it is.
    pub(super) fn admit(&self, process: u32) {
        // A process that cannot be moved is a member all the same.
        let _ = fs::write(self.list(), process.to_string());
    }

    /// The processes that are in it.
    pub(super) fn processes(&self) -> Vec<u32> {
        let list = fs::read_to_string(self.list()).unwrap_or_default();
        list.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

impl Drop for Group {
    /// Fails while a process is in it, and then the group stays behind.
    fn drop(&mut self) {
        // Who has just ended may still be there for a moment.
        for _ in 0..100 {
            if fs::remove_dir(&self.directory).is_ok() || self.processes().is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let _ = fs::remove_dir(&self.directory);
    }
}

/// The directory of the group that this process is in.
fn own_directory() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounted = mounts.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (_, place, kind) = (words.next()?, words.next()?, words.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(place))
    })?;
    Some(mounted.join(own))
}

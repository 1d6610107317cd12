//! Random reads of a file against fio's io_uring engine.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::process::{self, Failure};
use bench::report::{Section, Table};
use bench::stats;

use super::{Settings, build, cell};

pub(super) const BLOCK: usize = 4096;
const EXPLANATION: &str = "4 KiB reads at random places of one file, by one thread that keeps so \
    many under way. Median and extremes of alternating runs, ratios taken round by round: reads \
    per second, and CPU time of the whole process per read, each over fio's. libiocp's program \
    checks the first bytes of every block it reads; fio checks nothing and takes no latencies.";

/// The test file, removed when dropped.
pub(super) struct TestFile(PathBuf);

impl TestFile {
    /// A file whose every block begins with its own number.
    pub(super) fn new(directory: &Path, blocks: usize) -> io::Result<Self> {
        let path = directory.join(format!("libiocp-bench-{}.dat", std::process::id()));
        let file = TestFile(path);
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&file.0)?);
        let mut block = vec![0xA5; BLOCK];
        for i in 0..blocks as u64 {
            block[..8].copy_from_slice(&i.to_le_bytes());
            out.write_all(&block)?;
        }
        out.into_inner()?.sync_all()?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // Best effort: what is left lies in a directory for temporary files.
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Clone, Copy)]
struct Load<'a> {
    file: &'a Path,
    blocks: usize,
    depth: usize,
    direct: bool,
    seconds: usize,
}

struct Measured {
    reads_per_second: f64,
    cpu_us_per_read: f64,
}

pub(crate) fn measure(settings: &Settings) -> Result<Section, Failure> {
    let ours = build::ours("disk_read")?;
    let blocks = settings.pick(1 << 30, 1 << 26) / BLOCK;
    let file = TestFile::new(&settings.dir, blocks)?;
    let mut results = Table::new([
        "reads",
        "depth",
        "program",
        "reads/s",
        "throughput",
        "CPU us per read",
        "CPU per read",
    ]);
    for direct in [false, true] {
        for depth in [1, 8, 32] {
            let kind = if direct { "from the device" } else { "from the page cache" };
            if !settings.wants(&format!("{kind}, depth {depth}")) {
                continue;
            }
            let load = Load { file: &file.0, blocks, depth, direct, seconds: 1 };
            race(settings, &ours, load, kind, &mut results)?;
        }
    }
    let mut section = Section::new("disk", EXPLANATION);
    section.show(&results);
    Ok(section)
}

fn race(
    settings: &Settings,
    ours: &Path,
    load: Load<'_>,
    kind: &str,
    results: &mut Table,
) -> Result<(), Failure> {
    let names = ["fio, io_uring", "libiocp"];
    let mut rates = vec![Vec::new(); names.len()];
    let mut costs = vec![Vec::new(); names.len()];
    for _ in 0..settings.rounds(5) {
        let runs = [fio(load)?, own(ours, load)?];
        for (i, run) in runs.into_iter().enumerate() {
            rates[i].push(run.reads_per_second);
            costs[i].push(run.cpu_us_per_read);
        }
    }
    for (i, name) in names.into_iter().enumerate() {
        results.row([
            kind.into(),
            load.depth.to_string(),
            name.into(),
            cell(stats::Summary::of(rates[i].iter().copied())),
            cell(stats::paired(&rates[i], &rates[0])),
            cell(stats::Summary::of(costs[i].iter().copied())),
            cell(stats::paired(&costs[i], &costs[0])),
        ]);
    }
    Ok(())
}

fn own(program: &Path, load: Load<'_>) -> Result<Measured, Failure> {
    let mut command = Command::new(program);
    command.arg(load.file).args([
        format!("blocks={}", load.blocks),
        format!("size={BLOCK}"),
        format!("depth={}", load.depth),
        format!("ms={}", load.seconds * 1000),
        format!("direct={}", u8::from(load.direct)),
    ]);
    let done = process::run(&mut command, &[])?;
    let (reads, seconds) = (done.number("reads")?, done.number("seconds")?);
    let cpu_us_per_read = done.cpu.as_secs_f64() * 1e6 / reads;
    Ok(Measured { reads_per_second: reads / seconds, cpu_us_per_read })
}

fn fio(load: Load<'_>) -> Result<Measured, Failure> {
    let mut command = Command::new("fio");
    command.arg(format!("--filename={}", load.file.display())).args([
        "--name=bench".into(),
        "--output-format=json".into(),
        "--ioengine=io_uring".into(),
        "--rw=randread".into(),
        "--readonly".into(),
        "--norandommap".into(),
        "--thread".into(),
        "--time_based".into(),
        "--gtod_reduce=1".into(),
        "--invalidate=0".into(),
        format!("--bs={BLOCK}"),
        format!("--size={}", load.blocks * BLOCK),
        format!("--iodepth={}", load.depth),
        format!("--direct={}", u8::from(load.direct)),
        format!("--runtime={}", load.seconds),
    ]);
    let done = process::run(&mut command, &[])?;
    let report: serde_json::Value = serde_json::from_str(&done.output)?;
    let read = &report["jobs"][0]["read"];
    let number = |name: &str| {
        let found = read[name].as_f64();
        found.ok_or_else(|| Failure::from(format!("no {name} in fio's report")))
    };
    let reads = number("total_ios")?;
    let cpu_us_per_read = done.cpu.as_secs_f64() * 1e6 / reads;
    Ok(Measured { reads_per_second: number("iops")?, cpu_us_per_read })
}

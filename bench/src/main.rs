//! The benchmark driver: ratios against rivals, medians of alternating runs, as Markdown.

mod driver;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use bench::machine::Scene;
use bench::process::Failure;
use bench::report::Section;
use clap::{Parser, Subcommand};

use driver::{Settings, build, disk, echo, mixed, probes, queue, wine};

/// Measures libiocp against its rivals.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
    /// Few and short runs: to see that everything works.
    #[arg(long, global = true)]
    quick: bool,
    /// Rounds of each case, instead of the usual number.
    #[arg(long, global = true)]
    rounds: Option<usize>,
    /// Only the cases whose name contains this.
    #[arg(long, global = true, default_value = "")]
    only: String,
    /// Places the tables into docs/performance.md.
    #[arg(long, global = true)]
    write: bool,
    /// Directory for the file of the disk measurement.
    #[arg(long, global = true, default_value_os_t = env::temp_dir())]
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum What {
    /// Posting and getting packets, against channels and a bare futex.
    Queue,
    /// TCP echo, against runtimes, libraries and loops written by hand.
    Echo,
    /// Handlers of which half block, against tokio.
    Mixed,
    /// Random reads of a file, against fio's io_uring engine.
    Disk,
    /// The same C source under Wine.
    Wine,
    /// What the kernel offers beside what the library uses; not among all.
    Probes,
    /// All of them.
    All,
}

type Measure = fn(&Settings) -> Result<Section, Failure>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let settings = Settings {
        quick: options.quick,
        rounds: options.rounds,
        only: options.only.clone(),
        dir: options.dir.clone(),
    };
    let runs: &[(&str, Measure)] = &[
        ("queue", queue::measure),
        ("echo", echo::measure),
        ("mixed", mixed::measure),
        ("disk", disk::measure),
        ("wine", wine::measure),
        ("probes", probes::measure),
    ];
    let wanted = match options.what {
        What::Queue => &runs[0..1],
        What::Echo => &runs[1..2],
        What::Mixed => &runs[2..3],
        What::Disk => &runs[3..4],
        What::Wine => &runs[4..5],
        What::Probes => &runs[5..6],
        What::All => &runs[0..5],
    };
    let library = build::library_in_use()?;
    for (name, measure) in wanted {
        eprintln!("# {name}");
        let scene = Scene::begin(&library);
        let section = measure(&settings)?;
        let markdown = section.markdown(&scene, &settings.command(name));
        print!("{markdown}");
        if options.write {
            section.place(&build::root().join("docs/performance.md"), &markdown)?;
        }
    }
    Ok(())
}

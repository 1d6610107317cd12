//! The command `cargo xtask`.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::process::Failure;
use xtask::project::Project;
use xtask::stress::Check;
use xtask::{ci, denied, examples, kernels, semantics, stress, tidy, wine};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Project automation")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything the continuous integration checks, in order
    Ci,
    /// Check what the documents promise about the sources
    Tidy,
    /// Write docs/semantics.md: every rule, its state and its tests
    Semantics {
        /// Fail if the committed file differs, and write nothing
        #[arg(long)]
        check: bool,
        /// List the must and should rules of sections that begin with this (`Ports A`) and have
        /// no test and no entry, and write nothing
        #[arg(long, value_name = "SECTION", conflicts_with = "check")]
        missing: Option<String>,
    },
    /// Build the conformance programs with mingw-w64 and run them under Wine
    Conformance {
        /// Only programs whose name contains this
        filter: Option<String>,
    },
    /// Build the C examples with mingw-w64 and run them under Wine
    WineExamples,
    /// Compare the layouts, constants and prototypes of the C headers with mingw-w64's
    Layouts,
    /// Run each fuzz target for a short time (needs nightly and cargo-fuzz)
    FuzzShort {
        /// Seconds for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Run the model tests of the port and the handle table under loom
    Loom,
    /// Run the stress programs for long, on each engine; or with minutes the mixed load
    Stress {
        /// Run the mixed load for so long on each engine
        #[arg(long)]
        minutes: Option<u64>,
        /// Only on this engine
        #[arg(long, value_parser = ["uring", "epoll"], requires = "minutes")]
        engine: Option<String>,
        /// What watches the mixed load
        #[arg(long, default_value = "none", requires = "minutes",
              value_parser = ["none", "address", "thread", "valgrind"])]
        check: String,
    },
    /// Run the tests of the libraries where io_uring, and more, is refused
    Denied {
        /// Only in this way; may be repeated
        #[arg(long, value_parser = denied::WAYS)]
        way: Vec<String>,
        /// Only tests whose name contains this
        filter: Option<String>,
    },
    /// Run the tests of the libraries under older kernels of Debian's, in qemu
    Kernels {
        /// The newest of these series (`6.12`), instead of those around the floor
        series: Vec<String>,
        /// Only test programs whose name contains this
        #[arg(long)]
        only: Option<String>,
    },
    /// Run a command from which system calls are taken, in one of the ways of `denied`
    #[command(hide = true)]
    Without {
        way: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Run the measurements of the bench workspace
    Bench {
        /// Passed on to the bench program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn run(command: &Command) -> Result<(), Failure> {
    let project = Project::here();
    match command {
        Command::Ci => ci::run(&project),
        Command::Tidy => tidy::report(&project),
        Command::Semantics { check: true, .. } => semantics::check(&project),
        Command::Semantics { missing: Some(section), .. } => {
            semantics::missing(&project, section).map(|list| println!("{list}"))
        }
        Command::Semantics { .. } => semantics::write(&project),
        Command::Conformance { filter } => wine::conformance(&project, filter.as_deref()),
        Command::WineExamples => examples::run(&project),
        Command::Layouts => ci::compare_layouts(&project),
        Command::FuzzShort { seconds } => ci::fuzz_short(&project, *seconds),
        Command::Loom => ci::loom(&project),
        Command::Stress { minutes: None, .. } => stress::run_all(&project),
        Command::Stress { minutes: Some(minutes), engine, check } => {
            let check = Check::of(check).unwrap_or(Check::None);
            stress::run_mixed(&project, *minutes, engine.as_deref(), check)
        }
        Command::Denied { way, filter } => denied::run(&project, way, filter.as_deref()),
        Command::Kernels { series, only } => kernels::run(&project, series, only.as_deref()),
        Command::Without { way, command } => denied::become_without(way, command),
        Command::Bench { arguments } => ci::bench(&project, arguments),
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

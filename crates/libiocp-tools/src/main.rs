//! The command `iocp`: compile and run Win32 completion-port programs on Linux,
//! diagnose the machine, and demonstrate the library.

mod compiler;
mod demo;
mod doctor;
mod home;
mod run;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::compiler::Language;

/// Win32 completion-port programs on Linux: compile, run, diagnose, demonstrate.
#[derive(Debug, Parser)]
#[command(name = "iocp", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the C compiler with the flags that a Win32 source needs
    ///
    /// All arguments go to the compiler ($CC, or cc), after the include directories
    /// and before the library. Import libraries that do not exist here (-lws2_32,
    /// kernel32.lib, ...) are left out: libiocp takes their place.
    #[command(disable_help_flag = true)]
    Cc(CompilerArguments),
    /// Run the C++ compiler with the flags that a Win32 source needs
    ///
    /// As `iocp cc`, with $CXX or c++.
    #[command(name = "c++", disable_help_flag = true)]
    Cxx(CompilerArguments),
    /// Compile a Win32 source file and run it
    ///
    /// The program gets the arguments, and its exit code becomes that of iocp.
    /// What was compiled is deleted afterwards.
    Run(RunArguments),
    /// Tell what this machine offers and what to do about what it lacks
    Doctor,
    /// Serve many real connections with a plain Win32 echo server
    ///
    /// Compiles the Win32 echo server, runs it, and connects ordinary Linux clients
    /// that compare every byte that comes back with what they sent.
    Demo(demo::Options),
}

#[derive(Debug, clap::Args)]
struct CompilerArguments {
    /// Arguments of the compiler
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    /// The source file (.c for C; .cc, .cpp, .cxx, .c++ or .C for C++), then what
    /// the program gets
    // One list: all that follows the file is the program's, even --help.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_names = ["FILE", "ARGUMENTS"]
    )]
    file_and_arguments: Vec<OsString>,
}

impl RunArguments {
    fn split(&self) -> (&Path, &[OsString]) {
        match self.file_and_arguments.split_first() {
            Some((file, arguments)) => (Path::new(file), arguments),
            None => (Path::new(""), &[]),
        }
    }
}

fn execute(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Cc(given) => compiler::replace_process(Language::C, &given.arguments),
        Command::Cxx(given) => compiler::replace_process(Language::Cxx, &given.arguments),
        Command::Run(given) => {
            let (file, arguments) = given.split();
            run::run(file, arguments)
        }
        Command::Doctor => doctor::doctor(&mut io::stdout().lock()),
        Command::Demo(options) => demo::demo(&options),
    }
}

/// Whether somebody closed the pipe that we print to: no failure, there is just
/// nobody left to tell.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; then the exit code has to do.
            let _ = writeln!(io::stderr(), "iocp: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_after_cc_goes_to_the_compiler() {
        let cli = Cli::parse_from(["iocp", "cc", "--help", "-c", "--", "x.c"]);
        let Command::Cc(given) = cli.command else { panic!("not cc") };
        assert_eq!(given.arguments, ["--help", "-c", "--", "x.c"]);
    }

    #[test]
    fn options_after_the_file_go_to_the_program() {
        let cli = Cli::parse_from(["iocp", "run", "x.c", "--help", "0", "-v"]);
        let Command::Run(given) = cli.command else { panic!("not run") };
        let (file, arguments) = given.split();
        assert_eq!(file, Path::new("x.c"));
        assert_eq!(arguments, ["--help", "0", "-v"]);
    }
}

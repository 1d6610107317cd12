//! The same C sources on the oracle: built by mingw-w64, run under Wine.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Failure};
use crate::project::Project;

const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const LIBRARIES: [&str; 2] = ["-lmswsock", "-lws2_32"];
const WARNINGS: [&str; 3] = ["-Wall", "-Wextra", "-Werror"];
/// The first start of Wine makes its prefix, which is slow.
const BOOT_LIMIT: Duration = Duration::from_secs(300);
/// A program that is still running then is killed and has failed.
pub(crate) const PROGRAM_LIMIT: Duration = Duration::from_secs(180);

/// A prefix of our own, and where programs are built.
pub(crate) struct Wine {
    prefix: PathBuf,
    output: PathBuf,
}

impl Wine {
    /// A prefix of our own under `target`, made once.
    pub(crate) fn start(project: &Project) -> Result<Self, Failure> {
        for (program, package) in [(COMPILER, "gcc-mingw-w64-x86-64"), ("wine", "wine64")] {
            if !process::is_installed(program) {
                let text = format!("{program} is missing: install the Debian package {package}");
                return Err(Failure::new(text));
            }
        }
        let wine =
            Self { prefix: project.path("target/wine"), output: project.path("target/mingw") };
        for directory in [&wine.prefix, &wine.output] {
            std::fs::create_dir_all(directory)
                .map_err(|error| Failure::new(format!("{}: {error}", directory.display())))?;
        }
        if !wine.prefix.join("system.reg").exists() {
            let log = wine.output.join("wineboot.log");
            let outcome =
                process::run_limited(wine.command("wineboot").arg("--init"), &log, BOOT_LIMIT)?;
            if !outcome.status.is_some_and(|status| status.success()) {
                return Err(Failure::new(format!("wineboot failed:\n{}", outcome.output)));
            }
            // The prefix is written when the server ends.
            process::run_limited(wine.command("wineserver").arg("-w"), &log, BOOT_LIMIT)?;
        }
        Ok(wine)
    }

    /// A program of Wine, or `wine` itself, in our prefix.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree=;mshtml=")
            .env_remove("DISPLAY");
        command
    }

    /// Builds one source without a warning.
    pub(crate) fn build(&self, source: &Path) -> Result<PathBuf, Failure> {
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        let program = self.output.join(format!("{name}.exe"));
        process::run(
            Command::new(COMPILER)
                .args(["-std=gnu11", "-O1", "-g", "-D_WIN32_WINNT=0x0A00"])
                .args(WARNINGS)
                .arg(source)
                .arg("-o")
                .arg(&program)
                .args(LIBRARIES),
        )?;
        Ok(program)
    }

    /// Runs a program that [`Wine::build`] made.
    pub(crate) fn run(
        &self,
        program: &Path,
        arguments: &[&str],
    ) -> Result<process::Outcome, Failure> {
        let log = program.with_extension("log");
        let mut command = self.command("wine");
        command.arg(program).args(arguments);
        let outcome = process::run_limited(&mut command, &log, PROGRAM_LIMIT)?;
        if outcome.status.is_none() {
            self.stop()?;
        }
        Ok(outcome)
    }

    /// Ends every program of our prefix: killing `wine` does not end what it started.
    pub(crate) fn stop(&self) -> Result<(), Failure> {
        let log = self.output.join("wineserver.log");
        process::run_limited(self.command("wineserver").arg("-k"), &log, BOOT_LIMIT).map(drop)
    }
}

/// Every C program under `directory`.
pub(crate) fn sources(project: &Project, directory: &str) -> Vec<PathBuf> {
    let all = project.files(&[".c"]);
    all.iter()
        .filter(|file| file.path.starts_with(directory))
        .map(|file| project.path(&file.path))
        .collect()
}

/// The counts of a last line `12 passed, 0 failed`.
fn summary(output: &str) -> Option<(u32, u32)> {
    let line = output.lines().rev().find(|line| line.ends_with(" failed"))?;
    let (passed, failed) = line.trim_end_matches(" failed").split_once(" passed, ")?;
    Some((passed.trim().parse().ok()?, failed.trim().parse().ok()?))
}

/// Builds and runs each conformance program; any failed test, crash or time-out is a failure.
pub fn conformance(project: &Project, filter: Option<&str>) -> Result<(), Failure> {
    let wine = Wine::start(project)?;
    let mut failures = Vec::new();
    let (mut programs, mut tests) = (0, 0);
    for source in sources(project, "conformance/") {
        let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !filter.is_none_or(|filter| name.contains(filter)) {
            continue;
        }
        let program = wine.build(&source)?;
        let outcome = wine.run(&program, &[])?;
        programs += 1;
        let known = outcome.output.lines().filter(|line| line.starts_with("known ")).count();
        let counts = summary(&outcome.output);
        let is_good = outcome.status.is_some_and(|status| status.success());
        match counts {
            Some((passed, 0)) if is_good => {
                tests += passed;
                println!("{name}: {passed} passed, {known} of them known to differ in Wine");
            }
            _ => {
                let how = outcome.status.map_or("time-out".to_owned(), |end| end.to_string());
                println!("{name}: FAILED ({how})\n{}", outcome.output);
                failures.push(name);
            }
        }
    }
    if programs == 0 {
        return Err(Failure::new("conformance holds no such program"));
    }
    println!("{programs} programs, {tests} tests passed under Wine, {} failed", failures.len());
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("failed under Wine: {}", failures.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_the_last_line_of_its_form() {
        assert_eq!(summary("ok a\n12 passed, 3 failed\n"), Some((12, 3)));
        assert_eq!(summary("ok a\n12 passed, 3 failed\r\n"), Some((12, 3)));
        assert_eq!(summary("ok a\n"), None);
        assert_eq!(summary("many passed, 0 failed\n"), None);
    }
}

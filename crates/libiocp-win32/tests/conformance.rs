//! The conformance programs, built by the system's C compiler against this library.
//!
//! The same sources are built by mingw-w64 and run under Wine by `cargo xtask conformance`.
//! With `LIBIOCP_PREBUILT` they are only built (`make`), or not built (`use`: as they were before).
//! With `LIBIOCP_STRESS` set only the stress programs run, for long (`cargo xtask stress`).

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A program that is still running then is killed and has failed.
const LIMIT: Duration = Duration::from_secs(120);

/// What the stress programs do when there is time: ten million packets, a hundred thousand
/// connections, many threads that wake each other.
const LONG: [(&str, &[&str]); 3] = [
    ("stress_packets", &["8", "8", "1250000"]),
    ("stress_echo", &["5000", "3000", "1", "20"]),
    ("stress_leader", &["200000"]),
];

fn is_long() -> bool {
    std::env::var_os("LIBIOCP_STRESS").is_some()
}

fn limit() -> Duration {
    if is_long() { 20 * LIMIT } else { LIMIT }
}

fn prebuilt(what: &str) -> bool {
    std::env::var_os("LIBIOCP_PREBUILT").is_some_and(|value| value == what)
}

struct Program {
    name: String,
    /// Where it is, or what the compiler said.
    built: Result<PathBuf, String>,
}

fn crate_directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn output_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance")
}

/// Cargo builds the shared library beside this test, under a name without a soname's version.
/// A directory of links serves both the linker and the loader.
fn library_directory() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let beside = test.parent().expect("a directory").join("libiocp.so");
    let above = test.parent().and_then(Path::parent).expect("a profile").join("libiocp.so");
    let library = if beside.exists() { beside } else { above };
    assert!(library.exists(), "{} was not built", library.display());
    let directory = output_directory().join("lib");
    fs::create_dir_all(&directory).expect("a directory for the library");
    for name in ["libiocp.so", "libiocp.so.0"] {
        let link = directory.join(name);
        let _ = fs::remove_file(&link);
        symlink(&library, &link).expect("a link to the library");
    }
    directory
}

fn build(source: &Path, library: &Path) -> Program {
    let name = source.file_stem().expect("a file name").to_string_lossy().into_owned();
    let program = output_directory().join(&name);
    if prebuilt("use") && program.exists() {
        return Program { name, built: Ok(program) };
    }
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=gnu11", "-O1", "-g", "-fshort-wchar", "-pthread"])
        .args(is_long().then_some("-DCONFORM_SECONDS=1800"))
        .args(["-Wall", "-Wextra", "-Werror", "-isystem"])
        .arg(crate_directory().join("include/win32"))
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(library)
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .arg("-liocp")
        .output()
        .expect("a C compiler");
    let built = if output.status.success() {
        Ok(program)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    Program { name, built }
}

/// Every program, built once for all engines.
fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let library = library_directory();
        let sources = crate_directory().join("../../conformance");
        let entries = fs::read_dir(&sources).expect("the directory conformance");
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "c"))
            .collect();
        if is_long() {
            paths.retain(|path| {
                LONG.iter().any(|(name, _)| path.file_stem() == Some(name.as_ref()))
            });
        }
        paths.sort();
        assert!(!paths.is_empty(), "{} holds no program", sources.display());
        paths.iter().map(|path| build(path, &library)).collect()
    })
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the state of a child") {
            return Some(status);
        }
        if start.elapsed() > limit() {
            child.kill().expect("the child's end");
            child.wait().expect("the child's end");
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs in an empty directory of its own; the error tells everything the program printed.
fn run(program: &Path, engine: &str) -> Result<(), String> {
    let name = program.file_name().expect("a file name");
    let directory = output_directory().join(format!("run-{engine}")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory to run in");
    let log = directory.with_extension("log");
    let output = File::create(&log).expect("a log");
    let long = LONG.iter().find(|(long, _)| is_long() && name == *long);
    let mut child = Command::new(program)
        .args(long.map_or(&[][..], |(_, arguments)| arguments))
        .current_dir(&directory)
        .env("LIBIOCP_ENGINE", engine)
        .env("TMPDIR", &directory)
        .stdin(Stdio::null())
        .stderr(output.try_clone().expect("a second name of the log"))
        .stdout(output)
        .spawn()
        .expect("a program that starts");
    let status = wait(&mut child);
    if status.is_some_and(|status| status.success()) {
        if is_long() {
            let text = fs::read_to_string(&log).expect("the log");
            eprintln!("{engine}: {text}");
        }
        return Ok(());
    }
    let end = status.map_or(format!("killed after {:?}", limit()), |status| status.to_string());
    let bytes = fs::read(&log).expect("the log");
    Err(format!("{end}\n{}", String::from_utf8_lossy(&bytes)))
}

fn run_all(engine: &str) {
    let mut report = String::new();
    let mut failed = 0;
    for program in programs() {
        let result = match &program.built {
            Ok(_) if prebuilt("make") => Ok(()),
            Ok(path) => run(path, engine),
            Err(messages) => Err(messages.clone()),
        };
        if let Err(why) = result {
            failed += 1;
            let _ = writeln!(report, "== {} on {engine}: {why}", program.name);
        }
    }
    assert!(failed == 0, "{failed} of {} programs failed\n{report}", programs().len());
}

#[test]
fn conformance_programs_pass_with_io_uring() {
    run_all("uring");
}

#[test]
fn conformance_programs_pass_with_epoll() {
    run_all("epoll");
}

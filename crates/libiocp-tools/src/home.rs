//! Where the headers and the library are.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const VARIABLE: &str = "LIBIOCP_HOME";
const LIBRARY: &str = "libiocp.so";
/// What programs ask the dynamic linker for.
const SONAME: &str = "libiocp.so.0";
const WORKSPACE_HEADERS: &str = "crates/libiocp-win32/include";

/// The directories that a compiler needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// The drop-in headers: `windows.h` and the like.
    pub(crate) win32: PathBuf,
    /// The headers with a prefix: `libiocp/iocp.h`.
    pub(crate) include: PathBuf,
    /// Where `libiocp.so` and `libiocp.a` are.
    pub(crate) library: PathBuf,
}

/// What to look at: the environment of the process, or that of a test.
#[derive(Debug, Default)]
struct Clues {
    variable: Option<OsString>,
    executable: Option<PathBuf>,
    source: Option<PathBuf>,
}

/// Finds the headers and the library and makes sure that programs linked with the
/// library find it when they start.
pub(crate) fn find() -> Result<Home> {
    let home = find_with(&Clues {
        variable: env::var_os(VARIABLE),
        executable: env::current_exe().ok(),
        source: Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned),
    })?;
    provide_soname(&home.library)?;
    Ok(home)
}

fn find_with(clues: &Clues) -> Result<Home> {
    if let Some(variable) = &clues.variable {
        let root = Path::new(variable);
        if let Some(home) = installed(root).or_else(|| workspace(root, clues)) {
            return Ok(home);
        }
        bail!(
            "{VARIABLE} is {}, but there is neither an installed libiocp (include/libiocp/win32 \
             and lib/{LIBRARY}) nor a checkout in which `cargo build --release` has been run",
            root.display()
        );
    }
    let executable = clues.executable.as_deref();
    if let Some(home) = executable.and_then(Path::parent).and_then(Path::parent).and_then(installed)
    {
        return Ok(home);
    }
    let near = executable.into_iter().flat_map(Path::ancestors).skip(1);
    let mut checkouts = near.chain(clues.source.as_deref()).filter(|root| is_workspace(root));
    match checkouts.next() {
        Some(root) => match workspace(root, clues) {
            Some(home) => Ok(home),
            None => bail!(
                "{LIBRARY} is not built; run `cargo build --release` in {} first",
                root.display()
            ),
        },
        None => bail!(
            "the headers and the library of libiocp are not beside this program; set {VARIABLE} to \
             where libiocp is installed or checked out"
        ),
    }
}

fn is_workspace(root: &Path) -> bool {
    root.join(WORKSPACE_HEADERS).is_dir()
}

fn has_library(directory: &Path) -> bool {
    directory.join(LIBRARY).is_file()
}

/// `<prefix>/include/libiocp/win32` and `<prefix>/lib`.
fn installed(prefix: &Path) -> Option<Home> {
    let include = prefix.join("include");
    let win32 = include.join("libiocp/win32");
    let library =
        ["lib", "lib64"].map(|name| prefix.join(name)).into_iter().find(|d| has_library(d));
    win32.is_dir().then_some(())?;
    Some(Home { win32, include, library: library? })
}

/// The headers in the source tree, the library where cargo put it: beside this
/// program if cargo built it, else in the tree's own target directory. Cargo keeps
/// a library that was only built as a dependency in `deps`.
fn workspace(root: &Path, clues: &Clues) -> Option<Home> {
    let include = root.join(WORKSPACE_HEADERS);
    let beside = clues.executable.as_deref().and_then(Path::parent).map(Path::to_owned);
    let own = ["release", "debug"].map(|profile| root.join("target").join(profile));
    let library = beside
        .into_iter()
        .chain(own)
        .flat_map(|directory| [directory.join("deps"), directory])
        .find(|directory| has_library(directory))?;
    let win32 = include.join("win32");
    win32.is_dir().then_some(Home { win32, include, library })
}

/// Cargo writes `libiocp.so` alone; a program linked with it looks for its soname.
fn provide_soname(library: &Path) -> Result<()> {
    let name = library.join(SONAME);
    match symlink(LIBRARY, &name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !name.exists() => {
            bail!("cannot create {}, which programs need to start: {error}", name.display())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn touch(root: &TempDir, path: &str) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("create directories");
        fs::write(path, "").expect("create a file");
    }

    fn clues(root: &TempDir, executable: &str) -> Clues {
        Clues { executable: Some(root.path().join(executable)), ..Clues::default() }
    }

    #[test]
    fn an_installed_prefix_is_found_beside_its_bin() {
        let root = TempDir::new().expect("a directory");
        touch(&root, "include/libiocp/win32/windows.h");
        touch(&root, "lib/libiocp.so");
        let home = find_with(&clues(&root, "bin/iocp")).expect("found");
        assert_eq!(home.win32, root.path().join("include/libiocp/win32"));
        assert_eq!(home.include, root.path().join("include"));
        assert_eq!(home.library, root.path().join("lib"));
    }

    #[test]
    fn a_workspace_is_found_from_its_target_directory() {
        let root = TempDir::new().expect("a directory");
        touch(&root, "crates/libiocp-win32/include/win32/windows.h");
        touch(&root, "target/debug/libiocp.so");
        touch(&root, "target/release/deps/libiocp.so");
        let home = find_with(&clues(&root, "target/release/iocp")).expect("found");
        assert_eq!(home.win32, root.path().join("crates/libiocp-win32/include/win32"));
        assert_eq!(home.library, root.path().join("target/release/deps"));
    }

    #[test]
    fn a_library_that_is_not_built_is_one_sentence() {
        let root = TempDir::new().expect("a directory");
        touch(&root, "crates/libiocp-win32/include/win32/windows.h");
        let error = find_with(&clues(&root, "target/release/iocp")).expect_err("not built");
        let expected = format!(
            "libiocp.so is not built; run `cargo build --release` in {} first",
            root.path().display()
        );
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_variable_is_the_only_place_if_it_is_set() {
        let root = TempDir::new().expect("a directory");
        let empty = TempDir::new().expect("a directory");
        touch(&root, "include/libiocp/win32/windows.h");
        touch(&root, "lib/libiocp.so");
        let mut clues = clues(&root, "bin/iocp");
        clues.variable = Some(empty.path().into());
        let error = find_with(&clues).expect_err("nothing there");
        assert!(error.to_string().starts_with("LIBIOCP_HOME is "), "{error}");
        clues.variable = Some(root.path().into());
        assert_eq!(find_with(&clues).expect("found").library, root.path().join("lib"));
    }

    #[test]
    fn nowhere_names_the_variable() {
        let root = TempDir::new().expect("a directory");
        let error = find_with(&clues(&root, "bin/iocp")).expect_err("nothing there");
        assert!(error.to_string().contains("set LIBIOCP_HOME"), "{error}");
    }

    #[test]
    fn the_soname_is_provided_once() {
        let root = TempDir::new().expect("a directory");
        touch(&root, "libiocp.so");
        provide_soname(root.path()).expect("created");
        provide_soname(root.path()).expect("kept");
        let target = fs::read_link(root.path().join("libiocp.so.0")).expect("a link");
        assert_eq!(target, Path::new("libiocp.so"));
    }
}

//! The system compiler, and the flags with which it takes Win32 sources.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Error, Result, anyhow};

use crate::home::{self, Home};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    C,
    Cxx,
}

impl Language {
    /// By the names that gcc and clang know.
    pub(crate) fn of_file(file: &Path) -> Option<Language> {
        match file.extension()?.to_str()? {
            "c" => Some(Language::C),
            "cc" | "cp" | "cxx" | "cpp" | "CPP" | "c++" | "C" => Some(Language::Cxx),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Language::C => "C",
            Language::Cxx => "C++",
        }
    }

    pub(crate) fn variable(self) -> &'static str {
        match self {
            Language::C => "CC",
            Language::Cxx => "CXX",
        }
    }

    fn usual(self) -> &'static str {
        match self {
            Language::C => "cc",
            Language::Cxx => "c++",
        }
    }

    /// The compiler and its first arguments: `$CC` may be `ccache gcc`.
    pub(crate) fn compiler(self) -> Vec<String> {
        let variable = env::var(self.variable()).unwrap_or_default();
        let words: Vec<String> = variable.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() { vec![self.usual().to_owned()] } else { words }
    }
}

/// The system's import libraries. What programs use of them is in libiocp, or is
/// missing and then the linker says so.
const IMPORT_LIBRARIES: [&str; 36] = [
    "advapi32",
    "bcrypt",
    "comctl32",
    "comdlg32",
    "crypt32",
    "dbghelp",
    "gdi32",
    "imm32",
    "iphlpapi",
    "kernel32",
    "libcmt",
    "libcmtd",
    "mincore",
    "moldname",
    "msvcrt",
    "msvcrtd",
    "mswsock",
    "netapi32",
    "ntdll",
    "ole32",
    "oleaut32",
    "onecore",
    "psapi",
    "rpcrt4",
    "secur32",
    "setupapi",
    "shell32",
    "shlwapi",
    "synchronization",
    "ucrt",
    "user32",
    "userenv",
    "uuid",
    "version",
    "winmm",
    "ws2_32",
];

fn is_import_library(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "wsock32" || IMPORT_LIBRARIES.contains(&name.as_str())
}

/// Leaves out what only a Windows linker can use.
fn without_import_libraries(given: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(given.len());
    let mut rest = given.iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(text) = argument.to_str() else {
            kept.push(argument.clone());
            continue;
        };
        let next = rest.peek().and_then(|next| next.to_str());
        if text == "-l" && next.is_some_and(is_import_library) {
            rest.next();
            continue;
        }
        let library = text.strip_prefix("-l").or_else(|| {
            let file = Path::new(text);
            let is_lib = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("lib"));
            if is_lib && file.parent() == Some(Path::new("")) {
                file.file_stem()?.to_str()
            } else {
                None
            }
        });
        let is_console = matches!(text, "-mconsole" | "-mthreads");
        if !is_console && !library.is_some_and(is_import_library) {
            kept.push(argument.clone());
        }
    }
    kept
}

/// Whether the compiler will call the linker for a program or shared library.
fn links(given: &[OsString]) -> bool {
    let stops = ["-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-r"];
    !given.iter().any(|argument| stops.iter().any(|stop| argument == stop))
}

/// The whole command line after the compiler's own name.
pub(crate) fn arguments(home: &Home, given: &[OsString]) -> Vec<OsString> {
    let mut all: Vec<OsString> = vec!["-fshort-wchar".into(), "-pthread".into()];
    // `#pragma comment(lib, ...)` and its like are said to another compiler.
    all.push("-Wno-unknown-pragmas".into());
    all.push("-isystem".into());
    all.push(home.win32.clone().into());
    all.push("-I".into());
    all.push(home.include.clone().into());
    all.extend(without_import_libraries(given));
    if links(given) {
        let mut rpath = OsString::from("-Wl,-rpath,");
        rpath.push(&home.library);
        all.push("-L".into());
        all.push(home.library.clone().into());
        all.push("-liocp".into());
        all.push(rpath);
    }
    all
}

/// The command that compiles, and a sentence for the case that it does not start.
fn command(language: Language, given: &[OsString]) -> Result<Command> {
    let home = home::find()?;
    let words = language.compiler();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(arguments(&home, given));
    Ok(command)
}

fn cannot_start(language: Language, error: &io::Error) -> Error {
    let compiler = &language.compiler()[0];
    let name = language.name();
    let variable = language.variable();
    if error.kind() == io::ErrorKind::NotFound {
        anyhow!(
            "there is no {name} compiler: {compiler:?} was not found; install one \
             (Debian: apt install {}) or name it in ${variable}",
            if language == Language::C { "gcc" } else { "g++" }
        )
    } else {
        anyhow!("the {name} compiler {compiler:?} does not start: {error}")
    }
}

/// Becomes the compiler; returns only if that fails.
pub(crate) fn replace_process(language: Language, given: &[OsString]) -> Result<u8> {
    let error = command(language, given)?.exec();
    Err(cannot_start(language, &error))
}

/// Compiles `source` to the program `output`. `None` is success, otherwise the
/// compiler has said what is wrong and this is its exit code.
pub(crate) fn compile(language: Language, source: &Path, output: &Path) -> Result<Option<u8>> {
    let given: [OsString; 5] =
        ["-g".into(), "-O2".into(), source.into(), "-o".into(), output.into()];
    let status = command(language, &given)?.status().map_err(|e| cannot_start(language, &e))?;
    if status.success() {
        return Ok(None);
    }
    Ok(Some(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// The path of a program, as the shell would find it.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Path::new(name).is_file().then(|| PathBuf::from(name));
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// The first line of `--version`.
pub(crate) fn version(program: &OsStr) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home { win32: "/i/win32".into(), include: "/i".into(), library: "/l".into() }
    }

    fn built(given: &[&str]) -> Vec<String> {
        let given: Vec<OsString> = given.iter().map(OsString::from).collect();
        let all = arguments(&home(), &given);
        all.into_iter().map(|argument| argument.into_string().expect("UTF-8")).collect()
    }

    const COMPILE: [&str; 7] =
        ["-fshort-wchar", "-pthread", "-Wno-unknown-pragmas", "-isystem", "/i/win32", "-I", "/i"];
    const LINK: [&str; 4] = ["-L", "/l", "-liocp", "-Wl,-rpath,/l"];

    #[test]
    fn a_program_gets_compile_flags_before_and_link_flags_after() {
        let expected = [&COMPILE[..], &["x.c", "-o", "x"], &LINK].concat();
        assert_eq!(built(&["x.c", "-o", "x"]), expected);
    }

    #[test]
    fn no_link_flags_without_linking() {
        for stop in ["-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-r"] {
            assert_eq!(built(&[stop, "x.c"]), [&COMPILE[..], &[stop, "x.c"]].concat(), "{stop}");
        }
    }

    #[test]
    fn a_shared_library_is_linked() {
        assert!(built(&["-shared", "x.o"]).contains(&"-liocp".to_owned()));
    }

    #[test]
    fn import_libraries_are_left_out_however_they_are_spelled() {
        let spelled =
            ["-lws2_32", "-lMswSock", "-l", "kernel32", "WS2_32.LIB", "user32.lib", "-mconsole"];
        let given = [&["x.c"][..], &spelled].concat();
        assert_eq!(built(&given), [&COMPILE[..], &["x.c"], &LINK].concat());
    }

    #[test]
    fn libraries_of_the_user_stay() {
        let given = ["x.c", "-lm", "-l", "pthread", "libs/ws2_32.lib", "mine.lib", "-lws2_32_mine"];
        assert_eq!(built(&given), [&COMPILE[..], &given, &LINK].concat());
    }

    #[test]
    fn bytes_that_are_not_utf_8_pass_through() {
        use std::os::unix::ffi::OsStringExt;
        let name = OsString::from_vec(vec![b'x', 0xff, b'.', b'c']);
        assert!(arguments(&home(), std::slice::from_ref(&name)).contains(&name));
    }

    #[test]
    fn the_extension_tells_the_language() {
        let of = |name: &str| Language::of_file(Path::new(name));
        assert_eq!(of("a/x.c"), Some(Language::C));
        for name in ["x.cc", "x.cpp", "x.cxx", "x.c++", "x.C"] {
            assert_eq!(of(name), Some(Language::Cxx), "{name}");
        }
        assert_eq!(of("x.h"), None);
        assert_eq!(of("c"), None);
    }
}

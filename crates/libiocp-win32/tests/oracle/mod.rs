//! The lists of what the C headers declare (`include/oracle`), and a C program that measures it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A structure and the fields that a program can name.
pub(crate) struct Structure {
    /// The type as C spells it.
    pub(crate) name: String,
    /// Its fields.
    pub(crate) fields: Vec<String>,
    /// Whether `windows-sys` has it.
    pub(crate) in_windows_sys: bool,
}

/// A constant.
pub(crate) struct Constant {
    /// Its name.
    pub(crate) name: String,
    /// Whether `windows-sys` has it.
    pub(crate) in_windows_sys: bool,
    /// Whether mingw-w64's headers have it.
    pub(crate) in_mingw: bool,
}

/// A function that the library exports.
pub(crate) struct Function {
    /// The name in a source.
    pub(crate) name: String,
    /// The name in the library.
    pub(crate) symbol: String,
    /// The type of the result.
    pub(crate) result: String,
    /// The types of the parameters.
    pub(crate) parameters: String,
}

/// The three lists.
pub(crate) struct Lists {
    /// `structs.txt`
    pub(crate) structures: Vec<Structure>,
    /// `constants.txt`
    pub(crate) constants: Vec<Constant>,
    /// `functions.txt`
    pub(crate) functions: Vec<Function>,
}

/// What a compiler made of the headers.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Size and alignment of each structure.
    pub(crate) structures: BTreeMap<String, (u64, u64)>,
    /// Offset and size of each field, by `structure field`.
    pub(crate) fields: BTreeMap<String, (u64, u64)>,
    /// Value and size of each constant.
    pub(crate) constants: BTreeMap<String, (u64, u64)>,
}

/// The directory of the headers.
pub(crate) fn include_directory() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = manifest.join("include");
    if own.is_dir() { own } else { manifest.join("../crates/libiocp-win32/include") }
}

fn lines(file: &str) -> Vec<String> {
    let path = include_directory().join("oracle").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().filter(|line| !line.starts_with('#')).map(String::from).collect()
}

/// Reads the lists.
pub(crate) fn lists() -> Lists {
    let structures = lines("structs.txt").iter().map(|line| structure(line)).collect();
    let constants = lines("constants.txt").iter().map(|line| constant(line)).collect();
    let functions = lines("functions.txt").iter().map(|line| function(line)).collect();
    Lists { structures, constants, functions }
}

fn structure(line: &str) -> Structure {
    let mut parts = line.split('|');
    let mut next = || parts.next().unwrap_or_default().to_string();
    let name = next();
    let fields = next().split_whitespace().map(String::from).collect();
    Structure { name, fields, in_windows_sys: next().is_empty() }
}

fn constant(line: &str) -> Constant {
    let mut words = line.split_whitespace();
    let name = words.next().unwrap_or_default().to_string();
    let unknown: Vec<&str> = words.collect();
    Constant {
        name,
        in_windows_sys: !unknown.contains(&"windows-sys"),
        in_mingw: !unknown.contains(&"mingw"),
    }
}

fn function(line: &str) -> Function {
    let mut parts = line.split('|').map(String::from);
    let mut next = || parts.next().expect("four columns");
    Function { name: next(), symbol: next(), result: next(), parameters: next() }
}

/// Headers that together declare everything in the lists.
pub(crate) const INCLUDES: &str = "#define WIN32_NO_STATUS\n#define STRSAFE_NO_DEPRECATE\n\
    #include <winsock2.h>\n#include <ws2tcpip.h>\n#include <mswsock.h>\n#include <windows.h>\n\
    #include <mstcpip.h>\n#include <afunix.h>\n#include <process.h>\n#include <winternl.h>\n\
    #undef WIN32_NO_STATUS\n#include <ntstatus.h>\n#include <strsafe.h>\n#include <excpt.h>\n\
    #include <stddef.h>\n#include <stdio.h>\n";

/// A C program that prints the layout of each structure and the value of each constant.
pub(crate) fn measuring_program(lists: &Lists) -> String {
    let mut source = String::from(INCLUDES);
    source += "#define S unsigned long long\n\
        static void line(const char *what, const char *name, S a, S b)\n\
        { printf(\"%s|%s|%llu|%llu\\n\", what, name, a, b); }\nint main(void)\n{\n";
    for structure in &lists.structures {
        let name = &structure.name;
        let _ = writeln!(source, "line(\"s\", \"{name}\", sizeof({name}), _Alignof({name}));");
        for field in &structure.fields {
            let _ = writeln!(
                source,
                "line(\"f\", \"{name} {field}\", offsetof({name}, {field}), \
                 sizeof((({name} *)0)->{field}));"
            );
        }
    }
    for constant in &lists.constants {
        let name = &constant.name;
        let _ = writeln!(source, "line(\"c\", \"{name}\", (S)({name}), sizeof({name}));");
    }
    source + "return 0;\n}\n"
}

/// A fresh directory for a test's files.
pub(crate) fn work_directory(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let unique = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(format!("libiocp-{name}-{unique}"));
    std::fs::create_dir_all(&path).expect("a directory for temporary files");
    path
}

/// Runs a command; its output, or what it wrote to standard error.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// Compiles and runs the measuring program with this library's headers.
pub(crate) fn measure(lists: &Lists) -> Result<Measured, String> {
    let work = work_directory("layouts");
    let (source, program) = (work.join("measure.c"), work.join("measure"));
    std::fs::write(&source, measuring_program(lists)).map_err(|e| e.to_string())?;
    let include = include_directory().join("win32");
    let compile = ["-std=gnu11", "-w", "-fshort-wchar", "-isystem"];
    run(Command::new("cc").args(compile).arg(include).arg(&source).arg("-o").arg(&program))?;
    let text = run(&mut Command::new(&program));
    let _ = std::fs::remove_dir_all(&work);
    let mut measured = Measured::default();
    for line in text?.lines() {
        let columns: Vec<&str> = line.split('|').collect();
        let number = |at: usize| columns[at].parse::<u64>().expect("a number");
        let pair = (number(2), number(3));
        let table = match columns[0] {
            "s" => &mut measured.structures,
            "f" => &mut measured.fields,
            _ => &mut measured.constants,
        };
        table.insert(columns[1].to_string(), pair);
    }
    Ok(measured)
}

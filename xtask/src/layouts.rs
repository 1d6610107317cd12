//! The C headers against mingw-w64's: every structure's layout, every constant and every
//! prototype. Nothing is run: mingw-w64's compiler checks static assertions.

#[allow(dead_code, reason = "the tests of libiocp-win32 use the rest")]
#[path = "../../crates/libiocp-win32/tests/oracle/mod.rs"]
mod oracle;

use std::fmt::Write as _;
use std::process::Command;

use oracle::{Lists, Measured};

const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Compares the headers with mingw-w64's.
pub(crate) fn run() -> Result<(), String> {
    let lists = oracle::lists();
    let measured = oracle::measure(&lists)?;
    let work = oracle::work_directory("mingw");
    let source = work.join("compare.c");
    std::fs::write(&source, comparison(&lists, &measured)).map_err(|e| e.to_string())?;
    let errors = [
        "-Werror=incompatible-pointer-types",
        "-Werror=implicit-function-declaration",
        "-Werror=int-conversion",
    ];
    let result = oracle::run(
        Command::new(COMPILER)
            .args(["-std=gnu11", "-fsyntax-only", "-fmax-errors=0"])
            .args(errors)
            .arg(&source),
    );
    let _ = std::fs::remove_dir_all(&work);
    result.map(|_| ())
}

/// A C file that mingw-w64's compiler takes only if its headers say the same.
fn comparison(lists: &Lists, measured: &Measured) -> String {
    let mut source = String::from("#define _WIN32_WINNT 0x0A00\n");
    source += oracle::INCLUDES;
    source += "#define SAME(fact) _Static_assert(fact, #fact)\n";
    for structure in &lists.structures {
        let name = &structure.name;
        let (size, align) = measured.structures[name];
        let _ = writeln!(source, "SAME(sizeof({name}) == {size} && _Alignof({name}) == {align});");
        for field in &structure.fields {
            let (offset, size) = measured.fields[&format!("{name} {field}")];
            let _ = writeln!(
                source,
                "SAME(offsetof({name}, {field}) == {offset} && \
                 sizeof((({name} *)0)->{field}) == {size});"
            );
        }
    }
    for constant in lists.constants.iter().filter(|c| c.in_mingw) {
        let name = &constant.name;
        let (value, size) = measured.constants[name];
        let value = if size == 8 { value } else { u64::from(value as u32) };
        let kind = if size == 8 { "unsigned long long" } else { "unsigned" };
        let _ = writeln!(source, "SAME(sizeof({name}) == {size} && ({kind})({name}) == {value}u);");
    }
    for constant in lists.constants.iter().filter(|c| !c.in_mingw) {
        let name = &constant.name;
        let _ = writeln!(source, "#ifdef {name}\n#error mingw-w64 has {name}\n#endif");
    }
    for function in &lists.functions {
        let (name, result, parameters) = (&function.name, &function.result, &function.parameters);
        let _ = writeln!(source, "{result} (*check_{name})({parameters}) = {name};");
    }
    source
}

//! The C headers compile wherever a Win32 source includes them, and mean what Windows means.
//!
//! Each compiler that is installed is used; one C and one C++ compiler must be.

#[allow(dead_code, reason = "each test and xtask use a part")]
mod oracle;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A compiler, its language options, and whether it is for C++.
struct Compiler {
    command: &'static str,
    options: &'static [&'static str],
}

const COMPILERS: [Compiler; 5] = [
    Compiler { command: "cc", options: &["-xc", "-std=c11"] },
    Compiler { command: "gcc", options: &["-xc", "-std=gnu17"] },
    Compiler { command: "clang", options: &["-xc", "-std=c17", "-DUNICODE", "-D_UNICODE"] },
    Compiler { command: "g++", options: &["-xc++", "-std=c++17"] },
    Compiler { command: "clang++", options: &["-xc++", "-std=c++20", "-DUNICODE", "-D_UNICODE"] },
];

impl Compiler {
    fn is_cplusplus(&self) -> bool {
        self.options[0] == "-xc++"
    }

    /// The compiler with the options of a Win32 source.
    fn command(&self) -> Command {
        let mut command = Command::new(self.command);
        command.args(self.options).args(["-Wall", "-Wextra", "-Werror", "-fshort-wchar"]);
        command.arg("-Wno-unknown-pragmas");
        command.arg("-isystem").arg(oracle::include_directory().join("win32"));
        command
    }
}

/// The compilers that are installed.
fn compilers() -> Vec<&'static Compiler> {
    let installed = |c: &&Compiler| {
        Command::new(c.command).arg("--version").output().is_ok_and(|o| o.status.success())
    };
    let found: Vec<&Compiler> = COMPILERS.iter().filter(installed).collect();
    assert!(found.iter().any(|c| !c.is_cplusplus()), "a C compiler is needed");
    found
}

fn header_names() -> Vec<String> {
    let directory = oracle::include_directory().join("win32");
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .expect("the headers")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".h"))
        .collect();
    names.sort();
    names
}

/// Compiles a source without linking it.
fn check(compiler: &Compiler, work: &Path, text: &str) -> Result<(), String> {
    let source = work.join("source.c");
    std::fs::write(&source, text).expect("a temporary file");
    let result = oracle::run(compiler.command().args(["-fsyntax-only"]).arg(&source));
    result.map(|_| ()).map_err(|e| format!("{text}\n{e}"))
}

/// The first compiler of each language.
fn one_of_each_language() -> Vec<&'static Compiler> {
    let all = compilers();
    let first =
        |cplusplus| all.iter().copied().find(move |c: &&Compiler| c.is_cplusplus() == cplusplus);
    [first(false), first(true)].into_iter().flatten().collect()
}

#[test]
fn every_header_compiles_alone_without_warnings() {
    let work = oracle::work_directory("alone");
    for compiler in one_of_each_language() {
        for header in header_names() {
            let text = format!("#include <{header}>\nint main(void) {{ return 0; }}\n");
            check(compiler, &work, &text).unwrap_or_else(|e| panic!("{e}"));
        }
    }
    let _ = std::fs::remove_dir_all(&work);
}

#[test]
fn all_headers_compile_together_in_each_order_without_warnings() {
    let work = oracle::work_directory("together");
    for compiler in compilers() {
        let mut names = header_names();
        for _ in 0..2 {
            let all: String = names.iter().map(|name| format!("#include <{name}>\n")).collect();
            let text = format!("{all}int main(void) {{ return 0; }}\n");
            check(compiler, &work, &text).unwrap_or_else(|e| panic!("{e}"));
            names.reverse();
        }
    }
    let _ = std::fs::remove_dir_all(&work);
}

const LIBC_HEADERS: [&str; 22] = [
    "arpa/inet.h",
    "ctype.h",
    "errno.h",
    "fcntl.h",
    "math.h",
    "netdb.h",
    "netinet/in.h",
    "netinet/tcp.h",
    "pthread.h",
    "signal.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "sys/socket.h",
    "sys/stat.h",
    "sys/time.h",
    "sys/types.h",
    "sys/un.h",
    "time.h",
    "unistd.h",
    "wchar.h",
    "sys/resource.h",
];

const CPLUSPLUS_HEADERS: [&str; 14] = [
    "algorithm",
    "atomic",
    "chrono",
    "cstdio",
    "cstring",
    "ctime",
    "functional",
    "iostream",
    "map",
    "memory",
    "mutex",
    "string",
    "thread",
    "vector",
];

/// Uses what both libc and Winsock have, and what only Winsock has.
const USE: &str = r#"
int main(void)
{
    struct sockaddr_in address;
    struct timeval moment = {1, 2};
    fd_set set;
    WSABUF buffer = {0, NULL};
    u_long on = 1;
    char name[8];
    SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    memset(&address, 0, sizeof address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FD_ZERO(&set);
    FD_SET(s, &set);
    if (FD_ISSET(s, &set) && sizeof(struct timeval) != 8) return 1;
    if (SOL_SOCKET != 0xffff || AF_INET6 != 23 || MSG_WAITALL != 8) return 2;
    ioctlsocket(s, FIONBIO, &on);
    gethostname(name, sizeof name);
    return bind(s, (struct sockaddr *)&address, sizeof address) + (int)buffer.len +
           (int)moment.tv_sec;
}
"#;

fn both_orders(header: &str) -> [String; 2] {
    let windows = "#include <winsock2.h>\n#include <ws2tcpip.h>\n#include <windows.h>\n";
    [format!("#include <{header}>\n{windows}{USE}"), format!("{windows}#include <{header}>\n{USE}")]
}

#[test]
fn each_header_of_libc_comes_before_or_after() {
    let work = oracle::work_directory("orders");
    for compiler in one_of_each_language() {
        let cplusplus: &[&str] = if compiler.is_cplusplus() { &CPLUSPLUS_HEADERS } else { &[] };
        let c = if compiler.is_cplusplus() { &[][..] } else { &LIBC_HEADERS[..] };
        for text in c.iter().chain(cplusplus).flat_map(|header| both_orders(header)) {
            check(compiler, &work, &text).unwrap_or_else(|e| panic!("{e}"));
        }
    }
    let _ = std::fs::remove_dir_all(&work);
}

#[test]
fn all_headers_of_libc_come_before_or_after() {
    let work = oracle::work_directory("all-orders");
    for compiler in compilers() {
        let cplusplus: &[&str] = if compiler.is_cplusplus() { &CPLUSPLUS_HEADERS } else { &[] };
        let all: Vec<&str> = LIBC_HEADERS.iter().chain(cplusplus).copied().collect();
        for text in both_orders(&all.join(">\n#include <")) {
            check(compiler, &work, &text).unwrap_or_else(|e| panic!("{e}"));
        }
    }
    let _ = std::fs::remove_dir_all(&work);
}

#[test]
fn winsock_names_are_the_librarys_symbols() {
    let lists = oracle::lists();
    let work = oracle::work_directory("symbols");
    let mut text = oracle::INCLUDES.to_string();
    for function in &lists.functions {
        text += &format!("void *use_{0} = (void *){0};\n", function.name);
    }
    for order in ["", "#include <sys/socket.h>\n#include <netdb.h>\n#include <unistd.h>\n"] {
        let (source, object) = (work.join("use.c"), work.join("use.o"));
        std::fs::write(&source, format!("{order}{text}")).expect("a temporary file");
        oracle::run(
            Command::new("cc")
                .args(["-fshort-wchar", "-w", "-c", "-isystem"])
                .arg(oracle::include_directory().join("win32"))
                .arg(&source)
                .arg("-o")
                .arg(&object),
        )
        .unwrap_or_else(|e| panic!("{e}"));
        let symbols = oracle::run(Command::new("nm").arg("-u").arg(&object)).expect("nm");
        let used: BTreeSet<&str> =
            symbols.lines().filter_map(|line| line.split_whitespace().last()).collect();
        for function in &lists.functions {
            assert!(used.contains(function.symbol.as_str()), "{} is not used", function.symbol);
        }
    }
    let _ = std::fs::remove_dir_all(&work);
}

/// What a compiler says that it was told: `gcc -aux-info` lists every declaration.
#[test]
fn the_list_of_functions_is_what_the_headers_declare() {
    if Command::new("gcc").arg("--version").output().is_err() {
        return;
    }
    let work = oracle::work_directory("declared");
    let (source, listing) = (work.join("all.c"), work.join("all.txt"));
    std::fs::write(&source, oracle::INCLUDES).expect("a temporary file");
    oracle::run(
        Command::new("gcc")
            .args(["-fshort-wchar", "-fsyntax-only", "-isystem"])
            .arg(oracle::include_directory().join("win32"))
            .arg("-aux-info")
            .arg(&listing)
            .arg(&source),
    )
    .unwrap_or_else(|e| panic!("{e}"));
    let text = std::fs::read_to_string(&listing).expect("the listing");
    let declared: BTreeSet<String> = text
        .lines()
        .filter(|line| line.contains("/_libiocp/") && !line.contains("*/ static"))
        .filter_map(|line| {
            let head = line.split(" (").next()?;
            Some(head.rsplit([' ', '*']).next()?.to_string())
        })
        .filter(|name| name != "iocp_wmain_entry")
        .collect();
    let listed: BTreeSet<String> = oracle::lists().functions.into_iter().map(|f| f.name).collect();
    assert_eq!(declared, listed);
    let _ = std::fs::remove_dir_all(&work);
}

/// Compiles a program that needs no library and runs it.
fn compile_and_run(
    compiler: &Compiler,
    source: &str,
    arguments: &[&str],
) -> Result<String, String> {
    let work = oracle::work_directory("program");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(source);
    let program = work.join("program");
    let result = oracle::run(compiler.command().arg("-O1").arg(&file).arg("-o").arg(&program))
        .and_then(|_| oracle::run(Command::new(&program).args(arguments)));
    let _ = std::fs::remove_dir_all(&work);
    result
}

#[test]
fn the_c_runtimes_functions_do_what_microsofts_do() {
    for compiler in compilers() {
        let output = compile_and_run(compiler, "crt.c", &["\u{e9}"]);
        assert_eq!(output.as_deref(), Ok("ok\n"), "{} {:?}", compiler.command, compiler.options);
    }
}

#[test]
fn try_and_finally_follow_every_way_out() {
    for compiler in compilers() {
        let output = compile_and_run(compiler, "seh.c", &[]);
        assert_eq!(output.as_deref(), Ok("ok\n"), "{} {:?}", compiler.command, compiler.options);
    }
}

#[test]
fn a_return_that_would_skip_a_finally_block_ends_the_program() {
    for compiler in compilers() {
        let error = compile_and_run(compiler, "seh.c", &["return"]).expect_err("it is aborted");
        assert!(error.contains("left by return"), "{error}");
    }
}

#[test]
fn samples_in_microsofts_manner_compile() {
    for sample in ["echo_server.c", "echo_server.cpp"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(sample);
        for compiler in compilers().iter().filter(|c| c.is_cplusplus() == sample.ends_with("cpp")) {
            oracle::run(compiler.command().arg("-fsyntax-only").arg(&file))
                .unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

/// The shared library that cargo built beside this test, under the name that programs load.
fn library_directory(work: &Path) -> std::path::PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let deps = test.parent().expect("a directory");
    let beside = deps.join("libiocp.so");
    let library = if beside.exists() { beside } else { deps.join("../libiocp.so") };
    for name in ["libiocp.so", "libiocp.so.0"] {
        let _ = std::os::unix::fs::symlink(&library, work.join(name));
    }
    work.to_path_buf()
}

/// The arguments and the environment variables of one run.
type Run<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// Compiles a program that has the prefixed header, and runs it with each list of arguments and
/// environment variables; what it prints.
fn run_prefixed(
    compiler: &Compiler,
    (source, definitions): (&str, &[&str]),
    runs: &[Run<'_>],
) -> Vec<String> {
    let work = oracle::work_directory("prefixed");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(source);
    let library = library_directory(&work);
    let program = work.join("program");
    let mut command = compiler.command();
    command.args(definitions).arg("-I").arg(oracle::include_directory()).arg(&file);
    command.arg("-o").arg(&program).arg("-L").arg(&library).args(["-liocp", "-pthread"]);
    oracle::run(&mut command).unwrap_or_else(|e| panic!("{e}"));
    let run = |(arguments, variables): &Run<'_>| {
        let mut command = Command::new(&program);
        command.args(*arguments).envs(variables.iter().copied());
        oracle::run(command.env("LD_LIBRARY_PATH", &library)).unwrap_or_else(|e| panic!("{e}"))
    };
    let printed = runs.iter().map(run).collect();
    let _ = std::fs::remove_dir_all(&work);
    printed
}

#[test]
fn the_prefixed_header_goes_with_every_other() {
    for compiler in compilers() {
        for definitions in [&[][..], &["-DWITH_WINDOWS"][..]] {
            let printed = run_prefixed(compiler, ("prefixed.c", definitions), &[(&[], &[])]);
            assert_eq!(printed, ["ok\n"]);
        }
    }
}

/// Rules: PORT-106, PORT-115.
#[test]
fn port_106_a_port_can_be_told_how_to_see_blocked_threads() {
    const AUTO: &str = "0";
    const PERF: &str = "1";
    const PROC: &str = "2";
    let runs: Vec<Run<'_>> = vec![
        (&[AUTO], &[("LIBIOCP_ENGINE", "uring")]),
        (&[PROC], &[("LIBIOCP_ENGINE", "uring")]),
        (&[PROC], &[("LIBIOCP_ENGINE", "epoll"), ("LIBIOCP_BLOCKED", "off")]),
        (&[AUTO], &[("LIBIOCP_ENGINE", "epoll"), ("LIBIOCP_BLOCKED", "proc")]),
        (&[AUTO], &[("LIBIOCP_ENGINE", "epoll"), ("LIBIOCP_BLOCKED", "perf")]),
    ];
    let compiler = compilers()[0];
    for printed in run_prefixed(compiler, ("blocked.c", &[]), &runs) {
        assert_eq!(printed, "ok\n");
    }
    // Not every system allows this one.
    let runs: Vec<Run<'_>> =
        vec![(&[PERF], &[("LIBIOCP_ENGINE", "uring")]), (&[PERF], &[("LIBIOCP_ENGINE", "epoll")])];
    let can_be_had = libiocp::BlockDetection::Perf.check().is_ok();
    for printed in run_prefixed(compiler, ("blocked.c", &[]), &runs) {
        assert_eq!(printed, if can_be_had { "ok\n" } else { "refused\n" });
    }
}

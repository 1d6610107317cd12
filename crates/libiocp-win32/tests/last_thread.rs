//! How a process ends whose initial thread has left by `ExitThread`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// Each case prints what it has done, and leaves `main` by `ExitThread`.
const PROGRAM: &str = r#"
#include <windows.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static HANDLE port, file;
static OVERLAPPED overlapped;
static char buffer[4096] __attribute__((aligned(4096)));

/* Starts what the library has threads for. */
static void use_everything(void)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *done;

    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    file = CreateFileA("file", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_OVERLAPPED, NULL);
    CreateIoCompletionPort(file, port, 1, 0);
    WriteFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    if (!GetQueuedCompletionStatus(port, &bytes, &key, &done, 60000)) abort();
}

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static DWORD WINAPI returns(void *unused)
{
    (void)unused;
    Sleep(200);
    say("thread");
    return 7;
}

static void *of_another_library(void *unused)
{
    Sleep(200);
    say("thread");
    return unused;
}

/* The thread whose end the next one waits for, so that the last to begin is the last to end. */
static HANDLE before;

static void is_before(void)
{
    HANDLE process = GetCurrentProcess();

    if (!DuplicateHandle(process, GetCurrentThread(), process, &before, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) abort();
}

/* A chain: at each moment one thread of the program's is there, for a moment only. */
static DWORD WINAPI hands_on(void *left)
{
    if (WaitForSingleObject(before, 60000) != WAIT_OBJECT_0) abort();
    CloseHandle(before);
    if (!left) {
        say("end of the chain");
        return 9;
    }
    is_before();
    CloseHandle(CreateThread(NULL, 0, hands_on, (char *)left - 1, 0, NULL));
    return 1;
}

int main(int count, char **arguments)
{
    pthread_t thread;

    switch (count > 1 ? atoi(arguments[1]) : 0) {
    case 1: use_everything(); ExitThread(5);
    case 2: CloseHandle(CreateThread(NULL, 0, returns, NULL, 0, NULL)); ExitThread(5);
    case 3: use_everything(); pthread_create(&thread, NULL, of_another_library, NULL);
            ExitThread(5);
    case 4: use_everything(); is_before();
            CloseHandle(CreateThread(NULL, 0, hands_on, (void *)2000, 0, NULL));
            ExitThread(5);
    case 5: ExitThread(6);
    }
    return 3;
}
"#;

/// The shared library that Cargo built beside this test, under the names that
/// the linker and the loader look for.
fn library(directory: &Path) {
    let test = std::env::current_exe().expect("the path of this test");
    let beside = test.parent().expect("a directory");
    let above = beside.parent().expect("a profile");
    let places = [beside, above].map(|place| place.join("libiocp.so"));
    let built = places.iter().find(|place| place.exists()).expect("the library was built");
    for name in ["libiocp.so", "libiocp.so.0"] {
        let link = directory.join(name);
        let _ = fs::remove_file(&link);
        symlink(built, &link).expect("a link to the library");
    }
}

fn program() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("last_thread");
    fs::create_dir_all(&directory).expect("a directory");
    library(&directory);
    let (source, program) = (directory.join("program.c"), directory.join("program"));
    fs::write(&source, PROGRAM).expect("the source");
    let headers = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/win32");
    let status = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=gnu11", "-g", "-fshort-wchar", "-pthread", "-isystem"])
        .args([&headers, &source])
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&directory)
        .arg(format!("-Wl,-rpath,{}", directory.display()))
        .arg("-liocp")
        .status()
        .expect("a C compiler");
    assert!(status.success());
    program
}

/// How the program ends, and what it prints.
fn outcome(program: &Path, case: u32, engine: &str) -> (Option<i32>, String) {
    let directory = program.with_file_name(format!("run-{engine}-{case}"));
    fs::create_dir_all(&directory).expect("a directory");
    let log = directory.join("log");
    let mut child = Command::new(program)
        .arg(case.to_string())
        .current_dir(&directory)
        .env("LIBIOCP_ENGINE", engine)
        .stdout(fs::File::create(&log).expect("a log"))
        .spawn()
        .expect("the program");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its state") {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill().expect("its end");
            break child.wait().expect("its end");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    (status.code(), fs::read_to_string(&log).expect("the log"))
}

/// Windows: the process ends when its last thread has, with that thread's code.
/// Rules: HND-62
#[test]
fn hnd_062_a_process_ends_with_the_last_thread_of_the_program() {
    let program = program();
    for engine in ["uring", "epoll"] {
        let end = |case| outcome(&program, case, engine);
        assert_eq!(end(1), (Some(5), String::new()), "on {engine}: none but the library's own");
        assert_eq!(end(2), (Some(7), "thread\n".to_owned()), "on {engine}: a thread is left");
        assert_eq!(end(3), (Some(5), "thread\n".to_owned()), "on {engine}: a foreign one");
        let chain = end(4);
        assert_eq!(chain, (Some(9), "end of the chain\n".to_owned()), "on {engine}: a chain");
        assert_eq!(end(5), (Some(6), String::new()), "on {engine}: nothing was ever used");
    }
}

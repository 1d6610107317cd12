//! What keeps a panic from crossing into C.

use std::fs;
use std::path::{Path, PathBuf};

/// They end the calling thread, or make calls of the program's that may: that unwinds the
/// program's frames. What they do themselves is behind an `extern "C"` function.
const MAY_UNWIND: [&str; 14] = [
    "ExitThread",
    "GetOverlappedResultEx",
    "GetQueuedCompletionStatusEx",
    "NtDelayExecution",
    "NtRemoveIoCompletionEx",
    "NtTestAlert",
    "NtWaitForMultipleObjects",
    "NtWaitForSingleObject",
    "SignalObjectAndWait",
    "SleepEx",
    "WSAWaitForMultipleEvents",
    "WaitForMultipleObjectsEx",
    "WaitForSingleObjectEx",
    "_endthreadex",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The declarations of exported functions: what stands between the attribute and the name.
fn exported(text: &str) -> Vec<(String, String)> {
    let after = text.split("#[unsafe(no_mangle)]\n").skip(1);
    let declaration = after.filter_map(|rest| {
        let (head, tail) = rest.split_once("fn ")?;
        let name = tail.split(['(', '<']).next()?;
        Some((name.to_owned(), head.to_owned()))
    });
    declaration.collect()
}

/// Rust aborts when a panic reaches the edge of an `extern "C"` function. So what matters is that
/// every exported function is one.
#[test]
fn i23_every_exported_function_stops_panics() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let texts = files.iter().map(|path| fs::read_to_string(path).expect("a source"));
    let all: Vec<_> = texts.flat_map(|text| exported(&text)).collect();
    assert!(all.len() > 250, "{} exported functions", all.len());
    for (name, head) in all {
        let abi = if MAY_UNWIND.contains(&name.as_str()) { "C-unwind" } else { "C" };
        assert!(head.contains(&format!("extern \"{abi}\" ")), "{name}: {head}");
    }
}

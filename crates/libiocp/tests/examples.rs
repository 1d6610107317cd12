//! The programs of `examples/rust`, built and tried.

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use support::{LIMIT, temporary_path};

const ENGINES: [&str; 2] = ["uring", "epoll"];

/// An example, built as this test is.
fn example(name: &str, engine: &str) -> Command {
    let test = std::env::current_exe().expect("this test has a path");
    let profile = test.ancestors().nth(2).expect("it is in the target directory");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "libiocp", "--example", name]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    build.arg("--target-dir").arg(profile.parent().expect("it is deeper"));
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().expect("cargo is here: it runs this test").success());
    let mut command = Command::new(profile.join("examples").join(name));
    command.env("LIBIOCP_ENGINE", engine);
    command
}

/// The copy of a file is the file, also one that ends within a block.
#[test]
fn file_copy_copies() {
    for engine in ENGINES {
        for length in [0, 1, 65536, 3 * 65536 + 1234] {
            let (source, target) = (temporary_path(), temporary_path());
            let bytes: Vec<u8> = (0..length).map(|n: u32| (n / 7) as u8).collect();
            std::fs::write(&source, &bytes).unwrap();
            let mut command = example("file_copy", engine);
            let status = command.args([&source, &target]).stderr(Stdio::null()).status().unwrap();
            assert!(status.success(), "{engine}: {status}");
            assert!(std::fs::read(&target).unwrap() == bytes, "{engine}: the copy differs");
            std::fs::remove_file(source).unwrap();
            std::fs::remove_file(target).unwrap();
        }
    }
}

/// Every client gets back what it sends, and the server ends with its input.
#[test]
fn echo_server_echoes() {
    for engine in ENGINES {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut command = example("echo_server", engine);
        command.arg(address.port().to_string()).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut server = Server(command.spawn().unwrap());
        let mut clients: Vec<_> = (0..20).map(|_| connect(address)).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.set_read_timeout(Some(LIMIT)).unwrap();
            let bytes = vec![number as u8; 20_000];
            client.write_all(&bytes).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut echo = Vec::new();
            client.read_to_end(&mut echo).unwrap();
            assert!(echo == bytes, "{engine}: the echo differs");
        }
        drop(server.0.stdin.take());
        let mut report = String::new();
        server.0.stderr.take().unwrap().read_to_string(&mut report).unwrap();
        assert!(server.0.wait().unwrap().success(), "{engine}: {report}");
        assert!(report.contains("20 connections, 400000 bytes"), "{engine}: {report}");
    }
}

/// A server that does not outlive its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server may still be on its way.
fn connect(address: std::net::SocketAddr) -> TcpStream {
    let start = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(start.elapsed() < LIMIT, "no server: {error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

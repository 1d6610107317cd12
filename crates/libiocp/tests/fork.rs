//! The child of a fork that does not exec has no engine: every call says so,
//! and what it drops stays open in the parent.
#![allow(unsafe_code)]

mod support;

use libiocp::{File, win32_code};
use std::io::Read;
use std::time::Duration;
use support::{get, on_kernel_engines};

const ERROR_NOT_SUPPORTED: Option<u32> = Some(50);

/// A clear error in the child; the parent's operations go on.
#[test]
fn a_forked_child_gets_an_error_and_closes_nothing() {
    on_kernel_engines(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        other.associate(&port, 1).unwrap();
        let operation = other.start_receive(vec![0; 5]).unwrap();
        // SAFETY: the child calls nothing but what is under test, and exits.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let answers = [
                port.get(Some(Duration::ZERO)).map(drop),
                port.post(1, 1),
                other.start_receive(vec![0; 5]).map(drop).map_err(Into::into),
                (&other).read(&mut [0; 1]).map(drop),
                one.shutdown(std::net::Shutdown::Both),
                File::options().read(true).engine(&world.engine).open("/dev/null").map(drop),
                libiocp::CompletionPort::with_engine(&world.engine, 1).map(drop),
            ];
            let is_right = |it: &Result<(), std::io::Error>| {
                it.as_ref().err().is_some_and(|error| win32_code(error) == ERROR_NOT_SUPPORTED)
            };
            let wrong = answers.iter().filter(|it| !is_right(it)).count();
            let cancels = operation.cancel() || other.cancel_all();
            drop((operation, one, other, port));
            // SAFETY: ends the child at once, without the parent's clean-up.
            unsafe { libc::_exit(wrong as i32 + i32::from(cancels) * 64) };
        }
        let mut status = 0;
        // SAFETY: the status has room.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status), "the child ended with {status:#x}");
        assert_eq!(libc::WEXITSTATUS(status), 0, "calls that did not say 50");
        assert!(operation.is_pending());
        one.start_send(*b"after").unwrap();
        assert_eq!(get(&port).result().unwrap(), 5);
    });
}

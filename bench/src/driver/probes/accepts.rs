//! Accepting connections one by one, and by one operation for all.
#![allow(unsafe_code)]

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::thread;

use bench::epoll::{self, Epoll};
use bench::process::Failure;
use bench::report::Table;
use bench::server;
use bench::uring::Ring;
use io_uring::{opcode, types::Fd};

use super::{Run, race, timed};
use crate::driver::Settings;

#[derive(Clone, Copy)]
enum Way {
    Readiness,
    Once,
    Multishot,
}

pub(super) fn measure(settings: &Settings, table: &mut Table) -> Result<(), Failure> {
    let ways = [
        ("accept4, then epoll", Way::Readiness),
        ("io_uring accept", Way::Once),
        ("io_uring multishot accept", Way::Multishot),
    ];
    let count = settings.pick(20_000, 2_000);
    race(settings, table, "accepts", &ways, |way| run(way, count))
}

fn run(way: Way, count: usize) -> Result<Run, Failure> {
    let door = server::listener(0)?;
    let address = door.local_addr()?;
    let client = thread::spawn(move || connect(address, count));
    let run = timed(|| {
        match way {
            Way::Readiness => by_readiness(&door, count)?,
            Way::Once => by_ring(&door, count, false)?,
            Way::Multishot => by_ring(&door, count, true)?,
        }
        Ok(count as u64)
    });
    client.join().expect("it does not panic")?;
    run
}

/// Connects, and resets the connection, so that no port stays in use.
fn connect(to: SocketAddr, count: usize) -> io::Result<()> {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    for _ in 0..count {
        let stream = std::net::TcpStream::connect(to)?;
        let value = (&raw const linger).cast();
        // SAFETY: the option is a linger and its size is passed.
        unsafe {
            libc::setsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, value, 8);
        }
    }
    Ok(())
}

/// As the library does: a try, and a wait if it was too early.
fn by_readiness(door: &TcpListener, count: usize) -> io::Result<()> {
    let mut epoll = Epoll::new(1)?;
    door.set_nonblocking(true)?;
    epoll.add(door.as_fd(), epoll::IN, 0)?;
    let mut accepted = 0;
    while accepted < count {
        match door.accept() {
            Ok(_) => accepted += 1,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                epoll.wait(-1)?;
            }
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn by_ring(door: &TcpListener, count: usize, is_multishot: bool) -> io::Result<()> {
    let mut ring = Ring::new()?;
    let fd = Fd(door.as_raw_fd());
    let accept = || {
        if is_multishot {
            opcode::AcceptMulti::new(fd).flags(libc::SOCK_CLOEXEC).build()
        } else {
            let none = std::ptr::null_mut();
            opcode::Accept::new(fd, none, none.cast()).flags(libc::SOCK_CLOEXEC).build()
        }
    };
    let (mut accepted, mut done) = (0, Vec::new());
    // SAFETY: the operation points to nothing.
    unsafe { ring.push([accept()])? };
    while accepted < count {
        ring.wait(&mut done)?;
        for report in done.drain(..) {
            if report.result < 0 {
                return Err(io::Error::from_raw_os_error(-report.result));
            }
            // SAFETY: the descriptor was just made for this report and belongs to nobody else.
            drop(unsafe { OwnedFd::from_raw_fd(report.result) });
            accepted += 1;
            if !report.more() && accepted < count {
                // SAFETY: as above.
                unsafe { ring.push([accept()])? };
            }
        }
    }
    Ok(())
}

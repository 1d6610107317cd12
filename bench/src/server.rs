//! What every rival echo server does alike: its options, its listener, its first line.
#![allow(unsafe_code)]

use std::io::{self, Write};
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use clap::Parser;

/// Options of a rival echo server.
#[derive(Debug, Clone, Parser)]
pub struct Options {
    /// Threads that serve.
    #[arg(long, default_value_t = 1)]
    pub workers: usize,
    /// Receive buffer of a connection in bytes.
    #[arg(long, default_value_t = 4096)]
    pub size: usize,
}

/// A listener on the loopback address; port 0 asks for a free one. Several may share a port,
/// and then the kernel spreads the connections over them.
pub fn listener(port: u16) -> io::Result<TcpListener> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers.
    let fd = check(unsafe { libc::socket(libc::AF_INET, kind, 0) })?;
    // SAFETY: `fd` was just made and belongs to nobody else.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let on: libc::c_int = 1;
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    };
    // SAFETY: the option is an int and its size is passed.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_REUSEPORT,
            (&raw const on).cast(),
            mem::size_of_val(&on) as libc::socklen_t,
        )
    })?;
    // SAFETY: the address is an initialised sockaddr_in and its size is passed.
    check(unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            mem::size_of_val(&address) as libc::socklen_t,
        )
    })?;
    // SAFETY: no pointers.
    check(unsafe { libc::listen(fd.as_raw_fd(), 4096) })?;
    Ok(TcpListener::from(fd))
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// `workers` listeners that share one free port.
pub fn listeners(workers: usize) -> io::Result<Vec<TcpListener>> {
    let first = listener(0)?;
    let port = first.local_addr()?.port();
    let mut all = vec![first];
    for _ in 1..workers {
        all.push(listener(port)?);
    }
    Ok(all)
}

/// Tells the driver where to connect.
pub fn announce(listener: &TcpListener) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening {}", listener.local_addr()?.port())?;
    out.flush()
}

/// Blocks for 5 ms in a system call that nobody else hears of.
pub fn block() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    // SAFETY: `time` lives through the call, and the kernel writes no rest.
    unsafe { libc::syscall(libc::SYS_nanosleep, &raw const time, ptr::null::<libc::timespec>()) };
}

/// The loopback address with `port`.
pub fn loopback(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

//! Sends that need not copy, over the loopback.
#![allow(unsafe_code)]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;

use bench::process::Failure;
use bench::report::Table;
use bench::uring::Ring;
use io_uring::{opcode, types::Fd};

use super::{Run, race, timed};
use crate::driver::Settings;

/// Buffers that may be with the kernel at once.
const BUFFERS: usize = 8;

#[derive(Clone, Copy)]
enum Way {
    Copy,
    Flag,
    Ring,
}

pub(super) fn measure(settings: &Settings, table: &mut Table) -> Result<(), Failure> {
    let ways =
        [("send", Way::Copy), ("send, MSG_ZEROCOPY", Way::Flag), ("io_uring send_zc", Way::Ring)];
    for kib in [4, 16, 64, 256, 1024] {
        let total = settings.pick(512 << 20, 64 << 20);
        let count = total / (kib << 10);
        race(settings, table, &format!("sends of {kib} KiB"), &ways, |way| {
            run(way, kib << 10, count)
        })?;
    }
    Ok(())
}

fn run(way: Way, size: usize, count: usize) -> Result<Run, Failure> {
    let door = TcpListener::bind("127.0.0.1:0")?;
    let sender = TcpStream::connect(door.local_addr()?)?;
    let (mut receiver, _) = door.accept()?;
    let buffers = vec![vec![7u8; size]; BUFFERS];
    let reader = thread::spawn(move || -> io::Result<u64> {
        let (mut room, mut total) = (vec![0; 256 << 10], 0);
        loop {
            match receiver.read(&mut room)? {
                0 => return Ok(total),
                n => total += n as u64,
            }
        }
    });
    timed(|| {
        match way {
            Way::Copy => copy(&sender, &buffers, count)?,
            Way::Flag => flag(&sender, &buffers, count)?,
            Way::Ring => ring(&sender, &buffers, count)?,
        }
        sender.shutdown(std::net::Shutdown::Write)?;
        let total = reader.join().expect("it does not panic")?;
        assert_eq!(total, (size * count) as u64, "everything arrives");
        Ok(count as u64)
    })
}

fn copy(mut sender: &TcpStream, buffers: &[Vec<u8>], count: usize) -> io::Result<()> {
    (0..count).try_for_each(|i| sender.write_all(&buffers[i % BUFFERS]))
}

fn flag(sender: &TcpStream, buffers: &[Vec<u8>], count: usize) -> io::Result<()> {
    let (fd, on) = (sender.as_raw_fd(), 1i32);
    // SAFETY: the option is an int and its size is passed.
    unsafe {
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_ZEROCOPY, (&raw const on).cast(), 4);
    }
    let (mut calls, mut reported) = (0u32, 0u32);
    // The number of the last call for each buffer.
    let mut last = [0u32; BUFFERS];
    for i in 0..count {
        let buffer = &buffers[i % BUFFERS];
        while reported < last[i % BUFFERS] {
            await_error(fd)?;
            reported += reports(fd)?;
        }
        let mut sent = 0;
        while sent < buffer.len() {
            let rest = &buffer[sent..];
            // SAFETY: the buffer is readable, and left alone until the kernel has reported.
            let n = unsafe { libc::send(fd, rest.as_ptr().cast(), rest.len(), libc::MSG_ZEROCOPY) };
            if n < 0 {
                match io::Error::last_os_error() {
                    // Too many reports are outstanding.
                    e if e.raw_os_error() == Some(libc::ENOBUFS) => reported += reports(fd)?,
                    e => return Err(e),
                }
                continue;
            }
            sent += n as usize;
            calls += 1;
        }
        last[i % BUFFERS] = calls;
    }
    while reported < calls {
        await_error(fd)?;
        reported += reports(fd)?;
    }
    Ok(())
}

fn await_error(fd: i32) -> io::Result<()> {
    let mut poll = libc::pollfd { fd, events: 0, revents: 0 };
    // SAFETY: one record, valid for writes.
    match unsafe { libc::poll(&mut poll, 1, 10_000) } {
        1 => Ok(()),
        _ => Err(io::Error::other("no report came")),
    }
}

/// How many sends the kernel reports to be done with.
fn reports(fd: i32) -> io::Result<u32> {
    let mut control = [0u64; 16];
    let mut all = 0;
    loop {
        // SAFETY: all zeroes is a valid msghdr.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control);
        let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
        // SAFETY: the message points to a live local.
        if unsafe { libc::recvmsg(fd, &mut message, flags) } < 0 {
            match io::Error::last_os_error() {
                e if e.kind() == io::ErrorKind::WouldBlock => return Ok(all),
                e => return Err(e),
            }
        }
        // SAFETY: the kernel has put a header with a sock_extended_err there.
        let error = unsafe {
            let header = libc::CMSG_FIRSTHDR(&message);
            assert!(!header.is_null(), "a report has a header");
            libc::CMSG_DATA(header).cast::<libc::sock_extended_err>().read_unaligned()
        };
        all += error.ee_data - error.ee_info + 1;
    }
}

fn ring(sender: &TcpStream, buffers: &[Vec<u8>], count: usize) -> io::Result<()> {
    let mut ring = Ring::new()?;
    let (mut done, mut free) = (Vec::new(), (0..BUFFERS).collect::<Vec<_>>());
    let mut begun = 0;
    while begun < count || free.len() < BUFFERS {
        // One send at a time, so that they keep their order; the reports may come later.
        if begun < count
            && let Some(place) = free.pop()
        {
            begun += 1;
            let buffer = &buffers[place];
            let send =
                opcode::SendZc::new(Fd(sender.as_raw_fd()), buffer.as_ptr(), buffer.len() as u32)
                    .flags(libc::MSG_WAITALL)
                    .build()
                    .user_data(place as u64);
            // SAFETY: the buffers live, and are left alone, until the last report.
            unsafe { ring.push([send])? };
            let mut is_sent = false;
            while !is_sent {
                ring.wait(&mut done)?;
                is_sent = done.iter().any(|it| it.more());
                take(&mut done, &mut free, buffer.len())?;
            }
        } else {
            ring.wait(&mut done)?;
            take(&mut done, &mut free, buffers[0].len())?;
        }
    }
    Ok(())
}

/// Takes reports: the first of a send has its count, the second gives the buffer back.
fn take(done: &mut Vec<bench::uring::Done>, free: &mut Vec<usize>, size: usize) -> io::Result<()> {
    for report in done.drain(..) {
        if !report.more() {
            free.push(report.token as usize);
        } else if report.result != size as i32 {
            return Err(io::Error::other(format!("a send came to {}", report.result)));
        }
    }
    Ok(())
}

//! Echo by hand on io_uring: a ring on each thread, connections spread by the kernel.
//!
//! A message that arrived is answered by a send with the next receive linked to it, so that a
//! request takes one system call at most. With `--multishot` one receive serves a connection for
//! good, from buffers that the kernel picks.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread;

use bench::server;
use bench::uring::{Buffers, Done, Ring};
use clap::Parser;
use io_uring::squeue::Flags;
use io_uring::{opcode, types::Fd};

#[derive(Debug, Clone, Parser)]
struct Arguments {
    #[command(flatten)]
    server: server::Options,
    /// One receive for the life of a connection, into provided buffers.
    #[arg(long)]
    multishot: bool,
}

const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;
/// Buffers that the kernel picks from.
const BUFFERS: u16 = 2048;

/// What an operation is for: its kind, its connection and its buffer.
fn token(kind: u64, connection: usize, buffer: u16) -> u64 {
    (connection as u64) << 32 | u64::from(buffer) << 8 | kind
}

fn connection_of(token: u64) -> usize {
    (token >> 32) as usize
}

fn buffer_of(token: u64) -> u16 {
    (token >> 8) as u16
}

fn main() -> io::Result<()> {
    let options = Arguments::parse();
    let mut listeners = server::listeners(options.server.workers)?;
    server::announce(&listeners[0])?;
    let serve = if options.multishot { serve_multishot } else { serve_one_shot };
    let (last, size) = (listeners.pop().expect("one worker at least"), options.server.size);
    for listener in listeners {
        thread::spawn(move || serve(listener, size));
    }
    serve(last, size)
}

fn accept_all(ring: &mut Ring, listener: &TcpListener) -> io::Result<()> {
    let accept = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).flags(libc::SOCK_CLOEXEC);
    // SAFETY: the operation points to nothing.
    unsafe { ring.push([accept.build().user_data(ACCEPT)]) }
}

/// The connection of an accept's report; the accept is started again if it has ended.
fn accepted(ring: &mut Ring, listener: &TcpListener, done: Done) -> io::Result<TcpStream> {
    if !done.more() {
        accept_all(ring, listener)?;
    }
    if done.result < 0 {
        return Err(io::Error::from_raw_os_error(-done.result));
    }
    // SAFETY: the descriptor was just made for this report and belongs to nobody else.
    let stream = TcpStream::from(unsafe { OwnedFd::from_raw_fd(done.result) });
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection and what it received.
struct OneShot {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

fn serve_one_shot(listener: TcpListener, size: usize) -> io::Result<()> {
    let mut ring = Ring::new()?;
    let mut connections: Vec<Option<OneShot>> = Vec::new();
    let mut done = Vec::new();
    accept_all(&mut ring, &listener)?;
    loop {
        ring.wait(&mut done)?;
        for report in done.drain(..) {
            let index = connection_of(report.token);
            match report.token & 0xFF {
                ACCEPT => {
                    let stream = accepted(&mut ring, &listener, report)?;
                    let connection = OneShot { stream, buffer: vec![0; size].into() };
                    connection.answer(&mut ring, connections.len(), 0)?;
                    connections.push(Some(connection));
                }
                RECEIVE if report.result > 0 => {
                    let connection = connections[index].as_ref().expect("closed only below");
                    connection.answer(&mut ring, index, report.result as usize)?;
                }
                // The receive is this connection's last operation: a send that failed reports
                // too, and takes the receive behind it along.
                RECEIVE => connections[index] = None,
                _ => {}
            }
        }
    }
}

impl OneShot {
    /// Sends the first `length` bytes back, if any, and then receives.
    fn answer(&self, ring: &mut Ring, index: usize, length: usize) -> io::Result<()> {
        let fd = Fd(self.stream.as_raw_fd());
        let buffer = self.buffer.as_ptr().cast_mut();
        let receive = opcode::Recv::new(fd, buffer, self.buffer.len() as u32).build();
        let receive = receive.user_data(token(RECEIVE, index, 0));
        if length == 0 {
            // SAFETY: the connection goes only after its receive has reported.
            return unsafe { ring.push([receive]) };
        }
        let send = opcode::Send::new(fd, buffer, length as u32)
            .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
            .build()
            .flags(Flags::IO_LINK | Flags::SKIP_SUCCESS)
            .user_data(token(SEND, index, 0));
        // SAFETY: as above, and the receive begins when the send has ended.
        unsafe { ring.push([send, receive]) }
    }
}

/// A connection and the pieces that are to be sent back, the first of them under way.
struct Multishot {
    stream: TcpStream,
    pieces: VecDeque<(u16, u32)>,
}

fn serve_multishot(listener: TcpListener, size: usize) -> io::Result<()> {
    let mut ring = Ring::new()?;
    let buffers = Buffers::new(&ring, BUFFERS, size)?;
    let mut connections: Vec<Option<Multishot>> = Vec::new();
    let mut done = Vec::new();
    accept_all(&mut ring, &listener)?;
    loop {
        ring.wait(&mut done)?;
        for report in done.drain(..) {
            let index = connection_of(report.token);
            match report.token & 0xFF {
                ACCEPT => {
                    let stream = accepted(&mut ring, &listener, report)?;
                    let connection = Multishot { stream, pieces: VecDeque::new() };
                    connection.receive(&mut ring, connections.len())?;
                    connections.push(Some(connection));
                }
                RECEIVE => {
                    let slot = &mut connections[index];
                    if !received(&mut ring, buffers, slot, index, report)? {
                        close(buffers, slot);
                    }
                }
                _ => {
                    let slot = &mut connections[index];
                    if !sent(&mut ring, buffers, slot, index, report)? {
                        close(buffers, slot);
                    }
                    buffers.give_back(buffer_of(report.token));
                }
            }
        }
    }
}

/// Ends a connection; the buffer of the piece under way comes back with its report.
fn close(buffers: &mut Buffers, slot: &mut Option<Multishot>) {
    let pieces = slot.take().map(|connection| connection.pieces).unwrap_or_default();
    pieces.iter().skip(1).for_each(|&(id, _)| buffers.give_back(id));
}

/// Takes what a receive reports; false when the connection is over.
fn received(
    ring: &mut Ring,
    buffers: &mut Buffers,
    slot: &mut Option<Multishot>,
    index: usize,
    report: Done,
) -> io::Result<bool> {
    let (Some(connection), Some(id)) = (slot.as_mut(), report.buffer()) else {
        if let Some(id) = report.buffer() {
            buffers.give_back(id);
        }
        // Without a buffer it is the end, unless there was none to be had.
        if report.result == -libc::ENOBUFS
            && let Some(connection) = slot
        {
            connection.receive(ring, index)?;
            return Ok(true);
        }
        return Ok(false);
    };
    if report.result <= 0 {
        buffers.give_back(id);
        return Ok(false);
    }
    connection.pieces.push_back((id, report.result as u32));
    if connection.pieces.len() == 1 {
        connection.send(ring, buffers, index)?;
    }
    if !report.more() {
        connection.receive(ring, index)?;
    }
    Ok(true)
}

/// Takes what a send reports; false when the connection is over.
fn sent(
    ring: &mut Ring,
    buffers: &Buffers,
    slot: &mut Option<Multishot>,
    index: usize,
    report: Done,
) -> io::Result<bool> {
    let Some(connection) = slot else { return Ok(false) };
    let expected = connection.pieces.front().map(|&(_, length)| length as i32);
    if expected != Some(report.result) {
        return Ok(false);
    }
    connection.pieces.pop_front();
    connection.send(ring, buffers, index)?;
    Ok(true)
}

impl Multishot {
    fn receive(&self, ring: &mut Ring, index: usize) -> io::Result<()> {
        let receive = opcode::RecvMulti::new(Fd(self.stream.as_raw_fd()), 0).build();
        // SAFETY: the operation points to nothing; the buffers live as long as the process.
        unsafe { ring.push([receive.user_data(token(RECEIVE, index, 0))]) }
    }

    /// Sends the first piece, if there is one.
    fn send(&self, ring: &mut Ring, buffers: &Buffers, index: usize) -> io::Result<()> {
        let Some(&(id, length)) = self.pieces.front() else { return Ok(()) };
        let send = opcode::Send::new(Fd(self.stream.as_raw_fd()), buffers.address(id), length)
            .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL);
        // SAFETY: the buffer is given back only after this send has reported.
        unsafe { ring.push([send.build().user_data(token(SEND, index, id))]) }
    }
}

//! Echo by hand: on each thread a level-triggered epoll loop with plain reads and writes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;

use bench::epoll::{self, Epoll};
use bench::server::{self, Options};
use clap::Parser;

const LISTENER: u64 = u64::MAX;

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer was received and is still to be sent.
    pending: std::ops::Range<usize>,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let mut listeners = server::listeners(options.workers)?;
    server::announce(&listeners[0])?;
    let last = listeners.pop().expect("one worker at least");
    for listener in listeners {
        thread::spawn(move || serve(listener, options.size));
    }
    serve(last, options.size)
}

fn serve(listener: TcpListener, size: usize) -> io::Result<()> {
    let mut epoll = Epoll::new(256)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    listener.set_nonblocking(true)?;
    epoll.add(listener.as_fd(), epoll::IN, LISTENER)?;
    loop {
        for i in 0..epoll.wait(-1)? {
            let token = epoll.token(i);
            if token == LISTENER {
                accept(&epoll, &listener, &mut connections, size)?;
                continue;
            }
            let slot = &mut connections[token as usize];
            if let Some(connection) = slot
                && !connection.progress(&epoll, token)?
            {
                *slot = None;
            }
        }
    }
}

fn accept(
    epoll: &Epoll,
    listener: &TcpListener,
    connections: &mut Vec<Option<Connection>>,
    size: usize,
) -> io::Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(e) => return Err(e),
        };
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        epoll.add(stream.as_fd(), epoll::IN, connections.len() as u64)?;
        connections.push(Some(Connection { stream, buffer: vec![0; size], pending: 0..0 }));
    }
}

impl Connection {
    /// Reads or writes once after an event; false when the connection is over.
    fn progress(&mut self, epoll: &Epoll, token: u64) -> io::Result<bool> {
        let blocked_before = !self.pending.is_empty();
        if !blocked_before {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(n) => self.pending = 0..n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
        match self.stream.write(&self.buffer[self.pending.clone()]) {
            Ok(n) => self.pending.start += n,
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return Ok(false),
        }
        let blocked = !self.pending.is_empty();
        if blocked != blocked_before {
            let mask = if blocked { epoll::OUT } else { epoll::IN };
            epoll.change(self.stream.as_fd(), mask, token)?;
        }
        Ok(true)
    }
}

//! Echo on io_uring with one thread that owns the ring, and workers that get what it receives
//! through a queue: what sockets by io_uring would look like behind a completion port.
//!
//! Connections live as long as the process.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use bench::server;
use bench::uring::Ring;
use clap::Parser;
use io_uring::squeue::Flags;
use io_uring::{opcode, types::Fd};

#[derive(Debug, Clone, Parser)]
struct Arguments {
    #[command(flatten)]
    server: server::Options,
    /// The workers send themselves; only receives go to the ring.
    #[arg(long)]
    direct: bool,
}

const ACCEPT: u64 = 0;
const BELL: u64 = 1;
const SEND: u64 = 2;
/// The user data of the first connection's receive.
const FIRST: u64 = 16;

/// A connection and its buffer, which belongs to the kernel, the owner and a worker in turn.
struct Connection {
    stream: TcpStream,
    buffer: *mut u8,
    size: u32,
}

// SAFETY: the buffer has one user at a time, who passes it on under a lock or through the ring.
unsafe impl Send for Connection {}
// SAFETY: as above.
unsafe impl Sync for Connection {}

/// A connection with what it has received, or what is to be sent before its next receive.
#[derive(Clone, Copy)]
struct Packet {
    connection: &'static Connection,
    index: u64,
    length: u32,
}

struct Shared {
    inbox: Mutex<Vec<Packet>>,
    /// Whether the owner sleeps, or is about to.
    sleeps: AtomicBool,
    bell: OwnedFd,
    packets: Mutex<VecDeque<Packet>>,
    arrived: Condvar,
    is_direct: bool,
}

fn main() -> io::Result<()> {
    let options = Arguments::parse();
    let listener = server::listener(0)?;
    server::announce(&listener)?;
    // SAFETY: no pointers.
    let bell = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    if bell < 0 {
        return Err(io::Error::last_os_error());
    }
    let shared = Arc::new(Shared {
        inbox: Mutex::default(),
        sleeps: AtomicBool::new(false),
        // SAFETY: the descriptor was just made and belongs to nobody else.
        bell: unsafe { OwnedFd::from_raw_fd(bell) },
        packets: Mutex::default(),
        arrived: Condvar::new(),
        is_direct: options.direct,
    });
    for _ in 0..options.server.workers {
        let shared = Arc::clone(&shared);
        thread::spawn(move || shared.work());
    }
    shared.own(&listener, options.server.size)
}

impl Shared {
    /// What a worker does.
    fn work(&self) {
        loop {
            let mut packets = self.packets.lock().expect("no panic");
            let mut packet = loop {
                match packets.pop_front() {
                    Some(packet) => break packet,
                    None => packets = self.arrived.wait(packets).expect("no panic"),
                }
            };
            drop(packets);
            if self.is_direct && !packet.send() {
                continue;
            }
            if self.is_direct {
                packet.length = 0;
            }
            self.inbox.lock().expect("no panic").push(packet);
            if self.sleeps.load(Ordering::SeqCst) && self.sleeps.swap(false, Ordering::SeqCst) {
                let one = 1u64;
                // SAFETY: eight bytes that live through the call.
                unsafe { libc::write(self.bell.as_raw_fd(), (&raw const one).cast(), 8) };
            }
        }
    }

    /// What the owner of the ring does.
    fn own(&self, listener: &TcpListener, size: usize) -> io::Result<()> {
        let mut ring = Ring::new()?;
        let mut connections: Vec<&'static Connection> = Vec::new();
        let (mut done, mut requests, mut received) = (Vec::new(), Vec::new(), VecDeque::new());
        let count: *mut u8 = Box::leak(Box::new(0u64)) as *mut u64 as *mut u8;
        let accept = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).build().user_data(ACCEPT);
        let bell = opcode::Read::new(Fd(self.bell.as_raw_fd()), count, 8).build().user_data(BELL);
        // SAFETY: the bell's count lives as long as the process.
        unsafe { ring.push([accept, bell.clone()])? };
        loop {
            // What comes while this thread is about to sleep is seen here or rings the bell.
            self.sleeps.store(true, Ordering::SeqCst);
            requests.append(&mut self.inbox.lock().expect("no panic"));
            for request in requests.drain(..) {
                request.start(&mut ring)?;
            }
            ring.wait(&mut done)?;
            self.sleeps.store(false, Ordering::SeqCst);
            for report in done.drain(..) {
                match report.token {
                    ACCEPT => {
                        let connection = Connection::new(report.result, size)?;
                        let index = connections.len() as u64;
                        connections.push(connection);
                        Packet { connection, index, length: 0 }.start(&mut ring)?;
                    }
                    // SAFETY: as above.
                    BELL => unsafe { ring.push([bell.clone()])? },
                    token if token >= FIRST && report.result > 0 => {
                        let index = token - FIRST;
                        let connection = connections[index as usize];
                        received.push_back(Packet {
                            connection,
                            index,
                            length: report.result as u32,
                        });
                    }
                    _ => {}
                }
            }
            let count = received.len();
            if count > 0 {
                self.packets.lock().expect("no panic").append(&mut received);
                (0..count).for_each(|_| self.arrived.notify_one());
            }
        }
    }
}

impl Connection {
    fn new(fd: i32, size: usize) -> io::Result<&'static Self> {
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(-fd));
        }
        // SAFETY: the descriptor was just made for this report and belongs to nobody else.
        let stream = TcpStream::from(unsafe { OwnedFd::from_raw_fd(fd) });
        stream.set_nodelay(true)?;
        let buffer = Box::leak(vec![0; size].into_boxed_slice()).as_mut_ptr();
        Ok(Box::leak(Box::new(Self { stream, buffer, size: size as u32 })))
    }
}

impl Packet {
    /// Sends what was received; false if the connection is over.
    fn send(&self) -> bool {
        let (fd, start) = (self.connection.stream.as_raw_fd(), self.connection.buffer);
        let mut sent = 0;
        while sent < self.length as usize {
            // SAFETY: the buffer is this worker's until it hands the packet on.
            let n = unsafe {
                let rest = start.add(sent).cast();
                libc::send(fd, rest, self.length as usize - sent, libc::MSG_NOSIGNAL)
            };
            if n <= 0 {
                return false;
            }
            sent += n as usize;
        }
        true
    }

    /// Queues the send, if there is one, and the next receive behind it.
    fn start(&self, ring: &mut Ring) -> io::Result<()> {
        let (fd, start) = (Fd(self.connection.stream.as_raw_fd()), self.connection.buffer);
        let receive = opcode::Recv::new(fd, start, self.connection.size).build();
        let receive = receive.user_data(FIRST + self.index);
        if self.length == 0 {
            // SAFETY: the connection and its buffer live as long as the process.
            return unsafe { ring.push([receive]) };
        }
        let send = opcode::Send::new(fd, start, self.length)
            .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
            .build()
            .flags(Flags::IO_LINK | Flags::SKIP_SUCCESS)
            .user_data(SEND);
        // SAFETY: as above, and the receive begins when the send has ended.
        unsafe { ring.push([send, receive]) }
    }
}

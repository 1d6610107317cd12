//! The client of every echo measurement: one thread, many connections, each with one message
//! under way, each echo compared with what was sent.
//!
//! Prints one line: requests, seconds, the server's CPU time, latency percentiles.
#![allow(unsafe_code)]

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bench::epoll::{self, Epoll};
use bench::server;
use clap::Parser;
use hdrhistogram::Histogram;

/// The client of the echo measurements.
#[derive(Debug, Parser)]
struct Options {
    /// Port of the server on the loopback address.
    #[arg(long)]
    port: u16,
    /// Connections, each with one message under way.
    #[arg(long)]
    connections: usize,
    /// Bytes of a message.
    #[arg(long)]
    size: usize,
    /// Length of the measurement.
    #[arg(long)]
    ms: u64,
    /// Running time before it.
    #[arg(long, default_value_t = 100)]
    warm_up_ms: u64,
    /// Process whose CPU time is taken.
    #[arg(long)]
    server_pid: libc::pid_t,
}

struct Connection {
    stream: TcpStream,
    message: Vec<u8>,
    sequence: u64,
    sent: usize,
    received: usize,
    since: Instant,
}

struct Measured {
    requests: u64,
    latency: Histogram<u64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let mut epoll = Epoll::new(256)?;
    let mut connections = Vec::with_capacity(options.connections);
    for id in 0..options.connections {
        let connection = Connection::open(&options, id)?;
        epoll.add(connection.stream.as_fd(), epoll::IN, id as u64)?;
        connections.push(connection);
    }
    for (id, connection) in connections.iter_mut().enumerate() {
        connection.begin(&epoll, id as u64)?;
    }
    let mut buffer = vec![0; options.size];
    let warm_up = Duration::from_millis(options.warm_up_ms);
    run(&mut epoll, &mut connections, &mut buffer, warm_up)?;
    let (from, cpu_from) = (Instant::now(), cpu_time(options.server_pid)?);
    let length = Duration::from_millis(options.ms);
    let Measured { requests, latency } = run(&mut epoll, &mut connections, &mut buffer, length)?;
    let cpu = cpu_time(options.server_pid)? - cpu_from;
    println!(
        "requests={requests} seconds={:.6} cpu_ns={} p50_ns={} p99_ns={} p999_ns={} max_ns={}",
        from.elapsed().as_secs_f64(),
        cpu.as_nanos(),
        latency.value_at_quantile(0.5),
        latency.value_at_quantile(0.99),
        latency.value_at_quantile(0.999),
        latency.max(),
    );
    Ok(())
}

fn run(
    epoll: &mut Epoll,
    connections: &mut [Connection],
    buffer: &mut [u8],
    length: Duration,
) -> Result<Measured, Box<dyn Error>> {
    let mut measured = Measured { requests: 0, latency: Histogram::new(3)? };
    let from = Instant::now();
    while from.elapsed() < length {
        for i in 0..epoll.wait(1000)? {
            let token = epoll.token(i);
            let connection = &mut connections[token as usize];
            if let Some(latency) = connection.progress(epoll, token, buffer)? {
                measured.requests += 1;
                measured.latency.record(latency.as_nanos() as u64)?;
                connection.begin(epoll, token)?;
            }
        }
    }
    Ok(measured)
}

impl Connection {
    fn open(options: &Options, id: usize) -> io::Result<Self> {
        let stream = TcpStream::connect(server::loopback(options.port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let message = (0..options.size).map(|i| (i * 31 + id * 7) as u8).collect();
        let since = Instant::now();
        // Odd and even messages are equally many at any time, also in the first moments.
        let sequence = id as u64 % 2;
        Ok(Self { stream, message, sequence, sent: 0, received: 0, since })
    }

    /// Sends the next message.
    fn begin(&mut self, epoll: &Epoll, token: u64) -> io::Result<()> {
        self.sequence += 1;
        let head = self.message.len().min(8);
        self.message[..head].copy_from_slice(&self.sequence.to_le_bytes()[..head]);
        (self.sent, self.received) = (0, 0);
        self.since = Instant::now();
        self.send(epoll, token, false)
    }

    fn send(&mut self, epoll: &Epoll, token: u64, blocked_before: bool) -> io::Result<()> {
        match self.stream.write(&self.message[self.sent..]) {
            Ok(n) => self.sent += n,
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
        let blocked = self.sent < self.message.len();
        if blocked != blocked_before {
            let mask = if blocked { epoll::IN | epoll::OUT } else { epoll::IN };
            epoll.change(self.stream.as_fd(), mask, token)?;
        }
        Ok(())
    }

    /// Takes what has come; the latency once the echo is whole.
    fn progress(
        &mut self,
        epoll: &Epoll,
        token: u64,
        buffer: &mut [u8],
    ) -> io::Result<Option<Duration>> {
        if self.sent < self.message.len() {
            self.send(epoll, token, true)?;
        }
        let room = self.message.len() - self.received;
        match self.stream.read(&mut buffer[..room]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                if buffer[..n] != self.message[self.received..self.received + n] {
                    return Err(io::Error::other("the echo differs from the message"));
                }
                self.received += n;
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(e) => return Err(e),
        }
        Ok((self.received == self.message.len()).then(|| self.since.elapsed()))
    }
}

/// CPU time of a whole process, threads that are gone included.
fn cpu_time(pid: libc::pid_t) -> io::Result<Duration> {
    let mut clock = 0;
    // SAFETY: `clock` is written by the call.
    let error = unsafe { libc::clock_getcpuclockid(pid, &mut clock) };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is written by the call.
    if unsafe { libc::clock_gettime(clock, &mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

//! An echo server on one I/O completion port.
//!
//! ```text
//! cargo run --release --example echo_server -- [PORT] [WORKERS]
//! ```
//!
//! It stops when standard input ends, and prints what it did.
//!
//! A connection has one operation in flight: accept, then receive, send,
//! receive... The buffer of the operation is the connection itself, so whoever
//! takes the packet owns the connection, and no connection needs a lock.

use libiocp::{Completion, CompletionPort, PortRef, TcpListener, TcpStream, win32_code};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const LISTENER: usize = 1;
const CONNECTION: usize = 2;
const PENDING_ACCEPTS: usize = 64;
const BUFFER_BYTES: usize = 8192;
const ERROR_ABANDONED_WAIT_0: u32 = 735;

/// One client: what is received into, and sent from.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A connection that receives: all of its buffer is free.
struct Receiving(Connection);

/// A connection that sends the first bytes of its buffer.
struct Sending(Connection, usize);

impl AsMut<[u8]> for Receiving {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0.buffer
    }
}

impl AsRef<[u8]> for Sending {
    fn as_ref(&self) -> &[u8] {
        &self.0.buffer[..self.1]
    }
}

#[derive(Default)]
struct Totals {
    connections: AtomicU64,
    bytes: AtomicU64,
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let tcp_port = number(arguments.next(), 7007)?;
    let workers = number(arguments.next(), 4)?;

    let port = CompletionPort::new(0)?;
    let listener = TcpListener::bind(("127.0.0.1", tcp_port))?;
    listener.associate(&port, LISTENER)?;
    eprintln!("listening at {}", listener.local_addr()?);

    let totals = Totals::default();
    thread::scope(|scope| {
        for _ in 0..workers {
            let reference = port.reference();
            scope.spawn(|| work(reference, &listener, &totals));
        }
        for _ in 0..PENDING_ACCEPTS {
            listener.start_accept()?;
        }
        io::copy(&mut io::stdin(), &mut io::sink())?;
        // The workers hold references: they are told that the port has closed.
        drop(port);
        io::Result::Ok(())
    })?;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    eprintln!("{} connections, {} bytes", count(&totals.connections), count(&totals.bytes));
    Ok(())
}

fn number(argument: Option<String>, default: u16) -> io::Result<u16> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
    argument.map_or(Ok(default), |text| text.parse().map_err(invalid))
}

/// Takes packets until the port closes.
fn work(port: PortRef, listener: &TcpListener, totals: &Totals) {
    loop {
        match port.get(None) {
            Ok(completion) => handle(completion, &port, listener, totals),
            Err(error) if win32_code(&error) == Some(ERROR_ABANDONED_WAIT_0) => return,
            Err(error) => return eprintln!("a worker stops: {error}"),
        }
    }
}

/// The next step of whatever has completed. A connection that fails is dropped,
/// which closes it.
fn handle(completion: Completion, port: &PortRef, listener: &TcpListener, totals: &Totals) {
    let result = completion.result();
    if completion.key() == LISTENER {
        if let Err(error) = listener.start_accept() {
            eprintln!("one accept less: {error}");
        }
        if let (Ok(_), Ok(stream)) = (result, completion.into_payload::<TcpStream>()) {
            totals.connections.fetch_add(1, Ordering::Relaxed);
            if stream.associate(port, CONNECTION).is_ok() {
                receive(Connection { stream, buffer: vec![0; BUFFER_BYTES] });
            }
        }
        return;
    }
    let Ok(bytes) = result else { return };
    match completion.into_payload::<Receiving>() {
        // The client has ended its side.
        Ok(_) if bytes == 0 => {}
        Ok(Receiving(connection)) => {
            totals.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            let stream = connection.stream.clone();
            // If it is refused the connection comes back, and is dropped.
            let _ = stream.start_send(Sending(connection, bytes));
        }
        Err(completion) => {
            if let Ok(Sending(connection, _)) = completion.into_payload::<Sending>() {
                receive(connection);
            }
        }
    }
}

fn receive(connection: Connection) {
    let stream = connection.stream.clone();
    let _ = stream.start_receive(Receiving(connection));
}

//! One client: a non-blocking socket that sends messages and checks their echoes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

use fastrand::Rng;
use mio::net::TcpStream;

/// The longest message is 16 KiB.
const SIZE_BITS: u32 = 14;

/// What a call of [`Client::drive`] came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Whether the connection was established now.
    pub(super) connected: bool,
    /// Messages whose echo is complete.
    pub(super) messages: u64,
    /// Bytes of these messages.
    pub(super) bytes: u64,
    /// Bytes that arrived.
    pub(super) received: u64,
    /// Whether the client is done: everything came back, and the server closed, too.
    pub(super) done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Echoing,
    /// All is sent and back; the server is to close.
    Closing,
}

#[derive(Debug)]
pub(super) struct Client {
    stream: TcpStream,
    state: State,
    rng: Rng,
    message: Vec<u8>,
    sent: usize,
    received: usize,
    rounds: u32,
}

impl Client {
    pub(super) fn connect(address: SocketAddr, rng: Rng) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        let message = Vec::new();
        Ok(Client {
            stream,
            state: State::Connecting,
            rng,
            message,
            sent: 0,
            received: 0,
            rounds: 0,
        })
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Does everything that does not block. `more` says after so many finished rounds
    /// whether there is to be another one. An error is a sentence, and the client's end.
    pub(super) fn drive(
        &mut self,
        buffer: &mut [u8],
        more: impl Fn(u32) -> bool,
    ) -> Result<Progress, String> {
        let mut progress = Progress::default();
        if self.state == State::Connecting {
            if !self.is_connected()? {
                return Ok(progress);
            }
            progress.connected = true;
            self.next_round(&more)?;
        }
        loop {
            let sent = self.send()?;
            let received = self.receive(buffer, &mut progress)?;
            if progress.done || (sent == 0 && received == 0) {
                return Ok(progress);
            }
            let complete = self.received == self.message.len();
            if self.state == State::Echoing && complete {
                progress.messages += 1;
                progress.bytes += self.message.len() as u64;
                self.rounds += 1;
                self.next_round(&more)?;
            }
        }
    }

    fn is_connected(&mut self) -> Result<bool, String> {
        if let Some(error) = self.stream.take_error().map_err(|e| cannot("connect", &e))? {
            return Err(cannot("connect", &error));
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(cannot("connect", &error)),
        }
    }

    fn next_round(&mut self, more: impl Fn(u32) -> bool) -> Result<(), String> {
        self.sent = 0;
        self.received = 0;
        self.message.clear();
        if more(self.rounds) {
            self.state = State::Echoing;
            // As many of 1 byte as of 8 to 16 KiB.
            let most = 1_usize << self.rng.u32(0..=SIZE_BITS);
            self.message.resize(self.rng.usize(1..=most), 0);
            self.rng.fill(&mut self.message);
            return Ok(());
        }
        self.state = State::Closing;
        self.stream.shutdown(Shutdown::Write).map_err(|e| cannot("shut down", &e))
    }

    fn send(&mut self) -> Result<usize, String> {
        if self.sent == self.message.len() {
            return Ok(0);
        }
        match self.stream.write(&self.message[self.sent..]) {
            Ok(count) => {
                self.sent += count;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(cannot("send", &error)),
        }
    }

    fn receive(&mut self, buffer: &mut [u8], progress: &mut Progress) -> Result<usize, String> {
        let count = match self.stream.read(buffer) {
            Ok(0) if self.state == State::Closing => {
                progress.done = true;
                return Ok(0);
            }
            Ok(0) => return Err("the server closed a connection in the middle".to_owned()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(cannot("receive", &error)),
        };
        let end = self.received + count;
        if end > self.sent {
            return Err("more bytes came back than were sent".to_owned());
        }
        if buffer[..count] != self.message[self.received..end] {
            return Err("other bytes came back than were sent".to_owned());
        }
        self.received = end;
        progress.received += count as u64;
        Ok(count)
    }
}

fn cannot(what: &str, error: &io::Error) -> String {
    format!("a client cannot {what}: {error}")
}

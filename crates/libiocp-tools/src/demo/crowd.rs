//! All clients, on two threads.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use mio::{Events, Interest, Poll, Token};

use super::client::{Client, Progress};

const THREADS: u32 = 2;
const COMPLAINTS_KEPT: usize = 3;
/// So often a thread looks whether it is to stop.
const TICK: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    pub(super) clients: u32,
    pub(super) rounds: u32,
    /// In place of rounds.
    pub(super) time: Option<Duration>,
}

/// What the clients have seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) connected: u64,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
    /// The first sentences about them.
    pub(super) complaints: Vec<String>,
    pub(super) received: u64,
    pub(super) done: u64,
}

impl Totals {
    /// Changes whenever anything happens.
    pub(super) fn activity(&self) -> u64 {
        self.connected + self.received + self.done + self.errors
    }
}

#[derive(Debug, Default)]
struct Shared {
    connected: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
    received: AtomicU64,
    done: AtomicU64,
    errors: AtomicU64,
    complaints: Mutex<Vec<String>>,
    stop: AtomicBool,
    /// Threads that have ended.
    ended: Mutex<u32>,
    changed: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn count(&self, progress: &Progress) {
        self.connected.fetch_add(progress.connected.into(), Ordering::Relaxed);
        self.messages.fetch_add(progress.messages, Ordering::Relaxed);
        self.bytes.fetch_add(progress.bytes, Ordering::Relaxed);
        self.received.fetch_add(progress.received, Ordering::Relaxed);
        self.done.fetch_add(progress.done.into(), Ordering::Relaxed);
    }

    fn complain(&self, sentence: String) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let mut complaints = lock(&self.complaints);
        if complaints.len() < COMPLAINTS_KEPT && !complaints.contains(&sentence) {
            complaints.push(sentence);
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            connected: self.connected.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            complaints: lock(&self.complaints).clone(),
            received: self.received.load(Ordering::Relaxed),
            done: self.done.load(Ordering::Relaxed),
        }
    }
}

/// Ends with the thread that holds it, even if that panics.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        *lock(&self.0.ended) += 1;
        self.0.changed.notify_all();
    }
}

#[derive(Debug)]
pub(super) struct Crowd {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Crowd {
    pub(super) fn start(plan: Plan) -> Result<Crowd> {
        let shared = Arc::new(Shared::default());
        let mut crowd = Crowd { shared: Arc::clone(&shared), threads: Vec::new() };
        let deadline = plan.time.map(|time| Instant::now() + time);
        for index in 0..THREADS {
            let count = plan.clients / THREADS + u32::from(index < plan.clients % THREADS);
            let group = Group { plan, count, deadline, shared: Arc::clone(&shared) };
            let ending = Ending(Arc::clone(&shared));
            let body = move || {
                let _ending = ending;
                if let Err(error) = group.run() {
                    group.shared.complain(format!("the clients cannot go on: {error}"));
                }
            };
            let thread = thread::Builder::new().name("clients".to_owned()).spawn(body);
            crowd.threads.push(thread.context("cannot start a thread for the clients")?);
        }
        Ok(crowd)
    }

    /// Waits at most so long; whether all clients are done.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let ended = lock(&self.shared.ended);
        let running = |ended: &mut u32| *ended < THREADS;
        let (ended, _) = self
            .shared
            .changed
            .wait_timeout_while(ended, time, running)
            .unwrap_or_else(PoisonError::into_inner);
        *ended == THREADS
    }

    pub(super) fn totals(&self) -> Totals {
        self.shared.totals()
    }

    pub(super) fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn fail(&self, sentence: String) {
        if !self.shared.stop.swap(true, Ordering::Relaxed) {
            self.shared.complain(sentence);
        }
    }

    pub(super) fn join(self) -> Totals {
        for thread in self.threads {
            if thread.join().is_err() {
                self.shared.complain("a thread of the clients panicked".to_owned());
            }
        }
        self.shared.totals()
    }
}

/// The clients of one thread.
struct Group {
    plan: Plan,
    count: u32,
    deadline: Option<Instant>,
    shared: Arc<Shared>,
}

impl Group {
    fn run(&self) -> io::Result<()> {
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(256);
        let mut buffer = vec![0; 64 * 1024];
        let mut clients: Vec<Option<Client>> = Vec::new();
        for index in 0..self.count {
            clients.push(self.connect(&poll, Token(index as usize)));
        }
        let mut left = clients.iter().flatten().count();
        while left > 0 && !self.shared.stop.load(Ordering::Relaxed) {
            match poll.poll(&mut events, Some(TICK)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                let place = &mut clients[event.token().0];
                let Some(client) = place else { continue };
                if !self.drive(client, &mut buffer) {
                    *place = None;
                    left -= 1;
                }
            }
        }
        Ok(())
    }

    fn connect(&self, poll: &Poll, token: Token) -> Option<Client> {
        let connected = Client::connect(self.plan.address, Rng::new()).and_then(|mut client| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(client.stream(), token, interest)?;
            Ok(client)
        });
        match connected {
            Ok(client) => Some(client),
            Err(error) => {
                self.shared.complain(format!("a client cannot connect: {error}"));
                None
            }
        }
    }

    /// Whether the client goes on.
    fn drive(&self, client: &mut Client, buffer: &mut [u8]) -> bool {
        let more = |rounds: u32| match self.deadline {
            Some(deadline) => Instant::now() < deadline,
            None => rounds < self.plan.rounds,
        };
        match client.drive(buffer, more) {
            Ok(progress) => {
                self.shared.count(&progress);
                !progress.done
            }
            Err(sentence) => {
                self.shared.complain(sentence);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// Runs clients against a server that treats each connection like this.
    fn totals(clients: u32, rounds: u32, serve: fn(TcpStream) -> io::Result<()>) -> Totals {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let server = thread::spawn(move || {
            let connections = (0..clients).map(|_| {
                let (stream, _) = listener.accept().expect("a client");
                // A client that complains hangs up, so an error is no surprise here.
                thread::spawn(move || drop(serve(stream)))
            });
            for connection in connections.collect::<Vec<_>>() {
                connection.join().expect("served");
            }
        });
        let crowd = Crowd::start(Plan { address, clients, rounds, time: None }).expect("started");
        assert!(crowd.wait(PATIENCE), "the clients hang: {:?}", crowd.totals());
        server.join().expect("the server");
        crowd.join()
    }

    fn echo(mut stream: TcpStream) -> io::Result<()> {
        let mut buffer = [0; 5000];
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                count => stream.write_all(&buffer[..count])?,
            }
        }
    }

    #[test]
    fn every_client_gets_every_byte_back() {
        let totals = totals(20, 30, echo);
        assert_eq!((totals.errors, totals.complaints), (0, vec![]));
        assert_eq!((totals.connected, totals.done, totals.messages), (20, 20, 600));
        assert_eq!(totals.bytes, totals.received);
        assert!(totals.bytes >= 600);
    }

    #[test]
    fn one_wrong_byte_is_found() {
        let totals = totals(1, 1, |mut stream| {
            let mut buffer = [0; 1];
            stream.read_exact(&mut buffer)?;
            stream.write_all(&[buffer[0] ^ 1])?;
            echo(stream)
        });
        assert_eq!(totals.complaints, ["other bytes came back than were sent"]);
        assert_eq!((totals.errors, totals.messages), (1, 0));
    }

    #[test]
    fn bytes_too_many_are_found() {
        let totals = totals(1, 1, |mut stream| {
            stream.write_all(&[0; 17 * 1024])?;
            echo(stream)
        });
        assert_eq!(totals.complaints, ["more bytes came back than were sent"]);
    }

    #[test]
    fn a_connection_closed_early_is_found() {
        let totals = totals(1, 1, |stream| {
            stream.shutdown(std::net::Shutdown::Write)?;
            let mut rest = Vec::new();
            (&stream).read_to_end(&mut rest).map(drop)
        });
        assert_eq!(totals.complaints, ["the server closed a connection in the middle"]);
    }

    #[test]
    fn a_refused_connection_is_found() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        let crowd = Crowd::start(Plan { address, clients: 3, rounds: 1, time: None });
        let crowd = crowd.expect("started");
        assert!(crowd.wait(PATIENCE));
        let totals = crowd.join();
        assert_eq!(totals.errors, 3);
        assert!(totals.complaints[0].starts_with("a client cannot connect: "), "{totals:?}");
    }

    #[test]
    fn clients_that_get_no_answer_can_be_stopped() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let crowd = Crowd::start(Plan { address, clients: 2, rounds: 1, time: None });
        let crowd = crowd.expect("started");
        let begin = Instant::now();
        while crowd.totals().connected < 2 {
            assert!(begin.elapsed() < PATIENCE);
            thread::yield_now();
        }
        crowd.fail("nothing has arrived".to_owned());
        assert!(crowd.wait(PATIENCE));
        assert_eq!(crowd.join().complaints, ["nothing has arrived"]);
    }
}

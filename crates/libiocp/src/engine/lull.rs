//! When a receive need not be tried at once.
//!
//! A server answers and receives again, and that receive finds nothing: nobody
//! can have reacted to the answer yet. If the receive before had emptied the
//! socket, what comes is reported by readiness, so a receive that follows a
//! send within [`Lull::ANSWER`] may wait untried. Later it is tried, as any
//! other: what has come by then completes it at once.
//!
//! A receive that leaves room in its buffer has emptied a TCP socket. One that
//! fills it exactly may have; where that keeps happening the socket is asked.
#![cfg_attr(test, allow(unsafe_code))]

use super::op::{Op, Outcome, ask_for_rest};
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Deadline, Ordering};

/// What is known of the data of a TCP socket.
///
/// The words are written under the locks of the lanes, but for those that end
/// a lull, which anybody may.
#[derive(Default)]
pub(super) struct Lull {
    /// Whether it is a TCP socket.
    is_possible: bool,
    /// Whether the last receive has emptied the socket and nothing has said
    /// since that there is more.
    is_empty: AtomicBool,
    /// Whether the peer has ended, or sent urgent data: what a receive leaves
    /// behind then is not reported again.
    is_over: AtomicBool,
    /// When the last send was done.
    sent_at: AtomicU64,
    /// Whether the last receive filled its buffer.
    was_full: AtomicBool,
    /// How often a receive has filled its buffer with all there was; from
    /// `EXACT` on the socket is asked what is left.
    exact: AtomicU32,
}

impl Lull {
    /// Less than anybody needs to be woken, to answer, and to be heard.
    const ANSWER: u64 = 2_000;
    const EXACT: u32 = 4;

    pub(super) fn possible() -> Self {
        Self { is_possible: true, ..Self::default() }
    }

    /// Tries `op` without blocking and learns from it.
    pub(super) fn attempt(&self, op: &mut Op, fd: i32) -> Option<Outcome> {
        if !self.is_possible {
            return op.attempt(fd);
        }
        match op {
            Op::Send { .. } => {
                let outcome = op.attempt(fd);
                self.sent_at.store(Deadline::now().nanoseconds(), Ordering::Relaxed);
                outcome
            }
            Op::Receive { .. } | Op::Readable => self.receive(op, fd),
            _ => op.attempt(fd),
        }
    }

    fn receive(&self, op: &mut Op, fd: i32) -> Option<Outcome> {
        let exact = self.exact.load(Ordering::Relaxed);
        let (outcome, left) = match exact {
            Self::EXACT.. => op.attempt_and_ask(fd),
            _ => (op.attempt(fd), None),
        };
        let is_empty = match &outcome {
            None => true,
            Some(outcome) => left == Some(0) || op.has_left_room(outcome),
        };
        self.is_empty.store(is_empty, Ordering::Relaxed);
        if exact < Self::EXACT {
            self.count(exact, op, outcome.as_ref(), fd);
        } else if left.is_some_and(|left| left > 0) {
            self.exact.store(0, Ordering::Relaxed);
        }
        outcome
    }

    /// Counts receives that filled their buffers and left nothing.
    fn count(&self, exact: u32, op: &Op, outcome: Option<&Outcome>, fd: i32) {
        let was_full = self.was_full.load(Ordering::Relaxed);
        let is_full =
            outcome.is_some_and(|outcome| outcome.result > 0 && !op.has_left_room(outcome));
        if was_full != is_full {
            self.was_full.store(is_full, Ordering::Relaxed);
        }
        if !was_full {
            return;
        }
        match outcome {
            None if exact + 1 < Self::EXACT || ask_for_rest(fd) => {
                self.exact.store(exact + 1, Ordering::Relaxed);
            }
            Some(_) if exact > 0 => self.exact.store(0, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Whether a receive would be tried in vain.
    pub(super) fn goes_on(&self) -> bool {
        self.is_empty.load(Ordering::Relaxed)
            && !self.is_over.load(Ordering::Acquire)
            && self.is_fresh()
    }

    fn is_fresh(&self) -> bool {
        let sent_at = self.sent_at.load(Ordering::Relaxed);
        Deadline::now().nanoseconds().saturating_sub(sent_at) < Self::ANSWER
    }

    /// There may be data: somebody has said so, or looks.
    pub(super) fn end(&self) {
        if self.is_possible {
            self.is_empty.store(false, Ordering::Relaxed);
        }
    }

    /// The peer has ended, or has sent urgent data.
    pub(super) fn end_for_good(&self) {
        self.is_over.store(true, Ordering::Release);
    }
}

#[cfg(all(test, not(loom), not(miri)))]
mod tests {
    use super::*;
    use crate::engine::{Buffer, Buffers};
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    fn buffers(memory: &mut [u8]) -> Buffers {
        // SAFETY: every attempt in these tests is over before the memory goes.
        Buffers::One(unsafe { Buffer::new(memory.as_mut_ptr(), memory.len()) })
    }

    /// Waits for the peer's byte, and answers it.
    fn serve(lull: &Lull, fd: i32, room: usize) {
        let mut memory = vec![0; room];
        let mut receive = Op::receive(buffers(&mut memory));
        while lull.attempt(&mut receive, fd).is_none() {
            std::thread::yield_now();
        }
        assert!(lull.attempt(&mut Op::send(buffers(&mut memory[..1])), fd).is_some());
    }

    /// Whether, in one of many rounds, a receive after the answer would go untried.
    fn comes(lull: &Lull, room: usize) -> bool {
        let (mut peer, socket) = pair();
        (0..1000).any(|_| {
            peer.write_all(b"?").unwrap();
            serve(lull, socket.as_raw_fd(), room);
            let goes_on = lull.goes_on();
            if !goes_on {
                let mut memory = vec![0; room];
                let mut receive = Op::receive(buffers(&mut memory));
                assert!(lull.attempt(&mut receive, socket.as_raw_fd()).is_none());
            }
            peer.read_exact(&mut [0]).unwrap();
            goes_on
        })
    }

    #[test]
    fn a_receive_after_an_answer_goes_untried() {
        assert!(comes(&Lull::possible(), 16));
        assert!(!comes(&Lull::default(), 16), "only TCP keeps the promise");
    }

    /// The socket is asked once receives keep filling their buffers exactly.
    #[test]
    fn a_receive_after_one_that_was_filled_exactly_goes_untried_too() {
        let lull = Lull::possible();
        assert!(comes(&lull, 1));
        assert_eq!(lull.exact.load(Ordering::Relaxed), Lull::EXACT);
    }

    #[test]
    fn a_lull_ends_with_time_with_news_and_with_the_peer() {
        let lull = Lull::possible();
        let freshly = || {
            assert!(comes(&lull, 16));
            lull.sent_at.store(u64::MAX, Ordering::Relaxed);
            assert!(lull.goes_on());
        };
        freshly();
        lull.end();
        assert!(!lull.goes_on());
        freshly();
        let (_peer, socket) = pair();
        let mut memory = [0; 1];
        lull.attempt(&mut Op::send(buffers(&mut memory)), socket.as_raw_fd());
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(1) {}
        assert!(!lull.goes_on());
        freshly();
        lull.end_for_good();
        assert!(!lull.goes_on());
    }

    /// What is left behind a full buffer is known, and the asking ends.
    #[test]
    fn what_is_left_is_not_taken_for_nothing() {
        let lull = Lull::possible();
        assert!(comes(&lull, 1));
        let (mut peer, socket) = pair();
        assert!(ask_for_rest(socket.as_raw_fd()));
        peer.write_all(b"two").unwrap();
        let mut byte = [0; 1];
        while socket.peek(&mut [0; 3]).unwrap() < 3 {}
        let mut receive = Op::receive(buffers(&mut byte));
        assert!(lull.attempt(&mut receive, socket.as_raw_fd()).is_some());
        assert!(!lull.is_empty.load(Ordering::Relaxed));
        assert_eq!(lull.exact.load(Ordering::Relaxed), 0);
    }
}

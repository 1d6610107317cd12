//! The threads of a port, for whoever looks which of them are blocked.

use super::presence::Presence;
use super::{Port, State};
use crate::blocked::{BlockDetection, Probe};
use crate::sync::{Arc, AtomicU32, Mutex, OnceLock, Ordering, Weak};

/// A thread that was seen blocked outside the library.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    presence: Arc<Presence>,
    probe: Arc<Probe>,
}

impl Blocked {
    /// Who is inside the library is not blocked outside.
    fn has_resumed(&self) -> bool {
        self.presence.stint().is_none() || !self.probe.is_blocked()
    }
}

/// The threads that have turned to a port.
#[derive(Debug, Default)]
pub(super) struct Roster {
    members: Mutex<Members>,
    /// The port itself, once it may be watched.
    port: OnceLock<Weak<Port>>,
    detection: AtomicU32,
}

/// Those threads, and how often there was a change.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    pub(super) threads: Vec<Arc<Presence>>,
    version: u64,
}

impl Roster {
    /// This is the roster of `port`, which may be watched from now on.
    pub(super) fn know(&self, port: &Arc<Port>) {
        self.port.get_or_init(|| Arc::downgrade(port));
    }

    pub(super) fn join(&self, port: &Arc<Port>, presence: &Arc<Presence>) {
        self.know(port);
        let mut members = self.members.lock();
        members.threads.push(Arc::clone(presence));
        members.version += 1;
    }

    pub(super) fn part(&self, presence: &Arc<Presence>) {
        let mut members = self.members.lock();
        if let Some(position) = members.threads.iter().position(|it| it == presence) {
            members.threads.swap_remove(position);
            members.version += 1;
        }
    }

    /// Brings `known` up to date; true if that changed anything.
    pub(super) fn refresh(&self, known: &mut Members) -> bool {
        let members = self.members.lock();
        let is_news = members.version != known.version;
        if is_news {
            known.clone_from(&members);
        }
        is_news
    }

    pub(super) fn port(&self) -> Option<Weak<Port>> {
        self.port.get().cloned()
    }

    pub(super) fn detection(&self) -> BlockDetection {
        match self.detection.load(Ordering::Relaxed) {
            0 => BlockDetection::Automatic,
            1 => BlockDetection::Perf,
            2 => BlockDetection::Proc,
            _ => BlockDetection::Off,
        }
    }

    pub(super) fn set_detection(&self, detection: BlockDetection) {
        self.detection.store(detection as u32, Ordering::Relaxed);
    }
}

impl Port {
    /// Before a packet leaves: whoever was seen blocked and runs again counts
    /// again, if that decides anything.
    #[cold]
    pub(super) fn settle(state: &mut State) {
        Self::settle_until(state.limit(), state);
    }

    pub(super) fn settle_until(enough: u32, state: &mut State) {
        state.settle(enough, |it| {
            let has_resumed = it.has_resumed();
            if has_resumed {
                it.presence.set_seen(false);
            }
            has_resumed
        });
    }

    /// If `presence` was seen blocked it no longer is; tells whether it was.
    #[cold]
    pub(super) fn forget(state: &mut State, presence: &Arc<Presence>) -> bool {
        let was_seen = presence.was_seen() && state.forget(|it| it.presence == *presence);
        if was_seen {
            presence.set_seen(false);
        }
        was_seen
    }

    /// A thread turns to this port: it may be looked at from now on, but does
    /// not count yet.
    pub(super) fn join(self: &Arc<Self>, presence: &Arc<Presence>) {
        presence.turn_to(self);
        self.roster.join(self, presence);
    }

    /// A thread turns away, or exits. If it counts, it no longer does.
    pub(super) fn part(&self, presence: &Arc<Presence>, counts: bool) {
        if counts {
            self.leave(presence);
        }
        self.roster.part(presence);
    }

    /// Frees the place of a thread that is blocked outside the library; false
    /// if it is not, or if that would let nobody in.
    pub(super) fn see(&self, presence: &Arc<Presence>, probe: &Arc<Probe>) -> bool {
        let mut state = self.queue.lock();
        if !state.is_stuck() || presence.was_seen() || !presence.belongs_to(self) {
            return false;
        }
        // Asleep at one moment since when it has not been inside, even if it
        // was there before and after.
        let stint = presence.stint();
        if stint.is_none() || !probe.is_blocked() || presence.stint() != stint {
            return false;
        }
        presence.set_seen(true);
        let blocked = Blocked { presence: Arc::clone(presence), probe: Arc::clone(probe) };
        state.see_blocked(blocked);
        Self::settle(&mut state);
        let hand_off = state.release();
        self.reset_if_empty(&state);
        let missing = self.missing(&state);
        drop(state);
        if let Some((waiter, packet)) = hand_off {
            waiter.deliver(packet);
        }
        self.ask_crew(missing);
        true
    }

    /// In models whoever is to look is told to.
    #[cfg(loom)]
    pub(super) fn begin_watch(&self) {}
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::port::seat::with_presence;
    use crate::port::{NoPacket, Packet};
    use crate::sync::{AtomicBool, Deadline, Sleep, blocking};
    use std::sync::mpsc;
    use std::thread;

    fn poll(port: &Arc<Port>) -> Result<usize, NoPacket> {
        port.take(&mut [Packet::default()], Some(Deadline::now()), &Sleep)
    }

    /// A port for one thread, where nobody looks.
    fn port() -> Arc<Port> {
        let port = Arc::new(Port::new(1));
        port.set_block_detection(BlockDetection::Off).unwrap();
        port
    }

    /// The calling thread, said to be blocked.
    fn myself() -> (Arc<Presence>, Arc<Probe>, Arc<AtomicBool>) {
        let is_blocked = Arc::new(AtomicBool::new(true));
        let presence = with_presence(Arc::clone).unwrap();
        (presence, Arc::new(Probe::Told(Arc::clone(&is_blocked))), is_blocked)
    }

    /// The calling thread runs for the port and was seen blocked; another was
    /// let in, and is there until the sender is gone.
    fn seen(port: &Arc<Port>, test: impl FnOnce(&AtomicBool)) {
        let (sender, receiver) = mpsc::channel::<()>();
        assert_eq!(poll(port), Err(NoPacket::TimedOut));
        let other = Arc::clone(port);
        let thread = thread::spawn(move || {
            other.take(&mut [Packet::default()], None, &Sleep).unwrap();
            let _ = receiver.recv();
        });
        while port.waiting() == 0 {
            thread::yield_now();
        }
        let (presence, probe, is_blocked) = myself();
        assert!(!port.see(&presence, &probe), "it would let nobody in");
        port.post(Packet::default());
        assert_eq!((port.depth(), port.running()), (1, 1));
        is_blocked.store(false, Ordering::Relaxed);
        assert!(!port.see(&presence, &probe), "it is not blocked");
        is_blocked.store(true, Ordering::Relaxed);
        assert!(port.see(&presence, &probe));
        assert_eq!((port.depth(), port.running()), (0, 1));
        test(&is_blocked);
        drop(sender);
        thread.join().unwrap();
    }

    #[test]
    fn port_107_who_was_seen_blocked_and_asks_again_is_counted_once() {
        let port = port();
        seen(&port, |_| {
            assert_eq!(poll(&port), Err(NoPacket::TimedOut));
            assert_eq!(port.running(), 2);
        });
        assert_eq!(port.running(), 1);
    }

    #[test]
    fn port_107_who_was_seen_blocked_and_goes_on_counts_again() {
        let port = port();
        seen(&port, |is_blocked| {
            is_blocked.store(false, Ordering::Relaxed);
            assert_eq!(port.running(), 2);
            blocking(|| assert_eq!(port.running(), 1));
            assert_eq!(port.running(), 2);
        });
        assert_eq!(port.running(), 1);
    }

    #[test]
    fn port_106_who_was_seen_blocked_and_says_so_is_counted_once() {
        let port = port();
        seen(&port, |_| {
            blocking(|| assert_eq!(port.running(), 1));
            assert_eq!(port.running(), 2);
        });
        assert_eq!(port.running(), 1);
    }

    #[test]
    fn port_108_who_was_seen_blocked_may_turn_to_another_port_or_end() {
        let (one, other) = (port(), port());
        seen(&one, |_| {
            assert_eq!(poll(&other), Err(NoPacket::TimedOut));
            assert_eq!((one.running(), other.running()), (1, 1));
            super::super::leave_for_good();
            assert_eq!((one.running(), other.running()), (1, 0));
        });
        assert_eq!(one.running(), 0);
        seen(&one, |_| {
            super::super::leave_for_good();
            assert_eq!(one.running(), 1);
        });
        assert_eq!(one.running(), 0);
    }

    /// Who was seen blocked at a port that has closed may be seen elsewhere.
    #[test]
    fn port_041_closing_ends_what_was_seen() {
        use crate::handle::Handle;
        let handle = Handle::new(Port::new(1));
        let port = handle.reference();
        port.set_block_detection(BlockDetection::Off).unwrap();
        seen(&port, |_| {
            drop(handle);
            assert_eq!(port.running(), 0);
            assert_eq!(poll(&port), Err(NoPacket::Abandoned));
        });
        let other = super::tests::port();
        seen(&other, |_| assert_eq!(other.running(), 1));
        assert_eq!(other.running(), 0);
    }

    #[test]
    fn port_106_who_has_said_so_or_waits_is_not_seen_as_well() {
        let port = port();
        seen(&port, |_| ());
        assert_eq!(poll(&port), Err(NoPacket::TimedOut));
        let (presence, probe, _) = myself();
        blocking(|| assert!(!port.see(&presence, &probe)));
        assert_eq!(port.running(), 1);
    }
}

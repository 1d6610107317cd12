//! The thread that looks after operations while nobody leads.
#![allow(unsafe_code)]

use super::{NOBODY, RANK, Reactor, STAND_IN, hush};
use crate::sync::{Deadline, Ordering};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// How long operations may be without a leader.
const STEP: Duration = Duration::from_micros(500);
/// Steps with a leader and without a change after which the stand-in sleeps.
const QUIET_STEPS: u32 = 20;
/// Steps that threads which are expected back may take.
const BUSY_STEPS: u32 = 4;

impl Reactor {
    /// The stand-in thread.
    pub(in crate::engine) fn stand_in(&self) {
        let (mut seen, mut quiet_steps, mut patience) = (0, 0, Patience::default());
        while !self.stops.load(Ordering::Acquire) {
            let changes = self.changes.load(Ordering::Relaxed);
            let is_led = self.leader.load(Ordering::SeqCst) & RANK != NOBODY;
            quiet_steps = if changes == seen { quiet_steps + 1 } else { 0 };
            seen = changes;
            if self.server_came.swap(false, Ordering::Relaxed) {
                patience.left = Patience::FULL;
            }
            let steps = patience.steps(self.followers.load(Ordering::Relaxed));
            if is_led || self.is_idle() {
                if quiet_steps > QUIET_STEPS {
                    self.sleep_as_stand_in();
                    quiet_steps = 0;
                    continue;
                }
            } else if quiet_steps > 0 {
                self.lead_as_stand_in(&mut patience);
                (seen, quiet_steps) = (self.changes.load(Ordering::Relaxed), 0);
            }
            self.stand_in.park(Some(Deadline::after(STEP * steps)));
        }
    }

    fn sleep_as_stand_in(&self) {
        self.stand_in_sleeps.store(true, Ordering::SeqCst);
        // Who comes from here on calls; who came before is seen here.
        let is_led = self.leader.load(Ordering::SeqCst) & RANK != NOBODY;
        if !(is_led || self.is_idle()) || self.stops.load(Ordering::SeqCst) {
            self.stand_in_sleeps.store(false, Ordering::SeqCst);
            return;
        }
        self.stand_in.park(None);
        self.stand_in_sleeps.store(false, Ordering::SeqCst);
    }

    fn lead_as_stand_in(&self, patience: &mut Patience) {
        let Some(lead) = self.try_lead(STAND_IN) else { return };
        let leads =
            || self.leader.load(Ordering::SeqCst) == lead && !self.stops.load(Ordering::Acquire);
        while leads() {
            let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
            if !self.become_sleeper(lead) {
                break;
            }
            let readiness = self.poll_as_stand_in();
            let count = match readiness {
                Readiness::Streams => self.look(&mut events),
                Readiness::Yield => {
                    hush(&self.yield_to);
                    0
                }
                Readiness::Nothing => 0,
            };
            self.stop_sleeping(&events[..count]);
            self.dispatch(&events[..count]);
            if readiness == Readiness::Streams {
                let has_come = self.server_came.swap(false, Ordering::Relaxed);
                if patience.is_to_step_back(has_come) {
                    break;
                }
            }
        }
        self.stop_leading(lead);
    }

    fn poll_as_stand_in(&self) -> Readiness {
        let poll =
            |fd: &OwnedFd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut fds = [poll(&self.epoll), poll(&self.yield_to)];
        // SAFETY: `fds` holds two valid entries.
        unsafe { libc::poll(fds.as_mut_ptr(), 2, -1) };
        match fds.map(|fd| fd.revents != 0) {
            [_, true] => Readiness::Yield,
            [true, false] => Readiness::Streams,
            [false, false] => Readiness::Nothing,
        }
    }
}

/// How long the stand-in thread leaves the lead to threads that are too busy to
/// take it: fed packet by packet, they would never take it again. It steps back
/// after it has fed them, and waits until their queue must have run dry, as long
/// as such threads come; and tries that now and then if none has come for long.
#[derive(Debug, Default)]
struct Patience {
    left: u32,
    feeds: u32,
}

impl Patience {
    const FULL: u32 = 8;

    /// How many steps nobody may lead.
    fn steps(&self, followers: usize) -> u32 {
        if self.left > 0 && followers == 0 { BUSY_STEPS } else { 1 }
    }

    fn is_to_step_back(&mut self, has_server_come: bool) -> bool {
        self.feeds = self.feeds.wrapping_add(1);
        self.left = match self.left {
            _ if has_server_come => Self::FULL,
            0 if self.feeds.is_multiple_of(64) => 1,
            left => left.saturating_sub(1),
        };
        self.left > 0
    }
}

/// What the stand-in thread finds when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    Nothing,
    Streams,
    /// Somebody else has taken the lead.
    Yield,
}

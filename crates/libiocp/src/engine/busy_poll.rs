//! Looking for ready sockets for a while before sleeping: off unless asked for.

use super::epoll::Reactor;
use super::{Engine, Kind};
use crate::sync::{Deadline, Ordering, Parker};
use std::time::Duration;

impl Engine {
    /// For how long a thread that looks after sockets polls before it sleeps;
    /// zero, which it is at first: not at all. Polling spares the socket's next
    /// message the wake-up of a thread, and keeps a processor busy. A fake
    /// engine has nothing to poll.
    pub fn set_busy_poll(&self, time: Duration) {
        if let Kind::Kernel(kernel) = &self.kind {
            kernel.reactor.set_busy_poll(time);
        }
    }

    /// What [`Engine::set_busy_poll`] was last told; zero for a fake engine.
    pub fn busy_poll(&self) -> Duration {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.reactor.busy_poll(),
            Kind::Fake(_) => Duration::ZERO,
        }
    }

    /// What there is to say of it in the engine's report.
    pub(super) fn busy_poll_report(&self) -> String {
        match self.busy_poll() {
            Duration::ZERO => String::new(),
            time => format!("; sockets are polled for {} us", time.as_micros()),
        }
    }
}

impl Reactor {
    fn set_busy_poll(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.busy_poll.store(nanoseconds, Ordering::Relaxed);
    }

    fn busy_poll(&self) -> Duration {
        Duration::from_nanos(self.busy_poll.load(Ordering::Relaxed))
    }

    /// Looks without sleeping, for as long as busy polling is set to, until
    /// there are events or the owner of `parker` has been notified; who takes
    /// the lead makes an event. The caller is the sleeper, but has announced no
    /// sleep: who notifies it need not write to the kernel.
    pub(super) fn poll_busily(
        &self,
        events: &mut [libc::epoll_event],
        parker: &Parker,
        deadline: Option<Deadline>,
    ) -> usize {
        let time = self.busy_poll();
        if time.is_zero() {
            return 0;
        }
        let end = Deadline::after(time);
        loop {
            let count = self.look(events);
            let is_over = count > 0
                || parker.is_notified()
                || end.has_passed()
                || deadline.is_some_and(Deadline::has_passed);
            if is_over {
                return count;
            }
            std::hint::spin_loop();
        }
    }
}

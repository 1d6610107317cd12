//! What a member of a pool has to do, counted, without threads, locks or
//! clocks.

/// The callbacks of one member.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Accepted, and not begun.
    queued: u64,
    /// Their packets will come, perhaps, and are to be ignored.
    skipped: u64,
    /// Callbacks that run.
    running: u64,
    /// Those of them that have not declared themselves independent.
    associated: u64,
}

impl Tally {
    /// One more is to run when its packet comes.
    pub(super) fn submit(&mut self) {
        self.queued += 1;
    }

    /// For one that was submitted no packet will come after all.
    pub(super) fn withdraw(&mut self) {
        if self.queued > 0 {
            self.queued -= 1;
        } else {
            self.skipped = self.skipped.saturating_sub(1);
        }
    }

    /// None that has not begun is to run.
    pub(super) fn cancel(&mut self) {
        self.skipped += self.queued;
        self.queued = 0;
    }

    /// A packet has come: whether its callback runs.
    pub(super) fn begin(&mut self) -> bool {
        if self.skipped > 0 {
            self.skipped -= 1;
            return false;
        }
        let runs = self.queued > 0;
        if runs {
            self.queued -= 1;
            self.running += 1;
            self.associated += 1;
        }
        runs
    }

    /// A callback that runs declares itself independent.
    pub(super) fn disassociate(&mut self) {
        self.associated -= 1;
    }

    /// A callback has ended.
    pub(super) fn end(&mut self, is_associated: bool) {
        self.running -= 1;
        self.associated -= u64::from(is_associated);
    }

    /// Whether no callback is to run, and none that runs belongs to it.
    pub(super) fn is_idle(&self) -> bool {
        self.queued == 0 && self.associated == 0
    }

    /// Whether no callback is to run, and none runs.
    pub(super) fn is_over(&self) -> bool {
        self.queued == 0 && self.running == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    /// Cancelled callbacks do not run, and those submitted later do.
    #[test]
    fn port_256_what_was_cancelled_does_not_run_and_what_follows_does() {
        let mut tally = Tally::default();
        tally.submit();
        tally.submit();
        assert!(tally.begin());
        tally.cancel();
        assert!(!tally.is_idle());
        tally.submit();
        assert!(!tally.begin(), "the packet of what was cancelled");
        tally.end(true);
        assert!(!tally.is_idle());
        assert!(tally.begin());
        tally.end(true);
        assert!(tally.is_idle() && tally.is_over());
    }

    /// A packet that nobody announced calls nobody.
    #[test]
    fn port_255_a_packet_without_a_start_is_ignored() {
        let mut tally = Tally::default();
        assert!(!tally.begin());
        tally.submit();
        tally.withdraw();
        assert!(tally.is_idle());
        assert!(!tally.begin());
        tally.submit();
        tally.cancel();
        tally.withdraw();
        tally.submit();
        assert!(tally.begin(), "the start that was cancelled expects no packet any more");
    }

    #[test]
    fn an_independent_callback_holds_nobody_but_its_group() {
        let mut tally = Tally::default();
        tally.submit();
        assert!(tally.begin());
        tally.disassociate();
        assert!(tally.is_idle() && !tally.is_over());
        tally.end(false);
        assert!(tally.is_over());
    }
}

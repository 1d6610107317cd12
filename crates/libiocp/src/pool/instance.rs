//! A callback while it runs.

use super::Member;
use crate::sync::Arc;
use std::cell::Cell;

/// One call of a callback, for as long as it lasts.
#[derive(Debug)]
pub struct Instance<'a> {
    member: &'a Arc<Member>,
    is_associated: Cell<bool>,
    has_stepped_aside: Cell<bool>,
}

impl<'a> Instance<'a> {
    pub(super) fn new(member: &'a Arc<Member>) -> Self {
        let (is_associated, has_stepped_aside) = (Cell::new(true), Cell::new(false));
        Self { member, is_associated, has_stepped_aside }
    }

    /// The calling thread will be busy for long and does not count any more.
    /// False, and it counts, if nobody else would be there for what comes.
    pub fn may_run_long(&self) -> bool {
        if self.has_stepped_aside.get() {
            return true;
        }
        let has_reserve = self.member.pool().has_reserve();
        if has_reserve {
            self.step_aside();
        }
        has_reserve
    }

    pub(super) fn step_aside(&self) {
        self.has_stepped_aside.set(true);
        crate::port::step_aside();
    }

    /// Who waits for the member's callbacks does not wait for this one any
    /// more.
    pub fn disassociate(&self) {
        if self.is_associated.replace(false) {
            self.member.disassociate();
        }
    }

    pub(super) fn is_associated(&self) -> bool {
        self.is_associated.get()
    }
}

//! Members that are closed together.

use super::Member;
use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;

/// A cleanup group.
#[derive(Debug, Default)]
pub struct Group {
    members: Mutex<BTreeMap<usize, Arc<Member>>>,
}

impl Group {
    pub(super) fn insert(&self, key: usize, member: Arc<Member>) {
        self.members.lock().insert(key, member);
    }

    pub(super) fn remove(&self, key: usize) {
        let removed = self.members.lock().remove(&key);
        drop(removed);
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.lock().len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its members now.
    pub fn members(&self) -> Vec<Arc<Member>> {
        self.members.lock().values().cloned().collect()
    }

    /// Closes the members, after all their callbacks have ended. With
    /// `cancels`, those that have not begun do not run, and each member that
    /// was not closed before is told so, with `context`.
    pub fn close_members(&self, cancels: bool, context: usize) {
        let members = std::mem::take(&mut *self.members.lock());
        for member in members.values() {
            member.stop();
        }
        if cancels {
            members.values().for_each(|member| member.cancel());
        }
        for member in members.values() {
            member.wait_until_over();
            if member.close() && cancels {
                member.callback().cancelled(context);
            }
        }
    }
}

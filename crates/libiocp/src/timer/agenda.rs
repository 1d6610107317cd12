//! What is to happen when, without threads, locks or clocks.

use std::collections::{BTreeMap, HashMap};

/// Entries by the point `P` in time at which they are due. Each belongs to an
/// owner, who has one at most; of two the one with the higher number counts.
#[derive(Debug)]
pub(super) struct Agenda<P, T> {
    entries: BTreeMap<(P, u64), Entry<T>>,
    due_of: HashMap<u64, P>,
}

/// Something to happen.
#[derive(Debug)]
struct Entry<T> {
    number: u64,
    what: T,
}

impl<P, T> Default for Agenda<P, T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), due_of: HashMap::new() }
    }
}

impl<P: Copy + Ord, T> Agenda<P, T> {
    /// Puts the entry in the place of its owner's, unless that is a later one;
    /// gives back what goes unused.
    pub(super) fn put(&mut self, owner: u64, number: u64, due: P, what: T) -> Option<T> {
        if let Some(old) = self.due_of.get(&owner).and_then(|due| self.entries.get(&(*due, owner)))
            && old.number > number
        {
            return Some(what);
        }
        let old = self.take(owner);
        self.due_of.insert(owner, due);
        self.entries.insert((due, owner), Entry { number, what });
        old
    }

    /// Removes the owner's entry, if its number is below this one.
    pub(super) fn remove_below(&mut self, owner: u64, number: u64) -> Option<T> {
        let due = *self.due_of.get(&owner)?;
        if self.entries.get(&(due, owner))?.number >= number {
            return None;
        }
        self.take(owner)
    }

    fn take(&mut self, owner: u64) -> Option<T> {
        let due = self.due_of.remove(&owner)?;
        self.entries.remove(&(due, owner)).map(|entry| entry.what)
    }

    /// When the next entry is due.
    pub(super) fn next(&self) -> Option<P> {
        self.entries.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the first entry, if it is due: when it was, and what it is.
    pub(super) fn pop(&mut self, now: P) -> Option<(P, T)> {
        let (&(due, owner), _) =
            self.entries.first_key_value().filter(|((due, _), _)| *due <= now)?;
        self.take(owner).map(|what| (due, what))
    }
}

#[cfg(test)]
mod tests {
    use super::Agenda;

    #[test]
    fn entries_leave_in_the_order_of_their_time_and_never_early() {
        let mut agenda = Agenda::default();
        for (owner, due) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            assert_eq!(agenda.put(owner, 0, due, owner), None);
        }
        assert_eq!(agenda.next(), Some(10));
        assert_eq!(agenda.pop(9), None);
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop(20)).collect();
        assert_eq!(order, [(10, 2), (10, 4), (20, 3)]);
        assert_eq!(agenda.next(), Some(30));
    }

    #[test]
    fn an_owner_has_one_entry_and_the_later_number_counts() {
        let mut agenda = Agenda::default();
        agenda.put(1, 5, 10, "a");
        assert_eq!(agenda.put(1, 6, 20, "b"), Some("a"));
        assert_eq!(agenda.put(1, 5, 5, "late"), Some("late"));
        assert_eq!(agenda.remove_below(1, 6), None);
        assert_eq!(agenda.remove_below(1, 7), Some("b"));
        assert_eq!((agenda.next(), agenda.pop(100)), (None, None));
    }
}

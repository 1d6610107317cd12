//! The handle table: numbers for objects.
//!
//! Entries live in chunks that are never moved or freed, so a look-up takes no
//! lock of the table: it takes the entry's own bit for the few instructions in
//! which it copies what it needs. Allocation takes the lock of the free list.
#![allow(unsafe_code)]

use crate::sync::{AtomicBool, Mutex, OnceLock, Ordering, spin};
use std::cell::UnsafeCell;
use std::collections::VecDeque;

/// The first index; smaller values look too much like descriptors.
const FIRST: u32 = 64;
/// The first chunk's length; each further chunk is twice as long.
const CHUNK: u32 = 64;
const CHUNKS: usize = 19;

/// When the value of a closed handle is handed out again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recycling {
    /// At once: the last closed is the next opened.
    #[default]
    Immediate,
    /// Only after this many later closes, so that a stale value stays stale.
    Quarantine(usize),
}

/// The table has as many handles as it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFull;

/// Entries by number. A number is a non-zero multiple of four below 2^31.
#[derive(Debug)]
pub struct Table<E> {
    chunks: [OnceLock<Box<[Slot<E>]>>; CHUNKS],
    free: Mutex<Free>,
}

#[derive(Debug)]
struct Free {
    /// Closed indices; the last closed is at the back.
    closed: VecDeque<u32>,
    /// Every index from here on has never been used.
    unused: u32,
    count: u32,
    capacity: u32,
    recycling: Recycling,
}

#[derive(Debug)]
struct Slot<E> {
    is_locked: AtomicBool,
    entry: UnsafeCell<Option<E>>,
}

// SAFETY: the entry is reached only under `Slot::lock`, which admits one
// thread at a time; entries move between threads, hence `Send`.
unsafe impl<E: Send> Sync for Slot<E> {}

impl<E> Slot<E> {
    fn new() -> Self {
        Self { is_locked: AtomicBool::new(false), entry: UnsafeCell::new(None) }
    }

    /// Lends the entry to `f`, which must be short and must not call out.
    fn with<R>(&self, f: impl FnOnce(&Option<E>) -> R) -> R {
        let lock = self.lock();
        // SAFETY: the word is locked until `lock` is dropped, so no other
        // thread is here.
        let result = f(unsafe { &*self.entry.get() });
        drop(lock);
        result
    }

    /// Lends the entry to `f`, which may change it, under the same terms.
    fn change<R>(&self, f: impl FnOnce(&mut Option<E>) -> R) -> R {
        let lock = self.lock();
        // SAFETY: as above.
        let result = f(unsafe { &mut *self.entry.get() });
        drop(lock);
        result
    }

    fn lock(&self) -> SlotLock<'_> {
        let (order, failure) = (Ordering::Acquire, Ordering::Relaxed);
        while self.is_locked.compare_exchange_weak(false, true, order, failure).is_err() {
            spin();
        }
        SlotLock(&self.is_locked)
    }
}

/// Unlocks a slot.
struct SlotLock<'a>(&'a AtomicBool);

impl Drop for SlotLock<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<E> Default for Table<E> {
    fn default() -> Self {
        Self::new(Recycling::default(), 1 << 24)
    }
}

impl<E> Table<E> {
    /// A table of at most `capacity` entries (2^24 at most).
    pub fn new(recycling: Recycling, capacity: u32) -> Self {
        Self {
            chunks: std::array::from_fn(|_| OnceLock::new()),
            free: Mutex::new(Free {
                closed: VecDeque::new(),
                unused: FIRST,
                count: 0,
                capacity: capacity.min(1 << 24),
                recycling,
            }),
        }
    }

    /// Changes when closed values are handed out again.
    pub fn set_recycling(&self, recycling: Recycling) {
        self.free.lock().recycling = recycling;
    }

    /// Changes how many entries the table may hold.
    pub fn set_capacity(&self, capacity: u32) {
        self.free.lock().capacity = capacity.min(1 << 24);
    }

    /// How many entries the table holds.
    pub fn len(&self) -> usize {
        self.free.lock().count as usize
    }

    /// Whether the table holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an entry in and returns its number.
    ///
    /// # Errors
    /// [`TableFull`], with the entry dropped.
    pub fn insert(&self, entry: E) -> Result<usize, TableFull> {
        let index = self.free.lock().allocate().ok_or(TableFull)?;
        self.slot_or_grow(index).change(|slot| *slot = Some(entry));
        Ok((index as usize) << 2)
    }

    /// Lends the entry of `value` to `f`, which must be short and must not
    /// call out. `None` if there is no such entry.
    pub fn get<R>(&self, value: usize, f: impl FnOnce(&E) -> R) -> Option<R> {
        self.slot(value)?.with(|slot| slot.as_ref().map(f))
    }

    /// Like `get`, to change the entry.
    pub fn update<R>(&self, value: usize, f: impl FnOnce(&mut E) -> R) -> Option<R> {
        self.slot(value)?.change(|slot| slot.as_mut().map(f))
    }

    /// Takes the entry of `value` out if `may` allows it. The number is free
    /// when this returns. `None` if there is no such entry, `Some(None)` if it
    /// may not go.
    pub fn remove_if(&self, value: usize, may: impl FnOnce(&E) -> bool) -> Option<Option<E>> {
        let taken = self.slot(value)?.change(|slot| match slot {
            None => None,
            Some(entry) if may(entry) => Some(slot.take()),
            Some(_) => Some(None),
        })?;
        if taken.is_some() {
            self.free.lock().release((value >> 2) as u32);
        }
        Some(taken)
    }

    /// Takes the entry of `value` out.
    pub fn remove(&self, value: usize) -> Option<E> {
        self.remove_if(value, |_| true)?
    }

    /// Calls `f`, which must be short and must not call out, for every entry.
    pub fn for_each(&self, mut f: impl FnMut(usize, &E)) {
        let end = self.free.lock().unused;
        for index in FIRST..end {
            let value = (index as usize) << 2;
            self.get(value, |entry| f(value, entry));
        }
    }

    fn slot(&self, value: usize) -> Option<&Slot<E>> {
        let index = u32::try_from(value >> 2).ok()?;
        let (chunk, offset) = place(index)?;
        self.chunks[chunk].get()?.get(offset)
    }

    fn slot_or_grow(&self, index: u32) -> &Slot<E> {
        let (chunk, offset) = place(index).expect("allocated indices have a place");
        let slots = self.chunks[chunk]
            .get_or_init(|| (0..(CHUNK as usize) << chunk).map(|_| Slot::new()).collect());
        &slots[offset]
    }
}

/// The chunk of an index, and where in the chunk it is.
#[inline]
fn place(index: u32) -> Option<(usize, usize)> {
    // Chunk n holds as many entries as all indices below it, from FIRST on.
    const { assert!(FIRST == CHUNK) };
    let chunk = (index / CHUNK).checked_ilog2()?;
    ((chunk as usize) < CHUNKS).then(|| (chunk as usize, (index - (CHUNK << chunk)) as usize))
}

impl Free {
    fn allocate(&mut self) -> Option<u32> {
        if self.count >= self.capacity {
            return None;
        }
        let recycled = match self.recycling {
            Recycling::Immediate => self.closed.pop_back(),
            Recycling::Quarantine(length) if self.closed.len() > length => self.closed.pop_front(),
            Recycling::Quarantine(_) => None,
        };
        let index = match recycled {
            Some(index) => index,
            None if place(self.unused).is_some() => {
                self.unused += 1;
                self.unused - 1
            }
            None => self.closed.pop_front()?,
        };
        self.count += 1;
        Some(index)
    }

    fn release(&mut self, index: u32) {
        self.closed.push_back(index);
        self.count -= 1;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn hnd_001_values_are_multiples_of_four_and_tags_are_ignored() {
        let table = Table::default();
        let values: Vec<_> = (0..1000).map(|n| table.insert(n).unwrap()).collect();
        for (n, &value) in values.iter().enumerate() {
            assert!(value != 0 && value % 4 == 0);
            for tag in 0..4 {
                assert_eq!(table.get(value | tag, |&entry| entry), Some(n));
            }
        }
        assert_eq!(table.get(0, |_| ()), None);
        assert_eq!(table.get(usize::MAX, |_| ()), None);
        assert_eq!(table.get(values[0] | 1 << 32, |_| ()), None);
    }

    #[test]
    fn hnd_015_a_closed_value_may_come_again_at_once() {
        let table = Table::default();
        let first = table.insert('a').unwrap();
        table.insert('b').unwrap();
        assert_eq!(table.remove(first), Some('a'));
        assert_eq!(table.remove(first), None);
        assert_eq!(table.insert('c').unwrap(), first);
    }

    /// Rules: HND-16.
    #[test]
    fn a_quarantined_value_comes_again_only_after_later_closes() {
        let table = Table::new(Recycling::Quarantine(2), 100);
        let values: Vec<_> = (0..4).map(|n| table.insert(n).unwrap()).collect();
        table.remove(values[0]);
        table.remove(values[1]);
        assert!(!values.contains(&table.insert(9).unwrap()));
        table.remove(values[2]);
        assert_eq!(table.insert(9).unwrap(), values[0]);
    }

    #[test]
    fn hnd_019_a_full_table_refuses_and_recovers() {
        let table = Table::new(Recycling::Immediate, 2);
        let value = table.insert(1).unwrap();
        table.insert(2).unwrap();
        assert_eq!(table.insert(3), Err(TableFull));
        table.remove(value);
        assert_eq!(table.insert(3), Ok(value));
    }

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for index in FIRST..FIRST + 5000 {
            let (chunk, offset) = place(index).unwrap();
            assert!(offset < (CHUNK as usize) << chunk);
            assert!(seen.insert((chunk, offset)));
        }
        assert!(place(FIRST + (1 << 24)).is_some());
        assert_eq!(place(FIRST - 1), None);
        assert_eq!(place(u32::MAX), None);
    }
}

#[cfg(all(test, loom))]
mod threads {
    use super::*;
    use loom::thread;
    use std::sync::Arc;

    #[test]
    fn i03_a_look_up_finds_the_whole_entry_or_none() {
        loom::model(|| {
            let table = Arc::new(Table::default());
            let value = table.insert((1, 1)).unwrap();
            let other = Arc::clone(&table);
            let changer = thread::spawn(move || {
                let removed = other.remove(value);
                let inserted = other.insert((2, 2)).unwrap();
                (removed, inserted)
            });
            if let Some((left, right)) = table.get(value, |entry| *entry) {
                assert_eq!(left, right);
            }
            let (removed, inserted) = changer.join().unwrap();
            assert_eq!(removed, Some((1, 1)));
            assert_eq!(inserted, value);
        });
    }

    #[test]
    fn hnd_021_of_two_closes_one_succeeds() {
        loom::model(|| {
            let table = Arc::new(Table::default());
            let value = table.insert(1).unwrap();
            let other = Arc::clone(&table);
            let closer = thread::spawn(move || other.remove(value).is_some());
            let here = table.remove(value).is_some();
            assert_ne!(here, closer.join().unwrap());
            assert_eq!(table.len(), 0);
        });
    }
}

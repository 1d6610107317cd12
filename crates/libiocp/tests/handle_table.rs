//! The handle table against a map that is written without care for speed.

#[path = "support/random.rs"]
mod random;

use libiocp::handle::{Close, Handle, HandleCount, Recycling, Table, TableFull};
use random::{Random, number};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What the table should hold.
struct Twin {
    entries: BTreeMap<usize, u64>,
    /// Values in the order in which they were closed, and the number of the
    /// close.
    closed: Vec<(usize, usize)>,
    used: BTreeSet<usize>,
    closes: usize,
    capacity: usize,
    recycling: Recycling,
}

impl Twin {
    fn new(recycling: Recycling, capacity: usize) -> Self {
        let (entries, closed, used, closes) = Default::default();
        Self { entries, closed, used, closes, capacity, recycling }
    }

    fn insert(&mut self, result: Result<usize, TableFull>, entry: u64) {
        if self.entries.len() >= self.capacity {
            assert_eq!(result, Err(TableFull));
            return;
        }
        let value = result.expect("there is room");
        assert!(value != 0 && value.is_multiple_of(4) && value < 1 << 31, "{value:#x}");
        assert!(!self.entries.contains_key(&value), "{value:#x} is open");
        self.check_recycling(value);
        self.closed.retain(|(closed, _)| *closed != value);
        self.used.insert(value);
        self.entries.insert(value, entry);
    }

    fn check_recycling(&self, value: usize) {
        let closed = self.closed.iter().find(|(closed, _)| *closed == value);
        match (self.recycling, closed) {
            (Recycling::Immediate, _) => {
                if let Some((last, _)) = self.closed.last() {
                    assert_eq!(value, *last, "the last closed is the next opened");
                }
            }
            (Recycling::Quarantine(length), Some((_, number))) => {
                assert!(self.closes - number >= length, "{value:#x} came too early");
            }
            (Recycling::Quarantine(_), None) => assert!(!self.used.contains(&value)),
        }
    }

    fn remove(&mut self, value: usize) -> Option<u64> {
        let entry = self.entries.remove(&value)?;
        self.closes += 1;
        self.closed.push((value, self.closes));
        Some(entry)
    }
}

fn one_call(table: &Table<u64>, twin: &mut Twin, random: &mut Random) {
    let open: Vec<usize> = twin.entries.keys().copied().collect();
    // An open value mostly; else any, which may have been one.
    let value = match random.below(4) {
        0 => random.below(4000) << 2,
        _ if open.is_empty() => 0,
        _ => open[random.below(open.len())],
    };
    let tagged = value | random.below(4);
    match random.below(16) {
        0..=5 => {
            let entry = random.next();
            let result = table.insert(entry);
            twin.insert(result, entry);
        }
        6..=9 => {
            assert_eq!(table.remove(tagged), twin.remove(value));
        }
        10 | 11 => {
            assert_eq!(table.get(tagged, |entry| *entry), twin.entries.get(&value).copied());
            assert_eq!(table.get(value | 1 << 31, |_| ()), None);
        }
        12 => {
            let entry = random.next();
            let before = table.update(tagged, |old| std::mem::replace(old, entry));
            assert_eq!(before, twin.entries.get(&value).copied());
            if before.is_some() {
                twin.entries.insert(value, entry);
            }
        }
        13 => {
            let may = random.below(2) == 0;
            let expected = twin.entries.get(&value).map(|entry| may.then_some(*entry));
            assert_eq!(table.remove_if(tagged, |_| may), expected);
            if may {
                twin.remove(value);
            }
        }
        14 => {
            let mut seen = BTreeMap::new();
            table.for_each(|value, entry| assert_eq!(seen.insert(value, *entry), None));
            assert_eq!(seen, twin.entries);
        }
        _ => change_policy(table, twin, random),
    }
    assert_eq!(table.len(), twin.entries.len());
    assert_eq!(table.is_empty(), twin.entries.is_empty());
}

fn change_policy(table: &Table<u64>, twin: &mut Twin, random: &mut Random) {
    if random.below(4) == 0 {
        twin.capacity = 1 + random.below(600);
        table.set_capacity(twin.capacity as u32);
    }
    if random.below(8) == 0 {
        twin.recycling =
            [Recycling::Immediate, Recycling::Quarantine(random.below(40))][random.below(2)];
        table.set_recycling(twin.recycling);
    }
}

/// `LIBIOCP_TABLE_CALLS` says how many calls there are for each seed.
#[test]
fn hnd_015_the_table_is_a_map_with_either_recycling() {
    let calls = if cfg!(miri) { 300 } else { number("LIBIOCP_TABLE_CALLS", 4000) };
    for seed in 0..if cfg!(miri) { 2 } else { 12 } {
        let mut random = Random(seed);
        let recycling = match seed % 3 {
            0 => Recycling::Immediate,
            1 => Recycling::Quarantine(0),
            _ => Recycling::Quarantine(1 + random.below(100)),
        };
        let capacity = [3, 60, 500, 3000][random.below(4)];
        let table = Table::new(recycling, capacity);
        let mut twin = Twin::new(recycling, capacity as usize);
        for _ in 0..calls {
            one_call(&table, &mut twin, &mut random);
        }
    }
}

/// What one thread does: its values stay its own.
fn own_values(table: &Table<(u64, u64)>, seed: u64, calls: u64) {
    let mut random = Random(seed << 40);
    let mut own: Vec<(usize, u64)> = Vec::new();
    for number in 0..calls {
        let pick = |random: &mut Random, own: &[(usize, u64)]| random.below(own.len());
        match random.below(8) {
            0..=2 if own.len() < 200 => {
                let mark = seed << 40 | number;
                let value = table.insert((mark, !mark)).expect("there is room");
                assert!(own.iter().all(|(other, _)| *other != value), "an open value again");
                own.push((value, mark));
            }
            0..=3 if !own.is_empty() => {
                let index = pick(&mut random, &own);
                let (value, mark) = own.swap_remove(index);
                assert_eq!(table.remove(value | random.below(4)), Some((mark, !mark)));
            }
            4 if !own.is_empty() => {
                let index = pick(&mut random, &own);
                let mark = seed << 40 | number;
                let (value, old) = own[index];
                let before = table.update(value, |entry| std::mem::replace(entry, (mark, !mark)));
                assert_eq!(before, Some((old, !old)));
                own[index].1 = mark;
            }
            5.. if !own.is_empty() => {
                let (value, mark) = own[pick(&mut random, &own)];
                assert_eq!(table.get(value, |entry| *entry), Some((mark, !mark)));
            }
            _ => {}
        }
    }
    for (value, mark) in own {
        assert_eq!(table.remove(value), Some((mark, !mark)));
    }
}

#[test]
fn i03_threads_find_their_own_entries_and_whole_ones() {
    let calls = if cfg!(miri) { 60 } else { number("LIBIOCP_TABLE_CALLS", 4000) };
    for recycling in [Recycling::Immediate, Recycling::Quarantine(50)] {
        let table = Table::new(recycling, 1 << 16);
        let (table, is_over) = (&table, &AtomicBool::new(false));
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (1..=4).map(|seed| scope.spawn(move || own_values(table, seed, calls))).collect();
            let onlooker = scope.spawn(move || {
                while !is_over.load(Ordering::Acquire) {
                    table.for_each(|_, (mark, mirror)| assert_eq!(*mark, !mirror));
                    std::thread::yield_now();
                }
            });
            let results: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
            is_over.store(true, Ordering::Release);
            onlooker.join().expect("whole entries");
            results.into_iter().for_each(|result| result.expect("own entries"));
        });
        assert!(table.is_empty());
    }
}

/// Counts how often it closes, and holds a lock meanwhile if it is told to.
#[derive(Default)]
struct Thing {
    handles: HandleCount,
    closes: Arc<AtomicUsize>,
}

impl Close for Thing {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    fn close(self: &Arc<Self>) {
        assert_eq!(self.handles.get(), 0);
        self.closes.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn i01_an_object_closes_once_with_its_last_handle() {
    let rounds = if cfg!(miri) { 3 } else { 300 };
    for round in 0..rounds {
        let closes = Arc::new(AtomicUsize::new(0));
        let thing = Thing { closes: Arc::clone(&closes), ..Thing::default() };
        let first = Handle::new(thing);
        let reference = first.reference();
        std::thread::scope(|scope| {
            for number in 0..3 {
                let handle = first.clone();
                scope.spawn(move || {
                    let mut random = Random(round * 8 + number);
                    let mut handles = vec![handle];
                    for _ in 0..20 {
                        if random.below(2) == 0 {
                            handles.push(handles[0].clone());
                        } else if handles.len() > 1 {
                            handles.pop();
                        }
                    }
                });
            }
            drop(first);
        });
        assert_eq!(closes.load(Ordering::Relaxed), 1);
        assert_eq!(reference.handle_count().get(), 0);
    }
}

#[test]
fn hnd_021_a_handle_that_is_removed_closes_outside_of_the_table() {
    struct Asks(HandleCount, Arc<Table<u32>>);
    impl Close for Asks {
        fn handle_count(&self) -> &HandleCount {
            &self.0
        }
        fn close(self: &Arc<Self>) {
            // Would hang, or fail, if the table were locked.
            self.1.insert(1).expect("there is room");
        }
    }
    let other = Arc::new(Table::default());
    let table = Table::default();
    let handle = Handle::new(Asks(HandleCount::default(), Arc::clone(&other)));
    let Ok(value) = table.insert(handle) else { panic!("there is room") };
    drop(table.remove(value));
    assert_eq!(other.len(), 1);
    // What does not fit is dropped, with no lock held.
    let handle = Handle::new(Asks(HandleCount::default(), Arc::clone(&other)));
    table.set_capacity(0);
    assert_eq!(table.insert(handle), Err(TableFull));
    assert_eq!(other.len(), 2);
}

#[test]
#[cfg(debug_assertions)]
fn i02_closing_an_object_with_a_lock_held_is_caught() {
    let handle = Handle::new(Thing::default());
    let closes = Arc::clone(&handle.closes);
    let lock = libiocp::sync::Mutex::new(());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = lock.lock();
        drop(handle);
    }));
    assert!(result.is_err());
    assert_eq!(closes.load(Ordering::Relaxed), 0);
}

#[test]
#[cfg(debug_assertions)]
fn i02_taking_a_second_lock_is_caught() {
    let (first, second) = (libiocp::sync::Mutex::new(1), libiocp::sync::Mutex::new(2));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = first.lock();
        drop(second.lock());
    }));
    assert!(result.is_err());
    assert_eq!(*first.lock(), 1);
    assert_eq!(*second.lock(), 2);
}

//! What the numbers that these functions hand out stand for. They are no handles: none of them is
//! ever the number of one.

use libiocp::handle::{Recycling, Table};
use libiocp::pool::{Group, Member, Pool};
use std::sync::{Arc, OnceLock};

/// A number of an object.
pub(crate) type Value = usize;

/// Above all handles.
const BASE: usize = 0x6000_0000_0000;
/// So many objects are made before a number comes again.
const REST: usize = 4096;

/// An object of the thread pool functions.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Pool(Arc<Pool>),
    Group(Arc<Group>),
    Work(Arc<Member>),
    Timer(Arc<Member>),
    Wait(Arc<Member>),
    Io(Arc<Member>),
    RegisteredWait(Arc<Member>),
    TimerQueue(Arc<Group>),
    QueueTimer(Arc<Member>),
}

fn table() -> &'static Table<Kind> {
    static TABLE: OnceLock<Table<Kind>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let table = Table::default();
        table.set_recycling(Recycling::Quarantine(REST));
        table
    })
}

/// Ends the program, whose thread pool cannot go on.
pub(crate) fn fatal(function: &str, why: &str) -> ! {
    eprintln!("libiocp: {function}: {why}.");
    std::process::abort();
}

/// A number for an object.
pub(crate) fn insert(kind: Kind) -> Value {
    match table().insert(kind) {
        Ok(value) => value | BASE,
        Err(_) => fatal("thread pool", "there are too many objects"),
    }
}

/// What a number stands for, if `select` wants it.
pub(crate) fn look_up<T>(value: Value, select: impl FnOnce(&Kind) -> Option<T>) -> Option<T> {
    if value & BASE != BASE {
        return None;
    }
    table().get(value & !BASE, select).flatten()
}

/// Like `look_up`, in functions that cannot fail.
pub(crate) fn find<T>(function: &str, value: Value, select: impl FnOnce(&Kind) -> Option<T>) -> T {
    match look_up(value, select) {
        Some(found) => found,
        None => fatal(function, &format!("{value:#x} is no object of the right kind")),
    }
}

/// The number stands for nothing any more.
pub(crate) fn remove(value: Value) {
    let removed = table().remove(value & !BASE);
    drop(removed);
}

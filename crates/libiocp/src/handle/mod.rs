//! Who may still name an object, and when it closes.
//!
//! A reference (`Arc`) keeps the memory; a [`Handle`] keeps the object open.
//! The object closes once, when its last handle goes, with no lock held; its
//! memory goes with the last reference, which a pending request or a file
//! associated with a port may hold much longer.

mod table;

pub use table::{Recycling, Table, TableFull};

use crate::sync::{Arc, AtomicUsize, Ordering, assert_unlocked};
use std::ops::Deref;

/// How many handles name an object.
#[derive(Debug, Default)]
pub struct HandleCount(AtomicUsize);

impl HandleCount {
    /// The handles that exist now.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// What closes when its last handle goes.
pub trait Close {
    /// Where the handles are counted.
    fn handle_count(&self) -> &HandleCount;

    /// Called once, when the last handle has gone and no lock is held.
    fn close(self: &Arc<Self>);
}

/// A user's claim on an object: the object stays open while it exists.
#[doc(alias = "HANDLE")]
#[derive(Debug)]
pub struct Handle<T: Close>(Arc<T>);

impl<T: Close> Handle<T> {
    /// The first handle of a new object.
    pub fn new(object: T) -> Self {
        Self::of(Arc::new(object))
    }

    /// One more handle of an object that is referred to already.
    ///
    /// An object that has closed stays closed.
    pub fn of(object: Arc<T>) -> Self {
        object.handle_count().0.fetch_add(1, Ordering::Relaxed);
        Self(object)
    }

    /// One more handle of an object that has some; `None` if it has none.
    pub fn of_open(object: &Arc<T>) -> Option<Self> {
        let more = |count: usize| (count > 0).then_some(count + 1);
        let count = &object.handle_count().0;
        count.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Self(Arc::clone(object)))
    }

    /// A reference, which does not keep the object open.
    pub fn reference(&self) -> Arc<T> {
        Arc::clone(&self.0)
    }
}

impl<T: Close> Clone for Handle<T> {
    /// What `DuplicateHandle` does.
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.0))
    }
}

impl<T: Close> Drop for Handle<T> {
    fn drop(&mut self) {
        if self.0.handle_count().0.fetch_sub(1, Ordering::AcqRel) == 1 {
            assert_unlocked();
            T::close(&self.0);
        }
    }
}

impl<T: Close> Deref for Handle<T> {
    type Target = Arc<T>;
    fn deref(&self) -> &Arc<T> {
        &self.0
    }
}

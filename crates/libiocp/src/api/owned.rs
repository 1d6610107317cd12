//! A handle that a Rust value owns.

use super::PortRef;
use super::error::{check_not_forked, from_status};
use crate::engine::Engine;
use crate::file;
use crate::handle::{Close, Handle};
use crate::status::Status;
use crate::sync::Arc;
use std::io;
use std::mem::ManuallyDrop;

/// A handle that closes with its owner, but not in the child of a fork: what
/// it names is the parent's.
#[derive(Debug)]
pub(super) struct Owned<T: Close> {
    handle: ManuallyDrop<Option<Handle<T>>>,
    object: Arc<T>,
    engine: Arc<Engine>,
}

impl<T: Close> Owned<T> {
    pub(super) fn new(object: T, engine: &Arc<Engine>) -> Self {
        Self::of(Handle::new(object), Arc::clone(engine))
    }

    fn of(handle: Handle<T>, engine: Arc<Engine>) -> Self {
        let object = handle.reference();
        Self { handle: ManuallyDrop::new(Some(handle)), object, engine }
    }

    pub(super) fn object(&self) -> &Arc<T> {
        &self.object
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

impl<T: Close> Clone for Owned<T> {
    fn clone(&self) -> Self {
        Self::of(Handle::of(Arc::clone(&self.object)), Arc::clone(&self.engine))
    }
}

impl<T: Close> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.engine.is_forked() {
            drop(self.handle.take());
        }
    }
}

impl Owned<file::File> {
    /// Ties the file to a port of the same engine.
    pub(super) fn associate(&self, port: &PortRef, key: usize) -> io::Result<()> {
        check_not_forked(&self.engine)?;
        if !Arc::ptr_eq(&self.engine, port.engine()) {
            return Err(from_status(Status::INVALID_PARAMETER));
        }
        self.object.associate(port.port(), key).map_err(from_status)
    }

    pub(super) fn cancel_all(&self) -> bool {
        !self.engine.is_forked() && self.object.cancel_all(None)
    }

    pub(super) fn cancel_mine(&self) -> bool {
        !self.engine.is_forked() && self.object.cancel_mine()
    }
}

//! A file: anything one reads and writes by handle.
//!
//! What all kinds have in common: the association with a port, the
//! notification modes, the file's own signal, cancelling, and the two endings:
//! it closes with its last handle, its memory goes with its last request.

use crate::device::Device;
use crate::engine::{Engine, Tag};
use crate::handle::{Close, HandleCount};
use crate::port::Port;
use crate::status::Status;
use crate::sync::{Arc, AtomicU32, Mutex, OnceLock, Ordering, Turn, Weak, this_thread};
use crate::wait::Signal;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// No packet for an operation that succeeds at once.
pub const SKIP_COMPLETION_PORT_ON_SUCCESS: u32 = 1;
/// The file's own signal is not set by completions.
pub const SKIP_SET_EVENT_ON_HANDLE: u32 = 2;
/// The event of an operation is left alone when the operation is done within
/// the call that starts it.
pub const SKIP_SET_USER_EVENT_ON_FAST_IO: u32 = 4;
/// The notification modes that exist.
pub const NOTIFICATION_MODES: u32 = 7;
/// Among the modes, for who finishes a request reads them anyway: the first
/// association no longer holds.
const REASSOCIATED: u32 = 1 << 31;

/// The port of a file, and the key of its packets.
#[doc(alias = "IO_COMPLETION_CONTEXT")]
#[derive(Debug)]
pub struct Association {
    /// The port, kept in memory but not open.
    pub port: Arc<Port>,
    /// Stands in every packet of the file.
    pub key: usize,
}

/// An open file, socket or the like.
#[doc(alias = "FILE_OBJECT")]
#[derive(Debug)]
pub struct File {
    handles: HandleCount,
    device: Device,
    engine: Arc<Engine>,
    is_overlapped: bool,
    /// The first association, which is nearly always the only one.
    association: OnceLock<Association>,
    /// What holds instead, once it has been replaced.
    replacement: Mutex<Option<Arc<Association>>>,
    modes: AtomicU32,
    signal: Signal,
    /// The file pointer of a synchronous file.
    position: Mutex<u64>,
    /// Serialises the operations of a synchronous file.
    turn: Turn,
}

impl File {
    /// A file over a device. Without `is_overlapped` its operations block.
    pub fn new(device: Device, engine: Arc<Engine>, is_overlapped: bool) -> Self {
        Self {
            handles: HandleCount::default(),
            device,
            engine,
            is_overlapped,
            association: OnceLock::new(),
            replacement: Mutex::default(),
            modes: AtomicU32::new(0),
            signal: Signal::manual(true),
            position: Mutex::new(0),
            turn: Turn::default(),
        }
    }

    /// The kind of file.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What carries out its operations.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Whether operations may be overlapped.
    pub fn is_overlapped(&self) -> bool {
        self.is_overlapped
    }

    /// The file's own signal, for operations without an event.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// The file pointer. Its lock is held for moments only.
    pub fn with_position<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.position.lock())
    }

    /// Runs `f`, which may block, when no other thread is in here.
    pub fn in_turn<R>(&self, f: impl FnOnce() -> R) -> R {
        let _turn = self.turn.take();
        f()
    }

    /// Ties the file to a port. Operations that are pending already will
    /// report there too.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a synchronous file or one that has a port.
    pub fn associate(&self, port: &Arc<Port>, key: usize) -> Result<(), Status> {
        if !self.is_overlapped {
            return Err(Status::INVALID_PARAMETER);
        }
        let association = Association { port: Arc::clone(port), key };
        let refused = {
            let mut replacement = self.replacement.lock();
            match &*replacement {
                _ if !self.is_reassociated() => self.association.set(association).err(),
                Some(_) => Some(association),
                None => {
                    *replacement = Some(Arc::new(association));
                    None
                }
            }
        };
        if refused.is_some() {
            return Err(Status::INVALID_PARAMETER);
        }
        self.signal_completion(true);
        Ok(())
    }

    /// Ties the file to another port, or to none.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a synchronous file, or while an operation is
    /// pending.
    #[doc(alias = "FileReplaceCompletionInformation")]
    pub fn reassociate(&self, association: Option<Association>) -> Result<(), Status> {
        if !self.is_overlapped || self.has_pending() {
            return Err(Status::INVALID_PARAMETER);
        }
        let new = association.map(Arc::new);
        let old = {
            let mut replacement = self.replacement.lock();
            self.modes.fetch_or(REASSOCIATED, Ordering::AcqRel);
            std::mem::replace(&mut *replacement, new)
        };
        drop(old);
        Ok(())
    }

    fn is_reassociated(&self) -> bool {
        self.modes.load(Ordering::Acquire) & REASSOCIATED != 0
    }

    /// Lends the port and the key, if the file is tied to a port.
    pub fn with_association<R>(&self, f: impl FnOnce(&Association) -> R) -> Option<R> {
        if self.is_reassociated() {
            let replacement = self.replacement.lock().clone();
            return replacement.map(|association| f(&association));
        }
        self.association.get().map(f)
    }

    /// Whether the file is tied to a port.
    pub fn is_associated(&self) -> bool {
        self.with_association(|_| ()).is_some()
    }

    /// Adds notification modes; none can be taken away.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for a synchronous file.
    pub fn add_modes(&self, modes: u32) -> Result<(), Status> {
        if !self.is_overlapped {
            return Err(Status::INVALID_PARAMETER);
        }
        self.modes.fetch_or(modes & NOTIFICATION_MODES, Ordering::AcqRel);
        if modes & SKIP_SET_EVENT_ON_HANDLE != 0 {
            self.signal.reset();
        }
        Ok(())
    }

    /// The notification modes.
    pub fn modes(&self) -> u32 {
        self.modes.load(Ordering::Acquire) & NOTIFICATION_MODES
    }

    pub(crate) fn skips_packet_on_success(&self) -> bool {
        self.modes() & SKIP_COMPLETION_PORT_ON_SUCCESS != 0
    }

    pub(crate) fn skips_event_on_fast_io(&self) -> bool {
        self.modes() & SKIP_SET_USER_EVENT_ON_FAST_IO != 0
    }

    /// Sets the file's own signal, unless it is not to be touched. What was
    /// not pending is told by the call, so a signal that is set is left alone.
    pub(crate) fn signal_completion(&self, was_pending: bool) {
        let touches = self.modes() & SKIP_SET_EVENT_ON_HANDLE == 0;
        if touches && (was_pending || !self.signal.is_set()) {
            self.signal.set();
        }
    }

    /// An operation that sets the file's own signal later has started.
    pub(crate) fn reset_signal(&self) {
        if self.signal.is_set() {
            self.signal.reset();
        }
    }

    /// The tag of an operation that this thread starts on this file.
    #[inline]
    pub(crate) fn tag(
        self: &Arc<Self>,
        context: usize,
        ends_with_thread: bool,
        acceptor: usize,
    ) -> Tag {
        let thread = this_thread();
        if ends_with_thread || !self.is_associated() {
            Bound::note(self);
        }
        Tag { owner: self.identity(), context, thread, ends_with_thread, acceptor }
    }

    fn identity(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Asks for the end of the pending operations that `matches`; tells
    /// whether there were any. Each finishes once, perhaps successfully.
    fn cancel(&self, matches: impl Fn(&Tag) -> bool) -> bool {
        let owner = self.identity();
        self.device.cancel(&self.engine, &|tag| tag.owner == owner && matches(tag)) > 0
    }

    /// Whether any operation is pending.
    fn has_pending(&self) -> bool {
        let owner = self.identity();
        let is_found = Cell::new(false);
        // Nothing matches, so nothing is cancelled; all that is pending is seen.
        self.device.cancel(&self.engine, &|tag| {
            is_found.set(is_found.get() || tag.owner == owner);
            false
        });
        is_found.get()
    }

    /// Cancels what the calling thread has started.
    #[doc(alias = "CancelIo")]
    pub fn cancel_mine(&self) -> bool {
        let thread = this_thread();
        self.cancel(|tag| tag.thread == thread)
    }

    /// Cancels what a thread has started with one OVERLAPPED.
    pub(crate) fn cancel_of(&self, thread: u64, overlapped: usize) -> bool {
        self.cancel(|tag| tag.thread == thread && tag.context == overlapped)
    }

    /// Cancels the operations of one OVERLAPPED, or all.
    #[doc(alias = "CancelIoEx")]
    pub fn cancel_all(&self, overlapped: Option<usize>) -> bool {
        self.cancel(|tag| overlapped.is_none_or(|address| tag.context == address))
    }
}

impl Close for File {
    fn handle_count(&self) -> &HandleCount {
        &self.handles
    }

    /// Ends what is pending; each operation still finishes.
    fn close(self: &Arc<Self>) {
        self.device.close(&self.engine);
    }
}

thread_local! {
    static BOUND: RefCell<Bound> = RefCell::default();
}

/// The files on which a thread has started operations that may end with it, by
/// address; a weak reference keeps the address from being used again.
#[derive(Default)]
struct Bound {
    files: HashMap<usize, Weak<File>>,
    /// How many files there may be before those that are gone are looked for.
    room: usize,
}

impl Bound {
    #[cold]
    fn note(file: &Arc<File>) {
        let _ = BOUND.try_with(|bound| {
            let Bound { files, room } = &mut *bound.borrow_mut();
            if files.contains_key(&file.identity()) {
                return;
            }
            if files.len() >= *room {
                files.retain(|_, file| file.strong_count() > 0);
                *room = 2 * files.len() + 16;
            }
            files.insert(file.identity(), Arc::downgrade(file));
        });
    }
}

/// The calling thread exits: its operations end, except those that report to
/// a port and to no event.
pub(crate) fn end_of_thread() {
    let _ = BOUND.try_with(|bound| {
        let files = std::mem::take(&mut *bound.borrow_mut());
        drop(files);
    });
}

impl Drop for Bound {
    fn drop(&mut self) {
        let thread = this_thread();
        for file in self.files.drain().filter_map(|(_, file)| file.upgrade()) {
            let survives = |tag: &Tag| file.is_associated() && !tag.ends_with_thread;
            file.cancel(|tag| tag.thread == thread && !survives(tag));
        }
    }
}

//! From a SOCKET to the object behind it, and what every call asks of that.

use std::collections::HashMap;
use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use libiocp::device::{Device, Phase, Socket, Verb, WinsockError};
use libiocp::engine::Address;
use libiocp::event::Event;
use libiocp::file::File;
use libiocp::overlapped::{Overlapped, OverlappedRef};
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use libiocp::sync::Deadline;
use libiocp::thread::Thread;
use libiocp::wait::wait_any;
use std::ptr::NonNull;
use std::time::Duration;

use super::codes::{SO_ERROR, SOL_SOCKET, WSAENOTSOCK, WSAEOPNOTSUPP, WSAEWOULDBLOCK};
use super::types::SOCKET;
use crate::kernel::{engine, system};
use crate::sockaddr::windows_family;

/// No level of the program's: what a socket remembers for itself.
const PRIVATE: i32 = i32::MIN;
const CONNECTING_TO: i32 = 1;
const WITHOUT_CONTEXT: i32 = 2;

/// A socket by its handle.
pub(crate) struct Endpoint {
    pub(crate) file: Arc<File>,
}

/// The socket of a handle: anything that is not one is `WSAENOTSOCK`.
pub(crate) fn find(s: SOCKET) -> Result<Endpoint, u32> {
    let file = system().file(s, 0).map_err(|status| match status {
        // The child of a fork: its parent's sockets are not its own.
        Status::NOT_SUPPORTED => WSAEOPNOTSUPP,
        _ => WSAENOTSOCK,
    })?;
    Endpoint::of(file).ok_or(WSAENOTSOCK)
}

/// Sockets as Winsock handed them out: a handle that `DuplicateHandle` made of one is good
/// for the kernel's functions, but Winsock does not know it (SOCK-162).
static KNOWN: LazyLock<Mutex<HashMap<SOCKET, Weak<Socket>>>> = LazyLock::new(Mutex::default);

/// Remembers a handle that Winsock hands out.
pub(crate) fn remember(s: SOCKET, socket: &Arc<Socket>) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(s, Arc::downgrade(socket));
}

/// Forgets a handle that Winsock closes.
pub(crate) fn forget(s: SOCKET) {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&s);
}

/// Like [`find`], but only a handle that Winsock has handed out will do.
pub(crate) fn find_own(s: SOCKET) -> Result<Endpoint, u32> {
    let endpoint = find(s)?;
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_own =
        known.get(&s).is_some_and(|it| ptr::eq(it.as_ptr(), Arc::as_ptr(endpoint.socket())));
    if is_own { Ok(endpoint) } else { Err(WSAENOTSOCK) }
}

/// The code of the core's error.
pub(crate) fn code(error: WinsockError) -> u32 {
    error.0
}

impl Endpoint {
    /// The socket that a file is, if it is one.
    pub(crate) fn of(file: Arc<File>) -> Option<Self> {
        matches!(file.device(), Device::Socket(_)).then_some(Self { file })
    }

    pub(crate) fn socket(&self) -> &Arc<Socket> {
        match self.file.device() {
            Device::Socket(socket) => socket,
            _ => unreachable!("an endpoint is made of a socket only"),
        }
    }

    /// The address family, in Windows' numbers.
    pub(crate) fn family(&self) -> i32 {
        windows_family(self.socket().state().family)
    }

    /// `SOCK_STREAM`, `SOCK_DGRAM`, `SOCK_RAW`: the same numbers in both worlds.
    pub(crate) fn kind(&self) -> i32 {
        self.socket().state().kind
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.socket().state().is_stream()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.socket().state().phase()
    }

    /// The number stored for an option, if the program has set it.
    pub(crate) fn stored(&self, level: i32, name: i32) -> Option<u32> {
        let bytes = self.socket().state().option(level, name)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Stores the number of an option.
    pub(crate) fn store(&self, level: i32, name: i32, value: u32) {
        self.socket().state().set_option(level, name, value.to_le_bytes().to_vec());
    }

    /// The time limit of a blocking call: an option in milliseconds, 0 for none.
    pub(crate) fn deadline(&self, option: i32) -> Option<Deadline> {
        let milliseconds = self.stored(SOL_SOCKET, option).filter(|limit| *limit != 0)?;
        Some(Deadline::after(Duration::from_millis(u64::from(milliseconds))))
    }

    /// Remembers where a connect that goes on by itself leads.
    pub(crate) fn set_connecting_to(&self, address: Option<&Address>) {
        let bytes = address.map_or(Vec::new(), |address| address.bytes().to_vec());
        self.socket().state().set_option(PRIVATE, CONNECTING_TO, bytes);
    }

    /// Where a connect that goes on by itself leads, if there is one.
    pub(crate) fn connecting_to(&self) -> Option<Address> {
        if !self.socket().state().is_connecting() {
            return None;
        }
        let bytes = self.socket().state().option(PRIVATE, CONNECTING_TO)?;
        (!bytes.is_empty()).then(|| Address::from_bytes(&bytes))
    }

    /// Remembers that `ConnectEx` made, or will make, the connection, and that the program
    /// has not asked for the whole socket yet.
    pub(crate) fn set_without_context(&self, value: bool) {
        self.store(PRIVATE, WITHOUT_CONTEXT, u32::from(value));
    }

    /// Whether `SO_UPDATE_CONNECT_CONTEXT` is still to come.
    pub(crate) fn is_without_context(&self) -> bool {
        self.stored(PRIVATE, WITHOUT_CONTEXT).is_some_and(|value| value != 0)
    }

    /// Takes note of how a connect that goes on by itself has ended, if it has.
    pub(crate) fn settle_connecting(&self) {
        let Some(address) = self.connecting_to() else { return };
        match self.socket().connect(engine(), &address) {
            Err(error) if code(error) == WSAEWOULDBLOCK => {}
            outcome => {
                self.set_connecting_to(None);
                self.store(SOL_SOCKET, SO_ERROR, outcome.err().map_or(0, code));
            }
        }
    }

    /// Runs an operation to its end in the calling thread. No packet is posted.
    pub(crate) fn run(&self, verb: Verb) -> (Status, usize) {
        let mut overlapped = Box::new(Overlapped::default());
        let event = Arc::new(Event::new(true, false));
        // SAFETY: the box lives until the operation has finished, which is waited for below.
        let reference = unsafe { OverlappedRef::new(NonNull::from(&mut *overlapped)) };
        let report =
            Report { overlapped: reference, event: Some(Arc::clone(&event)), then: Then::Nothing };
        match Request::start(&self.file, verb, report, |_| {}) {
            Answer::Refused(status) => (status, 0),
            Answer::Done(status, bytes) => (status, bytes),
            Answer::Pending => {
                let wait = || wait_any(&[event.signal()], None, &**engine());
                if self.file.is_overlapped() {
                    wait();
                } else {
                    Thread::while_blocked_in(&self.file, reference.address(), wait);
                }
                (overlapped.status(), overlapped.bytes())
            }
        }
    }
}

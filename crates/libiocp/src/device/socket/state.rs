//! The state of an endpoint, as Windows tells it.

use crate::engine::Address;
use crate::status::Status;
use crate::sync::{AtomicU32, Deadline, Mutex, Ordering};
use std::collections::BTreeMap;

/// One bit each; several hold at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(u32);

impl Flags {
    pub(super) const BOUND: Flags = Flags(1);
    pub(super) const LISTENING: Flags = Flags(2);
    pub(super) const CONNECTING: Flags = Flags(4);
    pub(super) const CONNECTED: Flags = Flags(8);
    /// Nothing more is to be received.
    pub(super) const SHUT_IN: Flags = Flags(0x10);
    /// Nothing more is to be sent.
    pub(super) const SHUT_OUT: Flags = Flags(0x20);
    /// The peer has said that it sends nothing more.
    pub(super) const ENDED: Flags = Flags(0x40);
    /// An AcceptEx will make it a connection.
    pub(super) const IN_ACCEPT: Flags = Flags(0x80);
    pub(super) const CLOSED: Flags = Flags(0x100);
    pub(super) const NONBLOCKING: Flags = Flags(0x200);
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// Where an endpoint is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Neither bound nor connected.
    Fresh,
    /// Bound to an address.
    Bound,
    /// Takes connections.
    Listening,
    /// A connection is being made.
    Connecting,
    /// An AcceptEx is to make it a connection.
    Accepting,
    /// Connected, or once connected.
    Connected,
}

/// What Windows knows of an endpoint.
#[derive(Debug)]
pub struct SocketState {
    flags: AtomicU32,
    /// The address family, as Linux numbers it.
    pub family: i32,
    /// `SOCK_STREAM`, `SOCK_DGRAM`...
    pub kind: i32,
    /// `IPPROTO_TCP`...
    pub protocol: i32,
    details: Mutex<Details>,
}

#[derive(Debug, Default)]
struct Details {
    peer: Option<Address>,
    /// What it was bound to.
    local: Option<Address>,
    connected_at: Option<Deadline>,
    options: BTreeMap<(i32, i32), Vec<u8>>,
}

impl SocketState {
    pub(super) fn new(family: i32, kind: i32, protocol: i32) -> Self {
        let (flags, details) = (AtomicU32::new(0), Mutex::default());
        Self { flags, family, kind, protocol, details }
    }

    pub(super) fn has(&self, flags: Flags) -> bool {
        self.flags.load(Ordering::Acquire) & flags.0 != 0
    }

    pub(super) fn set(&self, flags: Flags) {
        self.flags.fetch_or(flags.0, Ordering::AcqRel);
    }

    pub(super) fn clear(&self, flags: Flags) {
        self.flags.fetch_and(!flags.0, Ordering::AcqRel);
    }

    /// Where the endpoint is in its life.
    pub fn phase(&self) -> Phase {
        let order = [
            (Flags::CONNECTED, Phase::Connected),
            (Flags::CONNECTING, Phase::Connecting),
            (Flags::IN_ACCEPT, Phase::Accepting),
            (Flags::LISTENING, Phase::Listening),
            (Flags::BOUND, Phase::Bound),
        ];
        let phase = order.into_iter().find(|(flag, _)| self.has(*flag));
        phase.map_or(Phase::Fresh, |(_, phase)| phase)
    }

    /// Whether a connection is being made: the phase, for less.
    #[inline]
    pub fn is_connecting(&self) -> bool {
        let flags = self.flags.load(Ordering::Acquire);
        flags & (Flags::CONNECTED.0 | Flags::CONNECTING.0) == Flags::CONNECTING.0
    }

    /// Whether it carries a stream of bytes.
    pub fn is_stream(&self) -> bool {
        self.kind == libc::SOCK_STREAM
    }

    /// Whether calls without an OVERLAPPED do not wait.
    pub fn is_nonblocking(&self) -> bool {
        self.has(Flags::NONBLOCKING)
    }

    /// Says whether calls without an OVERLAPPED wait.
    pub fn set_nonblocking(&self, is_nonblocking: bool) {
        if is_nonblocking { self.set(Flags::NONBLOCKING) } else { self.clear(Flags::NONBLOCKING) }
    }

    /// An option's value as the program set it.
    pub fn option(&self, level: i32, name: i32) -> Option<Vec<u8>> {
        self.details.lock().options.get(&(level, name)).cloned()
    }

    /// Keeps an option's value as the program set it.
    pub fn set_option(&self, level: i32, name: i32, value: Vec<u8>) {
        self.details.lock().options.insert((level, name), value);
    }

    /// Takes over what an accepted connection inherits from its listener.
    pub fn inherit_options(&self, listener: &SocketState) {
        let options = listener.details.lock().options.clone();
        self.details.lock().options = options;
    }

    /// How long it has been connected.
    pub fn connected_for(&self) -> Option<std::time::Duration> {
        let since = self.details.lock().connected_at?;
        Some(since.elapsed())
    }

    pub(super) fn peer(&self) -> Option<Address> {
        self.details.lock().peer
    }

    pub(super) fn local(&self) -> Option<Address> {
        self.details.lock().local
    }

    pub(super) fn set_local(&self, local: Address) {
        self.details.lock().local = Some(local);
    }

    pub(super) fn set_peer(&self, peer: Address) {
        self.details.lock().peer = Some(peer);
    }

    /// Whether a receive may start.
    pub(super) fn may_receive(&self) -> Status {
        if self.is_stream() && !self.has(Flags::CONNECTED) {
            Status::INVALID_CONNECTION
        } else if self.has(Flags::SHUT_IN) {
            Status::PIPE_DISCONNECTED
        } else if !self.is_stream() && !self.has(Flags::BOUND) {
            Status::INVALID_PARAMETER
        } else {
            Status::SUCCESS
        }
    }

    /// Whether a send may start, perhaps to an address of its own.
    pub(super) fn may_send(&self, has_address: bool) -> Status {
        let needs_connection = self.is_stream() || !has_address;
        if needs_connection && !self.has(Flags::CONNECTED) {
            Status::INVALID_CONNECTION
        } else if self.has(Flags::SHUT_OUT) {
            Status::PIPE_DISCONNECTED
        } else {
            Status::SUCCESS
        }
    }

    /// Reserves a fresh socket for an AcceptEx.
    pub(super) fn begin_accept(&self) -> bool {
        let used = Flags::BOUND
            | Flags::LISTENING
            | Flags::CONNECTING
            | Flags::CONNECTED
            | Flags::IN_ACCEPT
            | Flags::CLOSED;
        let reserve = |flags| (flags & used.0 == 0).then_some(flags | Flags::IN_ACCEPT.0);
        self.is_stream()
            && self.flags.fetch_update(Ordering::AcqRel, Ordering::Acquire, reserve).is_ok()
    }

    /// Reserves a bound socket for a ConnectEx.
    pub(super) fn begin_connect(&self) -> Status {
        if !self.is_stream() {
            return Status::NOT_SUPPORTED;
        }
        let refused = Flags::LISTENING | Flags::CONNECTING | Flags::CONNECTED | Flags::IN_ACCEPT;
        let reserve = |flags: u32| {
            let may = flags & Flags::BOUND.0 != 0 && flags & refused.0 == 0;
            may.then_some(flags | Flags::CONNECTING.0)
        };
        match self.flags.fetch_update(Ordering::AcqRel, Ordering::Acquire, reserve) {
            Ok(_) => Status::SUCCESS,
            Err(flags) if flags & Flags::CONNECTED.0 != 0 => Status::CONNECTION_ACTIVE,
            Err(_) => Status::INVALID_PARAMETER,
        }
    }

    /// The connection has been made.
    pub(super) fn connect(&self) {
        self.details.lock().connected_at = Some(Deadline::now());
        self.set(Flags::CONNECTED | Flags::BOUND);
        self.clear(Flags::CONNECTING);
    }

    /// The endpoint is as new, but for what was asked of it.
    pub(super) fn renew(&self) {
        let mut details = self.details.lock();
        (details.peer, details.connected_at) = (None, None);
        drop(details);
        let life = Flags::CONNECTED | Flags::CONNECTING | Flags::BOUND | Flags::LISTENING;
        self.clear(life | Flags::SHUT_IN | Flags::SHUT_OUT | Flags::ENDED);
    }
}

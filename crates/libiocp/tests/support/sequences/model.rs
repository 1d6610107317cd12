//! What should happen: ports, files, streams and operations, naively.

use super::memory::Memory;
use libiocp::event::Event;
use libiocp::file::File;
use libiocp::port::{Packet, Port};
use libiocp::status::Status;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// A port: its packets in groups. Within a group the packets of one sequence
/// keep their order, and the sequences may be mixed.
#[derive(Debug)]
pub(crate) struct PortModel {
    pub(crate) port: Weak<Port>,
    pub(crate) handles: usize,
    groups: VecDeque<Vec<VecDeque<Expected>>>,
}

/// A packet, and the operation that it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) packet: Packet,
    pub(crate) op: Option<usize>,
}

impl PortModel {
    pub(crate) fn new(port: Weak<Port>) -> Self {
        Self { port, handles: 1, groups: VecDeque::new() }
    }

    /// Packets that were queued by one call.
    pub(crate) fn push(&mut self, group: Vec<VecDeque<Expected>>) {
        if self.handles > 0 && !group.is_empty() {
            self.groups.push_back(group);
        }
    }

    pub(crate) fn close(&mut self) {
        self.groups.clear();
    }

    pub(crate) fn depth(&self) -> usize {
        self.groups.iter().flatten().map(VecDeque::len).sum()
    }

    /// The packet must be one that may come next.
    pub(crate) fn take(&mut self, packet: &Packet) -> Expected {
        let group = self.groups.front_mut().expect("no packet was due");
        let next = |sequence: &VecDeque<Expected>| sequence[0].packet == *packet;
        let Some(index) = group.iter().position(next) else {
            panic!("not what should come next: {packet:?}, but one of {group:?}");
        };
        let expected = group[index].pop_front().expect("no sequence is empty");
        if group[index].is_empty() {
            group.remove(index);
        }
        if group.is_empty() {
            self.groups.pop_front();
        }
        expected
    }
}

/// A file and what it should contain.
#[derive(Debug)]
pub(crate) struct FileModel {
    pub(crate) file: Weak<File>,
    pub(crate) handles: usize,
    pub(crate) is_overlapped: bool,
    /// The port's index, and the key.
    pub(crate) association: Option<(usize, usize)>,
    pub(crate) skips_on_success: bool,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Disk(Vec<u8>),
    /// The indices of the pipes it reads from and writes to.
    Stream {
        input: usize,
        output: usize,
    },
}

/// One direction of a pair of streams.
#[derive(Debug)]
pub(crate) struct PipeModel {
    /// The file that sends into it.
    pub(crate) sender: usize,
    pub(crate) sends: Vec<usize>,
    /// Where the receiver is: which send, and where in it.
    at: (usize, usize),
    /// The sender has said that it sends nothing more.
    pub(crate) is_finishing: bool,
    /// A receive that failed may have swallowed bytes.
    pub(crate) has_lost: bool,
}

impl PipeModel {
    pub(crate) fn new(sender: usize) -> Self {
        let (sends, at) = (Vec::new(), (0, 0));
        Self { sender, sends, at, is_finishing: false, has_lost: false }
    }

    /// Every send is received in order and whole, but one that failed.
    pub(crate) fn receive(&mut self, bytes: &[u8], ops: &[OpModel]) {
        for &byte in bytes {
            loop {
                let &id = self.sends.get(self.at.0).expect("received more than was sent");
                let send = &ops[id];
                if send.data.get(self.at.1) == Some(&byte) {
                    self.at.1 += 1;
                    break;
                }
                let is_whole = self.at.1 == send.data.len();
                let may_be_cut = send.state != State::Pending && send.status.is_error();
                assert!(is_whole || may_be_cut, "wrong byte {byte} at {:?} of {id}", self.at);
                self.at = (self.at.0 + 1, 0);
            }
        }
    }

    /// Bytes that are known to be on their way: of sends that have succeeded.
    pub(crate) fn unread(&self, ops: &[OpModel]) -> usize {
        let rest = self.sends.iter().skip(self.at.0).map(|&id| &ops[id]);
        let sent = rest.take_while(|op| op.state != State::Pending && op.status.is_success());
        sent.map(|op| op.data.len()).sum::<usize>().saturating_sub(self.at.1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read(u64),
    Write(u64),
    Append,
    Nothing,
    Receive {
        wants_all: bool,
    },
    Send,
    /// Carried out before it started.
    Settled,
    /// Nothing that the file understands.
    Nonsense,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Finished,
    /// Its packet was taken, or it needs none.
    Over,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct OpModel {
    pub(crate) file: usize,
    pub(crate) action: Action,
    pub(crate) address: usize,
    pub(crate) memory: Memory,
    /// What is written or sent; what was in the buffer, else.
    pub(crate) data: Vec<u8>,
    pub(crate) event: Option<Arc<Event>>,
    pub(crate) wants_packet: bool,
    pub(crate) state: State,
    pub(crate) cancel_asked: bool,
    pub(crate) status: Status,
    pub(crate) bytes: usize,
}

impl OpModel {
    /// Operations of one lane finish in their order.
    pub(crate) fn lane(&self) -> (usize, bool) {
        (self.file, self.action == Action::Send)
    }

    pub(crate) fn is_disk(&self) -> bool {
        matches!(self.action, Action::Read(_) | Action::Write(_) | Action::Append | Action::Nothing)
    }
}

/// A read of `length` bytes: its status and what it gets.
pub(crate) fn read(content: &[u8], offset: u64, length: usize) -> (Status, &[u8]) {
    let start = (offset as usize).min(content.len());
    let found = &content[start..content.len().min(start + length)];
    let is_end = found.is_empty() && length > 0;
    (if is_end { Status::END_OF_FILE } else { Status::SUCCESS }, found)
}

/// A write; the gap before it is zeroes. Nothing written extends nothing.
pub(crate) fn write(content: &mut Vec<u8>, offset: u64, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let (start, end) = (offset as usize, offset as usize + data.len());
    content.resize(content.len().max(end), 0);
    content[start..end].copy_from_slice(data);
}

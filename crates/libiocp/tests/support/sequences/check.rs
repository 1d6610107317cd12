//! Looking what has finished, and whether it should have, and like this.

use super::World;
use super::model::{self, Action, Expected, Kind, OpModel, State};
use libiocp::port::Packet;
use libiocp::status::Status;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl World {
    /// Sees which operations the last call has finished.
    pub(super) fn scan(&mut self) {
        let ops = &self.ops;
        let has_finished = |id: &usize| ops[*id].memory.status() != Status::PENDING;
        let (finished, pending): (Vec<usize>, Vec<usize>) =
            self.pending.iter().partition(|id| has_finished(id));
        self.pending = pending;
        for &id in &finished {
            self.note(id);
        }
        let disk = finished.iter().filter(|&&id| self.ops[id].is_disk()).count();
        assert!(disk <= 1, "one call finishes one disk operation at most");
        self.check_order(&finished);
        let mut groups: BTreeMap<usize, BTreeMap<(usize, bool), VecDeque<Expected>>> =
            BTreeMap::new();
        for &id in &finished {
            self.verify(id);
            if let Some((port, expected)) = self.packet_of(id) {
                let lanes = groups.entry(port).or_default();
                lanes.entry(self.ops[id].lane()).or_default().push_back(expected);
            }
        }
        for (port, lanes) in groups {
            self.ports[port].push(lanes.into_values().collect());
        }
        for id in finished {
            self.release(id);
        }
    }

    /// The operation ended when it was started.
    pub(super) fn finished_at_once(&mut self, id: usize) {
        let index = self.ops[id].file;
        self.note(id);
        let is_behind = |other: &usize| self.ops[*other].lane() == self.ops[id].lane();
        let is_queued = !self.ops[id].is_disk() && self.ops[id].action != Action::Settled;
        assert!(!is_queued || !self.pending.iter().any(is_behind), "overtook: {:?}", self.ops[id]);
        self.verify(id);
        let is_skipped = self.files[index].skips_on_success;
        if let Some((port, expected)) = self.packet_of(id).filter(|_| !is_skipped) {
            self.ports[port].push(vec![VecDeque::from([expected])]);
        } else {
            self.ops[id].state = State::Over;
        }
        self.release(id);
    }

    fn note(&mut self, id: usize) {
        let op = &mut self.ops[id];
        assert_eq!(op.state, State::Pending, "finished twice: {op:?}");
        (op.state, op.status, op.bytes) = (State::Finished, op.memory.status(), op.memory.bytes());
    }

    /// A stream's operations of one direction finish in order, but for those
    /// that are cancelled.
    fn check_order(&self, finished: &[usize]) {
        for &id in finished.iter().filter(|&&id| !self.ops[id].is_disk()) {
            let op = &self.ops[id];
            let overtaken = self.pending.iter().find(|&&other| {
                other < id && self.ops[other].lane() == op.lane() && !op.cancel_asked
            });
            assert!(overtaken.is_none(), "{id} has overtaken {overtaken:?}");
        }
    }

    /// The packet that follows, on a port that is open.
    fn packet_of(&mut self, id: usize) -> Option<(usize, Expected)> {
        let op = &mut self.ops[id];
        let association = self.files[op.file].association;
        let association = association.filter(|(port, _)| self.ports[*port].handles > 0);
        let Some((port, key)) = association.filter(|_| op.wants_packet) else {
            op.state = State::Over;
            return None;
        };
        let packet = Packet::with_status(key, op.address, op.status, op.bytes);
        Some((port, Expected { packet, op: Some(id) }))
    }

    /// What becomes of the memory once the status is there: it may go at once.
    fn release(&mut self, id: usize) {
        let op = &mut self.ops[id];
        match id % 3 {
            0 => op.memory.free(),
            1 => op.memory.poison(),
            _ if op.state == State::Over => op.memory.poison(),
            _ => {}
        }
    }

    /// Whether the result is what it should be.
    fn verify(&mut self, id: usize) {
        let op = &self.ops[id];
        if let Some(event) = &op.event {
            assert!(event.signal().is_set(), "the event was not set: {op:?}");
        }
        if !op.status.is_success() {
            assert!(op.bytes == 0, "{op:?}");
        }
        match op.action {
            Action::Settled | Action::Nonsense => {
                assert_eq!((op.status, op.bytes), (Status::SUCCESS, op.data.len()));
            }
            Action::Send => self.verify_send(id),
            Action::Receive { wants_all } => self.verify_receive(id, wants_all),
            _ => self.verify_disk(id),
        }
    }

    fn verify_disk(&mut self, id: usize) {
        let op = &self.ops[id];
        let Kind::Disk(content) = &mut self.files[op.file].kind else { panic!("{op:?}") };
        if op.status == Status::CANCELLED {
            assert!(op.cancel_asked, "cancelled by nobody: {op:?}");
            return;
        }
        if op.status.is_error() && op.status != Status::END_OF_FILE {
            assert!(self.faults.errors > 0, "{op:?}");
            return;
        }
        match op.action {
            Action::Read(offset) => {
                let (status, found) = model::read(content, offset, op.data.len());
                assert_eq!((op.status, op.bytes), (status, found.len()), "{op:?}");
                let (filled, rest) = op.memory.content().split_at(found.len());
                assert_eq!(filled, found);
                assert_eq!(rest, &op.data[found.len()..], "touched behind what was read");
            }
            Action::Write(_) | Action::Append => {
                let end = content.len() as u64;
                let offset = if let Action::Write(offset) = op.action { offset } else { end };
                assert_eq!((op.status, op.bytes), (Status::SUCCESS, op.data.len()), "{op:?}");
                model::write(content, offset, &op.data);
            }
            _ => assert_eq!((op.status, op.bytes), (Status::SUCCESS, 0), "{op:?}"),
        }
    }

    fn verify_send(&self, id: usize) {
        let op = &self.ops[id];
        if op.status.is_success() {
            assert_eq!(op.bytes, op.data.len(), "a send is whole: {op:?}");
        } else {
            assert!(self.stream_may_fail(op), "{op:?}");
        }
    }

    fn verify_receive(&mut self, id: usize, wants_all: bool) {
        let op = &self.ops[id];
        let Kind::Stream { input, .. } = self.files[op.file].kind else { panic!("{op:?}") };
        if op.status.is_error() {
            assert!(self.stream_may_fail(op), "{op:?}");
            self.pipes[input].has_lost |= wants_all;
            return;
        }
        let (bytes, length) = (op.bytes, op.data.len());
        assert!(bytes <= length, "{op:?}");
        let is_over = bytes == 0 && length > 0 || wants_all && bytes < length;
        assert!(!is_over || self.has_ended(input), "the end, and nobody has ended: {op:?}");
        let (filled, rest) = op.memory.content().split_at(bytes);
        assert_eq!(rest, &op.data[bytes..], "touched behind what was received");
        if !self.pipes[input].has_lost {
            self.pipes[input].receive(filled, &self.ops);
        }
    }

    fn has_ended(&self, pipe: usize) -> bool {
        let pipe = &self.pipes[pipe];
        pipe.is_finishing || self.files[pipe.sender].handles == 0
    }

    /// Whether anything has happened that an operation may fail for.
    pub(super) fn stream_may_fail(&self, op: &OpModel) -> bool {
        let Kind::Stream { input, output } = self.files[op.file].kind else { return false };
        let is_closed = self.files[op.file].handles == 0;
        self.faults.errors > 0
            || op.cancel_asked
            || is_closed
            || self.has_ended(output)
            || self.files[self.pipes[input].sender].handles == 0
    }

    /// Lets everything happen that can; nothing may be stuck then.
    pub(super) fn settle_down(&mut self) {
        while self.fake.step() {
            self.scan();
        }
        assert!(!self.pending.iter().any(|&id| self.ops[id].is_disk()), "a disk operation waits");
        if self.faults.delays > 0 {
            return;
        }
        let mut seen = BTreeSet::new();
        for &id in &self.pending {
            let op = &self.ops[id];
            // Only the first of each direction can be stuck.
            if !seen.insert(op.lane()) {
                continue;
            }
            let Kind::Stream { input, output } = self.files[op.file].kind else { continue };
            let (pipe, is_receive) = match op.action {
                Action::Receive { wants_all: true } => continue,
                Action::Receive { .. } => (&self.pipes[input], true),
                _ => (&self.pipes[output], false),
            };
            if pipe.has_lost {
                continue;
            }
            let unread = pipe.unread(&self.ops);
            assert!(!is_receive || unread == 0, "{unread} bytes wait for {op:?}");
            let is_gone = self.files[pipe.sender].file.strong_count() == 0;
            assert!(!is_receive || !is_gone, "the peer is gone, and still: {op:?}");
        }
    }
}

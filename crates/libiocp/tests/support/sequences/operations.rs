//! Starting operations, and cancelling them.

use super::input::Input;
use super::memory::Memory;
use super::model::{Action, Kind, OpModel, State};
use super::{MOST_OPERATIONS, Target, World};
use libiocp::device::{SocketVerb, Verb};
use libiocp::engine::DiskOp;
use libiocp::event::Event;
use libiocp::file::File;
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;
use std::sync::Arc;

/// So many sends of one direction can be told apart.
const MOST_SENDS: usize = 85;

impl World {
    pub(super) fn start(&mut self, input: &mut Input<'_>) {
        let Some((file, index)) = self.pick_file(input) else { return };
        if self.ops.len() >= MOST_OPERATIONS {
            return;
        }
        let Some(mut op) = self.prepare(index, input) else { return };
        op.event = self.pick_event(input);
        op.wants_packet = !input.one_in(8);
        let verb = verb(&op, matches!(self.files[index].kind, Kind::Disk(_)));
        let report = Report {
            overlapped: op.memory.overlapped(),
            event: op.event.clone(),
            then: if op.wants_packet { Then::Packet } else { Then::Nothing },
        };
        let mut told = None;
        let answer = Request::start(&file, verb, report, |bytes| {
            assert_eq!(told.replace(bytes), None);
        });
        self.started(op, answer, told);
        drop(file);
    }

    fn pick_event(&self, input: &mut Input<'_>) -> Option<Arc<Event>> {
        if !input.one_in(4) {
            return None;
        }
        let claim = self.pick(input, |target| matches!(target, Target::Event(_)))?;
        Some(self.system.event(claim.value, 0).expect("an open event"))
    }

    fn prepare(&self, index: usize, input: &mut Input<'_>) -> Option<OpModel> {
        let length = input.below(40);
        let action = match &self.files[index].kind {
            Kind::Disk(_) => disk_action(input),
            Kind::Stream { output, .. } => {
                let action = stream_action(input);
                if action == Action::Send && self.pipes[*output].sends.len() >= MOST_SENDS {
                    return None;
                }
                action
            }
        };
        let number = match (&self.files[index].kind, action) {
            (Kind::Stream { output, .. }, Action::Send) => self.pipes[*output].sends.len(),
            _ => self.ops.len() % 80,
        };
        let data: Vec<u8> = (0..length).map(|n| (number * 3 + n % 3) as u8).collect();
        let offset = match action {
            Action::Read(offset) | Action::Write(offset) => offset,
            _ => 0,
        };
        let memory = Memory::new(offset, &data);
        Some(OpModel {
            file: index,
            action,
            address: memory.overlapped().address(),
            memory,
            data,
            event: None,
            wants_packet: true,
            state: State::Pending,
            cancel_asked: false,
            status: Status::PENDING,
            bytes: 0,
        })
    }

    fn started(&mut self, mut op: OpModel, answer: Answer, told: Option<usize>) {
        self.summary.started += 1;
        let (id, index) = (self.ops.len(), op.file);
        if let (Kind::Stream { output, .. }, Action::Send) = (&self.files[index].kind, op.action)
            && !matches!(answer, Answer::Refused(_))
        {
            self.pipes[*output].sends.push(id);
        }
        match answer {
            Answer::Refused(status) => {
                assert_eq!(told, None);
                self.summary.refused += 1;
                self.check_refusal(&op, status);
                (op.state, op.status) = (State::Over, status);
                op.memory.poison();
                self.ops.push(op);
            }
            Answer::Done(status, bytes) => {
                assert_eq!((op.memory.status(), op.memory.bytes()), (status, bytes));
                assert!(status.is_success(), "an error is a refusal: {status:?}");
                assert_eq!(told, Some(bytes));
                self.ops.push(op);
                self.finished_at_once(id);
            }
            Answer::Pending => {
                assert_eq!(told, None);
                self.ops.push(op);
                self.pending.push(id);
            }
        }
    }

    fn check_refusal(&self, op: &OpModel, status: Status) {
        assert!(status.is_error());
        let expected = match op.action {
            Action::Nonsense => Some(Status::INVALID_DEVICE_REQUEST),
            Action::Settled => Some(Status::ACCESS_DENIED),
            Action::Read(offset) | Action::Write(offset) => {
                assert!(offset > i64::MAX as u64 - 40, "a disk operation begins: {status:?}");
                Some(Status::INVALID_PARAMETER)
            }
            _ => None,
        };
        match expected {
            Some(expected) => assert_eq!(status, expected),
            None => assert!(self.stream_may_fail(op), "refused for nothing: {status:?}"),
        }
    }

    /// Asks for the end of operations in the model.
    pub(super) fn ask_to_cancel(&mut self, matches: impl Fn(&OpModel) -> bool) -> Vec<usize> {
        let asked = self.pending.iter().copied().filter(|&id| matches(&self.ops[id]));
        let asked: Vec<usize> = asked.collect();
        asked.iter().for_each(|&id| self.ops[id].cancel_asked = true);
        asked
    }

    /// Those of a stream end at once, those of a disk file when they may.
    fn cancel(&mut self, file: &File, index: usize, address: Option<usize>) {
        let matches =
            |op: &OpModel| op.file == index && address.is_none_or(|address| op.address == address);
        let was_asked =
            self.pending.iter().any(|&id| matches(&self.ops[id]) && !self.ops[id].cancel_asked);
        let asked = self.ask_to_cancel(matches);
        let found = file.cancel_all(address);
        // Asking again for the same is answered either way.
        assert!(found == was_asked || !asked.is_empty() && !was_asked, "found: {found}");
        let is_stream = matches!(self.files[index].kind, Kind::Stream { .. });
        for id in asked.into_iter().filter(|_| is_stream) {
            assert_eq!(self.ops[id].memory.status(), Status::CANCELLED);
            self.summary.cancelled += 1;
        }
    }

    pub(super) fn cancel_one(&mut self, input: &mut Input<'_>) {
        let Some((file, index)) = self.pick_file(input) else { return };
        let of_file = self.pending.iter().filter(|&&id| self.ops[id].file == index);
        let addresses: Vec<usize> = of_file.map(|&id| self.ops[id].address).collect();
        // Sometimes one that is nobody's.
        let address = if input.one_in(8) { Some(64) } else { input.pick(&addresses) };
        if let Some(address) = address {
            self.cancel(&file, index, Some(address));
        }
    }

    pub(super) fn cancel_all(&mut self, input: &mut Input<'_>) {
        if let Some((file, index)) = self.pick_file(input) {
            self.cancel(&file, index, None);
        }
    }

    pub(super) fn finish_sending(&mut self, input: &mut Input<'_>) {
        let Some((file, index)) = self.pick_file(input) else { return };
        if let (Kind::Stream { output, .. }, libiocp::device::Device::Socket(socket)) =
            (&self.files[index].kind, file.device())
        {
            self.pipes[*output].is_finishing = true;
            self.engine.finish_sending(socket.stream());
        }
    }
}

fn disk_action(input: &mut Input<'_>) -> Action {
    let far = [i64::MAX as u64 - 39, i64::MAX as u64, u64::MAX];
    match input.below(32) {
        0 => Action::Nonsense,
        1 => Action::Settled,
        2 => Action::Nothing,
        // Behind any length that a buffer has here.
        3 => Action::Read(far[input.below(3)] | 1 << 63),
        4 => Action::Write(far[input.below(3)] | 1 << 63),
        5..=8 => Action::Append,
        9..=20 => Action::Write(input.below(300) as u64),
        _ => Action::Read(input.below(300) as u64),
    }
}

fn stream_action(input: &mut Input<'_>) -> Action {
    match input.below(16) {
        0 => Action::Nonsense,
        1 => Action::Settled,
        2 => Action::Receive { wants_all: true },
        3..=8 => Action::Receive { wants_all: false },
        _ => Action::Send,
    }
}

fn verb(op: &OpModel, is_disk: bool) -> Verb {
    let buffer = op.memory.buffer();
    let buffers = op.memory.buffers();
    match op.action {
        Action::Read(offset) => Verb::Disk(DiskOp::Read(buffer, offset)),
        Action::Write(offset) => Verb::Disk(DiskOp::Write(buffer, offset, false)),
        Action::Append => Verb::Disk(DiskOp::Append(buffer, false)),
        Action::Nothing => Verb::Disk(DiskOp::Nothing),
        Action::Receive { wants_all } => {
            Verb::Socket(SocketVerb::receive_with(buffers, 0, wants_all, None))
        }
        Action::Send => Verb::Socket(SocketVerb::send(buffers, 0, None)),
        Action::Settled if op.data.is_empty() => Verb::Settled(Status::ACCESS_DENIED, 0),
        Action::Settled => Verb::Settled(Status::SUCCESS, op.data.len()),
        // What the other kind of file would understand.
        Action::Nonsense if is_disk => Verb::Socket(SocketVerb::send(buffers, 0, None)),
        Action::Nonsense => Verb::Disk(DiskOp::Nothing),
    }
}

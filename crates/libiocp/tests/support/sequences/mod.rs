//! Random sequences of calls on the fake engine, against a naive model.
//!
//! Every operation that was accepted ends once, with its key and OVERLAPPED;
//! one that was refused never does. Packets keep their order. Memory is not
//! touched after the status is there. At the end nothing is left: no handle,
//! no object, no operation.
#![allow(unsafe_code)]

mod check;
mod input;
#[path = "../memory.rs"]
mod memory;
mod model;
mod operations;

use input::Input;
use libiocp::device::{Device, Disk, Socket};
use libiocp::engine::{Engine, Fake, Faults, Stream};
use libiocp::event::Event;
use libiocp::file::{File, SKIP_COMPLETION_PORT_ON_SUCCESS, SKIP_SET_EVENT_ON_HANDLE};
use libiocp::handle::Handle;
use libiocp::object::Object;
use libiocp::port::{NoPacket, Packet, Port};
use libiocp::status::Status;
use libiocp::sync::{Deadline, Sleep};
use libiocp::system::{Duplication, System};
use model::{Expected, FileModel, Kind, OpModel, PipeModel, PortModel, State};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

const MOST_HANDLES: usize = 48;
const MOST_OPERATIONS: usize = 400;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) started: usize,
    pub(crate) refused: usize,
    pub(crate) packets: usize,
    pub(crate) cancelled: usize,
}

/// Runs the sequence that `bytes` stand for.
///
/// # Panics
/// If anything differs from the model.
pub(crate) fn run(bytes: &[u8]) -> Summary {
    let mut input = Input::new(bytes);
    let mut world = World::new(&mut input);
    while !input.is_empty() {
        world.act(&mut input);
        world.scan();
    }
    world.end()
}

/// What a handle names: the index of its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Port(usize),
    File(usize),
    Event(usize),
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    value: usize,
    target: Target,
}

struct World {
    fake: Arc<Fake>,
    engine: Arc<Engine>,
    system: System,
    faults: Faults,
    claims: Vec<Claim>,
    ports: Vec<PortModel>,
    files: Vec<FileModel>,
    pipes: Vec<PipeModel>,
    events: Vec<(Weak<Event>, usize)>,
    ops: Vec<OpModel>,
    /// Those of `ops` whose status has not been seen yet.
    pending: Vec<usize>,
    summary: Summary,
}

impl World {
    fn new(input: &mut Input<'_>) -> Self {
        let seed = u64::from_le_bytes(std::array::from_fn(|_| input.byte()));
        let mut percent = || [0, 0, 0, 5, 20, 60][input.below(6)];
        let faults = Faults { errors: percent(), shorts: percent(), delays: percent() };
        let fake = Fake::new(seed, faults);
        let engine = Arc::new(Engine::fake(Arc::clone(&fake)));
        let system = System::new(Arc::clone(&engine));
        Self {
            fake,
            engine,
            system,
            faults,
            claims: Vec::new(),
            ports: Vec::new(),
            files: Vec::new(),
            pipes: Vec::new(),
            events: Vec::new(),
            ops: Vec::new(),
            pending: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        match input.below(25) {
            0 => self.add_port(input),
            1 => self.add_disk_file(input),
            2 => self.add_pair(input),
            3 => self.add_event(input),
            4 | 5 => self.associate(input),
            6..=11 => self.start(input),
            12 => self.post(input),
            13..=15 => self.take(input),
            16 => self.cancel_one(input),
            17 => self.cancel_all(input),
            18 => self.close(input),
            19 => self.duplicate(input),
            20 => self.add_modes(input),
            21 => self.finish_sending(input),
            22 => self.settle_down(),
            23 => self.misuse(input),
            _ => {
                self.fake.step();
            }
        }
    }

    fn has_room(&self, handles: usize) -> bool {
        self.claims.len() + handles <= MOST_HANDLES
    }

    fn claim(&mut self, object: Object, target: Target) {
        let value = self.system.insert(object, false).expect("the table is not full");
        assert!(value != 0 && value.is_multiple_of(4));
        assert!(self.claims.iter().all(|claim| claim.value != value), "{value:#x} is taken");
        self.claims.push(Claim { value, target });
    }

    fn add_port(&mut self, input: &mut Input<'_>) {
        if self.has_room(1) {
            let port = Handle::new(Port::new(input.below(3) as u32));
            self.ports.push(PortModel::new(Arc::downgrade(&port)));
            self.claim(Object::Port(port), Target::Port(self.ports.len() - 1));
        }
    }

    fn add_file(&mut self, device: Device, is_overlapped: bool, kind: Kind) {
        let file = Handle::new(File::new(device, Arc::clone(&self.engine), is_overlapped));
        self.files.push(FileModel {
            file: Arc::downgrade(&file),
            handles: 1,
            is_overlapped,
            association: None,
            skips_on_success: false,
            kind,
        });
        self.claim(Object::File(file), Target::File(self.files.len() - 1));
    }

    fn add_disk_file(&mut self, input: &mut Input<'_>) {
        if self.has_room(1) {
            let content: Vec<u8> = (0..input.below(256)).map(|n| (n * 7) as u8).collect();
            let disk = Disk::new(self.fake.disk_file(content.clone()));
            let is_overlapped = !input.one_in(8);
            self.add_file(Device::Disk(Arc::new(disk)), is_overlapped, Kind::Disk(content));
        }
    }

    fn add_pair(&mut self, input: &mut Input<'_>) {
        if !self.has_room(2) {
            return;
        }
        let (first, second) = self.fake.pair(1 + input.below(64));
        let (pipe, file) = (self.pipes.len(), self.files.len());
        self.pipes.extend([PipeModel::new(file), PipeModel::new(file + 1)]);
        let socket = |stream: Arc<Stream>| Device::Socket(Arc::new(Socket::connected_over(stream)));
        self.add_file(socket(first), true, Kind::Stream { output: pipe, input: pipe + 1 });
        self.add_file(socket(second), true, Kind::Stream { output: pipe + 1, input: pipe });
    }

    fn add_event(&mut self, input: &mut Input<'_>) {
        if self.has_room(1) {
            let event = Handle::new(Event::new(input.one_in(2), input.one_in(2)));
            self.events.push((Arc::downgrade(&event), 1));
            self.claim(Object::Event(event), Target::Event(self.events.len() - 1));
        }
    }

    fn pick(&self, input: &mut Input<'_>, is_wanted: impl Fn(Target) -> bool) -> Option<Claim> {
        let wanted = self.claims.iter().filter(|claim| is_wanted(claim.target));
        let wanted: Vec<Claim> = wanted.copied().collect();
        // With some tag bits: they are ignored.
        let tag = input.below(16).saturating_sub(12);
        input.pick(&wanted).map(|claim| Claim { value: claim.value | tag, ..claim })
    }

    fn pick_port(&self, input: &mut Input<'_>) -> Option<(usize, usize)> {
        let claim = self.pick(input, |target| matches!(target, Target::Port(_)))?;
        let Target::Port(index) = claim.target else { return None };
        Some((claim.value, index))
    }

    fn pick_file(&self, input: &mut Input<'_>) -> Option<(Arc<File>, usize)> {
        let claim = self.pick(input, |target| matches!(target, Target::File(_)))?;
        let Target::File(index) = claim.target else { return None };
        Some((self.system.file(claim.value, 0).expect("an open file"), index))
    }

    fn associate(&mut self, input: &mut Input<'_>) {
        let Some((value, port)) = self.pick_port(input) else { return };
        let Some((file, index)) = self.pick_file(input) else { return };
        let (model, key) = (&mut self.files[index], input.below(1000));
        let port_object = self.system.port(value).expect("an open port");
        let result = file.associate(&port_object, key);
        if model.is_overlapped && model.association.is_none() {
            assert_eq!(result, Ok(()));
            model.association = Some((port, key));
        } else {
            assert_eq!(result, Err(Status::INVALID_PARAMETER));
        }
    }

    fn post(&mut self, input: &mut Input<'_>) {
        let Some((value, port)) = self.pick_port(input) else { return };
        let (key, address) = (input.below(1000), usize::from(input.byte()));
        let packet = Packet::new(key, address, input.below(1000));
        self.system.post(value, packet).expect("an open port takes packets");
        let expected = Expected { packet, op: None };
        self.ports[port].push(vec![VecDeque::from([expected])]);
    }

    /// Takes without waiting, which lets one thing happen if there is nothing.
    fn take(&mut self, input: &mut Input<'_>) {
        let Some((value, port)) = self.pick_port(input) else { return };
        let mut packets = [Packet::default(); 4];
        let room = 1 + input.below(packets.len());
        let was_empty = self.ports[port].depth() == 0;
        let now = Some(Deadline::after(Duration::ZERO));
        let result = self.system.take(value, &mut packets[..room], now).expect("an open port");
        if was_empty {
            self.scan();
        }
        match result {
            Ok(count) => {
                assert_eq!(count, room.min(self.ports[port].depth()), "as many as there are");
                for packet in &packets[..count] {
                    self.taken(port, packet);
                }
            }
            Err(reason) => {
                assert_eq!(reason, NoPacket::TimedOut);
                assert_eq!(self.ports[port].depth(), 0, "a packet was not delivered");
            }
        }
    }

    fn taken(&mut self, port: usize, packet: &Packet) {
        self.summary.packets += 1;
        if let Some(id) = self.ports[port].take(packet).op {
            let op = &mut self.ops[id];
            assert_eq!(op.state, State::Finished, "a second packet of {op:?}");
            op.state = State::Over;
            if op.memory.is_lent() {
                op.memory.poison();
            }
        }
    }

    fn close(&mut self, input: &mut Input<'_>) {
        let Some(claim) = self.pick(input, |_| true) else { return };
        self.close_claim(claim);
    }

    fn close_claim(&mut self, claim: Claim) {
        let value = claim.value & !3;
        self.claims.retain(|other| other.value != value);
        let handles = match claim.target {
            Target::Port(index) => &mut self.ports[index].handles,
            Target::File(index) => &mut self.files[index].handles,
            Target::Event(index) => &mut self.events[index].1,
        };
        *handles -= 1;
        let is_last = *handles == 0;
        if let (Target::Port(index), true) = (claim.target, is_last) {
            self.ports[index].close();
        }
        if let (Target::File(index), true) = (claim.target, is_last) {
            self.ask_to_cancel(|op| op.file == index);
        }
        assert_eq!(self.system.close(claim.value), Ok(()));
        assert_eq!(self.system.close(claim.value), Err(Status::INVALID_HANDLE));
    }

    fn duplicate(&mut self, input: &mut Input<'_>) {
        let Some(claim) = self.pick(input, |_| true) else { return };
        if !self.has_room(1) {
            return;
        }
        let closes_source = input.one_in(4);
        let how = Duplication { closes_source, same_attributes: true, ..Duplication::default() };
        let value = self.system.duplicate(claim.value, how).expect("a duplicate");
        if closes_source {
            assert_eq!(value, claim.value & !3, "the value stays");
            return;
        }
        self.claims.push(Claim { value, ..claim });
        match claim.target {
            Target::Port(index) => self.ports[index].handles += 1,
            Target::File(index) => self.files[index].handles += 1,
            Target::Event(index) => self.events[index].1 += 1,
        }
    }

    fn add_modes(&mut self, input: &mut Input<'_>) {
        let Some((file, index)) = self.pick_file(input) else { return };
        let modes = input.pick(&[SKIP_COMPLETION_PORT_ON_SUCCESS, SKIP_SET_EVENT_ON_HANDLE, 3]);
        let modes = modes.unwrap_or(0);
        let model = &mut self.files[index];
        if model.is_overlapped {
            assert_eq!(file.add_modes(modes), Ok(()));
            model.skips_on_success |= modes & SKIP_COMPLETION_PORT_ON_SUCCESS != 0;
        } else {
            assert_eq!(file.add_modes(modes), Err(Status::INVALID_PARAMETER));
        }
    }

    /// Handles that do not exist, or are of another kind.
    fn misuse(&mut self, input: &mut Input<'_>) {
        let value = input.below(1 << 10) << 2;
        if self.claims.iter().all(|claim| claim.value != value) {
            assert_eq!(self.system.close(value), Err(Status::INVALID_HANDLE));
            assert_eq!(self.system.file(value, 0).err(), Some(Status::INVALID_HANDLE));
            let nothing = Packet::default();
            assert_eq!(self.system.post(value, nothing), Err(Status::INVALID_HANDLE));
            let how = Duplication::default();
            assert_eq!(self.system.duplicate(value, how), Err(Status::INVALID_HANDLE));
        }
        if let Some(claim) = self.pick(input, |target| !matches!(target, Target::Port(_))) {
            let result = self.system.post(claim.value, Packet::default());
            assert_eq!(result, Err(Status::OBJECT_TYPE_MISMATCH));
        }
    }

    /// Closes everything; then nothing may be left.
    fn end(mut self) -> Summary {
        while let Some(&claim) = self.claims.first() {
            self.close_claim(claim);
            self.scan();
        }
        while self.fake.step() {
            self.scan();
        }
        assert!(self.pending.is_empty(), "never finished: {:?}", self.ops[self.pending[0]]);
        self.ops.iter().for_each(|op| op.memory.check_untouched());
        assert!(self.system.table().is_empty());
        // The thread runs for some port and has posted to one; to another now.
        let nowhere = Handle::new(Port::new(1));
        let now = Some(Deadline::after(Duration::ZERO));
        assert_eq!(nowhere.take(&mut [Packet::default()], now, &Sleep), Err(NoPacket::TimedOut));
        let value = self.system.insert(Object::Port(nowhere), false).unwrap();
        assert_eq!(self.system.post(value, Packet::default()), Ok(()));
        self.system.close(value).unwrap();
        self.ops.iter_mut().for_each(|op| op.event = None);
        assert!(self.files.iter().all(|file| file.file.strong_count() == 0), "a file is left");
        assert!(self.ports.iter().all(|port| port.port.strong_count() == 0), "a port is left");
        assert!(self.events.iter().all(|event| event.0.strong_count() == 0), "an event is left");
        let Self { system, engine, .. } = self;
        drop(system);
        assert_eq!(Arc::strong_count(&engine), 1, "somebody refers to the engine");
        self.summary
    }
}

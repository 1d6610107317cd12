//! Handles of a system against a model that counts them.

#[path = "support/random.rs"]
mod random;

use libiocp::device::{Device, Disk};
use libiocp::engine::{Engine, Fake, Faults};
use libiocp::event::{Event, Semaphore};
use libiocp::file::File;
use libiocp::handle::{Close, Handle, Recycling};
use libiocp::object::{Object, ObjectRef, access};
use libiocp::port::Port;
use libiocp::status::Status;
use libiocp::system::{
    CURRENT_PROCESS, CURRENT_THREAD, Duplication, INHERIT, PROTECT_FROM_CLOSE, System,
};
use random::{Random, number};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rights of the kinds, from Windows' headers: read, write, execute, all.
const SIMPLE: [u32; 4] = [0x0002_0001, 0x0002_0002, 0x0012_0000, 0x001F_0003];
const FILE: [u32; 4] = [0x0012_0089, 0x0012_0116, 0x0012_00A0, 0x001F_01FF];

#[derive(Clone, Copy, Debug)]
struct Twin {
    object: usize,
    access: u32,
    flags: u8,
}

/// The objects are kept in memory, to count their handles at the end too.
struct World {
    system: System,
    fake: Arc<Fake>,
    objects: Vec<ObjectRef>,
    handles: BTreeMap<usize, Twin>,
}

fn rights(object: &ObjectRef) -> [u32; 4] {
    if matches!(object, ObjectRef::File(_)) { FILE } else { SIMPLE }
}

/// HND-37: generic rights stand for specific ones.
fn mapped(object: &ObjectRef, desired: u32) -> u32 {
    let [read, write, execute, all] = rights(object);
    let generic = [(31, read), (30, write), (29, execute), (28, all), (25, all)];
    generic.into_iter().fold(desired & all, |rights, (bit, specific)| {
        if desired >> bit & 1 == 1 { rights | specific } else { rights }
    })
}

impl World {
    fn new(recycling: Recycling, seed: u64) -> Self {
        let fake = Fake::new(seed, Faults::default());
        let system = System::new(Arc::new(Engine::fake(Arc::clone(&fake))));
        system.table().set_recycling(recycling);
        Self { system, fake, objects: Vec::new(), handles: BTreeMap::new() }
    }

    /// A handle that is open, or one that may be anything; with tag bits.
    fn pick(&self, random: &mut Random) -> (usize, Option<Twin>) {
        let open: Vec<usize> = self.handles.keys().copied().collect();
        let value = if open.is_empty() || random.below(8) == 0 {
            (60 + random.below(100)) << 2
        } else {
            open[random.below(open.len())]
        };
        (value | random.below(4), self.handles.get(&value).copied())
    }

    fn insert(&mut self, random: &mut Random) {
        let object = match random.below(4) {
            0 => Object::Port(Handle::new(Port::new(1))),
            1 => Object::Event(Handle::new(Event::new(true, false))),
            2 => Object::Semaphore(Handle::new(Semaphore::new(0, 1))),
            _ => {
                let disk = Disk::new(self.fake.disk_file(Vec::new()));
                let engine = Arc::clone(self.system.engine());
                let file = File::new(Device::Disk(Arc::new(disk)), engine, true);
                Object::File(Handle::new(file))
            }
        };
        let reference = object.reference();
        let [_, _, _, all] = rights(&reference);
        let (result, twin) = if random.below(2) == 0 {
            let is_inheritable = random.below(2) == 0;
            let flags = if is_inheritable { INHERIT } else { 0 };
            let twin = Twin { object: self.objects.len(), access: all, flags };
            (self.system.insert(object, is_inheritable), twin)
        } else {
            let (access, flags) = (random.next() as u32 & all, random.below(4) as u8);
            let twin = Twin { object: self.objects.len(), access, flags };
            (self.system.insert_with(object, access, flags), twin)
        };
        let value = result.expect("there is room");
        assert!(self.handles.insert(value, twin).is_none(), "{value:#x} was open");
        self.objects.push(reference);
    }

    /// HND-21, HND-22, HND-24.
    fn close(&mut self, random: &mut Random) {
        let (value, twin) = self.pick(random);
        let expected = match twin {
            None => Err(Status::INVALID_HANDLE),
            Some(twin) if twin.flags & PROTECT_FROM_CLOSE != 0 => Err(Status::HANDLE_NOT_CLOSABLE),
            Some(_) => Ok(()),
        };
        assert_eq!(self.system.close(value), expected);
        if expected.is_ok() {
            self.handles.remove(&(value & !3));
        }
    }

    /// HND-30 to HND-41.
    fn duplicate(&mut self, random: &mut Random) {
        let (value, twin) = self.pick(random);
        let bits = [access::GENERIC_READ, access::GENERIC_ALL, access::SYNCHRONIZE, 1, 2, 3, 0];
        let odd = [access::ACCESS_SYSTEM_SECURITY, access::MAXIMUM_ALLOWED, 0x0040_0000];
        let desired = match random.below(8) {
            0 => random.next() as u32,
            1 => odd[random.below(odd.len())],
            _ => bits[random.below(bits.len())] | bits[random.below(bits.len())],
        };
        let how = Duplication {
            access: (random.below(2) == 0).then_some(desired),
            is_inheritable: random.below(2) == 0,
            same_attributes: random.below(3) == 0,
            closes_source: random.below(3) == 0,
        };
        let result = self.system.duplicate(value, how);
        let Some(source) = twin else {
            assert_eq!(result, Err(Status::INVALID_HANDLE));
            return;
        };
        let object = &self.objects[source.object];
        let access = how.access.map_or(source.access, |desired| mapped(object, desired));
        let is_refused = how.access.is_some_and(|desired| {
            let is_file = matches!(object, ObjectRef::File(_));
            desired & access::ACCESS_SYSTEM_SECURITY != 0 || is_file && access & !source.access != 0
        });
        let is_protected = source.flags & PROTECT_FROM_CLOSE != 0;
        if how.closes_source && !is_protected {
            // Whatever becomes of the duplicate (HND-34).
            self.handles.remove(&(value & !3));
        }
        if is_refused {
            assert_eq!(result, Err(Status::ACCESS_DENIED));
            return;
        }
        let inherit = if how.is_inheritable { INHERIT } else { 0 };
        let flags = if how.same_attributes { source.flags } else { inherit };
        let duplicate = result.expect("there is room");
        if how.closes_source && !is_protected {
            assert_eq!(duplicate, value & !3, "the value stays (HND-35)");
        }
        let twin = Twin { object: source.object, access, flags };
        assert!(self.handles.insert(duplicate, twin).is_none(), "{duplicate:#x} was open");
    }

    /// HND-46, HND-47.
    fn set_flags(&mut self, random: &mut Random) {
        let (value, _) = self.pick(random);
        let (mask, flags) = (random.next() as u8, random.next() as u8);
        let result = self.system.set_flags(value, mask, flags);
        match self.handles.get_mut(&(value & !3)) {
            None => assert_eq!(result, Err(Status::INVALID_HANDLE)),
            Some(twin) => {
                assert_eq!(result, Ok(()));
                let mask = mask & 3;
                twin.flags = twin.flags & !mask | flags & mask;
            }
        }
    }

    fn look(&self, random: &mut Random) {
        let ((first, one), (second, other)) = (self.pick(random), self.pick(random));
        let same = match (one, other) {
            (Some(one), Some(other)) => Ok(one.object == other.object),
            _ => Err(Status::INVALID_HANDLE),
        };
        assert_eq!(self.system.compare(first, second), same);
        let flags = one.map(|twin| twin.flags).ok_or(Status::INVALID_HANDLE);
        assert_eq!(self.system.flags(first), flags);
        let needed = [0, 1, 2, 3, access::SYNCHRONIZE][random.below(5)];
        let is_port = |twin: &Twin| matches!(self.objects[twin.object], ObjectRef::Port(_));
        let is_file = |twin: &Twin| matches!(self.objects[twin.object], ObjectRef::File(_));
        let typed = |is_kind: bool, access: u32, needed: u32| match (is_kind, access & needed) {
            (false, _) => Some(Status::OBJECT_TYPE_MISMATCH),
            (true, granted) if granted != needed => Some(Status::ACCESS_DENIED),
            _ => None,
        };
        let port = one.map(|twin| typed(is_port(&twin), twin.access, access::MODIFY_STATE));
        let file = one.map(|twin| typed(is_file(&twin), twin.access, needed));
        let invalid = Some(Status::INVALID_HANDLE);
        assert_eq!(self.system.port(first).err(), port.unwrap_or(invalid));
        assert_eq!(self.system.file(first, needed).err(), file.unwrap_or(invalid));
        let waitable = one
            .map(|twin| (twin.access & access::SYNCHRONIZE == 0).then_some(Status::ACCESS_DENIED));
        assert_eq!(self.system.waitable(first).err(), waitable.unwrap_or(invalid));
    }

    fn check_counts(&self) {
        let mut counts = vec![0; self.objects.len()];
        self.handles.values().for_each(|twin| counts[twin.object] += 1);
        for (object, count) in self.objects.iter().zip(counts) {
            assert_eq!(object.handle_count(), count, "{object:?}");
        }
        assert_eq!(self.system.table().len(), self.handles.len());
    }
}

#[test]
fn hnd_030_handles_are_counted_whatever_is_done_with_them() {
    let calls = if cfg!(miri) { 200 } else { number("LIBIOCP_HANDLE_CALLS", 3000) };
    for seed in 0..if cfg!(miri) { 2 } else { 20 } {
        let recycling = [Recycling::Immediate, Recycling::Quarantine(20)][seed as usize % 2];
        let (mut world, mut random) = (World::new(recycling, seed), Random(seed));
        for call in 0..calls {
            match random.below(10) {
                0 | 1 => world.insert(&mut random),
                2..=4 => world.close(&mut random),
                5 | 6 => world.duplicate(&mut random),
                7 => world.set_flags(&mut random),
                _ => world.look(&mut random),
            }
            if call % 50 == 0 {
                world.check_counts();
            }
        }
        world.check_counts();
        drop(world.system);
        assert!(world.objects.iter().all(|object| object.handle_count() == 0));
    }
}

#[test]
fn hnd_030_threads_that_duplicate_and_close_leave_the_right_count() {
    let calls = if cfg!(miri) { 20 } else { 4000 };
    let world = World::new(Recycling::Immediate, 1);
    let system = &world.system;
    let port = Handle::new(Port::new(1));
    let reference = port.reference();
    let value = system.insert(Object::Port(port), false).expect("there is room");
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                let mut random = Random(seed);
                let mut own = Vec::new();
                for _ in 0..calls {
                    let how = Duplication::default();
                    if random.below(2) == 0 {
                        own.push(system.duplicate(value, how).expect("there is room"));
                    } else if let Some(last) = own.pop() {
                        assert_eq!(system.compare(last, value), Ok(true));
                        assert_eq!(system.close(last), Ok(()));
                    }
                }
                own.into_iter().for_each(|value| assert_eq!(system.close(value), Ok(())));
            });
        }
    });
    assert_eq!(reference.handle_count().get(), 1);
    assert_eq!(system.close(value), Ok(()));
    assert_eq!((reference.handle_count().get(), system.table().len()), (0, 0));
}

#[test]
fn hnd_023_pseudo_handles_cannot_be_closed_and_close_nothing() {
    let world = World::new(Recycling::Immediate, 1);
    let system = &world.system;
    for minus in 1..=6_usize {
        assert_eq!(system.close(0_usize.wrapping_sub(minus)), Ok(()), "-{minus}");
    }
    assert_eq!(system.close(0_usize.wrapping_sub(7)), Err(Status::INVALID_HANDLE));
    assert_eq!(system.close(0), Err(Status::INVALID_HANDLE));
    for pseudo in [CURRENT_PROCESS, CURRENT_THREAD] {
        assert_eq!(system.flags(pseudo), Ok(0));
        assert_eq!(system.set_flags(pseudo, 1, 1), Err(Status::ACCESS_DENIED));
        let how = Duplication { closes_source: true, ..Duplication::default() };
        let value = system.duplicate(pseudo, how).expect("a handle of its own");
        assert_eq!(system.compare(value, pseudo), Ok(true));
        assert_eq!(system.compare(pseudo, pseudo), Ok(true));
        assert_eq!(system.close(value), Ok(()));
    }
    assert!(system.table().is_empty());
}

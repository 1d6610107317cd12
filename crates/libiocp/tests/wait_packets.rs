//! Wait completion packets among many threads: no signal is lost, and none counts twice.
//!
//! That a program sees the right statuses is shown by `conformance/wait_packets.c`.

use libiocp::engine::{Engine, Preference};
use libiocp::event::{Event, Semaphore};
use libiocp::handle::Handle;
use libiocp::object::{Object, ObjectRef, WaitPacket};
use libiocp::port::{Packet, Port};
use libiocp::status::Status;
use libiocp::sync::{Deadline, Sleep};
use libiocp::timer::{Clocks, Due, Timer};
use libiocp::wait::wait_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = if cfg!(miri) { 20 } else { 5_000 };
const LIMIT: Duration = Duration::from_secs(60);

fn event(manual_reset: bool, is_set: bool) -> (Object, ObjectRef) {
    let object = Object::Event(Handle::new(Event::new(manual_reset, is_set)));
    let reference = object.reference();
    (object, reference)
}

fn take(port: &Arc<Port>, limit: Duration) -> Option<Packet> {
    let mut packets = [Packet::default()];
    let taken = port.take(&mut packets, Some(Deadline::after(limit)), &Sleep);
    taken.is_ok().then_some(packets[0])
}

/// Whoever takes the packet associates anew at once, also before the call that
/// made the last association has returned.
/// Rules: PORT-231, PORT-233.
#[test]
fn port_231_who_takes_a_packet_may_associate_at_once() {
    let port = Handle::new(Port::new(2));
    let semaphore = Object::Semaphore(Handle::new(Semaphore::new(0, 1 << 30)));
    let target = semaphore.reference();
    let object = Arc::new(WaitPacket::default());
    let taken = Arc::new(AtomicUsize::new(0));
    assert_eq!(object.associate(&port, target.clone(), Packet::new(1, 2, 3)), Ok(false));
    let takers: Vec<_> = (0..2)
        .map(|_| {
            let (port, object) = (port.reference(), Arc::clone(&object));
            let (target, taken) = (target.clone(), Arc::clone(&taken));
            thread::spawn(move || {
                while taken.load(Ordering::Acquire) < ROUNDS {
                    if let Some(packet) = take(&port, Duration::from_millis(10)) {
                        assert_eq!(packet, Packet::new(1, 2, 3));
                        taken.fetch_add(1, Ordering::AcqRel);
                        object.associate(&port, target.clone(), packet).unwrap();
                    }
                }
            })
        })
        .collect();
    for _ in 0..ROUNDS {
        target.signal().add(1).unwrap();
    }
    for taker in takers {
        taker.join().unwrap();
    }
    assert_eq!(taken.load(Ordering::Acquire), ROUNDS);
    assert!(!target.signal().is_set());
}

/// Each signal is in the event, in a packet, or was thrown away by a cancel
/// that found it: what goes in comes out.
/// Rules: PORT-234.
#[test]
fn port_234_cancelling_beside_signals_loses_none() {
    let port = Handle::new(Port::new(1));
    let (_handle, target) = event(false, false);
    let object = WaitPacket::default();
    let has_ended = Arc::new(AtomicBool::new(false));
    let setter = {
        let (target, has_ended) = (target.clone(), Arc::clone(&has_ended));
        thread::spawn(move || {
            let mut count = 0_usize;
            while !has_ended.load(Ordering::Acquire) {
                if !target.signal().set() {
                    count += 1;
                }
                thread::yield_now();
            }
            count
        })
    };
    let mut seen = 0;
    for round in 0..ROUNDS {
        object.associate(&port, target.clone(), Packet::new(round, 0, 0)).unwrap();
        match object.cancel(false) {
            Status::SUCCESS => assert_eq!(object.cancel(false), Status::CANCELLED),
            Status::PENDING if round % 2 == 0 => {
                assert_eq!(take(&port, LIMIT).map(|packet| packet.key), Some(round));
                seen += 1;
            }
            Status::PENDING => {
                assert_eq!(object.cancel(true), Status::SUCCESS);
                seen += 1;
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(port.depth(), 0);
    }
    has_ended.store(true, Ordering::Release);
    let count = setter.join().unwrap();
    let left = usize::from(wait_any(&[target.signal()], Some(Deadline::now()), &Sleep).is_some());
    assert_eq!(seen + left, count);
}

/// Rules: PORT-231, HND-61.
#[test]
fn port_231_nothing_is_kept_when_all_handles_are_gone() {
    let port = Handle::new(Port::new(1));
    let (handle, target) = event(true, false);
    let object = Handle::new(WaitPacket::default());
    object.associate(&port, target.clone(), Packet::new(1, 2, 3)).unwrap();
    let held = target.reference_count();
    drop(object);
    assert_eq!(target.reference_count(), held - 1);
    let object = Handle::new(WaitPacket::default());
    object.associate(&port, target.clone(), Packet::new(1, 2, 3)).unwrap();
    let weak = Arc::downgrade(&port);
    drop(port);
    target.signal().set();
    drop((object, handle, target));
    assert!(weak.upgrade().is_none(), "a port that is gone is still referred to");
}

/// A timer makes a packet each time its period has passed, if it is associated
/// anew, and none once it is cancelled.
/// Rules: PORT-231, HND-97.
#[test]
#[cfg(not(miri))]
fn port_231_a_timer_makes_packets() {
    let clocks = Clocks::new(&Arc::new(Engine::new(Preference::Automatic).unwrap()));
    for manual_reset in [false, true] {
        let port = Handle::new(Port::new(1));
        let timer = Handle::new(Timer::new(manual_reset, &clocks));
        let target = ObjectRef::Timer(timer.reference());
        let object = WaitPacket::default();
        let start = Instant::now();
        let period = Duration::from_millis(2);
        assert_eq!(object.associate(&port, target.clone(), Packet::new(0, 0, 0)), Ok(false));
        timer.set(Due::After(period), period, None).unwrap();
        for round in 1..=20_u32 {
            let packet = take(&port, LIMIT).expect("a packet");
            assert_eq!(packet.key, round as usize - 1);
            if !manual_reset {
                assert!(start.elapsed() >= round * period);
            }
            object.associate(&port, target.clone(), Packet::new(round as usize, 0, 0)).unwrap();
        }
        timer.set(Due::After(LIMIT), Duration::ZERO, None).unwrap();
        object.cancel(true);
        assert_eq!(object.associate(&port, target.clone(), Packet::new(99, 0, 0)), Ok(false));
        assert!(take(&port, Duration::from_millis(20)).is_none(), "of a setting before");
        timer.cancel();
        assert_eq!(object.cancel(false), Status::SUCCESS);
    }
}

/// The packet in the middle goes, and the others keep their order.
/// Rules: PORT-234, PORT-090.
#[test]
fn port_234_a_packet_is_taken_back_from_among_others() {
    let port = Handle::new(Port::new(1));
    let (_handle, target) = event(true, true);
    let object = WaitPacket::default();
    for key in 0..4 {
        port.post(Packet::new(key, 0, 0));
    }
    let associated = object.associate(&port, target.clone(), Packet::new(4, 0, 0));
    assert_eq!(associated, Ok(true));
    port.post(Packet::new(5, 0, 0));
    assert_eq!(port.depth(), 6);
    assert_eq!(object.cancel(true), Status::SUCCESS);
    let mut packets = [Packet::default(); 8];
    assert_eq!(port.take(&mut packets, Some(Deadline::now()), &Sleep), Ok(5));
    let keys: Vec<_> = packets[..5].iter().map(|packet| packet.key).collect();
    assert_eq!(keys, [0, 1, 2, 3, 5]);
    assert_eq!(object.associate(&port, target, Packet::new(6, 0, 0)), Ok(true));
    assert_eq!(port.take(&mut packets, Some(Deadline::now()), &Sleep), Ok(1));
    assert_eq!(packets[0], Packet::new(6, 0, 0));
}

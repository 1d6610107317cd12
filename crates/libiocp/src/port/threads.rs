//! The port with real threads, in every order that loom knows.

use super::*;
use crate::blocked::Probe;
use crate::handle::Handle;
use crate::sync::Sleep;
use loom::thread;

fn take_one(port: &Arc<Port>) -> Result<Packet, NoPacket> {
    let mut packets = [Packet::default()];
    port.take(&mut packets, None, &Sleep)?;
    Ok(packets[0])
}

#[test]
fn i13_a_packet_reaches_exactly_one_of_two_threads() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let port = Arc::new(Port::new(2));
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let port = Arc::clone(&port);
                thread::spawn(move || take_one(&port).unwrap().key)
            })
            .collect();
        port.post(Packet::new(1, 0, 0));
        port.post(Packet::new(2, 0, 0));
        let mut keys: Vec<usize> = takers.into_iter().map(|it| it.join().unwrap()).collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 2]);
        assert_eq!(port.depth(), 0);
    });
}

#[test]
fn port_031_the_last_close_wakes_a_waiting_thread() {
    loom::model(|| {
        let handle = Handle::new(Port::new(1));
        let port = handle.reference();
        let taker = thread::spawn(move || take_one(&port));
        drop(handle);
        assert_eq!(taker.join().unwrap(), Err(NoPacket::Abandoned));
    });
}

#[test]
fn port_037_a_packet_posted_before_the_close_is_delivered_or_dropped_never_both() {
    loom::model(|| {
        let handle = Handle::new(Port::new(1));
        let port = handle.reference();
        let taker = thread::spawn(move || take_one(&port));
        handle.post(Packet::new(7, 0, 0));
        drop(handle);
        match taker.join().unwrap() {
            Ok(packet) => assert_eq!(packet.key, 7),
            Err(reason) => assert_eq!(reason, NoPacket::Abandoned),
        }
    });
}

#[test]
fn port_053_a_time_out_that_crosses_a_packet_loses_nothing() {
    loom::model(|| {
        let port = Arc::new(Port::new(1));
        let other = Arc::clone(&port);
        let taker = thread::spawn(move || {
            let mut packets = [Packet::default()];
            let later = Deadline::after(std::time::Duration::from_secs(3600));
            other.take(&mut packets, Some(later), &Sleep).map(|_| packets[0].key)
        });
        port.post(Packet::new(5, 0, 0));
        match taker.join().unwrap() {
            Ok(key) => assert_eq!((key, port.depth()), (5, 0)),
            Err(reason) => assert_eq!((reason, port.depth()), (NoPacket::TimedOut, 1)),
        }
    });
}

#[test]
fn port_106_a_blocked_thread_lets_another_in() {
    loom::model(|| {
        let port = Arc::new(Port::new(1));
        port.post(Packet::new(1, 0, 0));
        assert_eq!(take_one(&port).unwrap().key, 1);
        let other = Arc::clone(&port);
        let taker = thread::spawn(move || take_one(&other).unwrap().key);
        port.post(Packet::new(2, 0, 0));
        let key = crate::sync::blocking(|| taker.join().unwrap());
        assert_eq!(key, 2);
    });
}

/// Somebody looks at a thread that blocks, goes on and asks again.
#[test]
fn port_107_who_is_seen_blocked_is_counted_once_whenever_it_goes_on() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let port = Arc::new(Port::new(1));
        port.post(Packet::new(1, 0, 0));
        assert_eq!(take_one(&port).unwrap().key, 1);
        let is_blocked = Arc::new(AtomicBool::new(true));
        let presence = seat::with_presence(Arc::clone).unwrap();
        port.post(Packet::new(2, 0, 0));
        let other = Arc::clone(&port);
        let taker = thread::spawn(move || {
            let key = take_one(&other).unwrap().key;
            leave_for_good();
            key
        });
        let (other, probe) = (Arc::clone(&port), Arc::new(Probe::Told(Arc::clone(&is_blocked))));
        let watcher = thread::spawn(move || other.see(&presence, &probe));
        is_blocked.store(false, Ordering::Release);
        let now = Some(crate::sync::Deadline::now());
        let mine = port.take(&mut [Packet::default()], now, &Sleep);
        if mine.is_ok() {
            port.post(Packet::new(2, 0, 0));
        }
        let key = crate::sync::blocking(|| {
            watcher.join().unwrap();
            taker.join().unwrap()
        });
        assert_eq!((key, port.depth(), port.running()), (2, 0, 1));
    });
}

#[test]
fn port_075_an_alert_that_crosses_a_packet_loses_neither() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let port = Arc::new(Port::new(1));
        let alert = Arc::new(Signal::manual(false));
        let (other, ring) = (Arc::clone(&port), Arc::clone(&alert));
        let taker = thread::spawn(move || {
            let mut packets = [Packet::default()];
            let result = other.take_alertable(&mut packets, None, &Sleep, &ring);
            assert!(other.running() <= 1);
            result.map(|_| packets[0].key)
        });
        let ring = Arc::clone(&alert);
        let ringer = thread::spawn(move || ring.set());
        port.post(Packet::new(5, 0, 0));
        match taker.join().unwrap() {
            Ok(key) => assert_eq!((key, port.depth()), (5, 0)),
            Err(reason) => assert_eq!((reason, port.depth()), (NoPacket::Alerted, 1)),
        }
        ringer.join().unwrap();
        assert!(alert.is_set());
        assert_eq!(port.waiting(), 0);
    });
}

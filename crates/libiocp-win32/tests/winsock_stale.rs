//! Handles that were closed. One test: in another the value may name something new.
#![allow(unsafe_code)]

mod winsock_support;

use std::ptr;

use iocp::winsock2::event::{WSACloseEvent, WSACreateEvent, WSASetEvent};
use iocp::winsock2::open::closesocket;
use iocp::winsock2::overlapped::WSAGetOverlappedResult;
use winsock_support::*;

#[test]
fn sock_007_sock_076_closed_sockets_and_events() {
    start();
    closing_wakes_who_waits();
    let (s, mut ov) = (tcp(), overlapped());
    let (mut bytes, mut flags) = (0, 0);
    close(s);
    // SAFETY: valid memory, and handles that are looked up first.
    unsafe {
        assert_eq!(outcome(|| closesocket(s)), Err(10038), "closed twice");
        assert_eq!(send(s, b"x"), Err(10038));
        assert_eq!(recv(s, 4), Err(10038));
        assert_eq!(bind(s, &loopback(0)), Err(10038));
        assert_eq!(WSAGetOverlappedResult(s, &mut *ov, &mut bytes, 0, &mut flags), 0);
        assert_eq!(last_error(), 10038);
        let event = WSACreateEvent();
        assert_eq!(outcome(|| closesocket(event.addr())), Err(10038), "an event");
        assert_eq!(WSASetEvent(event), 1, "it is still there");
        assert_eq!(WSACloseEvent(event), 1);
        assert_eq!((WSACloseEvent(event), last_error()), (0, 6));
        assert_eq!((WSASetEvent(event), last_error()), (0, 6));
        assert_eq!((WSASetEvent(ptr::null_mut()), last_error()), (0, 6));
    }
}

fn closing_wakes_who_waits() {
    let (s, _peer) = pair();
    let waiting = std::thread::spawn(move || recv(s, 4));
    // Whether it waits already when the socket closes is not asked: it ends either way.
    std::thread::sleep(std::time::Duration::from_millis(20));
    close(s);
    let result = waiting.join().unwrap_or_else(|_| panic!("the thread failed"));
    assert!(matches!(result, Err(10004 | 10053 | 10038)), "{result:?}");
}

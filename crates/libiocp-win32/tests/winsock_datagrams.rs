//! Datagrams, and streams used as if they were.
#![allow(unsafe_code)]

mod winsock_support;

use std::io::Write;
use std::net::UdpSocket;

use iocp::winsock2::transfer::{iocp_recvfrom, iocp_sendto};
use iocp::winsock2::types::{SOCKADDR_IN, SOCKET};
use winsock_support::*;

fn send_to(s: SOCKET, data: &[u8], address: &SOCKADDR_IN) -> Result<i32, i32> {
    let (memory, to) = (data.as_ptr().cast(), (&raw const *address).cast());
    // SAFETY: readable for the lengths told.
    outcome(|| unsafe { iocp_sendto(s, memory, data.len() as i32, 0, to, 16) })
}

fn receive_from(s: SOCKET, room: i32, mut len: i32) -> (Result<i32, i32>, SOCKADDR_IN, i32) {
    let (mut data, mut from) = ([0u8; 64], SOCKADDR_IN::default());
    let (memory, name) = (data.as_mut_ptr().cast(), (&raw mut from).cast());
    // SAFETY: writable for the lengths told.
    let result = outcome(|| unsafe { iocp_recvfrom(s, memory, room, 0, name, &mut len) });
    (result, from, len)
}

#[test]
fn sock_116_sock_118_sock_119_datagrams() {
    start();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let peer_port = peer.local_addr().map_or(0, |address| address.port());
    let s = udp();
    assert_eq!(recv(s, 4), Err(10022), "not bound");
    assert_eq!(send(s, b"x"), Err(10057), "nowhere to");
    assert_eq!(send_to(s, b"ping", &loopback(peer_port)), Ok(4));
    assert_ne!(port_of(s), 0, "a send binds");
    assert_eq!(send_to(s, b"nobody", &loopback(0)), Ok(6));
    let (count, from) = peer.recv_from(&mut [0; 64]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(count, 4);
    for data in [&b"0123456789"[..], b"", b"abc", b"again"] {
        peer.send_to(data, from).unwrap_or_else(|error| panic!("{error}"));
    }
    let (result, source, len) = receive_from(s, 4, 64);
    assert_eq!((result, source, len), (Err(10040), loopback(peer_port), 16), "cut off");
    assert_eq!(receive_from(s, 64, 16).0, Ok(0), "empty is not the end");
    assert_eq!(receive_from(s, 64, 15).0, Err(10014), "no room for the address");
    assert_eq!(receive_from(s, 64, 16).0, Ok(3), "the datagram is kept");
    assert_eq!(recv(s, 64), Ok(b"again".to_vec()));
    close(s);
}

#[test]
fn sock_117_unreachable_ports_fail_receives_and_no_sends() {
    start();
    let dead = UdpSocket::bind("127.0.0.1:0").map(|peer| peer.local_addr());
    let dead = dead.ok().and_then(Result::ok).map_or(0, |address| address.port());
    for is_connected in [false, true] {
        let s = udp();
        assert_eq!(bind(s, &loopback(0)), Ok(0));
        if is_connected {
            assert_eq!(connect(s, &loopback(dead)), Ok(0));
        }
        for _ in 0..3 {
            assert_eq!(send_to(s, b"x", &loopback(dead)), Ok(1));
        }
        assert_eq!(recv(s, 4), Err(10054));
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        if !is_connected {
            let port = port_of(s);
            peer.send_to(b"ok", ("127.0.0.1", port)).unwrap_or_else(|error| panic!("{error}"));
            let mut result = recv(s, 4);
            while result == Err(10054) {
                result = recv(s, 4);
            }
            assert_eq!(result, Ok(b"ok".to_vec()), "the socket stays usable");
        }
        close(s);
    }
}

#[test]
fn sock_109_a_datagram_socket_changes_its_peer() {
    start();
    let peers: [UdpSocket; 2] = std::array::from_fn(|_| {
        UdpSocket::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"))
    });
    let port = |peer: &UdpSocket| peer.local_addr().map_or(0, |address| address.port());
    let s = udp();
    for peer in &peers {
        assert_eq!(connect(s, &loopback(port(peer))), Ok(0));
        assert_eq!(send(s, b"hi"), Ok(2));
        assert_eq!(peer.recv(&mut [0; 8]).ok(), Some(2));
    }
    let mut nobody = loopback(0);
    nobody.sin_family = 0;
    assert_eq!(connect(s, &nobody), Ok(0));
    assert_eq!(send(s, b"hi"), Err(10057));
    close(s);
}

#[test]
fn sock_122_streams_ignore_addresses() {
    start();
    let (s, mut peer) = pair();
    let (wrong, mut len) = (SOCKADDR_IN { sin_family: 99, ..SOCKADDR_IN::default() }, 1);
    assert_eq!(send_to(s, b"data", &wrong), Ok(4));
    peer.write_all(b"back").unwrap_or_else(|error| panic!("{error}"));
    let (mut data, mut from) = ([0u8; 8], wrong);
    let (memory, name) = (data.as_mut_ptr().cast(), (&raw mut from).cast());
    // SAFETY: writable for the lengths told.
    let result = outcome(|| unsafe { iocp_recvfrom(s, memory, 8, 0, name, &mut len) });
    assert_eq!((result, from, len), (Ok(4), wrong, 1));
    close(s);
}

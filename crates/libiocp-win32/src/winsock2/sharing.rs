//! Who may bind to an address that somebody has: Windows' rules, within the process.
//!
//! Linux lets every TCP socket of ours take an address that nobody listens on, because that
//! is how TIME_WAIT is kept out of the way; so the rules for one address are kept here.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use libiocp::device::{Phase, Socket};
use libiocp::engine::Address;

use super::codes::{
    AF_UNIX, SO_EXCLUSIVEADDRUSE, SO_REUSEADDR, SOL_SOCKET, WSAEACCES, WSAEADDRINUSE, WSAEINVAL,
};
use super::endpoint::{Endpoint, code};
use super::sockopt;
use crate::sockaddr::{is_unspecified, tcp_port};

/// What was asked of a socket before it was bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Plain,
    Reuse,
    Exclusive,
}

struct Bound {
    socket: Weak<Socket>,
    address: Address,
    protocol: i32,
    wish: Use,
}

static BOUND: Mutex<Vec<Bound>> = Mutex::new(Vec::new());

fn wish(endpoint: &Endpoint) -> Use {
    let is_set = |name| endpoint.stored(SOL_SOCKET, name).is_some_and(|value| value != 0);
    if is_set(SO_EXCLUSIVEADDRUSE) {
        Use::Exclusive
    } else if is_set(SO_REUSEADDR) {
        Use::Reuse
    } else {
        Use::Plain
    }
}

/// Whether the second may have what the first has; the same address, or with `differ` one of
/// them any address of the host.
fn verdict(first: Use, second: Use, differ: bool) -> Result<(), u32> {
    match (first, second) {
        (Use::Reuse, Use::Reuse) => Ok(()),
        (Use::Exclusive, _) | (_, Use::Exclusive) => Err(WSAEACCES),
        _ if differ => Ok(()),
        (Use::Plain, Use::Reuse) => Err(WSAEACCES),
        (Use::Plain | Use::Reuse, Use::Plain) => Err(WSAEADDRINUSE),
    }
}

/// Binds, if the sockets that are bound allow it.
pub(crate) fn bind(endpoint: &Endpoint, address: &Address) -> Result<(), u32> {
    let socket = endpoint.socket();
    // Held to the end: of two threads that want one address the second is to see the first.
    let mut all = BOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(endpoint.phase(), Phase::Fresh) && tcp_port(address) != 0 {
        check(&mut all, endpoint, address)?;
    } else if !matches!(endpoint.phase(), Phase::Fresh) {
        return Err(WSAEINVAL);
    }
    socket.bind(address).map_err(code)?;
    if endpoint.family() != AF_UNIX
        && let Ok(address) = socket.local_address()
    {
        let bound = Bound {
            socket: Arc::downgrade(socket),
            address,
            protocol: socket.state().protocol,
            wish: wish(endpoint),
        };
        if all.len() == all.capacity() {
            forget_closed(&mut all);
        }
        all.push(bound);
    }
    Ok(())
}

/// A socket that has closed may still be held by its last operation.
fn forget_closed(bound: &mut Vec<Bound>) {
    bound.retain(|other| {
        other.socket.upgrade().is_some_and(|socket| socket.with_fd(|_| ()).is_ok())
    });
}

fn check(bound: &mut Vec<Bound>, endpoint: &Endpoint, address: &Address) -> Result<(), u32> {
    forget_closed(bound);
    let wish = wish(endpoint);
    for other in bound.iter() {
        let is_rival = other.protocol == endpoint.socket().state().protocol
            && other.address.family() == address.family()
            && tcp_port(&other.address) == tcp_port(address);
        let is_same = is_rival && other.address == *address;
        let is_wider = is_rival && (is_unspecified(&other.address) || is_unspecified(address));
        if is_same || is_wider {
            verdict(other.wish, wish, !is_same)?;
        }
        if is_wider && !is_same {
            // Linux lets any address and one address coexist only if both are willing to.
            for socket in [other.socket.upgrade().as_ref(), Some(endpoint.socket())] {
                let _ = socket.map(|socket| socket.with_fd(sockopt::be_willing_to_share));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sock_144_who_may_share_an_address() {
        use Use::{Exclusive, Plain, Reuse};
        for (first, second, differ, expected) in [
            (Plain, Plain, false, Err(10048)),
            (Plain, Reuse, false, Err(10013)),
            (Reuse, Reuse, false, Ok(())),
            (Reuse, Plain, false, Err(10048)),
            (Plain, Plain, true, Ok(())),
            (Exclusive, Plain, false, Err(10013)),
            (Exclusive, Reuse, false, Err(10013)),
            (Plain, Exclusive, false, Err(10013)),
            (Reuse, Exclusive, true, Err(10013)),
        ] {
            assert_eq!(verdict(first, second, differ), expected, "{first:?} {second:?}");
        }
    }
}

//! A completion port as one of the queues, through the C functions.
#![allow(unsafe_code)]

use std::ptr;

use iocp::handleapi::CloseHandle;
use iocp::ioapiset::{
    CreateIoCompletionPort, GetQueuedCompletionStatus, PostQueuedCompletionStatus,
};
use iocp::types::HANDLE;

use crate::channel::{Channel, Packet};

const INVALID_HANDLE_VALUE: HANDLE = ptr::without_provenance_mut(usize::MAX);
const INFINITE: u32 = u32::MAX;

/// A port with the default limit: as many threads as there are processors.
#[derive(Debug)]
pub struct Port(HANDLE);

// SAFETY: a handle is a number that any thread may use.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

impl Default for Port {
    fn default() -> Self {
        // SAFETY: no pointers.
        let port = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 0) };
        assert!(!port.is_null(), "CreateIoCompletionPort failed");
        Self(port)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // SAFETY: the handle is this port's own.
        unsafe { CloseHandle(self.0) };
    }
}

impl Channel for Port {
    fn post(&self, packet: Packet) {
        let overlapped = ptr::without_provenance_mut(packet.overlapped);
        // SAFETY: nobody looks at the OVERLAPPED.
        let ok =
            unsafe { PostQueuedCompletionStatus(self.0, packet.bytes, packet.key, overlapped) };
        assert!(ok != 0, "PostQueuedCompletionStatus failed");
    }

    fn get(&self) -> Packet {
        let (mut bytes, mut key, mut overlapped) = (0, 0, ptr::null_mut());
        // SAFETY: the three places are valid for writing.
        let ok = unsafe {
            GetQueuedCompletionStatus(self.0, &mut bytes, &mut key, &mut overlapped, INFINITE)
        };
        assert!(ok != 0, "GetQueuedCompletionStatus failed");
        Packet { bytes, key, overlapped: overlapped.addr() }
    }
}

//! `libiocp/iocp.h`: what this library has beside Windows.
#![allow(unsafe_code)]

use crate::kernel::{succeed, system};
use crate::types::{BOOL, HANDLE};
use libiocp::BlockDetection;
use libiocp::status::Status;

/// Chooses how a port learns that a thread that runs for it blocks outside the
/// library: one of `IOCP_DETECT_AUTO`, `_PERF`, `_PROC` and `_OFF`.
///
/// FALSE with 6 or 5 for a handle that names no port or may not dequeue, 87 for
/// another number, and 50 for what the system does not allow.
#[unsafe(no_mangle)]
pub extern "C" fn iocp_set_block_detection(port: HANDLE, detection: u32) -> BOOL {
    succeed(system().port(port as usize).and_then(|port| {
        let detection = BlockDetection::from_number(detection).ok_or(Status::INVALID_PARAMETER)?;
        port.set_block_detection(detection)
    }))
}

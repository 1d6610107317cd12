//! `WSARecv`, `WSASend` and their kin, and `WSAGetOverlappedResult`.

use std::ffi::c_void;

use libiocp::apc::{CompletionRoutine, SocketRoutine};
use libiocp::device::{ReceivedFrom, SocketVerb, Verb};
use libiocp::engine::Address;
use libiocp::request::{Answer, Report, Request, Then};
use libiocp::status::Status;

use super::codes::*;
use super::endpoint::{Endpoint, find, find_own};
use super::startup::{call, is_started};
use super::transfer::{self, ReceiveFlags, buffers, check_source, destination};
use super::types::{SOCKADDR, SOCKET, WSABUF};
use crate::errhandlingapi::set_last_error;
use crate::ioapiset::result_of;
use crate::kernel::{report, report_by};
use crate::sockaddr::{self, tcp_port};
use crate::types::{HANDLE, INFINITE, OVERLAPPED};

/// An operation's OVERLAPPED, and the routine that is called at its end, if there is one.
#[derive(Clone, Copy)]
pub(crate) struct Overlap {
    pub(crate) overlapped: *mut OVERLAPPED,
    pub(crate) routine: Option<SocketRoutine>,
}

impl From<*mut OVERLAPPED> for Overlap {
    fn from(overlapped: *mut OVERLAPPED) -> Self {
        Self { overlapped, routine: None }
    }
}

impl Overlap {
    /// How the operation is reported.
    ///
    /// # Safety
    /// The OVERLAPPED keeps the contract of a pending operation.
    unsafe fn report(self) -> Result<Report, u32> {
        // SAFETY: this function's contract.
        let report = unsafe {
            match self.routine.map(CompletionRoutine::Socket) {
                None => report(self.overlapped),
                Some(routine) => report_by(self.overlapped, Then::call(routine)),
            }
        };
        report.map_err(|_| WSA_INVALID_HANDLE)
    }

    /// A routine is refused on a socket that has a port.
    pub(crate) fn check(self, endpoint: &Endpoint) -> Result<(), u32> {
        let is_refused = self.routine.is_some() && endpoint.file.is_associated();
        if is_refused { Err(WSAEINVAL) } else { Ok(()) }
    }
}

/// A caller's place for a number, written before anybody can know that the call is over.
#[derive(Clone, Copy)]
pub(crate) struct Place(pub(crate) *mut u32);

impl Place {
    /// # Safety
    /// The place is valid for writes when not null.
    pub(crate) unsafe fn put(self, value: u32) {
        if !self.0.is_null() {
            // SAFETY: this function's contract; nobody promises alignment.
            unsafe { self.0.write_unaligned(value) };
        }
    }
}

/// Starts an operation with the caller's OVERLAPPED. `before_done` is told the byte count
/// of one that succeeds at once. On a socket that is not overlapped the operation is waited
/// for instead (SOCK-10), and a routine is ignored.
///
/// # Safety
/// The OVERLAPPED keeps the contract of a pending operation.
pub(crate) unsafe fn start(
    endpoint: &Endpoint,
    verb: Verb,
    overlap: impl Into<Overlap>,
    before_done: impl FnOnce(usize),
) -> Result<i32, u32> {
    // SAFETY: this function's contract.
    let report = unsafe { overlap.into().report() }?;
    if endpoint.file.is_overlapped() {
        return match Request::start(&endpoint.file, verb, report, before_done) {
            Answer::Pending => Err(WSA_IO_PENDING),
            Answer::Done(status, _) if status.is_success() => Ok(0),
            Answer::Done(status, _) | Answer::Refused(status) => Err(status.wsa()),
        };
    }
    report.overlapped.mark_pending();
    let (status, bytes) = endpoint.run(verb);
    if status.is_success() {
        before_done(bytes);
    }
    report.overlapped.settle(status, bytes);
    if let Some(event) = &report.event {
        event.signal().set();
    }
    if status.is_success() { Ok(0) } else { Err(status.wsa()) }
}

/// Starts an operation that is known to fail: its failure is reported, not returned.
///
/// # Safety
/// As for [`start`].
pub(crate) unsafe fn fail_later(
    endpoint: &Endpoint,
    status: Status,
    overlap: Overlap,
) -> Result<i32, u32> {
    // SAFETY: this function's contract.
    let report = unsafe { overlap.report() }?;
    Request::fail(&endpoint.file, status, report);
    Err(WSA_IO_PENDING)
}

/// Where the address of a datagram goes when it has come.
struct SourceAddress {
    from: *mut SOCKADDR,
    fromlen: *mut i32,
}

// SAFETY: both are the caller's until the operation has finished, wherever that happens.
unsafe impl Send for SourceAddress {}
// SAFETY: as above.
unsafe impl Sync for SourceAddress {}

impl ReceivedFrom for SourceAddress {
    fn received_from(&self, address: &Address) {
        // SAFETY: the caller's promise: writable for the length given until the operation
        // has finished.
        let _ = unsafe { sockaddr::write(address, self.from.cast(), self.fromlen) };
    }
}

/// The arguments of the two receives.
struct ReceiveArguments {
    s: SOCKET,
    array: *const WSABUF,
    count: u32,
    bytes: Place,
    flags: Place,
    source: SourceAddress,
    overlap: Overlap,
}

/// # Safety
/// The arguments keep the promises of `WSARecvFrom`.
unsafe fn receive(call: ReceiveArguments) -> Result<i32, u32> {
    let endpoint = find(call.s)?;
    if call.count == 0 {
        return Err(WSAEINVAL);
    }
    if sockaddr::is_bad(call.flags.0)
        || (call.bytes.0.is_null() && call.overlap.overlapped.is_null())
    {
        return Err(WSAEFAULT);
    }
    let SourceAddress { from, fromlen } = call.source;
    // SAFETY: this function's contract.
    let (buffers, flags, wants_source) = unsafe {
        (
            buffers(call.array, call.count)?,
            call.flags.0.read_unaligned(),
            check_source(&endpoint, from, fromlen)?,
        )
    };
    if call.overlap.overlapped.is_null() {
        let brought = transfer::receive(&endpoint, buffers, flags)?;
        // SAFETY: this function's contract.
        unsafe {
            if let Some(source) = brought.source.filter(|_| wants_source) {
                sockaddr::write(&source, from.cast(), fromlen)?;
            }
            call.flags.put(if brought.is_truncated { MSG_PARTIAL } else { 0 });
            if brought.is_truncated {
                return Err(WSAEMSGSIZE);
            }
            call.bytes.put(brought.bytes as u32);
        }
        return Ok(0);
    }
    call.overlap.check(&endpoint)?;
    endpoint.settle_connecting();
    let ReceiveFlags { flags, wants_all, is_urgent } =
        transfer::receive_flags(&endpoint, flags, true)?;
    let verb = if is_urgent {
        Verb::Settled(Status::SUCCESS, transfer::receive_urgent(&endpoint, &buffers)?)
    } else {
        let source = wants_source.then(|| Box::new(call.source) as Box<dyn ReceivedFrom>);
        Verb::Socket(SocketVerb::receive_with(buffers, flags, wants_all, source))
    };
    let (count, flags) = (call.bytes, call.flags);
    // SAFETY: this function's contract; both places are written before the end is known.
    unsafe {
        start(&endpoint, verb, call.overlap, |bytes| {
            count.put(bytes as u32);
            flags.put(0);
        })
    }
}

/// `WSARecv`: receives into several buffers, overlapped or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSARecv(
    s: SOCKET,
    lpBuffers: *mut WSABUF,
    dwBufferCount: u32,
    lpNumberOfBytesRecvd: *mut u32,
    lpFlags: *mut u32,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: Option<SocketRoutine>,
) -> i32 {
    let source = SourceAddress { from: std::ptr::null_mut(), fromlen: std::ptr::null_mut() };
    let arguments = ReceiveArguments {
        s,
        array: lpBuffers,
        count: dwBufferCount,
        bytes: Place(lpNumberOfBytesRecvd),
        flags: Place(lpFlags),
        source,
        overlap: Overlap { overlapped: lpOverlapped, routine: lpCompletionRoutine },
    };
    // SAFETY: the caller's promises are those asked for.
    call(|| unsafe { receive(arguments) })
}

/// `WSARecvFrom`: receives a datagram into several buffers, overlapped or not, and tells
/// where it came from.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSARecvFrom(
    s: SOCKET,
    lpBuffers: *mut WSABUF,
    dwBufferCount: u32,
    lpNumberOfBytesRecvd: *mut u32,
    lpFlags: *mut u32,
    lpFrom: *mut SOCKADDR,
    lpFromlen: *mut i32,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: Option<SocketRoutine>,
) -> i32 {
    let arguments = ReceiveArguments {
        s,
        array: lpBuffers,
        count: dwBufferCount,
        bytes: Place(lpNumberOfBytesRecvd),
        flags: Place(lpFlags),
        source: SourceAddress { from: lpFrom, fromlen: lpFromlen },
        overlap: Overlap { overlapped: lpOverlapped, routine: lpCompletionRoutine },
    };
    // SAFETY: the caller's promises are those asked for.
    call(|| unsafe { receive(arguments) })
}

/// The arguments of the two sends.
struct SendArguments {
    s: SOCKET,
    array: *const WSABUF,
    count: u32,
    bytes: Place,
    flags: u32,
    to: (*const SOCKADDR, i32),
    overlap: Overlap,
}

/// # Safety
/// The arguments keep the promises of `WSASendTo`.
unsafe fn send(call: SendArguments) -> Result<i32, u32> {
    let endpoint = find(call.s)?;
    if call.bytes.0.is_null() && call.overlap.overlapped.is_null() {
        return Err(WSAEFAULT);
    }
    // SAFETY: this function's contract.
    let (buffers, to) = unsafe {
        (buffers(call.array, call.count)?, destination(&endpoint, call.to.0, call.to.1)?)
    };
    transfer::check_pieces(&endpoint, &buffers)?;
    if call.overlap.overlapped.is_null() {
        let sent = transfer::send(&endpoint, buffers, call.flags, to)?;
        // SAFETY: this function's contract.
        unsafe { call.bytes.put(sent as u32) };
        return Ok(0);
    }
    call.overlap.check(&endpoint)?;
    endpoint.settle_connecting();
    let flags = transfer::send_flags(call.flags)?;
    let verb = if to.is_some_and(|to| tcp_port(&to) == 0) {
        // Nobody can be there, and Windows does not mind.
        Verb::Settled(Status::SUCCESS, buffers.len())
    } else {
        Verb::Socket(SocketVerb::send(buffers, flags, to))
    };
    let count = call.bytes;
    // SAFETY: this function's contract; the place is written before the end is known.
    unsafe { start(&endpoint, verb, call.overlap, |bytes| count.put(bytes as u32)) }
}

/// `WSASend`: sends several buffers, overlapped or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSASend(
    s: SOCKET,
    lpBuffers: *mut WSABUF,
    dwBufferCount: u32,
    lpNumberOfBytesSent: *mut u32,
    dwFlags: u32,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: Option<SocketRoutine>,
) -> i32 {
    let arguments = SendArguments {
        s,
        array: lpBuffers,
        count: dwBufferCount,
        bytes: Place(lpNumberOfBytesSent),
        flags: dwFlags,
        to: (std::ptr::null(), 0),
        overlap: Overlap { overlapped: lpOverlapped, routine: lpCompletionRoutine },
    };
    // SAFETY: the caller's promises are those asked for.
    call(|| unsafe { send(arguments) })
}

/// `WSASendTo`: sends a datagram of several buffers to an address, overlapped or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSASendTo(
    s: SOCKET,
    lpBuffers: *mut WSABUF,
    dwBufferCount: u32,
    lpNumberOfBytesSent: *mut u32,
    dwFlags: u32,
    lpTo: *const SOCKADDR,
    iTolen: i32,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: Option<SocketRoutine>,
) -> i32 {
    let arguments = SendArguments {
        s,
        array: lpBuffers,
        count: dwBufferCount,
        bytes: Place(lpNumberOfBytesSent),
        flags: dwFlags,
        to: (lpTo, iTolen),
        overlap: Overlap { overlapped: lpOverlapped, routine: lpCompletionRoutine },
    };
    // SAFETY: the caller's promises are those asked for.
    call(|| unsafe { send(arguments) })
}

/// # Safety
/// The pointers are valid when not null.
unsafe fn overlapped_result(
    s: SOCKET,
    overlapped: *mut OVERLAPPED,
    transferred: Place,
    waits: bool,
    flags: Place,
) -> Result<(), u32> {
    find_own(s)?;
    if overlapped.is_null() || transferred.0.is_null() || flags.0.is_null() {
        return Err(WSAEFAULT);
    }
    let milliseconds = if waits { INFINITE } else { 0 };
    let file = std::ptr::without_provenance_mut::<c_void>(s) as HANDLE;
    // SAFETY: this function's contract.
    let (status, bytes) = unsafe { result_of(file, overlapped, milliseconds, false) }?;
    // SAFETY: this function's contract.
    unsafe { transferred.put(bytes as u32) };
    if !status.is_success() {
        return Err(status.wsa());
    }
    // SAFETY: this function's contract.
    unsafe { flags.put(0) };
    Ok(())
}

/// `WSAGetOverlappedResult`: the result of an operation, in Winsock's codes; waits for it if
/// `fWait`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAGetOverlappedResult(
    s: SOCKET,
    lpOverlapped: *mut OVERLAPPED,
    lpcbTransfer: *mut u32,
    fWait: i32,
    lpdwFlags: *mut u32,
) -> i32 {
    let result = if is_started() {
        let (transferred, flags) = (Place(lpcbTransfer), Place(lpdwFlags));
        // SAFETY: the caller's promise: valid pointers, or null.
        unsafe { overlapped_result(s, lpOverlapped, transferred, fWait != 0, flags) }
    } else {
        Err(WSANOTINITIALISED)
    };
    set_last_error(result.err().unwrap_or(0));
    i32::from(result.is_ok())
}

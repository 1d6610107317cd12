//! `ioctlsocket` and `WSAIoctl`.

use std::ffi::c_void;
use std::os::fd::RawFd;

use libiocp::apc::SocketRoutine;
use libiocp::device::{Phase, Verb};
use libiocp::status::Status;

use super::codes::*;
use super::endpoint::{Endpoint, code, find};
use super::open::report_unreachable;
use super::overlapped::{Overlap, Place, fail_later, start};
use super::startup::call;
use super::types::{SOCKET, tcp_keepalive};
use crate::mswsock::extension;
use crate::sockaddr::is_bad;
use crate::types::OVERLAPPED;

const LINUX_SIOCATMARK: libc::c_ulong = 0x8905;

/// Input and output of an ioctl.
#[derive(Clone, Copy)]
struct Memory {
    input: *const u8,
    input_size: u32,
    output: *mut u8,
    output_size: u32,
}

impl Memory {
    /// # Safety
    /// The input is readable for its size when not null.
    unsafe fn take<T: Copy>(&self) -> Result<T, u32> {
        if is_bad(self.input) || (self.input_size as usize) < size_of::<T>() {
            return Err(WSAEFAULT);
        }
        // SAFETY: this function's contract, and the size was just checked.
        Ok(unsafe { self.input.cast::<T>().read_unaligned() })
    }

    /// # Safety
    /// The output is writable for its size when not null.
    unsafe fn give<T: Copy>(&self, value: T) -> Result<u32, u32> {
        if is_bad(self.output) || (self.output_size as usize) < size_of::<T>() {
            return Err(WSAEFAULT);
        }
        // SAFETY: this function's contract, and the size was just checked.
        unsafe { self.output.cast::<T>().write_unaligned(value) };
        Ok(size_of::<T>() as u32)
    }
}

/// What an ioctl comes to: the size it reports, or the error and the size reported with it.
type Done = Result<u32, (u32, Option<u32>)>;

fn plain(result: Result<u32, u32>) -> Done {
    result.map_err(|code| (code, None))
}

/// The bytes that can be received.
fn readable(endpoint: &Endpoint) -> Result<u32, u32> {
    if endpoint.phase() == Phase::Listening {
        return Err(WSAEINVAL);
    }
    let ask = |fd| {
        let mut count = 0i32;
        // SAFETY: the count is writable.
        if unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) } == 0 {
            Ok(count)
        } else {
            Err(WSAEINVAL)
        }
    };
    Ok(endpoint.socket().with_fd(ask).map_err(code)??.max(0) as u32)
}

/// Whether there is no urgent data ahead.
fn is_at_mark(endpoint: &Endpoint) -> Result<u32, u32> {
    let is_inline = endpoint.stored(SOL_SOCKET, SO_OOBINLINE).unwrap_or(0) != 0;
    let ask = |fd: RawFd| {
        let mut poll = libc::pollfd { fd, events: libc::POLLPRI, revents: 0 };
        // SAFETY: one entry, and no waiting.
        let is_urgent =
            unsafe { libc::poll(&raw mut poll, 1, 0) } > 0 && poll.revents & libc::POLLPRI != 0;
        let mut mark = 0i32;
        // SAFETY: the value is writable.
        unsafe { libc::ioctl(fd, LINUX_SIOCATMARK, &raw mut mark) };
        !is_urgent || (is_inline && mark != 0)
    };
    Ok(u32::from(endpoint.socket().with_fd(ask).map_err(code)?))
}

fn set_tcp(fd: RawFd, level: i32, name: i32, value: u32) -> Result<(), u32> {
    let pointer = (&raw const value).cast();
    // SAFETY: the value is readable for its length.
    if unsafe { libc::setsockopt(fd, level, name, pointer, 4) } == 0 {
        Ok(())
    } else {
        Err(WSAEINVAL)
    }
}

/// Probes of a silent peer: milliseconds there, seconds here, and ten probes.
fn keep_alive(endpoint: &Endpoint, values: tcp_keepalive) -> Result<u32, u32> {
    if !endpoint.is_stream() {
        return Err(WSAEOPNOTSUPP);
    }
    let seconds = |milliseconds: u32| milliseconds.div_ceil(1000).clamp(1, 32767);
    let apply = |fd| {
        if values.onoff != 0 {
            let idle = seconds(values.keepalivetime);
            let interval = seconds(values.keepaliveinterval);
            set_tcp(fd, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, idle)?;
            set_tcp(fd, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, interval)?;
            set_tcp(fd, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 10)?;
        }
        set_tcp(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, u32::from(values.onoff != 0))
    };
    endpoint.socket().with_fd(apply).map_err(code)??;
    endpoint.store(SOL_SOCKET, SO_KEEPALIVE, u32::from(values.onoff != 0));
    if values.onoff != 0 {
        endpoint.store(IPPROTO_TCP, TCP_KEEPALIVE, seconds(values.keepalivetime));
        endpoint.store(IPPROTO_TCP, TCP_KEEPINTVL, seconds(values.keepaliveinterval));
    }
    Ok(0)
}

/// `TCP_INITIAL_RTO_PARAMETERS`: how often a connect is tried.
#[repr(C)]
#[derive(Clone, Copy)]
struct InitialRto {
    rtt: u16,
    retransmissions: u8,
}

/// No retransmission but the first, and the default, in Windows' numbers.
fn initial_rto(endpoint: &Endpoint, values: InitialRto) -> Result<u32, u32> {
    let tries = match values.retransmissions {
        0xFF => 6,
        0xFE => 1,
        tries => u32::from(tries).max(1),
    };
    let apply = |fd| set_tcp(fd, libc::IPPROTO_TCP, libc::TCP_SYNCNT, tries);
    endpoint.socket().with_fd(apply).map_err(code)??;
    Ok(0)
}

/// Whether `FIONBIO` and the like succeed: what Windows calls the argument is 32 bits.
fn set_nonblocking(endpoint: &Endpoint, value: u32) {
    endpoint.socket().state().set_nonblocking(value != 0);
}

/// Carries out an ioctl.
///
/// # Safety
/// The memory is valid for its sizes.
unsafe fn control(endpoint: &Endpoint, s: SOCKET, request: u32, memory: Memory) -> Done {
    // SAFETY: this function's contract, in every arm.
    unsafe {
        match request {
            FIONBIO => {
                set_nonblocking(endpoint, plain_err(memory.take::<u32>())?);
                Ok(0)
            }
            FIONREAD => {
                let count = plain_err(readable(endpoint))?;
                plain(memory.give(count))
            }
            SIOCATMARK => {
                let answer = plain_err(is_at_mark(endpoint))?;
                plain(memory.give(answer))
            }
            SIO_GET_EXTENSION_FUNCTION_POINTER => {
                let guid = plain_err(memory.take::<[u8; 16]>())?;
                let function = plain_err(extension(&guid).ok_or(WSAEINVAL))?;
                plain(memory.give(function))
            }
            SIO_BASE_HANDLE | SIO_BSP_HANDLE_SELECT | SIO_BSP_HANDLE_POLL => plain(memory.give(s)),
            SIO_KEEPALIVE_VALS => {
                let values = memory.take::<tcp_keepalive>().map_err(|code| (code, Some(0)))?;
                plain(keep_alive(endpoint, values))
            }
            SIO_UDP_CONNRESET => {
                let is_wanted = plain_err(memory.take::<u32>())? != 0;
                if endpoint.is_stream() {
                    return Err((WSAEOPNOTSUPP, None));
                }
                let family = endpoint.family();
                let apply = |fd| report_unreachable(fd, family, is_wanted);
                plain(endpoint.socket().with_fd(apply).map(|()| 0).map_err(code))
            }
            // Receives here never tell of datagrams that lived too short: off is how it is.
            SIO_UDP_NETRESET if !endpoint.is_stream() => {
                let is_wanted = plain_err(memory.take::<u32>())? != 0;
                if is_wanted { Err((WSAEOPNOTSUPP, None)) } else { Ok(0) }
            }
            // The loopback of Linux needs no other path.
            SIO_LOOPBACK_FAST_PATH => {
                plain_err(memory.take::<u32>())?;
                Ok(0)
            }
            SIO_TCP_INITIAL_RTO if endpoint.is_stream() => {
                let values = plain_err(memory.take::<InitialRto>())?;
                plain(initial_rto(endpoint, values))
            }
            _ => Err((WSAEOPNOTSUPP, Some(0))),
        }
    }
}

/// The questions of layers about the layer below: answered at once or not at all.
fn is_base_handle(request: u32) -> bool {
    matches!(request, SIO_BASE_HANDLE | SIO_BSP_HANDLE_SELECT | SIO_BSP_HANDLE_POLL)
}

fn plain_err<T>(result: Result<T, u32>) -> Result<T, (u32, Option<u32>)> {
    result.map_err(|code| (code, None))
}

/// `ioctlsocket`: `FIONBIO`, `FIONREAD` and `SIOCATMARK`. The argument has 32 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ioctlsocket(s: SOCKET, cmd: i32, argp: *mut u32) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        if is_bad(argp) {
            return Err(WSAEFAULT);
        }
        let request = cmd as u32;
        if !matches!(request, FIONBIO | FIONREAD | SIOCATMARK) {
            return Err(WSAEOPNOTSUPP);
        }
        let memory =
            Memory { input: argp.cast(), input_size: 4, output: argp.cast(), output_size: 4 };
        // SAFETY: the caller's promise: valid.
        unsafe { control(&endpoint, s, request, memory) }.map_err(|(code, _)| code)?;
        Ok(0)
    })
}

/// `WSAIoctl`: as `ioctlsocket`, and much more; with an OVERLAPPED it is reported too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WSAIoctl(
    s: SOCKET,
    dwIoControlCode: u32,
    lpvInBuffer: *const c_void,
    cbInBuffer: u32,
    lpvOutBuffer: *mut c_void,
    cbOutBuffer: u32,
    lpcbBytesReturned: *mut u32,
    lpOverlapped: *mut OVERLAPPED,
    lpCompletionRoutine: Option<SocketRoutine>,
) -> i32 {
    call(|| {
        let endpoint = find(s)?;
        if is_bad(lpcbBytesReturned) {
            return Err(WSAEFAULT);
        }
        let overlap = Overlap { overlapped: lpOverlapped, routine: lpCompletionRoutine };
        if !lpOverlapped.is_null() {
            overlap.check(&endpoint)?;
        }
        let memory = Memory {
            input: lpvInBuffer.cast(),
            input_size: cbInBuffer,
            output: lpvOutBuffer.cast(),
            output_size: cbOutBuffer,
        };
        let returned = Place(lpcbBytesReturned);
        let is_pending = !lpOverlapped.is_null() && endpoint.file.is_overlapped();
        if is_pending && is_base_handle(dwIoControlCode) {
            // SAFETY: the caller's promise: the OVERLAPPED of a pending operation.
            return unsafe { fail_later(&endpoint, Status::NOT_SUPPORTED, overlap) };
        }
        // SAFETY: the caller's promise: memory valid for its sizes.
        match unsafe { control(&endpoint, s, dwIoControlCode, memory) } {
            Ok(size) if lpOverlapped.is_null() => {
                // SAFETY: the caller's promise: valid.
                unsafe { returned.put(size) };
                Ok(0)
            }
            Ok(size) => {
                let verb = Verb::Settled(Status::SUCCESS, 0);
                // SAFETY: the caller's promise: the OVERLAPPED of a pending operation.
                unsafe { start(&endpoint, verb, overlap, |_| returned.put(size)) }
            }
            // The network does not know it, and says so when it is asked: later.
            Err((WSAEOPNOTSUPP, _)) if is_pending => {
                // SAFETY: the caller's promise: the OVERLAPPED of a pending operation.
                unsafe { fail_later(&endpoint, Status::NOT_SUPPORTED, overlap) }
            }
            Err((code, size)) => {
                if let Some(size) = size {
                    // SAFETY: the caller's promise: valid.
                    unsafe { returned.put(size) };
                }
                Err(code)
            }
        }
    })
}

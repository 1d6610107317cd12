//! Windows I/O completion ports, and the kernel handles under them, natively
//! on Linux.
//!
//! A [`CompletionPort`] is a queue of packets and the threads that wait for
//! them. A program ties a [`File`], [`TcpListener`] or [`TcpStream`] to a port
//! with a key, starts operations, and takes a [`Completion`] for each: the
//! key, the outcome, and the buffer that the operation worked on. The port
//! wakes the thread that came last, and lets only as many run at once as it
//! was made for; a thread that [blocks](blocking) lets another in.
//!
//! Operations own what they work on until their packet is taken, so whatever
//! is dropped, and in whatever order, no memory is used after it is gone. An
//! operation that was started completes once: dropping or cancelling asks for
//! its end, no more. What a packet carries that nobody can take any more is
//! dropped.
//!
//! An error is a `std::io::Error`; [`win32_code`] tells what `GetLastError`
//! would say.
//!
//! # Examples
//! An echo server on one port, and a client that checks it:
//! ```
//! use libiocp::{CompletionPort, PortRef, TcpListener, TcpStream, win32_code};
//! use std::collections::HashMap;
//! use std::io::{self, Read, Write};
//!
//! const LISTENER: usize = 0;
//!
//! fn serve(port: &PortRef, listener: &TcpListener) -> io::Result<()> {
//!     let mut streams = HashMap::new();
//!     listener.start_accept()?;
//!     loop {
//!         let completion = match port.get(None) {
//!             // ERROR_ABANDONED_WAIT_0: the port was closed.
//!             Err(error) if win32_code(&error) == Some(735) => return Ok(()),
//!             completion => completion?,
//!         };
//!         let (key, bytes) = (completion.key(), completion.result()?);
//!         let completion = match completion.into_payload::<TcpStream>() {
//!             Ok(stream) => {
//!                 let key = streams.len() + 1;
//!                 stream.associate(port, key)?;
//!                 stream.start_receive(vec![0; 4096])?;
//!                 streams.insert(key, stream);
//!                 listener.start_accept()?;
//!                 continue;
//!             }
//!             Err(completion) => completion,
//!         };
//!         if let Ok(mut buffer) = completion.into_payload::<Vec<u8>>() {
//!             if bytes == 0 {
//!                 streams.remove(&key); // The client is done.
//!             } else {
//!                 buffer.truncate(bytes);
//!                 streams[&key].start_send(buffer.into_boxed_slice())?;
//!             }
//!         } else {
//!             // The boxed bytes of a send: they went back.
//!             streams[&key].start_receive(vec![0; 4096])?;
//!         }
//!     }
//! }
//!
//! fn main() -> io::Result<()> {
//!     let port = CompletionPort::new(0)?;
//!     let listener = TcpListener::bind("127.0.0.1:0")?;
//!     listener.associate(&port, LISTENER)?;
//!     let address = listener.local_addr()?;
//!     let reference = port.reference();
//!     let server = std::thread::spawn(move || serve(&reference, &listener));
//!
//!     let mut client = std::net::TcpStream::connect(address)?;
//!     client.write_all(b"hello")?;
//!     let mut bytes = [0; 5];
//!     client.read_exact(&mut bytes)?;
//!     assert_eq!(&bytes, b"hello");
//!
//!     drop(port);
//!     server.join().unwrap()
//! }
//! ```
//!
//! # Engines
//! What carries operations out is an [`Engine`]: epoll for sockets, io_uring
//! for disk files or a few threads where it is forbidden. There is one for the
//! process, made when it is first needed; the environment variable
//! `LIBIOCP_ENGINE` chooses (`uring`, `epoll`). A program that wants several
//! makes them itself. A port serves files and sockets of its own engine.
//!
//! A child of a fork that does not exec has no engine: every call answers code
//! 50, `ERROR_NOT_SUPPORTED`, and dropping a handle there closes nothing.

// Loom checks the parts with an algorithm of their own; the rest is left out.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

// Modules without documentation are for the C ABI, and promise nothing to others.

#[cfg(not(loom))]
#[doc(hidden)]
pub mod apc;
#[cfg(not(loom))]
mod api;
#[doc(hidden)]
pub mod blocked;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod device;
#[cfg(not(loom))]
pub mod engine;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod event;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod file;
#[doc(hidden)]
pub mod handle;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod job;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod object;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod overlapped;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod pool;
#[doc(hidden)]
pub mod port;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod process;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod request;
pub mod status;
#[doc(hidden)]
pub mod sync;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod system;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod thread;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod timer;
#[doc(hidden)]
pub mod wait;

#[cfg(not(loom))]
pub use api::{
    AlignedBuffer, Completion, CompletionPort, Error, File, OpenOptions, Operation, PortRef,
    Refused, TcpListener, TcpSocket, TcpStream, status_of, win32_code, winsock_code,
};
pub use blocked::BlockDetection;
#[cfg(not(loom))]
pub use engine::{Engine, Preference};
pub use status::Status;
pub use sync::blocking;

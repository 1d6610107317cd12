//! The safe Rust API: a client of the same request contract as the C ABI.
//!
//! What an operation works on (a buffer, the socket that a connection is
//! accepted into) travels with it: into the request, then into the packet, then
//! to whoever takes the packet. If nobody can, it is dropped there and then.

mod address;
mod buffer;
mod completion_port;
mod default_engine;
mod error;
mod file;
mod operation;
mod owned;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;

pub use buffer::AlignedBuffer;
pub use completion_port::{CompletionPort, PortRef};
pub use error::{Error, status_of, win32_code, winsock_code};
pub use file::{File, OpenOptions};
pub use operation::{Completion, Operation, Refused};
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;

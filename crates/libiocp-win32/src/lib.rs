//! The Win32 C ABI of libiocp.
//!
//! One module for each Windows header. A function mirrors the page of its name in Microsoft's
//! documentation: its parameters, its result, its error codes. It asks of its caller what that
//! page asks (pointers that are valid, memory that stays), and nothing more.

mod codes;
pub mod errhandlingapi;
pub mod fileapi;
pub mod handleapi;
pub mod ioapiset;
pub mod kernel;
pub mod mswsock;
pub mod processenv_std;
pub(crate) mod sockaddr;
pub mod synchapi_events;
pub mod synchapi_waits;
mod text;
pub mod threads;
pub mod types;
pub mod winbase_modes;
pub mod winsock2;
pub mod ws2tcpip;

//! The Win32 C ABI of libiocp.

pub mod errhandlingapi;
pub(crate) mod sockaddr;
pub mod winsock2;
pub mod ws2tcpip;

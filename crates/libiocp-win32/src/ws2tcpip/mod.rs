//! `ws2tcpip.h`: names to addresses and back.
//!
//! Names that libc has too are exported with the prefix `iocp_`; the C header maps them.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

pub mod addrinfo;
pub mod inet;
pub mod nameinfo;

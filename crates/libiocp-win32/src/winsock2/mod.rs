//! `winsock2.h`.
//!
//! Names that libc has too are exported with the prefix `iocp_`; the C header maps them.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

pub mod accept;
pub mod address;
pub(crate) mod address_text;
pub mod codes;
pub mod connect;
pub(crate) mod database;
pub(crate) mod endpoint;
pub mod event;
pub mod inet;
pub mod ioctl;
pub mod names;
pub mod open;
pub(crate) mod options;
pub mod overlapped;
pub mod protocol_info;
mod sharing;
pub mod sockopt;
pub mod startup;
pub(crate) mod text;
pub mod transfer;
pub mod types;

//! `winsock2.h`.
//!
//! Names that libc has too are exported with the prefix `iocp_`; the C header maps them.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

pub(crate) mod address_text;
pub mod codes;
pub(crate) mod database;
pub mod inet;
pub mod names;
pub(crate) mod options;
pub mod startup;
pub(crate) mod text;
pub mod types;

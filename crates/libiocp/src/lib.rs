//! Windows I/O completion ports, and the kernel handles under them, natively
//! on Linux.

// Loom checks the parts with an algorithm of their own; the rest is left out.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(loom))]
pub mod device;
#[cfg(not(loom))]
pub mod engine;
#[cfg(not(loom))]
pub mod event;
#[cfg(not(loom))]
pub mod file;
pub mod handle;
#[cfg(not(loom))]
pub mod object;
#[cfg(not(loom))]
pub mod overlapped;
pub mod port;
#[cfg(not(loom))]
pub mod process;
#[cfg(not(loom))]
pub mod request;
pub mod status;
pub mod sync;
#[cfg(not(loom))]
pub mod system;
#[cfg(not(loom))]
pub mod thread;
pub mod wait;

pub use sync::blocking;

//! Windows I/O completion ports, and the kernel handles under them, natively
//! on Linux.

// Documentation links to the Windows names that types mirror.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

pub mod device;
pub mod engine;
pub mod event;
pub mod file;
pub mod handle;
pub mod object;
pub mod overlapped;
pub mod port;
pub mod request;
pub mod status;
pub mod sync;
pub mod system;
pub mod thread;
pub mod wait;

pub use port::blocking;

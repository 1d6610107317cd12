//! Windows I/O completion ports, natively on Linux.

pub mod status;

pub use status::Status;

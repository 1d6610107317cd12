//! `processthreadsapi.h`: processes, threads, and values of their own.

mod apc;
mod identity;
mod process;
mod tls;

pub use apc::*;
pub use identity::*;
pub use process::*;
pub use tls::*;

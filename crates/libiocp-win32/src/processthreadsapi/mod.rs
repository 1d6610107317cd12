//! `processthreadsapi.h`: processes, threads, and values of their own.

mod identity;
mod process;
mod tls;

pub use identity::*;
pub use process::*;
pub use tls::*;

//! `processthreadsapi.h`: processes, threads, and values of their own.

mod identity;
mod last_thread;
mod process;
mod tls;

pub use identity::*;
pub(crate) use last_thread::{initial_thread_leaves, thread_ends};
pub use process::*;
pub use tls::*;

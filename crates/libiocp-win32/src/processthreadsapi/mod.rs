//! `processthreadsapi.h`: processes, threads, and values of their own.

mod apc;
mod command_line;
mod create;
mod identity;
mod last_thread;
mod other;
mod process;
mod tls;

pub use apc::*;
pub use create::*;
pub use identity::*;
pub(crate) use last_thread::{initial_thread_leaves, thread_ends};
pub use other::*;
pub use process::*;
pub use tls::*;

//! `processthreadsapi.h`: processes, threads, and values of their own.

mod command_line;
mod create;
mod identity;
mod other;
mod last_thread;
mod process;
mod tls;

pub use create::*;
pub use identity::*;
pub use other::*;
pub(crate) use last_thread::{initial_thread_leaves, thread_ends};
pub use process::*;
pub use tls::*;

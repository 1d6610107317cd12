//! `processthreadsapi.h`: processes, threads, and values of their own.

mod command_line;
mod create;
mod identity;
mod other;
mod process;
mod tls;

pub use create::*;
pub use identity::*;
pub use other::*;
pub use process::*;
pub use tls::*;

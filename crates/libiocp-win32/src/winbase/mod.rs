//! `winbase.h`: memory handles, string helpers, messages, names.

mod format_message;
mod insert;
mod memory;
mod messages;
mod messages_winsock;
mod strings;
mod system;

pub use format_message::*;
pub use memory::*;
pub use strings::*;
pub use system::*;

//! `consoleapi.h`: Ctrl-C and its kin, the title, code pages, writing.

mod control;
mod title;
mod write;

pub use control::*;
pub use title::*;
pub use write::*;

//! `consoleapi.h`: Ctrl-C and its kin, the title, code pages.

mod control;
mod title;

pub use control::*;
pub use title::*;

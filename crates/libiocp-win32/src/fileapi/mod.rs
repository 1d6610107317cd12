//! `fileapi.h`: files and file times.

mod time;

pub use time::*;

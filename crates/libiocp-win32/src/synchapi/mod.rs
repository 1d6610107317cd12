//! `synchapi.h`: locks, waiting and waking.
//!
//! The locks are single words over futexes: taking a free one is one compare-and-swap, and only
//! a thread that really goes to sleep makes a system call.

mod address;
mod barrier;
mod condition;
mod critical_section;
mod once;
mod sleep;
mod srw;

pub use address::*;
pub use barrier::*;
pub use condition::*;
pub use critical_section::*;
pub use once::*;
pub use sleep::*;
pub use srw::*;

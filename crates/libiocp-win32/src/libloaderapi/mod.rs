//! `libloaderapi.h`: modules and the addresses of functions.
//!
//! The Windows libraries whose functions this crate has are modules that are always loaded; what
//! they lack, `GetProcAddress` does not find. Any other module is a Linux shared object.

mod functions;
mod module;

pub use functions::*;

pub(crate) use module::is_system_messages;

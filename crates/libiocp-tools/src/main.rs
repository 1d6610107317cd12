//! The command `iocp`.
fn main() {}

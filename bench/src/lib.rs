//! What the benchmark driver, its client and the rival servers share.

pub mod affinity;
pub mod channel;
pub mod epoll;
pub mod machine;
pub mod ours;
pub mod process;
pub mod report;
pub mod server;
pub mod stats;
pub mod uring;

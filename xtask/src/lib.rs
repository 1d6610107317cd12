//! Project automation, as functions that the command `cargo xtask` and the tests call.
//!
//! What a document states and what a check enforces come from the same text: the tables of
//! `ARCHITECTURE.md`, `docs/rules.csv` and `docs/divergences.md` are parsed here.

pub mod architecture;
pub mod ci;
pub mod citations;
pub mod denied;
pub mod divergences;
pub mod examples;
pub mod kernels;
mod layouts;
pub mod process;
pub mod project;
pub mod semantics;
pub mod stress;
pub mod tidy;
pub mod tokens;
pub mod wine;

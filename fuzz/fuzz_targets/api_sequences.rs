//! Sequences of calls on the fake engine, guided by coverage.
//!
//! `cargo +nightly fuzz run api_sequences`; the test of the same name in
//! `crates/libiocp` runs the same driver on random bytes.
#![no_main]

#[path = "../../crates/libiocp/tests/support/sequences/mod.rs"]
mod sequences;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sequences::run(bytes);
});

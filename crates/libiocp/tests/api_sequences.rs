//! Random sequences of calls on the fake engine, thousands of them.
//!
//! The fuzz target `api_sequences` runs the same driver.

#[path = "support/random.rs"]
mod random;
#[path = "support/sequences/mod.rs"]
mod sequences;

use random::{Random, number};
use sequences::{Summary, run};

/// `LIBIOCP_SEQUENCES` says how many, `LIBIOCP_SEED` where to begin.
#[test]
fn i09_every_accepted_operation_completes_once_in_random_sequences() {
    let count = if cfg!(miri) { 10 } else { number("LIBIOCP_SEQUENCES", 4000) };
    let first = number("LIBIOCP_SEED", 0);
    let mut total = Summary::default();
    for seed in first..first + count {
        let mut random = Random(seed);
        let length = 20 + random.below(1500);
        let summary = std::panic::catch_unwind(move || {
            let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            run(&bytes)
        });
        let summary = summary.unwrap_or_else(|_| panic!("LIBIOCP_SEED={seed} has failed"));
        total.started += summary.started;
        total.refused += summary.refused;
        total.packets += summary.packets;
        total.cancelled += summary.cancelled;
    }
    // The sequences do something.
    assert!(total.started > total.refused * 2, "{total:?}");
    assert!(total.packets as u64 > count && total.cancelled > 0, "{total:?}");
}

//! Random sequences of calls on the fake engine, thousands of them.
//!
//! The fuzz target `api_sequences` runs the same driver.

#[path = "support/sequences/mod.rs"]
mod sequences;

use sequences::{Summary, run};

/// A small generator (splitmix), so that a seed means the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// `LIBIOCP_SEQUENCES` says how many, `LIBIOCP_SEED` where to begin.
#[test]
fn i09_every_accepted_operation_completes_once_in_random_sequences() {
    let count = if cfg!(miri) { 10 } else { number("LIBIOCP_SEQUENCES", 4000) };
    let first = number("LIBIOCP_SEED", 0);
    let mut total = Summary::default();
    for seed in first..first + count {
        let mut random = Random(seed);
        let length = 20 + (random.next() % 1500) as usize;
        let summary = std::panic::catch_unwind(move || run(&random.bytes(length)));
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

//! The tests of the port, the table and the waits under loom, in every order
//! of their threads. They are a build of their own, so this test makes it.

use std::path::PathBuf;
use std::process::Command;

/// Rules: PORT-031, PORT-037, PORT-106.
#[test]
fn the_models_hold_in_every_order_of_their_threads() {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--package", "libiocp", "--lib", "--release", "threads::"])
        .current_dir(&workspace)
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", workspace.join("target/loom"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo is here: it runs this test");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("test port::threads::"), "no model has run:\n{text}");
}

//! What flows promise, in sentences. Time is paused wherever it matters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod each;
mod fork;
mod graph;
mod hosted;
mod jobs;
mod picture;
mod run;
mod steps;
mod stream;
mod threads;

// So that clippy, too, sees what the compiler accepts without a warning.
#[path = "../ui/warnings/flow.rs"]
pub mod accepted;

#[test]
fn every_operation_is_accepted_without_a_warning() {
    accepted::main();
}

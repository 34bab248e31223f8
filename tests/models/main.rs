//! Models: every lock and every wake-up of the channels in memory under a scheduler that hunts for bad luck.
//!
//! ```text
//! RUSTFLAGS="--cfg shuttle" cargo test -p job-orch-tests --test models --target-dir target/shuttle
//! ```
#![cfg_attr(
    shuttle,
    expect(clippy::expect_used, clippy::panic, reason = "a model that does not hold panics: it is a test")
)]

#[cfg(shuttle)]
mod broadcast;
#[cfg(shuttle)]
mod cancelled;
#[cfg(shuttle)]
mod closing;
#[cfg(shuttle)]
mod correlation;
#[cfg(shuttle)]
mod explore;
#[cfg(shuttle)]
mod requests;

#[cfg(not(shuttle))]
#[test]
#[ignore = "the models need the model checker: RUSTFLAGS=\"--cfg shuttle\""]
fn models() {}

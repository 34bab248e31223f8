//! The program `job-orch`, as people run it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod run;
mod store;

use std::process::Command;

/// The program.
fn job_orch() -> Command {
    Command::new(env!("CARGO_BIN_EXE_job-orch"))
}

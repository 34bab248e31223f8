//! Processes of the system as jobs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod asking;
mod ends;
mod jobs;
mod limits;
mod many;
mod orphans;
mod output;
mod queue;
mod secrets;
mod shell;
mod stdin;
mod trees;

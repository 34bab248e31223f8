//! The durable engine on real files: what survives, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod cache;
mod damage;
mod flows;
mod jobs;
mod kill;
mod opening;
mod processes;
mod restart;
mod runs;
mod store;

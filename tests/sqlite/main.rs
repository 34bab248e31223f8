//! The durable engine on real files: what survives, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod broken;
mod cache;
mod cancelling;
mod completion;
mod cron;
mod damage;
mod faults;
mod flips;
mod flows;
mod jobs;
mod keys;
mod opening;
mod overrides;
mod processes;
mod queues;
mod restart;
mod room;
mod runs;
mod soak;
mod store;
mod takeover;
mod within;

//! The test kit: each sentence on each engine, chosen by one value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod kit;
mod rig;

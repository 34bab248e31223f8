//! The dispatcher as people run it: real HTTP against the program, which is stopped, killed and started again.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod browser;
mod concurrent;
mod guards;
mod http;
mod interface;
mod kill;
mod left;
mod lines;
mod names;
mod robot;
mod room;
mod security;
mod serve;
mod states;
mod takes;

//! Every public future, dropped at each of its polls: nothing is lost, nothing leaks, and others are still woken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod broadcast;
mod calls;
mod orchestrator;
mod processes;
mod processor;
mod queue;
mod sends;
mod snoozes;

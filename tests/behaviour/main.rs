//! What the runtime promises, in sentences. Time is paused wherever it matters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod batch;
mod batch_ends;
mod blocking;
mod broadcast;
mod cache;
mod cache_flights;
mod call;
mod cancel;
mod cancel_grace;
mod channels;
mod dead_letters;
mod engine;
mod health;
mod job;
mod lag;
mod orchestrator;
mod panic;
mod panic_outside;
mod priority;
mod processor;
mod queues;
mod resources;
mod retry;
mod send;
mod shed;
mod shutdown;
mod shutdown_deadline;
mod timeout;
mod tracing;
mod unique;
mod unique_by_the_job;
mod workers;

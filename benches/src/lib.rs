//! What the benchmarks of job-orch share: its jobs, what they are measured beside, and tables of both.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

pub mod cache;
pub mod call;
pub mod compile;
pub mod dispatch;
pub mod flow;
pub mod footprint;
pub mod ours;
pub mod reference;
pub mod service;
pub mod sqlite;
pub mod stream;
pub mod table;
pub mod threads;

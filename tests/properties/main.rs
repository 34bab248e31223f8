//! Random flows, compared with a direct evaluation of the same graph.
//!
//! A [`plan::Plan`] is a graph as data. It is wired into a flow by [`wire`], and evaluated job by job, without any flow, by
//! [`eval`]. `JOB_ORCH_CASES` sets the number of cases; a case that fails is made as small as may be and printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod cancelled;
mod case;
mod eval;
mod explain;
mod jobs;
mod plan;
mod results;
mod streams;
mod threads;
mod wire;

#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod __private;
pub mod cache;
pub mod channel;
mod client;
mod clock;
mod context;
#[cfg(feature = "cron")]
pub mod cron;
#[cfg(feature = "dispatch")]
pub mod dispatch;
pub mod engine;
mod error;
#[cfg_attr(not(feature = "sqlite"), expect(unused, reason = "durable engines have such points"))]
mod fault;
pub mod flow;
mod id;
mod job;
mod lend;
mod orchestrator;
mod outcome;
mod panics;
#[cfg(all(feature = "process", unix))]
pub mod process;
pub mod processor;
pub mod resources;
pub mod retry;
pub mod settings;
mod shape;
mod span;
mod spread;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod unique;

#[cfg(feature = "macros")]
pub use job_orch_macros::{Resources, Route, flow, job, processor};

pub use cache::GetCache;
pub use channel::{CompleteError, TransactionError};
pub use client::{Asking, Call, Client, NotSent, Receipt, Refusal, Responses, Send};
pub use context::{Context, Snoozed};
pub use engine::{Durability, Engine, TravelsOn};
pub use error::Error;
pub use id::{InvalidJobId, JobId};
pub use job::{Job, Run, Serve};
pub use orchestrator::{Assembly, BlockingOrchestrator, Health, JobHealth, Orchestrator, Provider};
pub use outcome::{CallError, Failure, FailureDetails, FailureKind};
pub use processor::{JobCounts, Processor};
pub use span::{IntoSpan, InvalidSpan};
pub use unique::Unique;

/// What most programs need: `use job_orch::prelude::*;`.
pub mod prelude {
    #[cfg(feature = "macros")]
    pub use crate::{Resources, job, processor};

    #[cfg(feature = "memory")]
    pub use crate::engine::memory::Memory;
    #[cfg(feature = "sqlite")]
    pub use crate::engine::sqlite::Sqlite;
    pub use crate::{CallError, Context, Failure, FailureKind, JobId, Orchestrator, Run};
}

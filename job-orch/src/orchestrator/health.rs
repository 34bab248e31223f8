//! How an orchestrator is doing, for programs to read.

use serde::Serialize;

use crate::processor::JobCounts;

/// How an orchestrator is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// Each hosted job, in the order of hosting.
    pub jobs: Vec<JobHealth>,
}

/// How one job is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct JobHealth {
    /// The job's name.
    pub job: &'static str,
    /// The queue that it takes requests from.
    pub queue: &'static str,
    /// Workers that there should be.
    pub workers: usize,
    /// Workers whose loop is running.
    pub working: usize,
    /// Requests ever accepted.
    pub accepted: u64,
    /// Requests that wait, `None` if the engine cannot be asked.
    pub waiting: Option<u64>,
    /// What has become of the others.
    pub counts: JobCounts,
}

impl Health {
    /// Whether every worker loop runs and every engine can be asked. After a shutdown it is not.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.jobs.iter().all(|job| job.working == job.workers && job.waiting.is_some())
    }
}

//! [`Error`]: whatever can go wrong with an orchestrator, for an application that handles all of it alike.

use std::fmt::Display;
use std::panic::Location;

use crate::channel::BoxError;
use crate::client::NotSent;
use crate::flow::{FlowError, InvalidFlow};
use crate::outcome::CallError;
use crate::span::InvalidSpan;

/// Whatever can go wrong with an orchestrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two jobs of one name, or one job twice.
    #[error("job `{job}` is hosted twice: at {first} and at {second}")]
    HostedTwice {
        /// The name.
        job: &'static str,
        /// Where it was hosted first.
        first: &'static Location<'static>,
        /// Where it was hosted again.
        second: &'static Location<'static>,
    },
    /// A job's workers, capacities or batches are out of range.
    #[error("job `{job}`: {problem}")]
    InvalidServing {
        /// The job's name.
        job: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// An orchestrator is to serve a queue from which no job of it takes requests.
    #[error("no job that is hosted takes requests from the queue `{queue}`")]
    UnknownQueue {
        /// The queue.
        queue: String,
    },
    /// This orchestrator does not host the job.
    #[error("job `{job}` is not hosted here")]
    NotHosted {
        /// The job's name.
        job: &'static str,
    },
    /// A hosted flow uses a job that is not hosted.
    #[error("flow `{flow}`, step {step}: job `{job}` is not hosted here")]
    FlowNotHosted {
        /// The flow's name.
        flow: &'static str,
        /// The number of the step.
        step: u16,
        /// Its job.
        job: &'static str,
    },
    /// A hosted flow runs itself, directly or through others.
    #[error("flow `{flow}` runs itself")]
    FlowInItself {
        /// The flow's name.
        flow: &'static str,
    },
    /// A hosted flow is none.
    #[error(transparent)]
    InvalidFlow(#[from] InvalidFlow),
    /// A run of a flow failed.
    #[error("{0}")]
    Flow(BoxError),
    /// The engine failed to open the channels of a job, or to answer about them.
    #[error("the engine failed at job `{job}`")]
    Engine {
        /// The job's name.
        job: &'static str,
        /// What the engine said.
        #[source]
        source: BoxError,
    },
    /// There is no thread or no runtime for a [`BlockingOrchestrator`](crate::BlockingOrchestrator).
    #[error("no runtime of its own could be started")]
    Runtime(#[source] std::io::Error),
    /// The engine could not be opened.
    #[error("the engine could not be opened")]
    Open(#[source] BoxError),
    /// The drain deadline passed before every accepted request was handled. The rest are among the dead letters.
    #[error("{} requests were not handled before the drain deadline ({})", unfinished(.0), list(.0))]
    Unfinished(Vec<(&'static str, u64)>),
    /// A text is no span of time.
    #[error(transparent)]
    InvalidSpan(#[from] InvalidSpan),
    /// A call failed.
    #[error("{0}")]
    Call(BoxError),
    /// A request was not accepted.
    #[error("{0}")]
    Send(BoxError),
}

fn unfinished(jobs: &[(&'static str, u64)]) -> u64 {
    jobs.iter().map(|(_, count)| count).sum()
}

fn list(jobs: &[(&'static str, u64)]) -> String {
    jobs.iter().map(|(job, count)| format!("`{job}`: {count}")).collect::<Vec<_>>().join(", ")
}

impl<E: Display + Send + Sync + 'static> From<CallError<E>> for Error {
    fn from(error: CallError<E>) -> Self {
        Self::Call(Box::new(error))
    }
}

impl<F: Display + Send + Sync + 'static> From<FlowError<F>> for Error {
    fn from(error: FlowError<F>) -> Self {
        Self::Flow(Box::new(error))
    }
}

impl<R: Send + 'static> From<NotSent<R>> for Error {
    fn from(error: NotSent<R>) -> Self {
        Self::Send(Box::new(error.without_request()))
    }
}

#[cfg(feature = "sqlite")]
impl From<crate::engine::sqlite::OpenError> for Error {
    fn from(error: crate::engine::sqlite::OpenError) -> Self {
        Self::Open(error.into())
    }
}

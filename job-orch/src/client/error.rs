//! Why a request was not accepted.

use std::fmt;

use crate::channel::{BoxError, SendError, TransactionError};
use crate::id::JobId;
use crate::span::InvalidSpan;

/// A request that was not accepted. The request is handed back.
pub struct NotSent<R> {
    job: &'static str,
    request: R,
    reason: Refusal,
    accepted: Vec<JobId>,
}

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody serves the job any more.
    #[error("nobody serves it any more")]
    Closed,
    /// Its request channel is full and does not wait.
    #[error("its request channel is full")]
    Full,
    /// This orchestrator does not host the job.
    #[error("it is not hosted here")]
    NotHosted,
    /// The delay is no span of time.
    #[error(transparent)]
    InvalidSpan(#[from] InvalidSpan),
    /// A blocking send was made inside an asynchronous runtime, which it would have blocked.
    #[error("a blocking send inside an asynchronous runtime; `.await` it instead")]
    InsideRuntime,
    /// The channel lacks what was asked for.
    #[error("its channel cannot {0}")]
    Unsupported(&'static str),
    /// The engine cannot take part in the transaction that it was to be sent in.
    #[error("it cannot be sent in this transaction")]
    Transaction(#[source] TransactionError),
    /// The engine failed.
    #[error("the engine failed")]
    Engine(#[source] BoxError),
}

impl Refusal {
    fn of(error: BoxError) -> Self {
        match error.downcast() {
            Ok(transaction) => Self::Transaction(*transaction),
            Err(error) => Self::Engine(error),
        }
    }
}

impl<R> NotSent<R> {
    pub(crate) const fn new(job: &'static str, request: R, reason: Refusal) -> Self {
        Self { job, request, reason, accepted: Vec::new() }
    }

    pub(crate) fn refused<M>(job: &'static str, error: SendError<M>, open: impl FnOnce(M) -> R) -> Self {
        let (message, reason) = match error {
            SendError::Closed(message) => (message, Refusal::Closed),
            SendError::Full(message) => (message, Refusal::Full),
            SendError::Unsupported { message, capability } => (message, Refusal::Unsupported(capability)),
            SendError::Engine { message, source } => (message, Refusal::of(source)),
        };
        Self::new(job, open(message), reason)
    }

    /// With the request as a part of something else.
    pub(crate) fn map<S>(self, change: impl FnOnce(R) -> S) -> NotSent<S> {
        let Self { job, request, reason, accepted } = self;
        NotSent { job, request: change(request), reason, accepted }
    }

    /// Those before it were accepted.
    pub(crate) fn after(mut self, accepted: Vec<JobId>) -> Self {
        self.accepted = accepted;
        self
    }

    /// The job's name.
    #[must_use]
    pub const fn job(&self) -> &'static str {
        self.job
    }

    /// Why it was not accepted.
    #[must_use]
    pub const fn reason(&self) -> &Refusal {
        &self.reason
    }

    /// The request.
    #[must_use]
    pub fn into_request(self) -> R {
        self.request
    }

    /// The ids of the requests that were accepted before it, where several were sent together, in their order.
    #[must_use]
    pub fn accepted(&self) -> &[JobId] {
        &self.accepted
    }

    /// Whether the same request may be accepted later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.reason, Refusal::Full | Refusal::Engine(_) | Refusal::Transaction(TransactionError::Busy))
    }

    pub(crate) fn without_request(self) -> NotSent<()> {
        NotSent { job: self.job, request: (), reason: self.reason, accepted: self.accepted }
    }
}

impl<R> fmt::Display for NotSent<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a request of job `{}` was not accepted: {}", self.job, self.reason)
    }
}

// Without the request: it is the user's and may be secret.
impl<R> fmt::Debug for NotSent<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotSent").field("job", &self.job).field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<R> std::error::Error for NotSent<R> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.reason)
    }
}

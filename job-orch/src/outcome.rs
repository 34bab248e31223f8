//! How a request ends when it does not end well: [`CallError`] for its caller, [`Failure`] for everybody else.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::channel::{BoxError, SendError};
use crate::span::InvalidSpan;

/// Why a call got no response. Every call gets exactly one response or one of these.
///
/// The job's own error comes typed. `E` needs neither `Debug` nor `Error`: its text is enough.
#[non_exhaustive]
pub enum CallError<E> {
    /// The job failed, and no retry is left.
    Failed {
        /// The job's name.
        job: &'static str,
        /// The job's error, of the last attempt.
        error: E,
        /// Attempts made.
        attempts: u32,
    },
    /// The job panicked, and no retry is left.
    Panicked {
        /// The job's name.
        job: &'static str,
        /// What the panic said.
        message: String,
        /// Attempts made.
        attempts: u32,
    },
    /// The job took longer than its `timeout`, and no retry is left.
    TimedOut {
        /// The job's name.
        job: &'static str,
        /// The limit of one attempt.
        limit: Duration,
        /// Attempts made.
        attempts: u32,
    },
    /// The deadline of this call passed first.
    Expired {
        /// The job's name.
        job: &'static str,
    },
    /// Somebody cancelled the request.
    Cancelled {
        /// The job's name.
        job: &'static str,
    },
    /// An equal request was running, this call joined it, and it failed. Its error belongs to the first caller.
    Joined {
        /// The job's name.
        job: &'static str,
        /// What became of it.
        failure: Failure,
    },
    /// The request ended without a response in another process; the error travelled as text.
    Elsewhere {
        /// The job's name.
        job: &'static str,
        /// What became of it.
        failure: Failure,
    },
    /// The request waited in a channel that was full, and made room for another one: it stands among the dead letters.
    Shed {
        /// The job's name.
        job: &'static str,
    },
    /// Nobody serves the job any more: its processor stopped before the request was handled.
    Closed {
        /// The job's name.
        job: &'static str,
    },
    /// The request channel is full and does not wait.
    Full {
        /// The job's name.
        job: &'static str,
    },
    /// This orchestrator does not host the job.
    NotHosted {
        /// The job's name.
        job: &'static str,
    },
    /// A blocking call was made inside an asynchronous runtime, which it would have blocked.
    InsideRuntime {
        /// The job's name.
        job: &'static str,
    },
    /// A span of time could not be read, so nothing was sent.
    InvalidSpan {
        /// The job's name.
        job: &'static str,
        /// What could not be read.
        source: InvalidSpan,
    },
    /// The engine failed.
    Engine {
        /// The job's name.
        job: &'static str,
        /// What the engine said.
        source: BoxError,
    },
}

impl<E> CallError<E> {
    /// The name of the job that was called.
    #[must_use]
    pub const fn job(&self) -> &'static str {
        match self {
            Self::Failed { job, .. }
            | Self::Panicked { job, .. }
            | Self::TimedOut { job, .. }
            | Self::Expired { job }
            | Self::Cancelled { job }
            | Self::Shed { job }
            | Self::Joined { job, .. }
            | Self::Elsewhere { job, .. }
            | Self::Closed { job }
            | Self::Full { job }
            | Self::NotHosted { job }
            | Self::InsideRuntime { job }
            | Self::InvalidSpan { job, .. }
            | Self::Engine { job, .. } => job,
        }
    }

    /// The job's own error, if it is why the call failed.
    #[must_use]
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The same with another form of the job's error.
    #[must_use]
    pub fn map_error<D>(self, form: impl FnOnce(E) -> D) -> CallError<D> {
        match self {
            Self::Failed { job, error, attempts } => CallError::Failed { job, error: form(error), attempts },
            Self::Panicked { job, message, attempts } => CallError::Panicked { job, message, attempts },
            Self::TimedOut { job, limit, attempts } => CallError::TimedOut { job, limit, attempts },
            Self::Expired { job } => CallError::Expired { job },
            Self::Cancelled { job } => CallError::Cancelled { job },
            Self::Shed { job } => CallError::Shed { job },
            Self::Joined { job, failure } => CallError::Joined { job, failure },
            Self::Elsewhere { job, failure } => CallError::Elsewhere { job, failure },
            Self::Closed { job } => CallError::Closed { job },
            Self::Full { job } => CallError::Full { job },
            Self::NotHosted { job } => CallError::NotHosted { job },
            Self::InsideRuntime { job } => CallError::InsideRuntime { job },
            Self::InvalidSpan { job, source } => CallError::InvalidSpan { job, source },
            Self::Engine { job, source } => CallError::Engine { job, source },
        }
    }

    /// Whether calling again may help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Expired { .. } | Self::Full { .. } | Self::Shed { .. } | Self::TimedOut { .. } | Self::Engine { .. }
        )
    }

    pub(crate) fn refused<M>(job: &'static str, error: SendError<M>) -> Self {
        match error {
            SendError::Closed(_) => Self::Closed { job },
            SendError::Full(_) => Self::Full { job },
            SendError::Unsupported { capability, .. } => {
                Self::Engine { job, source: format!("this channel cannot {capability}").into() }
            }
            SendError::Engine { source, .. } => Self::Engine { job, source },
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { job, error, attempts } => write!(f, "job `{job}` failed at attempt {attempts}: {error}"),
            Self::Panicked { job, message, attempts } => {
                write!(f, "job `{job}` panicked at attempt {attempts}: {message}")
            }
            Self::TimedOut { job, limit, attempts } => {
                write!(f, "job `{job}` took longer than {limit:?} at attempt {attempts}")
            }
            Self::Expired { job } => write!(f, "the deadline of a call of job `{job}` passed"),
            Self::Cancelled { job } => write!(f, "a request of job `{job}` was cancelled"),
            Self::Shed { job } => write!(f, "a request of job `{job}` made room for another one in its full channel"),
            Self::Joined { job, failure } => write!(f, "a run of job `{job}` that this call had joined: {failure}"),
            Self::Elsewhere { job, failure } => write!(f, "job `{job}`, in another process: {failure}"),
            Self::Closed { job } => write!(f, "nobody serves job `{job}` any more"),
            Self::Full { job } => write!(f, "the request channel of job `{job}` is full"),
            Self::NotHosted { job } => write!(f, "job `{job}` is not hosted here"),
            Self::InsideRuntime { job } => {
                write!(f, "a blocking call of job `{job}` inside an asynchronous runtime; `.await` it instead")
            }
            Self::InvalidSpan { job, source } => write!(f, "a call of job `{job}` was not made: {source}"),
            Self::Engine { job, .. } => write!(f, "the engine failed at a call of job `{job}`"),
        }
    }
}

// By its text, so that `E` needs no `Debug`.
impl<E: fmt::Display> fmt::Debug for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallError({self})")
    }
}

impl<E: fmt::Display> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Joined { failure, .. } | Self::Elsewhere { failure, .. } => Some(failure),
            Self::InvalidSpan { source, .. } => Some(source),
            Self::Engine { source, .. } => Some(&**source),
            // `E` need not be an `Error`; its text is in ours.
            _ => None,
        }
    }
}

/// What kind of failure ended a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The job returned an error.
    Error,
    /// The job panicked.
    Panic,
    /// The job took longer than its `timeout`.
    Timeout,
    /// The deadline of the request passed.
    Expired,
    /// Somebody cancelled the request.
    Cancelled,
    /// It made room for another request in its full channel.
    Shed,
    /// Its process stopped before it was handled.
    Interrupted,
    /// Its bytes are damaged, or no request of the job.
    Unreadable,
}

/// How a request failed, as text: what receivers of the broadcast see and what a dead letter keeps.
///
/// It derefs to its [`FailureDetails`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", .0.message)]
#[serde(transparent)]
// Boxed: a response that is no failure must not pay for it.
pub struct Failure(Box<FailureDetails>);

/// What there is to know of a [`Failure`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailureDetails {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// The text of the error, or of the panic.
    pub message: String,
    /// Attempts made.
    pub attempts: u32,
}

impl Failure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>, attempts: u32) -> Self {
        Self(Box::new(FailureDetails { kind, message: message.into(), attempts }))
    }
}

impl Deref for Failure {
    type Target = FailureDetails;
    fn deref(&self) -> &FailureDetails {
        &self.0
    }
}

impl<E: fmt::Display> CallError<E> {
    /// The same as a [`Failure`].
    pub(crate) fn failure(&self) -> Failure {
        let (kind, attempts) = match self {
            Self::Failed { attempts, .. } => (FailureKind::Error, *attempts),
            Self::Panicked { attempts, .. } => (FailureKind::Panic, *attempts),
            Self::TimedOut { attempts, .. } => (FailureKind::Timeout, *attempts),
            Self::Expired { .. } => (FailureKind::Expired, 0),
            Self::Cancelled { .. } => (FailureKind::Cancelled, 0),
            Self::Shed { .. } => (FailureKind::Shed, 0),
            Self::Joined { failure, .. } | Self::Elsewhere { failure, .. } => return failure.clone(),
            _ => (FailureKind::Interrupted, 0),
        };
        let message = match self {
            Self::Failed { error, .. } => error.to_string(),
            Self::Panicked { message, .. } => message.clone(),
            other => other.to_string(),
        };
        Failure::new(kind, message, attempts)
    }
}

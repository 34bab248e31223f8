//! What can go wrong on any channel, in words a processor can act on.

use std::fmt;

/// An error of an engine, with its source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A message that was not accepted. The message is handed back.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SendError<M> {
    /// Nobody will ever receive on this channel again: stop sending.
    #[error("the channel is closed")]
    Closed(M),
    /// The channel is full, and its sender does not wait: try later, or shed.
    #[error("the channel is full")]
    Full(M),
    /// The channel lacks the capability that the options ask for: change the options or the engine.
    #[error("this channel cannot {capability}")]
    Unsupported {
        /// The message.
        message: M,
        /// What was asked for: `delay`, `prioritise` or `deduplicate`.
        capability: &'static str,
    },
    /// The engine failed: report it.
    #[error("the engine failed")]
    Engine {
        /// The message.
        message: M,
        /// What the engine said.
        #[source]
        source: BoxError,
    },
}

impl<M> SendError<M> {
    /// The message that was not accepted.
    #[must_use]
    pub fn into_message(self) -> M {
        match self {
            Self::Closed(message) | Self::Full(message) => message,
            Self::Unsupported { message, .. } | Self::Engine { message, .. } => message,
        }
    }

    /// The same error for another form of the message.
    #[must_use]
    pub fn map<N>(self, form: impl FnOnce(M) -> N) -> SendError<N> {
        match self {
            Self::Closed(message) => SendError::Closed(form(message)),
            Self::Full(message) => SendError::Full(form(message)),
            Self::Unsupported { message, capability } => SendError::Unsupported { message: form(message), capability },
            Self::Engine { message, source } => SendError::Engine { message: form(message), source },
        }
    }

    /// Whether the same message may be accepted later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Engine { .. })
    }
}

// By hand: the message is the user's and may be secret, long or without `Debug`.
impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Unsupported { capability, .. } => write!(f, "Unsupported({capability:?})"),
            Self::Engine { source, .. } => write!(f, "Engine({source:?})"),
        }
    }
}

/// No message was received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The channel is closed, and every message was received: the end, not a failure.
    #[error("the channel is closed")]
    Closed,
    /// This receiver was too slow and missed exactly so many messages. It goes on with the oldest one that is left.
    #[error("missed {0} messages")]
    Lagged(u64),
    /// The engine failed: report it, and receive again.
    #[error("the engine failed")]
    Engine(#[source] BoxError),
}

/// A delivery that could not be settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The lease was lost; somebody else has the message, and this settlement changed nothing.
    #[error("the lease was lost")]
    Lost,
    /// The response does not become bytes, which this channel keeps: let the request fail.
    #[error("the response cannot be written")]
    Unwritable(#[source] BoxError),
    /// The engine failed: the lease will run out, and the message comes again.
    #[error("the engine failed")]
    Engine(#[source] BoxError),
}

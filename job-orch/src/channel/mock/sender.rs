//! [`Sender`]: accepts, refuses or makes wait, as its script says, and logs what was sent.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;

use crate::channel::{Acceptance, MpSend, SendError, SendOptions};
use crate::id::JobId;
use crate::sync::{Arc, Mutex, MutexGuard, lock};

/// A mock sender. Its clones share one script and one log.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::mock::{Answer, Sender};
/// use job_orch::channel::{MpSend, SendError};
///
/// let sender = Sender::scripted([Answer::Accept, Answer::Full]);
/// assert!(sender.send("first").await.is_ok());
/// assert!(matches!(sender.send("second").await, Err(SendError::Full("second"))));
/// // The script has run out.
/// assert!(matches!(sender.send("third").await, Err(SendError::Closed("third"))));
/// assert_eq!(sender.take_sent().iter().map(|sent| sent.message).collect::<Vec<_>>(), ["first"]);
/// # }
/// ```
pub struct Sender<M>(Arc<Mutex<State<M>>>);

/// What a mock sender does with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Accepts it.
    Accept,
    /// Drops it in favour of another one with its unique key, and says which.
    Duplicate(JobId),
    /// Refuses it: [`SendError::Full`].
    Full,
    /// Refuses it: [`SendError::Closed`].
    Closed,
    /// Refuses it: [`SendError::Unsupported`], with this capability.
    Unsupported(&'static str),
    /// Fails: [`SendError::Engine`], with this text.
    Engine(String),
    /// Makes the sender wait for ever. `try_send` says [`SendError::Full`].
    Wait,
}

/// A message that a mock sender has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent<M> {
    /// The message.
    pub message: M,
    /// What was asked for with it.
    pub options: SendOptions,
}

struct State<M> {
    // `None` accepts everything.
    script: Option<VecDeque<Answer>>,
    sent: Vec<Sent<M>>,
    skipped: u64,
    is_heard: bool,
}

impl<M> Sender<M> {
    /// A sender that accepts everything.
    #[must_use]
    pub fn new() -> Self {
        Self::answering(None)
    }

    /// A sender that answers one message after another so, and `Closed` from then on. Each message of a `send_many`
    /// takes one answer, up to the first that is not accepted.
    #[must_use]
    pub fn scripted(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::answering(Some(script.into_iter().collect()))
    }

    fn answering(script: Option<VecDeque<Answer>>) -> Self {
        Self(Arc::new(Mutex::new(State { script, sent: Vec::new(), skipped: 0, is_heard: true })))
    }

    /// The same sender, which says that nobody listens.
    #[must_use]
    pub fn unheard(self) -> Self {
        self.state().is_heard = false;
        self
    }

    /// Takes what was accepted out of the log, in order.
    #[must_use]
    pub fn take_sent(&self) -> Vec<Sent<M>> {
        std::mem::take(&mut self.state().sent)
    }

    /// A copy of what was accepted, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent<M>>
    where
        M: Clone,
    {
        self.state().sent.clone()
    }

    /// How many messages receivers were told to have missed, by [`MpSend::skip`].
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.state().skipped
    }

    fn state(&self) -> MutexGuard<'_, State<M>> {
        lock(&self.0)
    }

    /// Answers from the script. A message that comes back without an error is to wait.
    fn answer(&self, message: M, options: SendOptions) -> Result<Result<Acceptance, M>, SendError<M>> {
        let mut state = self.state();
        let answer = match &mut state.script {
            None => Answer::Accept,
            Some(script) => script.pop_front().unwrap_or(Answer::Closed),
        };
        match answer {
            Answer::Accept => {
                state.sent.push(Sent { message, options });
                Ok(Ok(Acceptance::New))
            }
            Answer::Duplicate(id) => Ok(Ok(Acceptance::Duplicate(id))),
            Answer::Full => Err(SendError::Full(message)),
            Answer::Closed => Err(SendError::Closed(message)),
            Answer::Unsupported(capability) => Err(SendError::Unsupported { message, capability }),
            Answer::Engine(text) => Err(SendError::Engine { message, source: text.into() }),
            Answer::Wait => Ok(Err(message)),
        }
    }
}

impl<M: Send + 'static> MpSend for Sender<M> {
    type Message = M;

    async fn send(&self, message: M) -> Result<(), SendError<M>> {
        self.send_with(message, SendOptions::default()).await.map(|_| ())
    }

    fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        match self.answer(message, SendOptions::default())? {
            Ok(_) => Ok(()),
            Err(message) => Err(SendError::Full(message)),
        }
    }

    async fn send_with(&self, message: M, options: SendOptions) -> Result<Acceptance, SendError<M>> {
        match self.answer(message, options)? {
            Ok(acceptance) => Ok(acceptance),
            // Held while it waits, and dropped with the future.
            Err(_held) => pending().await,
        }
    }

    fn skip(&self, missed: u64) {
        self.state().skipped += missed;
    }

    fn has_receivers(&self) -> bool {
        self.state().is_heard
    }
}

impl<M> Default for Sender<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Clone for Sender<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Sender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Sender").field("script", &state.script).field("sent", &state.sent.len()).finish_non_exhaustive()
    }
}

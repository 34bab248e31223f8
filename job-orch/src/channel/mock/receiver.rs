//! [`Receiver`]: gives what its script says, and logs what became of it.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending, ready};
use std::time::Duration;

use crate::channel::{Delivery, Failure, McReceive, ReceiveError, Return, SettleError};
use crate::sync::{Arc, Mutex, MutexGuard, lock};

/// A mock receiver. Its clones share one script and one log.
///
/// What is returned is logged and does not come again: whether it does is for the script to say.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::mock::{Receive, Receiver, Settled};
/// use job_orch::channel::{Delivery, McReceive, ReceiveError, Return};
///
/// let mut receiver = Receiver::new([Receive::Message("one"), Receive::Lagged(3), Receive::Attempt(2, "two")]);
/// receiver.receive().await.unwrap().nack(Return::Untouched).await.unwrap();
/// assert!(matches!(receiver.receive().await, Err(ReceiveError::Lagged(3))));
/// let second = receiver.receive().await.unwrap();
/// assert_eq!(second.attempt(), 2);
/// drop(second);
/// // The script has run out.
/// assert!(matches!(receiver.receive().await, Err(ReceiveError::Closed)));
/// assert_eq!(
///     receiver.take_settled(),
///     [("one", Settled::Returned(Return::Untouched)), ("two", Settled::Dropped)]
/// );
/// assert_eq!(receiver.receives(), 4);
/// # }
/// ```
pub struct Receiver<M>(Arc<Mutex<State<M>>>);

/// What a mock receiver gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Receive<M> {
    /// This message, for the first time.
    Message(M),
    /// This message, for its attempt of this number.
    Attempt(u32, M),
    /// This message, whose lease gets lost: whoever settles it is told [`SettleError::Lost`].
    Lost(M),
    /// [`ReceiveError::Lagged`].
    Lagged(u64),
    /// [`ReceiveError::Closed`]; the script goes on behind it.
    Closed,
    /// [`ReceiveError::Engine`], with this text.
    Engine(String),
    /// Nothing, ever: whoever receives waits until it is dropped. Each call takes one.
    Wait,
}

/// What became of a message that a mock receiver gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// It was acked.
    Acked,
    /// It was returned so.
    Returned(Return),
    /// It was buried for this reason.
    Buried(Failure),
    /// Its delivery was dropped unsettled.
    Dropped,
}

struct State<M> {
    script: VecDeque<Receive<M>>,
    receives: usize,
    settled: Vec<(M, Settled)>,
    extended: Duration,
}

impl<M> Receiver<M> {
    /// A receiver that gives this, and `Closed` from then on.
    #[must_use]
    pub fn new(script: impl IntoIterator<Item = Receive<M>>) -> Self {
        let script = script.into_iter().collect();
        let state = State { script, receives: 0, settled: Vec::new(), extended: Duration::ZERO };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A receiver that gives these messages, and `Closed` from then on.
    #[must_use]
    pub fn of(messages: impl IntoIterator<Item = M>) -> Self {
        Self::new(messages.into_iter().map(Receive::Message))
    }

    /// How often somebody received.
    #[must_use]
    pub fn receives(&self) -> usize {
        self.state().receives
    }

    /// How much of the script is left.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.state().script.len()
    }

    /// Takes the messages that are settled out of the log, each with what became of it, in order.
    #[must_use]
    pub fn take_settled(&self) -> Vec<(M, Settled)> {
        std::mem::take(&mut self.state().settled)
    }

    /// By how much leases were extended, all together.
    #[must_use]
    pub fn extended(&self) -> Duration {
        self.state().extended
    }

    fn state(&self) -> MutexGuard<'_, State<M>> {
        lock(&self.0)
    }

    fn next(&self) -> Receive<M> {
        let mut state = self.state();
        state.receives += 1;
        state.script.pop_front().unwrap_or(Receive::Closed)
    }

    fn lease(&self, message: M, attempt: u32, is_lost: bool) -> Leased<M> {
        Leased { message: Some(message), attempt, is_lost, receiver: self.clone() }
    }
}

impl<M: Send + Sync + 'static> McReceive for Receiver<M> {
    type Message = M;
    type Delivery = Leased<M>;

    async fn receive(&mut self) -> Result<Leased<M>, ReceiveError> {
        match self.next() {
            Receive::Message(message) => Ok(self.lease(message, 1, false)),
            Receive::Attempt(attempt, message) => Ok(self.lease(message, attempt, false)),
            Receive::Lost(message) => Ok(self.lease(message, 1, true)),
            Receive::Lagged(missed) => Err(ReceiveError::Lagged(missed)),
            Receive::Closed => Err(ReceiveError::Closed),
            Receive::Engine(text) => Err(ReceiveError::Engine(text.into())),
            Receive::Wait => pending().await,
        }
    }
}

impl<M> Clone for Receiver<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Receiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Receiver")
            .field("unread", &state.script.len())
            .field("receives", &state.receives)
            .field("settled", &state.settled.len())
            .finish_non_exhaustive()
    }
}

/// What a mock [`Receiver`] delivers.
#[derive(Debug)]
pub struct Leased<M> {
    // `None` once it is settled.
    message: Option<M>,
    attempt: u32,
    is_lost: bool,
    receiver: Receiver<M>,
}

impl<M> Leased<M> {
    fn settle(&mut self, settled: Settled) -> Result<(), SettleError> {
        if let Some(message) = self.message.take() {
            self.receiver.state().settled.push((message, settled));
        }
        if self.is_lost { Err(SettleError::Lost) } else { Ok(()) }
    }
}

impl<M: Send + Sync + 'static> Delivery for Leased<M> {
    type Message = M;

    #[expect(clippy::expect_used, reason = "every method that empties the lease consumes it")]
    fn message(&self) -> &M {
        self.message.as_ref().expect("a lease holds its message until it is settled")
    }

    fn message_mut(&mut self) -> Option<&mut M> {
        self.message.as_mut()
    }

    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn ack(mut self) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(self.settle(Settled::Acked))
    }

    fn bury(mut self, reason: Failure) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(self.settle(Settled::Buried(reason)))
    }

    fn nack(mut self, back: Return) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(self.settle(Settled::Returned(back)))
    }

    fn extend(&mut self, by: Duration) -> impl Future<Output = Result<(), SettleError>> + Send {
        self.receiver.state().extended += by;
        ready(if self.is_lost { Err(SettleError::Lost) } else { Ok(()) })
    }
}

impl<M> Drop for Leased<M> {
    fn drop(&mut self) {
        if self.message.is_some() {
            // Only its log matters; that its lease was lost, nobody is there to hear.
            let _ = self.settle(Settled::Dropped);
        }
    }
}

//! The sending end of a channel: [`MpSend`], and what a sender asks for.

use std::future::Future;
use std::time::Duration;

use super::error::{SendError, SettleError};
use crate::id::JobId;

/// The sending end of a channel with multiple producers.
///
/// An implementation needs [`send`](MpSend::send) only; the other methods exist because a good one can do them faster.
/// For senders chosen at run time there is [`AnySender`](super::AnySender).
pub trait MpSend: Clone + Send + Sync + 'static {
    /// What is sent.
    type Message: Send + 'static;

    /// Sends one message and waits while the channel is full, if it is one that waits.
    ///
    /// # Errors
    /// The message comes back in a [`SendError`] that says what to do next.
    ///
    /// # Cancel safety
    /// A future dropped before it is ready has sent nothing, and drops the message.
    fn send(&self, message: Self::Message) -> impl Future<Output = Result<(), SendError<Self::Message>>> + Send;

    /// Sends one message if that takes no waiting. By default it hands the message back.
    ///
    /// # Errors
    /// [`SendError::Full`] where the message must wait.
    fn try_send(&self, message: Self::Message) -> Result<(), SendError<Self::Message>> {
        Err(SendError::Full(message))
    }

    /// Sends the message that `make` makes if that takes no waiting: a large message is then made where it will lie. By
    /// default it hands `make` back.
    ///
    /// # Errors
    /// [`SendError::Full`] where the message must wait.
    fn try_send_made<F: FnOnce() -> Self::Message>(&self, make: F) -> Result<(), SendError<F>> {
        Err(SendError::Full(make))
    }

    /// Accepts the message that `make` makes without waiting, and beyond the capacity if it must: how a flow passes a request
    /// on. A worker that waited there for room that it has to make itself would wait for ever, so a flow bounds how much it has
    /// in flight, and not each channel. By default as [`try_send_made`](MpSend::try_send_made).
    ///
    /// # Errors
    /// [`SendError::Full`] where the message must wait all the same.
    fn forward<F: FnOnce() -> Self::Message>(&self, make: F) -> Result<(), SendError<F>> {
        self.try_send_made(make)
    }

    /// The same for messages in order; those that were accepted leave the vector. By default none is.
    ///
    /// # Errors
    /// As [`forward`](MpSend::forward).
    fn forward_many(&self, messages: &mut Vec<Self::Message>) -> Result<(), SendError<()>> {
        if messages.is_empty() { Ok(()) } else { Err(SendError::Full(())) }
    }

    /// Sends messages in order, by default one by one. Those that were accepted leave the vector; after `Ok` it is empty.
    ///
    /// # Errors
    /// Why the first of those that are left was not accepted.
    ///
    /// # Cancel safety
    /// Nothing is lost by a channel's own implementation: what has not been accepted is in the vector still. The default
    /// one loses the message that it was sending.
    fn send_many(&self, messages: &mut Vec<Self::Message>) -> impl Future<Output = Result<(), SendError<()>>> + Send {
        async move {
            let mut unsent = std::mem::take(messages).into_iter();
            while let Some(message) = unsent.next() {
                if let Err(error) = self.send(message).await {
                    let reason = error.map(|refused| messages.push(refused));
                    messages.extend(unsent);
                    return Err(reason);
                }
            }
            Ok(())
        }
    }

    /// Sends one message with [`SendOptions`]. By default only those that ask for nothing are possible.
    ///
    /// # Errors
    /// As [`send`](MpSend::send), and [`SendError::Unsupported`].
    fn send_with(
        &self,
        message: Self::Message,
        options: SendOptions,
    ) -> impl Future<Output = Result<Acceptance, SendError<Self::Message>>> + Send {
        async move {
            match options.first() {
                None => self.send(message).await.map(|()| Acceptance::New),
                Some(capability) => Err(SendError::Unsupported { message, capability }),
            }
        }
    }

    /// Tells every receiver of a broadcast that it missed so many messages: a processor does, for those that were refused.
    /// By default nothing happens.
    fn skip(&self, missed: u64) {
        let _ = missed;
    }

    /// Whether anybody listens. A processor does not copy responses that nobody would see.
    fn has_receivers(&self) -> bool {
        true
    }
}

/// What a sender may ask for, beyond sending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendOptions {
    /// Deliver the message no earlier than after this time.
    pub delay: Option<Duration>,
    /// Deliver messages of a higher priority first. Without it, 0.
    pub priority: i16,
    /// Accept the message only if no other with this key waits or runs.
    pub unique: Option<UniqueKey>,
    /// And for so long after this one was accepted, even when it has ended, accept no other with its key.
    pub unique_for: Option<Duration>,
    /// Accept it also if another one with its key runs: only those that wait stand in its way.
    pub while_waiting: bool,
    /// Do not accept it if there is a dead letter with its key either.
    pub even_dead: bool,
    /// Refuse instead of waiting when the channel is full.
    pub refuse_if_full: bool,
}

/// A key that at most one accepted message has, and the id of the message that wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueKey {
    /// The key.
    pub key: String,
    /// The id of the message.
    pub id: JobId,
}

impl SendOptions {
    /// The first capability that these options need.
    const fn first(&self) -> Option<&'static str> {
        if self.delay.is_some() {
            Some("delay")
        } else if self.priority != 0 {
            Some("prioritise")
        } else if self.unique_for.is_some() || self.even_dead {
            Some("remember unique keys")
        } else if self.unique.is_some() {
            Some("deduplicate")
        } else {
            None
        }
    }
}

/// What became of an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acceptance {
    /// It stands in the channel.
    New,
    /// Another message with its unique key waits or runs; this one was dropped in its favour.
    Duplicate(JobId),
}

/// A sender that can take back a request that still waits.
pub trait Withdraw: MpSend {
    /// Takes the waiting request with this id out of the channel; `None` if it does not wait here (any more).
    fn withdraw(&self, id: JobId) -> impl Future<Output = Result<Option<Self::Message>, SettleError>> + Send;
}

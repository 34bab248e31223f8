//! How messages travel: the contracts of both ends of a channel.
//!
//! A **request channel** has competing consumers: each message is leased to one receiver, which settles the delivery. A
//! **response channel** is a broadcast: every receiver sees every message, or is told exactly how many it missed. Both are
//! an [`MpSend`] and an [`McReceive`]; an engine makes them, and so can you (example `own_channel`).

mod any;
mod chunk;
mod codec;
mod envelope;
mod error;
#[cfg(feature = "testing")]
pub mod laws;
#[cfg(feature = "testing")]
pub mod mock;
pub(crate) mod onward;
pub(crate) mod scope;
pub(crate) mod stop;
pub(crate) mod ticket;

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use crate::outcome::{Failure, FailureKind};
pub use any::{AnyDelivery, AnyReceiver, AnySender};
pub use chunk::{Chunk, Fetched, TakeBack};
pub use codec::Codec;
pub use envelope::{Envelope, Response};
pub use error::{BoxError, ReceiveError, SendError, SettleError};

use crate::id::JobId;
use crate::job::Run;
use crate::retry::Retry;

/// The sending end of a channel with multiple producers.
///
/// An implementation needs [`send`](MpSend::send) only; the other methods exist because a good one can do them faster.
/// For senders chosen at run time there is [`AnySender`].
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
        } else if self.unique_for.is_some() {
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

/// The receiving end of a channel with multiple consumers.
///
/// An implementation needs [`receive`](McReceive::receive) only. For receivers chosen at run time there is [`AnyReceiver`].
pub trait McReceive: Clone + Send + 'static {
    /// What is received.
    type Message: Send + 'static;
    /// How it is received: with a lease that wants to be settled.
    type Delivery: Delivery<Message = Self::Message>;

    /// Receives the next message, and waits for one.
    ///
    /// # Errors
    /// [`ReceiveError::Closed`] at the end, [`ReceiveError::Lagged`] where messages were missed.
    ///
    /// # Cancel safety
    /// A future dropped before it is ready has received nothing.
    fn receive(&mut self) -> impl Future<Output = Result<Self::Delivery, ReceiveError>> + Send;

    /// How many messages this receiver has fetched ahead: [`next_fetched`](McReceive::next_fetched) has as many.
    fn fetched(&self) -> usize {
        0
    }

    /// Receives a message that was fetched ahead, if any was.
    fn next_fetched(&mut self) -> Option<Self::Delivery> {
        None
    }

    /// Waits for messages: receives one, or fetches some, the first of which is then
    /// [`first_fetched`](McReceive::first_fetched). By default it receives one.
    ///
    /// # Errors
    /// As [`receive`](McReceive::receive).
    ///
    /// # Cancel safety
    /// As [`receive`](McReceive::receive).
    fn fetch(&mut self) -> impl Future<Output = Result<Option<Self::Delivery>, ReceiveError>> + Send {
        async { self.receive().await.map(Some) }
    }

    /// The same as [`fetch`](McReceive::fetch), for a task that has not suspended since `fetch` returned: it may have gone to
    /// sleep already then.
    ///
    /// # Errors
    /// As [`receive`](McReceive::receive).
    ///
    /// # Cancel safety
    /// As [`receive`](McReceive::receive).
    fn fetch_on(&mut self) -> impl Future<Output = Result<Option<Self::Delivery>, ReceiveError>> + Send {
        self.fetch()
    }

    /// The first message that was fetched ahead, to be handled where it lies: moving it would cost as much as a short job.
    /// [`drop_fetched`](McReceive::drop_fetched) settles it, [`next_fetched`](McReceive::next_fetched) makes it a delivery.
    /// By default there is none.
    fn first_fetched(&mut self) -> Option<Fetched<'_, Self::Message>> {
        None
    }

    /// Settles the first message that was fetched ahead: it is done.
    fn drop_fetched(&mut self) {}

    /// Whether what was fetched is being kept from idle siblings for too long.
    fn is_late(&self) -> bool {
        false
    }

    /// Gives back what was fetched ahead, because this receiver will be busy for a while.
    fn release(&mut self) {}
}

/// One received message. Whoever drops it unsettled gives it back to the channel, and no attempt is counted.
pub trait Delivery: Sized + Send + Sync + 'static {
    /// What was received.
    type Message;

    /// The message.
    fn message(&self) -> &Self::Message;

    /// The message, to borrow its request for a batch. A channel that cannot lend it gets batches of one.
    fn message_mut(&mut self) -> Option<&mut Self::Message> {
        None
    }

    /// The number of this attempt to handle the message, counted from 1.
    fn attempt(&self) -> u32 {
        1
    }

    /// A number that rises with each delivery of this message: whoever holds the highest has the lease. A resource that
    /// remembers it can refuse the writes of those who lost theirs. By default 0: the channel has none.
    fn fence(&self) -> u64 {
        0
    }

    /// Settles the message: it is done, and never comes again.
    ///
    /// # Errors
    /// [`SettleError::Lost`] if the lease was lost.
    fn ack(self) -> impl Future<Output = Result<(), SettleError>> + Send;

    /// Settles the message as a dead letter: it never comes again, unless somebody redrives it. By default that is
    /// [`ack`](Delivery::ack).
    ///
    /// # Errors
    /// [`SettleError::Lost`] if the lease was lost.
    fn bury(self, reason: Failure) -> impl Future<Output = Result<(), SettleError>> + Send {
        let _ = reason;
        self.ack()
    }

    /// Returns the message, to be delivered again.
    ///
    /// # Errors
    /// [`SettleError::Lost`] if the lease was lost.
    fn nack(self, back: Return) -> impl Future<Output = Result<(), SettleError>> + Send;

    /// Extends the lease. By default leases do not end.
    ///
    /// # Errors
    /// [`SettleError::Lost`] if the lease was lost.
    fn extend(&mut self, by: Duration) -> impl Future<Output = Result<(), SettleError>> + Send {
        let _ = by;
        std::future::ready(Ok(()))
    }
}

/// How a message returns to its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Return {
    /// At once, at its old place, as if it had never been received.
    Untouched,
    /// After this time, with one more failed attempt.
    Failed(Duration),
    /// After this time; the attempt does not count.
    Snoozed(Duration),
}

/// The two channels of one job, from both ends: what an engine opens, and what a processor works on.
///
/// A tuple of four channel ends is one too. Its fourth end is cloned for each listener, and so long as the tuple lives it is
/// a listener itself that never reads: a broadcast that makes its sender wait would wait for it.
pub trait Channels<J: Run>: Clone + Send + Sync + 'static {
    /// Sends requests.
    type RequestSender: MpSend<Message = Envelope<J>>;
    /// Receives requests.
    type RequestReceiver: McReceive<Message = Envelope<J>>;
    /// Broadcasts responses.
    type ResponseSender: MpSend<Message = Response<J>>;
    /// Receives responses.
    type ResponseReceiver: McReceive<Message = Response<J>>;

    /// One more sender of requests.
    fn request_sender(&self) -> Self::RequestSender;
    /// One more receiver of requests: it competes with the others.
    fn request_receiver(&self) -> Self::RequestReceiver;
    /// One more sender of responses.
    fn response_sender(&self) -> Self::ResponseSender;
    /// One more receiver of responses: it sees every response from now on.
    fn response_receiver(&self) -> Self::ResponseReceiver;
    /// Accepts no further request. Those that wait are still delivered. By default nothing happens.
    fn close(&self) {}

    /// When a failed run is repeated, of a job that does not say so itself and whose caller does not wait. By default never.
    const RETRY: Option<Retry> = None;

    /// Whether [`record`](Channels::record) keeps how an attempt ended. Then workers neither publish responses nor settle
    /// what has ended: recording is both.
    const RECORDS: bool = false;

    /// Whether requests with the id of a step of a run are remembered: accepted once, and answered again as they were.
    const REMEMBERS: bool = false;

    /// Records how an attempt ended and settles its request, in one step: either both happen or neither. Workers call it
    /// only where [`RECORDS`](Channels::RECORDS) says so, and answer the caller after it.
    ///
    /// # Errors
    /// [`SettleError::Lost`] if the lease was lost: nothing was recorded, and the caller's answer is somebody else's.
    /// [`SettleError::Unwritable`] if the response does not become bytes.
    ///
    /// # Cancel safety
    /// Dropped early, it may have recorded the end or not.
    fn record(
        delivery: &mut <Self::RequestReceiver as McReceive>::Delivery,
        end: Record<'_, J>,
    ) -> impl Future<Output = Result<(), SettleError>> + Send {
        let _ = (delivery, end);
        std::future::ready(Err(SettleError::Engine("these channels record nothing".into())))
    }
}

/// How an attempt ended, to be [recorded](Channels::record).
#[non_exhaustive]
pub enum Record<'a, J: Run> {
    /// With a response.
    Response(&'a J::Response),
    /// Without one, and nobody needs to look at it.
    Failure(&'a Failure),
    /// Without one: the request becomes a dead letter.
    DeadLetter(&'a Failure),
    /// The request is to be tried again.
    Retry {
        /// Why.
        failure: &'a Failure,
        /// After this time.
        after: Duration,
    },
}

impl<J: Run> Clone for Record<'_, J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J: Run> Copy for Record<'_, J> {}

impl<J: Run> fmt::Debug for Record<'_, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the response: it is the user's and may be secret.
        f.write_str(match self {
            Self::Response(_) => "Response(..)",
            Self::Failure(_) => "Failure(..)",
            Self::DeadLetter(_) => "DeadLetter(..)",
            Self::Retry { .. } => "Retry { .. }",
        })
    }
}

impl<J, S, R, P, Q> Channels<J> for (S, R, P, Q)
where
    J: Run,
    S: MpSend<Message = Envelope<J>>,
    R: McReceive<Message = Envelope<J>> + Sync,
    P: MpSend<Message = Response<J>>,
    Q: McReceive<Message = Response<J>> + Sync,
{
    type RequestSender = S;
    type RequestReceiver = R;
    type ResponseSender = P;
    type ResponseReceiver = Q;

    fn request_sender(&self) -> S {
        self.0.clone()
    }
    fn request_receiver(&self) -> R {
        self.1.clone()
    }
    fn response_sender(&self) -> P {
        self.2.clone()
    }
    fn response_receiver(&self) -> Q {
        self.3.clone()
    }
}

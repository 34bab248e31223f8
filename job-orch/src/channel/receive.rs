//! The receiving end of a channel: [`McReceive`], and the [`Delivery`] of one message.

use std::future::Future;
use std::time::Duration;

use super::chunk::Fetched;
use super::error::{ReceiveError, SettleError};
use crate::outcome::Failure;

/// The receiving end of a channel with multiple consumers.
///
/// An implementation needs [`receive`](McReceive::receive) only. For receivers chosen at run time there is
/// [`AnyReceiver`](super::AnyReceiver).
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

    /// The same message, to take out what belongs to its sender. There is one whenever there is a
    /// [`first_fetched`](McReceive::first_fetched); by default there is none.
    fn first_fetched_mut(&mut self) -> Option<&mut Self::Message> {
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

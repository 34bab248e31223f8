//! [`Responses`]: every response of a job, as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::channel::{Channels, Delivery, McReceive, ReceiveError, Response};
use crate::engine::Engine;
use crate::job::Run;

type Receiver<J, E> = <<E as Engine>::Channels<J> as Channels<J>>::ResponseReceiver;
type DeliveryOf<J, E> = <Receiver<J, E> as McReceive>::Delivery;

/// Every response of a job from the moment it was made, as a stream and by [`receive`](Responses::receive).
///
/// A receiver that is too slow for a channel that drops the oldest gets [`ReceiveError::Lagged`] with the exact number it
/// missed, in the place where they would have been. The stream ends when the orchestrator shuts down, and at once if the
/// job is not hosted.
pub struct Responses<J: Run, E: Engine> {
    receiver: Option<Receiver<J, E>>,
    // The response that was received last lies where its receiver has fetched it,
    is_lent: bool,
    // or here. Two fields: they are asked for every response, and an enum of both would be read and written whole.
    delivery: Option<DeliveryOf<J, E>>,
}

impl<J: Run, E: Engine> Responses<J, E> {
    pub(crate) const fn new(receiver: Option<Receiver<J, E>>) -> Self {
        Self { receiver, is_lent: false, delivery: None }
    }

    /// The next response, where it lies: the fastest way to see them all. One that is to be kept is cloned, or taken from
    /// the stream.
    ///
    /// # Errors
    /// [`ReceiveError::Lagged`] where responses were missed, [`ReceiveError::Closed`] at the end.
    ///
    /// # Cancel safety
    /// A future dropped before it is ready has received nothing.
    pub async fn receive(&mut self) -> Result<&Response<J>, ReceiveError> {
        self.move_on();
        if !self.is_lent {
            self.fetch().await?;
        }
        match (&self.delivery, &mut self.receiver) {
            (None, Some(receiver)) => receiver.first_fetched().map(|fetched| fetched.first()),
            (delivery, _) => delivery.as_ref().map(Delivery::message),
        }
        .ok_or(ReceiveError::Closed)
    }

    /// Lets go of the response that was received last. The next may lie behind it.
    #[inline]
    fn move_on(&mut self) {
        if self.is_lent
            && let Some(receiver) = &mut self.receiver
        {
            receiver.drop_fetched();
            self.is_lent = receiver.first_fetched().is_some();
        } else if self.delivery.is_some() {
            self.delivery = None;
        }
    }

    async fn fetch(&mut self) -> Result<(), ReceiveError> {
        let Some(receiver) = &mut self.receiver else { return Err(ReceiveError::Closed) };
        if receiver.fetched() == 0 {
            self.delivery = receiver.fetch().await?;
        }
        if self.delivery.is_none() {
            self.is_lent = receiver.first_fetched().is_some();
            if !self.is_lent {
                self.delivery = receiver.next_fetched();
            }
        }
        Ok(())
    }
}

impl<J: Run, E: Engine> Stream for Responses<J, E> {
    type Item = Result<DeliveryOf<J, E>, ReceiveError>;
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let responses = self.get_mut();
        responses.move_on();
        // It is given out now, not lent.
        responses.is_lent = false;
        match &mut responses.receiver {
            Some(receiver) => Pin::new(receiver).poll_next(context),
            None => Poll::Ready(None),
        }
    }
}

// Nothing in it is pinned in place.
impl<J: Run, E: Engine> Unpin for Responses<J, E> {}

impl<J: Run, E: Engine> fmt::Debug for Responses<J, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responses").field("job", &J::NAME).finish_non_exhaustive()
    }
}

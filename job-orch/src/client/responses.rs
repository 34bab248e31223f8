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
    shown: Shown<DeliveryOf<J, E>>,
}

/// Where the response lies that was received last.
enum Shown<D> {
    Nowhere,
    /// Where its receiver has fetched it.
    Fetched,
    Here(D),
}

impl<J: Run, E: Engine> Responses<J, E> {
    pub(crate) const fn new(receiver: Option<Receiver<J, E>>) -> Self {
        Self { receiver, shown: Shown::Nowhere }
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
        let Some(receiver) = &mut self.receiver else { return Err(ReceiveError::Closed) };
        let delivery = if receiver.fetched() == 0 { receiver.fetch().await? } else { None };
        self.shown = match delivery {
            Some(delivery) => Shown::Here(delivery),
            None if receiver.first_fetched().is_some() => Shown::Fetched,
            None => receiver.next_fetched().map_or(Shown::Nowhere, Shown::Here),
        };
        match &self.shown {
            Shown::Here(delivery) => Ok(delivery.message()),
            _ => receiver.first_fetched().map(|fetched| fetched.first()).ok_or(ReceiveError::Closed),
        }
    }

    /// Lets go of the response that was received last.
    #[inline]
    fn move_on(&mut self) {
        if let Shown::Fetched = std::mem::replace(&mut self.shown, Shown::Nowhere)
            && let Some(receiver) = &mut self.receiver
        {
            receiver.drop_fetched();
        }
    }
}

impl<J: Run, E: Engine> Stream for Responses<J, E> {
    type Item = Result<DeliveryOf<J, E>, ReceiveError>;
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let responses = self.get_mut();
        responses.move_on();
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

//! [`Responses`]: every response of a job, as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::channel::{Channels, McReceive, ReceiveError};
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
}

impl<J: Run, E: Engine> Responses<J, E> {
    pub(crate) const fn new(receiver: Option<Receiver<J, E>>) -> Self {
        Self { receiver }
    }

    /// The next response.
    ///
    /// # Errors
    /// [`ReceiveError::Lagged`] where responses were missed, [`ReceiveError::Closed`] at the end.
    ///
    /// # Cancel safety
    /// A future dropped before it is ready has received nothing.
    pub async fn receive(&mut self) -> Result<DeliveryOf<J, E>, ReceiveError> {
        match &mut self.receiver {
            Some(receiver) => receiver.receive().await,
            None => Err(ReceiveError::Closed),
        }
    }
}

impl<J: Run, E: Engine> Stream for Responses<J, E> {
    type Item = Result<DeliveryOf<J, E>, ReceiveError>;
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.get_mut().receiver {
            Some(receiver) => Pin::new(receiver).poll_next(context),
            None => Poll::Ready(None),
        }
    }
}

impl<J: Run, E: Engine> fmt::Debug for Responses<J, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responses").field("job", &J::NAME).finish_non_exhaustive()
    }
}

//! The receiving end of the response channel: [`Listener`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::ring::{Ring, Segment, Slice};
use super::shared::{Own, Shared, SharedMany};
use super::waiters::Place;
use crate::channel::{Fetched, McReceive, ReceiveError};
use crate::sync::Arc;

/// Sees every message of a broadcast. Its clone goes on from the same place. Also a [`Stream`].
pub struct Listener<T: Send + Sync + 'static> {
    ring: Arc<Ring<T>>,
    // The number of the next message to fetch.
    next: u64,
    // Fetched, and how far it is read.
    own: Own<T>,
    // Takes the place of a segment that goes back, so that giving it back allocates nothing.
    empty: Segment<T>,
    // How far it is read.
    at: usize,
    // Its length: asked for every message, and two pointers away.
    end: usize,
    place: Place,
}

impl<T: Send + Sync + 'static> Listener<T> {
    pub(super) fn join(ring: Arc<Ring<T>>) -> Self {
        let next = ring.join_receivers();
        Self { ring, next, own: Own::default(), empty: Segment::default(), at: 0, end: 0, place: Place::NONE }
    }

    /// Receives whatever is there, at least one message, and waits for that: cheaper than one by one.
    ///
    /// # Errors
    /// As [`receive`](McReceive::receive).
    ///
    /// # Cancel safety
    /// A future dropped before it is ready has received nothing.
    pub async fn receive_many(&mut self) -> Result<SharedMany<T>, ReceiveError> {
        std::future::poll_fn(|context| self.poll_fetch(context)).await?;
        let from = std::mem::replace(&mut self.at, self.end);
        Ok(SharedMany::new(Own::clone(&self.own), from))
    }

    fn poll_fetch(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ReceiveError>> {
        if self.at < self.end {
            return Poll::Ready(Ok(()));
        }
        // A listener that always finds something must still let others run.
        let budget = std::task::ready!(tokio::task::coop::poll_proceed(context));
        // Nobody holds a message of it any more: its memory serves again.
        if !self.own.is_empty()
            && let Some(own) = Own::get_mut(&mut self.own)
        {
            self.ring.recycle(std::mem::replace(own, Segment::clone(&self.empty)));
            (self.at, self.end) = (0, 0);
        }
        let fetched = std::task::ready!(self.ring.poll_take(&mut self.place, &mut self.next, context));
        budget.made_progress();
        let Slice { messages, from } = fetched?;
        (self.at, self.end) = (from, messages.len());
        match Own::get_mut(&mut self.own) {
            Some(own) => *own = messages,
            None => self.own = Own::new(messages),
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Shared<T>, ReceiveError>> {
        std::task::ready!(self.poll_fetch(context))?;
        Poll::Ready(Ok(self.next_shared()))
    }

    fn next_shared(&mut self) -> Shared<T> {
        let at = self.at;
        self.at += 1;
        Shared::new(Own::clone(&self.own), at)
    }
}

impl<T: Send + Sync + 'static> McReceive for Listener<T> {
    type Message = T;
    type Delivery = Shared<T>;

    fn receive(&mut self) -> impl Future<Output = Result<Shared<T>, ReceiveError>> + Send {
        std::future::poll_fn(|context| self.poll_receive(context))
    }

    fn fetched(&self) -> usize {
        self.end - self.at
    }

    fn next_fetched(&mut self) -> Option<Shared<T>> {
        (self.fetched() > 0).then(|| self.next_shared())
    }

    async fn fetch(&mut self) -> Result<Option<Shared<T>>, ReceiveError> {
        std::future::poll_fn(|context| self.poll_fetch(context)).await.map(|()| None)
    }

    #[inline]
    fn first_fetched(&mut self) -> Option<Fetched<'_, T>> {
        if self.at == self.end {
            return None;
        }
        self.own.get(self.at).map(Fetched::alone)
    }

    #[inline]
    fn drop_fetched(&mut self) {
        self.at += usize::from(self.at < self.end);
    }
}

/// Ends with the broadcast; lag is an item.
impl<T: Send + Sync + 'static> Stream for Listener<T> {
    type Item = Result<Shared<T>, ReceiveError>;
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.get_mut().poll_receive(context));
        Poll::Ready(match item {
            Err(ReceiveError::Closed) => None,
            other => Some(other),
        })
    }
}

impl<T: Send + Sync + 'static> Clone for Listener<T> {
    fn clone(&self) -> Self {
        self.ring.join_receivers_at(self.next);
        let own = Own::new(Segment::clone(&self.own));
        Self {
            ring: Arc::clone(&self.ring),
            next: self.next,
            own,
            empty: Segment::default(),
            at: self.at,
            end: self.end,
            place: Place::NONE,
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Listener<T> {
    fn drop(&mut self) {
        self.ring.leave_receivers(self.next, &mut self.place);
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("next", &self.next).field("fetched", &self.fetched()).finish_non_exhaustive()
    }
}

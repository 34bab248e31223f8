//! Both ends of the response channel: [`Broadcast`], [`Listener`], and the [`Shared`] message that all listeners see.

use std::fmt;
use std::future::{Future, ready};
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::ring::{Ring, Segment, Slice};
use super::waiters::Place;
use crate::channel::{Delivery, Fetched, McReceive, MpSend, ReceiveError, Return, SendError, SettleError};
use crate::settings::Overflow;
use crate::sync::Arc;

/// A broadcast in memory: every listener sees every message that is sent after it came, or is told how many it missed.
///
/// `capacity` counts the messages that some listener has yet to take; at least 1. `overflow` is what a full channel does:
/// the sender waits, the oldest message goes, or the new one is refused.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::{McReceive, MpSend, ReceiveError};
/// use job_orch::engine::memory::responses;
/// use job_orch::settings::Overflow;
///
/// let (sender, mut listener) = responses(2, Overflow::DropOldest);
/// for n in 0..5 {
///     sender.send(n).await.unwrap();
/// }
/// assert!(matches!(listener.receive().await, Err(ReceiveError::Lagged(3))));
/// assert_eq!(*listener.receive().await.unwrap(), 3);
/// # }
/// ```
#[must_use]
pub fn responses<T: Send + Sync + 'static>(capacity: usize, overflow: Overflow) -> (Broadcast<T>, Listener<T>) {
    let ring = Arc::new(Ring::new(capacity, overflow));
    (Broadcast(Arc::new(Senders(Arc::clone(&ring)))), Listener::join(ring))
}

/// Sends responses. Cheap to clone; the channel closes when the last sender goes.
pub struct Broadcast<T>(Arc<Senders<T>>);

/// All senders of a broadcast together: with the last of them it ends.
#[derive(Debug)]
struct Senders<T>(Arc<Ring<T>>);

impl<T> Drop for Senders<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Broadcast<T> {
    fn ring(&self) -> &Arc<Ring<T>> {
        &self.0.0
    }
}

impl<T: Send + Sync + 'static> Broadcast<T> {
    /// One more listener: it sees every message from now on.
    #[must_use]
    pub fn listen(&self) -> Listener<T> {
        Listener::join(Arc::clone(self.ring()))
    }

    /// Ends the broadcast: listeners see what was sent, and then the end.
    pub fn close(&self) {
        self.ring().close();
    }
}

impl<T> Clone for Broadcast<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("listened", &self.ring().has_receivers()).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> MpSend for Broadcast<T> {
    type Message = T;

    async fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut one = vec![message];
        match self.send_many(&mut one).await {
            Ok(()) => Ok(()),
            Err(error) => match one.pop() {
                Some(message) => Err(error.map(|()| message)),
                None => Ok(()),
            },
        }
    }

    fn try_send(&self, message: T) -> Result<(), SendError<T>> {
        let mut one = vec![message];
        match (self.ring().publish(&mut one), one.pop()) {
            (Err(error), Some(message)) => Err(error.map(|()| message)),
            (Ok(()), Some(message)) => Err(SendError::Full(message)),
            (_, None) => Ok(()),
        }
    }

    async fn send_many(&self, messages: &mut Vec<T>) -> Result<(), SendError<()>> {
        let mut room = Room { ring: self.ring(), place: Place::NONE, woken: false };
        while !messages.is_empty() {
            match self.ring().publish(messages) {
                Err(SendError::Full(())) if self.ring().waits() => (&mut room).await,
                other => other?,
            }
        }
        Ok(())
    }

    fn skip(&self, missed: u64) {
        self.ring().skip(missed);
    }

    fn has_receivers(&self) -> bool {
        self.ring().has_receivers()
    }
}

/// Waits for room in a ring. Once woken, it passes the rest of the room on when it is dropped.
struct Room<'a, T> {
    ring: &'a Ring<T>,
    place: Place,
    woken: bool,
}

impl<T> Future for Room<'_, T> {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let room = self.get_mut();
        room.woken = true;
        room.ring.poll_room(&mut room.place, context)
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        if self.woken {
            self.ring.pass_room(&mut self.place);
        }
    }
}

/// One listener's own handle of a segment. Each message it gives out holds one: counting at the segment itself, which all
/// listeners share, would cost more than the message.
type Own<T> = std::sync::Arc<Segment<T>>;

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
    fn join(ring: Arc<Ring<T>>) -> Self {
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
        Ok(SharedMany { segment: Own::clone(&self.own), from })
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
        Shared { segment: Own::clone(&self.own), at }
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

/// A message that all listeners share: it derefs to the message.
pub struct Shared<T> {
    segment: Own<T>,
    at: usize,
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.segment[self.at]
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { segment: Own::clone(&self.segment), at: self.at }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A broadcast needs no settling: both ways of it do nothing.
impl<T: Send + Sync + 'static> Delivery for Shared<T> {
    type Message = T;
    fn message(&self) -> &T {
        self
    }
    fn ack(self) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(Ok(()))
    }
    fn nack(self, _: Return) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(Ok(()))
    }
}

/// Messages that all listeners share: they deref to a slice.
pub struct SharedMany<T> {
    segment: Own<T>,
    from: usize,
}

impl<T> Deref for SharedMany<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.segment[self.from..]
    }
}

impl<T: fmt::Debug> fmt::Debug for SharedMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

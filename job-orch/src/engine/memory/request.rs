//! Both ends of the request channel: [`Sender`], [`Receiver`] and the [`Lease`] between receiving and settling.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::aside::Item;
use super::graveyard::Graveyard;
use super::queue::{CHUNK, Queue, Taken};
use super::waiters::Place;
use crate::channel::{
    Acceptance, Chunk, Delivery, Failure, Fetched, McReceive, MpSend, ReceiveError, Return, SendError, SendOptions,
    SettleError, TakeBack,
};
use crate::clock::{self, Tick};
use crate::settings::Overflow;
use crate::span::from_now;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A receiver that works as long as this on what it has fetched gives the rest back, lets other tasks run, and fetches
/// less next time. One tick of the coarse clock of a usual Linux.
const LONG: Duration = Duration::from_millis(4);

/// A receiver that would fetch so many has handed out short jobs for a while.
const SHORT: usize = 8;

/// A bounded channel in memory with competing consumers: what it holds is lost with the process.
///
/// `capacity` counts what waits, the delayed and the retried included; at least 1. `overflow` is what a full channel does:
/// [`Overflow::Wait`] or [`Overflow::Refuse`]; an accepted request is never dropped, so [`Overflow::DropOldest`] refuses.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::{Delivery, McReceive, MpSend};
/// use job_orch::engine::memory::requests;
/// use job_orch::settings::Overflow;
///
/// let (sender, mut receiver) = requests(16, Overflow::Wait);
/// sender.send("hello").await.unwrap();
/// let delivery = receiver.receive().await.unwrap();
/// assert_eq!(*delivery.message(), "hello");
/// delivery.ack().await.unwrap();
/// # }
/// ```
#[must_use]
pub fn requests<M: Send + 'static>(capacity: usize, overflow: Overflow) -> (Sender<M>, Receiver<M>) {
    let channel = Arc::new(Channel { queue: Queue::new(capacity, overflow), graveyard: Graveyard::default() });
    channel.queue.join_receivers();
    (Sender(Arc::new(Senders(Arc::clone(&channel)))), Receiver::new(channel))
}

#[derive(Debug)]
pub(super) struct Channel<M> {
    pub(super) queue: Queue<M>,
    pub(super) graveyard: Graveyard<M>,
}

/// Sends requests. Cheap to clone; the channel closes when the last sender goes.
pub struct Sender<M>(Arc<Senders<M>>);

/// All senders of a channel together: with the last of them the channel closes.
#[derive(Debug)]
struct Senders<M>(Arc<Channel<M>>);

impl<M> Drop for Senders<M> {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl<M> Sender<M> {
    fn queue(&self) -> &Queue<M> {
        &self.0.0.queue
    }

    pub(super) fn graveyard(&self) -> &Graveyard<M> {
        &self.0.0.graveyard
    }

    /// Accepts no further request; those that wait are still delivered.
    pub fn close(&self) {
        self.queue().close();
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue().len()
    }

    /// How many requests were ever accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.queue().accepted()
    }

    /// Closes the channel and takes out everything that waits.
    #[must_use = "these requests were accepted"]
    pub fn drain(&self) -> Vec<M> {
        self.queue().drain()
    }

    /// Takes out the first waiting request that `wanted` picks. `wanted` runs under the channel's lock: it must be short
    /// and must not use the channel.
    pub fn withdraw_where(&self, wanted: impl Fn(&M) -> bool) -> Option<M> {
        self.queue().withdraw(wanted)
    }
}

impl<M> Clone for Sender<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Sender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl<M: Send + 'static> MpSend for Sender<M> {
    type Message = M;

    async fn send(&self, message: M) -> Result<(), SendError<M>> {
        let mut message = message;
        let mut room = Room::new(self.queue());
        loop {
            match self.try_send(message) {
                Err(SendError::Full(full)) if self.queue().waits() => message = full,
                other => return other,
            }
            (&mut room).await;
        }
    }

    fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        self.queue().push(|| message).map_err(|error| error.map(|make| make()))
    }

    #[inline]
    fn try_send_made<F: FnOnce() -> M>(&self, make: F) -> Result<(), SendError<F>> {
        self.queue().push(make)
    }

    async fn send_many(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        let mut room = Room::new(self.queue());
        while !messages.is_empty() {
            match self.queue().push_many(messages) {
                Err(SendError::Full(())) if self.queue().waits() => (&mut room).await,
                other => other?,
            }
        }
        Ok(())
    }

    async fn send_with(&self, message: M, options: SendOptions) -> Result<Acceptance, SendError<M>> {
        let mut message = message;
        let mut room = Room::new(self.queue());
        loop {
            match self.queue().push_with(message, &options) {
                Err(SendError::Full(full)) if self.queue().waits() && !options.refuse_if_full => message = full,
                other => return other,
            }
            (&mut room).await;
        }
    }
}

/// Waits for room in a queue. Once woken, it passes the rest of the room on when it is dropped.
struct Room<'a, M> {
    queue: &'a Queue<M>,
    place: Place,
    woken: bool,
}

impl<'a, M> Room<'a, M> {
    const fn new(queue: &'a Queue<M>) -> Self {
        Self { queue, place: Place::NONE, woken: false }
    }
}

impl<M> Future for Room<'_, M> {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let room = self.get_mut();
        room.woken = true;
        room.queue.poll_room(&mut room.place, context)
    }
}

impl<M> Drop for Room<'_, M> {
    fn drop(&mut self) {
        if self.woken {
            self.queue.pass_room(&mut self.place);
        }
    }
}

/// Receives requests, in competition with its clones.
///
/// It fetches ahead when the messages it gave out were handled quickly, and one by one when not.
pub struct Receiver<M: Send + 'static> {
    home: Arc<Home<M>>,
    // Fetched ahead, in order.
    stash: Chunk<M>,
    // How many to fetch next time.
    limit: usize,
    // When the stash was fetched: how long it lasted decides the next limit.
    since: Option<Tick>,
    // Whether it has ever fetched.
    active: bool,
}

/// One receiver's own handle of its channel. Each lease holds one: the count of the channel itself lies beside the lock
/// that senders fight for, and counting there would cost more than a short job.
#[derive(Debug)]
struct Home<M>(Arc<Channel<M>>, Returned);

/// Whether a lease of this receiver went back to its old place: then what was fetched ahead must not overtake it.
type Returned = AtomicBool;

impl<M: Send + 'static> Receiver<M> {
    fn new(channel: Arc<Channel<M>>) -> Self {
        Self {
            home: Arc::new(Home(channel, Returned::new(false))),
            stash: Chunk::default(),
            limit: 1,
            since: None,
            active: false,
        }
    }

    /// Adapts to how long the last stash lasted, and says whether others should run first.
    fn adapt(&mut self) -> bool {
        let Some(since) = self.since.take() else { return false };
        let long = since.elapsed() >= LONG;
        self.limit = if long { 1 } else { (self.limit * 2).min(CHUNK) };
        long
    }

    /// Wakes a sibling.
    ///
    /// A task that is woken from a thread of the runtime lies in that thread's slot, from which no other thread can take it
    /// (tokio 1.54). That is the fastest way, unless what this receiver is about to hand out keeps the thread for long: then
    /// the sibling would wait beside idle threads. So it is woken from elsewhere until jobs have proved to be short.
    fn call(&self, sibling: Option<Waker>) {
        let Some(sibling) = sibling else { return };
        match Handle::try_current() {
            Ok(runtime) if self.limit < SHORT => drop(runtime.spawn_blocking(|| sibling.wake())),
            _ => sibling.wake(),
        }
    }

    fn is_late_now(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= LONG)
    }

    /// Whether what is in the stash would overtake what was returned.
    fn is_overtaking(&self) -> bool {
        self.home.1.load(Ordering::Relaxed) && self.home.1.swap(false, Ordering::Relaxed)
    }

    fn lease_item(&self, item: Item<M>) -> Lease<M> {
        Lease { item: Some(item), home: Arc::clone(&self.home) }
    }

    /// Fetches into the empty stash, or receives one message with a past.
    async fn fetch_more(&mut self) -> Result<Option<Lease<M>>, ReceiveError> {
        if !std::mem::replace(&mut self.active, true) {
            self.home.0.queue.activate();
        }
        if self.adapt() {
            // Else a sibling that was woken from this thread would wait until this worker sleeps.
            tokio::task::yield_now().await;
        } else {
            tokio::task::coop::consume_budget().await;
        }
        let (taken, sibling) = Waiting::new(&self.home.0.queue, &mut self.stash, self.limit).await;
        self.since = Some(clock::now());
        self.call(sibling);
        let lease = match taken {
            Taken::Fresh => None,
            Taken::Item(item) => Some(self.lease_item(*item)),
            Taken::End => return Err(ReceiveError::Closed),
        };
        Ok(lease)
    }
}

impl<M: Send + Sync + 'static> McReceive for Receiver<M> {
    type Message = M;
    type Delivery = Lease<M>;

    async fn receive(&mut self) -> Result<Lease<M>, ReceiveError> {
        loop {
            if let Some(lease) = self.next_fetched() {
                return Ok(lease);
            }
            if let Some(lease) = self.fetch_more().await? {
                return Ok(lease);
            }
        }
    }

    fn fetched(&self) -> usize {
        self.stash.len()
    }

    fn next_fetched(&mut self) -> Option<Lease<M>> {
        // The clock is asked now and then.
        if (self.stash.len() % 8 == 7 && self.is_late_now()) || self.is_overtaking() {
            self.release();
        }
        let message = self.stash.pop()?;
        Some(self.lease_item(Item { message, past: None }))
    }

    fn fetch(&mut self) -> impl Future<Output = Result<Option<Lease<M>>, ReceiveError>> + Send {
        self.fetch_more()
    }

    #[inline]
    fn first_fetched(&mut self) -> Option<Fetched<'_, M>> {
        if self.is_overtaking() {
            self.release();
        }
        self.stash.split_first(&*self.home)
    }

    #[inline]
    fn drop_fetched(&mut self) {
        drop(self.stash.pop());
    }

    fn is_late(&self) -> bool {
        self.is_late_now()
    }

    fn release(&mut self) {
        self.limit = 1;
        self.since = None;
        self.home.0.queue.unfetch(std::mem::take(&mut self.stash));
    }
}

impl<M: Send> TakeBack<M> for Home<M> {
    fn take_back(&self, chunk: Chunk<M>) {
        self.0.queue.unfetch(chunk);
    }
}

impl<M: Send + 'static> Clone for Receiver<M> {
    fn clone(&self) -> Self {
        self.home.0.queue.join_receivers();
        Self::new(Arc::clone(&self.home.0))
    }
}

impl<M: Send + 'static> Drop for Receiver<M> {
    fn drop(&mut self) {
        self.home.0.queue.unfetch(std::mem::take(&mut self.stash));
        self.home.0.queue.leave_receivers(self.active);
    }
}

impl<M: Send + 'static> fmt::Debug for Receiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("fetched", &self.stash.len()).finish_non_exhaustive()
    }
}

/// Waits for messages. Dropped early, it passes a wake-up on; what was taken is in the stash or in its result, so nothing
/// can be lost.
struct Waiting<'a, M> {
    queue: &'a Queue<M>,
    stash: &'a mut Chunk<M>,
    limit: usize,
    place: Place,
    // Rings when the next delayed message is due.
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<'a, M> Waiting<'a, M> {
    const fn new(queue: &'a Queue<M>, stash: &'a mut Chunk<M>, limit: usize) -> Self {
        Self { queue, stash, limit, place: Place::NONE, alarm: None }
    }
}

impl<M> Future for Waiting<'_, M> {
    type Output = (Taken<M>, Option<Waker>);
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<(Taken<M>, Option<Waker>)> {
        let waiting = self.get_mut();
        loop {
            let taken = waiting.queue.poll_take(&mut waiting.place, waiting.stash, waiting.limit, context);
            let due = match taken {
                Ok(taken) => return Poll::Ready(taken),
                Err(None) => return Poll::Pending,
                Err(Some(due)) => due,
            };
            match &mut waiting.alarm {
                Some((at, _)) if *at == due => {}
                Some((at, sleep)) => {
                    *at = due;
                    sleep.as_mut().reset(due);
                }
                None => waiting.alarm = Some((due, Box::pin(sleep_until(due)))),
            }
            let Some((_, sleep)) = &mut waiting.alarm else { return Poll::Pending };
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl<M> Drop for Waiting<'_, M> {
    fn drop(&mut self) {
        if self.place.is_taken() {
            self.queue.give_up_waiting(&mut self.place);
        }
    }
}

/// A received request. Dropped unsettled, it goes back to the front of the channel, and no attempt is counted.
pub struct Lease<M: Send + 'static> {
    // `None` once it is settled.
    item: Option<Item<M>>,
    home: Arc<Home<M>>,
}

impl<M: Send + 'static> Lease<M> {
    fn give_back(&self, item: Item<M>, due: Option<Instant>) {
        if due.is_none() {
            self.home.1.store(true, Ordering::Relaxed);
        }
        self.home.0.queue.give_back(item, due);
    }

    fn settle(&mut self) -> Option<Item<M>> {
        let item = self.item.take()?;
        if let Some(past) = &item.past {
            self.home.0.queue.release(past);
        }
        Some(item)
    }
}

impl<M: Send + Sync + 'static> Delivery for Lease<M> {
    type Message = M;

    #[expect(clippy::expect_used, reason = "every method that empties the lease consumes it")]
    fn message(&self) -> &M {
        &self.item.as_ref().expect("a lease holds its message until it is settled").message
    }

    fn message_mut(&mut self) -> Option<&mut M> {
        self.item.as_mut().map(|item| &mut item.message)
    }

    fn attempt(&self) -> u32 {
        let past = self.item.as_ref().and_then(|item| item.past.as_ref());
        past.map_or(1, |past| past.failures.saturating_add(1))
    }

    fn ack(mut self) -> impl Future<Output = Result<(), SettleError>> + Send {
        if let Some(Item { past: Some(past), .. }) = &self.item {
            self.home.0.queue.release(past);
        }
        self.item = None;
        std::future::ready(Ok(()))
    }

    fn bury(mut self, reason: Failure) -> impl Future<Output = Result<(), SettleError>> + Send {
        if let Some(item) = self.settle() {
            self.home.0.graveyard.bury(item.message, reason);
        }
        std::future::ready(Ok(()))
    }

    fn nack(mut self, back: Return) -> impl Future<Output = Result<(), SettleError>> + Send {
        if let Some(mut item) = self.item.take() {
            let due = match back {
                Return::Untouched => None,
                Return::Snoozed(after) => Some(from_now(after)),
                Return::Failed(after) => {
                    item.past.get_or_insert_default().failures += 1;
                    Some(from_now(after))
                }
            };
            self.give_back(item, due);
        }
        std::future::ready(Ok(()))
    }
}

impl<M: Send + 'static> Drop for Lease<M> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.give_back(item, None);
        }
    }
}

impl<M: Send + Sync + 'static> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("attempt", &self.attempt()).finish_non_exhaustive()
    }
}

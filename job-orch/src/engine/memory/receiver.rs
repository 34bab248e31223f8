//! The receiving end of the request channel.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, Sleep, sleep_until};

use super::aside::Item;
use super::lease::Lease;
use super::queue::{CHUNK, Queue, Taken};
use super::request::Channel;
use super::waiters::Place;
use crate::channel::{Chunk, Fetched, McReceive, ReceiveError, TakeBack};
use crate::clock::{self, Tick};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A receiver that works as long as this on what it has fetched gives the rest back, lets other tasks run, and fetches
/// less next time. One tick of the coarse clock of a usual Linux.
const LONG: Duration = Duration::from_millis(4);

/// Wakes a sibling, so that any idle thread can run it.
///
/// A task that is woken from a thread of the runtime lies in that thread's slot, from which no other thread can take it
/// (tokio 1.54), and the job that is about to run may keep this thread for long. The next task that is scheduled pushes it
/// out, into the queue that all threads share.
fn call(sibling: Option<Waker>) {
    let Some(sibling) = sibling else { return };
    sibling.wake();
    if has_other_threads() {
        drop(tokio::spawn(async {}));
    }
}

/// Whether this runs on a runtime whose threads take each other's tasks.
fn has_other_threads() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
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
pub(super) struct Home<M>(pub(super) Arc<Channel<M>>, pub(super) Returned);

/// Whether a lease of this receiver went back to its old place: then what was fetched ahead must not overtake it.
pub(super) type Returned = AtomicBool;

impl<M: Send + 'static> Receiver<M> {
    pub(super) fn new(channel: Arc<Channel<M>>) -> Self {
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

    fn is_late_now(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= LONG)
    }

    /// Whether what is in the stash would overtake what was returned.
    fn is_overtaking(&self) -> bool {
        self.home.1.load(Ordering::Relaxed) && self.home.1.swap(false, Ordering::Relaxed)
    }

    fn lease_item(&self, item: Item<M>) -> Lease<M> {
        Lease::new(item, Arc::clone(&self.home))
    }

    /// Fetches into the empty stash, or receives one message with a past.
    async fn fetch_more(&mut self) -> Result<Option<Lease<M>>, ReceiveError> {
        if !std::mem::replace(&mut self.active, true) {
            self.home.0.queue.activate();
        }
        if self.adapt() && !has_other_threads() {
            // Else whatever else there is would wait for this worker to sleep. Other threads take it; and there, who yields
            // waits for this very thread, which the next job may keep.
            tokio::task::yield_now().await;
        } else {
            tokio::task::coop::consume_budget().await;
        }
        let (taken, sibling) = Waiting::new(&self.home.0.queue, &mut self.stash, self.limit).await;
        self.since = Some(clock::now());
        call(sibling);
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

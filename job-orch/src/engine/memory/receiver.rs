//! The receiving end of the request channel.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::aside::Item;
use super::fetch::Fetch;
use super::graveyard::Graveyard;
use super::lease::Lease;
use super::queue::{CHUNK, Queue, Taken};
use super::request::Channel;
use super::shelf::Shelf;
use super::tick::{self, Tick};
use super::waiters::Place;
use crate::channel::{Chunk, Fetched, McReceive, ReceiveError, TakeBack};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A receiver that works as long as this on what it has fetched gives the rest back, lets other tasks run, and fetches
/// less next time. One tick of the coarse clock of a usual Linux.
const LONG: Duration = Duration::from_millis(4);

/// Receives requests, in competition with its clones.
///
/// It fetches ahead when the messages it gave out were handled quickly, and one by one when not.
pub struct Receiver<M: Send + 'static> {
    pub(super) home: Arc<Home<M>>,
    // Fetched ahead, in order.
    pub(super) stash: Chunk<M>,
    // How many to fetch next time.
    pub(super) limit: usize,
    // When the stash was fetched: how long it lasted decides the next limit.
    since: Option<Tick>,
    // Whether it has ever fetched.
    pub(super) active: bool,
    // Somebody is at the first message of the stash: it goes nowhere before it is taken or dropped.
    in_hand: bool,
    // Where the task that fetches sleeps.
    pub(super) place: Place,
    // It went to sleep with its last fetch, while it was handling what that brought: so nobody need look again whether there
    // is more, and take the lock for it. Whoever brings more wakes a task that has not lain down yet, which does not then.
    pub(super) dozes: bool,
}

/// One receiver's own handle of its channel. Each lease holds one: the count of the channel itself lies beside the lock
/// that senders fight for, and counting there would cost more than a short job.
#[derive(Debug)]
pub(super) struct Home<M> {
    channel: Arc<Channel<M>>,
    // Beside siblings: what was fetched ahead.
    pub(super) shelf: Arc<Shelf<M>>,
    // Whether a lease of this receiver went back to its old place: then what was fetched ahead must not overtake it.
    returned: AtomicBool,
}

impl<M> Home<M> {
    pub(super) fn queue(&self) -> &Queue<M> {
        &self.channel.queue
    }

    pub(super) fn graveyard(&self) -> &Graveyard<M> {
        &self.channel.graveyard
    }

    pub(super) fn give_back(&self, item: Item<M>, due: Option<Instant>) {
        if due.is_none() {
            self.returned.store(true, Ordering::Relaxed);
        }
        self.queue().give_back(item, due);
    }

    /// Whether what was fetched ahead would overtake what was returned.
    #[inline]
    fn is_overtaken(&self) -> bool {
        self.returned.load(Ordering::Relaxed) && self.returned.swap(false, Ordering::Relaxed)
    }
}

impl<M: Send + 'static> Receiver<M> {
    pub(super) fn new(channel: Arc<Channel<M>>) -> Self {
        Self {
            home: Arc::new(Home { channel, shelf: Arc::new(Shelf::new()), returned: AtomicBool::new(false) }),
            stash: Chunk::default(),
            limit: 1,
            since: None,
            active: false,
            in_hand: false,
            place: Place::NONE,
            dozes: false,
        }
    }

    fn give_back_all(&mut self) {
        let mut chunk = std::mem::take(&mut self.stash);
        // A receiver that is dropped while its first message is handled has given back the others already.
        chunk.trim();
        self.home.shelf.take_all(&mut chunk);
        self.home.queue().unfetch(chunk);
    }

    /// Adapts to how long the last stash lasted, and says whether others should run first.
    pub(super) fn adapt(&mut self) -> bool {
        let Some(since) = self.since.take() else { return false };
        let long = since.elapsed() >= LONG;
        self.limit = if long { 1 } else { (self.limit * 2).min(CHUNK) };
        long
    }

    fn is_late_now(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= LONG)
    }

    /// Puts what is next into the stash, and says how many are there.
    #[inline]
    pub(super) fn stash_next(&mut self) -> usize {
        if self.stash.is_empty() {
            self.home.shelf.take_first(&mut self.stash);
        }
        self.stash.len()
    }

    fn lease_item(&self, item: Item<M>) -> Lease<M> {
        Lease::new(item, Arc::clone(&self.home))
    }

    /// What a fetch brought. One message that was waited for keeps nobody waiting: how long it takes need not be known.
    pub(super) fn arrive(&mut self, taken: Taken<M>, has_waited: bool) -> Result<Option<Lease<M>>, ReceiveError> {
        if !has_waited || self.limit == 1 || self.stash.len() + self.home.shelf.len() > 1 {
            self.since = Some(tick::now());
        }
        match taken {
            Taken::Fresh => Ok(None),
            Taken::Item(item) => Ok(Some(self.lease_item(*item))),
            Taken::End => Err(ReceiveError::Closed),
        }
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
            if let Some(lease) = self.fetch().await? {
                return Ok(lease);
            }
        }
    }

    fn fetched(&self) -> usize {
        self.stash.len() + self.home.shelf.len()
    }

    fn next_fetched(&mut self) -> Option<Lease<M>> {
        // The clock is asked now and then.
        let is_free = !std::mem::take(&mut self.in_hand);
        if is_free && ((self.fetched() % 8 == 7 && self.is_late_now()) || self.home.is_overtaken()) {
            self.release();
        }
        self.stash_next();
        let message = self.stash.pop()?;
        Some(self.lease_item(Item { message, past: None }))
    }

    fn fetch(&mut self) -> impl Future<Output = Result<Option<Lease<M>>, ReceiveError>> + Send {
        self.dozes = false;
        Fetch::new(self)
    }

    fn fetch_on(&mut self) -> impl Future<Output = Result<Option<Lease<M>>, ReceiveError>> + Send {
        Fetch::new(self)
    }

    #[expect(clippy::inline_always, reason = "five words through memory, for every job")]
    #[inline(always)]
    fn first_fetched(&mut self) -> Option<Fetched<'_, M>> {
        if !self.in_hand && self.home.is_overtaken() {
            self.release();
        }
        self.in_hand = self.stash_next() > 0;
        self.stash.split_first(&*self.home)
    }

    #[inline]
    fn first_fetched_mut(&mut self) -> Option<&mut M> {
        self.stash.first_mut()
    }

    #[inline]
    fn drop_fetched(&mut self) {
        self.in_hand = false;
        self.stash.drop_first();
    }

    fn is_late(&self) -> bool {
        self.is_late_now()
    }

    fn release(&mut self) {
        (self.limit, self.since, self.in_hand) = (1, None, false);
        self.give_back_all();
    }
}

impl<M: Send> TakeBack<M> for Home<M> {
    fn take_back(&self, mut chunk: Chunk<M>) {
        self.shelf.take_all(&mut chunk);
        self.queue().unfetch(chunk);
    }
}

impl<M: Send + 'static> Clone for Receiver<M> {
    fn clone(&self) -> Self {
        self.home.queue().join_receivers();
        Self::new(Arc::clone(&self.home.channel))
    }
}

impl<M: Send + 'static> Drop for Receiver<M> {
    fn drop(&mut self) {
        self.give_back_all();
        if self.place.is_taken() {
            self.home.queue().give_up_waiting(&mut self.place);
        }
        self.home.queue().leave_receivers(self.active.then_some(&self.home.shelf));
    }
}

impl<M: Send + 'static> fmt::Debug for Receiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("fetched", &(self.stash.len() + self.home.shelf.len())).finish_non_exhaustive()
    }
}

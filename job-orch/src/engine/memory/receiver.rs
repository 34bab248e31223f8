//! The receiving end of the request channel.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, Sleep, sleep_until};

use super::aside::Item;
use super::graveyard::Graveyard;
use super::lease::Lease;
use super::queue::{CHUNK, Hands, Queue, Taken};
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
    // Somebody is at the first message of the stash: it goes nowhere before it is taken or dropped.
    in_hand: bool,
    // Where the task that fetches sleeps.
    place: Place,
    // It went to sleep with its last fetch, while it was handling what that brought: so nobody need look again whether there
    // is more, and take the lock for it. Whoever brings more wakes a task that has not lain down yet, which does not then.
    dozes: bool,
}

/// One receiver's own handle of its channel. Each lease holds one: the count of the channel itself lies beside the lock
/// that senders fight for, and counting there would cost more than a short job.
#[derive(Debug)]
pub(super) struct Home<M> {
    channel: Arc<Channel<M>>,
    // Beside siblings: what was fetched ahead.
    shelf: Arc<Shelf<M>>,
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
    fn adapt(&mut self) -> bool {
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
    fn stash_next(&mut self) -> usize {
        if self.stash.is_empty() {
            self.home.shelf.take_first(&mut self.stash);
        }
        self.stash.len()
    }

    fn lease_item(&self, item: Item<M>) -> Lease<M> {
        Lease::new(item, Arc::clone(&self.home))
    }

    /// What a fetch brought. One message that was waited for keeps nobody waiting: how long it takes need not be known.
    fn arrive(&mut self, taken: Taken<M>, has_waited: bool) -> Result<Option<Lease<M>>, ReceiveError> {
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
        Fetch { receiver: self, stage: Stage::New, rare: None }
    }

    fn fetch_on(&mut self) -> impl Future<Output = Result<Option<Lease<M>>, ReceiveError>> + Send {
        Fetch { receiver: self, stage: Stage::New, rare: None }
    }

    #[inline]
    fn first_fetched(&mut self) -> Option<Fetched<'_, M>> {
        if !self.in_hand && self.home.is_overtaken() {
            self.release();
        }
        self.in_hand = self.stash_next() > 0;
        self.stash.split_first(&*self.home)
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

/// Fetches, or receives one message with a past. Dropped early, it passes a wake-up on; what was taken is in the stash or in
/// its result, so nothing can be lost.
///
/// One future by hand: a call waits for two of these, and each future inside another costs it.
struct Fetch<'a, M: Send + 'static> {
    receiver: &'a mut Receiver<M>,
    stage: Stage,
    // Boxed: few have any, and every fetch is made and dropped.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Begun,
    Waited,
}

#[derive(Default)]
struct Rare {
    // While others run first.
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    // Rings when the next delayed message is due.
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<M: Send + 'static> Fetch<'_, M> {
    /// Says whether something is at hand already.
    fn begin(&mut self) -> bool {
        self.stage = Stage::Begun;
        if self.receiver.stash_next() > 0 {
            return true;
        }
        if !self.receiver.active {
            self.receiver.active = true;
            self.receiver.home.queue().activate(&self.receiver.home.shelf);
        }
        if self.receiver.adapt() && !has_other_threads() {
            // Else whatever else there is would wait for this worker to sleep. Other threads take it; and there, who yields
            // waits for this very thread, which the next job may keep.
            self.rare.get_or_insert_default().pause = Some(Box::pin(tokio::task::yield_now()));
        }
        false
    }

    /// Sets the alarm; ready when it rings.
    fn poll_alarm(&mut self, due: Instant, context: &mut Context<'_>) -> Poll<()> {
        let alarm = &mut self.rare.get_or_insert_default().alarm;
        match alarm {
            Some((at, _)) if *at == due => {}
            Some((at, sleep)) => {
                *at = due;
                sleep.as_mut().reset(due);
            }
            None => *alarm = Some((due, Box::pin(sleep_until(due)))),
        }
        alarm.as_mut().map_or(Poll::Pending, |(_, sleep)| sleep.as_mut().poll(context))
    }
}

impl<M: Send + 'static> Future for Fetch<'_, M> {
    type Output = Result<Option<Lease<M>>, ReceiveError>;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let fetch = self.get_mut();
        if std::mem::take(&mut fetch.receiver.dozes) {
            fetch.stage = Stage::Waited;
            return Poll::Pending;
        }
        if fetch.stage == Stage::New && fetch.begin() {
            return Poll::Ready(Ok(None));
        }
        if let Some(rare) = &mut fetch.rare
            && let Some(pause) = &mut rare.pause
        {
            ready!(pause.as_mut().poll(context));
            rare.pause = None;
        }
        // A receiver that always finds something must still let others run.
        let budget = ready!(tokio::task::coop::poll_proceed(context));
        loop {
            let Receiver { home, stash, limit, place, dozes, .. } = &mut *fetch.receiver;
            let is_in_flow = fetch.stage != Stage::Waited;
            let hands = Hands { stash, shelf: &home.shelf, limit: *limit, is_in_flow };
            match home.queue().poll_take(place, hands, context) {
                Ok((taken, sibling)) => {
                    *dozes = place.is_taken();
                    budget.made_progress();
                    call(sibling);
                    return Poll::Ready(fetch.receiver.arrive(taken, !is_in_flow));
                }
                Err(None) => {
                    fetch.stage = Stage::Waited;
                    return Poll::Pending;
                }
                Err(Some(due)) => ready!(fetch.poll_alarm(due, context)),
            }
        }
    }
}

impl<M: Send + 'static> Drop for Fetch<'_, M> {
    fn drop(&mut self) {
        let Receiver { home, place, dozes, .. } = &mut *self.receiver;
        if place.is_taken() && !*dozes {
            home.queue().give_up_waiting(place);
        }
    }
}

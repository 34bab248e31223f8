//! Both ends of the response channel: a table that is read by position.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, ready};
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::channel::Channel;
use super::error::StoreError;
use super::responses::{self, Entry};
use super::writer::Command;
use crate::channel::{Delivery, McReceive, MpSend, ReceiveError, Response, Return, SendError, SettleError};
use crate::job::Run;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, Mutex, lock};

/// Sends responses into the store. Cheap to clone; the process's broadcast ends when the last sender goes.
///
/// It is never full: what slow receivers have yet to read stays in the store until its time is up.
pub struct Broadcast<J: Run>(Arc<Senders<J>>);

/// All senders of a process together: with the last of them its broadcast ends.
struct Senders<J: Run>(Arc<Channel<J>>);

impl<J: Run> Senders<J> {
    fn silence(&self) {
        // Behind what was sent before.
        self.0.store.writer.command(Command::Silence(Arc::clone(&self.0.local)));
    }
}

impl<J: Run> Drop for Senders<J> {
    fn drop(&mut self) {
        self.silence();
    }
}

impl<J: Run> Broadcast<J> {
    pub(super) fn new(channel: Arc<Channel<J>>) -> Self {
        Self(Arc::new(Senders(channel)))
    }

    /// One more listener: it sees every response from now on.
    pub(super) fn listen(&self) -> Listener<J> {
        let channel = Arc::clone(&self.0.0);
        let next = channel.local.published.load(Ordering::Acquire);
        Listener::new(channel, next)
    }

    /// Ends the broadcast: listeners of this process see what was sent, and then the end.
    pub(super) fn close(&self) {
        self.0.silence();
    }
}

impl<J: Run> MpSend for Broadcast<J> {
    type Message = Response<J>;

    async fn send(&self, message: Response<J>) -> Result<(), SendError<Response<J>>> {
        let mut one = vec![message];
        match (self.send_many(&mut one).await, one.pop()) {
            (Err(error), Some(message)) => Err(error.map(|()| message)),
            _ => Ok(()),
        }
    }

    async fn send_many(&self, messages: &mut Vec<Response<J>>) -> Result<(), SendError<()>> {
        let channel = &self.0.0;
        let engine = |source| SendError::Engine { message: (), source };
        let write = |response: &Response<J>| channel.write_response(response.id, response.outcome.as_ref());
        let written: Vec<_> = messages.iter().map(write).collect::<Result<_, _>>().map_err(engine)?;
        let job = channel.local.job;
        let publish = channel
            .store
            .writer
            .ask(move |transaction| written.iter().try_for_each(|response| transaction.publish(job, response)));
        publish.await.map_err(|error| engine(error.into()))?;
        messages.clear();
        Ok(())
    }

    fn skip(&self, missed: u64) {
        let channel = &self.0.0;
        let job = channel.local.job;
        if missed > 0 {
            channel.store.writer.tell(move |transaction| transaction.skip(job, missed));
        }
    }
}

impl<J: Run> Clone for Broadcast<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J: Run> fmt::Debug for Broadcast<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("job", &J::NAME).finish_non_exhaustive()
    }
}

type Fetch = Pin<Box<dyn Future<Output = Result<Vec<Entry>, StoreError>> + Send>>;

/// Sees every response of a job, from all processes. Its clone goes on from the same place. Also a [`Stream`].
///
/// It sees them when they are on the disk. Where the disk or the file has failed, it says so once, and then ends.
pub struct Listener<J: Run> {
    channel: Arc<Channel<J>>,
    // The position to go on from.
    next: i64,
    // Read, and not yet received.
    read: VecDeque<Entry>,
    // It was told that the store is broken: nothing comes after that.
    is_over: bool,
    // Under a lock only so that a listener can be shared; nobody ever waits for it.
    fetch: Mutex<Option<Fetch>>,
}

impl<J: Run> Listener<J> {
    pub(super) fn new(channel: Arc<Channel<J>>, next: i64) -> Self {
        Self { channel, next, read: VecDeque::new(), is_over: false, fetch: Mutex::new(None) }
    }

    /// The position of the next response: to go on from there later, also in another process.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.next
    }

    /// Goes on from this position, which may be one of the past: what the store has kept since then is received again.
    #[must_use]
    pub fn from(&self, position: i64) -> Self {
        Self::new(Arc::clone(&self.channel), position.max(1))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Seen<J>, ReceiveError>> {
        loop {
            if let Some(entry) = self.read.pop_front() {
                self.next = entry.next();
                return Poll::Ready(match entry {
                    Entry::Response(kept, _) => Ok(Seen(self.channel.read_response(kept))),
                    Entry::Missed(missed, _) => Err(ReceiveError::Lagged(missed)),
                });
            }
            if self.is_over {
                return Poll::Ready(Err(ReceiveError::Closed));
            }
            let budget = std::task::ready!(tokio::task::coop::poll_proceed(context));
            let (channel, next) = (&self.channel, self.next);
            let mut fetch = lock(&self.fetch);
            let pending = fetch.get_or_insert_with(|| Box::pin(fetch_from(Arc::clone(channel), next)));
            let fetched = std::task::ready!(pending.as_mut().poll(context));
            *fetch = None;
            drop(fetch);
            budget.made_progress();
            match fetched {
                Ok(entries) if entries.is_empty() => return Poll::Ready(Err(ReceiveError::Closed)),
                Ok(entries) => self.read = entries.into(),
                Err(error) => {
                    self.is_over = self.channel.local.broken().is_some();
                    return Poll::Ready(Err(ReceiveError::Engine(error.into())));
                }
            }
        }
    }
}

/// What stands from this position on, waiting for at least one; nothing at the end.
async fn fetch_from<J: Run>(channel: Arc<Channel<J>>, from: i64) -> Result<Vec<Entry>, StoreError> {
    let local = &channel.local;
    let (job, window) = (local.job, local.window);
    loop {
        let mut publication = std::pin::pin!(local.publication.notified());
        publication.as_mut().enable();
        if let Some(fault) = local.broken() {
            return Err(fault);
        }
        // Asked before reading: what is sent before the end is read.
        let is_silent = local.is_silent.load(Ordering::Acquire);
        let published = local.published.load(Ordering::Acquire);
        if is_silent || published > from {
            let mut entries = channel.store.reader.ask(move |store| responses::read(store, job, from, window)).await?;
            // What stands behind that may not be on the disk yet.
            entries.retain(|entry| is_silent || entry.next() <= published);
            if is_silent || !entries.is_empty() {
                return Ok(entries);
            }
        }
        publication.await;
    }
}

impl<J: Run> McReceive for Listener<J> {
    type Message = Response<J>;
    type Delivery = Seen<J>;

    fn receive(&mut self) -> impl Future<Output = Result<Seen<J>, ReceiveError>> + Send {
        std::future::poll_fn(|context| self.poll_receive(context))
    }
}

/// Ends with the broadcast; lag is an item.
impl<J: Run> Stream for Listener<J> {
    type Item = Result<Seen<J>, ReceiveError>;
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.get_mut().poll_receive(context));
        Poll::Ready(match item {
            Err(ReceiveError::Closed) => None,
            other => Some(other),
        })
    }
}

impl<J: Run> Clone for Listener<J> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.channel), self.next)
    }
}

impl<J: Run> fmt::Debug for Listener<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("job", &J::NAME).field("next", &self.next).finish_non_exhaustive()
    }
}

/// A response that was read from the store: it derefs to the response.
pub struct Seen<J: Run>(Response<J>);

impl<J: Run> Deref for Seen<J> {
    type Target = Response<J>;
    fn deref(&self) -> &Response<J> {
        &self.0
    }
}

impl<J: Run> fmt::Debug for Seen<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A broadcast needs no settling: both ways of it do nothing.
impl<J: Run> Delivery for Seen<J> {
    type Message = Response<J>;
    fn message(&self) -> &Response<J> {
        self
    }
    fn ack(self) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(Ok(()))
    }
    fn nack(self, _: Return) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(Ok(()))
    }
}

//! The sending end of the request channel.

use std::fmt;

use super::channel::Channel;
use super::error::StoreError;
use super::local::State;
use super::requests::NewRequest;
use super::steps::Sent;
use super::transaction::Transaction;
use super::writer::Promise;
use crate::channel::{Acceptance, Envelope, MpSend, SendError, SendOptions, SettleError, Transact, Withdraw};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Sends requests into the store. Cheap to clone; the process's channel closes when the last sender goes.
///
/// # Cancel safety
/// A send that is dropped while its commit is under way may have been accepted. Sending the same envelope again is
/// harmless: an id is accepted once.
pub struct Sender<J: Run>(Arc<Senders<J>>);

/// All senders of a process together: with the last of them its channel closes.
struct Senders<J: Run>(Arc<Channel<J>>);

impl<J: Run> Drop for Senders<J> {
    fn drop(&mut self) {
        self.0.local.advance(State::Closed);
        self.0.look();
    }
}

/// Requests that are offered together. Each may stay with the writer for a while.
type Requests = Arc<[Arc<NewRequest>]>;

/// What became of requests that were offered.
enum Offered {
    /// So many were accepted, the first ones.
    Accepted(usize),
    Duplicate(JobId),
    Full,
    Closed,
}

impl<J: Run> Sender<J> {
    pub(super) fn new(channel: Arc<Channel<J>>) -> Self {
        Self(Arc::new(Senders(channel)))
    }

    pub(super) fn channel(&self) -> &Channel<J> {
        &self.0.0
    }

    /// Accepts no further request; those that wait are still delivered.
    pub(super) fn close(&self) {
        self.channel().local.advance(State::Closed);
        self.channel().look();
    }

    async fn offer(&self, requests: Requests, from: usize) -> Result<Offered, StoreError> {
        let local = Arc::clone(&self.channel().local);
        if requests.iter().any(|request| request.run.is_some()) {
            self.channel().store.has_runs.store(true, Ordering::Relaxed);
        }
        // Who calls waits for the answer.
        let is_call = requests.iter().all(|request| request.is_call);
        let promise = if is_call { Promise::Patient } else { Promise::Lasting };
        let offer = move |transaction: &mut Transaction<'_>| {
            let (mut accepted, mut ended) = (0, Vec::new());
            for request in requests.iter().skip(from) {
                if local.is_closed() {
                    return Ok((if accepted == 0 { Offered::Closed } else { Offered::Accepted(accepted) }, ended));
                }
                if let Some(rival) = transaction.rival_of(local.job, request)? {
                    return Ok((Offered::Duplicate(rival), ended));
                }
                if let Some(run) = request.run {
                    match transaction.begin_step(run, request.id)? {
                        Sent::Never => {}
                        before => {
                            ended.extend(before.into_end());
                            accepted += 1;
                            continue;
                        }
                    }
                }
                if !transaction.make_room(&local, request)? && !transaction.knows(request.id)? {
                    break;
                }
                if let Acceptance::Duplicate(holder) = transaction.insert_soon(local.job, request)? {
                    return Ok((Offered::Duplicate(holder), ended));
                }
                accepted += 1;
            }
            Ok((if accepted == 0 { Offered::Full } else { Offered::Accepted(accepted) }, ended))
        };
        let local = Arc::clone(&self.channel().local);
        let count = move |(offered, _): &(Offered, Vec<_>)| {
            if let Offered::Accepted(count) = offered {
                local.accepted.fetch_add(*count as u64, Ordering::Relaxed);
            }
        };
        let (offered, ended) = self.channel().store.writer.ask_and_note(offer, promise, count).await?;
        ended.into_iter().for_each(|kept| self.channel().answer_again(kept));
        Ok(offered)
    }

    /// Offers them until at least one is accepted, or none ever will be. Who is to wait stands in line behind those who do.
    async fn put(&self, requests: &Requests, from: usize, waits: bool) -> Result<Offered, StoreError> {
        let local = &self.channel().local;
        if !waits || local.in_line.load(Ordering::Acquire) == 0 {
            match self.offer(Arc::clone(requests), from).await? {
                Offered::Full if waits => {}
                other => return Ok(other),
            }
        }
        let _place = Place::take(&local.in_line);
        let _first = local.line.lock().await;
        local.room.wants(requests.get(from).map_or(0, |request| request.size()));
        loop {
            let mut room = std::pin::pin!(local.room_made.notified());
            room.as_mut().enable();
            match self.offer(Arc::clone(requests), from).await? {
                Offered::Full => room.await,
                other => return Ok(other),
            }
        }
    }
}

impl<J: Run> Sender<J> {
    /// Puts a request in, as a part of the user's transaction.
    pub(super) fn send_in(
        &self,
        user: &dyn Transact,
        message: Envelope<J>,
        options: &SendOptions,
    ) -> Result<Acceptance, SendError<Envelope<J>>> {
        let Channel { store, local, .. } = self.channel();
        if local.is_closed() {
            return Err(SendError::Closed(message));
        }
        let request = match self.channel().write(&message, options) {
            Ok(request) => request,
            Err(source) => return Err(SendError::Engine { message, source }),
        };
        let put = store.take_part(user, local.job, |transaction| {
            if let Some(rival) = transaction.rival_of(local.job, &request)? {
                return Ok(Some(Acceptance::Duplicate(rival)));
            }
            let has_room = transaction.make_room(local, &request)?;
            if has_room { transaction.insert(local.job, &request).map(Some) } else { Ok(None) }
        });
        match put {
            Ok(Some(acceptance)) => Ok(acceptance),
            Ok(None) => Err(SendError::Full(message)),
            Err(error) => Err(SendError::Engine { message, source: error.into() }),
        }
    }
}

impl<J: Run> MpSend for Sender<J> {
    type Message = Envelope<J>;

    async fn send(&self, message: Envelope<J>) -> Result<(), SendError<Envelope<J>>> {
        self.send_with(message, SendOptions::default()).await.map(drop)
    }

    /// Never accepts: what is accepted is on the disk, and that takes waiting.
    fn try_send(&self, message: Envelope<J>) -> Result<(), SendError<Envelope<J>>> {
        Err(if self.channel().local.is_closed() { SendError::Closed(message) } else { SendError::Full(message) })
    }

    fn try_send_made<F: FnOnce() -> Envelope<J>>(&self, make: F) -> Result<(), SendError<F>> {
        Err(if self.channel().local.is_closed() { SendError::Closed(make) } else { SendError::Full(make) })
    }

    async fn send_many(&self, messages: &mut Vec<Envelope<J>>) -> Result<(), SendError<()>> {
        let channel = self.channel();
        let engine = |source| SendError::Engine { message: (), source };
        let plain = SendOptions::default();
        let mut written = Vec::with_capacity(messages.len());
        let mut unwritable = None;
        for message in &*messages {
            match channel.write(message, &plain) {
                Ok(request) => written.push(Arc::new(request)),
                Err(error) => {
                    unwritable = Some(error);
                    break;
                }
            }
        }
        let (requests, mut from) = (Requests::from(written), 0);
        while from < requests.len() {
            let mut expecting = Expecting::new(channel, messages);
            let accepted = match self.put(&requests, from, channel.local.waits).await {
                Ok(Offered::Accepted(accepted)) => accepted,
                Ok(Offered::Full | Offered::Duplicate(_)) => return Err(SendError::Full(())),
                Ok(Offered::Closed) => return Err(SendError::Closed(())),
                Err(error) => return Err(engine(error.into())),
            };
            expecting.accepted(accepted);
            from += accepted;
        }
        unwritable.map_or(Ok(()), |error| Err(engine(error)))
    }

    async fn send_with(
        &self,
        message: Envelope<J>,
        options: SendOptions,
    ) -> Result<Acceptance, SendError<Envelope<J>>> {
        let channel = self.channel();
        if channel.local.is_closed() {
            return Err(SendError::Closed(message));
        }
        let request = match channel.write(&message, &options) {
            Ok(request) => request,
            Err(source) => return Err(SendError::Engine { message, source }),
        };
        let mut one = vec![message];
        let mut expecting = Expecting::new(channel, &mut one);
        let put =
            self.put(&Requests::from([Arc::new(request)]), 0, channel.local.waits && !options.refuse_if_full).await;
        if matches!(put, Ok(Offered::Accepted(_))) {
            expecting.accepted(1);
            return Ok(Acceptance::New);
        }
        drop(expecting);
        // It is there: it was not accepted.
        let Some(message) = one.pop() else { return Ok(Acceptance::New) };
        Err(match put {
            Ok(Offered::Duplicate(holder)) => return Ok(Acceptance::Duplicate(holder)),
            Ok(Offered::Closed) => SendError::Closed(message),
            Ok(_) => SendError::Full(message),
            Err(error) => SendError::Engine { message, source: error.into() },
        })
    }
}

/// Messages that are being offered, whose callers are kept where anybody can answer them. Dropped, those that were not
/// accepted get them back.
struct Expecting<'a, J: Run> {
    channel: &'a Channel<J>,
    messages: &'a mut Vec<Envelope<J>>,
}

impl<'a, J: Run> Expecting<'a, J> {
    fn new(channel: &'a Channel<J>, messages: &'a mut Vec<Envelope<J>>) -> Self {
        messages.iter_mut().for_each(|message| channel.keep_caller(message));
        Self { channel, messages }
    }

    /// The first ones were accepted.
    fn accepted(&mut self, count: usize) {
        drop(self.messages.drain(..count.min(self.messages.len())));
    }
}

impl<J: Run> Drop for Expecting<'_, J> {
    fn drop(&mut self) {
        self.messages.iter_mut().for_each(|message| self.channel.return_caller(message));
    }
}

/// A place in the line of those who wait for room.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(line: &'a AtomicUsize) -> Self {
        line.fetch_add(1, Ordering::AcqRel);
        Self(line)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<J: Run> Withdraw for Sender<J> {
    async fn withdraw(&self, id: JobId) -> Result<Option<Envelope<J>>, SettleError> {
        let job = self.channel().local.job;
        let taken = self.channel().store.writer.ask(move |transaction| transaction.withdraw(job, id)).await;
        let Some(taken) = taken.map_err(|error| SettleError::Engine(error.into()))? else { return Ok(None) };
        self.channel().read(taken).map(Some).map_err(|reason| SettleError::Engine(reason.into()))
    }
}

impl<J: Run> Clone for Sender<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J: Run> fmt::Debug for Sender<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("job", &J::NAME).finish_non_exhaustive()
    }
}

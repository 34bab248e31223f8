//! The request channel's state: what waits, who waits for it, and the rules of both.
//!
//! Fresh messages lie in chunks that a receiver takes whole, so the lock is taken once for many messages; whatever has a
//! past or a wish (returned, retried, delayed, prioritised, unique) lies aside in [`Aside`] and is taken one by one.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::aside::{Aside, Item, Past};
use super::waiters::{Awoken, Place, Waiters, wake};
use crate::channel::{Acceptance, Chunk, SendError, SendOptions};
use crate::settings::Overflow;
use crate::span::from_now;
use crate::sync::{Mutex, MutexGuard, lock};

/// Messages of one chunk: long enough to spread the cost of the lock, short enough not to keep much from an idle worker.
pub(super) const CHUNK: usize = 128;

/// Emptied chunks that are kept.
const SPARES: usize = 8;

#[derive(Debug)]
pub(super) struct Queue<M> {
    capacity: usize,
    overflow: Overflow,
    state: Mutex<State<M>>,
}

#[derive(Debug)]
pub(super) struct State<M> {
    // First in, first out: taken at the front, filled at the back. Only the last chunk grows.
    fresh: VecDeque<Chunk<M>>,
    // Messages in `fresh`.
    fresh_len: usize,
    aside: Aside<M>,
    // Emptied chunks, kept so that a steady stream allocates nothing.
    spares: Vec<Chunk<M>>,
    // Receivers that found nothing.
    idle: Waiters,
    // Senders that found no room.
    blocked: Waiters,
    receivers: usize,
    // Receivers that have fetched: they share what there is. A handle that only waits to be cloned takes no share.
    active: usize,
    closed: bool,
    // Nobody will ever receive again: what comes back is dropped, which tells its caller.
    abandoned: bool,
    // Messages ever accepted.
    accepted: u64,
}

/// What a receiver takes at once.
#[derive(Debug)]
pub(super) enum Taken<M> {
    /// Fresh messages, at least one, into the receiver's stash.
    Fresh,
    /// One message with a past. Boxed: it is rare, and what is taken is moved.
    Item(Box<Item<M>>),
    /// Nothing, ever again.
    End,
}

impl<M> Queue<M> {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        let state = State {
            fresh: VecDeque::new(),
            fresh_len: 0,
            aside: Aside::default(),
            spares: Vec::with_capacity(SPARES),
            idle: Waiters::default(),
            blocked: Waiters::default(),
            receivers: 0,
            active: 0,
            closed: false,
            abandoned: false,
            accepted: 0,
        };
        Self { capacity: capacity.max(1), overflow, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        lock(&self.state)
    }

    /// Whether a full channel makes senders wait.
    pub(super) const fn waits(&self) -> bool {
        matches!(self.overflow, Overflow::Wait)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn accepted(&self) -> u64 {
        self.lock().accepted
    }

    // ===== senders =====

    /// Accepts the message that `make` makes, if there is room. `make` runs under the lock: it only puts together.
    #[inline]
    pub(super) fn push<F: FnOnce() -> M>(&self, make: F) -> Result<(), SendError<F>> {
        let mut state = self.lock();
        if let Some(error) = state.refusal(self.capacity) {
            drop(state);
            return Err(error.map(|()| make));
        }
        state.append(make);
        let waker = state.call_receiver();
        drop(state);
        wake(waker);
        Ok(())
    }

    /// Accepts one message with its wishes, if there is room.
    pub(super) fn push_with(&self, message: M, options: &SendOptions) -> Result<Acceptance, SendError<M>> {
        let mut state = self.lock();
        if let Some(key) = &options.unique
            && let Some(holder) = state.aside.holder(&key.key)
        {
            drop(state);
            return Ok(Acceptance::Duplicate(holder));
        }
        if let Some(error) = state.refusal(self.capacity) {
            drop(state);
            return Err(error.map(|()| message));
        }
        if let Some(key) = &options.unique {
            state.aside.hold(key.key.clone(), key.id);
        }
        let item = Item { message, past: Past::of(options) };
        match options.delay {
            Some(delay) => state.aside.delay(item, from_now(delay)),
            None => state.line_up(item),
        }
        state.accepted += 1;
        let waker = state.call_receiver();
        drop(state);
        wake(waker);
        Ok(Acceptance::New)
    }

    /// Accepts the first messages, as many as there is room for, and leaves the others.
    pub(super) fn push_many(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        let mut state = self.lock();
        if let Some(error) = state.refusal(self.capacity) {
            return Err(error);
        }
        let room = (self.capacity - state.len()).min(messages.len());
        for message in messages.drain(..room) {
            state.append(|| message);
        }
        let waker = state.call_receiver();
        drop(state);
        wake(waker);
        Ok(())
    }

    /// Waits until there is room, or there never will be.
    pub(super) fn poll_room(&self, place: &mut Place, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed || state.receivers == 0 || state.len() < self.capacity {
            state.blocked.rise(place);
            return Poll::Ready(());
        }
        state.blocked.sleep(place, context);
        Poll::Pending
    }

    /// Lets the next sender in, if there is still room: called by each that got in or gave up after it was woken.
    pub(super) fn pass_room(&self, place: &mut Place) {
        let mut state = self.lock();
        state.blocked.rise(place);
        let waker = state.call_sender(self.capacity);
        drop(state);
        wake(waker);
    }

    /// Accepts nothing more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let (idle, blocked) = (state.idle.all(), state.blocked.all());
        drop(state);
        idle.wake();
        blocked.wake();
    }

    // ===== receivers =====

    /// Takes messages: at most `limit` fresh ones into the empty `stash`, and no more than this receiver's share. If there
    /// are none, the task of `context` sleeps, and the error says when the next delayed message is due. Gives too the sibling
    /// that is to be woken for the rest.
    pub(super) fn poll_take(
        &self,
        place: &mut Place,
        stash: &mut Chunk<M>,
        limit: usize,
        context: &Context<'_>,
    ) -> Result<(Taken<M>, Option<Waker>), Option<Instant>> {
        let mut state = self.lock();
        state.idle.rise(place);
        let Some(taken) = state.take(stash, limit) else {
            state.idle.sleep(place, context);
            return Err(state.aside.next_due());
        };
        // Who drains quickly wakes a sender once for much room, not often for little: a wake-up costs more than a short job.
        let drains = stash.len() >= CHUNK / 4 && state.len() > self.capacity / 2;
        let sender = if drains { None } else { state.call_sender(self.capacity) };
        let receiver = state.call_receiver();
        drop(state);
        wake(sender);
        Ok((taken, receiver))
    }

    /// Gets up without having taken anything, and passes a wake-up on.
    pub(super) fn give_up_waiting(&self, place: &mut Place) {
        let mut state = self.lock();
        state.idle.rise(place);
        // Also one that nobody had called may have watched the clock for the others.
        let waker = state.call_receiver();
        drop(state);
        wake(waker);
    }

    /// Puts fresh messages back where they were. A bare chunk: its messages count no attempt.
    pub(super) fn unfetch(&self, mut chunk: Chunk<M>) {
        // A receiver that is dropped while its first message is handled has given back the others already.
        chunk.trim();
        if chunk.is_empty() {
            return;
        }
        let mut state = self.lock();
        if state.abandoned {
            drop(state);
            return drop(chunk);
        }
        state.fresh_len += chunk.len();
        state.fresh.push_front(chunk);
        let waker = state.call_receiver();
        drop(state);
        wake(waker);
    }

    /// Puts a message back at the front, or into the future.
    pub(super) fn give_back(&self, item: Item<M>, due: Option<Instant>) {
        let mut state = self.lock();
        if state.abandoned {
            drop(state);
            return drop(item);
        }
        match due {
            Some(due) => state.aside.delay(item, due),
            None => state.aside.put_first(item),
        }
        let waker = state.call_receiver();
        drop(state);
        wake(waker);
    }

    /// Forgets the unique key of a message that ended.
    pub(super) fn release(&self, past: &Past) {
        if let Some(key) = &past.unique {
            self.lock().aside.forget(key);
        }
    }

    pub(super) fn join_receivers(&self) {
        self.lock().receivers += 1;
    }

    pub(super) fn activate(&self) {
        self.lock().active += 1;
    }

    pub(super) fn leave_receivers(&self, active: bool) {
        let mut state = self.lock();
        state.receivers -= 1;
        state.active -= usize::from(active);
        if state.receivers > 0 {
            return;
        }
        drop(state);
        // Nobody will receive again: senders and callers that wait must hear that.
        let lost = self.drain();
        if !lost.is_empty() {
            tracing::warn!(target: "job_orch", lost = lost.len(), "the last receiver left requests behind");
        }
    }

    /// Takes out the first waiting message that `wanted` picks.
    pub(super) fn withdraw(&self, wanted: impl Fn(&M) -> bool) -> Option<M> {
        let mut state = self.lock();
        let message = match state.remove_fresh(&wanted) {
            Some(message) => message,
            None => state.aside.remove(&wanted)?,
        };
        let (waker, idle) = (state.call_sender(self.capacity), state.call_to_the_end());
        drop(state);
        wake(waker);
        idle.wake();
        Some(message)
    }

    /// Takes out everything that waits, after which the channel is closed and empty for good.
    pub(super) fn drain(&self) -> Vec<M> {
        self.close();
        let mut state = self.lock();
        state.abandoned = true;
        state.fresh_len = 0;
        let fresh = std::mem::take(&mut state.fresh);
        let aside = std::mem::take(&mut state.aside);
        let idle = state.call_to_the_end();
        drop(state);
        idle.wake();
        // What was returned had been first.
        aside.into_messages().chain(fresh.into_iter().flatten()).collect()
    }
}

impl<M> State<M> {
    fn len(&self) -> usize {
        self.fresh_len + self.aside.len()
    }

    fn refusal(&self, capacity: usize) -> Option<SendError<()>> {
        if self.closed || self.receivers == 0 {
            Some(SendError::Closed(()))
        } else if self.len() >= capacity {
            Some(SendError::Full(()))
        } else {
            None
        }
    }

    #[inline]
    fn append(&mut self, make: impl FnOnce() -> M) {
        self.accepted += 1;
        self.fresh_len += 1;
        if let Some(last) = self.fresh.back_mut()
            && last.used() < CHUNK
        {
            return last.push_made(make);
        }
        let mut chunk = self.spares.pop().unwrap_or_else(|| Chunk::with_capacity(CHUNK));
        chunk.push_made(make);
        self.fresh.push_back(chunk);
    }

    /// Lines up a message with a wish. At priority 0 it stands behind the fresh ones that wait already: they line up first.
    fn line_up(&mut self, item: Item<M>) {
        if item.past.as_ref().is_none_or(|past| past.priority == 0) {
            self.fresh_len = 0;
            for message in self.fresh.drain(..).flatten() {
                self.aside.queue(Item { message, past: None });
            }
        }
        self.aside.queue(item);
    }

    fn take(&mut self, stash: &mut Chunk<M>, limit: usize) -> Option<Taken<M>> {
        if !self.aside.is_empty() {
            self.aside.wake_due(Instant::now());
            if let Some(item) = self.aside.take(self.fresh_len > 0) {
                return Some(Taken::Item(Box::new(item)));
            }
        }
        if self.fresh_len > 0 {
            let share = if self.active > 1 { 1 } else { limit };
            // A turn is one message: what stands aside counts the turns of others.
            let limit = if self.aside.is_lined_up() { 1 } else { limit };
            self.take_fresh(stash, limit.min(share));
            return Some(Taken::Fresh);
        }
        (self.closed && self.aside.is_empty()).then_some(Taken::End)
    }

    /// Fills the empty `stash`.
    fn take_fresh(&mut self, stash: &mut Chunk<M>, most: usize) {
        let Some(first) = self.fresh.front_mut() else { return };
        stash.clear();
        if first.len() > most {
            self.fresh_len -= most;
            return first.move_to(stash, most);
        }
        self.fresh_len -= first.len();
        if let Some(chunk) = self.fresh.pop_front() {
            let empty = std::mem::replace(stash, chunk);
            if empty.capacity() >= CHUNK && self.spares.len() < SPARES {
                self.spares.push(empty);
            }
        }
    }

    fn remove_fresh(&mut self, wanted: &impl Fn(&M) -> bool) -> Option<M> {
        for at in 0..self.fresh.len() {
            let chunk = &mut self.fresh[at];
            let Some(message) = chunk.remove(wanted) else { continue };
            if chunk.is_empty() {
                self.fresh.remove(at);
            }
            self.fresh_len -= 1;
            return Some(message);
        }
        None
    }

    /// The next receiver to wake, if there is something for it. Each message wakes one: a receiver that was called and does
    /// not come, because something else keeps its thread, must not hold the others up.
    fn call_receiver(&mut self) -> Option<Waker> {
        if self.fresh_len == 0 && self.aside.is_empty() {
            return None;
        }
        self.idle.first()
    }

    /// Receivers that wait for what is not there any more: of a closed and empty channel, all.
    fn call_to_the_end(&mut self) -> Awoken {
        if self.closed && self.len() == 0 { self.idle.all() } else { Awoken::default() }
    }

    /// The next sender to wake: there is room for it. It passes the rest of the room on.
    fn call_sender(&mut self, capacity: usize) -> Option<Waker> {
        if self.len() < capacity { self.blocked.first() } else { None }
    }
}

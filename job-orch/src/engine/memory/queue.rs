//! The request channel's state: what waits, who waits for it, and the rules of both.
//!
//! Fresh messages lie in chunks that a receiver takes whole, so the lock is taken once for many messages; whatever has a
//! past or a wish (returned, retried, delayed, prioritised, unique) lies aside in [`Aside`] and is taken one by one.

mod backlog;
mod receive;

use std::collections::VecDeque;

use super::aside::{Aside, Item, Past};
use super::room::{Bounded, Vacancy};
use super::shelf::Shelf;
use super::waiters::{Waiters, wake};
use crate::channel::{Acceptance, Chunk, SendError, SendOptions};
use crate::settings::Overflow;
use crate::span::from_now;
use crate::sync::{Arc, Mutex, MutexGuard, lock};

/// Messages of one chunk: long enough to spread the cost of the lock, short enough not to keep much from an idle worker.
pub(super) const CHUNK: usize = 256;

/// So few messages are moved; of more, the whole chunk.
const FEW: usize = 2;

/// Fewer messages than this are worth a little patience, if others are just being sent.
const GATHERED: usize = 6;

/// Of so many turns, one looks first at what siblings keep.
const HELP: u32 = 16;

/// Emptied chunks that are kept.
const SPARES: usize = 8;

#[derive(Debug)]
pub(super) struct Queue<M> {
    capacity: usize,
    overflow: Overflow,
    state: OwnLines<Mutex<State<M>>>,
}

/// Alone on its cache lines: threads that look at what lies beside it do not wait for those that fight for it.
#[derive(Debug)]
#[repr(align(64))]
struct OwnLines<T>(T);

// In this order, so that a sender touches two cache lines of it, the lock included: each that another thread has changed
// costs as much as a short job.
#[derive(Debug)]
#[repr(C)]
pub(super) struct State<M> {
    // The last of the fresh messages: the chunk that is being filled.
    open: Chunk<M>,
    // Messages in `full` and `open`.
    fresh_len: usize,
    receivers: u32,
    closed: bool,
    // Nobody will ever receive again: what comes back is dropped, which tells its caller.
    abandoned: bool,
    // The only receiver lies among the idle, though it is at a message.
    has_dozing: bool,
    // Messages ever accepted.
    accepted: u64,
    aside: Aside<M>,
    // Receivers that found nothing.
    idle: Waiters,
    // First in, first out: the chunks before `open`.
    full: VecDeque<Chunk<M>>,
    // Emptied chunks, kept so that a steady stream allocates nothing.
    spares: Vec<Chunk<M>>,
    // Senders that found no room.
    blocked: Waiters,
    // Receivers that share what there is: those that have fetched, and those that are known to come. A handle that only
    // waits to be cloned takes no share.
    active: usize,
    // Of these, those that have not come yet.
    expected: usize,
    // What those that have come keep for later.
    shelves: Vec<Arc<Shelf<M>>>,
    // Messages or shares that were taken, modulo its range.
    turns: u32,
}

/// What a receiver takes into: both are empty.
#[derive(Debug)]
pub(super) struct Hands<'a, M> {
    pub(super) stash: &'a mut Chunk<M>,
    pub(super) shelf: &'a Arc<Shelf<M>>,
    /// How many it wants at most.
    pub(super) limit: usize,
    /// It did not wait: what is there now came while it was busy, from another thread.
    pub(super) is_in_flow: bool,
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

/// What [`Queue::shed`] has found.
pub(super) enum Shed<M> {
    /// There is room.
    Room,
    /// Nothing may go.
    Nothing,
    /// This has made room.
    Least(M),
}

/// Leaves the queue, and wakes a receiver for what there is.
fn leave<M>(mut state: MutexGuard<'_, State<M>>) {
    let waker = state.call_receiver();
    drop(state);
    wake(waker);
}

impl<M> Queue<M> {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        let state = State {
            open: Chunk::default(),
            fresh_len: 0,
            receivers: 0,
            closed: false,
            abandoned: false,
            has_dozing: false,
            accepted: 0,
            aside: Aside::default(),
            idle: Waiters::default(),
            full: VecDeque::new(),
            spares: Vec::with_capacity(SPARES),
            blocked: Waiters::default(),
            active: 0,
            expected: 0,
            shelves: Vec::new(),
            turns: 0,
        };
        Self { capacity: capacity.max(1), overflow, state: OwnLines(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        lock(&self.state.0)
    }

    /// So many receivers will come. Nobody fetches ahead of them.
    pub(super) fn expect_receivers(&self, count: usize) {
        let mut state = self.lock();
        state.expected += count;
        state.active += count;
    }

    /// Whether a full channel makes senders wait.
    pub(super) const fn waits(&self) -> bool {
        matches!(self.overflow, Overflow::Wait)
    }

    /// Takes out what matters least, if that is what a full channel does, for a message of this priority.
    pub(super) fn shed(&self, priority: i16) -> Shed<M> {
        if self.overflow != Overflow::Shed {
            return Shed::Nothing;
        }
        let mut state = self.lock();
        if state.len() < self.capacity {
            return Shed::Room;
        }
        state.remove_least(priority).map_or(Shed::Nothing, Shed::Least)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn accepted(&self) -> u64 {
        self.lock().accepted
    }

    /// Accepts the message that `make` makes, if there is room. `make` runs under the lock: it only puts together.
    #[inline]
    pub(super) fn push<F: FnOnce() -> M>(&self, make: F) -> Result<(), SendError<F>> {
        let mut state = self.lock();
        if let Some(error) = state.refusal(self.capacity) {
            drop(state);
            return Err(error.map(|()| make));
        }
        state.append(make);
        leave(state);
        Ok(())
    }

    /// Accepts the message that `make` makes, with or without room.
    pub(super) fn push_beyond<F: FnOnce() -> M>(&self, make: F) -> Result<(), SendError<F>> {
        let mut state = self.lock();
        if state.is_closed() {
            drop(state);
            return Err(SendError::Closed(make));
        }
        state.append(make);
        leave(state);
        Ok(())
    }

    /// Accepts messages, with or without room.
    pub(super) fn push_all_beyond(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        let mut state = self.lock();
        if state.is_closed() {
            return Err(SendError::Closed(()));
        }
        state.append_many(messages, messages.len());
        leave(state);
        Ok(())
    }

    /// Accepts one message with its wishes, if there is room.
    pub(super) fn push_with(&self, message: M, options: &SendOptions) -> Result<Acceptance, SendError<M>> {
        let mut state = self.lock();
        if let Some(key) = &options.unique
            && let Some(holder) = state.aside.holder(&key.key, options.while_waiting)
        {
            drop(state);
            return Ok(Acceptance::Duplicate(holder));
        }
        if let Some(error) = state.refusal(self.capacity) {
            drop(state);
            return Err(error.map(|()| message));
        }
        if let Some(key) = &options.unique {
            state.aside.hold(key.clone());
        }
        let item = Item { message, past: Past::of(options) };
        match options.delay {
            Some(delay) => state.aside.delay(item, from_now(delay)),
            None => state.line_up(item),
        }
        state.accepted += 1;
        leave(state);
        Ok(Acceptance::New)
    }

    /// Accepts the first messages, as many as there is room for, and leaves the others.
    pub(super) fn push_many(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        let mut state = self.lock();
        if let Some(error) = state.refusal(self.capacity) {
            return Err(error);
        }
        let room = (self.capacity - state.len()).min(messages.len());
        state.append_many(messages, room);
        leave(state);
        Ok(())
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
}

impl<M> Bounded for Queue<M> {
    fn look_for_room<U>(&self, look: impl FnOnce(&mut Waiters, Vacancy) -> U) -> U {
        let mut state = self.lock();
        let vacancy = Vacancy::of(state.closed || state.receivers == 0, state.len() < self.capacity);
        look(&mut state.blocked, vacancy)
    }
}

//! The response channel's state: segments of messages, numbered without gaps, so that a receiver that missed some knows
//! exactly how many.
//!
//! Messages are published by the segment and shared, not copied: one lock and one `Arc` per segment make further receivers
//! almost free.

use std::collections::VecDeque;
use std::sync::Arc as SharedArc;
use std::task::{Context, Poll, Waker};

use super::room::{Bounded, Vacancy};
use super::waiters::{Awoken, Place, Waiters, wake, wake_elsewhere};
use crate::channel::{ReceiveError, SendError};
use crate::settings::Overflow;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard, lock};

/// Emptied segments that are kept.
const SPARES: usize = 8;

/// A receiver that takes so many at once is quick, and will be back for more.
const DRAINS: usize = 32;

/// Messages that are shared by all receivers.
pub(super) type Segment<T> = SharedArc<Vec<T>>;

#[derive(Debug)]
pub(super) struct Ring<T> {
    capacity: usize,
    overflow: Overflow,
    // `receivers` of the state, for a look without the lock: workers ask for every response.
    listened: AtomicUsize,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    segments: VecDeque<Held<T>>,
    // The number of the oldest message that can still be received.
    first: u64,
    // The number of the next message.
    next: u64,
    // Of the numbers between, those that were skipped: they take no room.
    skipped: u64,
    receivers: usize,
    closed: bool,
    // Receivers that have seen everything.
    idle: Waiters,
    // Senders that found no room.
    blocked: Waiters,
    // Emptied segments, kept so that a steady stream allocates nothing.
    spares: Vec<Segment<T>>,
}

#[derive(Debug)]
struct Held<T> {
    start: u64,
    messages: Segment<T>,
    // Receivers that have not taken it. At 0 the segment goes.
    untaken: usize,
    // Messages that were refused in its place: then there are none in it.
    skipped: u64,
}

impl<T> Held<T> {
    fn end(&self) -> u64 {
        self.start + self.messages.len() as u64 + self.skipped
    }
}

/// Part of a segment: what one receiver takes at once.
#[derive(Debug)]
pub(super) struct Slice<T> {
    pub(super) messages: Segment<T>,
    pub(super) from: usize,
}

impl<T> Ring<T> {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        let state = State {
            segments: VecDeque::new(),
            first: 0,
            next: 0,
            skipped: 0,
            receivers: 0,
            closed: false,
            idle: Waiters::default(),
            blocked: Waiters::default(),
            spares: Vec::with_capacity(SPARES),
        };
        Self { capacity: capacity.max(1), overflow, listened: AtomicUsize::new(0), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    pub(super) const fn waits(&self) -> bool {
        matches!(self.overflow, Overflow::Wait)
    }

    // ===== senders =====

    pub(super) fn has_receivers(&self) -> bool {
        self.listened.load(Ordering::Relaxed) > 0
    }

    /// Publishes the first messages, as many as there is room for, and leaves the others.
    pub(super) fn publish(&self, messages: &mut Vec<T>) -> Result<(), SendError<()>> {
        let mut state = self.lock();
        let room = state.room(messages.len(), self.capacity, self.overflow)?;
        let mut segment = state.spares.pop().unwrap_or_default();
        let Some(filled) = SharedArc::get_mut(&mut segment) else { return Ok(()) };
        if room == messages.len() {
            // The user's vector becomes the segment, and the emptied one the vector: nothing is copied.
            std::mem::swap(filled, messages);
        } else {
            filled.extend(messages.drain(..room));
        }
        let kept = if self.overflow == Overflow::DropOldest { self.capacity } else { usize::MAX };
        let gone = state.append(segment, kept);
        let wakers = state.idle.all();
        drop(state);
        // Messages that nobody will see are dropped without the lock: they are the user's.
        drop(gone);
        wakers.wake();
        Ok(())
    }

    /// Tells every receiver that it missed so many messages here.
    pub(super) fn skip(&self, missed: u64) {
        let mut state = self.lock();
        let start = state.next;
        state.next += missed;
        state.skipped += missed;
        let untaken = state.receivers;
        match state.segments.back_mut() {
            Some(last) if last.skipped > 0 && last.untaken == untaken => last.skipped += missed,
            _ => state.segments.push_back(Held { start, messages: Segment::default(), untaken, skipped: missed }),
        }
        let (gone, idle) = (state.clear(), state.idle.all());
        drop(state);
        drop(gone);
        idle.wake();
    }

    /// Keeps an emptied segment for the next messages.
    pub(super) fn recycle(&self, mut segment: Segment<T>) {
        if let Some(messages) = SharedArc::get_mut(&mut segment) {
            messages.clear();
            let mut state = self.lock();
            if state.spares.len() < SPARES {
                state.spares.push(segment);
            }
        }
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let (idle, blocked) = (state.idle.all(), state.blocked.all());
        drop(state);
        idle.wake();
        blocked.wake();
    }

    // ===== receivers =====

    /// One more receiver; the number of the first message it will see.
    pub(super) fn join_receivers(&self) -> u64 {
        let mut state = self.lock();
        state.receivers += 1;
        self.listened.store(state.receivers, Ordering::Relaxed);
        state.next
    }

    /// One more receiver, which has yet to see everything from `next` on.
    pub(super) fn join_receivers_at(&self, next: u64) {
        let mut state = self.lock();
        state.receivers += 1;
        self.listened.store(state.receivers, Ordering::Relaxed);
        // Also the one in whose middle it stands: it has yet to take the rest.
        for held in state.segments.iter_mut().filter(|held| held.end() > next) {
            held.untaken += 1;
        }
    }

    /// Takes what is left of the segment in which `next` lies.
    pub(super) fn poll_take(
        &self,
        place: &mut Place,
        next: &mut u64,
        context: &Context<'_>,
    ) -> Poll<Result<Slice<T>, ReceiveError>> {
        let mut state = self.lock();
        state.idle.rise(place);
        if *next < state.first {
            let missed = state.first - *next;
            *next = state.first;
            return Poll::Ready(Err(ReceiveError::Lagged(missed)));
        }
        if *next == state.next {
            if state.closed {
                return Poll::Ready(Err(ReceiveError::Closed));
            }
            state.idle.sleep(place, context);
            return Poll::Pending;
        }
        let taken = state.take(next);
        let gone = state.clear();
        // Who drains quickly wakes a sender once for much room: as in the request channel.
        let is_busy = matches!(&taken, Ok(slice) if slice.messages.len() >= DRAINS);
        let drains = is_busy && state.len() > self.capacity / 2;
        let waker = if drains { None } else { state.call_sender(self.capacity) };
        drop(state);
        drop(gone);
        if is_busy {
            wake_elsewhere(waker);
        } else {
            wake(waker);
        }
        Poll::Ready(taken)
    }

    pub(super) fn leave_receivers(&self, next: u64, place: &mut Place) {
        let mut state = self.lock();
        // All receivers are woken at once, so a wake-up needs no passing on.
        state.idle.rise(place);
        state.receivers -= 1;
        self.listened.store(state.receivers, Ordering::Relaxed);
        for held in state.segments.iter_mut().filter(|held| held.end() > next) {
            held.untaken = held.untaken.saturating_sub(1);
        }
        let gone = state.clear();
        let blocked = if state.receivers == 0 { state.blocked.all() } else { Awoken::default() };
        let waker = state.call_sender(self.capacity);
        drop(state);
        drop(gone);
        wake(waker);
        blocked.wake();
    }
}

impl<T> Bounded for Ring<T> {
    fn look_for_room<U>(&self, look: impl FnOnce(&mut Waiters, Vacancy) -> U) -> U {
        let mut state = self.lock();
        let vacancy = Vacancy::of(state.closed || state.receivers == 0, state.len() < self.capacity);
        look(&mut state.blocked, vacancy)
    }
}

impl<T> State<T> {
    fn len(&self) -> usize {
        usize::try_from((self.next - self.first).saturating_sub(self.skipped)).unwrap_or(usize::MAX)
    }

    fn room(&self, wanted: usize, capacity: usize, overflow: Overflow) -> Result<usize, SendError<()>> {
        if self.closed {
            return Err(SendError::Closed(()));
        }
        // Where nobody listens, and where the oldest goes, there is always room.
        if self.receivers == 0 || overflow == Overflow::DropOldest {
            return Ok(wanted.min(capacity));
        }
        match capacity.saturating_sub(self.len()) {
            0 => Err(SendError::Full(())),
            room => Ok(room.min(wanted)),
        }
    }

    /// Appends a segment, keeps so many of the latest messages, and returns the segments that nobody will take.
    fn append(&mut self, messages: Segment<T>, kept: usize) -> Vec<Segment<T>> {
        let start = self.next;
        self.next += messages.len() as u64;
        self.segments.push_back(Held { start, messages, untaken: self.receivers, skipped: 0 });
        self.first = self.first.max(self.next.saturating_sub(kept as u64));
        self.clear()
    }

    /// Takes what is left of the segment in which `next` lies, and moves `next` behind it.
    fn take(&mut self, next: &mut u64) -> Result<Slice<T>, ReceiveError> {
        let at = self.segments.partition_point(|held| held.end() <= *next);
        let Some(held) = self.segments.get_mut(at) else { return Err(ReceiveError::Closed) };
        held.untaken = held.untaken.saturating_sub(1);
        let from = usize::try_from(*next - held.start).unwrap_or(0);
        *next = held.end();
        match held.skipped {
            0 => Ok(Slice { messages: SharedArc::clone(&held.messages), from }),
            skipped => Err(ReceiveError::Lagged(skipped - from as u64)),
        }
    }

    /// Lets go of the segments at the front that everybody has taken or nobody can take any more.
    fn clear(&mut self) -> Vec<Segment<T>> {
        let mut gone = Vec::new();
        while let Some(held) = self.segments.front() {
            let end = held.end();
            if held.untaken > 0 && end > self.first {
                break;
            }
            self.first = self.first.max(end);
            self.skipped -= held.skipped;
            gone.extend(self.segments.pop_front().map(|held| held.messages));
        }
        gone
    }

    fn call_sender(&mut self, capacity: usize) -> Option<Waker> {
        if self.len() < capacity { self.blocked.first() } else { None }
    }
}

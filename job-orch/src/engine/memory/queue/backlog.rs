//! What waits in a queue, under its lock.

use std::task::Waker;

use tokio::time::Instant;

use super::super::aside::Item;
use super::super::waiters::Awoken;
use super::{CHUNK, FEW, GATHERED, HELP, Hands, SPARES, State, Taken};
use crate::channel::{Chunk, SendError};
use crate::sync::Arc;

impl<M> State<M> {
    pub(super) fn len(&self) -> usize {
        self.fresh_len + self.aside.len()
    }

    /// Whether nobody will receive what is sent now.
    pub(super) fn is_closed(&self) -> bool {
        self.closed || self.receivers == 0
    }

    pub(super) fn refusal(&self, capacity: usize) -> Option<SendError<()>> {
        if self.is_closed() {
            Some(SendError::Closed(()))
        } else if self.len() >= capacity {
            Some(SendError::Full(()))
        } else {
            None
        }
    }

    #[inline]
    pub(super) fn append(&mut self, make: impl FnOnce() -> M) {
        self.accepted += 1;
        self.fresh_len += 1;
        if self.open.is_full(CHUNK) {
            self.open_next();
        }
        self.open.push_made(make);
    }

    /// Moves the first messages here, so many.
    pub(super) fn append_many(&mut self, messages: &mut Vec<M>, count: usize) {
        self.accepted += count as u64;
        self.fresh_len += count;
        let mut left = count;
        while left > 0 {
            if self.open.is_full(CHUNK) {
                self.open_next();
            }
            let now = left.min(CHUNK - self.open.used());
            self.open.extend(messages.drain(..now));
            left -= now;
        }
    }

    /// Opens an empty chunk behind the full one.
    #[cold]
    fn open_next(&mut self) {
        let next = self.spares.pop().unwrap_or_else(|| Chunk::with_capacity(CHUNK));
        let full = std::mem::replace(&mut self.open, next);
        if !full.is_empty() {
            self.full.push_back(full);
        }
    }

    /// All fresh messages, in order.
    pub(super) fn take_all_fresh(&mut self) -> impl Iterator<Item = M> + use<M> {
        self.fresh_len = 0;
        let (full, open) = (std::mem::take(&mut self.full), std::mem::take(&mut self.open));
        full.into_iter().chain([open]).flatten()
    }

    /// Lines up a message with a wish. At priority 0 it stands behind the fresh ones that wait already: they line up first.
    pub(super) fn line_up(&mut self, item: Item<M>) {
        if item.past.as_ref().is_none_or(|past| past.priority == 0) {
            for message in self.take_all_fresh() {
                self.aside.queue(Item { message, past: None });
            }
        }
        self.aside.queue(item);
    }

    /// Whether there is something, and less than is worth taking from those who are just bringing more.
    pub(super) fn is_gathering(&self, wanted: usize) -> bool {
        self.fresh_len > 0 && self.fresh_len < GATHERED.min(wanted) && self.aside.is_empty() && !self.closed
    }

    pub(super) fn take(&mut self, hands: &mut Hands<'_, M>) -> Option<Taken<M>> {
        if !self.aside.is_empty() {
            self.aside.wake_due(Instant::now());
            if let Some(item) = self.aside.take(self.fresh_len > 0) {
                return Some(Taken::Item(Box::new(item)));
            }
        }
        if self.active <= 1 {
            return self.take_alone(hands);
        }
        // Also where fresh messages never end, somebody comes by what lies behind a job that takes long.
        self.turns = self.turns.wrapping_add(1);
        let helps = self.turns.is_multiple_of(HELP);
        if (helps && self.take_over(hands)) || self.take_share(hands) || (!helps && self.take_over(hands)) {
            // One in the hand, and the others where siblings find them.
            if hands.stash.len() > 1 {
                hands.shelf.with(|chunk| std::mem::swap(chunk, hands.stash));
                hands.shelf.take_first(hands.stash);
            }
            return Some(Taken::Fresh);
        }
        self.end()
    }

    /// Whether the only receiver took the only message.
    pub(super) fn is_drained_alone(&self, hands: &Hands<'_, M>) -> bool {
        self.active <= 1 && hands.stash.len() == 1 && self.fresh_len == 0 && self.aside.is_empty() && !self.closed
    }

    fn take_alone(&mut self, hands: &mut Hands<'_, M>) -> Option<Taken<M>> {
        if self.fresh_len > 0 {
            self.take_fresh(hands.stash, self.turn(hands.limit));
            return Some(Taken::Fresh);
        }
        // A sibling that has gone gave everything back.
        self.end()
    }

    fn end(&self) -> Option<Taken<M>> {
        (self.closed && self.aside.is_empty()).then_some(Taken::End)
    }

    /// Where something is lined up aside a turn is one message: what stands aside counts the turns of others.
    fn turn(&self, limit: usize) -> usize {
        if self.aside.is_lined_up() { 1 } else { limit }
    }

    fn take_share(&mut self, hands: &mut Hands<'_, M>) -> bool {
        let share = self.fresh_len.div_ceil(self.active).min(self.turn(hands.limit));
        self.take_fresh(hands.stash, share);
        share > 0
    }

    /// Takes from a sibling's shelf.
    fn take_over(&self, hands: &mut Hands<'_, M>) -> bool {
        self.shelves.iter().any(|shelf| !Arc::ptr_eq(shelf, hands.shelf) && shelf.share(hands.stash))
    }

    fn has_shelved(&self) -> bool {
        self.active > 1 && self.shelves.iter().any(|shelf| shelf.len() > 0)
    }

    /// Fills the empty `stash`.
    pub(super) fn take_fresh(&mut self, stash: &mut Chunk<M>, most: usize) {
        stash.clear();
        let first = self.full.front_mut().unwrap_or(&mut self.open);
        let count = first.len().min(most);
        self.fresh_len -= count;
        let is_whole = count == first.len();
        if !is_whole || count <= FEW {
            first.move_to(stash, count);
        } else {
            std::mem::swap(first, stash);
            if first.capacity() < CHUNK {
                *first = Chunk::default();
            }
        }
        if is_whole {
            // The next message will lie in the same place, which is at hand.
            first.clear();
            if let Some(spare) = self.full.pop_front()
                && self.spares.len() < SPARES
                && spare.capacity() >= CHUNK
            {
                self.spares.push(spare);
            }
        }
    }

    pub(super) fn remove_fresh(&mut self, wanted: &impl Fn(&M) -> bool) -> Option<M> {
        let removed = self.full.iter_mut().find_map(|chunk| chunk.remove(wanted));
        if let Some(message) = removed.or_else(|| self.open.remove(wanted)) {
            self.full.retain(|chunk| !chunk.is_empty());
            self.fresh_len -= 1;
            return Some(message);
        }
        self.shelves.iter().find_map(|shelf| shelf.remove(wanted))
    }

    /// Takes out the oldest of the lowest priority, which may be as high as this: of those that are ready, or else the delayed
    /// one that is due first.
    pub(super) fn remove_least(&mut self, priority: i16) -> Option<M> {
        let has_fresh = self.fresh_len > 0;
        // At priority 0 what stands aside is older.
        match self.aside.lowest() {
            Some(lowest) if !has_fresh || lowest <= 0 => {
                if lowest <= priority {
                    self.aside.remove_first_of(lowest)
                } else {
                    None
                }
            }
            _ if has_fresh => {
                if priority >= 0 {
                    self.remove_fresh(&|_| true)
                } else {
                    None
                }
            }
            _ => self.aside.remove_unready(priority),
        }
    }

    /// The next receiver to wake, if there is something for it. Each message wakes one: a receiver that was called and does
    /// not come, because something else keeps its thread, must not hold the others up.
    pub(super) fn call_receiver(&mut self) -> Option<Waker> {
        if self.idle.is_empty() || (self.fresh_len == 0 && self.aside.is_empty() && !self.has_shelved()) {
            return None;
        }
        self.idle.first()
    }

    /// Receivers that wait for what is not there any more: of a closed and empty channel, all.
    pub(super) fn call_to_the_end(&mut self) -> Awoken {
        if self.closed && self.len() == 0 { self.idle.all() } else { Awoken::default() }
    }

    /// The next sender to wake: there is room for it. It passes the rest of the room on.
    pub(super) fn call_sender(&mut self, capacity: usize) -> Option<Waker> {
        if self.len() < capacity { self.blocked.first() } else { None }
    }
}

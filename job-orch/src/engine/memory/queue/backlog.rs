//! What waits in a queue, under its lock.

use std::task::Waker;

use tokio::time::Instant;

use super::super::aside::Item;
use super::super::waiters::Awoken;
use super::{CHUNK, SPARES, State, Taken};
use crate::channel::{Chunk, SendError};

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
    pub(super) fn line_up(&mut self, item: Item<M>) {
        if item.past.as_ref().is_none_or(|past| past.priority == 0) {
            self.fresh_len = 0;
            for message in self.fresh.drain(..).flatten() {
                self.aside.queue(Item { message, past: None });
            }
        }
        self.aside.queue(item);
    }

    pub(super) fn take(&mut self, stash: &mut Chunk<M>, limit: usize) -> Option<Taken<M>> {
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
    pub(super) fn take_fresh(&mut self, stash: &mut Chunk<M>, most: usize) {
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

    pub(super) fn remove_fresh(&mut self, wanted: &impl Fn(&M) -> bool) -> Option<M> {
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
    pub(super) fn call_receiver(&mut self) -> Option<Waker> {
        if self.fresh_len == 0 && self.aside.is_empty() {
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

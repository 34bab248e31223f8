//! What receivers do with a queue: take, give back, come and go.

use std::task::{Context, Waker};

use tokio::time::Instant;

use super::super::aside::{Item, Past};
use super::super::shelf::Shelf;
use super::super::waiters::{Awoken, Place, wake, wake_elsewhere};
use super::{CHUNK, Hands, Queue, Taken, leave};
use crate::channel::Chunk;
use crate::sync::Arc;

impl<M> Queue<M> {
    /// Takes messages: as many fresh ones as it wants, and no more than this receiver's share. If there are none, the task of `context` sleeps, and the error says when the next delayed message is due. Gives too the sibling
    /// that is to be woken for the rest. A receiver that was woken for the only message there is sleeps already then.
    pub(in crate::engine::memory) fn poll_take(
        &self,
        place: &mut Place,
        mut hands: Hands<'_, M>,
        context: &Context<'_>,
    ) -> Result<(Taken<M>, Option<Waker>), Option<Instant>> {
        let mut state = hands.patience.lock(&self.state.0);
        if hands.is_in_flow && state.is_gathering(hands.limit) {
            drop(state);
            hands.patience.wait();
            state = self.lock();
        }
        hands.patience.judge(state.fresh_len);
        state.idle.rise(place);
        state.has_dozing = false;
        let Some(taken) = state.take(&mut hands) else {
            state.idle.sleep(place, context);
            return Err(state.aside.next_due());
        };
        // Who drains quickly wakes a sender once for much room, not often for little: a wake-up costs more than a short job.
        let is_busy = hands.stash.len() + hands.shelf.len() >= CHUNK / 4;
        let drains = is_busy && state.len() > self.capacity / 2;
        let sender = if drains { None } else { state.call_sender(self.capacity) };
        let receiver = state.call_receiver();
        if !hands.is_in_flow && state.is_drained_alone(&hands) {
            state.idle.sleep(place, context);
            state.has_dozing = true;
        }
        drop(state);
        if is_busy {
            wake_elsewhere(sender);
        } else {
            wake(sender);
        }
        Ok((taken, receiver))
    }

    /// Gets up without having taken anything, and passes a wake-up on.
    pub(in crate::engine::memory) fn give_up_waiting(&self, place: &mut Place) {
        let mut state = self.lock();
        state.idle.rise(place);
        // Also one that nobody had called may have watched the clock for the others.
        leave(state);
    }

    /// Puts fresh messages back where they were. A bare chunk: its messages count no attempt.
    pub(in crate::engine::memory) fn unfetch(&self, chunk: Chunk<M>) {
        if chunk.is_empty() {
            return;
        }
        let mut state = self.lock();
        if state.abandoned {
            drop(state);
            return drop(chunk);
        }
        state.fresh_len += chunk.len();
        state.full.push_front(chunk);
        leave(state);
    }

    /// Puts a message back at the front, or into the future.
    pub(in crate::engine::memory) fn give_back(&self, item: Item<M>, due: Option<Instant>) {
        let mut state = self.lock();
        if state.abandoned {
            drop(state);
            return drop(item);
        }
        match due {
            Some(due) => state.aside.delay(item, due),
            None => state.aside.put_first(item),
        }
        leave(state);
    }

    /// Forgets the unique key of a message that ended.
    pub(in crate::engine::memory) fn release(&self, past: &Past) {
        if let Some(key) = &past.unique {
            self.lock().aside.forget(key);
        }
    }

    pub(in crate::engine::memory) fn join_receivers(&self) {
        self.lock().receivers += 1;
    }

    /// A receiver fetches for the first time.
    pub(in crate::engine::memory) fn activate(&self, shelf: &Arc<Shelf<M>>) {
        let mut state = self.lock();
        state.shelves.push(Arc::clone(shelf));
        // One that dozes over its message is no idle one, and may keep nothing from a sibling.
        let dozing = if std::mem::take(&mut state.has_dozing) { state.idle.all() } else { Awoken::default() };
        if state.expected > 0 {
            state.expected -= 1;
        } else {
            state.active += 1;
        }
        drop(state);
        dozing.wake();
    }

    /// A receiver goes, and has given back what it had fetched. It has a shelf here if it ever fetched.
    pub(in crate::engine::memory) fn leave_receivers(&self, shelf: Option<&Arc<Shelf<M>>>) {
        let mut state = self.lock();
        state.receivers -= 1;
        if let Some(shelf) = shelf {
            state.active -= 1;
            state.shelves.retain(|other| !Arc::ptr_eq(other, shelf));
        }
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
    pub(in crate::engine::memory) fn withdraw(&self, wanted: impl Fn(&M) -> bool) -> Option<M> {
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
    pub(in crate::engine::memory) fn drain(&self) -> Vec<M> {
        self.close();
        let mut state = self.lock();
        state.abandoned = true;
        let fresh = state.take_all_fresh();
        let aside = std::mem::take(&mut state.aside);
        let idle = state.call_to_the_end();
        drop(state);
        idle.wake();
        // What was returned had been first.
        aside.into_messages().chain(fresh).collect()
    }
}

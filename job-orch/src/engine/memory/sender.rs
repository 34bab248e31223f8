//! The sending end of the request channel.

use std::fmt;

use super::graveyard::Graveyard;
use super::queue::Queue;
use super::request::Channel;
use super::room::Room;
use crate::channel::{Acceptance, MpSend, SendError, SendOptions};
use crate::sync::Arc;

/// Sends requests. Cheap to clone; the channel closes when the last sender goes.
pub struct Sender<M>(Arc<Senders<M>>);

/// All senders of a channel together: with the last of them the channel closes.
#[derive(Debug)]
struct Senders<M>(Arc<Channel<M>>);

impl<M> Drop for Senders<M> {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl<M> Sender<M> {
    pub(super) fn new(channel: Arc<Channel<M>>) -> Self {
        Self(Arc::new(Senders(channel)))
    }

    pub(super) fn queue(&self) -> &Queue<M> {
        &self.0.0.queue
    }

    pub(super) fn graveyard(&self) -> &Graveyard<M> {
        &self.0.0.graveyard
    }

    /// Accepts no further request; those that wait are still delivered.
    pub fn close(&self) {
        self.queue().close();
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue().len()
    }

    /// How many requests were ever accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.queue().accepted()
    }

    /// Closes the channel and takes out everything that waits.
    #[must_use = "these requests were accepted"]
    pub fn drain(&self) -> Vec<M> {
        self.queue().drain()
    }

    /// Takes out the first waiting request that `wanted` picks. `wanted` runs under the channel's lock: it must be short
    /// and must not use the channel.
    pub fn withdraw_where(&self, wanted: impl Fn(&M) -> bool) -> Option<M> {
        self.queue().withdraw(wanted)
    }
}

impl<M> Clone for Sender<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Sender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl<M: Send + 'static> MpSend for Sender<M> {
    type Message = M;

    async fn send(&self, message: M) -> Result<(), SendError<M>> {
        let mut message = message;
        let mut room = Room::new(self.queue());
        loop {
            match self.try_send(message) {
                Err(SendError::Full(full)) if self.queue().waits() => message = full,
                other => return other,
            }
            (&mut room).await;
        }
    }

    fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        self.try_send_made(|| message).map_err(|error| error.map(|make| make()))
    }

    #[inline]
    fn try_send_made<F: FnOnce() -> M>(&self, make: F) -> Result<(), SendError<F>> {
        let mut make = make;
        loop {
            match self.queue().push(make) {
                Err(SendError::Full(full)) if self.0.0.shed(0) => make = full,
                other => return other,
            }
        }
    }

    #[inline]
    fn forward<F: FnOnce() -> M>(&self, make: F) -> Result<(), SendError<F>> {
        self.queue().push_beyond(make)
    }

    fn forward_many(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        self.queue().push_all_beyond(messages)
    }

    async fn send_many(&self, messages: &mut Vec<M>) -> Result<(), SendError<()>> {
        let mut room = Room::new(self.queue());
        while !messages.is_empty() {
            match self.queue().push_many(messages) {
                Err(SendError::Full(())) if self.0.0.shed(0) => {}
                Err(SendError::Full(())) if self.queue().waits() => (&mut room).await,
                other => other?,
            }
        }
        Ok(())
    }

    async fn send_with(&self, message: M, options: SendOptions) -> Result<Acceptance, SendError<M>> {
        if options.unique_for.is_some() || options.even_dead {
            return Err(SendError::Unsupported { message, capability: "remember unique keys" });
        }
        let mut message = message;
        let mut room = Room::new(self.queue());
        loop {
            match self.queue().push_with(message, &options) {
                Err(SendError::Full(full)) if self.0.0.shed(options.priority) => {
                    message = full;
                    continue;
                }
                Err(SendError::Full(full)) if self.queue().waits() && !options.refuse_if_full => message = full,
                other => return other,
            }
            (&mut room).await;
        }
    }
}

//! The sending end of the response channel: [`Broadcast`].

use std::fmt;

use super::listener::Listener;
use super::ring::Ring;
use super::room::Room;
use crate::channel::{MpSend, SendError};
use crate::settings::Overflow;
use crate::sync::Arc;

/// A broadcast in memory: every listener sees every message that is sent after it came, or is told how many it missed.
///
/// `capacity` counts the messages that some listener has yet to take; at least 1. `overflow` is what a full channel does:
/// the sender waits, the oldest message goes, or the new one is refused.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::{McReceive, MpSend, ReceiveError};
/// use job_orch::engine::memory::responses;
/// use job_orch::settings::Overflow;
///
/// let (sender, mut listener) = responses(2, Overflow::DropOldest);
/// for n in 0..5 {
///     sender.send(n).await.unwrap();
/// }
/// assert!(matches!(listener.receive().await, Err(ReceiveError::Lagged(3))));
/// assert_eq!(*listener.receive().await.unwrap(), 3);
/// # }
/// ```
#[must_use]
pub fn responses<T: Send + Sync + 'static>(capacity: usize, overflow: Overflow) -> (Broadcast<T>, Listener<T>) {
    let ring = Arc::new(Ring::new(capacity, overflow));
    (Broadcast(Arc::new(Senders(Arc::clone(&ring)))), Listener::join(ring))
}

/// Sends responses. Cheap to clone; the channel closes when the last sender goes.
pub struct Broadcast<T>(Arc<Senders<T>>);

/// All senders of a broadcast together: with the last of them it ends.
#[derive(Debug)]
struct Senders<T>(Arc<Ring<T>>);

impl<T> Drop for Senders<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Broadcast<T> {
    fn ring(&self) -> &Arc<Ring<T>> {
        &self.0.0
    }
}

impl<T: Send + Sync + 'static> Broadcast<T> {
    /// One more listener: it sees every message from now on.
    #[must_use]
    pub fn listen(&self) -> Listener<T> {
        Listener::join(Arc::clone(self.ring()))
    }

    /// Ends the broadcast: listeners see what was sent, and then the end.
    pub fn close(&self) {
        self.ring().close();
    }
}

impl<T> Clone for Broadcast<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("listened", &self.ring().has_receivers()).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> MpSend for Broadcast<T> {
    type Message = T;

    async fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut one = vec![message];
        match self.send_many(&mut one).await {
            Ok(()) => Ok(()),
            Err(error) => match one.pop() {
                Some(message) => Err(error.map(|()| message)),
                None => Ok(()),
            },
        }
    }

    fn try_send(&self, message: T) -> Result<(), SendError<T>> {
        let mut one = vec![message];
        match (self.ring().publish(&mut one), one.pop()) {
            (Err(error), Some(message)) => Err(error.map(|()| message)),
            (Ok(()), Some(message)) => Err(SendError::Full(message)),
            (_, None) => Ok(()),
        }
    }

    async fn send_many(&self, messages: &mut Vec<T>) -> Result<(), SendError<()>> {
        let mut room = Room::new(&**self.ring());
        while !messages.is_empty() {
            match self.ring().publish(messages) {
                Err(SendError::Full(())) if self.ring().waits() => (&mut room).await,
                other => other?,
            }
        }
        Ok(())
    }

    fn skip(&self, missed: u64) {
        self.ring().skip(missed);
    }

    fn has_receivers(&self) -> bool {
        self.ring().has_receivers()
    }
}

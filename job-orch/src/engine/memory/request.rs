//! The request channel: a queue with its dead letters, and both its ends.

use std::fmt;

use super::graveyard::Graveyard;
use super::queue::{Queue, Shed};
use super::receiver::Receiver;
use super::sender::Sender;
use crate::outcome::{Failure, FailureKind};
use crate::settings::Overflow;
use crate::sync::Arc;

/// A bounded channel in memory with competing consumers: what it holds is lost with the process.
///
/// `capacity` counts what waits, the delayed and the retried included; at least 1. `overflow` is what a full channel does:
/// [`Overflow::Wait`], [`Overflow::Refuse`] or [`Overflow::Shed`]; an accepted request is never dropped, so [`Overflow::DropOldest`] refuses.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use job_orch::channel::{Delivery, McReceive, MpSend};
/// use job_orch::engine::memory::requests;
/// use job_orch::settings::Overflow;
///
/// let (sender, mut receiver) = requests(16, Overflow::Wait);
/// sender.send("hello").await.unwrap();
/// let delivery = receiver.receive().await.unwrap();
/// assert_eq!(*delivery.message(), "hello");
/// delivery.ack().await.unwrap();
/// # }
/// ```
#[must_use]
pub fn requests<M: Send + 'static>(capacity: usize, overflow: Overflow) -> (Sender<M>, Receiver<M>) {
    open(capacity, overflow, |_| ())
}

/// The same, where `mourn` tells whoever has to know of a request that made room for another one.
pub(super) fn open<M: Send + 'static>(
    capacity: usize,
    overflow: Overflow,
    mourn: impl Fn(&mut M) + Send + Sync + 'static,
) -> (Sender<M>, Receiver<M>) {
    let (queue, graveyard) = (Queue::new(capacity, overflow), Graveyard::default());
    let channel = Arc::new(Channel { queue, graveyard, mourn: Box::new(mourn) });
    channel.queue.join_receivers();
    (Sender::new(Arc::clone(&channel)), Receiver::new(channel))
}

pub(super) struct Channel<M> {
    pub(super) queue: Queue<M>,
    pub(super) graveyard: Graveyard<M>,
    // Of a request that was shed, before it is buried.
    mourn: Box<dyn Fn(&mut M) + Send + Sync>,
}

impl<M> Channel<M> {
    /// Buries what matters least, if the channel sheds, for a request of this priority. Says whether there is room then.
    #[cold]
    pub(super) fn shed(&self, priority: i16) -> bool {
        match self.queue.shed(priority) {
            Shed::Nothing => false,
            // A receiver was there meanwhile.
            Shed::Room => true,
            Shed::Least(mut shed) => {
                (self.mourn)(&mut shed);
                self.graveyard.bury(shed, reason());
                true
            }
        }
    }
}

/// Why a request is dead that was shed.
pub(super) fn reason() -> Failure {
    Failure::new(FailureKind::Shed, "it made room for another request in its full channel", 0)
}

impl<M> fmt::Debug for Channel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

//! The request channel: a queue with its dead letters, and both its ends.

use super::graveyard::Graveyard;
use super::queue::Queue;
use super::receiver::Receiver;
use super::sender::Sender;
use crate::settings::Overflow;
use crate::sync::Arc;

/// A bounded channel in memory with competing consumers: what it holds is lost with the process.
///
/// `capacity` counts what waits, the delayed and the retried included; at least 1. `overflow` is what a full channel does:
/// [`Overflow::Wait`] or [`Overflow::Refuse`]; an accepted request is never dropped, so [`Overflow::DropOldest`] refuses.
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
    let channel = Arc::new(Channel { queue: Queue::new(capacity, overflow), graveyard: Graveyard::default() });
    channel.queue.join_receivers();
    (Sender::new(Arc::clone(&channel)), Receiver::new(channel))
}

#[derive(Debug)]
pub(super) struct Channel<M> {
    pub(super) queue: Queue<M>,
    pub(super) graveyard: Graveyard<M>,
}

//! The receiving end of the request channel.

use std::fmt;

use super::channel::Channel;
use super::lease::Lease;
use crate::channel::{Envelope, McReceive, ReceiveError};
use crate::job::Run;
use crate::sync::Arc;

/// Receives requests, in competition with its clones and with other processes.
pub struct Receiver<J: Run>(Arc<Channel<J>>);

impl<J: Run> Receiver<J> {
    pub(super) const fn new(channel: Arc<Channel<J>>) -> Self {
        Self(channel)
    }
}

impl<J: Run> McReceive for Receiver<J> {
    type Message = Envelope<J>;
    type Delivery = Lease<J>;

    async fn receive(&mut self) -> Result<Lease<J>, ReceiveError> {
        tokio::task::coop::consume_budget().await;
        loop {
            let claimed = self.0.claim().await?;
            // What cannot be read is a dead letter now; the next one may be better.
            if let Some(lease) = Lease::open(claimed, &self.0) {
                return Ok(lease);
            }
        }
    }
}

impl<J: Run> Clone for Receiver<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J: Run> fmt::Debug for Receiver<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("job", &J::NAME).finish_non_exhaustive()
    }
}

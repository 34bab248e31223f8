//! The receiving end.

use std::fmt;

use super::faults::Point;
use super::held::Held;
use super::sender::INJECTED;
use super::{Inner, Link};
use crate::channel::{Channels, Envelope, McReceive, ReceiveError};
use crate::engine::memory::{self, MemoryChannels};
use crate::engine::sqlite::{self, SqliteChannels};
use crate::job::Run;
use crate::sync::Arc;

/// Receives requests as its gate lets them through.
pub struct RigReceiver<J: Run> {
    inner: Inner<memory::Receiver<Envelope<J>>, sqlite::Receiver<J>>,
    broadcast: Option<memory::Broadcast<crate::channel::Response<J>>>,
    link: Arc<Link<J>>,
}

impl<J: Run> RigReceiver<J> {
    pub(super) fn new(channels: &Inner<MemoryChannels<J>, SqliteChannels<J>>, link: &Arc<Link<J>>) -> Self {
        let (inner, broadcast) = match channels {
            Inner::Memory(channels) => (Inner::Memory(channels.request_receiver()), Some(channels.response_sender())),
            Inner::Sqlite(channels) => (Inner::Sqlite(channels.request_receiver()), None),
        };
        Self { inner, broadcast, link: Arc::clone(link) }
    }

    async fn receive_any(&mut self) -> Result<Inner<memory::Lease<Envelope<J>>, sqlite::Lease<J>>, ReceiveError> {
        match &mut self.inner {
            Inner::Memory(receiver) => receiver.receive().await.map(Inner::Memory),
            Inner::Sqlite(receiver) => receiver.receive().await.map(Inner::Sqlite),
        }
    }
}

impl<J: Run> McReceive for RigReceiver<J> {
    type Message = Envelope<J>;
    type Delivery = Held<J>;

    async fn receive(&mut self) -> Result<Held<J>, ReceiveError> {
        let link = Arc::clone(&self.link);
        let gate = &link.rig.gate;
        loop {
            gate.until(J::NAME, true).await;
            let received = tokio::select! {
                biased;
                () = gate.until(J::NAME, false) => continue,
                received = self.receive_any() => received?,
            };
            // Another may have had the last pass. What is dropped goes back to its place.
            if !gate.pass(J::NAME) {
                continue;
            }
            if link.rig.faults.strike(J::NAME, Point::Receive) {
                return Err(ReceiveError::Engine(INJECTED.into()));
            }
            return Ok(Held::new(received, self.broadcast.clone(), Arc::clone(&link)));
        }
    }
}

impl<J: Run> Clone for RigReceiver<J> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), broadcast: self.broadcast.clone(), link: Arc::clone(&self.link) }
    }
}

impl<J: Run> fmt::Debug for RigReceiver<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RigReceiver").field("job", &J::NAME).finish_non_exhaustive()
    }
}

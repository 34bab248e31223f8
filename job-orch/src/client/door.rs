//! How a flow puts requests into the channel of a hosted job.

use std::future::Future;

use super::Client;
use crate::channel::ticket::Asked;
use crate::channel::{Envelope, MpSend, SendError};
use crate::engine::Engine;
use crate::id::JobId;
use crate::job::Run;

/// A hosted job whose engine is forgotten: flows put requests in, and never wait. How many they have in flight is bounded by
/// their own windows.
pub(crate) trait Door<J: Run>: Send + Sync {
    /// Puts one request in.
    fn forward(&self, request: J::Request, asked: Asked<J>);
    /// Puts requests in, in order.
    fn forward_many(&self, requests: &mut Vec<Envelope<J>>);
}

impl<J: Run, E: Engine> Door<J> for Client<J, E> {
    fn forward(&self, request: J::Request, asked: Asked<J>) {
        let id = JobId::new();
        // A channel that is closed drops the envelope, which tells the flow.
        if let Err(SendError::Full(make)) = self.requests.forward(move || Envelope::calling(id, request, asked)) {
            let (requests, envelope) = (self.requests.clone(), make());
            self.aside(async move { drop(requests.send(envelope).await) });
        }
    }

    fn forward_many(&self, envelopes: &mut Vec<Envelope<J>>) {
        if let Err(SendError::Full(())) = self.requests.forward_many(envelopes) {
            let (requests, mut rest) = (self.requests.clone(), std::mem::take(envelopes));
            self.aside(async move { drop(requests.send_many(&mut rest).await) });
        }
        envelopes.clear();
    }
}

impl<J: Run, E: Engine> Client<J, E> {
    /// Waits for the room that a channel without a way for flows asks for, beside the worker that forwards.
    fn aside(&self, sending: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(sending));
    }
}

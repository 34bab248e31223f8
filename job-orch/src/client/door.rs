//! How a flow puts requests into the channel of a hosted job.

use std::future::Future;

use super::Client;
use crate::cache::{Found, Keep};
use crate::channel::ticket::Asked;
use crate::channel::{Envelope, MpSend, SendError};
use crate::engine::Engine;
use crate::job::Run;
use crate::outcome::CallError;
use crate::panics::guarded;

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
        let id = asked.request_id();
        if self.service.has_archive() {
            return self.forward_unless_kept(vec![Envelope::calling(id, request, asked)]);
        }
        if let Some(keep) = &self.service.keep {
            let Some(envelope) = self.missed(&**keep, Envelope::calling(id, request, asked)) else { return };
            return self.put(move || envelope);
        }
        self.put(move || Envelope::calling(id, request, asked));
    }

    fn forward_many(&self, envelopes: &mut Vec<Envelope<J>>) {
        if self.service.has_archive() {
            return self.forward_unless_kept(std::mem::take(envelopes));
        }
        if let Some(keep) = &self.service.keep {
            let missed = envelopes.drain(..).filter_map(|envelope| self.missed(&**keep, envelope)).collect();
            *envelopes = missed;
        }
        if let Err(SendError::Full(())) = self.requests.forward_many(envelopes) {
            let (requests, mut rest) = (self.requests.clone(), std::mem::take(envelopes));
            self.aside(async move { drop(requests.send_many(&mut rest).await) });
        }
        envelopes.clear();
    }
}

impl<J: Run, E: Engine> Client<J, E> {
    /// Answers a request from the cache, before any channel. Gives back one for which there is nothing.
    fn missed(&self, keep: &dyn Keep<J>, envelope: Envelope<J>) -> Option<Envelope<J>> {
        let job = J::NAME;
        // Hashing and comparing keys is the user's code, and this may be the worker of another job.
        match guarded(|| keep.find(envelope.request())) {
            Ok(Found::Missing) => return Some(envelope),
            Ok(Found::Fresh(outcome)) => {
                envelope.answer(outcome.map_err(|error| CallError::Failed { job, error, attempts: 1 }));
            }
            Ok(Found::Stale(response)) => {
                envelope.answer(Ok(response));
                self.refresh(envelope.into_request());
            }
            Err(message) => envelope.answer(Err(CallError::Panicked { job, message, attempts: 1 })),
        }
        None
    }

    /// Answers requests from the cache in the engine's store, which takes waiting. Gives back those for which there is nothing.
    pub(super) async fn missed_in_archive(&self, envelopes: Vec<Envelope<J>>) -> Vec<Envelope<J>> {
        let Some(archive) = self.service.keep.as_ref().and_then(|keep| keep.archive()) else { return envelopes };
        let found = archive.look_up(envelopes.iter().map(Envelope::request));
        let found = found.await;
        let mut missed = Vec::new();
        for (envelope, found) in envelopes.into_iter().zip(found) {
            match found {
                Found::Missing => missed.push(envelope),
                Found::Fresh(outcome) => {
                    let failed = |error| CallError::Failed { job: J::NAME, error, attempts: 1 };
                    envelope.answer(outcome.map_err(failed));
                }
                Found::Stale(response) => {
                    envelope.answer(Ok(response));
                    self.refresh(envelope.into_request());
                }
            }
        }
        missed
    }

    /// Puts requests in that no cache in the engine's store answers.
    fn forward_unless_kept(&self, envelopes: Vec<Envelope<J>>) {
        let client = self.clone();
        self.aside(async move {
            let mut missed = client.missed_in_archive(envelopes).await;
            drop(client.requests.send_many(&mut missed).await);
        });
    }

    #[inline]
    fn put(&self, make: impl FnOnce() -> Envelope<J>) {
        // A channel that is closed drops the envelope, which tells the flow.
        if let Err(SendError::Full(make)) = self.requests.forward(make) {
            let (requests, envelope) = (self.requests.clone(), make());
            self.aside(async move { drop(requests.send(envelope).await) });
        }
    }

    /// Waits for the room that a channel without a way for flows asks for, beside the worker that forwards.
    fn aside(&self, sending: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(sending));
    }
}

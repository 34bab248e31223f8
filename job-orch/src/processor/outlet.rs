//! Where a worker's responses go: the caller's slot, and the broadcast.

use crate::channel::onward::Deferred;
use crate::channel::{Channels, Envelope, MpSend, Response, SendError};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::Failure;

use super::counters::Tally;
use super::service::Service;

/// So many answers that go on together, or responses that are published, are worth the thread of another.
const MANY: usize = 192;

/// The most responses that a worker collects before it publishes them: waking those who listen costs more than a short job.
const ROOM: usize = 512;

pub(super) struct Outlet<J: Run, C: Channels<J>> {
    responses: C::ResponseSender,
    // Not yet published: at most as many as the worker had fetched requests ahead.
    outbox: Vec<Response<J>>,
    // How many should not wait for more: no more than the channel holds.
    room: usize,
    // Not yet gone on in their flows: of one fetch.
    deferred: Deferred<J>,
    // Many have gone on together, or were published, since somebody asked.
    many_went_on: bool,
}

impl<J: Run, C: Channels<J>> Outlet<J, C> {
    pub(super) fn new(responses: C::ResponseSender, capacity: usize) -> Self {
        Self {
            responses,
            outbox: Vec::new(),
            room: capacity.clamp(1, ROOM),
            deferred: Deferred::new(),
            many_went_on: false,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether so much waits to be published that it should not wait for more.
    pub(super) const fn is_full(&self) -> bool {
        self.outbox.len() >= self.room
    }

    /// Answers the caller, if there is one, and puts the response into the outbox, if anybody listens.
    #[inline]
    pub(super) fn respond(&mut self, envelope: &Envelope<J>, response: J::Response, service: &Service<J, C>) {
        if let Some(response) = self.share(envelope, response, service) {
            envelope.respond(response);
        }
    }

    /// The same for a request of a flow: the answers to several may go on together.
    #[inline]
    pub(super) fn respond_in_flow(
        &mut self,
        envelope: &mut Envelope<J>,
        response: J::Response,
        service: &Service<J, C>,
    ) {
        if let Some(response) = self.share(envelope, response, service) {
            envelope.respond_or_defer(response, &mut self.deferred);
        }
    }

    /// Puts the response, or a copy if somebody is to be answered, into the outbox, if anybody listens. Gives back what is to be
    /// answered.
    #[inline]
    fn share(&mut self, envelope: &Envelope<J>, response: J::Response, service: &Service<J, C>) -> Option<J::Response> {
        if !self.responses.has_receivers() {
            return Some(response);
        }
        let id = envelope.id();
        if self.outbox.capacity() == 0 {
            self.outbox.reserve(self.room);
        }
        if !envelope.has_caller() {
            self.outbox.push(Response::new(id, Ok(response)));
            return None;
        }
        let copy = service.copy(&response);
        self.outbox.extend(copy.map(|copy| Response::new(id, Ok(copy))));
        Some(response)
    }

    /// From now on, answers to flows wait for each other until [`go_on`](Outlet::go_on).
    pub(super) const fn defer(&mut self) {
        self.deferred.set(true);
    }

    /// Answers to flows that have waited go on, and later ones do at once.
    #[inline]
    pub(super) fn go_on(&mut self) {
        self.deferred.set(false);
        if !self.deferred.is_empty() {
            self.many_went_on |= self.deferred.len() >= MANY;
            self.deferred.go_on();
        }
    }

    /// Whether many answers went on together, or were published, since the last time: whom they woke has as much to do.
    pub(super) const fn many_went_on(&mut self) -> bool {
        std::mem::replace(&mut self.many_went_on, false)
    }

    /// Puts a failure into the outbox, if anybody listens.
    pub(super) fn report(&mut self, id: JobId, reason: &Failure) {
        if self.responses.has_receivers() {
            self.outbox.push(Response::new(id, Err(reason.clone())));
        }
    }

    /// Publishes the outbox.
    pub(super) async fn flush(&mut self, tally: &Tally) {
        if !self.outbox.is_empty() {
            tally.refused_responses.add(self.publish().await);
        }
    }

    /// Publishes the outbox; returns how many responses a full channel refused.
    pub(super) async fn publish(&mut self) -> u64 {
        self.many_went_on |= self.outbox.len() >= MANY;
        let Err(error) = self.responses.send_many(&mut self.outbox).await else { return 0 };
        let left = self.outbox.len() as u64;
        self.outbox.clear();
        // That nobody listens any more is the end of a broadcast, not a fault.
        if matches!(error, SendError::Closed(())) {
            return 0;
        }
        self.responses.skip(left);
        tracing::warn!(target: "job_orch", { job.name = J::NAME, left, %error }, "responses could not be published");
        left
    }
}

impl<J: Run, C: Channels<J>> Drop for Outlet<J, C> {
    fn drop(&mut self) {
        if !self.outbox.is_empty() {
            let lost = self.outbox.len();
            self.responses.skip(lost as u64);
            tracing::warn!(target: "job_orch", { job.name = J::NAME, lost }, "a worker was stopped before it could publish");
        }
    }
}

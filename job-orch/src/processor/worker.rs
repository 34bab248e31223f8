//! The worker loop: receive, look the answer up, run, respond, settle.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::attempt::{End, Guarded, Limits, guarded};
use super::counters::Tally;
use super::flights::Boarding;
use super::running::Stop;
use super::service::{DeliveryOf, Service};
use crate::channel::{Channels, Delivery, Envelope, McReceive, MpSend, ReceiveError, Response, Return, SendError};
use crate::context::Context;
use crate::id::random_unit;
use crate::job::Run;
use crate::outcome::CallError;
use crate::sync::Arc;

/// How long a worker waits after a fault of its engine, and a parked request for room.
const PAUSE: Duration = Duration::from_millis(100);

/// A response of the job, or why there is none.
pub(super) type Ended<J> = Result<<J as Run>::Response, CallError<<J as Run>::Error>>;

/// One worker of a job.
pub(crate) struct Worker<J: Run, C: Channels<J>> {
    pub(super) service: Arc<Service<J, C>>,
    pub(super) requests: C::RequestReceiver,
    pub(super) responses: C::ResponseSender,
    // Responses not yet published: as many as the receiver has fetched requests ahead, at most.
    pub(super) outbox: Vec<Response<J>>,
    pub(super) tally: Tally,
    stop: Arc<Stop>,
}

impl<J: Run, C: Channels<J>> Worker<J, C> {
    pub(crate) fn new(service: Arc<Service<J, C>>, channels: &C) -> Self {
        let (requests, responses) = (channels.request_receiver(), channels.response_sender());
        Self { service, requests, responses, outbox: Vec::new(), tally: Tally::default(), stop: Arc::default() }
    }

    pub(crate) fn service(&self) -> Arc<Service<J, C>> {
        Arc::clone(&self.service)
    }

    /// Works until the request channel is closed and empty.
    pub(crate) async fn run(&mut self, resources: &mut J::Resources) {
        while let Some(delivery) = self.next().await {
            if J::SETTINGS.batch {
                self.handle_batch(delivery, resources).await;
            } else {
                self.handle(delivery, resources).await;
            }
        }
    }

    /// The next delivery, or `None` at the end.
    async fn next(&mut self) -> Option<DeliveryOf<J, C>> {
        loop {
            if self.requests.fetched() == 0 {
                self.flush().await;
            }
            match self.requests.receive().await {
                Ok(delivery) => return Some(delivery),
                Err(ReceiveError::Closed) => return None,
                Err(error) => {
                    tracing::error!(target: "job_orch", { job.name = J::NAME, %error }, "receiving requests failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Publishes the outbox and shares the tally.
    pub(super) async fn flush(&mut self) {
        self.service.counters.share(&mut self.tally);
        self.tally.refused_responses += publish(&self.responses, &mut self.outbox).await;
    }

    async fn handle(&mut self, delivery: DeliveryOf<J, C>, resources: &mut J::Resources) {
        let Some(delivery) = self.board(delivery).await else { return };
        let attempt = delivery.attempt();
        self.tally.attempts += 1;
        let ended = match expired(delivery.message()) {
            Some(error) => Err(error),
            None => self.attempt(delivery.message(), attempt, resources).await,
        };
        self.settle(delivery, attempt, ended).await;
    }

    /// Answers a request from the cache or parks it with an equal one that runs; gives back what is left to do.
    pub(super) async fn board(&mut self, delivery: DeliveryOf<J, C>) -> Option<DeliveryOf<J, C>> {
        let service = Arc::clone(&self.service);
        let Some(keep) = &service.keep else { return Some(delivery) };
        let envelope = delivery.message();
        if let Some(outcome) = keep.fresh(envelope.request()) {
            let attempts = delivery.attempt();
            let ended = outcome.map_err(|error| CallError::Failed { job: J::NAME, error, attempts });
            self.finish(delivery, ended).await;
            return None;
        }
        let (digest, id) = (keep.digest(envelope.request()), envelope.id());
        match service.flights.board(digest, id, delivery) {
            Boarding::Lead(delivery) => Some(delivery),
            Boarding::Parked => {
                keep.count_join();
                None
            }
            Boarding::Full(delivery) => {
                let _ = delivery.nack(Return::Snoozed(PAUSE)).await;
                None
            }
        }
    }

    /// Runs the job once.
    async fn attempt(&mut self, envelope: &Envelope<J>, attempt: u32, resources: &mut J::Resources) -> Ended<J> {
        let limits = Limits::of(J::SETTINGS.timeout, envelope.deadline());
        let context = Context::new(envelope.id(), attempt, limits.first());
        let span = run_span::<J>(envelope, attempt);
        let mut run = pin!(Some(looked_up::<J>(envelope.request(), resources, &context)));
        let mut run = Guarded::new(run.as_mut(), &span);
        let first = poll_fn(|poller| Poll::Ready(run.poll_end(poller))).await;
        let end = match first {
            Poll::Ready(end) => end,
            Poll::Pending => {
                // Busy for a while: what was fetched ahead is for others, and what is finished goes out.
                self.requests.release();
                self.service.counters.share(&mut self.tally);
                let _listed = self.service.running.enter(envelope.id(), &self.stop);
                let (responses, outbox) = (&self.responses, &mut self.outbox);
                let refused = &mut self.tally.refused_responses;
                let beside = async { *refused += publish(responses, outbox).await };
                run.follow(beside, limits, &self.stop, &context).await
            }
        };
        self.ended(end, attempt)
    }

    pub(super) fn ended(&mut self, end: End<Result<J::Response, J::Error>>, attempts: u32) -> Ended<J> {
        let job = J::NAME;
        match end {
            End::Returned(Ok(response)) => Ok(response),
            End::Returned(Err(error)) => Err(CallError::Failed { job, error, attempts }),
            // What it did within its grace counts, if it is done.
            End::Late(Ok(response), _) => Ok(response),
            End::Late(Err(_), reason) => self.ended(reason.end(), attempts),
            End::Expired => Err(CallError::Expired { job }),
            End::Cancelled => Err(CallError::Cancelled { job }),
            End::Panicked(message) => {
                self.tally.panicked += 1;
                tracing::error!(target: "job_orch", { job.name = job, attempts, message }, "the job panicked");
                Err(CallError::Panicked { job, message, attempts })
            }
            End::TimedOut => {
                self.tally.timed_out += 1;
                let limit = J::SETTINGS.timeout.unwrap_or_default();
                Err(CallError::TimedOut { job, limit, attempts })
            }
        }
    }

    /// Tries again later, or finishes.
    pub(super) async fn settle(&mut self, delivery: DeliveryOf<J, C>, attempt: u32, ended: Ended<J>) {
        if let Err(error) = &ended
            && let Some(delay) = retry_after::<J>(error, attempt, delivery.message())
        {
            self.tally.retried += 1;
            tracing::debug!(target: "job_orch", { job.name = J::NAME, attempt, ?delay, %error }, "the job will run again");
            let settled = delivery.nack(Return::Failed(delay)).await;
            self.tally.unsettled += u64::from(settled.is_err());
            return;
        }
        self.finish_flight(&delivery, &ended).await;
        self.finish(delivery, ended).await;
    }

    /// Keeps the outcome, and shares it with everybody who joined this run.
    async fn finish_flight(&mut self, delivery: &DeliveryOf<J, C>, ended: &Ended<J>) {
        let service = Arc::clone(&self.service);
        let Some(keep) = &service.keep else { return };
        let envelope = delivery.message();
        match ended {
            Ok(response) => keep.keep(envelope.request(), Ok(response)),
            Err(CallError::Failed { error, .. }) => keep.keep(envelope.request(), Err(error)),
            Err(_) => {}
        }
        if ended.is_err() {
            keep.give_up(envelope.request());
        }
        for parked in service.flights.land(keep.digest(envelope.request()), envelope.id()) {
            let share = match ended {
                Ok(response) => Ok(keep.copy(response)),
                // A cancelled or expired run says nothing about the request: the next in line runs.
                Err(CallError::Cancelled { .. } | CallError::Expired { .. }) => {
                    let _ = parked.nack(Return::Untouched).await;
                    continue;
                }
                Err(error) => Err(CallError::Joined { job: J::NAME, failure: error.failure() }),
            };
            self.finish(parked, share).await;
        }
    }

    /// Responds, then settles.
    pub(super) async fn finish(&mut self, delivery: DeliveryOf<J, C>, ended: Ended<J>) {
        match &ended {
            Ok(_) => self.tally.succeeded += 1,
            Err(CallError::Cancelled { .. }) => self.tally.cancelled += 1,
            Err(CallError::Expired { .. }) => self.tally.expired += 1,
            Err(_) => self.tally.failed += 1,
        }
        let dead = ended.as_ref().err().filter(|error| deserves_burial(error)).map(CallError::failure);
        let has_caller = delivery.message().has_caller();
        self.respond(delivery.message(), ended);
        if self.requests.fetched() == 0 {
            self.flush().await;
        }
        // The caller has the failure; without one, somebody must find it.
        let settled = match dead {
            Some(reason) if !has_caller => {
                self.tally.buried += 1;
                delivery.bury(reason).await
            }
            // The request's own drop may panic.
            _ => match guarded(|| delivery.ack()) {
                Ok(ack) => ack.await,
                Err(message) => {
                    tracing::error!(target: "job_orch", { job.name = J::NAME, message }, "dropping a request panicked");
                    Ok(())
                }
            },
        };
        if let Err(error) = settled {
            self.tally.unsettled += 1;
            tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "a request could not be settled");
        }
    }

    fn respond(&mut self, envelope: &Envelope<J>, ended: Ended<J>) {
        if !self.responses.has_receivers() {
            envelope.answer(ended);
            return;
        }
        let id = envelope.id();
        let outcome = match &ended {
            Err(error) => Err(error.failure()),
            Ok(response) if envelope.has_caller() => match self.service.copy(response) {
                Some(copy) => Ok(copy),
                None => return envelope.answer(ended),
            },
            Ok(_) => {
                self.outbox.extend(ended.ok().map(|response| Response::new(id, Ok(response))));
                return;
            }
        };
        envelope.answer(ended);
        self.outbox.push(Response::new(id, outcome));
    }
}

impl<J: Run, C: Channels<J>> Drop for Worker<J, C> {
    fn drop(&mut self) {
        self.service.counters.share(&mut self.tally);
        if !self.outbox.is_empty() {
            let (job, lost) = (J::NAME, self.outbox.len());
            tracing::warn!(target: "job_orch", { job.name = job, lost }, "a worker was stopped before it could publish");
        }
    }
}

/// The job with its own cache around it.
async fn looked_up<J: Run>(
    request: &J::Request,
    resources: &mut J::Resources,
    context: &Context,
) -> Result<J::Response, J::Error> {
    if let Some(response) = J::look_up(request, resources).await {
        return Ok(response);
    }
    let response = J::run_in(request, resources, context).await?;
    J::look_back(request, &response, resources).await;
    Ok(response)
}

/// Publishes responses; returns how many a full channel refused.
async fn publish<S: MpSend>(responses: &S, outbox: &mut Vec<S::Message>) -> u64 {
    if outbox.is_empty() {
        return 0;
    }
    match responses.send_many(outbox).await {
        Ok(()) => 0,
        Err(error) => {
            let left = outbox.len() as u64;
            outbox.clear();
            // Nobody listens any more is the end of a broadcast, not a fault.
            if matches!(error, SendError::Closed(())) {
                return 0;
            }
            responses.skip(left);
            tracing::warn!(target: "job_orch", left, %error, "responses could not be published");
            left
        }
    }
}

pub(super) fn expired<J: Run>(envelope: &Envelope<J>) -> Option<CallError<J::Error>> {
    let passed = envelope.deadline().is_some_and(|deadline| deadline <= tokio::time::Instant::now());
    passed.then_some(CallError::Expired { job: J::NAME })
}

/// When to try again, if at all.
fn retry_after<J: Run>(error: &CallError<J::Error>, attempt: u32, envelope: &Envelope<J>) -> Option<Duration> {
    let failed =
        matches!(error, CallError::Failed { .. } | CallError::Panicked { .. } | CallError::TimedOut { .. });
    let retry = J::SETTINGS.retry.filter(|retry| failed && attempt <= retry.max)?;
    let delay = retry.delay(attempt, random_unit());
    let in_time = envelope.deadline().is_none_or(|deadline| tokio::time::Instant::now() + delay < deadline);
    in_time.then_some(delay)
}

/// Whether a request that ended so should be kept for somebody to look at.
const fn deserves_burial<E>(error: &CallError<E>) -> bool {
    !matches!(error, CallError::Cancelled { .. } | CallError::Expired { .. })
}

fn run_span<J: Run>(envelope: &Envelope<J>, attempt: u32) -> tracing::Span {
    tracing::debug_span!(
        target: "job_orch",
        "job.run",
        job.name = J::NAME,
        job.id = %envelope.id(),
        job.attempt = attempt,
        trace.parent = envelope.trace_parent(),
    )
}

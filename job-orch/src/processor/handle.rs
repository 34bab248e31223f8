//! Handling one delivery: the job is run for it, in a span and within its time, and what comes of that is settled.

use std::pin::pin;
use std::task::Poll;

use tokio::time::Instant;
use tracing::Span;

use super::attempt::{End, Limits, Reason, follow, start};
use super::service::DeliveryOf;
use super::worker::{Current, Worker};
use crate::channel::{Channels, Delivery, Envelope, McReceive};
use crate::context::Context;
use crate::job::Run;
use crate::outcome::CallError;

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Runs the job for one delivery, and settles it.
    pub(super) async fn handle(&mut self, delivery: DeliveryOf<J, C>, resources: &mut J::Resources) {
        let attempt = delivery.attempt();
        let deadline = delivery.message().deadline();
        let is_void = delivery.message().is_void();
        self.current = Current::One(delivery);
        if is_void {
            return self.settle(attempt, Err(CallError::Cancelled { job: J::NAME })).await;
        }
        if deadline.is_some_and(has_passed) {
            return self.settle(attempt, Err(CallError::Expired { job: J::NAME })).await;
        }
        self.tally.attempts.add(1);
        let end = self.attempt(attempt, deadline, resources).await;
        self.following = false;
        if C::COMPLETES
            && let Some(ended) = self.completed().await
        {
            return self.settle(attempt, ended).await;
        }
        match end {
            End::Returned(Ok(response)) if self.service.keep.is_none() => self.succeed(response).await,
            end => self.settle_end(attempt, end).await,
        }
    }

    /// Runs the job once: on the spot if it does not suspend.
    async fn attempt(
        &mut self,
        attempt: u32,
        deadline: Option<Instant>,
        resources: &mut J::Resources,
    ) -> End<Result<J::Response, J::Error>> {
        let Self { service, requests, outlet, tally, stop, following, held, current, .. } = self;
        let Current::One(delivery) = &*current else { return End::Stopped(Reason::Cancel) };
        let envelope = delivery.message();
        let limits = Limits::of(J::SETTINGS.timeout, deadline);
        let mut context = Context::new(envelope.id(), attempt, limits.first());
        context.trace(envelope.trace_parent());
        if C::COMPLETES
            && let Some(completion) = C::completion(delivery)
        {
            context.complete_by(completion);
        }
        let span = run_span::<J>(envelope, attempt);
        let mut run = pin!(run_or_look_up::<J>(envelope.request(), resources, &context));
        match start(run.as_mut(), &span).await {
            Poll::Ready(output) => End::Returned(output),
            Poll::Pending => {
                // Busy for a while: what was fetched ahead is for others, and what is finished goes out.
                requests.release();
                let _listed = service.running.enter(envelope.id(), stop);
                let _listening = envelope.listen(stop);
                *following = true;
                held.get_or_insert_with(|| service.running.hold());
                follow(run, outlet.flush(tally), limits, stop, &context, &span).await
            }
        }
    }
}

/// The job, with its own cache around it if it has one.
async fn run_or_look_up<J: Run>(
    request: &J::Request,
    resources: &mut J::Resources,
    context: &Context,
) -> Result<J::Response, J::Error> {
    if !J::LOOKS_UP {
        return J::run_in(request, resources, context).await;
    }
    if let Some(response) = J::look_up(request, resources).await {
        return Ok(response);
    }
    let response = J::run_in(request, resources, context).await?;
    J::look_back(request, &response, resources).await;
    Ok(response)
}

pub(super) fn has_passed(deadline: Instant) -> bool {
    deadline <= Instant::now()
}

#[expect(clippy::inline_always, reason = "where nobody listens it is one look at a level, for every job")]
#[inline(always)]
pub(super) fn run_span<J: Run>(envelope: &Envelope<J>, attempt: u32) -> Span {
    if tracing::level_enabled!(tracing::Level::DEBUG) { new_span(envelope, attempt) } else { Span::none() }
}

#[cold]
fn new_span<J: Run>(envelope: &Envelope<J>, attempt: u32) -> Span {
    tracing::debug_span!(
        target: "job_orch",
        "job.run",
        job.name = J::NAME,
        job.id = %envelope.id(),
        job.attempt = attempt,
        trace.parent = envelope.trace_parent(),
    )
}

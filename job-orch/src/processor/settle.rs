//! How a worker ends what it is at: try again, respond, acknowledge, or bury.

use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{End, Reason};
use super::flights::Boarding;
use super::service::DeliveryOf;
use super::worker::{Current, Ended, PAUSE, Worker};
use crate::channel::stop::Ask;
use crate::channel::{Channels, Delivery, Envelope, McReceive, Return, SettleError};
use crate::id::random_unit;
use crate::job::Run;
use crate::outcome::{CallError, Failure};
use crate::sync::Arc;

/// Why a run has not ended its request.
enum Unended {
    /// It comes again after this time.
    Snoozed(Duration),
    /// The process ends.
    Interrupted,
}

/// A request that had joined another, and its share of what that came to: none if it must run itself.
pub(super) type Share<J, C> = (DeliveryOf<J, C>, Option<Ended<J>>);

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Answers a request from the cache or parks it with an equal one that runs; gives back what is left to do.
    pub(super) async fn board(&mut self, delivery: DeliveryOf<J, C>) -> Option<DeliveryOf<J, C>> {
        let service = Arc::clone(&self.service);
        let Some(keep) = &service.keep else { return Some(delivery) };
        let attempts = delivery.attempt();
        // The cache runs the user's `Hash`, `Eq` and `Clone`: a panic must find the delivery.
        self.current = Current::One(delivery);
        let Current::One(delivery) = &self.current else { return None };
        let envelope = delivery.message();
        if let Some(outcome) = keep.fresh(envelope.request()) {
            let ended = outcome.map_err(|error| CallError::Failed { job: J::NAME, error, attempts });
            self.finish(ended).await;
            return None;
        }
        let (digest, id) = (keep.digest(envelope.request()), envelope.id());
        match service.flights.board(digest, id, self.current.take_one()?) {
            Boarding::Lead(delivery) => match keep.archive() {
                Some(archive) => self.ask_archive(archive, digest, delivery).await,
                None => Some(delivery),
            },
            Boarding::Parked => {
                keep.count_join();
                None
            }
            Boarding::Full(delivery) => {
                let settled = delivery.nack(Return::Snoozed(PAUSE)).await;
                self.count_settled(settled);
                None
            }
        }
    }

    /// Settles the request at hand by how its run ended.
    pub(super) async fn settle_end(&mut self, attempt: u32, end: End<Result<J::Response, J::Error>>) {
        match self.ended(end, attempt) {
            Ok(ended) => self.settle(attempt, ended).await,
            Err(Unended::Snoozed(after)) => self.snooze(after).await,
            Err(Unended::Interrupted) => self.leave_it().await,
        }
    }

    /// Has the request at hand come again after a time, at no cost.
    async fn snooze(&mut self, after: Duration) {
        tracing::debug!(target: "job_orch", { job.name = J::NAME, ?after }, "the job was snoozed");
        self.tally.snoozed.add(1);
        if C::RECORDS {
            self.disband().await;
        }
        let Some(delivery) = self.current.take_one() else { return };
        // It comes back to end as expired: whoever had joined it must not wait for longer.
        let left = delivery.message().deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let settled = delivery.nack(Return::Snoozed(left.map_or(after, |left| after.min(left)))).await;
        self.count_settled(settled);
    }

    fn ended(&self, end: End<Result<J::Response, J::Error>>, attempts: u32) -> Result<Ended<J>, Unended> {
        let job = J::NAME;
        Ok(match end {
            End::Snoozed(after) => return Err(Unended::Snoozed(after)),
            // What it did within its grace counts, if it is done.
            End::Returned(Ok(response)) | End::Late(Ok(response), _) => Ok(response),
            End::Returned(Err(error)) => Err(CallError::Failed { job, error, attempts }),
            End::Late(Err(_), reason) | End::Stopped(reason) => Err(match reason {
                Reason::Deadline => CallError::Expired { job },
                Reason::Cancel => CallError::Cancelled { job },
                Reason::Interrupt => return Err(Unended::Interrupted),
                Reason::Limit => {
                    self.tally.timed_out.add(1);
                    let limit = J::SETTINGS.timeout.unwrap_or_default();
                    CallError::TimedOut { job, limit, attempts }
                }
            }),
        })
    }

    /// Settles what a panic has left: says whether there was anything.
    pub(super) async fn settle_panic(&mut self, panic: &str) -> bool {
        let job = J::NAME;
        self.outlet.go_on();
        let asked = if std::mem::take(&mut self.following) { self.stop.asked() } else { None };
        if asked == Some(Ask::Interrupt) {
            tracing::warn!(target: "job_orch", { job.name = job, panic }, "the job panicked as it was told to end");
            self.leave_it().await;
        }
        // Whoever cancelled it wants it neither tried again nor kept.
        let cancelled = asked == Some(Ask::Cancel);
        let hit = match std::mem::replace(&mut self.current, Current::Nothing) {
            Current::Nothing if std::mem::take(&mut self.at_first) => {
                self.requests.next_fetched().into_iter().collect()
            }
            Current::Nothing => return false,
            Current::One(delivery) => vec![delivery],
            Current::Batch(lent) => lent.into_deliveries(),
        };
        for delivery in hit {
            let attempts = delivery.attempt();
            self.tally.panicked.add(1);
            tracing::error!(target: "job_orch", { job.name = job, attempts, panic }, "the job panicked");
            self.current = Current::One(delivery);
            if C::COMPLETES
                && let Some(ended) = self.completed().await
            {
                self.settle(attempts, ended).await;
                continue;
            }
            let error = match cancelled {
                true => CallError::Cancelled { job },
                false => CallError::Panicked { job, message: panic.to_owned(), attempts },
            };
            self.settle(attempts, Err(error)).await;
        }
        true
    }

    /// Tries again later, or finishes.
    pub(super) async fn settle(&mut self, attempt: u32, ended: Ended<J>) {
        let Current::One(delivery) = &self.current else { return };
        if let Err(error) = &ended
            && let Some(delay) = retry_after::<J, C>(error, attempt, delivery.message())
        {
            tracing::debug!(target: "job_orch", { job.name = J::NAME, attempt, ?delay, %error }, "the job will run again");
            self.tally.retried.add(1);
            if C::RECORDS {
                self.disband().await;
                return self.record_retry(&error.failure(), delay).await;
            }
            let Some(delivery) = self.current.take_one() else { return };
            let settled = delivery.nack(Return::Failed(delay)).await;
            return self.count_settled(settled);
        }
        self.remember(&ended);
        let shares = self.land(&ended);
        self.finish_all(ended, shares).await;
    }

    /// Finishes the request at hand, and whoever had joined it.
    pub(super) async fn finish_all(&mut self, ended: Ended<J>, shares: Vec<Share<J, C>>) {
        self.finish(ended).await;
        for (parked, share) in shares {
            self.current = Current::One(parked);
            match share {
                Some(share) => self.finish(share).await,
                // A cancelled or expired run says nothing about the request: the next in line runs.
                None => {
                    if let Some(parked) = self.current.take_one() {
                        let settled = parked.nack(Return::Untouched).await;
                        self.count_settled(settled);
                    }
                }
            }
        }
    }

    /// Keeps the outcome in the job's cache.
    fn remember(&mut self, ended: &Ended<J>) {
        let leave = self.leave.take();
        let (Some(keep), Current::One(delivery)) = (&self.service.keep, &self.current) else { return };
        let request = delivery.message().request();
        match ended {
            Ok(response) => match (keep.archive(), leave) {
                (Some(archive), Some(leave)) => archive.end(leave, response),
                _ => keep.keep(request, Ok(response)),
            },
            Err(error) => {
                if let CallError::Failed { error, .. } = error {
                    keep.keep(request, Err(error));
                }
                keep.give_up(request);
            }
        }
    }

    /// Everybody who had joined this run, with their share of it.
    pub(super) fn land(&self, ended: &Ended<J>) -> Vec<Share<J, C>> {
        let (Some(keep), Current::One(delivery)) = (&self.service.keep, &self.current) else { return Vec::new() };
        let (request, id) = (delivery.message().request(), delivery.message().id());
        let share = || match ended {
            Ok(response) => Some(Ok(keep.copy(response))),
            Err(CallError::Cancelled { .. } | CallError::Expired { .. }) => None,
            Err(error) => Some(Err(CallError::Joined { job: J::NAME, failure: error.failure() })),
        };
        self.service.flights.land(keep.digest(request), id).into_iter().map(|parked| (parked, share())).collect()
    }

    /// Responds, then settles.
    pub(super) async fn finish(&mut self, ended: Ended<J>) {
        match ended {
            Ok(response) => self.succeed(response).await,
            Err(error) => self.fail(error).await,
        }
    }

    /// The common end, and the only one that is in a hurry.
    pub(super) async fn succeed(&mut self, response: J::Response) {
        if C::RECORDS {
            return self.conclude(Ok(response)).await;
        }
        let Current::One(delivery) = &self.current else { return };
        self.tally.succeeded.add(1);
        self.outlet.respond(delivery.message(), response, &self.service);
        if !self.outlet.is_empty() && self.requests.fetched() == 0 {
            self.outlet.flush(&self.tally).await;
        }
        if let Some(delivery) = self.current.take_one() {
            let settled = delivery.ack().await;
            self.count_settled(settled);
        }
    }

    async fn fail(&mut self, error: CallError<J::Error>) {
        if C::RECORDS {
            return self.conclude(Err(error)).await;
        }
        let Current::One(delivery) = &self.current else { return };
        let ended = match &error {
            CallError::Cancelled { .. } => &self.tally.cancelled,
            CallError::Expired { .. } => &self.tally.expired,
            _ => &self.tally.failed,
        };
        ended.add(1);
        let (reason, envelope) = (error.failure(), delivery.message());
        if needs_a_look(&error, envelope) {
            return self.bury(error, reason).await;
        }
        self.outlet.report(envelope.id(), &reason);
        envelope.answer(Err(error));
        self.flush_if_idle().await;
        if let Some(delivery) = self.current.take_one() {
            let settled = delivery.ack().await;
            self.count_settled(settled);
        }
    }

    /// The dead letter is there before anybody hears of it: who hears looks for it.
    async fn bury(&mut self, error: CallError<J::Error>, reason: Failure) {
        let Some(mut delivery) = self.current.take_one() else { return };
        self.tally.buried.add(1);
        let id = delivery.message().id();
        // The flow that asked gets its answer below; a dead letter must not keep it alive.
        let asked = delivery.message_mut().and_then(Envelope::leave_flow);
        let settled = delivery.bury(reason.clone()).await;
        self.count_settled(settled);
        self.outlet.report(id, &reason);
        if let Some(asked) = asked {
            asked.answer(Err(error));
        }
        self.flush_if_idle().await;
    }

    async fn flush_if_idle(&mut self) {
        if !self.outlet.is_empty() && self.requests.fetched() == 0 {
            self.outlet.flush(&self.tally).await;
        }
    }

    pub(super) fn count_settled(&self, settled: Result<(), SettleError>) {
        if let Err(error) = settled {
            self.tally.unsettled.add(1);
            tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "a request could not be settled");
        }
    }
}

/// Whether somebody must find the request. Nobody asks what became of one that was cancelled, and a caller has the error.
pub(super) fn needs_a_look<J: Run>(error: &CallError<J::Error>, envelope: &Envelope<J>) -> bool {
    !matches!(error, CallError::Cancelled { .. } | CallError::Expired { .. }) && !envelope.has_caller()
}

/// When to try again, if at all. The patience of an engine is for those whom nobody waits for: a flow waits, also for a step that
/// it buries in the end, and also if it has yet to be taken up again.
fn retry_after<J: Run, C: Channels<J>>(
    error: &CallError<J::Error>,
    attempt: u32,
    envelope: &Envelope<J>,
) -> Option<Duration> {
    let failed = matches!(error, CallError::Failed { .. } | CallError::Panicked { .. } | CallError::TimedOut { .. });
    let is_awaited = || envelope.is_call() || envelope.is_in_flow() || envelope.id().is_within();
    let retry = envelope.retry().or(J::SETTINGS.retry).or_else(|| C::RETRY.filter(|_| !is_awaited()));
    let retry = retry.filter(|retry| failed && attempt <= retry.max)?;
    let delay = retry.delay(attempt, random_unit());
    let in_time = envelope.deadline().is_none_or(|deadline| delay < deadline.saturating_duration_since(Instant::now()));
    in_time.then_some(delay)
}

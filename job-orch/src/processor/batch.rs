//! Batches: collect requests, run them as one, and treat each answer alone.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use super::attempt::{End, Limits, follow, start};
use super::handle::has_passed;
use super::service::DeliveryOf;
use super::worker::{Current, Worker, now};
use crate::channel::stop::Stop;
use crate::channel::{Channels, Delivery, Envelope, McReceive};
use crate::context::Context;
use crate::job::Run;
use crate::outcome::CallError;
use crate::span::from_now;

/// Deliveries whose requests are lent to a batch. Dropped early, it puts the requests back into their envelopes, and so
/// the deliveries return to their channel.
pub(super) struct Lent<J: Run, D: Delivery<Message = Envelope<J>>> {
    deliveries: Vec<D>,
    requests: Vec<J::Request>,
}

impl<J: Run, D: Delivery<Message = Envelope<J>>> Lent<J, D> {
    /// Borrows every request. A channel that cannot lend gets its deliveries back, for batches of one.
    fn new(mut deliveries: Vec<D>) -> Result<Self, Vec<D>> {
        if deliveries.iter_mut().any(|delivery| delivery.message_mut().is_none()) {
            return Err(deliveries);
        }
        let lend = |delivery: &mut D| delivery.message_mut().and_then(Envelope::lend);
        let requests = deliveries.iter_mut().filter_map(lend).collect();
        Ok(Self { deliveries, requests })
    }

    fn restore(&mut self) {
        for (delivery, request) in self.deliveries.iter_mut().zip(self.requests.drain(..)) {
            if let Some(envelope) = delivery.message_mut() {
                envelope.give_back(request);
            }
        }
    }

    pub(super) fn into_deliveries(mut self) -> Vec<D> {
        self.restore();
        std::mem::take(&mut self.deliveries)
    }
}

impl<J: Run, D: Delivery<Message = Envelope<J>>> Drop for Lent<J, D> {
    fn drop(&mut self) {
        self.restore();
        // Each goes back to the front: the last one first, so that they stand as they stood.
        while let Some(delivery) = self.deliveries.pop() {
            drop(delivery);
        }
    }
}

impl<J: Run, C: Channels<J>> Worker<J, C> {
    pub(super) async fn handle_batch(&mut self, first: DeliveryOf<J, C>, resources: &mut J::Resources) {
        let deliveries = self.collect(first).await;
        self.tally.attempts.add(deliveries.len() as u64);
        match Lent::new(deliveries) {
            Ok(lent) => self.run_lent(lent, resources).await,
            Err(deliveries) => {
                for delivery in deliveries {
                    self.run_alone(delivery, resources).await;
                }
            }
        }
    }

    async fn run_lent(&mut self, lent: Lent<J, DeliveryOf<J, C>>, resources: &mut J::Resources) {
        if lent.requests.is_empty() {
            return;
        }
        self.current = Current::Batch(lent);
        let Self { requests, outlet, tally, current, .. } = self;
        let Current::Batch(lent) = &*current else { return };
        let end = run_batch::<J>(&lent.requests, resources, || requests.release(), outlet.flush(tally)).await;
        let Current::Batch(lent) = std::mem::replace(current, Current::Nothing) else { return };
        let deliveries = lent.into_deliveries();
        let outcomes = outcomes(end, deliveries.len());
        for (delivery, outcome) in deliveries.into_iter().zip(outcomes) {
            self.settle_member(delivery, outcome).await;
        }
    }

    /// For a channel that cannot lend.
    async fn run_alone(&mut self, delivery: DeliveryOf<J, C>, resources: &mut J::Resources) {
        self.current = Current::One(delivery);
        let Self { requests, outlet, tally, current, .. } = self;
        let Current::One(delivery) = &*current else { return };
        let request = std::slice::from_ref(delivery.message().request());
        let end = run_batch::<J>(request, resources, || requests.release(), outlet.flush(tally)).await;
        if let (Some(delivery), Some(outcome)) = (current.take_one(), outcomes(end, 1).pop()) {
            self.settle_member(delivery, outcome).await;
        }
    }

    async fn settle_member(&mut self, delivery: DeliveryOf<J, C>, outcome: Member<J>) {
        let attempt = delivery.attempt();
        self.current = Current::One(delivery);
        match outcome {
            Member::Ended(end) => self.settle_end(attempt, end).await,
            Member::Miscounted(message) => {
                self.settle(attempt, Err(CallError::Panicked { job: J::NAME, message, attempts: attempt })).await;
            }
        }
    }

    /// Collects up to a batch: what is there, and what comes while it lingers.
    async fn collect(&mut self, first: DeliveryOf<J, C>) -> Vec<DeliveryOf<J, C>> {
        let (most, linger) = (self.service.serving.batch.max(1), self.service.serving.linger);
        let until = from_now(linger);
        let mut batch = Vec::with_capacity(most.min(self.requests.fetched() + 1));
        let mut next = Some(first);
        while let Some(delivery) = next {
            batch.extend(self.admit(delivery).await);
            if batch.len() >= most {
                break;
            }
            let receive = pin!(self.requests.receive());
            // An error, and the end, come again at the next call: nothing is lost by not looking at them here.
            next = if linger.is_zero() {
                now(receive).await.and_then(Result::ok)
            } else {
                tokio::time::timeout_at(until, receive).await.ok().and_then(Result::ok)
            };
        }
        batch
    }

    /// Takes a delivery into the batch, unless it can be settled without running.
    async fn admit(&mut self, delivery: DeliveryOf<J, C>) -> Option<DeliveryOf<J, C>> {
        let (is_void, deadline) = (delivery.message().is_void(), delivery.message().deadline());
        if !is_void && !deadline.is_some_and(has_passed) {
            return Some(delivery);
        }
        self.current = Current::One(delivery);
        let job = J::NAME;
        self.finish(Err(if is_void { CallError::Cancelled { job } } else { CallError::Expired { job } })).await;
        None
    }
}

type Outcomes<J> = Vec<Result<<J as Run>::Response, <J as Run>::Error>>;

/// What became of one member of a batch.
enum Member<J: Run> {
    Ended(End<Result<J::Response, J::Error>>),
    Miscounted(String),
}

async fn run_batch<J: Run>(
    requests: &[J::Request],
    resources: &mut J::Resources,
    release: impl FnOnce(),
    flush: impl Future<Output = ()>,
) -> End<Outcomes<J>> {
    let limits = Limits::of(J::SETTINGS.timeout, None);
    let size = requests.len();
    let span = tracing::debug_span!(target: "job_orch", "job.run_batch", job.name = J::NAME, job.batch = size);
    let mut run = pin!(J::run_batch(requests, resources));
    match start(run.as_mut(), &span).await {
        Poll::Ready(all) => End::Returned(all),
        Poll::Pending => {
            release();
            // A batch has no id of its own: its members end with it, and cannot be stopped alone.
            follow(run, flush, limits, &Stop::default(), &Context::detached(), &span).await
        }
    }
}

/// One outcome for each of `count` requests, whatever the batch did.
fn outcomes<J: Run>(end: End<Outcomes<J>>, count: usize) -> Vec<Member<J>> {
    match end {
        End::Returned(all) | End::Late(all, _) if all.len() == count => {
            all.into_iter().map(|one| Member::Ended(End::Returned(one))).collect()
        }
        End::Returned(all) | End::Late(all, _) => {
            let text = format!("the batch returned {} outcomes for {count} requests", all.len());
            (0..count).map(|_| Member::Miscounted(text.clone())).collect()
        }
        End::Stopped(reason) => (0..count).map(|_| Member::Ended(End::Stopped::<_>(reason))).collect(),
        // A batch has no context, so it cannot ask for that.
        End::Snoozed(after) => (0..count).map(|_| Member::Ended(End::Snoozed::<_>(after))).collect(),
    }
}

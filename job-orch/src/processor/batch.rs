//! Batches: collect requests, run them as one, and treat each answer alone.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::time::Instant;

use super::attempt::{End, Guarded, Limits};
use super::running::Stop;
use super::service::DeliveryOf;
use super::worker::{Ended, Worker, expired};
use crate::channel::{Channels, Delivery, Envelope, McReceive};
use crate::context::Context;
use crate::job::Run;
use crate::outcome::CallError;

/// Deliveries whose requests are lent to a batch. Dropped early, it puts the requests back into their envelopes, and so
/// the deliveries return to their channel.
struct Lent<J: Run, D: Delivery<Message = Envelope<J>>> {
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

    fn into_deliveries(mut self) -> Vec<D> {
        self.restore();
        std::mem::take(&mut self.deliveries)
    }
}

impl<J: Run, D: Delivery<Message = Envelope<J>>> Drop for Lent<J, D> {
    fn drop(&mut self) {
        self.restore();
    }
}

impl<J: Run, C: Channels<J>> Worker<J, C> {
    pub(super) async fn handle_batch(&mut self, first: DeliveryOf<J, C>, resources: &mut J::Resources) {
        let deliveries = self.collect(first).await;
        if deliveries.is_empty() {
            return;
        }
        self.tally.attempts += deliveries.len() as u64;
        match Lent::new(deliveries) {
            Ok(lent) => {
                let count = lent.requests.len();
                let end = self.run_batch(&lent.requests, resources).await;
                let deliveries = lent.into_deliveries();
                let outcomes = outcomes(end, count);
                for (delivery, outcome) in deliveries.into_iter().zip(outcomes) {
                    let attempt = delivery.attempt();
                    let ended = self.ended(outcome, attempt);
                    self.settle(delivery, attempt, ended).await;
                }
            }
            Err(deliveries) => {
                for delivery in deliveries {
                    let request = std::slice::from_ref(delivery.message().request());
                    let end = self.run_batch(request, resources).await;
                    let attempt = delivery.attempt();
                    let ended: Ended<J> = match outcomes(end, 1).pop() {
                        Some(outcome) => self.ended(outcome, attempt),
                        None => Err(CallError::Closed { job: J::NAME }),
                    };
                    self.settle(delivery, attempt, ended).await;
                }
            }
        }
    }

    /// Collects up to a batch: what is there, and what comes while it lingers.
    async fn collect(&mut self, first: DeliveryOf<J, C>) -> Vec<DeliveryOf<J, C>> {
        let (most, linger) = (self.service.serving.batch.max(1), self.service.serving.linger);
        let until = Instant::now() + linger;
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
        let delivery = self.board(delivery).await?;
        match expired(delivery.message()) {
            None => Some(delivery),
            Some(error) => {
                self.finish(delivery, Err(error)).await;
                None
            }
        }
    }

    async fn run_batch(
        &mut self,
        requests: &[J::Request],
        resources: &mut J::Resources,
    ) -> End<Vec<Result<J::Response, J::Error>>> {
        let limits = Limits::of(J::SETTINGS.timeout, None);
        let span = tracing::debug_span!(
            target: "job_orch", "job.run_batch", job.name = J::NAME, job.batch = requests.len()
        );
        let mut run = pin!(Some(J::run_batch(requests, resources)));
        let mut run = Guarded::new(run.as_mut(), &span);
        match poll_fn(|poller| Poll::Ready(run.poll_end(poller))).await {
            Poll::Ready(end) => end,
            Poll::Pending => {
                self.requests.release();
                // A batch has no id of its own: its members end with it, and cannot be stopped alone.
                run.follow(self.flush(), limits, &Stop::default(), &Context::detached()).await
            }
        }
    }
}

/// Polls a future once.
async fn now<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|poller| match future.as_mut().poll(poller) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// One outcome for each of `count` requests, whatever the batch did.
fn outcomes<T, E>(end: End<Vec<Result<T, E>>>, count: usize) -> Vec<End<Result<T, E>>> {
    let each = |make: &dyn Fn() -> End<Result<T, E>>| (0..count).map(|_| make()).collect();
    match end {
        End::Returned(all) | End::Late(all, _) if all.len() == count => all.into_iter().map(End::Returned).collect(),
        End::Returned(all) | End::Late(all, _) => {
            let text = format!("the batch returned {} outcomes for {count} requests", all.len());
            each(&|| End::Panicked(text.clone()))
        }
        End::Panicked(message) => each(&|| End::Panicked(message.clone())),
        End::TimedOut => each(&|| End::TimedOut),
        End::Expired => each(&|| End::Expired),
        End::Cancelled => each(&|| End::Cancelled),
    }
}

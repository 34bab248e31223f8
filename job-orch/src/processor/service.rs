//! What the workers of one job share, and what its clients ask.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;

use super::counters::{Counters, JobCounts};
use super::flights::Flights;
use super::outlet::Outlet;
use super::running::Running;
use crate::cache::Keep;
use crate::channel::{Channels, Delivery, Envelope, McReceive, Record, Return};
use crate::engine::{EngineChannels, Withdrawn};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::{CallError, Failure, FailureKind};
use crate::settings::Serving;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};

pub(super) type DeliveryOf<J, C> = <<C as Channels<J>>::RequestReceiver as McReceive>::Delivery;

type Copying<J> = fn(&<J as Run>::Response) -> <J as Run>::Response;

/// What the workers of one job share.
pub(crate) struct Service<J: Run, C: Channels<J>> {
    pub(crate) serving: Serving,
    pub(crate) keep: Option<Box<dyn Keep<J>>>,
    pub(super) flights: Flights<DeliveryOf<J, C>>,
    pub(super) running: Arc<Running>,
    pub(super) counters: Counters,
    // How to copy a response that both a caller and the broadcast want. Known once somebody listens: listening asks for
    // `Clone`, and jobs that nobody listens to need not have it.
    copy: OnceLock<Copying<J>>,
    // Worker loops that run.
    working: AtomicUsize,
}

/// A worker loop that runs, while this lives.
pub(super) struct Working<'a>(&'a AtomicUsize);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<J: Run, C: Channels<J>> Service<J, C> {
    pub(crate) fn new(serving: Serving, keep: Option<Box<dyn Keep<J>>>) -> Self {
        Self {
            serving,
            keep,
            flights: Flights::new(serving.requests),
            running: Arc::default(),
            counters: Counters::default(),
            copy: OnceLock::new(),
            working: AtomicUsize::new(0),
        }
    }

    /// Whether the job's cache lies in the engine's store, so that it must be waited for.
    pub(crate) fn has_archive(&self) -> bool {
        self.keep.as_ref().is_some_and(|keep| keep.archive().is_some())
    }

    /// From now on, somebody listens.
    pub(crate) fn listened(&self)
    where
        J::Response: Clone,
    {
        // A second listener finds it set, to the same function.
        let _ = self.copy.set(J::Response::clone);
    }

    pub(super) fn copy(&self, response: &J::Response) -> Option<J::Response> {
        self.copy.get().map(|copy| copy(response))
    }

    pub(crate) fn counts(&self) -> JobCounts {
        self.counters.read(self.keep.as_ref().map(|keep| keep.counts()))
    }

    pub(super) fn enter_worker(&self) -> Working<'_> {
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(&self.working)
    }

    pub(crate) fn working(&self) -> usize {
        self.working.load(Ordering::Relaxed)
    }

    /// Asks what runs to end: the process does.
    pub(crate) fn interrupt(&self) {
        self.running.interrupt();
    }

    /// Waits until that has ended.
    pub(crate) async fn settled(&self) {
        self.running.settled().await;
    }

    /// The same for one that was shed, on the spot: a delivery that is dropped returns to the queue.
    pub(crate) fn bereave(&self, envelope: &Envelope<J>) {
        let Some(keep) = &self.keep else { return };
        keep.give_up(envelope.request());
        drop(self.flights.land(keep.digest(envelope.request()), envelope.id()));
    }

    /// No worker comes any more: who was parked returns to the queue on the spot, as a delivery does that is dropped.
    pub(crate) fn abandon(&self) {
        drop(self.flights.close());
    }

    /// Returns everybody who was parked to the queue.
    pub(crate) async fn ground(&self) {
        for parked in self.flights.clear() {
            let _ = parked.nack(Return::Untouched).await;
        }
    }
}

impl<J: Run, C: EngineChannels<J>> Service<J, C> {
    /// Cancels a request that waits or runs. Says whether it did either.
    pub(crate) async fn cancel(&self, id: JobId, channels: &C) -> bool {
        if self.running.stop(id) {
            return true;
        }
        let cancelled = || Err(CallError::Cancelled { job: J::NAME });
        // Withdrawn from what it had joined, or from the queue.
        if let Some(parked) = self.flights.leave(|parked| parked.message().id() == id) {
            parked.message().answer(cancelled());
            return self.cancel_parked(id, parked, channels).await;
        }
        match channels.cancel_waiting(id).await {
            Ok(Withdrawn::Taken(envelope)) => {
                self.abandon_flight(&envelope).await;
                envelope.answer(cancelled());
                // First: it has ended, also if nobody waits until the receivers know.
                self.count_cancelled();
                self.announce_cancelled(id, channels).await;
            }
            Ok(Withdrawn::Recorded(envelope)) => {
                if let Some(envelope) = envelope {
                    self.abandon_flight(&envelope).await;
                    envelope.answer(cancelled());
                }
                self.count_cancelled();
            }
            Ok(Withdrawn::Nothing) => return channels.stop_elsewhere(id).await.unwrap_or(false),
            Err(error) => {
                tracing::warn!(target: "job_orch", { job.name = J::NAME, job.id = %id, %error }, "a request could not be cancelled");
                return false;
            }
        }
        true
    }

    fn count_cancelled(&self) {
        self.counters.count(|tally| tally.cancelled.add(1));
    }

    /// Ends a request that waits for what another one computes.
    async fn cancel_parked(&self, id: JobId, mut parked: DeliveryOf<J, C>, channels: &C) -> bool {
        let has_ended = if C::RECORDS {
            C::record(&mut parked, Record::Failure(&cancelled_while_it_waited())).await.is_ok()
        } else {
            parked.ack().await.is_ok()
        };
        if has_ended {
            self.count_cancelled();
        }
        if has_ended && !C::RECORDS {
            self.announce_cancelled(id, channels).await;
        }
        has_ended
    }

    /// Works, and stops meanwhile what other processes ask to be stopped.
    pub(crate) async fn stopping(&self, channels: &C, work: impl Future<Output = ()>) {
        let stop = async {
            loop {
                // One that is not listed has ended, or does not suspend. Else it is asked again.
                self.running.stop(channels.next_stop().await);
            }
        };
        let (mut work, mut stop) = (pin!(work), pin!(stop));
        poll_fn(|context| {
            // It never ends.
            let _ = stop.as_mut().poll(context);
            work.as_mut().poll(context)
        })
        .await;
    }

    /// Tells the receivers of the broadcast; dropped early, that they missed it.
    async fn announce_cancelled(&self, id: JobId, channels: &C) {
        let mut outlet = Outlet::<J, C>::new(channels.response_sender(), self.serving.responses);
        outlet.report(id, &cancelled_while_it_waited());
        let refused = outlet.publish().await;
        self.counters.count(|tally| tally.refused_responses.add(refused));
    }

    /// A withdrawn request may have led others, between two of its attempts: they go on without it.
    async fn abandon_flight(&self, envelope: &Envelope<J>) {
        let Some(keep) = &self.keep else { return };
        keep.give_up(envelope.request());
        for parked in self.flights.land(keep.digest(envelope.request()), envelope.id()) {
            let _ = parked.nack(Return::Untouched).await;
        }
    }
}

fn cancelled_while_it_waited() -> Failure {
    Failure::new(FailureKind::Cancelled, "cancelled while it waited", 0)
}

impl<J: Run, C: Channels<J>> fmt::Debug for Service<J, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("job", &J::NAME).field("counts", &self.counts()).finish_non_exhaustive()
    }
}

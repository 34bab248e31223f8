//! The worker loop: receive, look the answer up, run, respond, settle.
//!
//! The loop runs in steps under one guard. What a step is at stands in [`Worker::current`] and [`Worker::at_first`]: if the user's code panics,
//! wherever it does, the loop goes on with settling that as a failure. Nothing is lost, and nothing loops for ever.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::batch::Lent;
use super::counters::Tally;
use super::in_place::Stretch;
use super::outlet::Outlet;
use super::running::Held;
use super::service::{DeliveryOf, Service};
use crate::cache::Leave;
use crate::channel::stop::Stop;
use crate::channel::{Channels, Delivery, Envelope, McReceive, ReceiveError};
use crate::job::Run;
use crate::outcome::CallError;
use crate::panics::caught;
use crate::spread::spread;
use crate::sync::Arc;

/// How long a worker waits after a fault of its engine or of its own, and a parked request for room.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// A response of the job, or why there is none.
pub(super) type Ended<J> = Result<<J as Run>::Response, CallError<<J as Run>::Error>>;

/// One worker of a job.
pub(crate) struct Worker<J: Run, C: Channels<J>> {
    pub(super) service: Arc<Service<J, C>>,
    pub(super) requests: C::RequestReceiver,
    pub(super) outlet: Outlet<J, C>,
    pub(super) tally: Arc<Tally>,
    pub(super) stop: Arc<Stop>,
    // The job has suspended, so that `stop` speaks of it. After a panic it is set still.
    pub(super) following: bool,
    // It has not settled what has suspended: an end of the process waits for that.
    pub(super) held: Option<Held>,
    pub(super) current: Current<J, DeliveryOf<J, C>>,
    // It is at the first request that was fetched ahead, handled where it lies. Not one of `current`: to set that costs as
    // much as to look whether it must be dropped, and this is set twice for every job.
    pub(super) at_first: bool,
    // To compute the answer of the request at hand, from a cache in the engine's store.
    pub(super) leave: Option<Leave>,
}

/// What a worker is at, so that a panic finds it.
pub(super) enum Current<J: Run, D: Delivery<Message = Envelope<J>>> {
    Nothing,
    One(D),
    Batch(Lent<J, D>),
}

impl<J: Run, D: Delivery<Message = Envelope<J>>> Current<J, D> {
    pub(super) fn take_one(&mut self) -> Option<D> {
        match std::mem::replace(self, Self::Nothing) {
            Self::One(delivery) => Some(delivery),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl<J: Run, C: Channels<J>> Worker<J, C> {
    pub(crate) fn new(service: Arc<Service<J, C>>, channels: &C) -> Self {
        let requests = channels.request_receiver();
        let outlet = Outlet::new(channels.response_sender(), service.serving.responses);
        let tally = service.counters.join();
        let (stop, current) = (Arc::default(), Current::Nothing);
        Self {
            service,
            requests,
            outlet,
            tally,
            stop,
            following: false,
            held: None,
            current,
            at_first: false,
            leave: None,
        }
    }

    /// Tells how many jobs it has started.
    pub(crate) fn jobs(&self) -> impl Fn() -> u64 + Send + 'static {
        let tally = Arc::clone(&self.tally);
        move || tally.attempts.get()
    }

    /// Works until the request channel is closed and empty.
    pub(crate) async fn run(&mut self, resources: &mut J::Resources) {
        let service = Arc::clone(&self.service);
        let _working = service.enter_worker();
        let mut last_fault = None;
        while let Err(panic) = caught(self.work(resources)).await {
            // Settling runs the user's code too, such as a `Display` or a `Drop`.
            let settled = caught(self.settle_panic(&panic)).await;
            if settled != Ok(true) {
                tracing::error!(target: "job_orch", { job.name = J::NAME, panic }, "a worker ended by a fault; it starts again");
                self.tally.restarts.add(1);
                // A fault that comes again before anything was done is ours, and must not spin.
                let attempts = self.service.counts().attempts;
                if last_fault.replace(attempts) == Some(attempts) {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn work(&mut self, resources: &mut J::Resources) {
        if J::SETTINGS.batch || J::LOOKS_UP || self.service.keep.is_some() {
            return self.work_one_by_one(resources).await;
        }
        // Nothing has suspended since the last fetch.
        let mut goes_on = false;
        loop {
            if self.held.is_some() {
                self.let_go().await;
            }
            match self.run_fetched(resources).await {
                Stretch::Ended(end) => {
                    goes_on = false;
                    self.settle_first(end).await;
                    continue;
                }
                Stretch::Done { has_suspended } => goes_on &= !has_suspended,
            }
            let fetched = match () {
                () if !self.outlet.is_empty() => self.fetch_and_publish().await,
                () if goes_on => self.requests.fetch_on().await,
                () => self.requests.fetch().await,
            };
            goes_on = matches!(fetched, Ok(None));
            match fetched {
                // There is more, so this goes on, and others may have what it made.
                Ok(None) if self.outlet.many_went_on() => spread(),
                Ok(None) => {}
                Ok(Some(delivery)) => self.handle(delivery, resources).await,
                Err(ReceiveError::Closed) => return,
                Err(error) => report_fault::<J>(error).await,
            }
        }
    }

    /// What had suspended is settled.
    #[cold]
    async fn let_go(&mut self) {
        // At the end of the process, the response goes out before whoever waits for this worker stops it.
        if self.stop.asked().is_some() && !self.outlet.is_empty() {
            self.outlet.flush(&self.tally).await;
        }
        self.held = None;
    }

    /// Leaves what it is at as it is, until the worker is dropped with it: the process ends.
    pub(super) async fn leave_it(&mut self) {
        self.held = None;
        pending::<()>().await;
    }

    /// Fetches more, and publishes what is done before it waits.
    async fn fetch_and_publish(&mut self) -> Result<Option<DeliveryOf<J, C>>, ReceiveError> {
        if self.outlet.is_full() {
            self.outlet.flush(&self.tally).await;
        }
        // Dropped if it must wait: while the worker publishes, it is no idle worker that a sender should count on.
        if let Some(fetched) = now(pin!(self.requests.fetch())).await {
            // The end: what is done still goes out.
            if fetched.is_err() {
                self.outlet.flush(&self.tally).await;
            }
            return fetched;
        }
        self.outlet.flush(&self.tally).await;
        self.requests.fetch().await
    }

    async fn work_one_by_one(&mut self, resources: &mut J::Resources) {
        loop {
            if self.held.is_some() {
                self.let_go().await;
            }
            // Asked for here and not in `next`: what is at hand costs no suspension point.
            let delivery = match self.requests.next_fetched() {
                Some(delivery) => delivery,
                None => match self.next().await {
                    Some(delivery) => delivery,
                    None => return,
                },
            };
            if J::SETTINGS.batch {
                self.handle_batch(delivery, resources).await;
            } else if self.service.keep.is_none() {
                self.handle(delivery, resources).await;
            } else if let Some(delivery) = self.board(delivery).await {
                self.handle(delivery, resources).await;
            }
        }
    }

    /// Waits for the next delivery; `None` at the end.
    async fn next(&mut self) -> Option<DeliveryOf<J, C>> {
        loop {
            if !self.outlet.is_empty() {
                self.outlet.flush(&self.tally).await;
            }
            match self.requests.receive().await {
                Ok(delivery) => return Some(delivery),
                Err(ReceiveError::Closed) => return None,
                Err(error) => report_fault::<J>(error).await,
            }
        }
    }
}

impl<J: Run, C: Channels<J>> Drop for Worker<J, C> {
    fn drop(&mut self) {
        self.service.counters.leave(&self.tally);
    }
}

/// Polls a future once.
pub(super) async fn now<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|poller| match future.as_mut().poll(poller) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A fault of the engine: reported, and given time.
async fn report_fault<J: Run>(error: ReceiveError) {
    tracing::error!(target: "job_orch", { job.name = J::NAME, %error }, "receiving requests failed");
    tokio::time::sleep(PAUSE).await;
}

//! Jobs meet workers.
//!
//! A job that is submitted goes to the first worker that takes it, and a worker that registers gets the first job. Both
//! happen without a lock over a callback: who has been taken out of a line is held by one task, and goes back if that ends.
//! Where a job and a worker wait at the same time (both came in the same moment, or one of them came back), the matcher
//! brings them together.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::callback::Forbidden;
use super::error::LineError;
use super::history::{Delivery, Take, TakeKey, To};
use super::item::Item;
use super::line::Held;
use super::parcel::Parcel;
use super::{Dispatcher, Inner};
use crate::id::JobId;
use crate::sync::{Arc, Weak};

/// So often at least, the matcher looks by itself.
const LOOK: Duration = Duration::from_secs(1);

/// A customer waits for so many workers that say nothing. Then its job is put in line, and the next ones are called beside it.
const SILENT: u32 = 2;

/// What has become of a submitted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Submitted {
    /// A worker has it.
    Assigned {
        /// The id of the job.
        id: JobId,
    },
    /// It waits.
    Queued {
        /// The id of the job.
        id: JobId,
        /// Its place in the line, counted from 1.
        position: usize,
    },
}

/// Why a worker was not registered.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum RegisterError {
    /// It may not be called back there.
    #[error("the worker may not be called back")]
    Forbidden(#[from] Forbidden),
    /// A line could not be used.
    #[error(transparent)]
    Line(#[from] LineError),
}

/// A job was sent to a worker, who has said yes.
#[derive(Debug)]
struct Taken {
    worker: Held,
    delivery: Delivery,
}

impl Taken {
    /// Notes it, at once. What is returned waits until the disk says so too.
    fn settle(self) -> impl Future<Output = ()> + Send {
        let worker = self.worker.settle();
        self.delivery.given();
        note_called(worker)
    }
}

async fn note_called(worker: impl Future<Output = Result<(), LineError>> + Send) {
    if let Err(error) = worker.await {
        // It is noted all the same. A job that was taken is taken, whatever the disk says of its worker.
        tracing::error!(target: "job_orch", %error, "a worker that was called is on the disk still");
    }
}

/// What a worker gets when it registers.
#[derive(Debug)]
pub(super) enum Registered {
    /// The first job.
    Job(Parcel),
    /// What it was sent when it registered by this name before.
    Again(Take),
    /// A place in the line.
    Queued,
}

impl Dispatcher {
    /// Gives a job to the first worker that takes it, or puts it at the end of the line.
    pub(super) async fn submit_item(&self, job: Item) -> Result<Submitted, LineError> {
        let inner = &self.0;
        let id = job.id;
        // Whoever waits longer comes first.
        if inner.jobs.waiting() == 0 && inner.workers.waiting() > 0 {
            let (inner, job) = (Arc::clone(inner), job.clone());
            let until = crate::span::from_now(inner.limits.callback.saturating_mul(SILENT));
            // On a task of its own: the customer may go away, and the worker has the job all the same.
            let offered = self.0.tasks.spawn(async move {
                let Some(taken) = inner.offer(&job, Some(until)).await? else { return Ok(false) };
                taken.settle().await;
                Ok(true)
            });
            if offered.await.unwrap_or(Ok(false))? {
                self.0.counts.assigned.add();
                return Ok(Submitted::Assigned { id });
            }
        }
        let position = inner.jobs.put(job).await?;
        inner.counts.queued.add();
        inner.wake_matcher();
        Ok(Submitted::Queued { id, position })
    }

    /// Gives a worker the first job, or puts it at the end of its line.
    pub(super) async fn register_worker(
        &self,
        callback: &Url,
        key: Option<&TakeKey>,
    ) -> Result<Registered, RegisterError> {
        let inner = &self.0;
        inner.targets.check(callback)?;
        if let Some(job) = inner.jobs.take().await? {
            // It can be asked at its URL whether the job has arrived.
            let parcel = Parcel::new(job, &inner.history, To::Asking(Some(callback), key)).await?;
            return Ok(Registered::Job(parcel));
        }
        self.line_up(Item::worker(callback), key).await?;
        inner.counts.workers.add();
        inner.wake_matcher();
        Ok(Registered::Queued)
    }
}

impl Inner {
    /// Offers a job to the workers in line, one after the other, until one takes it, or the time is up. Who does not take it has
    /// no place any more.
    async fn offer(&self, job: &Item, until: Option<Instant>) -> Result<Option<Taken>, LineError> {
        while until.is_none_or(|until| Instant::now() < until)
            && let Some(worker) = self.workers.take().await?
        {
            if let Some(delivery) = self.call(&worker, job).await? {
                return Ok(Some(Taken { worker, delivery }));
            }
            note_called(worker.settle()).await;
        }
        Ok(None)
    }

    /// Calls a worker. Returns the delivery, if the worker has said yes, has sent a result, or has asked for the same again.
    async fn call(&self, worker: &Held, job: &Item) -> Result<Option<Delivery>, LineError> {
        let Some(url) = worker.item().callback() else {
            tracing::warn!(target: "job_orch", { worker.id = %worker.item().id }, "a worker without a URL");
            return Ok(None);
        };
        let delivery = self.history.offer(job, To::Called(worker.item().id, &url))?;
        let called = self.caller.call(&url, job, &delivery).await;
        let count = if called.is_ok() { &self.counts.calls_taken } else { &self.counts.calls_failed };
        count.add();
        if let Err(error) = &called {
            let (host, reason) = (url.host_str().unwrap_or_default(), error as &dyn std::error::Error);
            let lost = delivery.lose();
            let is_taken = lost.is_none();
            tracing::warn!(target: "job_orch", { job.id = %job.id, worker.host = host, is_taken, reason }, "a worker did not say yes");
            if let Some(lost) = lost {
                lost.note();
                return Ok(None);
            }
        }
        Ok(Some(delivery))
    }

    /// Has the matcher look, if there may be something to do.
    pub(super) fn wake_matcher(&self) {
        if self.is_uneven() {
            self.uneven.notify_one();
        }
    }

    fn is_uneven(&self) -> bool {
        self.jobs.waiting() > 0 && self.workers.waiting() > 0
    }

    /// Brings together who waits at the same time, as long as the dispatcher lives.
    pub(super) async fn matcher(inner: Weak<Self>, uneven: Arc<Notify>, stop: CancellationToken) {
        // Also where there is always something to do.
        let mut looks = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_late = tokio::select! {
                () = stop.cancelled() => return,
                () = uneven.notified() => false,
                _ = looks.tick() => true,
            };
            let Some(inner) = inner.upgrade() else { return };
            if is_late {
                inner.reconcile().await;
            }
            while inner.is_uneven() && !stop.is_cancelled() {
                if let Err(error) = Arc::clone(&inner).match_one().await {
                    tracing::error!(target: "job_orch", %error, "a job and a worker could not be brought together");
                    break;
                }
            }
        }
    }

    /// Takes the first job and calls workers with it, without waiting for their answers.
    async fn match_one(self: Arc<Self>) -> Result<(), LineError> {
        let Some(job) = self.jobs.take().await? else { return Ok(()) };
        let tracker = self.tasks.clone();
        tracker.spawn(async move {
            match self.offer(job.item(), None).await {
                Ok(Some(taken)) => {
                    self.counts.given.add();
                    // All of it is noted before anything is waited for.
                    let (job, worker) = (job.settle(), taken.settle());
                    if let Err(error) = job.await {
                        tracing::error!(target: "job_orch", %error, "what was given is on the disk still");
                    }
                    worker.await;
                }
                Ok(None) => drop(job),
                Err(error) => tracing::error!(target: "job_orch", %error, "a job is back in its line"),
            }
            self.wake_matcher();
        });
        // It takes the worker before another look.
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn reconcile(&self) {
        for line in [&self.jobs, &self.workers] {
            if let Err(error) = line.reconcile().await {
                tracing::error!(target: "job_orch", %error, "a line could not be read");
            }
        }
    }
}

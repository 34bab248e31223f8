//! What runs: the hosted jobs, their workers, and how they end.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::HostedJob;
use super::clocks::Clocks;
use super::lookout::Lookout;
use super::stages::Stages;
use crate::error::Error;
use crate::flow::{Doors, Host};
use crate::id::JobId;
use crate::span::from_now;
use crate::sync::Arc;

/// What a running orchestrator consists of, whatever its type.
pub(super) struct Running {
    // Of a job that is hosted in several queues, the first one, which knows the others.
    pub(super) jobs: HashMap<TypeId, Arc<dyn HostedJob>>,
    // All, in the order in which they were hosted, for people.
    all: Vec<Arc<dyn HostedJob>>,
    // The workers; `None` after a shutdown. Under a lock that waits: a second shutdown waits for the first.
    workers: Mutex<Option<Stages>>,
    // What fires the ticks of cron jobs.
    pub(super) clocks: Clocks,
    drain: Duration,
    // Runs of flows that are in flight.
    traffic: TaskTracker,
    identity: Arc<()>,
    runtime: Handle,
    // Written once, when all of this is there.
    lookout: OnceLock<Lookout>,
}

impl Doors for Running {
    fn door(&self, job: TypeId) -> Option<Box<dyn Any>> {
        self.jobs.get(&job).map(|hosted| hosted.door())
    }

    fn remembers(&self) -> bool {
        self.in_order().all(|job| job.remembers())
    }
}

impl Host for Running {
    fn identity(&self) -> &Arc<()> {
        &self.identity
    }

    fn runtime(&self) -> &Handle {
        &self.runtime
    }

    fn traffic(&self) -> &TaskTracker {
        &self.traffic
    }

    fn end_run(&self, run: JobId, is_over: bool) {
        // All jobs lie in one store.
        if let Some(job) = self.in_order().next() {
            job.end_run(run, is_over);
        }
    }
}

impl Running {
    pub(super) fn new(
        hosted: &[(TypeId, Arc<dyn HostedJob>)],
        workers: Stages,
        clocks: Clocks,
        drain: Duration,
    ) -> Self {
        let all: Vec<_> = hosted.iter().map(|(_, job)| Arc::clone(job)).collect();
        let mut jobs = HashMap::new();
        for (id, job) in hosted {
            jobs.entry(*id).or_insert_with(|| {
                let same = hosted.iter().filter(|(other, sibling)| other == id && !Arc::ptr_eq(sibling, job));
                job.adopt(&same.map(|(_, sibling)| Arc::clone(sibling)).collect::<Vec<_>>());
                Arc::clone(job)
            });
        }
        Self {
            jobs,
            all,
            workers: Mutex::new(Some(workers)),
            clocks,
            drain,
            traffic: TaskTracker::new(),
            identity: Arc::new(()),
            runtime: Handle::current(),
            lookout: OnceLock::new(),
        }
    }

    /// From now on, the end of this runtime is noticed. In a model, which ends it to have other workers, it is not.
    pub(super) fn keep_watch(self: &Arc<Self>) {
        if !cfg!(shuttle) {
            let _ = self.lookout.set(Lookout::over(self));
        }
    }

    /// The runtime is gone, and the workers with it: nobody may wait for them.
    pub(super) fn lose_runtime(&self) {
        for (job, left) in self.abandon() {
            tracing::warn!(target: "job_orch", { job.name = job, left }, "the runtime ended without a shutdown");
        }
    }

    pub(super) fn in_order(&self) -> impl Iterator<Item = &Arc<dyn HostedJob>> {
        self.all.iter()
    }

    /// See [`Orchestrator::shutdown`](super::Orchestrator::shutdown).
    pub(super) async fn shutdown(&self) -> Result<(), Error> {
        let deadline = from_now(self.drain);
        self.clocks.stop();
        // Runs of flows that are in flight still put requests in, so their channels close after them.
        self.traffic.close();
        let _ = tokio::time::timeout_at(deadline, self.traffic.wait()).await;
        let mut workers = self.workers.lock().await;
        if let Some(stages) = workers.as_mut() {
            stages.drain(deadline).await;
        }
        *workers = None;
        for job in self.in_order() {
            job.ground().await;
        }
        match self.abandon() {
            left if left.is_empty() => Ok(()),
            left => Err(Error::Unfinished(left)),
        }
    }

    /// Answers everybody whom no worker will answer.
    fn abandon(&self) -> Vec<(&'static str, u64)> {
        self.in_order().map(|job| (job.name(), job.abandon())).filter(|(_, left)| *left > 0).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.workers.get_mut().take().is_none() {
            return;
        }
        for (job, left) in self.abandon() {
            tracing::warn!(target: "job_orch", { job.name = job, left }, "dropped without a shutdown");
        }
    }
}

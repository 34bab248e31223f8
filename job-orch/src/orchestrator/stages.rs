//! In which order the workers end: those of a flow before those of the jobs that it uses.

use std::any::TypeId;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::HostedJob;
use crate::error::Error;
use crate::processor::GRACE;
use crate::sync::Arc;

/// The time to record what a job came to that took all of its grace.
const RECORDING: Duration = Duration::from_secs(1);

/// All workers, in the order in which they end.
#[derive(Default)]
pub(super) struct Stages(Vec<Stage>);

/// Jobs that end together, and their workers.
struct Stage {
    jobs: Vec<(TypeId, Arc<dyn HostedJob>)>,
    // The jobs that they put requests in for.
    uses: Vec<TypeId>,
    workers: Vec<JoinSet<()>>,
}

impl Stages {
    /// One more job.
    pub(super) fn add(&mut self, id: TypeId, job: Arc<dyn HostedJob>, uses: Vec<TypeId>, workers: JoinSet<()>) {
        self.0.push(Stage { jobs: vec![(id, job)], uses, workers: vec![workers] });
    }

    /// Each flow before what it uses; all that use nothing together, at the end.
    pub(super) fn in_order(self) -> Result<Self, Error> {
        let (mut flows, plain): (Vec<Stage>, Vec<Stage>) = self.0.into_iter().partition(|stage| !stage.uses.is_empty());
        let mut ordered = Vec::new();
        while let Some(first) = flows.first() {
            // Used by none of those that are left.
            let free = flows
                .iter()
                .position(|stage| !flows.iter().any(|other| stage.jobs.iter().any(|(id, _)| other.uses.contains(id))));
            let Some(free) = free else {
                let flow = first.jobs.first().map_or("unknown", |(_, job)| job.name());
                return Err(Error::FlowInItself { flow });
            };
            ordered.push(flows.remove(free));
        }
        let mut last = Stage { jobs: Vec::new(), uses: Vec::new(), workers: Vec::new() };
        for stage in plain {
            last.jobs.extend(stage.jobs);
            last.workers.extend(stage.workers);
        }
        ordered.push(last);
        Ok(Self(ordered))
    }

    /// Closes stage after stage and waits for its workers, until the deadline: then it tells what still runs to end, gives the
    /// jobs that listen their grace, and stops the workers that are left.
    pub(super) async fn drain(&mut self, deadline: Instant) {
        for stage in &mut self.0 {
            stage.jobs.iter().for_each(|(_, job)| job.close());
            for workers in &mut stage.workers {
                let _ = timeout_at(deadline, all_ended(workers)).await;
            }
        }
        self.interrupt().await;
        for workers in self.0.iter_mut().flat_map(|stage| &mut stage.workers) {
            workers.shutdown().await;
        }
    }

    async fn interrupt(&self) {
        let jobs = || self.0.iter().flat_map(|stage| &stage.jobs).map(|(_, job)| job);
        jobs().for_each(|job| job.interrupt());
        let end = Instant::now() + GRACE + RECORDING;
        for job in jobs() {
            let _ = timeout_at(end, job.settled()).await;
        }
    }
}

async fn all_ended(workers: &mut JoinSet<()>) {
    while workers.join_next().await.is_some() {}
}

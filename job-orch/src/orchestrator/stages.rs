//! In which order the workers end: those of a flow before those of the jobs that it uses.

use std::any::TypeId;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::HostedJob;
use crate::error::Error;
use crate::lend::Seated;
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
    crews: Vec<Crew>,
}

/// The workers of a job.
#[derive(Default)]
pub(super) struct Crew {
    tasks: JoinSet<()>,
    // A worker may be in the hands of a caller when its task is gone.
    inside: TaskTracker,
}

impl Crew {
    pub(super) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Spawns a worker that callers may lend their threads to.
    pub(super) fn seat(
        &mut self,
        work: impl Future<Output = ()> + Send + 'static,
        jobs: impl Fn() -> u64 + Send + 'static,
    ) {
        self.tasks.spawn(Seated::new(self.inside.track_future(work), jobs));
    }

    async fn all_ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Stops those that are left, and waits until none of them runs.
    async fn stop(&mut self) {
        self.tasks.shutdown().await;
        self.inside.close();
        self.inside.wait().await;
    }
}

impl Stages {
    /// One more job.
    pub(super) fn add(&mut self, id: TypeId, job: Arc<dyn HostedJob>, uses: Vec<TypeId>, crew: Crew) {
        self.0.push(Stage { jobs: vec![(id, job)], uses, crews: vec![crew] });
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
        let mut last = Stage { jobs: Vec::new(), uses: Vec::new(), crews: Vec::new() };
        for stage in plain {
            last.jobs.extend(stage.jobs);
            last.crews.extend(stage.crews);
        }
        ordered.push(last);
        Ok(Self(ordered))
    }

    /// Closes stage after stage and waits for its workers, until the deadline: then it tells what still runs to end, gives the
    /// jobs that listen their grace, and stops the workers that are left.
    pub(super) async fn drain(&mut self, deadline: Instant) {
        for stage in &mut self.0 {
            stage.jobs.iter().for_each(|(_, job)| job.close());
            for crew in &mut stage.crews {
                let _ = timeout_at(deadline, crew.all_ended()).await;
            }
        }
        self.interrupt().await;
        for crew in self.0.iter_mut().flat_map(|stage| &mut stage.crews) {
            crew.stop().await;
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::task::{Poll, Waker};

    use super::*;
    use crate::lend::{lend, serving};
    use crate::sync::{Mutex, lock};

    /// A worker that stays within its step until the test lets it go on.
    #[derive(Default)]
    struct Desk {
        idle: Mutex<Option<Waker>>,
        jobs: AtomicU64,
        stays: AtomicBool,
        is_over: AtomicBool,
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_worker_in_the_hands_of_a_caller_is_waited_for() {
        let (desk, meet) = (Arc::new(Desk::default()), Arc::new(Barrier::new(2)));
        let mut crew = Crew::default();
        let (at, gate) = (Arc::clone(&desk), Arc::clone(&meet));
        let work = poll_fn(move |context| {
            at.jobs.fetch_add(1_000, Ordering::SeqCst);
            if at.stays.load(Ordering::SeqCst) {
                gate.wait();
                gate.wait();
                at.is_over.store(true, Ordering::SeqCst);
            }
            *lock(&at.idle) = Some(context.waker().clone());
            Poll::Pending
        });
        let at = Arc::clone(&desk);
        crew.seat(work, move || at.jobs.load(Ordering::SeqCst));
        let at = Arc::clone(&desk);
        // A thread of its own: it blocks within the step. One runtime all the same, so that it may lend itself.
        let lending = tokio::task::spawn_blocking(move || {
            let step = |stays: bool| {
                at.stays.store(stays, Ordering::SeqCst);
                let loan = lend(Waker::noop());
                let idle = lock(&at.idle).take();
                serving(|| idle.into_iter().for_each(Waker::wake));
                loan.work()
            };
            // Until it is known to be quick, its own task takes the steps.
            while !step(false) {
                std::thread::yield_now();
            }
            while lock(&at.idle).is_none() {
                std::thread::yield_now();
            }
            step(true)
        });
        tokio::task::block_in_place(|| meet.wait());
        let mut stop = std::pin::pin!(crew.stop());
        let early = tokio::time::timeout(Duration::from_millis(50), stop.as_mut()).await;
        tokio::task::block_in_place(|| meet.wait());
        assert!(early.is_err(), "it ran still");
        stop.await;
        assert!(desk.is_over.load(Ordering::SeqCst));
        assert!(lending.await.is_ok_and(|was_lent| was_lent));
    }
}

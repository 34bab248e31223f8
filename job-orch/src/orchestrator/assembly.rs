//! [`Assembly`]: an orchestrator that is being put together.

use std::any::{Any, TypeId};
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use tokio::runtime::Handle;

use super::clocks::Clocks;
use super::hosting::{Hosting, MOST_WORKERS, Opened, Part, check};
use super::stages::{Crew, Stages};
use super::{HostedJob, Orchestrator, Provider};
use crate::engine::{Engine, KeptOn, SharedByProcesses, TravelsOn};
use crate::error::Error;
use crate::flow::{Doors, Wiring};
use crate::job::Job;
use crate::resources::{Cons, HostedBy, Nil, Own, PerWorker, Shared, Unlisted};
use crate::settings::Serving;
use crate::span::{IntoSpan, InvalidSpan};
use crate::sync::Arc;

/// How long a shutdown waits for what was accepted, unless told otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// An orchestrator that is being put together: resources first, then the jobs that use them, then
/// [`start`](Assembly::start).
///
/// ```
/// use job_orch::prelude::*;
///
/// #[job]
/// async fn next(_: &(), count: &mut u64) -> u64 {
///     *count += 1;
///     *count
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
/// let orch = Orchestrator::on(Memory::new()).provide(41_u64).host(Next).drain_for("5s")?.start().await?;
/// assert_eq!(orch.call(Next, ()).await?, 42);
/// # orch.shutdown().await }
/// ```
#[must_use = "an assembly does nothing until it is started"]
pub struct Assembly<E, P, A = Unlisted> {
    engine: E,
    provider: P,
    jobs: Vec<Hosting<E>>,
    drain: Duration,
    // The queues that it serves; all, if none is named.
    only: Vec<String>,
    app: PhantomData<fn() -> A>,
}

/// A list of resources that grows by `.provide(…)` and `.share(…)`.
pub trait List {}
impl List for Nil {}
impl<H, T: List> List for Cons<H, T> {}

impl<E: Engine> Assembly<E, Nil> {
    pub(super) const fn new(engine: E) -> Self {
        Self { engine, provider: Nil, jobs: Vec::new(), drain: DRAIN, only: Vec::new(), app: PhantomData }
    }

    /// Serves the jobs that the struct names in its `#[hosts(…)]`, with its resources.
    #[track_caller]
    pub fn serve<A: Provider<E>>(self, app: A) -> Assembly<E, A, A> {
        let Self { engine, jobs, drain, only, .. } = self;
        let hosted = A::host_all(Assembly { engine, provider: app, jobs, drain, only, app: PhantomData });
        let Assembly { engine, provider, jobs, drain, only, .. } = hosted;
        Assembly { engine, provider, jobs, drain, only, app: PhantomData }
    }
}

impl<E: Engine, P: List> Assembly<E, P> {
    fn with<R>(self, resource: R) -> Assembly<E, Cons<R, P>> {
        let Self { engine, provider, jobs, drain, only, app } = self;
        Assembly { engine, provider: Cons(resource, provider), jobs, drain, only, app }
    }

    /// Gives each worker of the jobs below a clone of this.
    pub fn provide<R: PerWorker>(self, resource: R) -> Assembly<E, Cons<Own<R>, P>> {
        self.with(Own(std::sync::Arc::new(move || resource.another())))
    }

    /// Gives each worker of the jobs below what this makes.
    pub fn provide_with<R: Send + 'static>(
        self,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Assembly<E, Cons<Own<R>, P>> {
        self.with(Own(std::sync::Arc::new(make)))
    }

    /// Lends all workers of the jobs below this one.
    pub fn share<R: Send + Sync + 'static>(self, resource: R) -> Assembly<E, Cons<Shared<R>, P>> {
        self.with(Shared(std::sync::Arc::new(resource)))
    }
}

impl<E: Engine, P, A> Assembly<E, P, A> {
    /// Every job has its resources by now: so it can go to another thread.
    pub(super) fn without_provider(self) -> Assembly<E, Nil, A> {
        let Self { engine, jobs, drain, only, app, .. } = self;
        Assembly { engine, provider: Nil, jobs, drain, only, app }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a job is named by its value, which is nothing")]
impl<E: Engine, P, A> Assembly<E, P, A> {
    /// Hosts a job, served as its `#[processor]` says.
    #[track_caller]
    pub fn host<J: TravelsOn<E> + HostedBy<P, I> + KeptOn<E>, I>(self, job: J) -> Self {
        self.host_with(job, J::SERVING)
    }

    /// Hosts a job, served so. A job may be hosted several times, each time from another queue: requests go to the first one,
    /// unless they name another ([`Send::queue`](crate::Send::queue)).
    #[track_caller]
    pub fn host_with<J: TravelsOn<E> + HostedBy<P, I> + KeptOn<E>, I>(mut self, job: J, serving: Serving) -> Self {
        let _ = job;
        // Here, where the provider's type is known: later the workers only know what they own.
        let resources =
            (0..serving.workers.min(MOST_WORKERS)).map(|_| <J as HostedBy<P, I>>::collect(&self.provider)).collect();
        self.jobs.push(Hosting::of::<J>(serving, Some(resources)));
        self
    }

    /// Sends to a job and calls it from here, while workers in other processes run it.
    #[track_caller]
    pub fn reach<J: TravelsOn<E> + KeptOn<E> + Job>(mut self, job: J) -> Self
    where
        E: SharedByProcesses,
    {
        let _ = job;
        self.jobs.push(Hosting::of::<J>(J::SERVING.workers(0), None));
        self
    }

    /// The same in another queue of the job than its own.
    #[track_caller]
    pub fn reach_in<J: TravelsOn<E> + KeptOn<E> + Job>(mut self, job: J, queue: &'static str) -> Self
    where
        E: SharedByProcesses,
    {
        let _ = job;
        self.jobs.push(Hosting::of::<J>(J::SERVING.workers(0).queue(queue), None));
        self
    }

    /// Serves the jobs of these queues alone. Jobs of other queues are reached: this process sends to them and calls them, and
    /// workers of other processes run them.
    pub fn only<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self
    where
        E: SharedByProcesses,
    {
        self.only.extend(queues.into_iter().map(Into::into));
        self
    }

    /// Gives a shutdown so long for what was accepted; the default is 30 s.
    ///
    /// # Errors
    /// If it is no span of time.
    pub fn drain_for(mut self, drain: impl IntoSpan) -> Result<Self, InvalidSpan> {
        self.drain = drain.into_span()?;
        Ok(self)
    }

    /// Opens the channels and starts the workers.
    ///
    /// # Errors
    /// [`Error::HostedTwice`], [`Error::InvalidServing`], [`Error::UnknownQueue`], [`Error::Engine`]. Nothing runs then.
    ///
    /// # Cancel safety
    /// A future dropped early stops what it has started.
    pub async fn start(self) -> Result<Orchestrator<E, A>, Error> {
        check(&self.jobs)?;
        if let Some(queue) = self.only.iter().find(|queue| !self.jobs.iter().any(|job| job.serving.queue == **queue)) {
            return Err(Error::UnknownQueue { queue: queue.clone() });
        }
        let (mut jobs, mut starts, mut clocks) = (Vec::new(), Vec::new(), Vec::new());
        let mut served = HashSet::new();
        for hosting in self.jobs {
            let works = self.only.is_empty() || self.only.iter().any(|queue| queue == hosting.serving.queue);
            // A job of several queues has one schedule: its ticks go to the first of those that are served here.
            let fires = works && served.insert(hosting.id);
            let Opened { job, start, clock } = (hosting.open)(&self.engine, Part { works, fires }).await?;
            clocks.extend(clock);
            jobs.push((hosting.id, job));
            starts.push(start);
        }
        let doors = OpenJobs(&jobs);
        let (runtime, mut stages) = (Handle::current(), Stages::default());
        for ((id, job), start) in jobs.iter().zip(starts) {
            let mut crew = Crew::default();
            let uses = start(&Wiring { doors: &doors, runtime: &runtime }, &mut crew)?;
            stages.add(*id, Arc::clone(job), uses, crew);
        }
        let stages = stages.in_order()?;
        Ok(Orchestrator::new(&jobs, stages, Clocks::start(clocks), self.drain))
    }
}

/// The jobs that are open, for the flows among them.
struct OpenJobs<'a>(&'a [(TypeId, Arc<dyn HostedJob>)]);

impl Doors for OpenJobs<'_> {
    fn door(&self, job: TypeId) -> Option<Box<dyn Any>> {
        self.0.iter().find(|(id, _)| *id == job).map(|(_, hosted)| hosted.door())
    }

    fn remembers(&self) -> bool {
        self.0.iter().all(|(_, hosted)| hosted.remembers())
    }
}

impl<E, P, A> fmt::Debug for Assembly<E, P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs: Vec<&str> = self.jobs.iter().map(|job| job.name).collect();
        f.debug_struct("Assembly").field("jobs", &jobs).finish_non_exhaustive()
    }
}

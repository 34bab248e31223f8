//! [`Assembly`]: an orchestrator that is being put together.

use std::any::{Any, TypeId};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::clocks::{Clock, Clocks};
use super::stages::Stages;
use super::{HostedJob, Orchestrator, Provider};
use crate::client::Client;
use crate::engine::{Engine, EngineChannels, KeptOn, SharedByProcesses, TravelsOn};
use crate::error::Error;
use crate::flow::{Doors, Wiring};
use crate::job::Job;
use crate::lend::Seated;
use crate::processor::{Service, Worker};
use crate::resources::{Cons, HostedBy, Nil, Own, PerWorker, Shared, Unlisted};
use crate::settings::{Overflow, Serving};
use crate::span::{IntoSpan, InvalidSpan};
use crate::sync::Arc;

/// How long a shutdown waits for what was accepted, unless told otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// The most workers of one job.
const MOST_WORKERS: usize = 4096;

/// The most of anything else: waiting messages, a batch.
const MOST: usize = 1 << 24;

type Opening<'a> = Pin<Box<dyn Future<Output = Result<Opened, Error>> + Send + 'a>>;
/// Opens a job's channels, and readies its workers unless it is told that there are to be none.
type Open<E> = Box<dyn for<'a> FnOnce(&'a E, bool) -> Opening<'a> + Send>;

/// A job whose channels are open and whose workers are ready.
struct Opened {
    job: Arc<dyn HostedJob>,
    start: Start,
    // Of a job that runs by the clock.
    clock: Option<Clock>,
}

/// Starts the workers, once all jobs are open. Gives the jobs that it uses.
type Start = Box<dyn FnOnce(&Wiring<'_>, &mut JoinSet<()>) -> Result<Vec<TypeId>, Error> + Send>;

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

struct Hosting<E> {
    name: &'static str,
    id: TypeId,
    serving: Serving,
    // Other processes run it.
    is_elsewhere: bool,
    at: &'static Location<'static>,
    open: Open<E>,
}

impl<E: Engine> Hosting<E> {
    #[track_caller]
    fn of<J: TravelsOn<E> + KeptOn<E> + Job>(serving: Serving, resources: Option<Vec<J::Resources>>) -> Self {
        let is_elsewhere = resources.is_none();
        let resources = resources.unwrap_or_default();
        Self {
            name: J::NAME,
            id: TypeId::of::<J>(),
            serving,
            is_elsewhere,
            at: Location::caller(),
            open: Box::new(move |engine, works| {
                let (serving, resources) = if works { (serving, resources) } else { (serving.workers(0), Vec::new()) };
                Box::pin(open::<J, E>(engine, serving, resources))
            }),
        }
    }
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
        for hosting in self.jobs {
            let works = self.only.is_empty() || self.only.iter().any(|queue| queue == hosting.serving.queue);
            let Opened { job, start, clock } = (hosting.open)(&self.engine, works).await?;
            // A job of several queues has one schedule.
            clocks.extend(clock.filter(|_| jobs.iter().all(|(id, _)| *id != hosting.id)));
            jobs.push((hosting.id, job));
            starts.push(start);
        }
        let doors = OpenJobs(&jobs);
        let (runtime, mut stages) = (Handle::current(), Stages::default());
        for ((id, job), start) in jobs.iter().zip(starts) {
            let mut workers = JoinSet::new();
            let uses = start(&Wiring { doors: &doors, runtime: &runtime }, &mut workers)?;
            stages.add(*id, Arc::clone(job), uses, workers);
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

async fn open<J: TravelsOn<E> + KeptOn<E> + Job, E: Engine>(
    engine: &E,
    serving: Serving,
    mut resources: Vec<J::Resources>,
) -> Result<Opened, Error> {
    let failed = |source| Error::Engine { job: J::NAME, source };
    let channels = engine.open::<J>(&serving).await.map_err(failed)?;
    let keep = J::keep_on(engine).await.map_err(failed)?;
    let service = Arc::new(Service::new(serving, keep));
    // Made before anything is sent: a channel without receivers is closed.
    let workers: Vec<_> = resources.iter().map(|_| Worker::new(Arc::clone(&service), &channels)).collect();
    let clock = match resources.is_empty() {
        true => None,
        false => Clock::of::<J, E>(&channels).await.map_err(failed)?,
    };
    let (served, asked) = (Arc::clone(&service), channels.clone());
    let start: Start = Box::new(move |wiring, tasks| {
        if resources.is_empty() {
            // Other processes run it, and have what it needs.
            return Ok(Vec::new());
        }
        let uses = J::prepare(&mut resources, wiring).map_err(|unwired| unwired.0)?;
        for (mut worker, mut owned) in workers.into_iter().zip(resources) {
            if !<E::Channels<J> as EngineChannels<J>>::STOPS {
                let jobs = worker.jobs();
                tasks.spawn(Seated::new(async move { worker.run(&mut owned).await }, jobs));
                continue;
            }
            let (service, channels) = (Arc::clone(&served), asked.clone());
            tasks.spawn(async move { service.stopping(&channels, worker.run(&mut owned)).await });
        }
        Ok(uses)
    });
    Ok(Opened { job: Arc::new(Client::<J, E>::new(service, channels, engine)), start, clock })
}

fn check<E>(jobs: &[Hosting<E>]) -> Result<(), Error> {
    for (at, job) in jobs.iter().enumerate() {
        if let Some(first) = jobs[..at].iter().find(|first| collide(first, job)) {
            return Err(Error::HostedTwice { job: job.name, first: first.at, second: job.at });
        }
        if let Some(problem) = problem(job) {
            return Err(Error::InvalidServing { job: job.name, problem });
        }
    }
    Ok(())
}

/// Whether nobody could tell them apart: another job has the name, or the same job the queue.
fn collide<E>(first: &Hosting<E>, second: &Hosting<E>) -> bool {
    if first.id == second.id { first.serving.queue == second.serving.queue } else { first.name == second.name }
}

/// Whether a queue may be called so.
fn is_queue(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// What is wrong with its figures, if anything is.
fn problem<E>(Hosting { serving, is_elsewhere, .. }: &Hosting<E>) -> Option<String> {
    if !is_queue(serving.queue) {
        return Some(format!("a queue has a name of 1 to 64 of `A-Z a-z 0-9 _ -`, and not {:?}", serving.queue));
    }
    let figures = [
        ("workers", if *is_elsewhere { 1 } else { serving.workers }, MOST_WORKERS),
        ("requests", serving.requests, MOST),
        ("responses", serving.responses, MOST),
        ("batch", serving.batch, MOST),
    ];
    let outside = figures.iter().find(|(_, figure, most)| *figure == 0 || figure > most);
    if let Some((name, figure, most)) = outside {
        return Some(format!("`{name}` is {figure}; it must lie between 1 and {most}"));
    }
    if serving.request_bytes == Some(0) {
        return Some("`request_bytes` is 0; it must be at least 1".to_owned());
    }
    if serving.full_responses == Overflow::Shed {
        return Some(
            "a response is no dead letter; a full response channel waits, refuses, or drops the oldest".to_owned(),
        );
    }
    let drops = serving.full_requests == Overflow::DropOldest;
    drops.then(|| "an accepted request is never dropped; a full request channel waits, refuses, or sheds".to_owned())
}

impl<E, P, A> fmt::Debug for Assembly<E, P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs: Vec<&str> = self.jobs.iter().map(|job| job.name).collect();
        f.debug_struct("Assembly").field("jobs", &jobs).finish_non_exhaustive()
    }
}

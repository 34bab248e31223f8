//! A job that is to be hosted: what may not be, and how its channels open and its workers start.

use std::any::TypeId;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;

use super::HostedJob;
use super::clocks::Clock;
use super::stages::Crew;
use crate::client::Client;
use crate::engine::{Engine, EngineChannels, KeptOn, TravelsOn};
use crate::error::Error;
use crate::flow::Wiring;
use crate::job::Job;
use crate::processor::{Service, Worker};
use crate::settings::{Overflow, Serving};
use crate::sync::Arc;

/// The most workers of one job.
pub(super) const MOST_WORKERS: usize = 4096;

/// The most of anything else: waiting messages, a batch.
const MOST: usize = 1 << 24;

type Opening<'a> = Pin<Box<dyn Future<Output = Result<Opened, Error>> + Send + 'a>>;
/// Opens a job's channels, and readies its part.
type Open<E> = Box<dyn for<'a> FnOnce(&'a E, Part) -> Opening<'a> + Send>;

/// What of a hosted job this process does.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// It runs its jobs: else other processes do, and this one reaches them.
    pub(super) works: bool,
    /// It fires its ticks, if it works.
    pub(super) fires: bool,
}

/// A job whose channels are open and whose workers are ready.
pub(super) struct Opened {
    pub(super) job: Arc<dyn HostedJob>,
    pub(super) start: Start,
    // Of a job that runs by the clock.
    pub(super) clock: Option<Clock>,
}

/// Starts the workers, once all jobs are open. Gives the jobs that it uses.
type Start = Box<dyn FnOnce(&Wiring<'_>, &mut Crew) -> Result<Vec<TypeId>, Error> + Send>;

/// A job, as it is to be served.
pub(super) struct Hosting<E> {
    pub(super) name: &'static str,
    pub(super) id: TypeId,
    pub(super) serving: Serving,
    // Other processes run it.
    is_elsewhere: bool,
    at: &'static Location<'static>,
    pub(super) open: Open<E>,
}

impl<E: Engine> Hosting<E> {
    #[track_caller]
    pub(super) fn of<J: TravelsOn<E> + KeptOn<E> + Job>(
        serving: Serving,
        resources: Option<Vec<J::Resources>>,
    ) -> Self {
        let is_elsewhere = resources.is_none();
        let resources = resources.unwrap_or_default();
        Self {
            name: J::NAME,
            id: TypeId::of::<J>(),
            serving,
            is_elsewhere,
            at: Location::caller(),
            open: Box::new(move |engine, Part { works, fires }| {
                let (serving, resources) = if works { (serving, resources) } else { (serving.workers(0), Vec::new()) };
                Box::pin(open::<J, E>(engine, serving, resources, fires))
            }),
        }
    }
}

async fn open<J: TravelsOn<E> + KeptOn<E> + Job, E: Engine>(
    engine: &E,
    serving: Serving,
    mut resources: Vec<J::Resources>,
    fires: bool,
) -> Result<Opened, Error> {
    let failed = |source| Error::Engine { job: J::NAME, source };
    let channels = engine.open::<J>(&serving).await.map_err(failed)?;
    let keep = J::keep_on(engine).await.map_err(failed)?;
    if J::SETTINGS.batch && keep.is_some() {
        let problem = "a batch job has no cache of the orchestrator's: its members are not run one by one".to_owned();
        return Err(Error::InvalidServing { job: J::NAME, problem });
    }
    let service = Arc::new(Service::new(serving, keep));
    let flights = Arc::downgrade(&service);
    channels.when_shed(Box::new(move |shed| flights.upgrade().iter().for_each(|service| service.bereave(shed))));
    // Made before anything is sent: a channel without receivers is closed.
    let workers: Vec<_> = resources.iter().map(|_| Worker::new(Arc::clone(&service), &channels)).collect();
    let clock = match fires && !resources.is_empty() {
        true => Clock::of::<J, E>(&channels).await.map_err(failed)?,
        false => None,
    };
    let (served, asked) = (Arc::clone(&service), channels.clone());
    let start: Start = Box::new(move |wiring, crew| {
        if resources.is_empty() {
            // Other processes run it, and have what it needs.
            return Ok(Vec::new());
        }
        let uses = J::prepare(&mut resources, wiring).map_err(|unwired| unwired.0)?;
        for (mut worker, mut owned) in workers.into_iter().zip(resources) {
            if !<E::Channels<J> as EngineChannels<J>>::STOPS {
                let jobs = worker.jobs();
                crew.seat(async move { worker.run(&mut owned).await }, jobs);
                continue;
            }
            let (service, channels) = (Arc::clone(&served), asked.clone());
            crew.spawn(async move { service.stopping(&channels, worker.run(&mut owned)).await });
        }
        Ok(uses)
    });
    Ok(Opened { job: Arc::new(Client::<J, E>::new(service, channels, engine)), start, clock })
}

/// Whether all of these can be hosted together, as they say.
pub(super) fn check<E>(jobs: &[Hosting<E>]) -> Result<(), Error> {
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

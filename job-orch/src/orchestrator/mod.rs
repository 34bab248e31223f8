//! An engine, the resources and the hosted jobs of one process.

mod assembly;
mod blocking;
mod clocks;
mod health;
mod hosted;
mod hosting;
mod lookout;
mod provider;
mod running;
mod stages;
mod upkeep;

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use futures_core::Stream;

pub use assembly::Assembly;
pub use blocking::BlockingOrchestrator;
use clocks::Clocks;
pub use health::{Health, JobHealth};
pub(crate) use hosted::HostedJob;
pub use provider::Provider;
use running::Running;
use stages::Stages;

use crate::client::{Call, Client, NotSent, Receipt, Refusal, Responses, Send};
use crate::engine::{Engine, Remembers};
use crate::error::Error;
use crate::flow::{Flow, FlowRun, FlowRuns};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::CallError;
use crate::resources::{KnownTo, Nil, Unlisted};
use crate::sync::Arc;

/// A running orchestrator. Cheap to clone; the last clone that is dropped without [`shutdown`](Orchestrator::shutdown)
/// stops the workers where they are.
///
/// Its workers run in the runtime that it was started in; it may be asked from others, and from plain threads. When that runtime
/// ends without a shutdown, who waits for the answer to a call is told [`CallError::Closed`], and nothing more is accepted. A run of
/// a flow that pauses between two attempts of a part, or waits for a batch, goes with its runtime and is not told.
///
/// `A` is the struct that hosts the jobs, [`Unlisted`] for a chain of `.host(…)`.
///
/// ```
/// use job_orch::prelude::*;
///
/// #[job]
/// async fn double(number: &u64) -> u64 {
///     number * 2
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), job_orch::Error> {
///     let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
///     assert_eq!(orch.call(Double, 21).await?, 42);
///     orch.shutdown().await
/// }
/// ```
pub struct Orchestrator<E: Engine, A = Unlisted> {
    running: Arc<Running>,
    types: PhantomData<fn() -> (E, A)>,
}

impl<E: Engine> Orchestrator<E, Unlisted> {
    /// Begins an orchestrator on this engine: see [`Assembly`].
    pub fn on(engine: E) -> Assembly<E, Nil> {
        Assembly::new(engine)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a job is named by its value, which is nothing")]
impl<E: Engine, A> Orchestrator<E, A> {
    fn new(hosted: &[(TypeId, Arc<dyn HostedJob>)], workers: Stages, clocks: Clocks, drain: Duration) -> Self {
        let running = Arc::new(Running::new(hosted, workers, clocks, drain));
        running.keep_watch();
        Self { running, types: PhantomData }
    }

    fn find<J: Run>(&self) -> Option<&Client<J, E>> {
        self.running.jobs.get(&TypeId::of::<J>())?.as_any().downcast_ref()
    }

    fn hosted<J: Run>(&self) -> Result<&Client<J, E>, Error> {
        self.find().ok_or(Error::NotHosted { job: J::NAME })
    }

    /// A client of one job, for whoever asks it often.
    ///
    /// # Errors
    /// [`Error::NotHosted`].
    pub fn client<J: KnownTo<A>>(&self, job: J) -> Result<Client<J, E>, Error> {
        let _ = job;
        self.hosted().cloned()
    }

    /// Calls a job and waits for its response: see [`Call`].
    pub fn call<J: KnownTo<A>>(&self, job: J, request: J::Request) -> Call<'_, J, E> {
        let _ = job;
        Call::new(self.find(), request)
    }

    /// Runs a flow and waits for its output: see [`FlowRun`].
    pub fn run<'a, In, Out, F>(&'a self, flow: &'a Flow<In, Out, F>, input: In) -> FlowRun<'a, In, Out, F>
    where
        In: std::marker::Send + 'static,
        Out: std::marker::Send + 'static,
        F: std::marker::Send + 'static,
    {
        FlowRun::new(flow, &*self.running, input)
    }

    /// Runs a flow as the run of this id, which may have been begun before, by a process that died: steps that are finished do
    /// not run again, and those that wait or run are joined.
    ///
    /// The input must be the same each time, and so must be what the flow's closures make of what they are given. When the run
    /// has ended well, its steps are forgotten; when it has failed, the steps that failed are. Those of a run that nobody takes
    /// up again are forgotten as responses are. What lies inside of a [`batch`](crate::flow::Wire::batch) runs again if the batch
    /// comes together otherwise.
    ///
    /// A [`#[flow]`](macro@crate::flow) that is hosted needs no such id: it has its request's.
    pub fn run_as<'a, In, Out, F>(&'a self, id: JobId, flow: &'a Flow<In, Out, F>, input: In) -> FlowRun<'a, In, Out, F>
    where
        E: Remembers,
        In: std::marker::Send + 'static,
        Out: std::marker::Send + 'static,
        F: std::marker::Send + 'static,
    {
        FlowRun::lasting_on(flow, &*self.running, input, id)
    }

    /// Runs a flow for each input of a stream: see [`FlowRuns`].
    ///
    /// The stream may be [`responses`](Orchestrator::responses) of a job.
    pub fn run_all<'a, In, Out, F, S>(&'a self, flow: &'a Flow<In, Out, F>, inputs: S) -> FlowRuns<'a, In, Out, F, S>
    where
        In: std::marker::Send + 'static,
        Out: std::marker::Send + 'static,
        F: std::marker::Send + 'static,
        S: Stream<Item = In>,
    {
        FlowRuns::new(flow, &*self.running, inputs)
    }

    /// Sends a request and keeps its id: see [`Send`].
    pub fn send<J: KnownTo<A>>(&self, job: J, request: J::Request) -> Send<'_, J, E> {
        let _ = job;
        Send::new(self.find(), request)
    }

    /// Sends requests in order, as fast as the engine can take them at once, and returns their ids. Of a duplicate, where the job
    /// is [`unique`](crate::Unique), that is the id of the one that was there before.
    ///
    /// # Errors
    /// The requests that were not accepted, from the first that was refused, and the ids of those before it
    /// ([`NotSent::accepted`]).
    ///
    /// # Cancel safety
    /// A future dropped early has sent the first of them.
    pub async fn send_many<J: KnownTo<A>>(
        &self,
        job: J,
        requests: impl IntoIterator<Item = J::Request>,
    ) -> Result<Vec<JobId>, NotSent<Vec<J::Request>>> {
        let _ = job;
        match self.find::<J>() {
            Some(client) => client.send_many(requests).await,
            None => Err(NotSent::new(J::NAME, requests.into_iter().collect(), Refusal::NotHosted)),
        }
    }

    /// Sends a request from a thread without an asynchronous runtime, and blocks it while the channel is full.
    ///
    /// # Errors
    /// As [`send`](Orchestrator::send), and [`Refusal::InsideRuntime`].
    pub fn send_blocking<J: KnownTo<A>>(&self, job: J, request: J::Request) -> Result<Receipt, NotSent<J::Request>> {
        let _ = job;
        match self.find::<J>() {
            Some(client) => client.send_blocking(request),
            None => Err(NotSent::new(J::NAME, request, Refusal::NotHosted)),
        }
    }

    /// Calls a job from a thread without an asynchronous runtime, and blocks it until the response is there.
    ///
    /// # Errors
    /// As [`call`](Orchestrator::call), and [`CallError::InsideRuntime`].
    pub fn call_blocking<J: KnownTo<A>>(
        &self,
        job: J,
        request: J::Request,
    ) -> Result<J::Response, CallError<J::Error>> {
        let _ = job;
        match self.find::<J>() {
            Some(client) => client.call_blocking(request),
            None => Err(CallError::NotHosted { job: J::NAME }),
        }
    }

    /// Listens to every response of a job from now on.
    pub fn responses<J: KnownTo<A>>(&self, job: J) -> Responses<J, E>
    where
        J::Response: Clone,
    {
        let _ = job;
        self.find::<J>().map_or_else(|| Responses::new(None), Client::responses)
    }

    /// Cancels a request: one that waits is not run, one that runs is stopped at its next `.await`. Its caller gets
    /// [`CallError::Cancelled`]. Says whether there was anything to cancel.
    pub async fn cancel<J: KnownTo<A>>(&self, job: J, id: JobId) -> bool {
        let _ = job;
        match self.find::<J>() {
            Some(client) => client.cancel(id).await,
            None => false,
        }
    }

    /// Stops: accepts nothing more, lets the workers handle what was accepted, and ends them at the drain deadline. Jobs that
    /// listen to their [token](crate::Context::cancellation) are told then, and given [`GRACE`](crate::processor::GRACE)
    /// to end by themselves.
    ///
    /// A second shutdown waits for the first and finds nothing to do.
    ///
    /// # Errors
    /// [`Error::Unfinished`] if the deadline came first. What was not handled is among the dead letters, no attempt was
    /// counted, and callers got [`CallError::Closed`]. An engine that keeps requests for the next process hands out no more
    /// of them, finishes what runs, and has nothing unfinished.
    ///
    /// # Cancel safety
    /// Dropped early, it has stopped accepting, and the workers go on until a further shutdown or the last clone's drop.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.running.shutdown().await
    }
}

impl<E: Engine, A> Clone for Orchestrator<E, A> {
    fn clone(&self) -> Self {
        Self { running: Arc::clone(&self.running), types: PhantomData }
    }
}

impl<E: Engine, A> fmt::Debug for Orchestrator<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs: Vec<&str> = self.running.in_order().map(|job| job.name()).collect();
        f.debug_struct("Orchestrator").field("engine", &E::NAME).field("jobs", &jobs).finish_non_exhaustive()
    }
}

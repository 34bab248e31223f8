//! What a job is: [`Run`], and what the attribute `#[job]` adds to it, [`Job`].

use std::any::TypeId;
use std::fmt::Display;
use std::future::Future;

use crate::cache::Keep;
use crate::context::Context;
#[cfg(feature = "cron")]
use crate::cron::Cron;
use crate::flow::{Unwired, Wiring};
use crate::settings::{Serving, Settings};
use crate::unique::Unique;

/// A unit of computation, independent of where and how it runs.
///
/// `#[job]` writes this for an async function; by hand it is a name, four types and one function.
///
/// ```
/// use std::convert::Infallible;
/// use job_orch::Run;
///
/// struct Double;
///
/// impl Run for Double {
///     const NAME: &'static str = "double";
///     type Request = u64;
///     type Response = u64;
///     type Resources = ();
///     type Error = Infallible;
///
///     async fn run(request: &u64, _: &mut ()) -> Result<u64, Infallible> {
///         Ok(request * 2)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    label = "not a job",
    note = "`#[job]` on `async fn index` makes the job type `Index`"
)]
pub trait Run: Sized + Send + Sync + 'static {
    /// The wire name: stable, and not tied to the path of the module.
    const NAME: &'static str;
    /// How a failed, slow or repeated run is treated.
    const SETTINGS: Settings = Settings::DEFAULT;
    /// How the job is served where nobody says otherwise.
    const SERVING: Serving = Serving::DEFAULT;

    /// What makes its requests unique among those that are sent, if anything does.
    const UNIQUE: Option<Unique<Self::Request>> = None;

    /// When the job runs by itself, if it does.
    #[cfg(feature = "cron")]
    const CRON: Option<Cron<Self::Request>> = None;

    /// The input. `Sync`, because a job holds a reference to it across its `.await`s.
    type Request: Send + Sync + 'static;
    /// The output. `Sync`, because all receivers of a broadcast share one copy.
    type Response: Send + Sync + 'static;
    /// What the job may use while it runs; each worker owns one. Never serialised.
    type Resources: Send + 'static;
    /// Why a run failed. Its text is kept where the error itself cannot travel.
    type Error: Display + Send + Sync + 'static;

    /// Runs the job once.
    fn run(
        request: &Self::Request,
        resources: &mut Self::Resources,
    ) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send;

    /// Runs the job once and tells it who it is. Workers call this one; by default it is [`run`](Run::run).
    fn run_in(
        request: &Self::Request,
        resources: &mut Self::Resources,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send {
        let _ = context;
        Self::run(request, resources)
    }

    /// Runs the job for several requests, and returns one result per request, in order. By default one by one; a batch
    /// job overrides it.
    fn run_batch(
        requests: &[Self::Request],
        resources: &mut Self::Resources,
    ) -> impl Future<Output = Vec<Result<Self::Response, Self::Error>>> + Send {
        one_by_one::<Self>(requests, resources)
    }

    /// Whether workers ask [`look_up`](Run::look_up) and [`look_back`](Run::look_back).
    const LOOKS_UP: bool = false;

    /// Looks an answer up through the resources, before the job runs: [`GetCache`](crate::GetCache), where the job has it.
    fn look_up(
        request: &Self::Request,
        resources: &mut Self::Resources,
    ) -> impl Future<Output = Option<Self::Response>> + Send {
        let _ = (request, resources);
        std::future::ready(None)
    }

    /// Hands a fresh answer to the job's own cache: the counterpart of [`look_up`](Run::look_up).
    fn look_back(
        request: &Self::Request,
        response: &Self::Response,
        resources: &mut Self::Resources,
    ) -> impl Future<Output = ()> + Send {
        let _ = (request, response, resources);
        std::future::ready(())
    }

    /// Makes the cache that a server of this job keeps in memory, if the job has one that is there.
    #[must_use]
    fn keep() -> Option<Box<dyn Keep<Self>>> {
        None
    }
}

async fn one_by_one<J: Run>(
    requests: &[J::Request],
    resources: &mut J::Resources,
) -> Vec<Result<J::Response, J::Error>> {
    let mut results = Vec::with_capacity(requests.len());
    for request in requests {
        results.push(J::run(request, resources).await);
    }
    results
}

/// A job that an orchestrator can host: [`Run`], and which resources it wants from whom.
///
/// Written by `#[job]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job that can be hosted",
    label = "not a job",
    note = "`#[job]` on `async fn index` makes the job type `Index`"
)]
pub trait Job: Run {
    /// The resources as the function's parameters name them: [`Mine`](crate::resources::Mine) for `&mut R`,
    /// [`Ours`](crate::resources::Ours) for `&R`, a tuple of them for several.
    type Wants;
    /// How the job fails, as a flow asks: [`Fails`](crate::flow::Fails) with its error, or [`Safe`](crate::flow::Safe).
    type Failure;
    /// Where the job's answers are kept: [`AtHand`](crate::engine::AtHand) in each process, if at all, or
    /// [`Stored`](crate::engine::Stored) by the engine.
    type Answers;
    /// For how long a request has its unique key: [`Keyless`](crate::engine::Keyless), [`Keyed`](crate::engine::Keyed) while it
    /// is there, or [`KeyedFor`](crate::engine::KeyedFor) longer.
    type Keys;

    /// Gives the workers what they need of other hosted jobs, before any of them starts, and names those jobs. By default
    /// nothing: only a flow that is a job does.
    ///
    /// # Errors
    /// If a job is missing.
    #[doc(hidden)]
    fn prepare(resources: &mut [Self::Resources], wiring: &Wiring<'_>) -> Result<Vec<TypeId>, Unwired> {
        let _ = (resources, wiring);
        Ok(Vec::new())
    }
}

/// A job with `#[processor]`: it says how it is served.
///
/// [`Run::SERVING`] of such a job is this.
pub trait Serve: Run {
    /// Workers, capacities and batches.
    const SERVING: Serving;
}

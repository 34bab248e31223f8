//! A flow that is a job: what `#[flow]` writes, and what its workers own.

use std::any::TypeId;
use std::fmt;

use tokio::runtime::Handle;

use super::Flow;
use super::bind::Doors;
use super::contract::{Copies, Copying};
use super::error::{FlowError, InvalidFlow};
use super::plan::Plan;
use super::run::FlowRun;
use super::wire::Wire;
use crate::context::Context;
use crate::job::Run;
use crate::resources::Wants;
use crate::sync::Arc;

/// The types of a wire, for `#[flow]`, which sees only what the user calls it.
#[diagnostic::on_unimplemented(
    message = "a flow is a function from wire to wire, and `{Self}` is no wire",
    label = "not a `Wire<…>`",
    note = "write `fn stats(dirs: Wire<PathBuf, StatsError>) -> Wire<Report, StatsError>`"
)]
pub trait WireOf {
    /// What it carries.
    type Value;
    /// How the flow may fail.
    type Fails;
}

impl<T, F> WireOf for Wire<T, F> {
    type Value = T;
    type Fails = F;
}

/// A job that is a flow. Written by `#[flow]`.
pub trait Wired: Run<Request: Send, Response: Send> {
    /// How the flow may fail.
    type Fails: Send + 'static;
    /// The flow.
    ///
    /// # Errors
    /// As [`Flow::define`].
    fn define() -> Result<FlowOf<Self>, InvalidFlow>;
}

/// The flow that a job is.
type FlowOf<J> = Flow<<J as Run>::Request, <J as Run>::Response, <J as Wired>::Fails>;

/// Where a flow that is hosted finds the jobs of its steps, when its orchestrator starts.
pub struct Wiring<'a> {
    pub(crate) doors: &'a dyn Doors,
    pub(crate) runtime: &'a Handle,
}

impl fmt::Debug for Wiring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wiring").finish_non_exhaustive()
    }
}

/// Why a hosted flow cannot start.
#[derive(Debug)]
pub struct Unwired(pub(crate) crate::error::Error);

/// What each worker of a hosted flow owns: the flow, once it is bound to its jobs.
pub struct HostedFlow<J: Wired>(Option<Arc<Bound<J>>>);

struct Bound<J: Wired> {
    flow: FlowOf<J>,
    plan: Arc<Plan<J::Request, J::Response>>,
    // Whether the engine remembers the steps of a run.
    lasts: bool,
}

impl<J: Wired> HostedFlow<J> {
    /// Binds the flow, for all workers. Gives the jobs that it uses.
    ///
    /// # Errors
    /// If the flow is none, or a job of its is not hosted.
    pub fn bind(workers: &mut [Self], wiring: &Wiring<'_>) -> Result<Vec<TypeId>, Unwired> {
        let flow = J::define().map_err(|error| Unwired(error.into()))?;
        let (plan, uses) = Plan::bind(&flow.layout, wiring.doors, wiring.runtime).map_err(|missing| {
            let (flow, step, job) = (flow.name(), missing.step, missing.job);
            Unwired(crate::error::Error::FlowNotHosted { flow, step, job })
        })?;
        let bound = Arc::new(Bound { flow, plan: Arc::new(plan), lasts: wiring.doors.remembers() });
        workers.iter_mut().for_each(|worker| worker.0 = Some(Arc::clone(&bound)));
        Ok(uses)
    }

    /// Runs the flow once.
    ///
    /// # Errors
    /// As a run of the flow.
    pub async fn run(&self, request: &J::Request, context: &Context) -> Result<J::Response, FlowError<J::Fails>>
    where
        Copying: Copies<J::Request>,
    {
        // Every orchestrator binds what it hosts before it starts a worker.
        let Some(bound) = &self.0 else { return Err(FlowError::Closed { flow: J::NAME }) };
        let input = <Copying as Copies<J::Request>>::copy(request);
        let run = FlowRun::<_, _, J::Fails>::hosted(bound.flow.graph(), Arc::clone(&bound.plan), input);
        let run = if bound.lasts { run.lasting(context.id()) } else { run };
        run.within(context).await
    }
}

impl<J: Wired> fmt::Debug for HostedFlow<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostedFlow").field(&J::NAME).finish()
    }
}

// Every provider has it: it is made here, and bound at the start.
impl<P, J: Wired> Wants<P, ()> for HostedFlow<J> {
    type Resources = Self;
    fn collect(_: &P) -> Self {
        Self(None)
    }
}

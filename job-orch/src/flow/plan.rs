//! A flow that is bound to the jobs of an orchestrator.

use std::any::TypeId;
use std::marker::PhantomData;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::bind::{Binder, Doors, Lay, Next, NotHosted};
use super::draft::Home;
use super::root::End;
use crate::channel::scope::{StepNo, Steps};
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};

/// Where flows run: an orchestrator.
pub(crate) trait Host: Doors + Sync {
    /// Who it is. It dies with the orchestrator.
    fn identity(&self) -> &Arc<()>;
    /// Where it runs.
    fn runtime(&self) -> &Handle;
    /// The runs in flight, for which a shutdown waits.
    fn traffic(&self) -> &TaskTracker;
    /// Has the engine forget the steps of a run that is over; of one that may come again, those that failed.
    fn end_run(&self, run: JobId, is_over: bool);
}

/// A flow that is bound to the jobs of an orchestrator.
pub(crate) struct Plan<In, Out> {
    pub(super) steps: Arc<Steps>,
    pub(super) head: Arc<dyn Next<In>>,
    /// How many more runs may be in flight.
    pub(super) permits: Arc<Semaphore>,
    ends: PhantomData<fn() -> Out>,
}

/// How a flow is bound.
pub(super) struct Layout<Out> {
    pub(super) home: Home,
    pub(super) steps: usize,
    pub(super) last: StepNo,
    pub(super) lay: Lay<Out>,
    pub(super) at_once: usize,
    pub(super) collects: bool,
}

impl<In: Send + 'static, Out: Send + 'static> Plan<In, Out> {
    /// Binds a flow. Gives the jobs that it uses, too.
    pub(super) fn bind(
        layout: &Layout<Out>,
        doors: &dyn Doors,
        runtime: &Handle,
    ) -> Result<(Self, Vec<TypeId>), NotHosted> {
        let mut binder = Binder::new(doors, runtime, layout.steps, layout.collects);
        (layout.lay)(&mut binder, Arc::new(End(layout.last)));
        let head = binder.head(layout.home).unwrap_or_else(|| Arc::new(super::step::Nowhere(layout.last)));
        let permits = Arc::new(Semaphore::new(layout.at_once.min(Semaphore::MAX_PERMITS)));
        let (steps, uses) = binder.finish()?;
        Ok((Self { steps: Arc::new(steps), head, permits, ends: PhantomData }, uses))
    }
}

/// The plans of one flow, by orchestrator. Those of orchestrators that are gone are forgotten when another one comes.
pub(super) struct Plans<In, Out>(Mutex<Vec<Bound<In, Out>>>);

/// A plan, and the orchestrator that it is for.
type Bound<In, Out> = (Arc<()>, Arc<Plan<In, Out>>);

impl<In: Send + 'static, Out: Send + 'static> Plans<In, Out> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(super) fn get(&self, layout: &Layout<Out>, host: &dyn Host) -> Result<Arc<Plan<In, Out>>, NotHosted> {
        let mut plans = lock(&self.0);
        if let Some((_, plan)) = plans.iter().find(|(identity, _)| Arc::ptr_eq(identity, host.identity())) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(Plan::bind(layout, host, host.runtime())?.0);
        plans.retain(|(identity, _)| Arc::strong_count(identity) > 1);
        plans.push((Arc::clone(host.identity()), Arc::clone(&plan)));
        Ok(plan)
    }
}

//! A flow's definition put together with the jobs of one orchestrator.
//!
//! The steps are laid from the last to the first: each is made with the step that it leads to, so that at run time nothing is
//! looked up.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use tokio::runtime::Handle;

use super::draft::Home;
use crate::channel::scope::{Answered, At, Place, Scope, StepNo, Steps};
use crate::client::Door;
use crate::job::Run;
use crate::sync::Arc;

/// A step that takes values of the type `T`.
pub(crate) trait Next<T>: Send + Sync + 'static {
    /// Goes on with a value at this place. It never waits.
    fn accept(&self, at: At<'_>, value: T);

    /// Goes on with values at this place and those that follow it. By default one by one.
    fn accept_many(&self, scope: &Arc<Scope>, first: u32, values: &mut Vec<T>) {
        for (element, value) in (first..).zip(values.drain(..)) {
            self.accept(At { scope, element }, value);
        }
    }

    /// Goes on with values at these places. By default one by one.
    fn accept_all(&self, values: &mut Vec<(Place, T)>) {
        for (place, value) in values.drain(..) {
            self.accept(place.at(), value);
        }
    }
}

/// Lays what leads to a step that takes values of the type `T`.
pub(crate) type Lay<T> = Box<dyn Fn(&mut Binder<'_>, Arc<dyn Next<T>>) + Send + Sync>;

/// Who knows the doors of hosted jobs.
pub(crate) trait Doors {
    /// The door of a job, an `Arc<dyn Door<J>>`, if it is hosted.
    fn door(&self, job: TypeId) -> Option<Box<dyn Any>>;
    /// Whether their engine remembers the steps of a run.
    fn remembers(&self) -> bool;
}

/// A flow that is being bound.
pub(crate) struct Binder<'a> {
    doors: &'a dyn Doors,
    steps: Vec<Option<Box<dyn Any + Send + Sync>>>,
    // Where the wires of closures begin, by the closure: an `Arc<dyn Next<T>>` each.
    heads: HashMap<Home, Box<dyn Any>>,
    missing: Option<NotHosted>,
    uses: Vec<TypeId>,
    collects: bool,
    runtime: Handle,
}

/// A step whose job nobody hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotHosted {
    pub(super) step: StepNo,
    pub(super) job: &'static str,
}

impl<'a> Binder<'a> {
    pub(super) fn new(doors: &'a dyn Doors, runtime: &Handle, steps: usize, collects: bool) -> Self {
        let steps = std::iter::repeat_with(|| None).take(steps).collect();
        Self {
            doors,
            steps,
            heads: HashMap::new(),
            missing: None,
            uses: Vec::new(),
            collects,
            runtime: runtime.clone(),
        }
    }

    /// Whether the flow collects failures, instead of ending at the first.
    pub(super) const fn collects(&self) -> bool {
        self.collects
    }

    /// Lays a part of the flow that ends at the first failure.
    pub(super) fn at_first_failure<R>(&mut self, lay: impl FnOnce(&mut Self) -> R) -> R {
        let collects = std::mem::replace(&mut self.collects, false);
        let laid = lay(self);
        self.collects = collects;
        laid
    }

    /// Where what waits for a clock runs.
    pub(super) fn runtime(&self) -> Handle {
        self.runtime.clone()
    }

    /// The door of a job. One that is not hosted is reported, the first in the order of the flow.
    pub(super) fn door<J: Run>(&mut self, step: StepNo) -> Option<Arc<dyn Door<J>>> {
        self.uses.push(TypeId::of::<J>());
        let door = self.doors.door(TypeId::of::<J>()).and_then(|door| door.downcast::<Arc<dyn Door<J>>>().ok());
        if door.is_none() && self.missing.is_none_or(|missing| missing.step > step) {
            self.missing = Some(NotHosted { step, job: J::NAME });
        }
        door.map(|door| *door)
    }

    /// What becomes of the answers to a step's requests.
    pub(super) fn answer<J: Run>(&mut self, step: StepNo, answered: Arc<dyn Answered<J>>) {
        if let Some(slot) = self.steps.get_mut(usize::from(step)) {
            *slot = Some(Box::new(answered));
        }
    }

    /// The first step of a closure.
    pub(super) fn begin<T: 'static>(&mut self, home: Home, next: Arc<dyn Next<T>>) {
        self.heads.insert(home, Box::new(next));
    }

    /// The first step of a closure that was laid.
    pub(super) fn head<T: 'static>(&mut self, home: Home) -> Option<Arc<dyn Next<T>>> {
        self.heads.remove(&home)?.downcast().ok().map(|head| *head)
    }

    /// The steps, and the jobs that they use.
    pub(super) fn finish(self) -> Result<(Steps, Vec<TypeId>), NotHosted> {
        match self.missing {
            Some(missing) => Err(missing),
            None => Ok((self.steps.into(), self.uses)),
        }
    }
}

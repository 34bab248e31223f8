//! Where the answer to a flow's request goes on: a place in a [`Scope`].
//!
//! A scope is one run of a flow, or one fork, `each` or other part inside a run. What moves through it has a place: the
//! scope and an element of it (the branch of a fork, the index of an `each`). A request that a flow sends carries its place,
//! so its answer goes on where the worker has it: no task waits for it, and nothing is allocated for it.

use std::any::Any;

use super::stop::{Ask, Stop};
use super::ticket::Wishes;
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::CallError;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// The number of a step in its flow.
pub(crate) type StepNo = u16;

/// What an answer meets that goes on in a flow.
pub(crate) type Answer<J> = Result<<J as Run>::Response, Box<CallError<<J as Run>::Error>>>;

/// What a flow does with the answers to the requests of one step.
pub(crate) trait Answered<J: Run>: Send + Sync + 'static {
    /// Goes on at this place.
    fn answered(&self, at: At<'_>, answer: Answer<J>);
    /// Goes on at these places.
    fn answered_all(&self, responses: &mut Vec<(Place, J::Response)>);
    /// Whether a request that failed is kept among the job's dead letters.
    fn buries(&self) -> bool;
}

/// The steps of a flow that is bound to its jobs, found by their numbers. A step of the job `J` lies there as
/// `Arc<dyn Answered<J>>`.
pub(crate) type Steps = Box<[Option<Box<dyn Any + Send + Sync>>]>;

/// What a scope holds, and what becomes of it.
pub(crate) trait Holds: Any + Send + Sync {
    /// Something at this place failed, and nothing handles that below.
    fn failed(&self, at: At<'_>, fault: Fault);
    /// Nothing comes out at this place: the step has taken it out of the flow.
    fn emptied(&self, at: At<'_>, step: StepNo);
}

/// What waits in a scope for a value that may never come.
pub(crate) trait Waits: Send + Sync + 'static {
    /// The scope, or one around it, has ended early.
    fn end(&self);
}

/// Why a flow, or a part of it, ends without its output.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A step failed: a boxed `CallError` of the flow's error.
    Step(StepNo, Box<dyn Any + Send>),
    /// Nothing came out: this step took it out.
    Empty(StepNo),
    /// A step was given more than this at once.
    Beyond(StepNo, u64),
    /// A part of the flow that asks for one output per input returned another number.
    Miscounted { step: StepNo, given: usize, returned: usize },
    /// What a step needs is not there: a bug of ours.
    Broken(StepNo),
    /// Several, of a flow that collects them.
    Several(Vec<Fault>),
}

impl Fault {
    /// These as one; `None` if there is none.
    pub(crate) fn of(mut faults: Vec<Self>) -> Option<Self> {
        if faults.len() > 1 { Some(Self::Several(faults)) } else { faults.pop() }
    }
}

/// What goes with everything that moves through a run.
#[derive(Debug, Default)]
pub(crate) struct Luggage {
    pub(crate) wishes: Wishes,
    pub(crate) progress: Option<Arc<dyn Counts>>,
    pub(crate) lasting: Option<Lasting>,
}

/// A run whose steps the engine remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lasting {
    /// Who it is.
    #[cfg_attr(not(feature = "__json"), expect(dead_code, reason = "only engines that move bytes remember"))]
    pub(crate) run: JobId,
    /// Which flow it goes through: with another definition, steps have other ids.
    pub(crate) flow: JobId,
}

/// Counts what goes through the steps of a run.
pub(crate) trait Counts: std::fmt::Debug + Send + Sync {
    fn entered(&self, step: StepNo, count: u64);
    fn left(&self, step: StepNo);
}

/// One run of a flow, or one part of a run.
pub(crate) struct Scope {
    steps: Arc<Steps>,
    // Outside of it; none for a whole run.
    parent: Option<Place>,
    luggage: Option<Arc<Luggage>>,
    // It ended early: what still moves in it is dropped where it is met.
    is_void: AtomicBool,
    ends: Mutex<Ending>,
    holds: Box<dyn Holds>,
}

/// What ends with a scope that ends early.
#[derive(Default)]
struct Ending {
    // The workers that are busy with it. Only jobs that suspend are listed.
    workers: Vec<Arc<Stop>>,
    waits: Vec<Arc<dyn Waits>>,
}

/// A scope and an element of it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) scope: Arc<Scope>,
    pub(crate) element: u32,
}

/// A borrowed [`Place`].
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) scope: &'a Arc<Scope>,
    pub(crate) element: u32,
}

impl Scope {
    /// A whole run.
    pub(crate) fn root(steps: Arc<Steps>, luggage: Option<Arc<Luggage>>, holds: impl Holds) -> Arc<Self> {
        Self::new(steps, None, luggage, holds)
    }

    fn new(steps: Arc<Steps>, parent: Option<Place>, luggage: Option<Arc<Luggage>>, holds: impl Holds) -> Arc<Self> {
        let is_void = AtomicBool::new(false);
        Arc::new(Self { steps, parent, luggage, is_void, ends: Mutex::default(), holds: Box::new(holds) })
    }

    /// What it holds, if that is of this type.
    pub(crate) fn holds<S: Holds>(&self) -> Option<&S> {
        (&*self.holds as &dyn Any).downcast_ref()
    }

    /// Where it lies; none for a whole run.
    pub(crate) fn parent(&self) -> Option<At<'_>> {
        self.parent.as_ref().map(Place::at)
    }

    pub(crate) fn wishes(&self) -> Option<&Wishes> {
        self.luggage.as_deref().map(|luggage| &luggage.wishes)
    }

    /// The run, if the engine remembers its steps.
    #[inline]
    pub(super) fn lasting(&self) -> Option<Lasting> {
        self.luggage.as_deref()?.lasting
    }

    pub(crate) fn progress(&self) -> Option<&dyn Counts> {
        self.luggage.as_deref()?.progress.as_deref()
    }

    /// Whether it ended early, by itself or with what it lies in.
    #[inline]
    pub(crate) fn is_void(&self) -> bool {
        let mut scope = self;
        loop {
            if scope.is_void.load(Ordering::Acquire) {
                return true;
            }
            match scope.around() {
                Some(around) => scope = around,
                None => return false,
            }
        }
    }

    /// Ends it early: what moves in it is dropped, and the jobs that run for it are stopped. Says whether this is the first
    /// time.
    pub(crate) fn end_early(&self) -> bool {
        if self.is_void.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut ends = lock(&self.ends);
        // Under the lock: a worker that was forgotten is busy with another request.
        ends.workers.iter().for_each(|stop| stop.ask(Ask::Cancel));
        let waits = std::mem::take(&mut ends.waits);
        // Without it: what waits holds scopes, and values of the user's.
        drop(ends);
        waits.iter().for_each(|waits| waits.end());
        true
    }

    pub(super) fn step<J: Run>(&self, number: StepNo) -> Option<&Arc<dyn Answered<J>>> {
        self.steps.get(usize::from(number))?.as_ref()?.downcast_ref()
    }
}

impl Scope {
    /// Lets its end, or that of any around it, stop this worker, until [`forget`](Scope::forget).
    pub(super) fn tell(&self, stop: &Arc<Stop>) {
        self.outwards().for_each(|scope| lock(&scope.ends).workers.push(Arc::clone(stop)));
    }

    pub(super) fn forget(&self, stop: &Arc<Stop>) {
        self.outwards().for_each(|scope| remove(&mut lock(&scope.ends).workers, stop));
    }

    /// Lets its end, or that of any around it, end this, until [`forget_waiting`](Scope::forget_waiting).
    pub(crate) fn tell_waiting(&self, waits: &Arc<dyn Waits>) {
        self.outwards().for_each(|scope| lock(&scope.ends).waits.push(Arc::clone(waits)));
    }

    pub(crate) fn forget_waiting(&self, waits: &Arc<dyn Waits>) {
        self.outwards().for_each(|scope| remove(&mut lock(&scope.ends).waits, waits));
    }

    fn outwards(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.around())
    }

    #[inline]
    fn around(&self) -> Option<&Self> {
        self.parent.as_ref().map(|parent| &*parent.scope)
    }

    /// Whether both are of one bound flow.
    #[inline]
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.steps, &other.steps)
    }
}

/// Takes one out, if it is there.
fn remove<T: ?Sized>(all: &mut Vec<Arc<T>>, one: &Arc<T>) {
    if let Some(at) = all.iter().position(|other| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(one))) {
        all.swap_remove(at);
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("is_void", &self.is_void()).finish_non_exhaustive()
    }
}

impl Place {
    pub(crate) const fn at(&self) -> At<'_> {
        At { scope: &self.scope, element: self.element }
    }
}

/// The scope in which all of these lie, if it is one.
pub(crate) fn scope_of_all<T>(values: &[(Place, T)]) -> Option<Arc<Scope>> {
    let (first, _) = values.first()?;
    let is_one = values.iter().all(|(place, _)| Arc::ptr_eq(&place.scope, &first.scope));
    is_one.then(|| Arc::clone(&first.scope))
}

impl At<'_> {
    pub(crate) fn place(self) -> Place {
        Place { scope: Arc::clone(self.scope), element: self.element }
    }

    /// A part of the flow that begins here.
    pub(crate) fn open(self, holds: impl Holds) -> Arc<Scope> {
        let Scope { steps, luggage, .. } = &**self.scope;
        Scope::new(Arc::clone(steps), Some(self.place()), luggage.clone(), holds)
    }

    /// A part of the flow that begins here and lies nowhere: the end of a run does not end it.
    pub(crate) fn open_beside(self, holds: impl Holds) -> Arc<Scope> {
        Scope::new(Arc::clone(&self.scope.steps), None, None, holds)
    }

    /// Ends what lies at this place with a failure, and what lies around it as far as nothing handles it.
    pub(crate) fn fail(self, fault: Fault) {
        self.scope.holds.failed(self, fault);
    }

    /// Ends what lies at this place without an output.
    pub(crate) fn end_empty(self, step: StepNo) {
        self.scope.holds.emptied(self, step);
    }
}

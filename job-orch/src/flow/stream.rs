//! [`FlowRuns`]: a flow over a stream of inputs.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Flow;
use super::bind::NotHosted;
use super::error::FlowError;
use super::graph::Graph;
use super::plan::{Host, Plan};
use crate::channel::scope::{At, Fault, Holds, Place, Scope, StepNo};
use crate::spread::spread;
use crate::sync::{Arc, Mutex, MutexGuard, lock};

/// Runs in flight at once, unless told otherwise.
const AT_ONCE: usize = 1024;

/// Runs of a flow, one for each input of a stream: a stream of their outputs.
///
/// At most 1024 runs are in flight, counted from the oldest that is ([`at_once`](FlowRuns::at_once)).
///
/// It asks for an input only when there is room for it, and goes on only when it is polled: so whoever reads the outputs sets the
/// pace, back to the source. Inputs of which nothing comes out are left out. It ends after its input, or when the orchestrator
/// shuts down.
///
/// # Errors
/// Each run fails alone, with its own [`FlowError`]; the others go on.
///
/// # Cancel safety
/// Dropped early, it cancels the runs that are in flight.
#[must_use = "runs do nothing unless polled"]
pub struct FlowRuns<'a, In, Out, F, S> {
    graph: &'a Graph,
    traffic: &'a TaskTracker,
    plan: Option<Result<Arc<Plan<In, Out>>, NotHosted>>,
    // `None` after its end.
    inputs: Option<Pin<Box<S>>>,
    at_once: usize,
    is_ordered: bool,
    // From the first poll on.
    running: Option<Running<In, Out>>,
    // Runs that have not been looked at since they ended, if they have.
    held: usize,
    // Of those that have been, what is left to give.
    taken: VecDeque<Result<Out, Fault>>,
    spare: Vec<In>,
    fails: PhantomData<fn() -> F>,
}

impl<'a, In: Send + 'static, Out: Send + 'static, F: Send + 'static, S: Stream<Item = In>> FlowRuns<'a, In, Out, F, S> {
    pub(crate) fn new(flow: &'a Flow<In, Out, F>, host: &'a dyn Host, inputs: S) -> Self {
        Self {
            graph: flow.graph(),
            traffic: host.traffic(),
            plan: Some(flow.plan(host)),
            inputs: Some(Box::pin(inputs)),
            at_once: AT_ONCE,
            is_ordered: true,
            running: None,
            held: 0,
            taken: VecDeque::new(),
            spare: Vec::new(),
            fails: PhantomData,
        }
    }

    /// Has so many runs in flight at once, at least one. Without it, 1024.
    pub fn at_once(mut self, runs: usize) -> Self {
        self.at_once = runs.clamp(1, 1 << 24);
        self
    }

    /// Gives each output as soon as it is there, instead of in the order of the inputs.
    pub fn as_completed(mut self) -> Self {
        self.is_ordered = false;
        self
    }

    fn begin(&mut self) -> Result<(), FlowError<F>> {
        let Some(plan) = self.plan.take() else { return Ok(()) };
        let plan = plan.map_err(|missing| {
            self.inputs = None;
            FlowError::not_hosted(self.graph.flow, missing)
        })?;
        let runs = Runs::<Out>::new(self.is_ordered, self.traffic.token());
        let scope = Scope::root(Arc::clone(&plan.steps), None, runs);
        self.running = Some((plan, scope));
        Ok(())
    }

    /// Asks for inputs while there is room, and sends them on their way. Says whether the source has none now.
    fn fill(&mut self, context: &mut Context<'_>) -> bool {
        let Some((plan, scope)) = &self.running else { return false };
        let held = self.held + self.taken.len();
        // In batches: half of the room at once.
        if held > self.at_once / 2 {
            return false;
        }
        let mut has_none = false;
        if self.traffic.is_closed() {
            self.inputs = None;
        }
        while self.spare.len() + held < self.at_once
            && let Some(inputs) = &mut self.inputs
        {
            match inputs.as_mut().poll_next(context) {
                Poll::Ready(Some(input)) => self.spare.push(input),
                Poll::Ready(None) => self.inputs = None,
                Poll::Pending => {
                    has_none = true;
                    break;
                }
            }
        }
        if !self.spare.is_empty()
            && let Some(runs) = scope.holds::<Runs<Out>>()
        {
            self.held += self.spare.len();
            let first = runs.admit(self.spare.len());
            plan.head.accept_many(scope, first, &mut self.spare);
            // Whoever takes the outputs that are left goes on here.
            if !self.taken.is_empty() {
                spread();
            }
        }
        has_none
    }

    /// The next output; `None` if nothing is in flight.
    fn poll_take(&mut self, context: &Context<'_>) -> Poll<Option<Result<Out, Fault>>> {
        if self.taken.is_empty()
            && let Some((_, scope)) = &self.running
            && let Some(runs) = scope.holds::<Runs<Out>>()
        {
            self.held -= runs.take_ended(&mut self.taken, context);
        }
        match self.taken.pop_front() {
            None if self.held > 0 => Poll::Pending,
            taken => Poll::Ready(taken),
        }
    }
}

// The inputs are pinned in their box, and nothing else is.
impl<In, Out, F, S> Unpin for FlowRuns<'_, In, Out, F, S> {}

impl<In: Send + 'static, Out: Send + 'static, F: Send + 'static, S: Stream<Item = In>> Stream
    for FlowRuns<'_, In, Out, F, S>
{
    type Item = Result<Out, FlowError<F>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let all = self.get_mut();
        if let Err(error) = all.begin() {
            return Poll::Ready(Some(Err(error)));
        }
        let has_none = all.fill(context);
        match all.poll_take(context) {
            Poll::Ready(Some(end)) => Poll::Ready(Some(end.map_err(|fault| FlowError::of(all.graph, fault)))),
            Poll::Pending => Poll::Pending,
            // All that was in flight has ended.
            Poll::Ready(None) if all.inputs.is_none() => {
                all.running = None;
                Poll::Ready(None)
            }
            Poll::Ready(None) => {
                // Nothing came out of all these inputs, and there are more. Other tasks have their turn first.
                if !has_none {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

impl<In, Out, F, S> Drop for FlowRuns<'_, In, Out, F, S> {
    fn drop(&mut self) {
        if let Some((_, scope)) = &self.running {
            scope.end_early();
        }
    }
}

impl<In, Out, F, S> fmt::Debug for FlowRuns<'_, In, Out, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRuns").field("flow", &self.graph.flow).finish_non_exhaustive()
    }
}

/// The bound flow, and the scope of all its runs.
type Running<In, Out> = (Arc<Plan<In, Out>>, Arc<Scope>);

/// The runs of one stream.
pub(super) struct Runs<Out> {
    state: Mutex<State<Out>>,
    is_ordered: bool,
    _token: TaskTrackerToken,
}

struct State<Out> {
    // The number of the first slot. It wraps around.
    first: u32,
    // In order: those in flight, and those that wait to be taken.
    slots: VecDeque<Slot<Out>>,
    // As completed: what waits to be taken. The slots then only say what is in flight.
    ready: VecDeque<Result<Out, Fault>>,
    waker: Option<Waker>,
}

enum Slot<Out> {
    InFlight,
    Ended(Result<Out, Fault>),
    /// Nothing came out, or it was taken.
    Empty,
}

impl<Out> Runs<Out> {
    fn new(is_ordered: bool, token: TaskTrackerToken) -> Self {
        let state = State { first: 0, slots: VecDeque::new(), ready: VecDeque::new(), waker: None };
        Self { state: Mutex::new(state), is_ordered, _token: token }
    }

    /// Counts runs as being in flight; gives the number of the first.
    fn admit(&self, count: usize) -> u32 {
        let mut state = lock(&self.state);
        let first = state.first.wrapping_add(state.slots.len() as u32);
        state.slots.extend((0..count).map(|_| Slot::InFlight));
        first
    }

    /// Takes what can be given now out, and says how many runs that are. If it is nothing, the task of `context` is woken.
    fn take_ended(&self, taken: &mut VecDeque<Result<Out, Fault>>, context: &Context<'_>) -> usize {
        let mut state = lock(&self.state);
        let before = state.slots.len();
        taken.append(&mut state.ready);
        while let Some(Slot::Ended(_) | Slot::Empty) = state.slots.front() {
            state.first = state.first.wrapping_add(1);
            if let Some(Slot::Ended(end)) = state.slots.pop_front() {
                taken.push_back(end);
            }
        }
        if taken.is_empty() && !state.slots.is_empty() {
            match &mut state.waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => state.waker = Some(context.waker().clone()),
            }
        }
        before - state.slots.len()
    }

    /// One run has ended.
    pub(super) fn end(&self, element: u32, end: Option<Result<Out, Fault>>) {
        let mut state = lock(&self.state);
        state.end(element, end, self.is_ordered);
        wake(state);
    }

    /// These have ended.
    pub(super) fn end_all(&self, outputs: &mut Vec<(Place, Out)>) {
        let mut state = lock(&self.state);
        for (place, output) in outputs.drain(..) {
            state.end(place.element, Some(Ok(output)), self.is_ordered);
        }
        wake(state);
    }
}

impl<Out> State<Out> {
    fn end(&mut self, element: u32, end: Option<Result<Out, Fault>>, is_ordered: bool) {
        let slot = match end {
            Some(end) if is_ordered => Slot::Ended(end),
            Some(end) => {
                self.ready.push_back(end);
                Slot::Empty
            }
            None => Slot::Empty,
        };
        if let Some(place) = self.slots.get_mut(element.wrapping_sub(self.first) as usize) {
            *place = slot;
        }
    }
}

/// Leaves the runs, and wakes whoever waits for one that has ended.
fn wake<Out>(mut state: MutexGuard<'_, State<Out>>) {
    // Nothing is gained by waking whoever waits for an earlier one.
    let is_due = !state.ready.is_empty() || !matches!(state.slots.front(), None | Some(Slot::InFlight));
    let waker = if is_due { state.waker.take() } else { None };
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl<Out: Send + 'static> Holds for Runs<Out> {
    fn failed(&self, at: At<'_>, fault: Fault) {
        self.end(at.element, Some(Err(fault)));
    }

    fn emptied(&self, at: At<'_>, _: StepNo) {
        self.end(at.element, None);
    }
}

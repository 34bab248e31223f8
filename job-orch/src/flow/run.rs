//! [`FlowRun`]: one run of a flow.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Flow;
use super::bind::NotHosted;
use super::error::FlowError;
use super::graph::Graph;
use super::plan::{Host, Plan};
use super::progress::{Counting, Progress};
use super::root::{Admission, Root};
use crate::channel::scope::{At, Counts, Lasting, Luggage, Scope};
use crate::channel::ticket::Wishes;
use crate::id::JobId;
use crate::lend;
use crate::span::{IntoSpan, InvalidSpan};
use crate::sync::Arc;

type Admitting = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// One run of a flow: a future of its output.
///
/// Options are set before it is awaited. A flow admits a limited number of runs at once ([`Flow::at_once`]); beyond that, a run
/// waits here.
///
/// # Errors
/// One [`FlowError`] where there is no output. A run always ends.
///
/// # Cancel safety
/// A run that is dropped is cancelled: requests that wait do not run, and jobs that run for it are stopped as by
/// [`cancel`](crate::Orchestrator::cancel).
#[must_use = "a run does nothing unless awaited"]
pub struct FlowRun<'a, In, Out, F> {
    graph: &'a Graph,
    // None of a hosted flow, whose own channel admits its runs.
    host: Option<&'a dyn Host>,
    state: State<In, Out>,
    // Boxed: few runs have any.
    extras: Option<Box<Extras>>,
    alarm: Option<Pin<Box<Sleep>>>,
    fails: PhantomData<fn() -> F>,
}

#[derive(Default)]
struct Extras {
    timeout: Option<Result<Duration, InvalidSpan>>,
    // Somebody else sees to it.
    deadline: Option<Instant>,
    trace_parent: Option<Box<str>>,
    progress: Option<Arc<Counting>>,
    run: Option<JobId>,
}

enum State<In, Out> {
    Begin(In, Result<Arc<Plan<In, Out>>, NotHosted>),
    /// As many runs as may be are in flight.
    Admitting(In, Arc<Plan<In, Out>>, Admitting),
    Running(Arc<Scope>),
    Ended,
}

impl<'a, In: Send + 'static, Out: Send + 'static, F: Send + 'static> FlowRun<'a, In, Out, F> {
    pub(crate) fn new(flow: &'a Flow<In, Out, F>, host: &'a dyn Host, input: In) -> Self {
        Self::of(flow.graph(), Some(host), flow.plan(host), input)
    }

    pub(crate) fn lasting_on(flow: &'a Flow<In, Out, F>, host: &'a dyn Host, input: In, run: JobId) -> Self {
        Self::new(flow, host, input).lasting(run)
    }

    pub(super) fn hosted(graph: &'a Graph, plan: Arc<Plan<In, Out>>, input: In) -> Self {
        Self::of(graph, None, Ok(plan), input)
    }

    fn of(
        graph: &'a Graph,
        host: Option<&'a dyn Host>,
        plan: Result<Arc<Plan<In, Out>>, NotHosted>,
        input: In,
    ) -> Self {
        Self { graph, host, state: State::Begin(input, plan), extras: None, alarm: None, fails: PhantomData }
    }

    /// Is this run: what the engine remembers of its steps does not run again.
    pub(super) fn lasting(mut self, run: JobId) -> Self {
        self.extras.get_or_insert_default().run = Some(run);
        self
    }

    /// Has the deadline and the trace of the job that runs it. Its worker keeps watch over the deadline.
    pub(super) fn within(mut self, context: &crate::Context) -> Self {
        if context.deadline().is_some() || context.trace_parent().is_some() {
            let extras = self.extras.get_or_insert_default();
            extras.deadline = context.deadline();
            extras.trace_parent = context.trace_parent().map(Into::into);
        }
        self
    }

    /// Gives up after this time, which starts with the first poll: [`FlowError::Expired`]. What has not run by then will not,
    /// and what runs is stopped.
    pub fn timeout(mut self, after: impl IntoSpan) -> Self {
        self.extras.get_or_insert_default().timeout = Some(after.into_span());
        self
    }

    /// Carries the caller's W3C trace context to the span of every step. Without one, and if spans are heard at all, the run makes
    /// one of its own, so that its steps are one trace.
    pub fn trace_parent(mut self, trace_parent: impl Into<String>) -> Self {
        self.extras.get_or_insert_default().trace_parent = Some(trace_parent.into().into_boxed_str());
        self
    }

    /// How far the run is, as a stream: see [`Progress`].
    pub fn progress(&mut self) -> Progress {
        let graph = self.graph;
        self.extras.get_or_insert_default().progress.get_or_insert_with(|| Counting::new(graph)).watch()
    }

    fn poll_state(&mut self, context: &mut Context<'_>) -> Poll<Result<Out, FlowError<F>>> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Begin(input, plan) => {
                let plan = plan.map_err(|missing| FlowError::not_hosted(self.graph.flow, missing))?;
                match Arc::clone(&plan.permits).try_acquire_owned() {
                    Ok(permit) => self.begin(&plan, input, permit, context),
                    Err(_) => {
                        let admitting = Box::pin(Arc::clone(&plan.permits).acquire_owned());
                        self.poll_admitting(input, plan, admitting, context)
                    }
                }
            }
            State::Admitting(input, plan, admitting) => self.poll_admitting(input, plan, admitting, context),
            State::Running(scope) => self.poll_running(scope, context),
            // Polled after its end: it stays there.
            State::Ended => Poll::Ready(Err(FlowError::Closed { flow: self.graph.flow })),
        }
    }

    fn poll_admitting(
        &mut self,
        input: In,
        plan: Arc<Plan<In, Out>>,
        mut admitting: Admitting,
        context: &mut Context<'_>,
    ) -> Poll<Result<Out, FlowError<F>>> {
        match admitting.as_mut().poll(context) {
            Poll::Ready(Ok(permit)) => self.begin(&plan, input, permit, context),
            Poll::Ready(Err(_)) => Poll::Ready(Err(FlowError::Closed { flow: self.graph.flow })),
            Poll::Pending => {
                self.state = State::Admitting(input, plan, admitting);
                Poll::Pending
            }
        }
    }

    fn begin(
        &mut self,
        plan: &Plan<In, Out>,
        input: In,
        permit: OwnedSemaphorePermit,
        context: &mut Context<'_>,
    ) -> Poll<Result<Out, FlowError<F>>> {
        if self.host.is_some_and(|host| host.traffic().is_closed()) {
            return Poll::Ready(Err(FlowError::Closed { flow: self.graph.flow }));
        }
        let luggage = self.luggage();
        let admission = Admission { _permit: permit, _token: self.host.map(|host| host.traffic().token()) };
        let root = Root::<Out>::new((!lend::is_likely()).then(|| context.waker().clone()), admission);
        let scope = Scope::root(Arc::clone(&plan.steps), luggage, root);
        let loan = lend::lend(context.waker());
        plan.head.accept(At { scope: &scope, element: 0 }, input);
        loan.work();
        self.poll_running(scope, context)
    }

    /// What goes with everything that moves in the run. Most runs travel light.
    fn luggage(&self) -> Option<Arc<Luggage>> {
        let is_traced = tracing::enabled!(target: "job_orch", tracing::Level::DEBUG);
        let Some(extras) = self.extras.as_deref() else {
            return is_traced.then(|| {
                let wishes = Wishes { trace_parent: Some(new_trace()), ..Wishes::default() };
                Arc::new(Luggage { wishes, ..Luggage::default() })
            });
        };
        let trace_parent = extras.trace_parent.clone().or_else(|| is_traced.then(new_trace));
        let deadline = self.alarm.as_ref().map(|alarm| alarm.deadline()).or(extras.deadline);
        let progress = extras.progress.clone().map(|progress| progress as Arc<dyn Counts>);
        let wishes = Wishes { deadline, trace_parent, ..Wishes::default() };
        let lasting = extras.run.map(|run| Lasting { run, flow: self.graph.id_within(run) });
        Some(Arc::new(Luggage { wishes, progress, lasting }))
    }

    fn poll_running(&mut self, scope: Arc<Scope>, context: &Context<'_>) -> Poll<Result<Out, FlowError<F>>> {
        let flow = self.graph.flow;
        let Some(root) = scope.holds::<Root<Out>>() else { return Poll::Ready(Err(FlowError::Closed { flow })) };
        match root.poll_end(context) {
            Poll::Ready(Some(Ok(output))) => Poll::Ready(Ok(output)),
            Poll::Ready(Some(Err(fault))) => Poll::Ready(Err(FlowError::of(self.graph, fault))),
            Poll::Ready(None) => Poll::Ready(Err(FlowError::Closed { flow })),
            Poll::Pending => {
                self.state = State::Running(scope);
                Poll::Pending
            }
        }
    }

    /// Sets the alarm, at the first poll.
    fn set_alarm(&mut self) -> Result<(), FlowError<F>> {
        let Some(timeout) = self.extras.as_mut().and_then(|extras| extras.timeout.take()) else { return Ok(()) };
        let timeout = timeout.map_err(|source| FlowError::InvalidSpan { flow: self.graph.flow, source })?;
        // A time beyond the clock's end never comes.
        let deadline = Instant::now().checked_add(timeout);
        self.alarm = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        Ok(())
    }

    fn cancel(&mut self) {
        if let State::Running(scope) = std::mem::replace(&mut self.state, State::Ended) {
            scope.end_early();
        }
    }
}

/// A W3C trace context of a run whose caller gave none: its steps are then one trace all the same.
fn new_trace() -> Box<str> {
    let id = u128::from_be_bytes(JobId::new().to_bytes());
    // The lower half differs from run to run and is never zero: a UUID's variant stands in it.
    format!("00-{id:032x}-{:016x}-01", id & u128::from(u64::MAX)).into_boxed_str()
}

// Nothing in it is pinned in place: what must be is in a box.
impl<In, Out, F> Unpin for FlowRun<'_, In, Out, F> {}

impl<In, Out, F> FlowRun<'_, In, Out, F> {
    /// Tells who watches.
    fn tell_end(&self) {
        if let Some(progress) = self.extras.as_ref().and_then(|extras| extras.progress.as_ref()) {
            progress.end();
        }
    }

    /// Has the engine forget what it remembers of the run. Of a hosted flow, it does so with the run's request.
    fn forget_steps(&self, is_over: bool) {
        if let (Some(host), Some(run)) = (self.host, self.extras.as_ref().and_then(|extras| extras.run)) {
            host.end_run(run, is_over);
        }
    }
}

impl<In: Send + 'static, Out: Send + 'static, F: Send + 'static> Future for FlowRun<'_, In, Out, F> {
    type Output = Result<Out, FlowError<F>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let run = self.get_mut();
        run.set_alarm()?;
        let polled = run.poll_state(context);
        if polled.is_pending()
            && let Some(alarm) = &mut run.alarm
            && alarm.as_mut().poll(context).is_ready()
        {
            run.cancel();
            run.tell_end();
            run.forget_steps(false);
            return Poll::Ready(Err(FlowError::Expired { flow: run.graph.flow }));
        }
        if let Poll::Ready(ended) = &polled {
            run.tell_end();
            run.forget_steps(ended.is_ok());
        }
        polled
    }
}

impl<In, Out, F> Drop for FlowRun<'_, In, Out, F> {
    fn drop(&mut self) {
        if let State::Running(scope) = &self.state {
            scope.end_early();
        }
        self.tell_end();
    }
}

impl<In, Out, F> fmt::Debug for FlowRun<'_, In, Out, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRun").finish_non_exhaustive()
    }
}

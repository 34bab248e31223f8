//! Steps that are jobs.

use std::marker::PhantomData;

use super::super::bind::{Binder, Next};
use super::super::contract::{SettledIn, Takes};
use super::super::graph::Kind;
use super::super::wire::Wire;
use super::{Nowhere, call_user};
use crate::channel::Envelope;
use crate::channel::onward::Onward;
use crate::channel::scope::{Answer, Answered, At, Fault, Place, Scope, StepNo};
use crate::channel::ticket::Asked;
use crate::client::Door;
use crate::id::JobId;
use crate::job::Run;
use crate::lend;
use crate::outcome::CallError;
use crate::sync::Arc;

#[expect(clippy::needless_pass_by_value, reason = "a job is named by its value, which is nothing")]
impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// Runs a job. Its failure is the flow's.
    pub fn to<J: Takes<T>>(self, job: J) -> Wire<J::Response, F>
    where
        J::Failure: SettledIn<J::Error, F>,
    {
        let _ = job;
        self.job::<J>(Kind::To(J::NAME), ask::<J, T>, |step, next| {
            Arc::new(To { step, next, settle: <J::Failure as SettledIn<J::Error, F>>::settle })
        })
    }

    /// Runs a job whose failure is handled in place, by [`or`](Unhandled::or) or [`dead_letter`](Unhandled::dead_letter).
    pub fn attempt<J: Takes<T>>(self, job: J) -> Unhandled<T, F, J> {
        let _ = job;
        Unhandled { wire: self, ask: ask::<J, T>, job: PhantomData }
    }

    fn job<J: Run>(
        self,
        kind: Kind,
        ask: AsksFor<T>,
        answered: impl Fn(StepNo, Arc<dyn Next<J::Response>>) -> Arc<dyn Answered<J>> + Send + Sync + 'static,
    ) -> Wire<J::Response, F> {
        self.step(kind, move |step, binder, next| {
            binder.answer::<J>(step, answered(step, next));
            ask(binder, step)
        })
    }
}

/// [`ask`] of some job.
type AsksFor<T> = fn(&mut Binder<'_>, StepNo) -> Arc<dyn Next<T>>;

/// What sends the job its requests.
fn ask<J: Takes<T>, T: Send + 'static>(binder: &mut Binder<'_>, step: StepNo) -> Arc<dyn Next<T>> {
    match binder.door::<J>(step) {
        Some(door) => Arc::new(Ask { door, step }),
        None => Arc::new(Nowhere(step)),
    }
}

/// A job whose failure is to be handled in place: [`or`](Unhandled::or), [`result`](Unhandled::result) and
/// [`dead_letter`](Unhandled::dead_letter) go on.
// Named for the compiler's message where neither follows: "expected `Wire<_>`, found `Unhandled<…>`".
#[must_use = "say what becomes of a failure: `.or(|error| …)`, `.result()` or `.dead_letter()`"]
pub struct Unhandled<T, F, J> {
    wire: Wire<T, F>,
    // Brought along: the methods do not ask again for what `attempt` has asked for.
    ask: AsksFor<T>,
    job: PhantomData<fn() -> J>,
}

impl<T: Send + 'static, F: Send + 'static, J: Run> Unhandled<T, F, J> {
    /// Goes on with what this makes of the failure, whatever it was: an error, a panic, a timeout.
    pub fn or(
        self,
        otherwise: impl Fn(CallError<J::Error>) -> J::Response + Send + Sync + 'static,
    ) -> Wire<J::Response, F> {
        let otherwise = Arc::new(otherwise);
        self.wire.job::<J>(Kind::Attempt(J::NAME), self.ask, move |step, next| {
            Arc::new(Or::<J, F, _> { step, next, otherwise: Arc::clone(&otherwise), flow: PhantomData })
        })
    }

    /// Goes on with the `Result`: with the response, or with the failure, whatever it was.
    pub fn result(self) -> Wire<Result<J::Response, CallError<J::Error>>, F> {
        let ask = self.ask;
        self.wire.step(Kind::Attempt(J::NAME), move |step, binder, next| {
            binder.answer::<J>(step, Arc::new(Either::<J> { next }));
            ask(binder, step)
        })
    }

    /// Keeps a request that failed among the job's dead letters, and takes it out of the flow: an `each` goes on without it, and
    /// a run ends with [`FlowError::Empty`](crate::flow::FlowError::Empty).
    pub fn dead_letter(self) -> Wire<J::Response, F> {
        self.wire.job::<J>(Kind::DeadLetter(J::NAME), self.ask, |step, next| {
            Arc::new(Bury::<J, F> { step, next, flow: PhantomData })
        })
    }
}

impl<T, F, J: Run> std::fmt::Debug for Unhandled<T, F, J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unhandled").field("job", &J::NAME).finish_non_exhaustive()
    }
}

/// Puts a request into the job's channel, with the way that its answer goes on.
struct Ask<J: Run> {
    door: Arc<dyn Door<J>>,
    step: StepNo,
}

impl<J: Takes<T>, T: Send + 'static> Next<T> for Ask<J> {
    fn accept(&self, at: At<'_>, value: T) {
        if let Some(progress) = at.scope.progress() {
            progress.entered(self.step, 1);
        }
        lend::serving(|| self.door.forward(J::request(value), Asked::Flow(Onward::new(at, self.step))));
    }

    fn accept_many(&self, scope: &Arc<Scope>, first: u32, values: &mut Vec<T>) {
        if let Some(progress) = scope.progress() {
            progress.entered(self.step, values.len() as u64);
        }
        let places = (first..).map(|element| At { scope, element }.place());
        self.forward(places.zip(values.drain(..)));
    }

    fn accept_all(&self, values: &mut Vec<(Place, T)>) {
        for (place, _) in &*values {
            if let Some(progress) = place.scope.progress() {
                progress.entered(self.step, 1);
            }
        }
        self.forward(values.drain(..));
    }
}

impl<J: Run> Ask<J> {
    fn forward<T>(&self, values: impl Iterator<Item = (Place, T)>)
    where
        J: Takes<T>,
    {
        let mut envelopes: Vec<_> = JobId::many(|ids| {
            let envelope = |(place, value)| {
                let onward = Onward::of(place, self.step);
                Envelope::calling(onward.request_id_of::<J>(&ids), J::request(value), Asked::Flow(onward))
            };
            values.map(envelope).collect()
        });
        lend::serving(|| self.door.forward_many(&mut envelopes));
    }
}

/// An answer goes on, a failure is the flow's.
struct To<J: Run, F> {
    step: StepNo,
    next: Arc<dyn Next<J::Response>>,
    settle: fn(J::Error) -> F,
}

impl<J: Run, F: Send + 'static> Answered<J> for To<J, F> {
    fn answered(&self, at: At<'_>, answer: Answer<J>) {
        match answer {
            Ok(response) => self.next.accept(at, response),
            Err(error) => {
                if let Some(error) = call_user::<F, _>(at, self.step, J::NAME, || error.map_error(self.settle)) {
                    at.fail(Fault::Step(self.step, Box::new(error)));
                }
            }
        }
    }

    fn answered_all(&self, responses: &mut Vec<(Place, J::Response)>) {
        self.next.accept_all(responses);
    }

    fn buries(&self) -> bool {
        false
    }
}

/// An answer goes on, and so does what is made of a failure.
struct Or<J: Run, F, O> {
    step: StepNo,
    next: Arc<dyn Next<J::Response>>,
    otherwise: Arc<O>,
    flow: PhantomData<fn() -> F>,
}

impl<J: Run, F: Send + 'static, O> Answered<J> for Or<J, F, O>
where
    O: Fn(CallError<J::Error>) -> J::Response + Send + Sync + 'static,
{
    fn answered(&self, at: At<'_>, answer: Answer<J>) {
        let response = match answer {
            Ok(response) => Some(response),
            Err(error) => call_user::<F, _>(at, self.step, J::NAME, || (self.otherwise)(*error)),
        };
        if let Some(response) = response {
            self.next.accept(at, response);
        }
    }

    fn answered_all(&self, responses: &mut Vec<(Place, J::Response)>) {
        self.next.accept_all(responses);
    }

    fn buries(&self) -> bool {
        false
    }
}

/// An answer goes on, and so does a failure.
struct Either<J: Run> {
    next: Arc<dyn Next<Outcome<J>>>,
}

type Outcome<J> = Result<<J as Run>::Response, CallError<<J as Run>::Error>>;

impl<J: Run> Answered<J> for Either<J> {
    fn answered(&self, at: At<'_>, answer: Answer<J>) {
        self.next.accept(at, answer.map_err(|error| *error));
    }

    fn answered_all(&self, responses: &mut Vec<(Place, J::Response)>) {
        let mut outcomes = responses.drain(..).map(|(place, response)| (place, Ok(response))).collect();
        self.next.accept_all(&mut outcomes);
    }

    fn buries(&self) -> bool {
        false
    }
}

/// An answer goes on, a request that failed is buried.
struct Bury<J: Run, F> {
    step: StepNo,
    next: Arc<dyn Next<J::Response>>,
    flow: PhantomData<fn() -> F>,
}

impl<J: Run, F: Send + 'static> Answered<J> for Bury<J, F> {
    fn answered(&self, at: At<'_>, answer: Answer<J>) {
        match answer {
            Ok(response) => self.next.accept(at, response),
            Err(_) => at.end_empty(self.step),
        }
    }

    fn answered_all(&self, responses: &mut Vec<(Place, J::Response)>) {
        self.next.accept_all(responses);
    }

    fn buries(&self) -> bool {
        true
    }
}

//! Values of several elements, or of several runs, together.

use std::fmt::Display;
use std::marker::PhantomData;
use std::time::Duration;

use tokio::runtime::Handle;

use super::super::bind::Next;
use super::super::contract::Leads;
use super::super::error::Mistake;
use super::super::graph::Kind;
use super::super::wire::Wire;
use super::Nowhere;
use crate::channel::scope::{At, Fault, Holds, Place, StepNo};
use crate::outcome::{CallError, Failure, FailureKind};
use crate::span::IntoSpan;
use crate::sync::{Arc, Mutex, lock};

impl<T: Send + 'static, F: Display + Send + 'static> Wire<T, F> {
    /// Collects up to `max` values, goes on with them together, and gives each its own output back: the part returns one per
    /// value, in order. A batch that is not full goes on when its first value has waited for `linger`.
    ///
    /// The values are those of the elements of an `each` and of all runs of the flow. A failure of the part is the failure of
    /// each member: the first gets it typed, the others as [`CallError::Joined`].
    ///
    /// For a job that takes its requests in batches there is `#[processor(batch(…))]`, which needs no such step.
    pub fn batch<U: Send + 'static>(
        self,
        max: usize,
        linger: impl IntoSpan,
        part: impl Leads<Vec<T>, Vec<U>, F>,
    ) -> Wire<U, F> {
        if max == 0 {
            self.draft.refuse(Mistake::NothingAtOnce { step: "batch" });
        }
        let linger = linger.into_span().unwrap_or_else(|error| {
            self.draft.refuse(Mistake::InvalidSpan(error));
            Duration::ZERO
        });
        let batch = self.draft.add(Kind::Batch, self.inside, &[self.last]);
        let part = self.part::<Vec<T>, Vec<U>>(batch, Some(batch), part);
        let scatter = self.draft.add(Kind::Scatter, self.inside, &[part.last]);
        self.become_step(scatter, move |step, binder, next: Arc<dyn Next<U>>| {
            let end = Arc::new(Scatter::<U, F> { step, next, flow: PhantomData });
            let head = part.lay(binder, end).unwrap_or_else(|| Arc::new(Nowhere(step)));
            let rules = Rules { step: batch, max, linger };
            Arc::new(Batch(Arc::new(Collecting::<T, F> {
                rules,
                head,
                runtime: binder.runtime(),
                waiting: Mutex::new(Waiting { members: Vec::new(), round: 0 }),
                flow: PhantomData,
            })))
        })
    }
}

#[derive(Clone, Copy)]
struct Rules {
    step: StepNo,
    max: usize,
    linger: Duration,
}

struct Batch<T, F>(Arc<Collecting<T, F>>);

struct Collecting<T, F> {
    rules: Rules,
    head: Arc<dyn Next<Vec<T>>>,
    runtime: Handle,
    waiting: Mutex<Waiting<T>>,
    flow: PhantomData<fn() -> F>,
}

struct Waiting<T> {
    members: Vec<(Place, T)>,
    // Counts the batches, so that a clock knows whether its own has gone.
    round: u64,
}

impl<T> Waiting<T> {
    fn close(&mut self) -> Vec<(Place, T)> {
        self.round += 1;
        std::mem::take(&mut self.members)
    }
}

impl<T: Send + 'static, F: Display + Send + 'static> Next<T> for Batch<T, F> {
    fn accept(&self, at: At<'_>, value: T) {
        let collecting = &self.0;
        let mut waiting = lock(&collecting.waiting);
        waiting.members.push((at.place(), value));
        if waiting.members.len() >= collecting.rules.max {
            let members = waiting.close();
            drop(waiting);
            return collecting.go_on(members);
        }
        let (is_first, round) = (waiting.members.len() == 1, waiting.round);
        drop(waiting);
        if is_first {
            let this = Arc::clone(collecting);
            drop(collecting.runtime.spawn(async move {
                tokio::time::sleep(this.rules.linger).await;
                this.lingered(round);
            }));
        }
    }
}

impl<T: Send + 'static, F: Display + Send + 'static> Collecting<T, F> {
    fn lingered(&self, round: u64) {
        let mut waiting = lock(&self.waiting);
        if waiting.round == round {
            let members = waiting.close();
            drop(waiting);
            self.go_on(members);
        }
    }

    fn go_on(&self, members: Vec<(Place, T)>) {
        // Whoever was cancelled while it waited is not there any more.
        let (places, values): (Vec<Place>, Vec<T>) =
            members.into_iter().filter(|(place, _)| !place.scope.is_void()).unzip();
        let Some(first) = places.first().cloned() else { return };
        // Members of one scope end with it. Those of several cannot stop what the others wait for.
        let is_one = places.iter().all(|place| Arc::ptr_eq(&place.scope, &first.scope));
        // Which batch it is: another one, if it comes together otherwise in a run that is taken up again.
        let element =
            places.iter().fold(0x811c_9dc5, |hash: u32, place| (hash ^ place.element).wrapping_mul(0x0100_0193));
        let holds = Members::<F> { step: self.rules.step, places: Mutex::new(places), flow: PhantomData };
        let scope = if is_one { first.at().open(holds) } else { first.at().open_beside(holds) };
        self.head.accept(At { scope: &scope, element }, values);
    }
}

/// One batch.
struct Members<F> {
    step: StepNo,
    places: Mutex<Vec<Place>>,
    flow: PhantomData<fn() -> F>,
}

impl<F: Display + Send + 'static> Holds for Members<F> {
    fn failed(&self, at: At<'_>, fault: Fault) {
        if !at.scope.end_early() {
            return;
        }
        let text = match &fault {
            Fault::Step(_, error) => error.downcast_ref::<CallError<F>>().map(ToString::to_string),
            _ => None,
        };
        let message = text.unwrap_or_else(|| "the batch failed".to_owned());
        let places = std::mem::take(&mut *lock(&self.places));
        let mut fault = Some(fault);
        for place in places {
            let failure = Failure::new(FailureKind::Error, message.clone(), 1);
            let joined = || Fault::Step(self.step, Box::new(CallError::<F>::Joined { job: "batch", failure }));
            place.at().fail(fault.take().unwrap_or_else(joined));
        }
    }

    fn emptied(&self, at: At<'_>, step: StepNo) {
        if at.scope.end_early() {
            let places = std::mem::take(&mut *lock(&self.places));
            places.iter().for_each(|place| place.at().end_empty(step));
        }
    }
}

/// The end of a batch: each member goes on with its own.
struct Scatter<U, F> {
    step: StepNo,
    next: Arc<dyn Next<U>>,
    flow: PhantomData<fn() -> F>,
}

impl<U: Send + 'static, F: Display + Send + 'static> Next<Vec<U>> for Scatter<U, F> {
    fn accept(&self, at: At<'_>, values: Vec<U>) {
        let Some(members) = at.scope.holds::<Members<F>>() else { return at.fail(Fault::Broken(self.step)) };
        let given = lock(&members.places).len();
        if values.len() != given {
            return at.fail(Fault::Miscounted { step: self.step, given, returned: values.len() });
        }
        let places = std::mem::take(&mut *lock(&members.places));
        for (place, value) in places.into_iter().zip(values) {
            if !place.scope.is_void() {
                self.next.accept(place.at(), value);
            }
        }
    }
}

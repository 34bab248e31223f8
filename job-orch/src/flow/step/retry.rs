//! A part of a flow that is repeated if it fails.

use std::marker::PhantomData;

use tokio::runtime::Handle;

use super::super::bind::Next;
use super::super::contract::{Copies, Copying, Leads};
use super::super::graph::Kind;
use super::super::wire::Wire;
use super::{Leave, Nowhere, call_user};
use crate::channel::scope::{At, Fault, Holds, Place, StepNo};
use crate::id::random_unit;
use crate::outcome::{CallError, FailureKind};
use crate::retry::Retry;
use crate::sync::{Arc, Mutex, lock};

impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// Goes on through a part of the flow, and repeats it from its beginning if it fails with an error, a panic or a timeout.
    /// What still runs in it is stopped first; what it has done is not undone.
    ///
    /// The policy counts attempts of the part. Its jobs' own retries come first.
    pub fn retry_part<U: Send + 'static>(self, policy: Retry, part: impl Leads<T, U, F>) -> Wire<U, F>
    where
        Copying: Copies<T>,
    {
        let retry = self.draft.add(Kind::Retry, self.inside, &[self.last]);
        let part = self.part::<T, U>(retry, Some(retry), part);
        let settled = self.draft.add(Kind::Settled, self.inside, &[part.last]);
        self.become_step(settled, move |step, binder, next| {
            let head = part.lay(binder, Arc::new(Leave { step, next })).unwrap_or_else(|| Arc::new(Nowhere(step)));
            let (copy, runtime) = (<Copying as Copies<T>>::copy, binder.runtime());
            Arc::new(Repeat(Arc::new(Part {
                step: retry,
                policy,
                head,
                copy,
                runtime,
                flow: PhantomData::<fn() -> F>,
            })))
        })
    }
}

struct Part<T, F> {
    step: StepNo,
    policy: Retry,
    head: Arc<dyn Next<T>>,
    copy: fn(&T) -> T,
    runtime: Handle,
    flow: PhantomData<fn() -> F>,
}

struct Repeat<T, F>(Arc<Part<T, F>>);

impl<T: Send + 'static, F: Send + 'static> Next<T> for Repeat<T, F> {
    fn accept(&self, at: At<'_>, value: T) {
        attempt(&self.0, at, value, 1);
    }
}

/// Begins the part, for the `number`th time.
fn attempt<T: Send + 'static, F: Send + 'static>(part: &Arc<Part<T, F>>, at: At<'_>, value: T, number: u32) {
    let is_last = number > part.policy.max;
    let (given, kept) = if is_last {
        (value, None)
    } else {
        let Some(copy) = call_user::<F, _>(at, part.step, "retry", || (part.copy)(&value)) else { return };
        (copy, Some(value))
    };
    let scope = at.open(Attempt { part: Arc::clone(part), kept: Mutex::new(kept), number });
    // Each attempt has steps of its own.
    part.head.accept(At { scope: &scope, element: number }, given);
}

/// One attempt.
struct Attempt<T, F> {
    part: Arc<Part<T, F>>,
    // What the next attempt begins with, if there may be one.
    kept: Mutex<Option<T>>,
    number: u32,
}

impl<T: Send + 'static, F: Send + 'static> Attempt<T, F> {
    fn repeat(&self, place: Place, value: T) {
        let (part, number) = (Arc::clone(&self.part), self.number);
        let delay = part.policy.delay(number, random_unit());
        let runtime = part.runtime.clone();
        drop(runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            if !place.scope.is_void() {
                attempt(&part, place.at(), value, number + 1);
            }
        }));
    }
}

impl<T: Send + 'static, F: Send + 'static> Holds for Attempt<T, F> {
    fn failed(&self, at: At<'_>, fault: Fault) {
        if !at.scope.end_early() {
            return;
        }
        let Some(parent) = at.scope.parent() else { return };
        let kept = lock(&self.kept).take().filter(|_| may_pass::<F>(&fault));
        match kept {
            Some(value) => self.repeat(parent.place(), value),
            None => parent.fail(fault),
        }
    }

    fn emptied(&self, at: At<'_>, step: StepNo) {
        if let Some(parent) = at.scope.parent() {
            parent.end_empty(step);
        }
    }
}

/// Whether another attempt may end otherwise.
fn may_pass<F: 'static>(fault: &Fault) -> bool {
    match fault {
        Fault::Step(_, error) => match error.downcast_ref::<CallError<F>>() {
            Some(
                CallError::Failed { .. }
                | CallError::Panicked { .. }
                | CallError::TimedOut { .. }
                | CallError::Joined { .. }
                | CallError::Engine { .. },
            ) => true,
            // Or before, in a run that was taken up again.
            Some(CallError::Elsewhere { failure, .. }) => {
                !matches!(failure.kind, FailureKind::Cancelled | FailureKind::Expired | FailureKind::Unreadable)
            }
            _ => false,
        },
        Fault::Several(faults) => faults.iter().all(may_pass::<F>),
        _ => false,
    }
}

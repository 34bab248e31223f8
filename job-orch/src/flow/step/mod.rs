//! The steps of a flow: a file each. A step's methods on [`Wire`](super::Wire) stand with it.

mod batch;
mod each;
mod fork;
mod job;
mod map;
mod retry;
mod route;
mod share;

pub use job::Unhandled;
pub use route::{Arm, Arms, Binding, Branch, Here, Lane, Routing, Way, arm};
pub use share::Late;

use super::bind::Next;
use crate::channel::scope::{At, Fault, StepNo};
use crate::outcome::CallError;
use crate::panics::guarded;
use crate::sync::Arc;

/// Where a step leads whose job is not hosted. Nothing comes here: such a flow does not run.
pub(super) struct Nowhere(pub(super) StepNo);

impl<T: 'static> Next<T> for Nowhere {
    fn accept(&self, at: At<'_>, _: T) {
        at.fail(Fault::Broken(self.0));
    }
}

/// The end of a part that has a scope of its own: what comes out goes on outside.
pub(super) struct Leave<T> {
    step: StepNo,
    next: Arc<dyn Next<T>>,
}

impl<T: Send + 'static> Next<T> for Leave<T> {
    fn accept(&self, at: At<'_>, value: T) {
        match at.scope.parent() {
            Some(parent) => self.next.accept(parent, value),
            None => at.fail(Fault::Broken(self.step)),
        }
    }
}

/// Calls a function of the user's at this place. A panic of its is the step's failure, and not the job's whose worker happens
/// to run it.
pub(super) fn call_user<F: Send + 'static, R>(
    at: At<'_>,
    step: StepNo,
    name: &'static str,
    call: impl FnOnce() -> R,
) -> Option<R> {
    try_user::<F, R>(step, name, call).map_err(|fault| at.fail(fault)).ok()
}

/// As [`call_user`], for a caller that has more to do before the failure goes on.
pub(super) fn try_user<F: Send + 'static, R>(
    step: StepNo,
    name: &'static str,
    call: impl FnOnce() -> R,
) -> Result<R, Fault> {
    let panicked = |message| CallError::<F>::Panicked { job: name, message, attempts: 1 };
    guarded(call).map_err(|message| Fault::Step(step, Box::new(panicked(message))))
}

//! The steps of a flow: a file each. A step's methods on [`Wire`](super::Wire) stand with it.

mod each;
mod fork;
mod job;
mod map;

pub use job::Attempt;

use super::bind::Next;
use crate::channel::scope::{At, Fault, StepNo};
use crate::outcome::CallError;
use crate::panics::guarded;

/// Where a step leads whose job is not hosted. Nothing comes here: such a flow does not run.
pub(super) struct Nowhere(pub(super) StepNo);

impl<T: 'static> Next<T> for Nowhere {
    fn accept(&self, at: At<'_>, _: T) {
        at.fail(Fault::Broken(self.0));
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
    match guarded(call) {
        Ok(returned) => Some(returned),
        Err(message) => {
            at.fail(Fault::Step(step, Box::new(CallError::<F>::Panicked { job: name, message, attempts: 1 })));
            None
        }
    }
}

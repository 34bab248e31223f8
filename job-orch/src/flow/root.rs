//! What a run of a flow comes to, and who waits for it.

use std::task::{Context, Poll, Waker};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::bind::Next;
use super::stream::Runs;
use crate::channel::scope::{At, Fault, Holds, Place, StepNo, scope_of_all};
use crate::sync::{Mutex, lock};

/// One run.
pub(super) struct Root<Out> {
    slot: Mutex<Slot<Out>>,
    _admission: Admission,
}

enum Slot<Out> {
    /// Somebody waits, asleep if it left its waker.
    Waiting(Option<Waker>),
    Ended(Result<Out, Fault>),
    /// It was taken, or nobody waits any more.
    Taken,
}

/// A run's leave to be in flight. It ends with the last thing that moves in the run.
pub(super) struct Admission {
    pub(super) _permit: OwnedSemaphorePermit,
    // A shutdown waits for it. Of a hosted flow, it waits for the worker.
    pub(super) _token: Option<TaskTrackerToken>,
}

impl<Out: Send + 'static> Root<Out> {
    pub(super) fn new(waker: Option<Waker>, admission: Admission) -> Self {
        Self { slot: Mutex::new(Slot::Waiting(waker)), _admission: admission }
    }

    /// What the run came to, once. The task of `context` is woken when it is there.
    pub(super) fn poll_end(&self, context: &Context<'_>) -> Poll<Option<Result<Out, Fault>>> {
        let mut slot = lock(&self.slot);
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Ended(end) => Poll::Ready(Some(end)),
            Slot::Waiting(mut waker) => {
                match &mut waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => waker = Some(context.waker().clone()),
                }
                *slot = Slot::Waiting(waker);
                Poll::Pending
            }
            Slot::Taken => Poll::Ready(None),
        }
    }

    fn end(&self, end: Result<Out, Fault>) {
        let mut slot = lock(&self.slot);
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Waiting(waker) => {
                *slot = Slot::Ended(end);
                drop(slot);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            // Only the first end counts.
            before => *slot = before,
        }
    }
}

impl<Out: Send + 'static> Holds for Root<Out> {
    fn failed(&self, at: At<'_>, fault: Fault) {
        if at.scope.end_early() {
            self.end(Err(fault));
        }
    }

    fn emptied(&self, at: At<'_>, step: StepNo) {
        self.failed(at, Fault::Empty(step));
    }
}

/// The last step of a flow.
pub(super) struct End(pub(super) StepNo);

impl<Out: Send + 'static> Next<Out> for End {
    fn accept(&self, at: At<'_>, value: Out) {
        if let Some(root) = at.scope.holds::<Root<Out>>() {
            root.end(Ok(value));
        } else if let Some(runs) = at.scope.holds::<Runs<Out>>() {
            runs.end(at.element, Some(Ok(value)));
        } else {
            at.fail(Fault::Broken(self.0));
        }
    }

    fn accept_all(&self, values: &mut Vec<(Place, Out)>) {
        let scope = scope_of_all(values);
        match scope.as_ref().and_then(|scope| scope.holds::<Runs<Out>>()) {
            Some(runs) => runs.end_all(values),
            None => values.drain(..).for_each(|(place, value)| self.accept(place.at(), value)),
        }
    }
}

//! The slot in which a caller finds its answer. It travels with the request, so an answer costs the same at 1 and at
//! 10,000 waiting callers.

use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::onward::{Deferred, Onward};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::CallError;
use crate::retry::Retry;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};

type Answer<J> = Result<<J as Run>::Response, CallError<<J as Run>::Error>>;

/// What the sender of a request wants respected.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) deadline: Option<Instant>,
    pub(crate) trace_parent: Option<Box<str>>,
    // In place of the job's own. Boxed: of the few that have wishes, few have this one.
    pub(crate) retry: Option<Box<Retry>>,
    // Its sender waits for the answer in another process, or did.
    pub(crate) is_call_elsewhere: bool,
}

/// One request's slot, shared by its envelope and its caller: the only allocation of a call.
pub(crate) struct Ticket<J: Run> {
    // Boxed: few have any, and every call makes a ticket.
    wishes: Option<Box<Wishes>>,
    // So that the drop of an answered envelope, and there are many, need not look into the slot.
    answered: AtomicBool,
    slot: Mutex<Slot<J>>,
}

enum Slot<J: Run> {
    /// Nobody waits: sent without asking, or the caller went away.
    Silent,
    /// A caller waits, asleep if it left its waker.
    Waiting(Option<Waker>),
    /// The error is boxed: it is large and rare, and an answer is moved.
    Answered(Result<J::Response, Box<CallError<J::Error>>>),
    /// The caller has its answer.
    Taken,
}

impl<J: Run> Ticket<J> {
    fn new(wishes: Option<Box<Wishes>>, slot: Slot<J>) -> Self {
        Self { wishes, answered: AtomicBool::new(false), slot: Mutex::new(slot) }
    }

    pub(crate) fn silent(wishes: Wishes) -> Arc<Self> {
        Arc::new(Self::new(Some(Box::new(wishes)), Slot::Silent))
    }

    /// Both halves of a ticket. If its caller sleeps already, `waker` wakes it.
    #[inline]
    pub(crate) fn call(wishes: Option<Box<Wishes>>, waker: Option<Waker>) -> (Asked<J>, Awaited<J>) {
        let ticket = Arc::new(Self::new(wishes, Slot::Waiting(waker)));
        (Asked::new(Arc::clone(&ticket)), Awaited(Some(ticket)))
    }

    fn poll_answer(&self, context: &Context<'_>) -> Poll<Answer<J>> {
        let mut slot = lock(&self.slot);
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Answered(answer) => Poll::Ready(answer.map_err(|error| *error)),
            Slot::Waiting(mut waker) => {
                match &mut waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => waker = Some(context.waker().clone()),
                }
                *slot = Slot::Waiting(waker);
                Poll::Pending
            }
            // Polled again after its answer, or never a caller's.
            Slot::Silent | Slot::Taken => Poll::Ready(Err(CallError::Closed { job: J::NAME })),
        }
    }

    /// The answer, of a ticket that nobody else holds: its envelope has left one behind.
    fn into_answer(self) -> Answer<J> {
        match self.slot.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Slot::Answered(answer) => answer.map_err(|error| *error),
            _ => Err(CallError::Closed { job: J::NAME }),
        }
    }

    /// Tells the worker that nobody waits any more, and takes an answer that came meanwhile.
    fn leave(&self) {
        let before = std::mem::replace(&mut *lock(&self.slot), Slot::Silent);
        // Dropped here, without the lock: an answer holds the user's values.
        drop(before);
    }

    fn answer(&self, answer: Result<J::Response, Box<CallError<J::Error>>>) {
        let mut slot = lock(&self.slot);
        if let Slot::Waiting(waker) = &mut *slot {
            let waker = waker.take();
            *slot = Slot::Answered(answer);
            drop(slot);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// Who gets the answer to a request. An envelope that is dropped unanswered says so.
pub(crate) enum Asked<J: Run> {
    /// Its sender, by a slot.
    Caller(Arc<Ticket<J>>),
    /// The next step of the flow that sent it.
    Flow(Onward),
}

impl<J: Run> Asked<J> {
    pub(crate) const fn new(ticket: Arc<Ticket<J>>) -> Self {
        Self::Caller(ticket)
    }

    pub(crate) fn wishes(&self) -> Option<&Wishes> {
        match self {
            Self::Caller(ticket) => ticket.wishes.as_deref(),
            Self::Flow(onward) => onward.wishes(),
        }
    }

    /// The id of its request.
    #[inline]
    pub(crate) fn request_id(&self) -> JobId {
        match self {
            Self::Caller(_) => JobId::new(),
            Self::Flow(onward) => onward.request_id::<J>(),
        }
    }

    /// The run that it is a step of, if the engine remembers that.
    #[cfg(feature = "__json")]
    pub(crate) fn run(&self) -> Option<JobId> {
        match self {
            Self::Caller(_) => None,
            Self::Flow(onward) => onward.run(),
        }
    }

    /// Whether somebody is to be told how it ends.
    #[cfg(feature = "__json")]
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(self, Self::Flow(_)) || self.has_caller()
    }

    pub(crate) fn has_caller(&self) -> bool {
        match self {
            Self::Caller(ticket) => matches!(&*lock(&ticket.slot), Slot::Waiting(_)),
            Self::Flow(onward) => onward.handles_failure::<J>(),
        }
    }

    pub(crate) fn answer(&self, answer: Answer<J>) {
        self.give(answer.map_err(Box::new));
    }

    #[inline]
    pub(crate) fn give(&self, answer: Result<J::Response, Box<CallError<J::Error>>>) {
        match self {
            Self::Caller(ticket) => {
                ticket.answered.store(true, Ordering::Relaxed);
                ticket.answer(answer);
            }
            Self::Flow(onward) => onward.answer::<J>(answer),
        }
    }
}

impl<J: Run> Asked<J> {
    /// Gives a response.
    #[inline]
    pub(crate) fn respond(&self, response: J::Response) {
        match self {
            Self::Caller(ticket) => {
                ticket.answered.store(true, Ordering::Relaxed);
                ticket.answer(Ok(response));
            }
            Self::Flow(onward) => onward.answer::<J>(Ok(response)),
        }
    }

    /// Gives a response. One that goes on in a flow may wait for others.
    #[inline]
    pub(crate) fn respond_or_defer(&mut self, response: J::Response, deferred: &mut Deferred<J>) {
        match self {
            Self::Caller(_) => self.respond(response),
            Self::Flow(onward) => onward.defer(response, deferred),
        }
    }
}

impl<J: Run> Drop for Asked<J> {
    fn drop(&mut self) {
        let is_answered = match self {
            Self::Caller(ticket) => ticket.answered.load(Ordering::Relaxed),
            Self::Flow(onward) => onward.is_answered(),
        };
        if !is_answered {
            self.answer(Err(CallError::Closed { job: J::NAME }));
        }
    }
}

/// The caller's half of a [`Ticket`]: ready with the answer. Dropped earlier, it tells the worker that nobody waits.
pub(crate) struct Awaited<J: Run>(Option<Arc<Ticket<J>>>);

impl<J: Run> Awaited<J> {
    /// Waits for nothing: a call that has not been sent, or has ended.
    pub(crate) const NOTHING: Self = Self(None);

    /// The answer, if it is there. The task of `context` is woken when it comes.
    pub(crate) fn poll_answer(&mut self, context: &Context<'_>) -> Poll<Answer<J>> {
        // Polled again after its end: it stays there.
        let Some(ticket) = self.0.take() else { return Poll::Ready(Err(CallError::Closed { job: J::NAME })) };
        // Mostly the worker has left by now, and nobody need lock what is the caller's alone.
        let ticket = match Arc::try_unwrap(ticket) {
            Ok(ticket) => return Poll::Ready(ticket.into_answer()),
            Err(ticket) => ticket,
        };
        let answer = ticket.poll_answer(context);
        if answer.is_pending() {
            self.0 = Some(ticket);
        }
        answer
    }
}

impl<J: Run> Drop for Awaited<J> {
    fn drop(&mut self) {
        if let Some(ticket) = &self.0 {
            ticket.leave();
        }
    }
}

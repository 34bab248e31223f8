//! One attempt to run a job: polled once on the spot, and followed with a clock and a way to stop only if it suspends.

use std::any::Any;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context as Poller, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::Span;

use super::GRACE;
use super::running::Stop;
use crate::context::Context;

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum End<T> {
    /// The job returned.
    Returned(T),
    /// The job panicked, or dropping what it left did.
    Panicked(String),
    /// It took longer than its limit.
    TimedOut,
    /// Its caller's deadline passed.
    Expired,
    /// Somebody cancelled it.
    Cancelled,
    /// It was told to stop, for this reason, and returned within its grace.
    Late(T, Reason),
}

/// Why an attempt is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Limit,
    Deadline,
    Cancel,
}

impl Reason {
    pub(super) const fn end<T>(self) -> End<T> {
        match self {
            Self::Limit => End::TimedOut,
            Self::Deadline => End::Expired,
            Self::Cancel => End::Cancelled,
        }
    }
}

/// When an attempt must end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) timeout: Option<Instant>,
    pub(super) deadline: Option<Instant>,
}

impl Limits {
    pub(super) fn of(timeout: Option<Duration>, deadline: Option<Instant>) -> Self {
        // A limit beyond what the clock can count is none.
        let timeout = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { timeout, deadline }
    }

    /// The earlier of both.
    pub(super) fn first(self) -> Option<Instant> {
        match (self.timeout, self.deadline) {
            (Some(timeout), Some(deadline)) => Some(timeout.min(deadline)),
            (one, other) => one.or(other),
        }
    }

    fn reason(self) -> Reason {
        if self.deadline.is_some() && self.deadline == self.first() { Reason::Deadline } else { Reason::Limit }
    }
}

/// A job's future whose panics, and those of its drop, are values.
pub(super) struct Guarded<'a, F> {
    // `None` after its end.
    run: Pin<&'a mut Option<F>>,
    // Entered for each poll.
    span: &'a Span,
}

impl<'a, F: Future> Guarded<'a, F> {
    pub(super) const fn new(run: Pin<&'a mut Option<F>>, span: &'a Span) -> Self {
        Self { run, span }
    }

    /// Polls the job. After its end it is dropped already.
    pub(super) fn poll_end(&mut self, poller: &mut Poller<'_>) -> Poll<End<F::Output>> {
        let _entered = self.span.enter();
        let polled = guarded(|| {
            let Some(run) = self.run.as_mut().as_pin_mut() else { return Poll::Pending };
            let output = ready!(run.poll(poller));
            // Here, so that a panic of a drop is caught too.
            self.run.set(None);
            Poll::Ready(output)
        });
        match polled {
            Ok(poll) => poll.map(End::Returned),
            Err(message) => Poll::Ready(End::Panicked(message)),
        }
    }

    /// Drops the job where it stands.
    fn drop_now<T>(&mut self, end: End<T>) -> End<T> {
        match guarded(|| self.run.set(None)) {
            Ok(()) => end,
            Err(message) => End::Panicked(message),
        }
    }

    /// Follows a job that has suspended, while `beside` runs to its end too.
    pub(super) async fn follow(
        mut self,
        beside: impl Future<Output = ()>,
        limits: Limits,
        stop: &Stop,
        context: &Context,
    ) -> End<F::Output> {
        let mut beside = pin!(beside);
        let mut beside_ended = false;
        let mut alarm = pin!(alarm(limits.first()));
        let mut stopped = pin!(stop.requested());
        let end = poll_fn(|poller| {
            if !beside_ended {
                beside_ended = beside.as_mut().poll(poller).is_ready();
            }
            if let Poll::Ready(end) = self.poll_end(poller) {
                return Poll::Ready(Ok(end));
            }
            if stopped.as_mut().poll(poller).is_ready() {
                return Poll::Ready(Err(Reason::Cancel));
            }
            alarm.as_mut().poll(poller).map(|()| Err(limits.reason()))
        })
        .await;
        let end = match end {
            Ok(end) => end,
            Err(reason) => self.stop(reason, context).await,
        };
        if !beside_ended {
            beside.await;
        }
        end
    }

    /// Stops the job: at once, or within [`GRACE`] if it listens to its token. A success within the grace counts.
    async fn stop(&mut self, reason: Reason, context: &Context) -> End<F::Output> {
        if context.cancel() {
            let mut grace = pin!(tokio::time::sleep(GRACE));
            let end = poll_fn(|poller| match self.poll_end(poller) {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending => grace.as_mut().poll(poller).map(|()| None),
            });
            if let Some(end) = end.await {
                return end.late(reason);
            }
        }
        self.drop_now(reason.end())
    }
}

impl<T> End<T> {
    fn late(self, reason: Reason) -> Self {
        match self {
            Self::Returned(output) => Self::Late(output, reason),
            other => other,
        }
    }
}

async fn alarm(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

/// Calls what may panic, and gives the panic's message as an error.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(message)
}

fn message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast_ref::<&'static str>() {
            Some(text) => (*text).to_owned(),
            None => {
                // Its drop is the user's too, and may panic again.
                drop(catch_unwind(AssertUnwindSafe(|| drop(panic))));
                "a panic without a text".to_owned()
            }
        },
    }
}

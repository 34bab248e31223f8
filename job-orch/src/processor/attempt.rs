//! One attempt to run a job: polled once on the spot, and followed with a clock and a way to stop only if it suspends.
//!
//! Panics are not caught here: they end the worker's step, which knows what it was at (see [`super::worker`]). One guard
//! for a whole step costs less than one per job.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::Span;

use super::GRACE;
use crate::channel::stop::{Ask, Stop};
use crate::context::Context;

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum End<T> {
    /// The job returned.
    Returned(T),
    /// It was told to stop, for this reason, and returned within its grace.
    Late(T, Reason),
    /// It was stopped.
    Stopped(Reason),
    /// It is to come again after this time.
    Snoozed(Duration),
}

/// Why a job is left before it has returned.
enum Left {
    Stop(Reason),
    Snooze(Duration),
}

/// Why an attempt is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It took longer than its limit.
    Limit,
    /// Its caller's deadline passed.
    Deadline,
    /// Somebody cancelled it.
    Cancel,
    /// The process ends: it is left as if it had not been begun.
    Interrupt,
}

impl From<Ask> for Reason {
    fn from(ask: Ask) -> Self {
        match ask {
            Ask::Interrupt => Self::Interrupt,
            Ask::Cancel => Self::Cancel,
        }
    }
}

/// When an attempt must end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    timeout: Option<Instant>,
    deadline: Option<Instant>,
}

impl Limits {
    #[inline]
    pub(super) fn of(timeout: Option<Duration>, deadline: Option<Instant>) -> Self {
        // A limit beyond what the clock can count is none.
        let timeout = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { timeout, deadline }
    }

    /// The earlier of both.
    #[inline]
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

/// Polls a job for the first time.
pub(super) async fn start<F: Future>(mut run: Pin<&mut F>, span: &Span) -> Poll<F::Output> {
    poll_fn(|poller| {
        let _entered = span.enter();
        Poll::Ready(run.as_mut().poll(poller))
    })
    .await
}

/// Follows a job that has suspended, while `beside` runs to its end too.
pub(super) async fn follow<F: Future>(
    mut run: Pin<&mut F>,
    beside: impl Future<Output = ()>,
    limits: Limits,
    stop: &Stop,
    context: &Context,
    span: &Span,
) -> End<F::Output> {
    let mut beside = pin!(beside);
    let mut beside_ended = false;
    // `start` has just polled it.
    let mut is_polled = true;
    let mut alarm = pin!(alarm(limits.first()));
    let mut stopped = pin!(stop.requested());
    let end = poll_fn(|poller| {
        if !beside_ended {
            beside_ended = beside.as_mut().poll(poller).is_ready();
        }
        let _entered = span.enter();
        if !std::mem::take(&mut is_polled)
            && let Poll::Ready(output) = run.as_mut().poll(poller)
        {
            return Poll::Ready(Ok(output));
        }
        if let Poll::Ready(ask) = stopped.as_mut().poll(poller) {
            return Poll::Ready(Err(Left::Stop(ask.into())));
        }
        if let Some(after) = context.snoozed() {
            return Poll::Ready(Err(Left::Snooze(after)));
        }
        alarm.as_mut().poll(poller).map(|()| Err(Left::Stop(limits.reason())))
    })
    .await;
    let end = match end {
        Ok(output) => End::Returned(output),
        // The caller drops the job where it stands.
        Err(Left::Snooze(after)) => End::Snoozed(after),
        Err(Left::Stop(reason)) if !context.cancel() => End::Stopped(reason),
        Err(Left::Stop(reason)) => grace(run, reason, stop, context, span).await,
    };
    if !beside_ended {
        beside.await;
    }
    end
}

/// Gives a job that listens to its token the time to end by itself.
async fn grace<F: Future>(
    mut run: Pin<&mut F>,
    reason: Reason,
    stop: &Stop,
    context: &Context,
    span: &Span,
) -> End<F::Output> {
    let mut grace = pin!(tokio::time::sleep(GRACE));
    // Who cancels one that is interrupted already wants it never to run again.
    let reason = || if stop.asked() == Some(Ask::Cancel) { Reason::Cancel } else { reason };
    poll_fn(|poller| {
        let _entered = span.enter();
        match run.as_mut().poll(poller) {
            Poll::Ready(output) => Poll::Ready(End::Late(output, reason())),
            Poll::Pending => match (context.snoozed(), reason()) {
                (Some(after), Reason::Limit) => Poll::Ready(End::Snoozed(after)),
                // Nobody waits for it, or another process has it at once.
                (Some(_), reason) => Poll::Ready(End::Stopped(reason)),
                (None, reason) => grace.as_mut().poll(poller).map(|()| End::Stopped(reason)),
            },
        }
    })
    .await
}

async fn alarm(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

//! One fetch of a receiver: [`Fetch`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::lease::Lease;
use super::queue::Hands;
use super::receiver::Receiver;
use super::waiters::wake_elsewhere;
use crate::channel::ReceiveError;
use crate::lend::may_look;
use crate::spread::has_other_threads;

/// Fetches, or receives one message with a past. Dropped early, it passes a wake-up on; what was taken is in the stash or in
/// its result, so nothing can be lost.
///
/// One future by hand: a call waits for two of these, and each future inside another costs it.
pub(super) struct Fetch<'a, M: Send + 'static> {
    receiver: &'a mut Receiver<M>,
    stage: Stage,
    // Boxed: few have any, and every fetch is made and dropped.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Begun,
    Waited,
}

#[derive(Default)]
struct Rare {
    // While others run first.
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    // Rings when the next delayed message is due.
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<'a, M: Send + 'static> Fetch<'a, M> {
    pub(super) const fn new(receiver: &'a mut Receiver<M>) -> Self {
        Self { receiver, stage: Stage::New, rare: None }
    }

    /// Nothing is at hand.
    fn begin(&mut self) {
        if !self.receiver.active {
            self.receiver.active = true;
            self.receiver.home.queue().activate(&self.receiver.home.shelf);
        }
        if self.receiver.adapt() && !has_other_threads() {
            // Else whatever else there is would wait for this worker to sleep. Other threads take it; and there, who yields
            // waits for this very thread, which the next job may keep.
            self.rare.get_or_insert_default().pause = Some(Box::pin(tokio::task::yield_now()));
        }
    }

    /// Sets the alarm; ready when it rings.
    fn poll_alarm(&mut self, due: Instant, context: &mut Context<'_>) -> Poll<()> {
        let alarm = &mut self.rare.get_or_insert_default().alarm;
        match alarm {
            Some((at, _)) if *at == due => {}
            Some((at, sleep)) => {
                *at = due;
                sleep.as_mut().reset(due);
            }
            None => *alarm = Some((due, Box::pin(sleep_until(due)))),
        }
        alarm.as_mut().map_or(Poll::Pending, |(_, sleep)| sleep.as_mut().poll(context))
    }
}

impl<M: Send + 'static> Future for Fetch<'_, M> {
    type Output = Result<Option<Lease<M>>, ReceiveError>;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let fetch = self.get_mut();
        if std::mem::take(&mut fetch.receiver.dozes) {
            fetch.stage = Stage::Waited;
            return Poll::Pending;
        }
        if fetch.stage == Stage::New {
            if fetch.receiver.stash_next() > 0 {
                return Poll::Ready(Ok(None));
            }
            if !may_look() {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            fetch.stage = Stage::Begun;
            fetch.begin();
        }
        if let Some(rare) = &mut fetch.rare
            && let Some(pause) = &mut rare.pause
        {
            ready!(pause.as_mut().poll(context));
            rare.pause = None;
        }
        // A receiver that always finds something must still let others run.
        let budget = ready!(tokio::task::coop::poll_proceed(context));
        loop {
            let Receiver { home, stash, limit, place, patience, dozes, .. } = &mut *fetch.receiver;
            let is_in_flow = fetch.stage != Stage::Waited;
            let hands = Hands { stash, shelf: &home.shelf, limit: *limit, patience, is_in_flow };
            match home.queue().poll_take(place, hands, context) {
                Ok((taken, sibling)) => {
                    *dozes = place.is_taken();
                    budget.made_progress();
                    // The job that is about to run may keep this thread for long.
                    wake_elsewhere(sibling);
                    return Poll::Ready(fetch.receiver.arrive(taken, !is_in_flow));
                }
                Err(None) => {
                    fetch.stage = Stage::Waited;
                    return Poll::Pending;
                }
                Err(Some(due)) => ready!(fetch.poll_alarm(due, context)),
            }
        }
    }
}

impl<M: Send + 'static> Drop for Fetch<'_, M> {
    fn drop(&mut self) {
        let Receiver { home, place, dozes, .. } = &mut *self.receiver;
        if place.is_taken() && !*dozes {
            home.queue().give_up_waiting(place);
        }
    }
}

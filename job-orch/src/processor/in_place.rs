//! The short way: requests that were fetched together are run where they lie, and those that succeed at once never become
//! deliveries. Moving a request costs as much as a short job.

use std::pin::pin;
use std::task::Poll;

use super::attempt::{End, Limits, Reason, follow, start};
use super::worker::{Current, Ended, Worker, has_passed, run_span};
use crate::channel::{Channels, McReceive};
use crate::context::Context;
use crate::job::Run;

/// Requests fetched together whose answers to flows go on together.
const MANY: usize = 16;

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Handles what was fetched ahead.
    pub(super) async fn handle_fetched(&mut self, resources: &mut J::Resources) {
        let mut done = 0_u32;
        // Many that were fetched together were quick before.
        if self.requests.fetched() >= MANY {
            self.outlet.defer();
        }
        while let Some(end) = self.run_first(resources).await {
            self.following = false;
            match end {
                End::Returned(Ok(response)) => self.respond_first(response),
                end => {
                    let ended = self.ended(end, 1);
                    self.settle_first(ended).await;
                }
            }
            done += 1;
            // The clock is asked now and then.
            if done.is_multiple_of(8) && self.requests.is_late() {
                self.outlet.go_on();
                self.requests.release();
            }
        }
        self.outlet.go_on();
        self.current = Current::Nothing;
    }

    /// Runs the job for the first request that was fetched ahead; `None` if there is none.
    async fn run_first(&mut self, resources: &mut J::Resources) -> Option<End<Result<J::Response, J::Error>>> {
        let Self { service, requests, outlet, tally, stop, following, current } = self;
        let fetched = requests.first_fetched()?;
        *current = Current::First;
        let envelope = fetched.first();
        if envelope.is_void() {
            return Some(End::Stopped(Reason::Cancel));
        }
        let deadline = envelope.deadline();
        if deadline.is_some_and(has_passed) {
            return Some(End::Stopped(Reason::Deadline));
        }
        tally.attempts.add(1);
        let limits = Limits::of(J::SETTINGS.timeout, deadline);
        let context = Context::new(envelope.id(), 1, limits.first()).with_trace(envelope.trace_parent());
        let span = run_span::<J>(envelope, 1);
        let mut run = pin!(J::run_in(envelope.request(), resources, &context));
        Some(match start(run.as_mut(), &span).await {
            Poll::Ready(output) => End::Returned(output),
            Poll::Pending => {
                // Busy for a while: what was fetched ahead is for others, and what is finished goes out.
                fetched.release_rest();
                outlet.go_on();
                let _listed = service.running.enter(envelope.id(), stop);
                let _listening = envelope.listen(stop);
                *following = true;
                follow(run, outlet.flush(tally), limits, stop, &context, &span).await
            }
        })
    }

    /// Responds to the first request, which is done.
    #[inline]
    fn respond_first(&mut self, response: J::Response) {
        if let Some(fetched) = self.requests.first_fetched() {
            self.tally.succeeded.add(1);
            self.outlet.respond(fetched.first(), response, &self.service);
            // It is done: if its drop panics, that must not be blamed on the next one.
            self.current = Current::Nothing;
            self.requests.drop_fetched();
        }
    }

    /// Settles the first request as a delivery of its own.
    async fn settle_first(&mut self, ended: Ended<J>) {
        if let Some(delivery) = self.requests.next_fetched() {
            self.current = Current::One(delivery);
            self.settle(1, ended).await;
        }
    }
}

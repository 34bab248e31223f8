//! The short way: requests that were fetched together are run where they lie, and those that succeed at once never become
//! deliveries. Moving a request costs as much as a short job.

use std::pin::pin;
use std::task::Poll;

use super::attempt::{End, Limits, Reason, follow, start};
use super::handle::{has_passed, run_span};
use super::worker::{Current, Worker};
use crate::channel::{Channels, McReceive};
use crate::context::Context;
use crate::job::Run;

/// Requests fetched together whose answers to flows go on together.
const MANY: usize = 16;

/// How far a worker came with what it had fetched.
pub(super) enum Stretch<T> {
    /// All of it succeeded.
    Done { has_suspended: bool },
    /// The first one that is left ended so.
    Ended(End<T>),
}

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Runs the job for one request after the other, and responds, as long as they succeed.
    // One long function: a future of its own for the inner part would cost each job a tenth of what all this costs.
    pub(super) async fn run_fetched(&mut self, resources: &mut J::Resources) -> Stretch<Result<J::Response, J::Error>> {
        let Self { service, requests, outlet, tally, stop, following, held, at_first, .. } = self;
        let mut done = 0_u32;
        let mut has_suspended = false;
        // Many that were fetched together were quick before.
        if requests.fetched() >= MANY {
            outlet.defer();
        }
        let stretch = loop {
            let Some(fetched) = requests.first_fetched() else {
                break Stretch::Done { has_suspended };
            };
            *at_first = true;
            let envelope = fetched.first();
            if envelope.is_void() {
                break Stretch::Ended(End::Stopped(Reason::Cancel));
            }
            let deadline = envelope.deadline();
            if deadline.is_some_and(has_passed) {
                break Stretch::Ended(End::Stopped(Reason::Deadline));
            }
            tally.attempts.add(1);
            let end = {
                let limits = Limits::of(J::SETTINGS.timeout, deadline);
                let mut context = Context::new(envelope.id(), 1, limits.first());
                context.trace(envelope.trace_parent());
                let span = run_span::<J>(envelope, 1);
                let mut run = pin!(J::run_in(envelope.request(), &mut *resources, &context));
                match start(run.as_mut(), &span).await {
                    Poll::Ready(output) => End::Returned(output),
                    Poll::Pending => {
                        // Busy for a while: what was fetched ahead is for others, and what is finished goes out.
                        fetched.release_rest();
                        outlet.go_on();
                        let _listed = service.running.enter(envelope.id(), stop);
                        let _listening = envelope.listen(stop);
                        (*following, has_suspended) = (true, true);
                        held.get_or_insert_with(|| service.running.hold());
                        follow(run, outlet.flush(tally), limits, stop, &context, &span).await
                    }
                }
            };
            *following = false;
            let End::Returned(Ok(response)) = end else {
                break Stretch::Ended(end);
            };
            if !envelope.is_in_flow() {
                tally.succeeded.add(1);
                outlet.respond(envelope, response, service);
            } else if let Some(envelope) = requests.first_fetched_mut() {
                tally.succeeded.add(1);
                outlet.respond_in_flow(envelope, response, service);
            } else {
                break Stretch::Ended(End::Returned(Ok(response)));
            }
            // It is done: if its drop panics, that must not be blamed on the next one.
            *at_first = false;
            requests.drop_fetched();
            done += 1;
            // The clock is asked now and then.
            if done.is_multiple_of(8) && requests.is_late() {
                outlet.go_on();
                requests.release();
            }
        };
        outlet.go_on();
        stretch
    }

    /// Settles the first request as a delivery of its own.
    pub(super) async fn settle_first(&mut self, end: End<Result<J::Response, J::Error>>) {
        self.at_first = false;
        if let Some(delivery) = self.requests.next_fetched() {
            self.current = Current::One(delivery);
            self.settle_end(1, end).await;
        }
    }
}

//! The short way: requests that were fetched together are run where they lie, and those that succeed at once never become
//! deliveries. Moving a request costs as much as a short job.

use std::pin::pin;
use std::task::Poll;

use super::attempt::{End, Limits, follow, start};
use super::worker::{Current, Worker, has_passed, run_or_look_up, run_span};
use crate::channel::{Channels, Chunk, Envelope, McReceive};
use crate::context::Context;
use crate::job::Run;
use crate::outcome::CallError;

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Handles the current chunk.
    pub(super) async fn handle_chunk(&mut self, resources: &mut J::Resources) {
        let mut done = 0_u32;
        loop {
            let ended = match self.run_first(resources).await {
                None => break,
                Some(End::Returned(Ok(response))) => {
                    self.respond_first(response);
                    None
                }
                Some(end) => Some(self.ended(end, 1)),
            };
            if let Some(ended) = ended {
                self.settle_first(ended).await;
            }
            done += 1;
            // The clock is asked now and then.
            if done % 8 == 0 && self.requests.is_late() {
                break;
            }
        }
        if let Current::Chunk(chunk) = std::mem::replace(&mut self.current, Current::Nothing) {
            self.requests.put_back(chunk);
            if done > 0 && self.requests.is_late() {
                self.requests.release();
            }
        }
    }

    /// Runs the job for the first request of the chunk; `None` if there is none left.
    async fn run_first(&mut self, resources: &mut J::Resources) -> Option<End<Result<J::Response, J::Error>>> {
        let Self { service, requests, outlet, tally, stop, following, current } = self;
        let Current::Chunk(chunk) = current else { return None };
        let (envelope, rest) = chunk.split_first()?;
        let deadline = envelope.deadline();
        if deadline.is_some_and(has_passed) {
            return Some(End::Stopped(super::attempt::Reason::Deadline));
        }
        tally.attempts.add(1);
        let limits = Limits::of(J::SETTINGS.timeout, deadline);
        let context = Context::new(envelope.id(), 1, limits.first());
        let span = run_span::<J>(envelope, 1);
        let mut run = pin!(run_or_look_up::<J>(envelope.request(), resources, &context));
        Some(match start(run.as_mut(), &span).await {
            Poll::Ready(output) => End::Returned(output),
            Poll::Pending => {
                // Busy for a while: what was fetched ahead is for others, and what is finished goes out.
                let rest: Chunk<Envelope<J>> = rest.iter_mut().filter_map(Option::take).collect();
                requests.put_back(rest);
                requests.release();
                let _listed = service.running.enter(envelope.id(), stop);
                *following = true;
                follow(run, outlet.flush(tally), limits, stop, &context, &span).await
            }
        })
    }

    /// Responds to the first request of the chunk, which is done.
    fn respond_first(&mut self, response: J::Response) {
        let Current::Chunk(chunk) = &mut self.current else { return };
        let Some((envelope, _)) = chunk.split_first() else { return };
        self.following = false;
        self.tally.succeeded.add(1);
        self.outlet.respond(envelope, response, &self.service);
        drop(chunk.pop());
    }

    /// Settles the first request of the chunk as a delivery of its own.
    async fn settle_first(&mut self, ended: Result<J::Response, CallError<J::Error>>) {
        self.following = false;
        let Current::Chunk(mut chunk) = std::mem::replace(&mut self.current, Current::Nothing) else { return };
        let delivery = chunk.pop().and_then(|envelope| self.requests.lease(envelope));
        self.requests.put_back(chunk);
        if let Some(delivery) = delivery {
            self.current = Current::One(delivery);
            self.settle(1, ended).await;
        }
        self.current = self.requests.take_fetched().map_or(Current::Nothing, Current::Chunk);
    }
}

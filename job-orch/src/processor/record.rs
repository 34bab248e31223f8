//! How a worker ends what it is at, on channels that keep how it ended: recorded first, answered then.

use std::time::Duration;

use super::settle::needs_a_look;
use super::worker::{Current, Ended, PAUSE, Worker};
use crate::channel::{Channels, Delivery, Record, SettleError};
use crate::job::Run;
use crate::outcome::{CallError, Failure};

/// So often is an end recorded again while the engine fails. The lease is ours meanwhile.
const TRIES: u32 = 50;

impl<J: Run, C: Channels<J>> Worker<J, C> {
    /// Records the end of the request at hand, and then answers its caller.
    pub(super) async fn conclude(&mut self, ended: Ended<J>) {
        let ended = match self.record_end(&ended).await {
            Ok(()) => ended,
            Err(SettleError::Unwritable(source)) => {
                let unwritable = Err(CallError::Engine { job: J::NAME, source });
                match self.record_end(&unwritable).await {
                    Ok(()) => unwritable,
                    Err(error) => return self.give_up(error),
                }
            }
            Err(error) => return self.give_up(error),
        };
        self.count_ended(&ended);
        if let Current::One(delivery) = &self.current {
            delivery.message().answer(ended);
        }
        self.current = Current::Nothing;
    }

    /// How the request at hand has ended, if its job completed it in a transaction of its own that was committed. Whatever
    /// else came of the run counts no more.
    pub(super) async fn completed(&mut self) -> Option<Ended<J>> {
        let Current::One(delivery) = &mut self.current else { return None };
        for _ in 0..TRIES {
            match C::completed(delivery).await {
                Ok(completed) => {
                    let response = completed?;
                    return Some(response.outcome.map_err(|failure| CallError::Elsewhere { job: J::NAME, failure }));
                }
                Err(error) => {
                    tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "a completion could not be looked up yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        None
    }

    /// Records that the request at hand is to be tried again.
    pub(super) async fn record_retry(&mut self, failure: &Failure, after: Duration) {
        let recorded = self.record(Record::Retry { failure, after }).await;
        self.current = Current::Nothing;
        self.count_settled(recorded);
    }

    async fn record_end(&mut self, ended: &Ended<J>) -> Result<(), SettleError> {
        let error = match ended {
            Ok(response) => return self.record(Record::Response(response)).await,
            Err(error) => error,
        };
        let failure = error.failure();
        let is_dead = match &self.current {
            Current::One(delivery) => needs_a_look(error, delivery.message()),
            _ => false,
        };
        self.record(if is_dead { Record::DeadLetter(&failure) } else { Record::Failure(&failure) }).await
    }

    async fn record(&mut self, end: Record<'_, J>) -> Result<(), SettleError> {
        let Current::One(delivery) = &mut self.current else { return Ok(()) };
        for _ in 1..TRIES {
            match C::record(delivery, end).await {
                Err(SettleError::Engine(error)) => {
                    tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "an end could not be recorded yet");
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other,
            }
        }
        C::record(delivery, end).await
    }

    /// What was not recorded is not answered either: somebody else has the request, or will have it.
    fn give_up(&mut self, error: SettleError) {
        self.current = Current::Nothing;
        self.count_settled(Err(error));
    }

    fn count_ended(&self, ended: &Ended<J>) {
        match ended {
            Ok(_) => self.tally.succeeded.add(1),
            Err(CallError::Cancelled { .. }) => self.tally.cancelled.add(1),
            Err(CallError::Expired { .. }) => self.tally.expired.add(1),
            Err(error) => {
                self.tally.failed.add(1);
                if let Current::One(delivery) = &self.current
                    && needs_a_look(error, delivery.message())
                {
                    self.tally.buried.add(1);
                }
            }
        }
    }
}

//! Between receiving and settling.

use std::fmt;
use std::time::Duration;

use super::faults::Point;
use super::sender::INJECTED;
use super::{Inner, Link, either};
use crate::channel::{Channels, Delivery, Envelope, Failure, MpSend, Record, Response, Return, SettleError};
use crate::engine::memory;
use crate::engine::sqlite::{self, SqliteChannels};
use crate::fault::fault;
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;
use crate::testing::history::{End, Event, Grip, fingerprint};

type Leased<J> = Inner<memory::Lease<Envelope<J>>, sqlite::Lease<J>>;

/// A received request, whose run is written down.
pub struct Held<J: Run> {
    // `None` once it was settled in memory, and then `rest` is there.
    lease: Option<Leased<J>>,
    rest: Envelope<J>,
    broadcast: Option<memory::Broadcast<Response<J>>>,
    link: Arc<Link<J>>,
    id: JobId,
    grip: Grip,
    is_settled: bool,
}

impl<J: Run> Held<J> {
    pub(super) fn new(lease: Leased<J>, broadcast: Option<memory::Broadcast<Response<J>>>, link: Arc<Link<J>>) -> Self {
        let grip = either!(&lease, lease => Grip { fence: lease.fence(), attempt: lease.attempt() });
        let id = either!(&lease, lease => lease.message().id());
        let held =
            Self { rest: Envelope::hollow(id), lease: Some(lease), broadcast, link, id, grip, is_settled: false };
        held.note(Event::Started { id, grip });
        fault!("before_run");
        if let Some(ledger) = &held.link.rig.ledger {
            let bytes = held.link.request.encode(held.message().request()).unwrap_or_default();
            ledger.started(J::NAME, id, bytes);
        }
        held
    }

    fn note(&self, event: Event) {
        self.link.rig.recorder.note(event);
    }

    /// Records how the run ended.
    pub(super) async fn record(&mut self, end: Record<'_, J>) -> Result<(), SettleError> {
        let (id, grip) = (self.id, self.grip);
        let noted = self.end_of(end);
        let finished = if noted.is_final() && noted != End::Dead { noted } else { End::Failed };
        self.note(Event::Finished { id, grip, end: finished });
        fault!("before_record");
        if self.link.rig.faults.strike(J::NAME, Point::Record) {
            return Err(SettleError::Engine(INJECTED.into()));
        }
        if self.link.rig.faults.strike(J::NAME, Point::Lease) {
            return self.lose().await;
        }
        let recorded = match &mut self.lease {
            Some(Inner::Sqlite(lease)) => SqliteChannels::<J>::record(lease, end).await,
            Some(Inner::Memory(_)) => self.record_in_memory(end).await,
            None => return Ok(()),
        };
        fault!("after_record");
        self.settled(&recorded, noted);
        recorded
    }

    fn end_of(&self, end: Record<'_, J>) -> End {
        match end {
            Record::Response(response) => match self.link.response.encode(response) {
                Ok(bytes) => End::Ok { hash: fingerprint(&bytes) },
                Err(_) => End::Failed,
            },
            Record::Failure(_) => End::Failed,
            Record::DeadLetter(_) => End::Dead,
            Record::Retry { after, .. } => End::Retry { after: millis(after) },
        }
    }

    /// Answers first, then settles, as a worker does in memory.
    async fn record_in_memory(&mut self, end: Record<'_, J>) -> Result<(), SettleError> {
        let outcome = match end {
            Record::Response(response) => {
                let copy = self.link.response.encode(response).and_then(|bytes| self.link.response.decode(&bytes));
                Some(Ok(copy.map_err(SettleError::Unwritable)?))
            }
            Record::Failure(failure) | Record::DeadLetter(failure) => Some(Err(failure.clone())),
            Record::Retry { .. } => None,
        };
        if let (Some(outcome), Some(broadcast)) = (outcome, self.broadcast.as_ref().filter(|all| all.has_receivers())) {
            // A broadcast that has ended has nobody to hear it.
            let _ = broadcast.send(Response::new(self.id, outcome)).await;
        }
        let Some(Inner::Memory(mut lease)) = self.lease.take() else { return Ok(()) };
        match end {
            Record::DeadLetter(failure) => lease.bury(failure.clone()).await,
            Record::Retry { after, .. } => lease.nack(Return::Failed(after)).await,
            Record::Response(_) | Record::Failure(_) => {
                if let Some(message) = lease.message_mut() {
                    // Its caller is answered after this.
                    std::mem::swap(message, &mut self.rest);
                }
                lease.ack().await
            }
        }
    }

    /// As if somebody else had got it.
    async fn lose(&mut self) -> Result<(), SettleError> {
        if let Some(lease) = self.lease.take() {
            either!(lease, lease => lease.nack(Return::Failed(Duration::ZERO)).await)?;
        }
        self.settled(&Err(SettleError::Lost), End::Retry { after: 0 });
        Err(SettleError::Lost)
    }

    /// Writes down what became of it.
    fn settled(&mut self, settled: &Result<(), SettleError>, end: End) {
        let (id, grip) = (self.id, self.grip);
        let again = match (settled, end) {
            (Ok(()), End::Retry { after }) => Some(Duration::from_millis(after)),
            (Ok(()), _) => None,
            (Err(SettleError::Lost), _) => Some(Duration::ZERO),
            // The lease is ours still.
            (Err(_), _) => return,
        };
        self.is_settled = true;
        self.note(if settled.is_ok() { Event::Recorded { id, grip, end } } else { Event::Lost { id, grip } });
        if let Some(ledger) = &self.link.rig.ledger {
            ledger.settled(id, again);
        }
    }

    /// Settles it by a method of the delivery behind it.
    async fn settle<F>(mut self, end: End, by: impl FnOnce(Leased<J>) -> F) -> Result<(), SettleError>
    where
        F: Future<Output = Result<(), SettleError>>,
    {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        let settled = by(lease).await;
        self.settled(&settled, end);
        settled
    }
}

impl<J: Run> Delivery for Held<J> {
    type Message = Envelope<J>;

    fn message(&self) -> &Envelope<J> {
        match &self.lease {
            Some(lease) => either!(lease, lease => lease.message()),
            None => &self.rest,
        }
    }

    fn message_mut(&mut self) -> Option<&mut Envelope<J>> {
        match &mut self.lease {
            Some(lease) => either!(lease, lease => lease.message_mut()),
            None => Some(&mut self.rest),
        }
    }

    fn attempt(&self) -> u32 {
        self.grip.attempt
    }

    fn fence(&self) -> u64 {
        self.grip.fence
    }

    async fn ack(self) -> Result<(), SettleError> {
        self.settle(End::Failed, |lease| async { either!(lease, lease => lease.ack().await) }).await
    }

    async fn bury(self, reason: Failure) -> Result<(), SettleError> {
        self.settle(End::Dead, |lease| async { either!(lease, lease => lease.bury(reason).await) }).await
    }

    async fn nack(mut self, back: Return) -> Result<(), SettleError> {
        let after = match back {
            Return::Failed(after) => {
                let end = End::Retry { after: millis(after) };
                return self.settle(end, |lease| async { either!(lease, lease => lease.nack(back).await) }).await;
            }
            Return::Snoozed(after) => after,
            Return::Untouched => Duration::ZERO,
        };
        self.give_back(after);
        match self.lease.take() {
            Some(lease) => either!(lease, lease => lease.nack(back).await),
            None => Ok(()),
        }
    }

    async fn extend(&mut self, by: Duration) -> Result<(), SettleError> {
        match &mut self.lease {
            Some(lease) => either!(lease, lease => lease.extend(by).await),
            None => Ok(()),
        }
    }
}

impl<J: Run> Held<J> {
    /// Writes down that it goes back, before anybody else can have it.
    fn give_back(&mut self, after: Duration) {
        self.is_settled = true;
        self.note(Event::Returned { id: self.id, grip: self.grip });
        if let Some(ledger) = &self.link.rig.ledger {
            ledger.settled(self.id, Some(after));
        }
    }
}

impl<J: Run> Drop for Held<J> {
    fn drop(&mut self) {
        if !self.is_settled && self.lease.is_some() {
            self.give_back(Duration::ZERO);
        }
    }
}

impl<J: Run> fmt::Debug for Held<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("job", &J::NAME).field("grip", &self.grip).finish_non_exhaustive()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

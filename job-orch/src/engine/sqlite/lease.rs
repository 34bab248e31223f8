//! Between receiving and settling a request.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use super::channel::Channel;
use super::completion::Completion;
use super::requests::{Claimed, Grip, Lost, Next};
use super::responses::NewResponse;
use crate::channel::{Delivery, Envelope, Failure, Record, Return, SettleError};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

/// A request that this process holds. Dropped unsettled, it goes back to its place, and no attempt is counted.
///
/// It is held as long as the process lives, and says so in the store: its lease is extended by a thread that a busy or
/// blocked executor cannot starve. Whoever lost it can settle nothing: the first settlement wins.
pub struct Lease<J: Run> {
    envelope: Envelope<J>,
    attempt: u32,
    // `None` once it is settled.
    grip: Option<Grip>,
    channel: Arc<Channel<J>>,
    // What the job was given to end it with.
    completion: OnceLock<Arc<Completion<J>>>,
}

impl<J: Run> Lease<J> {
    /// Reads what was claimed. What cannot be read is buried.
    pub(super) fn open(claimed: Claimed, channel: &Arc<Channel<J>>) -> Option<Self> {
        let Claimed { grip, id, attempt, .. } = claimed;
        // If the user's `Deserialize` panics, the request is as unreadable as any other.
        let mut unread = Unread { channel, id, grip, attempt, reason: Some("reading it panicked".to_owned()) };
        let read = channel.read(claimed);
        unread.reason = read.as_ref().err().cloned();
        let envelope = read.ok()?;
        let completion = OnceLock::new();
        Some(Self { envelope, attempt, grip: Some(grip), channel: Arc::clone(channel), completion })
    }

    pub(super) const fn channel(&self) -> &Arc<Channel<J>> {
        &self.channel
    }

    /// What the job is to end it with, if it wants to do that by itself.
    pub(super) fn give_completion(&self) -> Option<Arc<Completion<J>>> {
        let grip = self.grip?;
        let new = || Arc::new(Completion::new(&self.channel, self.envelope.id(), grip));
        Some(Arc::clone(self.completion.get_or_init(new)))
    }

    pub(super) fn completion(&self) -> Option<&Completion<J>> {
        self.completion.get().map(|completion| &**completion)
    }

    /// It was settled otherwise.
    pub(super) const fn forget(&mut self) {
        self.grip = None;
    }

    /// Records an end and settles, in one transaction. While the engine fails, the lease is ours still.
    async fn settle(&mut self, next: Next, response: Option<NewResponse>) -> Result<(), SettleError> {
        let Some(grip) = self.grip else { return Ok(()) };
        let (id, has_runs) = (self.envelope.id(), self.channel.store.has_runs.load(Ordering::Relaxed));
        if matches!(next, Next::Back(..)) {
            // Before anybody else can have it.
            self.channel.keep_caller(&mut self.envelope);
        }
        let local = Arc::clone(&self.channel.local);
        // What ends together does so before all else of its group: a step must not be missed by a run that looks for it there.
        let ends = (matches!(next, Next::Gone) && !id.is_within()).then_some(grip);
        let settle = self.channel.store.writer.ask_at_the_end(ends, move |transaction| {
            let settled = transaction.conclude(id, grip, &next, response.as_ref(), has_runs)?;
            if settled.is_ok() && response.is_some() {
                transaction.returning.push(Arc::clone(&local));
            }
            Ok(settled)
        });
        let settled = settle.await.map_err(|error| SettleError::Engine(error.into()))?;
        self.grip = None;
        settled.map_err(|Lost| {
            // Somebody else will answer, or has done so.
            self.channel.keep_caller(&mut self.envelope);
            self.channel.note_lost(id);
            SettleError::Lost
        })?;
        if id.is_within() && !self.envelope.is_awaited() {
            // A run that was taken up again may have come to it.
            self.channel.answer_late(id);
        }
        Ok(())
    }

    /// Records how an attempt ended.
    pub(super) async fn record(&mut self, end: Record<'_, J>) -> Result<(), SettleError> {
        let id = self.envelope.id();
        let (next, response) = match end {
            Record::Response(response) => {
                let written = self.channel.write_response(id, Ok(response)).map_err(SettleError::Unwritable)?;
                (Next::Gone, Some(written))
            }
            Record::Failure(failure) => (Next::Gone, Some(Channel::<J>::write_failure(id, failure))),
            // The flow handles it, also one that has yet to be taken up again.
            Record::DeadLetter(failure) if id.is_within() && self.envelope.is_call() => {
                (Next::Gone, Some(Channel::<J>::write_failure(id, failure)))
            }
            Record::DeadLetter(failure) => {
                (Next::Dead(failure.clone()), Some(Channel::<J>::write_failure(id, failure)))
            }
            Record::Retry { failure, after } => (Next::Back(Return::Failed(after), Some(failure.clone())), None),
        };
        self.settle(next, response).await
    }
}

/// A request that is being read, and buried if it cannot be.
struct Unread<'a, J: Run> {
    channel: &'a Channel<J>,
    id: JobId,
    grip: Grip,
    attempt: u32,
    reason: Option<String>,
}

impl<J: Run> Drop for Unread<'_, J> {
    fn drop(&mut self) {
        if let Some(reason) = &self.reason {
            self.channel.bury_unreadable(self.id, self.grip, self.attempt, reason);
        }
    }
}

impl<J: Run> Delivery for Lease<J> {
    type Message = Envelope<J>;

    fn message(&self) -> &Envelope<J> {
        &self.envelope
    }

    fn message_mut(&mut self) -> Option<&mut Envelope<J>> {
        Some(&mut self.envelope)
    }

    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn fence(&self) -> u64 {
        self.grip.map_or(0, |grip| grip.fence.cast_unsigned())
    }

    async fn ack(mut self) -> Result<(), SettleError> {
        self.settle(Next::Gone, None).await
    }

    async fn bury(mut self, reason: Failure) -> Result<(), SettleError> {
        self.settle(Next::Dead(reason), None).await
    }

    async fn nack(mut self, back: Return) -> Result<(), SettleError> {
        self.settle(Next::Back(back, None), None).await
    }

    /// The lease needs no extending; this says whether it is held still.
    async fn extend(&mut self, _: Duration) -> Result<(), SettleError> {
        let Some(grip) = self.grip else { return Ok(()) };
        let held = self.channel.store.writer.ask_lightly(move |transaction| transaction.is_held(grip)).await;
        match held {
            Ok(true) => Ok(()),
            Ok(false) => Err(SettleError::Lost),
            Err(error) => Err(SettleError::Engine(error.into())),
        }
    }
}

impl<J: Run> Drop for Lease<J> {
    fn drop(&mut self) {
        if let Some(grip) = self.grip {
            self.channel.keep_caller(&mut self.envelope);
            let (id, next) = (self.envelope.id(), Next::Back(Return::Untouched, None));
            let channel = Arc::downgrade(&self.channel);
            self.channel.store.writer.tell(move |transaction| {
                if transaction.settle(grip, &next)?.is_err()
                    && let Some(channel) = channel.upgrade()
                {
                    channel.note_lost(id);
                }
                Ok(())
            });
        }
    }
}

impl<J: Run> fmt::Debug for Lease<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("job", &J::NAME).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

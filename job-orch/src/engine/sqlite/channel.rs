//! The channels of one job in one process, with its types.

use std::time::Duration;

use super::callers::Callers;
use super::checksum;
use super::local::{Found, Local, Waiting};
use super::requests::{Claimed, Grip, NewRequest, Next, Payload};
use super::responses::{Kept, NewResponse};
use super::store::Store;
use super::writer::Command;
use crate::channel::ticket::{Asked, Ticket, Wishes};
use crate::channel::{BoxError, Codec, Envelope, ReceiveError, Response, SendOptions};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::{CallError, Failure, FailureKind};
use crate::retry::Retry;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

/// A receiver looks no more often than this by itself.
const PACE: Duration = Duration::from_millis(1);

pub(super) struct Channel<J: Run> {
    pub(super) store: Arc<Store>,
    pub(super) local: Arc<Local>,
    pub(super) request: Codec<J::Request>,
    pub(super) response: Codec<J::Response>,
    pub(super) callers: Callers<J>,
}

impl<J: Run> Channel<J> {
    pub(super) fn new(
        store: Arc<Store>,
        local: Arc<Local>,
        request: Codec<J::Request>,
        response: Codec<J::Response>,
    ) -> Self {
        let callers = Callers::from(local.published.load(Ordering::Acquire));
        Self { store, local, request, response, callers }
    }

    pub(super) fn look(&self) {
        self.store.writer.command(Command::Look(Arc::clone(&self.local)));
    }

    // ===== requests =====

    /// A request as bytes.
    pub(super) fn write(&self, envelope: &Envelope<J>, options: &SendOptions) -> Result<NewRequest, BoxError> {
        let bytes = self.store.admit(self.request.encode(envelope.request())?)?;
        self.local.room.admit(bytes.len())?;
        let payload = Self::payload(self.request.id(), bytes);
        let mut request = NewRequest {
            id: envelope.id(),
            run: envelope.run(),
            priority: options.priority,
            due: options.delay.filter(|delay| !delay.is_zero()).map(|delay| self.store.clock.after(delay)),
            key: options.unique.as_ref().map(|unique| unique.key.clone()),
            while_waiting: options.while_waiting,
            even_dead: options.even_dead,
            key_until: options.unique_for.map(|window| self.store.clock.after(window)),
            is_call: envelope.is_call(),
            deadline: envelope.deadline().map(|deadline| self.store.clock.at(deadline)),
            trace: envelope.trace_parent().map(str::to_owned),
            retry: envelope.retry().map(retry_as_text).transpose()?,
            payload,
            checksum: 0,
        };
        request.checksum = checksum::of_request(&request);
        Ok(request)
    }

    fn payload(codec: u8, bytes: Vec<u8>) -> Payload {
        Payload { version: J::SETTINGS.version, codec, bytes }
    }

    /// A request from its bytes; without it, why not.
    pub(super) fn read(&self, claimed: Claimed) -> Result<Envelope<J>, String> {
        let retry = claimed.retry().map(Box::new);
        let Claimed { id, deadline, trace, is_call, payload, .. } = claimed;
        let request = payload.and_then(|payload| read(&self.request, &payload))?;
        let asked = self.callers.take(id).or_else(|| {
            let deadline = deadline.map(|deadline| self.store.clock.instant(deadline));
            let trace_parent = trace.map(String::into_boxed_str);
            let has_wish = is_call || deadline.is_some() || trace_parent.is_some() || retry.is_some();
            let wishes = Wishes { deadline, trace_parent, retry, is_call_elsewhere: is_call };
            has_wish.then(|| Asked::new(Ticket::silent(wishes)))
        });
        Ok(Envelope::restored(id, request, asked))
    }

    /// Claims a request for the caller, and waits for one.
    pub(super) async fn claim(&self) -> Result<Claimed, ReceiveError> {
        let mut wait = Wait { channel: self, waiting: self.local.wait() };
        let poll = self.store.poll;
        loop {
            let mut arrived = std::pin::pin!(self.local.arrived.notified());
            arrived.as_mut().enable();
            if let Some(found) = wait.look() {
                return found;
            }
            self.look();
            // Where the writer works on this thread, it has found what there is.
            if let Some(found) = wait.look() {
                return found;
            }
            let due = self.local.next_due().map(|due| self.store.clock.instant(due));
            match (due, poll) {
                (None, None) => arrived.await,
                (due, poll) => {
                    let poll = poll.map(crate::span::from_now);
                    let until = due.into_iter().chain(poll).min().unwrap_or_else(tokio::time::Instant::now);
                    // Not at once: what is due and cannot be had, in a damaged file, must not make it spin.
                    let until = until.max(crate::span::from_now(PACE));
                    // Either way, it looks again.
                    let _ = tokio::time::timeout_at(until, arrived).await;
                }
            }
        }
    }

    // ===== responses =====

    /// A response as bytes.
    pub(super) fn write_response(
        &self,
        id: JobId,
        outcome: Result<&J::Response, &Failure>,
    ) -> Result<NewResponse, BoxError> {
        Ok(match outcome {
            Ok(response) => {
                let payload = Self::payload(self.response.id(), self.store.admit(self.response.encode(response)?)?);
                NewResponse::new(id, false, payload)
            }
            Err(failure) => Self::write_failure(id, failure),
        })
    }

    pub(super) fn write_failure(id: JobId, failure: &Failure) -> NewResponse {
        let codec = Codec::<Failure>::json();
        let bytes = codec.encode(failure).unwrap_or_default();
        NewResponse::new(id, true, Self::payload(codec.id(), bytes))
    }

    /// A response from its bytes. What cannot be read is a failure that says so.
    pub(super) fn read_response(&self, kept: Kept) -> Response<J> {
        let Kept { id, is_failure, payload } = kept;
        let outcome = payload.and_then(|payload| match is_failure {
            true => read(&Codec::<Failure>::json(), &payload).map(Err),
            false => read(&self.response, &payload).map(Ok),
        });
        Response::new(id, outcome.unwrap_or_else(|reason| Err(Failure::new(FailureKind::Unreadable, reason, 0))))
    }

    /// Buries a request that cannot be read: it would fail for ever, and its bytes are kept.
    pub(super) fn bury_unreadable(&self, id: JobId, grip: Grip, attempt: u32, reason: &str) {
        tracing::error!(target: "job_orch", { job.name = J::NAME, job.id = %id, reason }, "a request is unreadable");
        let failure = Failure::new(FailureKind::Unreadable, reason, attempt.saturating_sub(1));
        let (response, next) = (Self::write_failure(id, &failure), Next::Dead(failure.clone()));
        let has_runs = self.store.has_runs.load(Ordering::Relaxed);
        self.store
            .writer
            .tell(move |transaction| transaction.conclude(id, grip, &next, Some(&response), has_runs).map(drop));
        self.answer(id, Err(CallError::Elsewhere { job: J::NAME, failure }));
    }
}

/// The task that answers callers ends.
impl<J: Run> Drop for Channel<J> {
    fn drop(&mut self) {
        self.local.foreign.notify_one();
    }
}

/// How a request is retried, as JSON, which has no words for numbers that are none.
fn retry_as_text(retry: Retry) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Retry { jitter: retry.random_share(), ..retry })
}

/// Bytes back into a value; without it, why not.
fn read<T>(codec: &Codec<T>, payload: &Payload) -> Result<T, String> {
    if payload.codec != codec.id() {
        return Err(format!("it was written by codec {}, and this program reads {}", payload.codec, codec.id()));
    }
    codec.decode(&payload.bytes).map_err(|error| format!("version {} cannot be read: {error}", payload.version))
}

/// One receiver's wait. Dropped early, it gives back what was claimed for it.
struct Wait<'a, J: Run> {
    channel: &'a Channel<J>,
    waiting: Waiting<'a>,
}

impl<J: Run> Wait<'_, J> {
    fn look(&mut self) -> Option<Result<Claimed, ReceiveError>> {
        match self.waiting.take() {
            Found::Request(claimed) => Some(Ok(claimed)),
            Found::End => Some(Err(ReceiveError::Closed)),
            Found::Fault(error) => Some(Err(ReceiveError::Engine(error.into()))),
            Found::Nothing => None,
        }
    }
}

impl<J: Run> Drop for Wait<'_, J> {
    fn drop(&mut self) {
        self.channel.store.writer.give_back(&self.waiting.leave());
    }
}

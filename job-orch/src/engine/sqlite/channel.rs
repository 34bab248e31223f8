//! The channels of one job in one process, with its types.

use std::collections::HashMap;
use std::time::Duration;

use super::checksum;
use super::error::StoreError;
use super::local::{Found, Local, Waiting};
use super::requests::{Claimed, Grip, NewRequest, Next, Payload};
use super::responses::{self, Entry, Kept, NewResponse};
use super::store::Store;
use super::writer::Command;
use crate::channel::ticket::{Asked, Ticket, Wishes};
use crate::channel::{BoxError, Codec, Envelope, ReceiveError, Response, SendOptions};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::{CallError, Failure, FailureKind};
use crate::retry::Retry;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Arc, Mutex, Weak, lock};

/// A receiver looks no more often than this by itself.
const PACE: Duration = Duration::from_millis(1);

pub(super) struct Channel<J: Run> {
    pub(super) store: Arc<Store>,
    pub(super) local: Arc<Local>,
    pub(super) request: Codec<J::Request>,
    pub(super) response: Codec<J::Response>,
    // Of requests that wait or run elsewhere: whom to answer. While a request is held here, its envelope has it.
    callers: Mutex<HashMap<JobId, Asked<J>>>,
    // Up to here, responses were searched for answers.
    searched: AtomicI64,
}

impl<J: Run> Channel<J> {
    pub(super) fn new(
        store: Arc<Store>,
        local: Arc<Local>,
        request: Codec<J::Request>,
        response: Codec<J::Response>,
    ) -> Self {
        let searched = AtomicI64::new(local.published.load(Ordering::Acquire));
        Self { store, local, request, response, callers: Mutex::default(), searched }
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
        let asked = lock(&self.callers).remove(&id).or_else(|| {
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

    // ===== callers =====

    /// Takes the caller of a request that leaves this process, so that it can be answered from anywhere.
    pub(super) fn keep_caller(&self, envelope: &mut Envelope<J>) {
        if envelope.is_awaited()
            && let Some(asked) = envelope.take_asked()
        {
            lock(&self.callers).insert(envelope.id(), asked);
        }
    }

    /// Gives the caller back to a request that did not leave.
    pub(super) fn return_caller(&self, envelope: &mut Envelope<J>) {
        if let Some(asked) = lock(&self.callers).remove(&envelope.id()) {
            envelope.set_asked(asked);
        }
    }

    /// Answers everybody who waits: nobody else will.
    pub(super) fn dismiss_callers(&self) {
        // Dropped without the lock: each tells its caller that the job is served no more.
        let callers = std::mem::take(&mut *lock(&self.callers));
        drop(callers);
    }

    /// Answers a caller, if it waits here.
    pub(super) fn answer(&self, id: JobId, answer: Result<J::Response, CallError<J::Error>>) {
        let asked = lock(&self.callers).remove(&id);
        if let Some(asked) = asked {
            asked.answer(answer);
        }
    }

    /// Answers those whose requests ended in another process, each time such ends are on the disk; and all others, once nobody
    /// can be told anything any more.
    pub(super) async fn answer_callers(channel: Weak<Self>, local: Arc<Local>) {
        loop {
            local.foreign.notified().await;
            let Some(channel) = channel.upgrade() else { return };
            if let Err(error) = channel.search_answers().await {
                tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "answers could not be read yet");
            }
            if let Some(fault) = local.broken() {
                channel.fail_callers(&fault);
            }
        }
    }

    fn fail_callers(&self, fault: &StoreError) {
        let callers = std::mem::take(&mut *lock(&self.callers));
        for asked in callers.into_values() {
            asked.answer(Err(CallError::Engine { job: J::NAME, source: fault.clone().into() }));
        }
    }

    async fn search_answers(&self) -> Result<(), StoreError> {
        loop {
            // Read first: whoever begins to wait after this is answered at a later position.
            let published = self.local.published.load(Ordering::Acquire);
            let from = self.searched.load(Ordering::Acquire);
            if lock(&self.callers).is_empty() {
                self.searched.fetch_max(published, Ordering::AcqRel);
                return Ok(());
            }
            let job = self.local.job;
            let mut entries = self.store.reader.ask(move |store| responses::read(store, job, from, None)).await?;
            // What stands behind that may not be on the disk yet: this is called again when it is.
            entries.retain(|entry| entry.next() <= published);
            let Some(last) = entries.last() else { return Ok(()) };
            self.searched.fetch_max(last.next(), Ordering::AcqRel);
            for entry in entries {
                if let Entry::Response(kept, _) = entry
                    && lock(&self.callers).contains_key(&kept.id)
                {
                    self.answer(kept.id, self.read_answer(kept));
                }
            }
        }
    }

    fn read_answer(&self, kept: Kept) -> Result<J::Response, CallError<J::Error>> {
        let job = J::NAME;
        self.read_response(kept).outcome.map_err(|failure| match failure.kind {
            FailureKind::Cancelled => CallError::Cancelled { job },
            FailureKind::Shed => CallError::Shed { job },
            FailureKind::Expired => CallError::Expired { job },
            _ => CallError::Elsewhere { job, failure },
        })
    }

    /// Has the caller of a request looked for that came to it while it ran.
    pub(super) fn answer_late(&self, id: JobId) {
        if lock(&self.callers).contains_key(&id) {
            self.local.foreign.notify_one();
        }
    }

    /// Answers a step that has ended before.
    pub(super) fn answer_again(&self, kept: Kept) {
        self.answer(kept.id, self.read_answer(kept));
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
        self.store.writer.tell(move |transaction| {
            if transaction.settle(grip, &next)?.is_ok() {
                transaction.publish(grip.job, &response)?;
                if id.is_within() {
                    transaction.end_step(&response)?;
                }
            }
            Ok(())
        });
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

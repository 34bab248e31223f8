//! What travels: a request in its [`Envelope`], and the [`Response`] to it.

use std::fmt;

use tokio::time::Instant;

use super::onward::{Deferred, Listening};
use super::stop::Stop;
use super::ticket::{Asked, Ticket, Wishes};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::{CallError, Failure};
use crate::retry::Retry;
use crate::sync::Arc;

/// A request on its way: the user's value with its id, and what its sender wants to know or have respected.
pub struct Envelope<J: Run> {
    id: JobId,
    // `None` only while a batch has borrowed it.
    request: Option<J::Request>,
    // A streamed request has none: 24 bytes beside the value are all it costs.
    asked: Option<Asked<J>>,
}

impl<J: Run> Envelope<J> {
    /// A request with a new id, whose sender keeps no wish and waits for no answer.
    #[must_use]
    pub fn new(request: J::Request) -> Self {
        Self { id: JobId::new(), request: Some(request), asked: None }
    }

    pub(crate) fn asking(request: J::Request, wishes: Wishes) -> Self {
        Self { id: JobId::new(), request: Some(request), asked: Some(Asked::new(Ticket::silent(wishes))) }
    }

    /// A request with this id, whose sender keeps no wish and waits for no answer.
    #[inline]
    pub(crate) const fn with_id(id: JobId, request: J::Request) -> Self {
        Self { id, request: Some(request), asked: None }
    }

    /// A request whose sender waits for the answer: the one half of [`Ticket::call`].
    #[inline]
    pub(crate) const fn calling(id: JobId, request: J::Request, asked: Asked<J>) -> Self {
        Self { id, request: Some(request), asked: Some(asked) }
    }

    /// A request that was read back from bytes.
    #[cfg(feature = "__json")]
    pub(crate) const fn restored(id: JobId, request: J::Request, asked: Option<Asked<J>>) -> Self {
        Self { id, request: Some(request), asked }
    }

    /// Takes out whom to answer, to be kept while the request is bytes.
    #[cfg(feature = "__json")]
    pub(crate) const fn take_asked(&mut self) -> Option<Asked<J>> {
        self.asked.take()
    }

    #[cfg(feature = "__json")]
    pub(crate) fn set_asked(&mut self, asked: Asked<J>) {
        self.asked = Some(asked);
    }

    /// What stays behind where a request has been taken from, until its delivery goes.
    #[cfg(all(feature = "testing", feature = "memory", feature = "sqlite"))]
    pub(crate) const fn hollow(id: JobId) -> Self {
        Self { id, request: None, asked: None }
    }

    /// The run that it is a step of, if the engine remembers that.
    #[cfg(feature = "__json")]
    pub(crate) fn run(&self) -> Option<JobId> {
        self.asked.as_ref()?.run()
    }

    /// Whether somebody, here, is to be told how it ends.
    #[cfg(feature = "__json")]
    pub(crate) fn is_awaited(&self) -> bool {
        self.asked.as_ref().is_some_and(Asked::is_awaited)
    }

    /// The id of the request, and of its response.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// The user's value.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a batch gives what it borrowed back before anybody else can look")]
    pub const fn request(&self) -> &J::Request {
        self.request.as_ref().expect("the request is lent to a batch")
    }

    pub(crate) const fn lend(&mut self) -> Option<J::Request> {
        self.request.take()
    }

    pub(crate) fn give_back(&mut self, request: J::Request) {
        self.request = Some(request);
    }

    /// Takes the user's value out. A caller that waits is told that nobody will answer.
    #[must_use]
    #[expect(clippy::expect_used, reason = "as in `request`")]
    pub fn into_request(self) -> J::Request {
        self.request.expect("the request is lent to a batch")
    }

    /// When the answer is of no more use.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.asked.as_ref()?.wishes()?.deadline
    }

    /// The W3C trace context of the sender (`traceparent`), if it gave one.
    #[must_use]
    pub fn trace_parent(&self) -> Option<&str> {
        self.asked.as_ref()?.wishes()?.trace_parent.as_deref()
    }

    /// How it is retried, if its sender says so in place of the job.
    #[must_use]
    pub fn retry(&self) -> Option<Retry> {
        self.asked.as_ref()?.wishes()?.retry.as_deref().copied()
    }

    /// Whether a caller, or a flow, still waits for the answer.
    #[must_use]
    pub fn has_caller(&self) -> bool {
        self.asked.as_ref().is_some_and(Asked::has_caller)
    }

    /// Whether the flow that sent it has ended, so that it need not run.
    #[inline]
    pub(crate) fn is_void(&self) -> bool {
        matches!(&self.asked, Some(Asked::Flow(onward)) if onward.is_void())
    }

    /// Whether its answer goes on in a flow.
    #[inline]
    pub(crate) const fn is_in_flow(&self) -> bool {
        matches!(self.asked, Some(Asked::Flow(_)))
    }

    /// Lets the end of the flow that sent it stop the worker, while the guard lives.
    pub(crate) fn listen(&self, stop: &Arc<Stop>) -> Option<Listening<'_>> {
        match &self.asked {
            Some(Asked::Flow(onward)) => onward.listen(stop),
            _ => None,
        }
    }

    /// Forgets the flow that sent it, and hands over where its answer goes on.
    pub(crate) fn leave_flow(&mut self) -> Option<Asked<J>> {
        if self.is_in_flow() { self.asked.take() } else { None }
    }

    /// Whether it was sent by a caller that waits, or waited, for the answer; also one in another process.
    pub(crate) fn is_call(&self) -> bool {
        let Some(asked) = &self.asked else { return false };
        asked.has_caller() || asked.wishes().is_some_and(|wishes| wishes.is_call_elsewhere)
    }

    /// Answers the caller with a response, if one waits. Only the first answer counts.
    #[inline]
    pub(crate) fn respond(&self, response: J::Response) {
        if let Some(asked) = &self.asked {
            asked.respond(response);
        }
    }

    /// The same, but a response that goes on in a flow may wait for others.
    #[inline]
    pub(crate) fn respond_or_defer(&mut self, response: J::Response, deferred: &mut Deferred<J>) {
        if let Some(asked) = &mut self.asked {
            asked.respond_or_defer(response, deferred);
        }
    }

    /// Answers the caller, if one waits. Only the first answer counts.
    pub(crate) fn answer(&self, answer: Result<J::Response, CallError<J::Error>>) {
        if let Some(asked) = &self.asked {
            asked.answer(answer);
        }
    }
}

impl<J: Run> fmt::Debug for Envelope<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the request: it is the user's and may be secret.
        f.debug_struct("Envelope").field("job", &J::NAME).field("id", &self.id).finish_non_exhaustive()
    }
}

/// How one request ended, as every receiver of the broadcast sees it.
#[non_exhaustive]
pub struct Response<J: Run> {
    /// The id of the request.
    pub id: JobId,
    /// What the job responded, or why it did not.
    pub outcome: Result<J::Response, Failure>,
}

impl<J: Run> Response<J> {
    /// The response to the request `id`.
    #[must_use]
    pub const fn new(id: JobId, outcome: Result<J::Response, Failure>) -> Self {
        Self { id, outcome }
    }
}

impl<J: Run> Clone for Response<J>
where
    J::Response: Clone,
{
    fn clone(&self) -> Self {
        Self { id: self.id, outcome: self.outcome.clone() }
    }
}

impl<J: Run> fmt::Debug for Response<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome: &dyn fmt::Debug = match &self.outcome {
            Ok(_) => &"Ok(..)",
            Err(failure) => failure,
        };
        f.debug_struct("Response").field("job", &J::NAME).field("id", &self.id).field("outcome", outcome).finish()
    }
}

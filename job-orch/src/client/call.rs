//! [`Call`]: a request whose sender waits for the response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Client;
use crate::cache::Found;
use crate::channel::ticket::{Awaited, Ticket, Wishes};
use crate::channel::{Acceptance, Envelope, MpSend, SendError, SendOptions};
use crate::engine::{Engine, Prioritises};
use crate::id::JobId;
use crate::job::Run;
use crate::lend;
use crate::outcome::CallError;
use crate::retry::Retry;
use crate::span::{IntoSpan, InvalidSpan};

type Unfolded = (Option<JobId>, Option<Box<Wishes>>, Option<SendOptions>);
type Answer<J> = Result<<J as Run>::Response, CallError<<J as Run>::Error>>;
type Sending<'a, J> = Pin<Box<dyn Future<Output = Result<Acceptance, SendError<Envelope<J>>>> + Send + 'a>>;

/// A call of a job: a future of its response.
///
/// Options are set before it is awaited. A cached answer is returned at once, before any channel. Otherwise the request
/// is sent, and the answer comes through a slot of its own, so waiting costs the same beside 1 and beside 10,000 others.
///
/// ```
/// # use job_orch::prelude::*;
/// # #[job] async fn double(number: &u64) -> u64 { number * 2 }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
/// # let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
/// assert_eq!(orch.call(Double, 21).timeout("5s").await?, 42);
/// # orch.shutdown().await }
/// ```
///
/// # Where the job runs
/// In a task of its worker. Only where callers ask for one thing after the other, and the job is known to take microseconds, does the
/// memory engine run it within the poll of the call, up to where it suspends: that saves two wake-ups, which cost more than the
/// job. So a poll may run the job, and must not hold a lock of a thread that the job takes too; and what belongs to the task
/// (`tokio::task::id`, task locals, the current span) is the caller's there.
///
/// # Errors
/// One [`CallError`] where there is no response. A call always ends.
///
/// # Cancel safety
/// A call that is dropped before it was accepted sends nothing. One that is dropped later leaves its request to run;
/// [`cancel`](crate::Orchestrator::cancel) stops it.
#[must_use = "a call does nothing unless awaited"]
pub struct Call<'a, J: Run, E: Engine> {
    client: Option<&'a Client<J, E>>,
    // Until it is sent.
    request: Option<J::Request>,
    // From then on until the answer.
    awaited: Awaited<J>,
    // Boxed: few calls have any, and a call is moved.
    extras: Option<Box<Extras<'a, J>>>,
}

struct Extras<'a, J: Run> {
    // If it was asked for before the request was sent.
    id: Option<JobId>,
    timeout: Option<Result<Duration, InvalidSpan>>,
    trace_parent: Option<Box<str>>,
    retry: Option<Box<Retry>>,
    options: SendOptions,
    // While it finds no room: most requests find it at once.
    sending: Option<Sending<'a, J>>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<J: Run> Default for Extras<'_, J> {
    fn default() -> Self {
        let options = SendOptions::default();
        Self { id: None, timeout: None, trace_parent: None, retry: None, options, sending: None, alarm: None }
    }
}

impl<'a, J: Run, E: Engine> Call<'a, J, E> {
    pub(crate) const fn new(client: Option<&'a Client<J, E>>, request: J::Request) -> Self {
        Self { client, request: Some(request), awaited: Awaited::NOTHING, extras: None }
    }

    /// Gives up after this time, which starts with the first poll: [`CallError::Expired`]. A request that has not run by
    /// then will not, and one that runs is stopped.
    pub fn timeout(mut self, after: impl IntoSpan) -> Self {
        self.extras().timeout = Some(after.into_span());
        self
    }

    /// Goes before requests of a lower priority; the default is 0.
    pub fn priority(mut self, priority: i16) -> Self
    where
        E: Prioritises,
    {
        self.extras().options.priority = priority;
        self
    }

    /// Goes to another queue of the job than its own, where this orchestrator hosts or reaches it there too. If it does not, the
    /// call fails: [`CallError::NotHosted`].
    pub fn queue(mut self, queue: &str) -> Self {
        self.client = self.client.and_then(|client| client.in_queue(queue));
        self
    }

    /// Is retried so, and not as the job says: see [`Send::retry`](crate::Send::retry).
    pub fn retry(mut self, retry: Retry) -> Self {
        self.extras().retry = Some(Box::new(retry));
        self
    }

    /// Fails with [`CallError::Full`] instead of waiting when the channel is full.
    pub fn refuse_if_full(mut self) -> Self {
        self.extras().options.refuse_if_full = true;
        self
    }

    /// Carries the caller's W3C trace context to the worker's span.
    pub fn trace_parent(mut self, trace_parent: impl Into<String>) -> Self {
        self.extras().trace_parent = Some(trace_parent.into().into_boxed_str());
        self
    }

    /// The id that its request has, or will have: to [`cancel`](crate::Orchestrator::cancel) it while another task waits for its
    /// response. A call that is answered from a cache makes no request.
    ///
    /// To be asked for before the call is awaited: afterwards it is the id of nothing.
    ///
    /// ```
    /// # use job_orch::prelude::*;
    /// # #[job] async fn wait(seconds: &u64) { tokio::time::sleep(std::time::Duration::from_secs(*seconds)).await }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
    /// # let orch = Orchestrator::on(Memory::new()).host(Wait).start().await?;
    /// let mut call = orch.call(Wait, 3600);
    /// let id = call.id();
    /// let (ended, was_there) = tokio::join!(call, async {
    ///     tokio::task::yield_now().await;
    ///     orch.cancel(Wait, id).await
    /// });
    /// assert!(was_there);
    /// assert!(matches!(ended, Err(job_orch::CallError::Cancelled { job: "wait" })));
    /// # orch.shutdown().await }
    /// ```
    #[must_use]
    pub fn id(&mut self) -> JobId {
        *self.extras().id.get_or_insert_with(JobId::new)
    }

    fn extras(&mut self) -> &mut Extras<'a, J> {
        self.extras.get_or_insert_default()
    }

    /// The first poll: answers from the cache, or sends.
    fn begin(&mut self, request: J::Request, context: &mut Context<'_>) -> Poll<Answer<J>> {
        let job = J::NAME;
        let Some(client) = self.client else { return Poll::Ready(Err(CallError::NotHosted { job })) };
        let mut is_archived = false;
        if let Some(keep) = &client.service.keep {
            is_archived = keep.archive().is_some();
            match keep.find(&request) {
                Found::Fresh(outcome) => {
                    return Poll::Ready(outcome.map_err(|error| CallError::Failed { job, error, attempts: 1 }));
                }
                Found::Stale(response) => {
                    client.refresh(request);
                    return Poll::Ready(Ok(response));
                }
                Found::Missing => {}
            }
        }
        let (id, wishes, options) = match &mut self.extras {
            None => (None, None, None),
            Some(extras) => extras.unfold()?,
        };
        let waker = (!lend::is_likely()).then(|| context.waker().clone());
        let sleeps = waker.is_some();
        let (asked, awaited) = Ticket::call(wishes, waker);
        self.awaited = awaited;
        let id = id.unwrap_or_else(JobId::new);
        let make = move || Envelope::calling(id, request, asked);
        if is_archived {
            self.extras().sending = Some(Box::pin(client.send_unless_kept(make(), options.unwrap_or_default())));
            return self.proceed(context);
        }
        if let Some(options) = options {
            self.extras().sending = Some(Box::pin(client.requests.send_with(make(), options)));
            return self.proceed(context);
        }
        let loan = lend::lend(context.waker());
        match lend::serving(|| client.requests.try_send_made(make)) {
            Ok(()) if !loan.work() && sleeps => Poll::Pending,
            Ok(()) => self.awaited.poll_answer(context),
            Err(SendError::Full(make)) => {
                let envelope = make();
                let send = async { client.requests.send(envelope).await.map(|()| Acceptance::New) };
                self.extras().sending = Some(Box::pin(send));
                self.proceed(context)
            }
            Err(error) => Poll::Ready(Err(CallError::refused(job, error))),
        }
    }

    /// The later polls: waits for room, then for the answer.
    fn proceed(&mut self, context: &mut Context<'_>) -> Poll<Answer<J>> {
        if let Some(extras) = &mut self.extras
            && let Some(sending) = &mut extras.sending
        {
            if let Err(error) = std::task::ready!(sending.as_mut().poll(context)) {
                return Poll::Ready(Err(CallError::refused(J::NAME, error)));
            }
            extras.sending = None;
        }
        self.awaited.poll_answer(context)
    }

    /// Polls a call that may have a limit.
    fn poll_limited(&mut self, request: Option<J::Request>, context: &mut Context<'_>) -> Poll<Answer<J>> {
        let polled = match request {
            Some(request) => self.begin(request, context),
            None => self.proceed(context),
        };
        if polled.is_pending()
            && let Some(extras) = &mut self.extras
            && let Some(alarm) = &mut extras.alarm
            && alarm.as_mut().poll(context).is_ready()
        {
            self.awaited = Awaited::NOTHING;
            extras.sending = None;
            return Poll::Ready(Err(CallError::Expired { job: J::NAME }));
        }
        polled
    }
}

impl<J: Run> Extras<'_, J> {
    /// What was asked for, as the request's id and wishes and the channel's options. Sets the alarm.
    fn unfold(&mut self) -> Result<Unfolded, CallError<J::Error>> {
        let (trace_parent, retry) = (self.trace_parent.take(), self.retry.take());
        let mut wishes = Wishes { trace_parent, retry, ..Wishes::default() };
        if let Some(timeout) = self.timeout.take() {
            let timeout = timeout.map_err(|source| CallError::InvalidSpan { job: J::NAME, source })?;
            // A time beyond the clock's end never comes.
            wishes.deadline = Instant::now().checked_add(timeout);
            self.alarm = wishes.deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        }
        let options = std::mem::take(&mut self.options);
        Ok((self.id, Some(Box::new(wishes)), (options != SendOptions::default()).then_some(options)))
    }
}

impl<J: Run, E: Engine> Client<J, E> {
    /// Answers a call from the cache in the engine's store, or sends it.
    async fn send_unless_kept(
        &self,
        envelope: Envelope<J>,
        options: SendOptions,
    ) -> Result<Acceptance, SendError<Envelope<J>>> {
        match self.missed_in_archive(vec![envelope]).await.pop() {
            Some(envelope) => self.requests.send_with(envelope, options).await,
            None => Ok(Acceptance::New),
        }
    }

    /// Has a fresh answer computed, in place of a stale one that was served.
    pub(super) fn refresh(&self, request: J::Request) {
        if let Err(error) = self.requests.try_send(Envelope::new(request)) {
            // It is full, or one where every request has to wait; nobody waits for this one.
            let client = self.clone();
            self.runtime.spawn(async move {
                let options = SendOptions { refuse_if_full: true, ..SendOptions::default() };
                let sent = client.requests.send_with(error.into_message(), options).await;
                if let (Err(error), Some(keep)) = (sent, &client.service.keep) {
                    // The next caller sees to it.
                    keep.give_up(&error.into_message().into_request());
                }
            });
        }
    }
}

// Nothing in a call is pinned in place: what must be is in a box.
impl<J: Run, E: Engine> Unpin for Call<'_, J, E> {}

impl<J: Run, E: Engine> Future for Call<'_, J, E> {
    type Output = Answer<J>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        // An answer is returned from where it was made: to move it costs as much as a short job.
        match call.request.take() {
            Some(request) if call.extras.is_none() => call.begin(request, context),
            None if call.extras.is_none() => call.awaited.poll_answer(context),
            request => call.poll_limited(request, context),
        }
    }
}

impl<J: Run, E: Engine> fmt::Debug for Call<'_, J, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("job", &J::NAME).finish_non_exhaustive()
    }
}

//! [`Call`]: a request whose sender waits for the response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Client;
use crate::cache::Found;
use crate::channel::ticket::{Awaited, Wishes};
use crate::channel::{Acceptance, Envelope, MpSend, SendError, SendOptions};
use crate::engine::{Engine, Prioritises};
use crate::job::Run;
use crate::outcome::CallError;
use crate::span::{IntoSpan, InvalidSpan};

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
/// # Errors
/// One [`CallError`] where there is no response. A call always ends.
///
/// # Cancel safety
/// A call that is dropped before it was accepted sends nothing. One that is dropped later leaves its request to run;
/// [`cancel`](crate::Orchestrator::cancel) stops it.
#[must_use = "a call does nothing unless awaited"]
pub struct Call<'a, J: Run, E: Engine> {
    client: Option<&'a Client<J, E>>,
    state: State<'a, J>,
    // Boxed: few calls have any, and a call is moved.
    extras: Option<Box<Extras>>,
    alarm: Option<Pin<Box<Sleep>>>,
}

#[derive(Default)]
struct Extras {
    timeout: Option<Result<Duration, InvalidSpan>>,
    trace_parent: Option<Box<str>>,
    options: SendOptions,
}

enum State<'a, J: Run> {
    Begin(J::Request),
    /// Boxed: most requests find room at once.
    Sending(Sending<'a, J>, Awaited<J>),
    Waiting(Awaited<J>),
    Ended,
}

impl<'a, J: Run, E: Engine> Call<'a, J, E> {
    pub(crate) const fn new(client: Option<&'a Client<J, E>>, request: J::Request) -> Self {
        Self { client, state: State::Begin(request), extras: None, alarm: None }
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

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// The first poll: answers from the cache, or sends.
    fn begin(&mut self, request: J::Request) -> Result<State<'a, J>, Result<J::Response, CallError<J::Error>>> {
        let job = J::NAME;
        let Some(client) = self.client else { return Err(Err(CallError::NotHosted { job })) };
        if let Some(keep) = &client.service.keep {
            match keep.find(&request) {
                Found::Fresh(outcome) => {
                    return Err(outcome.map_err(|error| CallError::Failed { job, error, attempts: 1 }));
                }
                Found::Stale(response) => {
                    client.refresh(request);
                    return Err(Ok(response));
                }
                Found::Missing => {}
            }
        }
        let Some(extras) = self.extras.take() else {
            return Self::send(client, request, Wishes::default(), None).map_err(Err);
        };
        let Extras { timeout, trace_parent, options } = *extras;
        let mut wishes = Wishes { deadline: None, trace_parent };
        if let Some(timeout) = timeout {
            let timeout = timeout.map_err(|source| Err(CallError::Engine { job, source: source.into() }))?;
            // A time beyond the clock's end never comes.
            wishes.deadline = Instant::now().checked_add(timeout);
            self.alarm = wishes.deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        }
        let options = (options != SendOptions::default()).then_some(options);
        Self::send(client, request, wishes, options).map_err(Err)
    }

    fn send(
        client: &'a Client<J, E>,
        request: J::Request,
        wishes: Wishes,
        options: Option<SendOptions>,
    ) -> Result<State<'a, J>, CallError<J::Error>> {
        let (envelope, ticket) = Envelope::calling(request, wishes);
        let awaited = Awaited::new(ticket);
        if let Some(options) = options {
            return Ok(State::Sending(Box::pin(client.requests.send_with(envelope, options)), awaited));
        }
        match client.requests.try_send(envelope) {
            Ok(()) => Ok(State::Waiting(awaited)),
            Err(SendError::Full(envelope)) => {
                let send = async { client.requests.send(envelope).await.map(|()| Acceptance::New) };
                Ok(State::Sending(Box::pin(send), awaited))
            }
            Err(error) => Err(CallError::refused(J::NAME, error)),
        }
    }

    /// One step; an error is the end.
    fn step(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Result<J::Response, CallError<J::Error>>> {
        let (state, poll) = match std::mem::replace(&mut self.state, State::Ended) {
            State::Begin(request) => (self.begin(request)?, Poll::Ready(())),
            State::Sending(mut send, awaited) => match send.as_mut().poll(context) {
                Poll::Ready(Ok(_)) => (State::Waiting(awaited), Poll::Ready(())),
                Poll::Ready(Err(error)) => return Err(Err(CallError::refused(J::NAME, error))),
                Poll::Pending => (State::Sending(send, awaited), Poll::Pending),
            },
            State::Waiting(mut awaited) => match Pin::new(&mut awaited).poll(context) {
                Poll::Ready(answer) => return Err(answer),
                Poll::Pending => (State::Waiting(awaited), Poll::Pending),
            },
            // Polled after its end: it stays there.
            State::Ended => return Err(Err(CallError::Closed { job: J::NAME })),
        };
        self.state = state;
        Ok(poll)
    }
}

impl<J: Run, E: Engine> Client<J, E> {
    /// Has a fresh answer computed, in place of a stale one that was served.
    fn refresh(&self, request: J::Request) {
        if let Err(error) = self.requests.try_send(Envelope::new(request))
            && let Some(keep) = &self.service.keep
        {
            // The channel is full: the next caller sees to it.
            keep.give_up(&error.into_message().into_request());
        }
    }
}

// Nothing in a call is pinned in place: what must be is in a box.
impl<J: Run, E: Engine> Unpin for Call<'_, J, E> {}

impl<J: Run, E: Engine> Future for Call<'_, J, E> {
    type Output = Result<J::Response, CallError<J::Error>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        loop {
            match call.step(context) {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => break,
                Err(end) => return Poll::Ready(end),
            }
        }
        if let Some(alarm) = &mut call.alarm
            && alarm.as_mut().poll(context).is_ready()
        {
            call.state = State::Ended;
            return Poll::Ready(Err(CallError::Expired { job: J::NAME }));
        }
        Poll::Pending
    }
}

impl<J: Run, E: Engine> fmt::Debug for Call<'_, J, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("job", &J::NAME).finish_non_exhaustive()
    }
}

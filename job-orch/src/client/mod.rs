//! Who asks: send, call, listen, cancel.

mod call;
mod door;
mod error;
mod extras;
mod responses;
mod send;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;

pub use call::Call;
pub(crate) use door::Door;
pub use error::{NotSent, Refusal};
pub use responses::Responses;
pub use send::{Receipt, Send};

use crate::channel::{BoxError, Channels, Envelope, MpSend, Response};
use crate::engine::{DeadLetter, Durability, Engine, EngineChannels, KeepsResponses, Pauses};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::CallError;
use crate::panics::guarded;
use crate::processor::{JobCounts, Service};
use crate::sync::Arc;

type RequestSender<J, E> = <<E as Engine>::Channels<J> as Channels<J>>::RequestSender;

/// What an engine that has a capability is asked, on its way. Boxed: of a future that names the capability in its type, the
/// compiler would complain three times where an engine has it not.
pub type Asking<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + std::marker::Send + 'a>>;

/// A client of one hosted job. Cheap to clone; [`Orchestrator::client`](crate::Orchestrator::client) makes one.
///
/// What an orchestrator's methods do, a client's do without looking the job up.
pub struct Client<J: Run, E: Engine> {
    service: Arc<Service<J, E::Channels<J>>>,
    channels: E::Channels<J>,
    requests: RequestSender<J, E>,
    durability: Durability,
    runtime: Handle,
    // The clients of the same job in other queues; written once, by the orchestrator.
    siblings: Arc<std::sync::OnceLock<Vec<Self>>>,
}

impl<J: Run, E: Engine> Client<J, E> {
    pub(crate) fn new(service: Arc<Service<J, E::Channels<J>>>, channels: E::Channels<J>, engine: &E) -> Self {
        let requests = channels.request_sender();
        let (durability, runtime) = (engine.durability(), Handle::current());
        Self { service, channels, requests, durability, runtime, siblings: Arc::default() }
    }

    /// The queue whose requests it sends.
    #[must_use]
    pub fn queue(&self) -> &'static str {
        self.service.serving.queue
    }

    /// The client of the same job in another queue, if the orchestrator hosts or reaches it there.
    #[must_use]
    pub fn in_queue(&self, queue: &str) -> Option<&Self> {
        if self.queue() == queue {
            return Some(self);
        }
        self.siblings.get()?.iter().find(|sibling| sibling.queue() == queue)
    }

    /// Makes these known, once.
    pub(crate) fn adopt(&self, siblings: Vec<Self>) {
        let _ = self.siblings.set(siblings);
    }

    pub(crate) const fn channels(&self) -> &E::Channels<J> {
        &self.channels
    }

    pub(crate) const fn service(&self) -> &Arc<Service<J, E::Channels<J>>> {
        &self.service
    }

    /// Calls the job and waits for its response: see [`Call`].
    #[must_use = "a call does nothing unless awaited"]
    pub fn call(&self, request: J::Request) -> Call<'_, J, E> {
        Call::new(Some(self), request)
    }

    /// Sends a request and keeps its id: see [`Send`].
    #[must_use = "a request is not sent unless awaited"]
    pub fn send(&self, request: J::Request) -> Send<'_, J, E> {
        Send::new(Some(self), request)
    }

    /// Sends requests in order, as fast as the engine can take them at once, and returns their ids. Of a duplicate, where the job
    /// is [`unique`](crate::Unique), that is the id of the one that was there before.
    ///
    /// # Errors
    /// The requests that were not accepted, from the first that was refused, and the ids of those before it
    /// ([`NotSent::accepted`]).
    ///
    /// # Cancel safety
    /// A future dropped early has sent the first of them.
    pub async fn send_many(
        &self,
        requests: impl IntoIterator<Item = J::Request>,
    ) -> Result<Vec<JobId>, NotSent<Vec<J::Request>>> {
        if J::UNIQUE.is_some() {
            return self.send_each(requests).await;
        }
        let mut envelopes: Vec<Envelope<J>> =
            JobId::many(|ids| requests.into_iter().map(|request| Envelope::with_id(ids.next_id(), request)).collect());
        let mut ids: Vec<JobId> = envelopes.iter().map(Envelope::id).collect();
        match self.requests.send_many(&mut envelopes).await {
            Ok(()) => Ok(ids),
            Err(error) => {
                ids.truncate(ids.len() - envelopes.len());
                let unsent = envelopes.into_iter().map(Envelope::into_request).collect();
                Err(NotSent::refused(J::NAME, error, |()| unsent).after(ids))
            }
        }
    }

    /// Sends requests of which each may be a duplicate, one by one.
    async fn send_each(
        &self,
        requests: impl IntoIterator<Item = J::Request>,
    ) -> Result<Vec<JobId>, NotSent<Vec<J::Request>>> {
        // Not an iterator that is held over the `.await`s: the user's need not be `Send`.
        let mut unsent = requests.into_iter().collect::<VecDeque<_>>();
        let mut ids = Vec::with_capacity(unsent.len());
        while let Some(request) = unsent.pop_front() {
            match self.send(request).await {
                Ok(receipt) => ids.push(receipt.id),
                Err(refused) => {
                    return Err(refused
                        .map(|request| {
                            unsent.push_front(request);
                            Vec::from(unsent)
                        })
                        .after(ids));
                }
            }
        }
        Ok(ids)
    }

    /// Sends a request from a thread without an asynchronous runtime, and blocks it while the channel is full.
    ///
    /// # Errors
    /// As `send`, and [`Refusal::InsideRuntime`].
    pub fn send_blocking(&self, request: J::Request) -> Result<Receipt, NotSent<J::Request>> {
        if self.is_inside_runtime() {
            return Err(NotSent::new(J::NAME, request, Refusal::InsideRuntime));
        }
        self.runtime.block_on(self.send(request))
    }

    /// Calls the job from a thread without an asynchronous runtime, and blocks it until the response is there.
    ///
    /// # Errors
    /// As `call`, and [`CallError::InsideRuntime`].
    pub fn call_blocking(&self, request: J::Request) -> Result<J::Response, CallError<J::Error>> {
        if self.is_inside_runtime() {
            return Err(CallError::InsideRuntime { job: J::NAME });
        }
        self.runtime.block_on(self.call(request))
    }

    /// Whether blocking this thread would block a runtime. Only tokio knows, and it says so by a panic; a thread of
    /// `spawn_blocking` may block.
    fn is_inside_runtime(&self) -> bool {
        guarded(|| self.runtime.block_on(async {})).is_err()
    }

    /// Listens to every response from now on.
    #[must_use]
    pub fn responses(&self) -> Responses<J, E>
    where
        J::Response: Clone,
    {
        self.service.listened();
        Responses::new(Some(self.channels.response_receiver()))
    }

    /// Cancels a request: one that waits is not run, one that runs is stopped at its next `.await`. Its caller gets
    /// [`CallError::Cancelled`]. Says whether there was anything to cancel.
    pub async fn cancel(&self, id: JobId) -> bool {
        self.service.cancel(id, &self.channels).await
    }

    /// What has become of the requests so far.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        self.service.counts()
    }

    /// How many requests wait.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn waiting(&self) -> Result<u64, BoxError> {
        self.channels.waiting().await
    }

    /// The response to the request with this id, if it has ended and the engine keeps its response: for a caller that was
    /// started again, or that only sent it.
    ///
    /// # Errors
    /// What the engine says.
    pub fn response(&self, id: JobId) -> Asking<'_, Option<Response<J>>, BoxError>
    where
        E: KeepsResponses,
    {
        Box::pin(self.channels.response(id))
    }

    /// Has no further request of the job run, in all processes and after every start, until [`resume`](Client::resume).
    /// Those that run go on, and requests are accepted as before.
    ///
    /// # Errors
    /// What the engine says.
    pub fn pause(&self) -> Asking<'_, (), BoxError>
    where
        E: Pauses,
    {
        Box::pin(self.channels.pause(true))
    }

    /// Has the requests of a paused job run again.
    ///
    /// # Errors
    /// What the engine says.
    pub fn resume(&self) -> Asking<'_, (), BoxError>
    where
        E: Pauses,
    {
        Box::pin(self.channels.pause(false))
    }

    /// Whether the job is paused.
    ///
    /// # Errors
    /// What the engine says.
    pub fn is_paused(&self) -> Asking<'_, bool, BoxError>
    where
        E: Pauses,
    {
        Box::pin(self.channels.is_paused())
    }

    /// The requests that used up their attempts and had no caller, oldest first.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, BoxError> {
        self.channels.dead_letters().await
    }

    /// Sends a dead letter again, with all attempts before it. Says whether there was one of this id.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn redrive(&self, id: JobId) -> Result<bool, BoxError> {
        self.channels.redrive(id).await
    }

    /// Drops a dead letter. Says whether there was one of this id.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn drop_dead_letter(&self, id: JobId) -> Result<bool, BoxError> {
        self.channels.drop_dead_letter(id).await
    }

    /// Forgets every answer in the job's cache.
    pub fn clear_cache(&self) {
        if let Some(keep) = &self.service.keep {
            keep.clear();
        }
    }
}

impl<J: Run, E: Engine> Clone for Client<J, E> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
            channels: self.channels.clone(),
            requests: self.requests.clone(),
            durability: self.durability,
            runtime: self.runtime.clone(),
            siblings: Arc::clone(&self.siblings),
        }
    }
}

impl<J: Run, E: Engine> fmt::Debug for Client<J, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("service", &self.service).finish_non_exhaustive()
    }
}

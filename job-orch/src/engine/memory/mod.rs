//! The engine in memory: values move, nothing is serialised, and nothing survives the process.
//!
//! Its two channels can also be used alone: [`requests`] and [`responses`].

mod aside;
mod broadcast;
mod fetch;
mod graveyard;
mod lease;
mod listener;
mod mourner;
mod patience;
mod queue;
mod receiver;
mod request;
mod ring;
mod room;
mod sender;
mod shared;
mod shelf;
mod tick;
mod waiters;

use std::future::{Future, ready};

pub use broadcast::{Broadcast, responses};
use graveyard::Graveyard;
pub use lease::Lease;
pub use listener::Listener;
use mourner::Mourner;
pub use receiver::Receiver;
pub use request::requests;
pub use sender::Sender;
pub use shared::{Shared, SharedMany};

use crate::channel::{BoxError, Channels, Envelope, MpSend, Response, SettleError, Withdraw};
use crate::engine::{
    Carries, DeadLetter, Deduplicates, Delays, Durability, Engine, EngineChannels, Prioritises, TravelsOn,
};
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::{CallError, Failure, FailureKind};
use crate::settings::{Overflow, Serving};
use crate::sync::Arc;

/// The engine in memory.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Memory;

impl Memory {
    /// An engine in memory. Each orchestrator and each processor on it has channels of its own.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Engine for Memory {
    const NAME: &'static str = "memory";
    type Channels<J: Run> = MemoryChannels<J>;

    async fn open<J: TravelsOn<Self>>(&self, serving: &Serving) -> Result<MemoryChannels<J>, BoxError> {
        Ok(MemoryChannels::new(serving))
    }

    fn durability(&self) -> Durability {
        Durability::Memory
    }
}

impl Delays for Memory {}
impl Prioritises for Memory {}
impl Deduplicates for Memory {}
#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Carries<T> for Memory {}

/// The two channels of one job in memory.
#[derive(Debug)]
pub struct MemoryChannels<J: Run> {
    sender: Sender<Envelope<J>>,
    receiver: Receiver<Envelope<J>>,
    broadcast: Broadcast<Response<J>>,
    mourner: Arc<Mourner<J>>,
}

impl<J: Run> MemoryChannels<J> {
    /// Channels with the capacities and policies of `serving`.
    #[must_use]
    pub fn new(serving: &Serving) -> Self {
        let (broadcast, _) = responses(serving.responses, serving.full_responses);
        // Only where it sheds: a channel that holds the broadcast keeps it open.
        let listeners = (serving.full_requests == Overflow::Shed).then(|| broadcast.clone());
        let mourner = Arc::<Mourner<J>>::default();
        let also = Arc::clone(&mourner);
        let mourn = move |shed: &mut Envelope<J>| listeners.iter().for_each(|listeners| also.mourn(shed, listeners));
        let (sender, receiver) = request::open(serving.requests, serving.full_requests, mourn);
        if serving.workers > 1 {
            sender.queue().expect_receivers(serving.workers);
        }
        Self { sender, receiver, broadcast, mourner }
    }
}

impl<J: Run> Clone for MemoryChannels<J> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            broadcast: self.broadcast.clone(),
            mourner: Arc::clone(&self.mourner),
        }
    }
}

impl<J: Run> Channels<J> for MemoryChannels<J> {
    type RequestSender = Sender<Envelope<J>>;
    type RequestReceiver = Receiver<Envelope<J>>;
    type ResponseSender = Broadcast<Response<J>>;
    type ResponseReceiver = Listener<Response<J>>;

    fn request_sender(&self) -> Self::RequestSender {
        self.sender.clone()
    }
    fn request_receiver(&self) -> Self::RequestReceiver {
        self.receiver.clone()
    }
    fn response_sender(&self) -> Self::ResponseSender {
        self.broadcast.clone()
    }
    fn response_receiver(&self) -> Self::ResponseReceiver {
        self.broadcast.listen()
    }
    fn close(&self) {
        self.sender.close();
    }
}

impl<J: Run> EngineChannels<J> for MemoryChannels<J> {
    fn waiting(&self) -> impl Future<Output = Result<u64, BoxError>> + Send {
        ready(Ok(self.sender.waiting() as u64))
    }

    fn accepted(&self) -> u64 {
        self.sender.accepted()
    }

    fn dead_letters(&self) -> impl Future<Output = Result<Vec<DeadLetter>, BoxError>> + Send {
        ready(Ok(self
            .sender
            .graveyard()
            .list(|envelope: &Envelope<J>, reason| DeadLetter::new(envelope.id(), reason.clone()))))
    }

    async fn redrive(&self, id: JobId) -> Result<bool, BoxError> {
        let Some((envelope, reason)) = self.sender.graveyard().exhume(|envelope| envelope.id() == id) else {
            return Ok(false);
        };
        // Dropped while it waits for room, it puts the letter back.
        let mut exhumed = Exhumed { graveyard: self.sender.graveyard(), letters: vec![envelope], reason };
        self.sender.send_many(&mut exhumed.letters).await.map_err(|error| error.to_string())?;
        Ok(true)
    }

    fn drop_dead_letter(&self, id: JobId) -> impl Future<Output = Result<bool, BoxError>> + Send {
        ready(Ok(self.sender.graveyard().exhume(|envelope| envelope.id() == id).is_some()))
    }

    fn when_shed(&self, told: super::WhenShed<J>) {
        self.mourner.tell(told);
    }

    fn abandon(&self) -> u64 {
        let left = self.sender.drain();
        let count = left.len() as u64;
        for envelope in left {
            envelope.answer(Err(CallError::Closed { job: J::NAME }));
            let reason = Failure::new(FailureKind::Interrupted, "its process stopped first", 0);
            self.sender.graveyard().bury(envelope, reason);
        }
        // Nobody will respond any more: clients that live on hold a sender too, so that it would never end by itself.
        self.broadcast.close();
        count
    }
}

/// A dead letter on its way back. What has not been accepted is buried again.
struct Exhumed<'a, M> {
    graveyard: &'a Graveyard<M>,
    letters: Vec<M>,
    reason: Failure,
}

impl<M> Drop for Exhumed<'_, M> {
    fn drop(&mut self) {
        for letter in self.letters.drain(..) {
            self.graveyard.bury(letter, self.reason.clone());
        }
    }
}

impl<J: Run> Withdraw for Sender<Envelope<J>> {
    fn withdraw(&self, id: JobId) -> impl Future<Output = Result<Option<Envelope<J>>, SettleError>> + Send {
        ready(Ok(self.withdraw_where(|envelope| envelope.id() == id)))
    }
}

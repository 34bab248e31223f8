//! kameo and ractor: an actor that is asked for the next number, or told to publish it.

use std::ops::Range;

use kameo::actor::Spawn as _;
use kameo::message::{Context, Message};
use ractor::{ActorProcessingErr, ActorRef, RpcReplyPort};

use super::broadcast::{CAPACITY, Publisher, lossless};
use crate::call::Caller;
use crate::stream::{Feed, Shape, run};

/// An actor without state.
#[derive(Debug, kameo::Actor)]
pub struct Adder {
    publisher: Option<Publisher<u64>>,
}

/// Wants the next number back.
#[derive(Debug)]
pub struct Ask(u64);

/// Wants the next number published.
#[derive(Debug)]
pub struct Tell(u64);

impl Message<Ask> for Adder {
    type Reply = u64;
    async fn handle(&mut self, Ask(number): Ask, _: &mut Context<Self, u64>) -> u64 {
        number + 1
    }
}

impl Message<Tell> for Adder {
    type Reply = ();
    async fn handle(&mut self, Tell(number): Tell, _: &mut Context<Self, ()>) {
        if let Some(publisher) = &mut self.publisher {
            publisher.publish_among_others(number + 1).await;
        }
    }
}

/// The client of kameo's actor.
#[derive(Clone, Debug)]
pub struct Kameo(kameo::actor::ActorRef<Adder>);

fn kameo_actor(capacity: usize, publisher: Option<Publisher<u64>>) -> Kameo {
    Kameo(Adder::spawn_with_mailbox(Adder { publisher }, kameo::mailbox::bounded(capacity)))
}

/// kameo, asked.
#[must_use]
pub fn kameo(capacity: usize) -> Kameo {
    kameo_actor(capacity, None)
}

impl Caller for Kameo {
    async fn ask(&mut self, number: u64) -> u64 {
        self.0.ask(Ask(number)).await.expect("the actor answers")
    }
}

impl Feed for Kameo {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.0.tell(Tell(number)).await.expect("the actor lives");
        }
    }
}

/// kameo, told: one actor, for an actor is one worker.
pub async fn kameo_stream(shape: Shape) -> f64 {
    let (publisher, receivers) = lossless(shape.receivers);
    let actor = kameo_actor(CAPACITY as usize, Some(publisher));
    run(shape, vec![actor; shape.producers], receivers).await
}

struct Ractors;

/// What ractor's actor is sent.
#[derive(Debug)]
pub enum Sent {
    /// Wants the next number back.
    Ask(u64, RpcReplyPort<u64>),
    /// Wants the next number published.
    Tell(u64),
}

impl ractor::Actor for Ractors {
    type Msg = Sent;
    type State = Option<Publisher<u64>>;
    type Arguments = Option<Publisher<u64>>;

    async fn pre_start(
        &self,
        _: ActorRef<Sent>,
        publisher: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(publisher)
    }

    async fn handle(
        &self,
        _: ActorRef<Sent>,
        sent: Sent,
        publisher: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match (sent, publisher) {
            (Sent::Ask(number, reply), _) => reply.send(number + 1)?,
            (Sent::Tell(number), Some(publisher)) => publisher.publish_among_others(number + 1).await,
            (Sent::Tell(_), None) => {}
        }
        Ok(())
    }
}

/// The client of ractor's actor.
#[derive(Clone, Debug)]
pub struct Ractor(ActorRef<Sent>);

async fn ractor_actor(publisher: Option<Publisher<u64>>) -> Ractor {
    let (actor, _) = ractor::Actor::spawn(None, Ractors, publisher).await.expect("the actor starts");
    Ractor(actor)
}

/// ractor, asked. Its mailbox has no bound.
pub async fn ractor() -> Ractor {
    ractor_actor(None).await
}

impl Caller for Ractor {
    async fn ask(&mut self, number: u64) -> u64 {
        ractor::call!(self.0, Sent::Ask, number).expect("the actor answers")
    }
}

impl Feed for Ractor {
    async fn feed(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.0.cast(Sent::Tell(number)).expect("the actor lives");
        }
    }
}

/// ractor, told.
pub async fn ractor_stream(shape: Shape) -> f64 {
    let (publisher, receivers) = lossless(shape.receivers);
    let actor = ractor_actor(Some(publisher)).await;
    run(shape, vec![actor; shape.producers], receivers).await
}

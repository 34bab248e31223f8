//! Dead letters: kept with their reason until somebody redrives or drops them.

use super::ends::{channels, ended, message, next, refusal, send, silent, take, take_many};
use super::{Fixture, Law};
use crate::channel::{Channels, Delivery, Envelope, Failure, FailureKind, McReceive, MpSend};
use crate::engine::EngineChannels;
use crate::id::JobId;
use crate::settings::Overflow;

async fn bury(receiver: &mut impl McReceive<Message = Envelope<Law>>, text: &str) -> JobId {
    let delivery = next(receiver).await;
    let id = delivery.message().id();
    delivery.bury(Failure::new(FailureKind::Error, text, 3)).await.expect("the request is buried");
    id
}

async fn letters(channels: &impl EngineChannels<Law>) -> Vec<(JobId, String)> {
    let letters = channels.dead_letters().await.expect("the engine lists them");
    letters.into_iter().map(|letter| (letter.id, letter.reason.message.clone())).collect()
}

/// A buried request never comes again, and stands among the dead letters with its reason; the oldest is first.
pub async fn a_buried_request_is_a_dead_letter<F: Fixture<Channels: EngineChannels<Law>>>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1, 2]).await;
    let first = bury(&mut receiver, "one").await;
    let second = bury(&mut receiver, "two").await;
    assert_eq!(letters(&channels).await, [(first, "one".to_owned()), (second, "two".to_owned())]);
    silent(&mut receiver).await;
    channels.close();
    ended(&mut receiver).await;
}

/// A dead letter that is redriven is delivered again, and is no dead letter any more.
pub async fn a_redriven_dead_letter_comes_again<F: Fixture<Channels: EngineChannels<Law>>>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1, 2]).await;
    bury(&mut receiver, "one").await;
    let second = bury(&mut receiver, "two").await;
    assert_eq!(channels.redrive(second).await.ok(), Some(true));
    assert_eq!(channels.redrive(second).await.ok(), Some(false), "it is no dead letter any more");
    let delivery = next(&mut receiver).await;
    assert_eq!((delivery.message().request().number(), delivery.message().id()), (2, second));
    assert_eq!(letters(&channels).await.len(), 1);
}

/// A dead letter that cannot be redriven, because the channel is closed, stays one.
pub async fn a_dead_letter_survives_a_failed_redrive<F: Fixture<Channels: EngineChannels<Law>>>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1]).await;
    let id = bury(&mut receiver, "one").await;
    channels.close();
    assert!(channels.redrive(id).await.is_err(), "a closed channel accepts nothing");
    assert_eq!(letters(&channels).await, [(id, "one".to_owned())]);
}

/// A dead letter that is dropped is gone.
pub async fn a_dropped_dead_letter_is_gone<F: Fixture<Channels: EngineChannels<Law>>>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1]).await;
    let id = bury(&mut receiver, "one").await;
    assert_eq!(channels.drop_dead_letter(id).await.ok(), Some(true));
    assert_eq!(channels.drop_dead_letter(id).await.ok(), Some(false));
    assert_eq!(channels.redrive(id).await.ok(), Some(false));
    assert!(letters(&channels).await.is_empty(), "nothing is left");
}

/// The channels say how many requests wait, and how many were ever accepted.
pub async fn the_channels_can_be_asked<F: Fixture<Channels: EngineChannels<Law>>>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    assert_eq!((channels.waiting().await.ok(), channels.accepted()), (Some(0), 0));
    send(&sender, 0..5).await;
    assert_eq!((channels.waiting().await.ok(), channels.accepted()), (Some(5), 5));
    take(&mut receiver).await;
    take_many(&mut receiver, 4).await;
    assert_eq!((channels.waiting().await.ok(), channels.accepted()), (Some(0), 5));
}

/// What is abandoned is a dead letter, and the channel is closed and empty; abandoning twice finds nothing.
pub async fn an_abandoned_request_is_a_dead_letter<F: Fixture<Channels: EngineChannels<Law>>>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, 0..3).await;
    assert_eq!((channels.abandon(), channels.abandon()), (3, 0));
    assert_eq!(letters(&channels).await.len(), 3);
    assert_eq!(refusal(sender.try_send(message(9))), ("closed", 9));
    ended(&mut receiver).await;
}

//! Unique keys: of several requests with one key, one is there at a time.

use std::time::Duration;

use tokio::task::JoinSet;

use super::ends::{message, next, number, requests, send_with, silent, take, take_all};
use super::{Fixture, Law};
use crate::channel::{Acceptance, Delivery, Envelope, Failure, FailureKind, MpSend, Return, SendOptions, UniqueKey};
use crate::id::JobId;
use crate::settings::Overflow;

const KEY: &str = "the key";

/// Sends a request with the key, and returns its own id and what became of it.
async fn offer(sender: &impl MpSend<Message = Envelope<Law>>, number: u64) -> (JobId, Acceptance) {
    let envelope: Envelope<_> = message(number);
    let id = envelope.id();
    let unique = Some(UniqueKey { key: KEY.to_owned(), id });
    let options = SendOptions { unique, ..SendOptions::default() };
    (id, sender.send_with(envelope, options).await.expect("the request is accepted or a duplicate"))
}

/// The same of one that minds only those that wait.
async fn offer_waiting(sender: &impl MpSend<Message = Envelope<Law>>, number: u64) -> (JobId, Acceptance) {
    let envelope: Envelope<_> = message(number);
    let id = envelope.id();
    let unique = Some(UniqueKey { key: KEY.to_owned(), id });
    let options = SendOptions { unique, while_waiting: true, ..SendOptions::default() };
    (id, sender.send_with(envelope, options).await.expect("the request is accepted or a duplicate"))
}

/// While a request with a key waits, another one is dropped in its favour, and its sender learns the id of the first.
pub async fn a_key_is_unique_while_it_waits<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let (first, accepted) = offer(&sender, 1).await;
    assert_eq!(accepted, Acceptance::New);
    assert_eq!(offer(&sender, 2).await.1, Acceptance::Duplicate(first));
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [1]);
}

/// While it runs, too.
pub async fn a_key_is_unique_while_it_runs<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let (first, _) = offer(&sender, 1).await;
    let running = next(&mut receiver).await;
    assert_eq!(offer(&sender, 2).await.1, Acceptance::Duplicate(first));
    drop(running);
    assert_eq!(offer(&sender, 3).await.1, Acceptance::Duplicate(first), "it waits again");
}

/// One that runs is no matter to a request that minds only those that wait: so one runs, and one waits.
pub async fn a_key_may_be_unique_among_those_that_wait<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let (first, _) = offer(&sender, 1).await;
    assert_eq!(offer_waiting(&sender, 2).await.1, Acceptance::Duplicate(first), "it waits");
    let running = next(&mut receiver).await;
    let (second, accepted) = offer_waiting(&sender, 3).await;
    assert_eq!(accepted, Acceptance::New, "it runs");
    assert_eq!(offer_waiting(&sender, 4).await.1, Acceptance::Duplicate(second), "another one waits");
    running.ack().await.expect("the request is settled");
    assert_eq!(
        offer(&sender, 5).await.1,
        Acceptance::Duplicate(second),
        "the end of one frees not the key of the other"
    );
    let running = next(&mut receiver).await;
    assert_eq!(offer(&sender, 6).await.1, Acceptance::Duplicate(second), "it runs, and that counts for this one");
    running.nack(Return::Failed(Duration::from_secs(60))).await.expect("the request is returned");
    assert_eq!(offer_waiting(&sender, 7).await.1, Acceptance::Duplicate(second), "it waits for its next attempt");
}

/// While it waits for its next attempt, too.
pub async fn a_key_is_unique_between_attempts<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let (first, _) = offer(&sender, 1).await;
    let minute = Duration::from_secs(60);
    for back in [Return::Failed(minute), Return::Snoozed(minute), Return::Untouched] {
        next(&mut receiver).await.nack(back).await.expect("the request is returned");
        assert_eq!(offer(&sender, 2).await.1, Acceptance::Duplicate(first), "after {back:?}");
    }
}

/// An ack frees the key.
pub async fn an_ack_frees_the_key<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    offer(&sender, 1).await;
    assert_eq!(take(&mut receiver).await, 1);
    assert_eq!(offer(&sender, 2).await.1, Acceptance::New);
    assert_eq!(take(&mut receiver).await, 2);
}

/// A burial frees the key.
pub async fn a_burial_frees_the_key<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    offer(&sender, 1).await;
    let reason = Failure::new(FailureKind::Error, "no more attempts", 1);
    next(&mut receiver).await.bury(reason).await.expect("the request is buried");
    assert_eq!(offer(&sender, 2).await.1, Acceptance::New);
    assert_eq!(take(&mut receiver).await, 2);
}

/// Other keys, and none, are no concern of a key.
pub async fn other_keys_are_free<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    offer(&sender, 1).await;
    let other: Envelope<_> = message(2);
    let unique = Some(UniqueKey { key: "another key".to_owned(), id: other.id() });
    let options = SendOptions { unique, ..SendOptions::default() };
    assert_eq!(sender.send_with(other, options).await.ok(), Some(Acceptance::New));
    assert_eq!(send_with(&sender, 3, SendOptions::default()).await, Acceptance::New);
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [1, 2, 3]);
}

/// A duplicate needs no room: a full channel says so instead of making its sender wait.
pub async fn a_duplicate_needs_no_room<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(1, Overflow::Wait).await;
    let (first, _) = offer(&sender, 1).await;
    assert_eq!(offer(&sender, 2).await.1, Acceptance::Duplicate(first));
    assert_eq!(take(&mut receiver).await, 1);
    silent(&mut receiver).await;
}

/// Of many requests with one key that are sent at once, exactly one is accepted, and it is the one that arrives.
pub async fn of_many_duplicates_one_is_accepted<F: Fixture>() {
    for _ in 0..50 {
        let (sender, mut receiver) = requests::<F>(16, Overflow::Wait).await;
        let mut senders = JoinSet::new();
        for number in 0..8 {
            let sender = sender.clone();
            senders.spawn(async move { (number, offer(&sender, number).await) });
        }
        let offers = senders.join_all().await;
        let new: Vec<_> = offers.iter().filter(|(_, (_, accepted))| *accepted == Acceptance::New).collect();
        let [(winner, (id, _))] = new[..] else { panic!("{} of eight are accepted", new.len()) };
        let losers = offers.iter().filter(|(_, (_, accepted))| *accepted == Acceptance::Duplicate(*id)).count();
        assert_eq!(losers, 7, "the others are told who won");
        let delivery = next(&mut receiver).await;
        assert_eq!((number(&delivery), delivery.message().id()), (*winner, *id));
    }
}

//! Cancelling: a future that is dropped early, at whichever poll, loses nothing and leaves nobody asleep.

use std::ops::Range;

use tokio::task::JoinSet;

use super::ends::{
    Dice, joined, message, messages, moment, number, polled, requests, responses, send, send_blocked, take, take_all,
    take_many,
};
use super::{Fixture, Law};
use crate::channel::{Delivery, Envelope, McReceive, MpSend};
use crate::settings::Overflow;

/// A receiver that stops waiting has received nothing; what is sent then goes to whoever asks.
pub async fn a_cancelled_receive_takes_nothing<F: Fixture>() {
    for polls in 0..4 {
        let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
        assert!(polled(polls, receiver.receive()).await.is_none(), "nothing is there");
        send(&sender, [1]).await;
        assert_eq!(take(&mut receiver.clone()).await, 1);
    }
}

/// A receiver that was woken and goes without looking wakes the next one.
pub async fn a_cancelled_receive_wakes_another<F: Fixture>() {
    let (sender, mut first) = requests::<F>(4, Overflow::Wait).await;
    let mut second = first.clone();
    let mut waiting = Box::pin(first.receive());
    assert!(polled(1, waiting.as_mut()).await.is_none(), "nothing is there");
    let other = tokio::spawn(async move { take(&mut second).await });
    moment().await;
    send(&sender, [1]).await;
    drop(waiting);
    assert_eq!(joined(other).await, 1);
}

/// A receiver that was woken and leaves altogether wakes the next one.
pub async fn a_leaving_receiver_wakes_another<F: Fixture>() {
    let (sender, first) = requests::<F>(4, Overflow::Wait).await;
    let mut second = first.clone();
    let leaving = tokio::spawn(async move {
        let mut first = first;
        let _ = first.receive().await;
    });
    moment().await;
    let other = tokio::spawn(async move { take(&mut second).await });
    moment().await;
    send(&sender, [1]).await;
    leaving.abort();
    assert_eq!(joined(other).await, 1);
}

/// Requests wake those who will take them, also where one receiver was told and does not come.
pub async fn a_receiver_that_stays_away_holds_nobody_up<F: Fixture>() {
    let (sender, mut first) = requests::<F>(4, Overflow::Wait).await;
    let mut second = first.clone();
    let mut stays_away = Box::pin(first.receive());
    assert!(polled(1, stays_away.as_mut()).await.is_none(), "nothing is there");
    let other = tokio::spawn(async move { take_many(&mut second, 2).await });
    moment().await;
    send(&sender, 0..3).await;
    assert_eq!(joined(other).await, [0, 1]);
    drop(stays_away);
}

/// A sender that stops waiting has sent nothing.
pub async fn a_cancelled_send_sends_nothing<F: Fixture>() {
    for polls in 0..4 {
        let (sender, mut receiver) = requests::<F>(1, Overflow::Wait).await;
        send(&sender, [0]).await;
        assert!(polled(polls, sender.send(message(1))).await.is_none(), "there is no room");
        let options = Default::default();
        assert!(polled(polls, sender.send_with(message(2), options)).await.is_none(), "there is no room");
        drop(sender);
        assert_eq!(take_all(&mut receiver).await, [0]);
    }
}

/// A sender that was let in and goes without sending lets the next one in.
pub async fn a_cancelled_send_wakes_another<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(1, Overflow::Wait).await;
    send(&sender, [0]).await;
    let mut first = Box::pin(sender.send(message(1)));
    assert!(polled(1, first.as_mut()).await.is_none(), "there is no room");
    let second = send_blocked(&sender, 2).await;
    assert_eq!(take(&mut receiver).await, 0);
    drop(first);
    joined(second).await.expect("there is room now");
    assert_eq!(take(&mut receiver).await, 2);
}

/// A cancelled `send_many` has sent the first requests; the others are in the vector.
pub async fn a_cancelled_batch_stays_with_its_sender<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(3, Overflow::Wait).await;
    let mut batch: Vec<Envelope<_>> = messages(0..10);
    assert!(polled(3, sender.send_many(&mut batch)).await.is_none(), "there is no room for all");
    let left: Vec<u64> = batch.iter().map(|envelope| envelope.request().number()).collect();
    assert_eq!(left, (3..10).collect::<Vec<_>>());
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [0, 1, 2]);
}

/// The same of a broadcast, where a slow receiver held the sender.
pub async fn a_cancelled_broadcast_stays_with_its_sender<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(3, Overflow::Wait).await;
    let mut batch = messages(0..10);
    assert!(polled(3, sender.send_many(&mut batch)).await.is_none(), "there is no room for all");
    assert_eq!(batch.len(), 7);
    assert!(polled(2, sender.send(message(99))).await.is_none(), "there is no room");
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [0, 1, 2]);
}

/// A cancelled wait for a response misses nothing.
pub async fn a_cancelled_listen_misses_nothing<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(8, Overflow::Wait).await;
    for number in 0..6 {
        for polls in 0..4 {
            assert!(polled(polls, receiver.receive()).await.is_none(), "nothing is there");
        }
        send(&sender, [number]).await;
        assert_eq!(take(&mut receiver).await, number);
    }
}

/// A broadcasting sender that was let in and goes without sending lets the next one in.
pub async fn a_cancelled_broadcast_wakes_another<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(1, Overflow::Wait).await;
    send(&sender, [0]).await;
    let mut first = Box::pin(sender.send(message(1)));
    assert!(polled(1, first.as_mut()).await.is_none(), "there is no room");
    let second = send_blocked(&sender, 2).await;
    assert_eq!(take(&mut receiver).await, 0);
    drop(first);
    joined(second).await.expect("there is room now");
    assert_eq!(take(&mut receiver).await, 2);
}

/// Among many senders and receivers that give up at random polls, each accepted request arrives exactly once, and
/// nobody sleeps for ever.
pub async fn cancelling_loses_nothing_in_a_crowd<F: Fixture>() {
    const EACH: u64 = 500;
    let (sender, receiver) = requests::<F>(2, Overflow::Wait).await;
    let mut senders = JoinSet::new();
    for own in 0..4 {
        senders.spawn(send_impatiently(sender.clone(), Dice::new(own), own * EACH..(own + 1) * EACH));
    }
    drop(sender);
    let mut receivers = JoinSet::new();
    for own in 0..4 {
        receivers.spawn(take_impatiently(receiver.clone(), Dice::new(100 + own)));
    }
    // The one that is left sees to what the others had fetched ahead or gave back after somebody saw the end.
    let mut receiver = receiver;
    let mut taken = receivers.join_all().await.concat();
    taken.extend(take_all(&mut receiver).await);
    taken.sort_unstable();
    assert_eq!(taken, (0..4 * EACH).collect::<Vec<_>>());
    senders.join_all().await;
}

/// Tries each until it is accepted: a send that gave up has sent nothing.
async fn send_impatiently(sender: impl MpSend<Message = Envelope<Law>>, mut dice: Dice, numbers: Range<u64>) {
    for number in numbers {
        while polled(1 + dice.below(4) as u32, sender.send(message(number))).await.is_none() {}
    }
}

/// Takes up to the end, gives up in between, and gives some of what it got back.
async fn take_impatiently(mut receiver: impl McReceive<Message = Envelope<Law>>, mut dice: Dice) -> Vec<u64> {
    let mut taken = Vec::new();
    loop {
        match polled(1 + dice.below(4) as u32, receiver.receive()).await {
            None => tokio::task::yield_now().await,
            Some(Err(_)) => return taken,
            Some(Ok(delivery)) if dice.below(5) == 0 => drop(delivery),
            Some(Ok(delivery)) => {
                taken.push(number(&delivery));
                delivery.ack().await.expect("the request is acked");
            }
        }
    }
}

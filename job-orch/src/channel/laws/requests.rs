//! Requests: each arrives as it was sent, once, in order.

use tokio::task::JoinSet;

use super::Fixture;
use super::ends::{
    channels, ended, message, messages, moment, next, number, refusal, requests, send, silent, take, take_all,
    take_many,
};
use crate::channel::{Channels, Delivery, Envelope, McReceive, MpSend};
use crate::settings::Overflow;

/// The id and the value of a request are those that were sent, and it is the first attempt.
pub async fn a_request_arrives_as_it_was_sent<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let envelope: Envelope<_> = message(7);
    let id = envelope.id();
    sender.send(envelope).await.expect("the request is accepted");
    let delivery = next(&mut receiver).await;
    assert_eq!((delivery.message().id(), delivery.message().request().number()), (id, 7));
    assert_eq!(delivery.attempt(), 1);
    delivery.ack().await.expect("the request is acked");
}

/// What is sent before anybody receives waits.
pub async fn a_request_waits_for_its_receiver<F: Fixture>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let sender = channels.request_sender();
    send(&sender, 0..5).await;
    moment().await;
    let mut receiver = channels.request_receiver();
    assert_eq!(take_many(&mut receiver, 5).await, [0, 1, 2, 3, 4]);
}

/// A receiver that waits is woken by a request.
pub async fn a_request_wakes_its_receiver<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let receiving = tokio::spawn(async move { take(&mut receiver).await });
    moment().await;
    send(&sender, [3]).await;
    assert_eq!(receiving.await.expect("no panic"), 3);
}

/// One receiver gets requests in the order in which they were sent.
pub async fn one_receiver_gets_requests_in_order<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(64, Overflow::Wait).await;
    let sending = tokio::spawn(async move { send(&sender, 0..2_000).await });
    assert_eq!(take_all(&mut receiver).await, (0..2_000).collect::<Vec<_>>());
    sending.await.expect("no panic");
}

/// Many requests sent at once keep their order, also where they are more than there is room for, and among single ones.
pub async fn requests_sent_at_once_keep_their_order<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(16, Overflow::Wait).await;
    let sending = tokio::spawn(async move {
        send(&sender, 0..3).await;
        let mut batch = messages(3..300);
        sender.send_many(&mut batch).await.expect("all are accepted");
        assert!(batch.is_empty(), "what was accepted has left the vector");
        send(&sender, 300..303).await;
    });
    assert_eq!(take_all(&mut receiver).await, (0..303).collect::<Vec<_>>());
    sending.await.expect("no panic");
}

/// Of many requests sent at once, a full channel takes the first ones and leaves the others in order.
pub async fn requests_that_find_no_room_stay_with_their_sender<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Refuse).await;
    let mut batch: Vec<Envelope<_>> = messages(0..10);
    let error = sender.send_many(&mut batch).await.expect_err("not all are accepted");
    assert!(error.is_retryable(), "the channel is full, not closed");
    let left: Vec<u64> = batch.iter().map(|envelope| envelope.request().number()).collect();
    assert_eq!(left, [4, 5, 6, 7, 8, 9]);
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [0, 1, 2, 3]);
}

/// Sending nothing is accepted, and nothing comes.
pub async fn sending_nothing_sends_nothing<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    sender.send_many(&mut Vec::new()).await.expect("nothing is accepted gladly");
    silent(&mut receiver).await;
    send(&sender, [1]).await;
    assert_eq!(take(&mut receiver).await, 1);
}

/// A request that needs no waiting can be sent without waiting; one that does comes back.
pub async fn a_request_can_be_sent_without_waiting<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(2, Overflow::Wait).await;
    let accepted = (0..3).filter(|number| sender.try_send(message(*number)).is_ok()).count();
    assert_eq!(accepted, 2);
    assert_eq!(refusal(sender.try_send(message(9))), ("full", 9));
    assert_eq!(take_many(&mut receiver, 2).await, [0, 1]);
}

/// Each of many requests of many senders goes to exactly one of many receivers.
pub async fn each_request_goes_to_one_receiver<F: Fixture>() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 2_000;
    let (sender, receiver) = requests::<F>(32, Overflow::Wait).await;
    let mut senders = JoinSet::new();
    for first in (0..SENDERS).map(|number| number * EACH) {
        let sender = sender.clone();
        senders.spawn(async move { send(&sender, first..first + EACH).await });
    }
    drop(sender);
    let mut receivers = JoinSet::new();
    for _ in 0..8 {
        let mut receiver = receiver.clone();
        receivers.spawn(async move { take_all(&mut receiver).await });
    }
    drop(receiver);
    let mut taken = receivers.join_all().await.concat();
    taken.sort_unstable();
    assert_eq!(taken, (0..SENDERS * EACH).collect::<Vec<_>>());
    senders.join_all().await;
}

/// Where several receivers wait and several requests come, every receiver gets one, although none of them asks again.
pub async fn every_idle_receiver_is_woken<F: Fixture>() {
    let (sender, receiver) = requests::<F>(8, Overflow::Wait).await;
    let mut receivers = JoinSet::new();
    for _ in 0..5 {
        let mut receiver = receiver.clone();
        receivers.spawn(async move {
            let delivery = next(&mut receiver).await;
            // Busy from here on: what it has fetched ahead is for others.
            receiver.release();
            (number(&delivery), delivery)
        });
    }
    moment().await;
    sender.send_many(&mut messages(0..5)).await.expect("all are accepted");
    let mut numbers: Vec<u64> = receivers.join_all().await.into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

/// A receiver that leaves gives back what it had fetched, and another gets it.
pub async fn a_receiver_that_leaves_leaves_its_requests_behind<F: Fixture>() {
    let (sender, mut first) = requests::<F>(64, Overflow::Wait).await;
    let mut second = first.clone();
    send(&sender, 0..40).await;
    let mut taken = take_many(&mut first, 11).await;
    drop(first);
    drop(sender);
    taken.extend(take_all(&mut second).await);
    assert_eq!(taken, (0..40).collect::<Vec<_>>());
}

/// Two channels have nothing in common.
pub async fn channels_do_not_mix<F: Fixture>() {
    let (one, mut of_one) = requests::<F>(4, Overflow::Wait).await;
    let (other, mut of_other) = requests::<F>(4, Overflow::Wait).await;
    send(&one, [1]).await;
    send(&other, [2]).await;
    drop((one, other));
    assert_eq!((take_all(&mut of_one).await, take_all(&mut of_other).await), (vec![1], vec![2]));
    ended(&mut of_one).await;
}

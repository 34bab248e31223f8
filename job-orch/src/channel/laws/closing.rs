//! The end of a channel of requests: what waits is delivered, and everybody who waits is told.

use std::time::Duration;

use super::Fixture;
use super::ends::{
    channels, ended, joined, message, messages, moment, next, number, refusal, requests, send, send_blocked, take_all,
};
use crate::channel::{Channels, Delivery, Envelope, MpSend, Return};
use crate::settings::Overflow;

/// What waits when a channel is closed is delivered, and then comes the end, as often as one asks.
pub async fn a_closed_channel_delivers_what_waits<F: Fixture>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, 0..5).await;
    channels.close();
    assert_eq!(take_all(&mut receiver).await, [0, 1, 2, 3, 4]);
    ended(&mut receiver).await;
    ended(&mut receiver.clone()).await;
}

/// Closing twice is closing once.
pub async fn closing_twice_is_closing_once<F: Fixture>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1]).await;
    channels.close();
    channels.close();
    assert_eq!(take_all(&mut receiver).await, [1]);
    channels.close();
    ended(&mut receiver).await;
}

/// A closed channel accepts nothing, by whichever way, and hands it back.
pub async fn a_closed_channel_hands_requests_back<F: Fixture>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, _receiver) = (channels.request_sender(), channels.request_receiver());
    channels.close();
    assert_eq!(refusal(sender.send(message(1)).await), ("closed", 1));
    assert_eq!(refusal(sender.try_send(message(2))), ("closed", 2));
    assert_eq!(refusal(sender.send_with(message(3), Default::default()).await), ("closed", 3));
    let mut batch: Vec<Envelope<_>> = messages(4..7);
    let error = sender.send_many(&mut batch).await.expect_err("nothing is accepted");
    assert!(!error.is_retryable(), "the end is for good");
    let left: Vec<u64> = batch.iter().map(|envelope| envelope.request().number()).collect();
    assert_eq!(left, [4, 5, 6]);
}

/// Closing tells the senders that wait for room.
pub async fn closing_tells_blocked_senders<F: Fixture>() {
    let channels = channels::<F>(1, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [0]).await;
    let blocked = [send_blocked(&sender, 1).await, send_blocked(&sender, 2).await];
    channels.close();
    for (number, task) in (1..).zip(blocked) {
        assert_eq!(refusal(joined(task).await), ("closed", number));
    }
    assert_eq!(take_all(&mut receiver).await, [0]);
}

/// Of many requests sent at once, what a closing channel has accepted is delivered, and the sender keeps the rest.
pub async fn closing_cuts_a_batch_in_two<F: Fixture>() {
    let channels = channels::<F>(4, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    let sending = tokio::spawn(async move {
        let mut batch: Vec<Envelope<_>> = messages(0..10);
        sender.send_many(&mut batch).await.expect_err("the channel closes meanwhile");
        batch.iter().map(|envelope| envelope.request().number()).collect::<Vec<_>>()
    });
    moment().await;
    channels.close();
    let (left, mut taken) = (joined(sending).await, take_all(&mut receiver).await);
    assert_eq!(taken, [0, 1, 2, 3]);
    taken.extend(left);
    assert_eq!(taken, (0..10).collect::<Vec<_>>());
}

/// Closing tells the receivers that wait for requests.
pub async fn closing_tells_waiting_receivers<F: Fixture>() {
    let channels = channels::<F>(1, Overflow::Wait).await;
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let mut receiver = channels.request_receiver();
            tokio::spawn(async move { ended(&mut receiver).await })
        })
        .collect();
    moment().await;
    channels.close();
    for receiver in receivers {
        joined(receiver).await;
    }
}

/// The last sender that goes closes the channel; one that is left keeps it open.
pub async fn the_last_sender_closes_the_channel<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let other = sender.clone();
    send(&sender, [1]).await;
    drop(sender);
    send(&other, [2]).await;
    let waiting = tokio::spawn(async move { take_all(&mut receiver).await });
    moment().await;
    assert!(!waiting.is_finished(), "a sender is left");
    drop(other);
    assert_eq!(joined(waiting).await, [1, 2]);
}

/// Where the last receiver has gone, senders are told, and get their requests back.
pub async fn the_last_receiver_closes_the_channel<F: Fixture>() {
    let (sender, receiver) = requests::<F>(8, Overflow::Wait).await;
    let other = receiver.clone();
    drop(receiver);
    send(&sender, [1]).await;
    drop(other);
    assert_eq!(refusal(sender.send(message(2)).await), ("closed", 2));
    assert_eq!(refusal(sender.try_send(message(3))), ("closed", 3));
}

/// Where the last receiver goes, senders that wait for room are told.
pub async fn the_last_receiver_tells_blocked_senders<F: Fixture>() {
    let (sender, receiver) = requests::<F>(1, Overflow::Wait).await;
    send(&sender, [0]).await;
    let blocked = [send_blocked(&sender, 1).await, send_blocked(&sender, 2).await];
    drop(receiver);
    for (number, task) in (1..).zip(blocked) {
        assert_eq!(refusal(joined(task).await), ("closed", number));
    }
}

/// What is returned after the close is delivered again, before the end.
pub async fn a_closed_channel_takes_requests_back<F: Fixture>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1, 2]).await;
    let first = next(&mut receiver).await;
    channels.close();
    first.nack(Return::Untouched).await.expect("the request is returned");
    let delivery = next(&mut receiver).await;
    assert_eq!(number(&delivery), 1);
    delivery.nack(Return::Failed(Duration::from_secs(60))).await.expect("the request is returned");
    assert_eq!(take_all(&mut receiver).await, [2, 1]);
}

/// A closed channel ends for every receiver, also for one that waited beside the last request.
pub async fn every_receiver_sees_the_end<F: Fixture>() {
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    send(&sender, [1]).await;
    next(&mut receiver).await.nack(Return::Snoozed(Duration::from_secs(60))).await.expect("the request is returned");
    let others: Vec<_> = (0..3)
        .map(|_| {
            let mut other = channels.request_receiver();
            tokio::spawn(async move { take_all(&mut other).await })
        })
        .collect();
    moment().await;
    channels.close();
    let mut taken = take_all(&mut receiver).await;
    for other in others {
        taken.extend(joined(other).await);
    }
    assert_eq!(taken, [1]);
}

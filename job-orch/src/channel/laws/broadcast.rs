//! Responses: every receiver sees every one of them, in order, or is told what it missed.

use tokio::task::JoinSet;

use super::Fixture;
use super::ends::{
    broadcasts, ended, joined, message, messages, moment, refusal, responses, send, send_aside, send_blocked, silent,
    take, take_all, take_many,
};
use super::parcel::Census;
use crate::channel::{Channels, MpSend, Response};
use crate::settings::Overflow;

/// Every receiver sees every response, in order.
pub async fn every_receiver_sees_every_response<F: Fixture>() {
    let channels = broadcasts::<F>(16, Overflow::Wait).await;
    let receivers: Vec<_> = (0..4)
        .map(|_| {
            let mut receiver = channels.response_receiver();
            tokio::spawn(async move { take_all(&mut receiver).await })
        })
        .collect();
    let sender = channels.response_sender();
    drop(channels);
    send(&sender, 0..100).await;
    let mut batch = messages(100..500);
    sender.send_many(&mut batch).await.expect("all are accepted");
    assert!(batch.is_empty(), "what was accepted has left the vector");
    drop(sender);
    for receiver in receivers {
        assert_eq!(joined(receiver).await, (0..500).collect::<Vec<_>>());
    }
}

/// A receiver that comes late sees only what is sent after it came.
pub async fn a_late_receiver_sees_what_comes_later<F: Fixture>() {
    let channels = broadcasts::<F>(16, Overflow::Wait).await;
    let (sender, mut early) = (channels.response_sender(), channels.response_receiver());
    send(&sender, [1, 2]).await;
    let mut late = channels.response_receiver();
    send(&sender, [3, 4]).await;
    drop((sender, channels));
    assert_eq!(take_all(&mut late).await, [3, 4]);
    assert_eq!(take_all(&mut early).await, [1, 2, 3, 4]);
}

/// The clone of a receiver goes on from the same place, whatever was fetched, and both see the rest.
pub async fn a_clone_goes_on_from_the_same_place<F: Fixture>() {
    for read in 0..6 {
        let (sender, mut receiver) = responses::<F>(16, Overflow::Wait).await;
        send(&sender, 0..2).await;
        sender.send_many(&mut messages(2..5)).await.expect("all are accepted");
        take_many(&mut receiver, read.min(5)).await;
        let mut clone = receiver.clone();
        send(&sender, [5]).await;
        drop(sender);
        let rest: Vec<u64> = (read.min(5)..6).collect();
        assert_eq!((take_all(&mut clone).await, take_all(&mut receiver).await), (rest.clone(), rest));
    }
}

/// A receiver that waits is woken by a response; so are all.
pub async fn a_response_wakes_every_receiver<F: Fixture>() {
    let (sender, receiver) = responses::<F>(4, Overflow::Wait).await;
    let waiting: Vec<_> = (0..12)
        .map(|_| {
            let mut receiver = receiver.clone();
            tokio::spawn(async move { take(&mut receiver).await })
        })
        .collect();
    drop(receiver);
    moment().await;
    send(&sender, [7]).await;
    for task in waiting {
        assert_eq!(joined(task).await, 7);
    }
}

/// A slow receiver makes the sender wait, where it was told to, and nothing is lost.
pub async fn a_slow_receiver_holds_the_sender<F: Fixture>() {
    let (sender, mut slow) = responses::<F>(2, Overflow::Wait).await;
    let mut fast = slow.clone();
    send(&sender, [0, 1]).await;
    assert_eq!(take_many(&mut fast, 2).await, [0, 1]);
    let blocked = send_blocked(&sender, 2).await;
    silent(&mut fast).await;
    assert_eq!(take(&mut slow).await, 0);
    joined(blocked).await.expect("there is room now");
    drop(sender);
    assert_eq!(take_all(&mut slow).await, [1, 2]);
    assert_eq!(take_all(&mut fast).await, [2]);
}

/// Where a slow receiver goes, the sender that waited for it gets in.
pub async fn a_slow_receiver_that_leaves_frees_the_sender<F: Fixture>() {
    let (sender, slow) = responses::<F>(2, Overflow::Wait).await;
    let mut fast = slow.clone();
    send(&sender, [0, 1]).await;
    take_many(&mut fast, 2).await;
    let blocked = [send_blocked(&sender, 2).await, send_blocked(&sender, 3).await];
    drop(slow);
    for task in blocked {
        joined(task).await.expect("there is room now");
    }
    assert_eq!(take_many(&mut fast, 2).await, [2, 3]);
}

/// Where the only receiver goes, senders that waited for it get in: nobody is left to wait for.
pub async fn the_last_receiver_frees_the_senders<F: Fixture>() {
    let (sender, receiver) = responses::<F>(1, Overflow::Wait).await;
    send(&sender, [0]).await;
    let blocked = [send_blocked(&sender, 1).await, send_blocked(&sender, 2).await];
    drop(receiver);
    for task in blocked {
        joined(task).await.expect("nobody needs to be waited for");
    }
}

/// Many responses at once, more than there is room for, go in as the slowest receiver takes them.
pub async fn a_batch_goes_in_bit_by_bit<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(4, Overflow::Wait).await;
    let sending = tokio::spawn(async move {
        let mut batch = messages(0..50);
        sender.send_many(&mut batch).await.expect("all are accepted");
        batch.len()
    });
    assert_eq!(take_all(&mut receiver).await, (0..50).collect::<Vec<_>>());
    assert_eq!(joined(sending).await, 0);
}

/// A channel that refuses hands the newest response back, and keeps the others for those who have yet to see them.
pub async fn a_full_broadcast_refuses_if_told_to<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(2, Overflow::Refuse).await;
    send(&sender, [0, 1]).await;
    assert_eq!(refusal(sender.send(message(2)).await), ("full", 2));
    assert_eq!(refusal(sender.try_send(message(3))), ("full", 3));
    assert_eq!(take_many(&mut receiver, 2).await, [0, 1]);
    let mut batch: Vec<Response<_>> = messages(4..8);
    sender.send_many(&mut batch).await.expect_err("two of four find room");
    assert_eq!(batch.len(), 2);
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [4, 5]);
}

/// When the last sender goes, receivers see what was sent, and then the end, as often as they ask.
pub async fn a_broadcast_is_seen_to_its_end<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(4, Overflow::Wait).await;
    let mut waiting = receiver.clone();
    let other = sender.clone();
    let waiting = tokio::spawn(async move { take_all(&mut waiting).await });
    send(&sender, [0, 1]).await;
    drop(sender);
    send(&other, [2]).await;
    moment().await;
    assert!(!waiting.is_finished(), "a sender is left");
    drop(other);
    assert_eq!(joined(waiting).await, [0, 1, 2]);
    assert_eq!(take_all(&mut receiver).await, [0, 1, 2]);
    ended(&mut receiver).await;
    ended(&mut receiver.clone()).await;
}

/// Where nobody listens, sending succeeds, and nothing is kept, whatever the channel does when it is full.
pub async fn without_receivers_nothing_is_kept<F: Fixture>() {
    for overflow in [Overflow::Wait, Overflow::DropOldest, Overflow::Refuse] {
        let census = Census::default();
        let channels = broadcasts::<F>(2, overflow).await;
        let sender = channels.response_sender();
        for number in 0..20 {
            sender.send(census.parcel(number)).await.expect("sending succeeds");
        }
        sender.send_many(&mut census.parcels(20, 30)).await.expect("sending succeeds");
        assert_eq!(census.alive(), 0, "nobody will see them");
        let mut late = channels.response_receiver();
        send(&sender, [99]).await;
        assert_eq!(take(&mut late).await, 99);
    }
}

/// While somebody listens, the sender says so.
pub async fn a_sender_knows_of_its_receivers<F: Fixture>() {
    let (sender, receiver) = responses::<F>(2, Overflow::Wait).await;
    assert!(sender.has_receivers(), "one listens");
    let clone = receiver.clone();
    drop(receiver);
    assert!(sender.has_receivers(), "its clone listens");
    drop(clone);
}

/// What every receiver has seen is let go, also where one of them is slower than the others.
pub async fn what_was_seen_is_let_go<F: Fixture>() {
    let census = Census::default();
    let (sender, mut one) = responses::<F>(8, Overflow::Wait).await;
    let mut other = one.clone();
    for number in 0..100 {
        sender.send(census.parcel(number)).await.expect("the response is accepted");
        assert_eq!(take(&mut one).await, number);
        if number >= 5 {
            assert_eq!(take(&mut other).await, number - 5);
        }
        assert!(census.alive() <= 8, "no more than the capacity is kept: {}", census.alive());
    }
    drop(sender);
    assert_eq!(take_all(&mut other).await, (95..100).collect::<Vec<_>>());
    drop((one, other));
    assert_eq!(census.alive(), 0);
}

/// Every receiver sees the responses of every one of many senders, and those of one sender in order.
pub async fn many_senders_keep_their_own_order<F: Fixture>() {
    let (sender, receiver) = responses::<F>(16, Overflow::Wait).await;
    let mut receivers = JoinSet::new();
    for _ in 0..4 {
        let mut receiver = receiver.clone();
        receivers.spawn(async move { take_all(&mut receiver).await });
    }
    drop(receiver);
    let sending: Vec<_> = (0..4)
        .map(|first| {
            let sender = sender.clone();
            tokio::spawn(async move { send(&sender, (0..500).map(|number| first * 1_000 + number)).await })
        })
        .collect();
    joined(send_aside(&sender, 9_000)).await.expect("the response is accepted");
    drop(sender);
    for task in sending {
        joined(task).await;
    }
    for taken in receivers.join_all().await {
        assert_eq!(taken.len(), 2_001);
        for first in 0..4 {
            let own: Vec<u64> = taken.iter().copied().filter(|number| number / 1_000 == first).collect();
            assert_eq!(own, (0..500).map(|number| first * 1_000 + number).collect::<Vec<_>>());
        }
    }
}

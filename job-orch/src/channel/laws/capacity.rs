//! Back-pressure: never more than the capacity waits, and a full channel does what it was told.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Fixture;
use super::ends::{
    MOMENT, joined, message, moment, refusal, requests, send, send_aside, send_blocked, send_with, take, take_all,
    take_many,
};
use super::parcel::Census;
use crate::channel::{Delivery, Envelope, McReceive, MpSend, SendOptions};
use crate::settings::Overflow;

/// A channel accepts as many requests as its capacity says, and the next sender waits until one is taken.
pub async fn a_full_channel_makes_senders_wait<F: Fixture>() {
    for capacity in [1, 2, 7] {
        let (sender, mut receiver) = requests::<F>(capacity, Overflow::Wait).await;
        let capacity = capacity as u64;
        send(&sender, 0..capacity).await;
        let blocked = send_blocked(&sender, capacity).await;
        assert_eq!(take(&mut receiver).await, 0);
        joined(blocked).await.expect("there is room now");
        drop(sender);
        assert_eq!(take_all(&mut receiver).await, (1..=capacity).collect::<Vec<_>>());
    }
}

/// Senders that wait for room get in in the order in which they came.
pub async fn waiting_senders_proceed_in_order<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(1, Overflow::Wait).await;
    send(&sender, [0]).await;
    let mut blocked = Vec::new();
    for number in 1..6 {
        blocked.push(send_blocked(&sender, number).await);
    }
    for expected in 0..6 {
        assert_eq!(take(&mut receiver).await, expected);
        moment().await;
    }
    for task in blocked {
        joined(task).await.expect("there was room for everybody");
    }
}

/// Where much room comes at once, as many senders get in as there is room for.
pub async fn much_room_lets_many_senders_in<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(6, Overflow::Wait).await;
    send(&sender, 0..6).await;
    let blocked: Vec<_> = (6..12).map(|number| send_aside(&sender, number)).collect();
    moment().await;
    take_many(&mut receiver, 6).await;
    moment().await;
    assert!(blocked.iter().all(tokio::task::JoinHandle::is_finished), "there is room for all six");
}

/// A channel that refuses accepts as many as its capacity says, hands the next one back, and has room again later.
pub async fn a_full_channel_refuses_if_told_to<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(2, Overflow::Refuse).await;
    send(&sender, 0..2).await;
    assert_eq!(refusal(sender.send(message(2)).await), ("full", 2));
    assert_eq!(refusal(sender.try_send(message(3))), ("full", 3));
    assert_eq!(refusal(sender.send_with(message(4), SendOptions::default()).await), ("full", 4));
    assert_eq!(take(&mut receiver).await, 0);
    send(&sender, [5]).await;
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [1, 5]);
}

/// A sender may refuse to wait where others wait.
pub async fn a_sender_may_refuse_to_wait<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(1, Overflow::Wait).await;
    let impatient = || SendOptions { refuse_if_full: true, ..SendOptions::default() };
    send_with(&sender, 0, impatient()).await;
    assert_eq!(refusal(sender.send_with(message(1), impatient()).await), ("full", 1));
    assert_eq!(take(&mut receiver).await, 0);
    send_with(&sender, 2, impatient()).await;
    assert_eq!(take(&mut receiver).await, 2);
}

/// An accepted request is never dropped: a channel of requests that was told to drop the oldest refuses the newest.
pub async fn an_accepted_request_is_never_dropped<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(2, Overflow::DropOldest).await;
    send(&sender, 0..2).await;
    assert_eq!(refusal(sender.send(message(2)).await), ("full", 2));
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [0, 1]);
}

/// A sender that is ten times as fast as the receiver fills the channel and no more.
pub async fn memory_stays_flat<F: Fixture>() {
    const CAPACITY: usize = 8;
    let census = Census::default();
    let (sender, mut receiver) = requests::<F>(CAPACITY, Overflow::Wait).await;
    let mut senders = JoinSet::new();
    for first in [0, 500] {
        let parcels: Vec<Envelope<_>> = (first..first + 500).map(|number| census.parcel(number)).collect();
        let sender = sender.clone();
        senders.spawn(async move {
            for parcel in parcels {
                sender.send(parcel).await.expect("the request is accepted");
            }
        });
    }
    drop(sender);
    let mut taken = 0;
    while let Ok(delivery) = receiver.receive().await {
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(delivery.ack().await);
        taken += 1;
    }
    assert_eq!((taken, census.alive()), (1_000, 0));
}

/// What a channel holds is never more than its capacity, whatever many senders do at once.
pub async fn never_more_than_the_capacity_waits<F: Fixture>() {
    const CAPACITY: usize = 4;
    let census = Census::default();
    let (sender, mut receiver) = requests::<F>(CAPACITY, Overflow::Refuse).await;
    let mut senders = JoinSet::new();
    for number in 0..8 {
        let (sender, parcels) = (sender.clone(), census.parcels(number, 100));
        senders.spawn(async move {
            let mut accepted = 0;
            for parcel in parcels {
                accepted += u64::from(sender.send(parcel).await.is_ok());
                tokio::task::yield_now().await;
            }
            accepted
        });
    }
    drop(sender);
    let accepted: u64 = senders.join_all().await.into_iter().sum();
    assert_eq!((accepted, census.alive()), (CAPACITY as u64, CAPACITY), "nobody received yet");
    assert_eq!(take_all(&mut receiver).await.len(), CAPACITY);
    tokio::time::sleep(MOMENT).await;
    assert_eq!(census.alive(), 0);
}

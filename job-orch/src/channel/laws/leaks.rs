//! Leaks: a channel that is gone keeps nothing, however it was left.

use super::Fixture;
use super::ends::{MOMENT, broadcasts, channels, moment, next, polled, requests, send, take, take_many};
use super::parcel::Census;
use crate::channel::{Channels, Delivery, McReceive, MpSend, Return};
use crate::settings::Overflow;

const ROUNDS: u64 = 1_000;

/// After a thousand channels were opened, used and closed, none of their requests is alive.
pub async fn a_thousand_channels_leave_nothing_behind<F: Fixture>() {
    let census = Census::default();
    for round in 0..ROUNDS {
        let channels = channels::<F>(8, Overflow::Wait).await;
        let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
        sender.send_many(&mut census.parcels(round, 8)).await.expect("all are accepted");
        take_many(&mut receiver, round % 4).await;
        match round % 5 {
            0 => channels.close(),
            1 => drop(next(&mut receiver).await.nack(Return::Snoozed(MOMENT)).await),
            2 => drop(next(&mut receiver).await),
            3 => {
                let held = next(&mut receiver).await;
                drop((sender, receiver, channels));
                drop(held);
            }
            _ => drop(receiver.clone()),
        }
    }
    moment().await;
    assert_eq!(census.alive(), 0);
}

/// After a thousand broadcasts, none of their responses is alive, seen or unseen.
pub async fn a_thousand_broadcasts_leave_nothing_behind<F: Fixture>() {
    let census = Census::default();
    for round in 0..ROUNDS {
        let overflow = [Overflow::Wait, Overflow::DropOldest, Overflow::Refuse][(round % 3) as usize];
        let channels = broadcasts::<F>(8, overflow).await;
        let (sender, mut receiver) = (channels.response_sender(), channels.response_receiver());
        sender.send_many(&mut census.parcels(round, 8)).await.expect("all are accepted");
        take_many(&mut receiver, round % 4).await;
        let clone = receiver.clone();
        match round % 2 {
            0 => drop((clone, receiver)),
            _ => drop((sender, channels, receiver, clone)),
        }
    }
    moment().await;
    assert_eq!(census.alive(), 0);
}

/// A request that its receiver is done with is let go at once, although the channel lives on.
pub async fn a_settled_request_is_let_go<F: Fixture>() {
    let census = Census::default();
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    for number in 0..100 {
        sender.send(census.parcel(number)).await.expect("the request is accepted");
        next(&mut receiver).await.ack().await.expect("the request is acked");
        assert_eq!(census.alive(), 0);
    }
}

/// Where the last receiver goes, what waited is let go although senders are left: a caller that waits is told so.
pub async fn a_channel_without_receivers_keeps_nothing<F: Fixture>() {
    let census = Census::default();
    let channels = channels::<F>(8, Overflow::Wait).await;
    let (sender, receiver) = (channels.request_sender(), channels.request_receiver());
    drop(channels);
    sender.send_many(&mut census.parcels(0, 8)).await.expect("all are accepted");
    drop(receiver);
    assert_eq!(census.alive(), 0);
}

/// A receiver that comes and goes a thousand times leaves the channel as it was.
pub async fn receivers_come_and_go<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    for round in 0..ROUNDS {
        let mut guest = receiver.clone();
        assert!(polled(1, guest.receive()).await.is_none(), "nothing is there");
        drop(guest);
        send(&sender, [round]).await;
        assert_eq!(take(&mut receiver).await, round);
    }
}

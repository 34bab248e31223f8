//! Priorities, and what one order means where requests with and without wishes meet.

use super::Fixture;
use super::ends::{message, requests, send, send_with, take, take_all, take_many};
use crate::channel::{Envelope, MpSend, SendOptions, UniqueKey};
use crate::settings::Overflow;

fn priority(priority: i16) -> SendOptions {
    SendOptions { priority, ..SendOptions::default() }
}

/// Higher priorities come first; a request without one has priority 0.
pub async fn higher_priorities_come_first<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(16, Overflow::Wait).await;
    send(&sender, [3, 4]).await;
    for (number, wish) in [(5, -1), (1, 7), (6, i16::MIN), (0, i16::MAX), (2, 7)] {
        send_with(&sender, number, priority(wish)).await;
    }
    assert_eq!(take_many(&mut receiver, 7).await, [0, 1, 2, 3, 4, 5, 6]);
}

/// Requests of one priority keep their order.
pub async fn one_priority_keeps_its_order<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(64, Overflow::Wait).await;
    for number in 0..20 {
        send_with(&sender, number, priority(3)).await;
    }
    assert_eq!(take_many(&mut receiver, 20).await, (0..20).collect::<Vec<_>>());
}

/// A steady stream of urgent requests does not keep a humble one waiting for ever: within a hundred it has its turn.
pub async fn a_low_priority_is_not_starved<F: Fixture>() {
    for humble in [Some(-5), None, Some(1)] {
        let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
        match humble {
            Some(humble) => drop(send_with(&sender, 999, priority(humble)).await),
            None => send(&sender, [999]).await,
        }
        let mut turn = 0;
        loop {
            send_with(&sender, turn, priority(9)).await;
            if take(&mut receiver).await == 999 {
                break;
            }
            turn += 1;
            assert!(turn < 100, "the request of priority {humble:?} is starved");
        }
    }
}

/// Options that wish for no place give none: requests come in the order in which they were sent.
pub async fn options_without_priority_keep_the_order<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(16, Overflow::Wait).await;
    for number in 0..9 {
        let envelope: Envelope<_> = message(number);
        let options = match number % 3 {
            0 => SendOptions::default(),
            1 => SendOptions { refuse_if_full: true, ..SendOptions::default() },
            _ => SendOptions {
                unique: Some(UniqueKey { key: format!("key {number}"), id: envelope.id() }),
                ..SendOptions::default()
            },
        };
        if number % 2 == 0 {
            sender.send_with(envelope, options).await.expect("the request is accepted");
        } else {
            sender.send(envelope).await.expect("the request is accepted");
        }
    }
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, (0..9).collect::<Vec<_>>());
}

/// A steady stream of requests with a wish does not keep a plain one waiting for ever.
pub async fn a_plain_request_is_not_starved<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    send(&sender, [999]).await;
    for turn in 0..100 {
        let envelope: Envelope<_> = message(turn);
        let unique = Some(UniqueKey { key: format!("key {turn}"), id: envelope.id() });
        let options = SendOptions { unique, ..SendOptions::default() };
        sender.send_with(envelope, options).await.expect("the request is accepted");
        if take(&mut receiver).await == 999 {
            return;
        }
    }
    panic!("a plain request is starved by those with a key");
}

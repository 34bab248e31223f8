//! Settling: what an ack, a return and a forgotten delivery do.
//!
//! That nobody settles twice needs no law: `ack`, `bury` and `nack` take the delivery, so a second settlement does not
//! compile.

use std::time::Duration;

use tokio::time::Instant;

use super::Fixture;
use super::ends::{ended, moment, next, number, requests, send, silent, take, take_all, take_many};
use crate::channel::{Delivery, McReceive, Return};
use crate::settings::Overflow;

const SECOND: Duration = Duration::from_secs(1);

/// An acked request never comes again, also when its receiver goes.
pub async fn an_acked_request_is_gone<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let mut other = receiver.clone();
    send(&sender, [1]).await;
    assert_eq!(take(&mut receiver).await, 1);
    drop(receiver);
    silent(&mut other).await;
    drop(sender);
    ended(&mut other).await;
}

/// A request that is returned untouched comes again at once, before those behind it, and no attempt is counted.
pub async fn a_request_returned_untouched_keeps_its_place<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, 0..3).await;
    for _ in 0..3 {
        let delivery = next(&mut receiver).await;
        assert_eq!((number(&delivery), delivery.attempt()), (0, 1));
        delivery.nack(Return::Untouched).await.expect("the request is returned");
    }
    assert_eq!(take_many(&mut receiver, 3).await, [0, 1, 2]);
}

/// The same from the middle of a stream, where a receiver may have fetched ahead.
pub async fn a_request_returned_in_a_stream_keeps_its_place<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(64, Overflow::Wait).await;
    send(&sender, 0..40).await;
    assert_eq!(take_many(&mut receiver, 9).await.len(), 9);
    let delivery = next(&mut receiver).await;
    assert_eq!(number(&delivery), 9);
    delivery.nack(Return::Untouched).await.expect("the request is returned");
    assert_eq!(take_many(&mut receiver, 2).await, [9, 10]);
}

/// Several requests that are returned untouched come again before everything that was sent after them.
pub async fn returned_requests_come_before_later_ones<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(64, Overflow::Wait).await;
    send(&sender, 0..40).await;
    take_many(&mut receiver, 8).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(&mut receiver).await);
    }
    drop(held);
    let mut again = take_many(&mut receiver, 3).await;
    again.sort_unstable();
    assert_eq!((again, take(&mut receiver).await), (vec![8, 9, 10], 11));
}

/// Each failure is an attempt.
pub async fn a_failure_counts_an_attempt<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, [1]).await;
    for attempt in 1..5 {
        let delivery = next(&mut receiver).await;
        assert_eq!((number(&delivery), delivery.attempt()), (1, attempt));
        delivery.nack(Return::Failed(SECOND)).await.expect("the request is returned");
    }
}

/// A failed request waits for its time, and no longer; others go before it.
pub async fn a_failed_request_waits_for_its_time<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, [1, 2]).await;
    let failed_at = Instant::now();
    next(&mut receiver).await.nack(Return::Failed(SECOND)).await.expect("the request is returned");
    assert_eq!(take(&mut receiver).await, 2);
    silent(&mut receiver).await;
    assert_eq!(take(&mut receiver).await, 1);
    let waited = failed_at.elapsed();
    assert!(waited >= SECOND && waited < SECOND * 2, "{waited:?} is the second it was told to wait");
}

/// A snoozed request waits too, and no attempt is counted.
pub async fn a_snooze_counts_no_attempt<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, [1]).await;
    let begun = Instant::now();
    for _ in 0..3 {
        let delivery = next(&mut receiver).await;
        assert_eq!(delivery.attempt(), 1);
        delivery.nack(Return::Snoozed(SECOND)).await.expect("the request is returned");
    }
    assert_eq!(take(&mut receiver).await, 1);
    assert!(begun.elapsed() >= SECOND * 3, "three snoozes of a second");
}

/// What was counted stays counted, however the request returns afterwards.
pub async fn attempts_survive_a_return<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, [1]).await;
    next(&mut receiver).await.nack(Return::Failed(SECOND)).await.expect("the request is returned");
    for back in [Return::Untouched, Return::Snoozed(SECOND), Return::Untouched] {
        let delivery = next(&mut receiver).await;
        assert_eq!(delivery.attempt(), 2);
        delivery.nack(back).await.expect("the request is returned");
    }
    drop(next(&mut receiver).await);
    assert_eq!(next(&mut receiver).await.attempt(), 2);
}

/// A delivery that is dropped unsettled returns, to anybody, and no attempt is counted.
pub async fn a_forgotten_delivery_returns<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let mut other = receiver.clone();
    send(&sender, 0..3).await;
    drop(next(&mut receiver).await);
    let delivery = next(&mut other).await;
    assert_eq!((number(&delivery), delivery.attempt()), (0, 1));
    drop(delivery);
    drop((receiver, sender));
    assert_eq!(take_all(&mut other).await, [0, 1, 2]);
}

/// A returned request wakes a receiver that waits.
pub async fn a_returned_request_wakes_a_receiver<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, [1]).await;
    let delivery = next(&mut receiver).await;
    let waiting = {
        let mut other = receiver.clone();
        tokio::spawn(async move { take(&mut other).await })
    };
    moment().await;
    delivery.nack(Return::Untouched).await.expect("the request is returned");
    assert_eq!(waiting.await.expect("no panic"), 1);
}

/// Requests that are returned again and again all arrive in the end, each once.
pub async fn every_returned_request_comes_again<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(64, Overflow::Wait).await;
    send(&sender, 0..50).await;
    for round in 0..150 {
        let back = match round % 3 {
            0 => Return::Untouched,
            1 => Return::Failed(SECOND),
            _ => Return::Snoozed(SECOND * 2),
        };
        next(&mut receiver).await.nack(back).await.expect("the request is returned");
    }
    drop(sender);
    let mut taken = take_all(&mut receiver).await;
    taken.sort_unstable();
    assert_eq!(taken, (0..50).collect::<Vec<_>>());
}

/// A returned request needs no room: a full channel takes it back.
pub async fn a_returned_request_needs_no_room<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(1, Overflow::Refuse).await;
    send(&sender, [1]).await;
    let delivery = next(&mut receiver).await;
    send(&sender, [2]).await;
    delivery.nack(Return::Untouched).await.expect("the request is returned");
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [1, 2]);
}

/// A request that returns while nobody receives any more is dropped, and that is all.
pub async fn a_delivery_outlives_its_channel<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send(&sender, 0..4).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(next(&mut receiver).await);
        receiver.release();
    }
    drop((sender, receiver));
    let mut held = held.into_iter();
    let mut another = || held.next().expect("four were held");
    another().ack().await.expect("an ack after the end");
    another().nack(Return::Untouched).await.expect("a return after the end");
    another().nack(Return::Failed(SECOND)).await.expect("a failure after the end");
    drop(another());
}

//! Delays: nothing comes before its time, and nothing is forgotten.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Fixture;
use super::ends::{
    MOMENT, channels, message, moment, next, number, polled, refusal, requests, send, send_with, silent, take,
    take_all, take_many,
};
use crate::channel::{Channels, Delivery, McReceive, MpSend, Return, SendError, SendOptions};
use crate::settings::Overflow;

const SECOND: Duration = Duration::from_secs(1);

fn after(seconds: u32) -> SendOptions {
    SendOptions { delay: Some(SECOND * seconds), ..SendOptions::default() }
}

/// An option is respected, or refused with the request handed back; it is never ignored.
pub async fn an_option_is_respected_or_refused<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    match sender.send_with(message(1), after(60)).await {
        Ok(_) => silent(&mut receiver).await,
        Err(SendError::Unsupported { message, capability }) => {
            assert_eq!((message.request().number(), capability), (1, "delay"));
        }
        Err(error) => panic!("respected or unsupported, not: {error}"),
    }
}

/// A delayed request comes at its time: not before, and not long after.
pub async fn a_delayed_request_comes_at_its_time<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let sent = Instant::now();
    send_with(&sender, 1, after(10)).await;
    assert_eq!(take(&mut receiver).await, 1);
    let waited = sent.elapsed();
    assert!(waited >= SECOND * 10 && waited < SECOND * 11, "{waited:?} are the ten seconds of its delay");
}

/// A request that is delayed by no time comes.
pub async fn a_delay_of_nothing_is_none<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send_with(&sender, 1, after(0)).await;
    assert!(timeout(MOMENT, async { assert_eq!(take(&mut receiver).await, 1) }).await.is_ok(), "it comes at once");
}

/// A delay beyond the end of the clock is a long one: nobody panics, and the request stays.
pub async fn a_delay_may_last_for_ever<F: Fixture>() {
    let channels = channels::<F>(4, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    let for_ever = SendOptions { delay: Some(Duration::MAX), ..SendOptions::default() };
    send_with(&sender, 1, for_ever).await;
    send(&sender, [2]).await;
    next(&mut receiver).await.nack(Return::Failed(Duration::MAX)).await.expect("the request is returned");
    silent(&mut receiver).await;
    send(&sender, [3]).await;
    assert_eq!(take(&mut receiver).await, 3);
}

/// Delayed requests come in the order of their times, and those of one time in the order in which they were sent.
pub async fn delayed_requests_come_in_order_of_time<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(16, Overflow::Wait).await;
    for (number, seconds) in [(5, 5), (1, 1), (3, 3), (4, 3), (2, 2)] {
        send_with(&sender, number, after(seconds)).await;
    }
    let begun = Instant::now();
    for (expected, seconds) in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 5)] {
        assert_eq!(take(&mut receiver).await, expected);
        assert!(begun.elapsed() >= SECOND * seconds, "{expected} came too early");
    }
}

/// An earlier time that is heard of later is not slept through.
pub async fn an_earlier_time_is_not_slept_through<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send_with(&sender, 2, after(60)).await;
    let taking = tokio::spawn(async move { (take(&mut receiver).await, Instant::now()) });
    moment().await;
    let sent = Instant::now();
    send_with(&sender, 1, after(1)).await;
    let (number, at) = taking.await.expect("no panic");
    assert!(number == 1 && at - sent < SECOND * 2, "{number} came after {:?}", at - sent);
}

/// A request without a delay does not wait for those with one.
pub async fn a_delay_delays_nobody_else<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    send_with(&sender, 9, after(60)).await;
    send(&sender, 0..3).await;
    assert_eq!(take_many(&mut receiver, 3).await, [0, 1, 2]);
    silent(&mut receiver).await;
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [9]);
}

/// What is delayed takes room.
pub async fn a_delayed_request_takes_room<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(2, Overflow::Refuse).await;
    send_with(&sender, 1, after(60)).await;
    send(&sender, [2]).await;
    assert_eq!(refusal(sender.send_with(message(3), after(1)).await), ("full", 3));
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [2, 1]);
}

/// A closed channel delivers what is delayed, at its time, before it ends.
pub async fn a_closed_channel_keeps_its_delays<F: Fixture>() {
    let channels = channels::<F>(4, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    let sent = Instant::now();
    send_with(&sender, 1, after(10)).await;
    channels.close();
    assert_eq!(take_all(&mut receiver).await, [1]);
    assert!(sent.elapsed() >= SECOND * 10, "the close does not shorten the delay");
}

/// Where the receiver that waited for a time goes away, another one that waits gets the request at that time.
pub async fn the_watch_over_a_delay_is_passed_on<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let other = {
        let mut other = receiver.clone();
        tokio::spawn(async move {
            // It waits second, so that the first is the one who hears of the delay.
            moment().await;
            (take(&mut other).await, Instant::now())
        })
    };
    let waiting = timeout(SECOND, receiver.receive());
    let sending = async {
        tokio::time::sleep(MOMENT * 2).await;
        send_with(&sender, 1, after(10)).await;
        Instant::now()
    };
    let (left, sent) = tokio::join!(waiting, sending);
    assert!(left.is_err(), "the first receiver went away in time");
    let (number, at) = other.await.expect("no panic");
    assert!(number == 1 && at - sent < SECOND * 11, "{number} came after {:?}", at - sent);
}

/// Each of several receivers gets a request that is due while the others are busy.
pub async fn requests_due_together_wake_several_receivers<F: Fixture>() {
    let (sender, receiver) = requests::<F>(8, Overflow::Wait).await;
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let mut receiver = receiver.clone();
            tokio::spawn(async move {
                let delivery = next(&mut receiver).await;
                (number(&delivery), delivery, Instant::now())
            })
        })
        .collect();
    moment().await;
    let sent = Instant::now();
    for number in 0..3 {
        send_with(&sender, number, after(5)).await;
    }
    let mut numbers = Vec::new();
    for task in waiting {
        let (number, _held, at) = task.await.expect("no panic");
        assert!(at - sent < SECOND * 6, "{number} came after {:?}", at - sent);
        numbers.push(number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2]);
}

/// A cancelled wait for a delayed request takes nothing along.
pub async fn a_cancelled_wait_keeps_the_delay<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    send_with(&sender, 1, after(5)).await;
    for polls in 1..4 {
        assert!(polled(polls, receiver.receive()).await.is_none(), "it is too early");
    }
    assert_eq!(take(&mut receiver).await, 1);
}

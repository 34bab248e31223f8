//! Lag is a value: what a receiver missed and what it received are together what was sent.

use tokio::task::JoinSet;

use super::ends::{
    Dice, ResponseReceiver, broadcasts, ended, lagged, messages, number, responses, send, take, take_all,
};
use super::{Fixture, Law};
use crate::channel::{Channels, Delivery, McReceive, MpSend, ReceiveError, Response};
use crate::settings::Overflow;

/// Where the oldest responses go, a slow receiver is told how many it missed, and goes on with the oldest that is left.
pub async fn the_oldest_responses_go_and_are_counted<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(2, Overflow::DropOldest).await;
    send(&sender, 0..5).await;
    lagged(&mut receiver, 3).await;
    assert_eq!(take(&mut receiver).await, 3);
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [4]);
}

/// A sender that drops the oldest never waits, and a fast receiver misses nothing through a slow one.
pub async fn a_slow_receiver_slows_nobody_down<F: Fixture>() {
    let (sender, mut slow) = responses::<F>(4, Overflow::DropOldest).await;
    let mut fast = slow.clone();
    for number in 0..100 {
        send(&sender, [number]).await;
        assert_eq!(take(&mut fast).await, number);
    }
    lagged(&mut slow, 96).await;
    drop(sender);
    assert_eq!(take_all(&mut slow).await, [96, 97, 98, 99]);
}

/// The clone of a receiver that has lagged misses nothing more, and neither does the receiver.
pub async fn a_clone_does_not_lag_twice<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(3, Overflow::DropOldest).await;
    sender.send_many(&mut messages(0..2)).await.expect("all are accepted");
    sender.send_many(&mut messages(2..4)).await.expect("all are accepted");
    lagged(&mut receiver, 1).await;
    let mut clone = receiver.clone();
    drop(sender);
    assert_eq!(take_all(&mut clone).await, [1, 2, 3]);
    assert_eq!(take_all(&mut receiver).await, [1, 2, 3]);
}

/// The clone of a receiver that has yet to hear of its lag hears the same.
pub async fn a_clone_inherits_the_lag<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(2, Overflow::DropOldest).await;
    send(&sender, 0..7).await;
    let mut clone = receiver.clone();
    drop(sender);
    for receiver in [&mut clone, &mut receiver] {
        lagged(receiver, 5).await;
        assert_eq!(take_all(receiver).await, [5, 6]);
    }
}

/// Responses that the sender skips are told to every receiver in their place: after what was sent before, before what
/// is sent after.
pub async fn skipped_responses_are_told_in_their_place<F: Fixture>() {
    for overflow in [Overflow::Wait, Overflow::Refuse, Overflow::DropOldest] {
        let (sender, mut receiver) = responses::<F>(16, overflow).await;
        let mut other = receiver.clone();
        send(&sender, [0, 1]).await;
        sender.skip(2);
        sender.skip(1);
        send(&sender, [2]).await;
        drop(sender);
        for receiver in [&mut receiver, &mut other] {
            assert_eq!((take(receiver).await, take(receiver).await), (0, 1));
            let mut missed = 0;
            let after = loop {
                match receiver.receive().await {
                    Err(ReceiveError::Lagged(more)) => missed += more,
                    Ok(delivery) => break number(&delivery),
                    Err(error) => panic!("skipped responses are a lag, not: {error}"),
                }
            };
            assert_eq!((missed, after), (3, 2));
            ended(receiver).await;
        }
    }
}

/// Skipped responses take no room: there are none.
pub async fn skipped_responses_take_no_room<F: Fixture>() {
    let (sender, mut receiver) = responses::<F>(2, Overflow::Refuse).await;
    send(&sender, [0, 1]).await;
    sender.skip(100);
    assert_eq!((take(&mut receiver).await, take(&mut receiver).await), (0, 1));
    send(&sender, [2, 3]).await;
    lagged(&mut receiver, 100).await;
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [2, 3]);
}

/// A receiver, the number of the response that it must see or miss next, and where its last lag ended.
struct Follower<R> {
    receiver: R,
    expected: u64,
    lag_ended: u64,
}

impl<R: McReceive<Message = Response<Law>>> Follower<R> {
    /// Receives once; says whether there was anything but the end.
    async fn step(&mut self) -> bool {
        match self.receiver.receive().await {
            Ok(delivery) => {
                assert_eq!(number(&delivery), self.expected, "what was missed was told before");
                self.expected += 1;
                delivery.ack().await.expect("a response needs no settling");
            }
            Err(ReceiveError::Lagged(missed)) => {
                assert!(missed > 0, "a lag of nothing is none");
                self.expected += missed;
                self.lag_ended = self.expected;
            }
            Err(_) => return false,
        }
        true
    }

    async fn finish(mut self, sent: u64) {
        while self.step().await {}
        assert_eq!(self.expected, sent, "missed and received are together what was sent");
    }
}

/// In thousands of random orders of sending, receiving, cloning, joining and leaving, missed and received add up to
/// sent, every response that is received is the expected one, and none is missed that there was room for.
pub async fn missed_and_received_add_up<F: Fixture>() {
    for seed in 0..3_000 {
        let mut dice = Dice::new(seed);
        let capacity = 1 + dice.below(5);
        let channels = broadcasts::<F>(capacity as usize, Overflow::DropOldest).await;
        let sender = channels.response_sender();
        let mut sent = 0;
        let mut followers = vec![Follower { receiver: channels.response_receiver(), expected: 0, lag_ended: 0 }];
        for _ in 0..dice.below(60) {
            random_step::<F>(&mut dice, &channels, &sender, (capacity, &mut sent), &mut followers).await;
        }
        drop((sender, channels));
        for follower in followers {
            follower.finish(sent).await;
        }
    }
}

async fn random_step<F: Fixture>(
    dice: &mut Dice,
    channels: &F::Channels,
    sender: &impl MpSend<Message = Response<Law>>,
    (capacity, sent): (u64, &mut u64),
    followers: &mut Vec<Follower<ResponseReceiver<F>>>,
) {
    let chosen = dice.below(followers.len().max(1) as u64) as usize;
    match dice.below(12) {
        0..=2 => {
            send(sender, [*sent]).await;
            *sent += 1;
        }
        3..=5 => {
            let count = dice.below(8);
            sender.send_many(&mut messages(*sent..*sent + count)).await.expect("all are accepted");
            *sent += count;
        }
        6 => followers.push(Follower { receiver: channels.response_receiver(), expected: *sent, lag_ended: 0 }),
        7 if !followers.is_empty() => {
            let Follower { receiver, expected, lag_ended } = &followers[chosen];
            let clone = Follower { receiver: receiver.clone(), expected: *expected, lag_ended: *lag_ended };
            followers.push(clone);
        }
        8 if followers.len() > 2 => drop(followers.swap_remove(chosen)),
        _ => match followers.get_mut(chosen) {
            Some(follower) if follower.expected < *sent => {
                follower.step().await;
                assert!(follower.lag_ended + capacity <= *sent || follower.lag_ended == 0, "there was room for more");
            }
            _ => {}
        },
    }
}

/// The same where senders and receivers run at the same time.
pub async fn missed_and_received_add_up_in_a_crowd<F: Fixture>() {
    const SENT: u64 = 20_000;
    let (sender, receiver) = responses::<F>(8, Overflow::DropOldest).await;
    let mut followers = JoinSet::new();
    for pace in 0..4 {
        let mut follower = Follower { receiver: receiver.clone(), expected: 0, lag_ended: 0 };
        followers.spawn(async move {
            let mut dice = Dice::new(pace);
            while follower.expected < SENT / 2 && follower.step().await {
                if dice.below(8) < pace {
                    tokio::task::yield_now().await;
                }
            }
            follower.finish(SENT).await;
        });
    }
    drop(receiver);
    let mut dice = Dice::new(7);
    let mut sent = 0;
    while sent < SENT {
        let count = (1 + dice.below(4)).min(SENT - sent);
        sender.send_many(&mut messages(sent..sent + count)).await.expect("all are accepted");
        sent += count;
        if dice.below(4) == 0 {
            tokio::task::yield_now().await;
        }
    }
    drop(sender);
    followers.join_all().await;
}

//! Fetching ahead: what was fetched is handled in order, where it lies or as deliveries, or given back whole.

use super::ends::{
    Dice, RequestReceiver, RequestSender, ended, moment, number, polled, requests, send, silent, take, take_all,
};
use super::parcel::{Census, Message};
use super::{Fixture, Law};
use crate::channel::{Delivery, Envelope, McReceive, MpSend, ReceiveError};
use crate::settings::Overflow;

/// What a fetch brought: a delivery, or something at hand.
type At<F> = Option<<RequestReceiver<F> as McReceive>::Delivery>;

/// More than anybody fetches at once.
const MANY: u64 = 400;

/// A receiver that has some of [`MANY`] requests at hand, if it ever fetches ahead, and the number of the next.
async fn ahead<F: Fixture>() -> (RequestSender<F>, RequestReceiver<F>, u64) {
    ahead_by::<F>(3).await
}

async fn ahead_by<F: Fixture>(fetched: usize) -> (RequestSender<F>, RequestReceiver<F>, u64) {
    let (sender, mut receiver) = requests::<F>(1_024, Overflow::Wait).await;
    send(&sender, 0..MANY).await;
    let mut next = 0;
    while receiver.fetched() < fetched && next < 50 {
        assert_eq!(take(&mut receiver).await, next);
        next += 1;
    }
    (sender, receiver, next)
}

/// Handles the first request at hand, in either way.
async fn handle(receiver: &mut impl McReceive<Message = Envelope<Law>>, in_place: bool) -> Option<u64> {
    if in_place {
        let number = receiver.first_fetched()?.first().number();
        let same = receiver.first_fetched_mut().map(|message| message.number());
        assert_eq!(same, Some(number), "what is lent to be looked at is lent to be changed too");
        receiver.drop_fetched();
        return Some(number);
    }
    let delivery = receiver.next_fetched()?;
    let number = number(&delivery);
    delivery.ack().await.expect("the request is acked");
    Some(number)
}

/// What is fetched is there in order, each request once, whether it is handled where it lies or as a delivery.
pub async fn what_is_fetched_is_handled_in_order<F: Fixture>() {
    let (sender, mut receiver) = requests::<F>(16, Overflow::Wait).await;
    let sending = tokio::spawn(async move { send(&sender, 0..MANY).await });
    let (mut dice, mut taken) = (Dice::new(1), Vec::new());
    loop {
        while let Some(number) = handle(&mut receiver, dice.below(2) == 0).await {
            taken.push(number);
        }
        match receiver.fetch().await {
            Ok(None) => assert!(receiver.fetched() > 0, "something was fetched"),
            Ok(Some(delivery)) => {
                taken.push(number(&delivery));
                delivery.ack().await.expect("the request is acked");
            }
            Err(ReceiveError::Closed) => break,
            Err(error) => panic!("requests or the end come, not: {error}"),
        }
    }
    assert_eq!(taken, (0..MANY).collect::<Vec<_>>());
    sending.await.expect("no panic");
}

/// What is released goes to others, in its order and before what was sent after it.
pub async fn what_is_released_goes_to_others<F: Fixture>() {
    let (sender, mut receiver, next) = ahead::<F>().await;
    receiver.release();
    assert_eq!(receiver.fetched(), 0);
    drop(sender);
    assert_eq!(take_all(&mut receiver.clone()).await, (next..MANY).collect::<Vec<_>>());
}

/// While the first request at hand is handled, the others can go to others; it is not among them, and ends as it is
/// settled.
pub async fn the_rest_goes_to_others<F: Fixture>() {
    let (sender, mut receiver, next) = ahead::<F>().await;
    let Some(fetched) = receiver.first_fetched() else { return };
    assert_eq!(fetched.first().number(), next);
    fetched.release_rest();
    let mut other = receiver.clone();
    assert_eq!(take(&mut other).await, next + 1);
    receiver.drop_fetched();
    assert_eq!(receiver.fetched(), 0);
    drop((receiver, sender));
    assert_eq!(take_all(&mut other).await, (next + 2..MANY).collect::<Vec<_>>());
}

/// While one receiver is busy, an idle sibling gets everything else, also what the busy one had fetched ahead; and no end
/// before that.
pub async fn an_idle_sibling_gets_what_was_fetched_ahead<F: Fixture>() {
    let (sender, mut busy) = requests::<F>(1_024, Overflow::Wait).await;
    let mut idle = busy.clone();
    send(&sender, 0..2).await;
    let mut taken = vec![take(&mut busy).await, take(&mut idle).await];
    send(&sender, 2..MANY).await;
    drop(sender);
    while busy.fetched() < 3 && taken.len() < 50 {
        taken.push(take(&mut busy).await);
    }
    let Some(in_hand) = busy.first_fetched().map(|fetched| fetched.first().number()) else { return };
    taken.extend(take_all(&mut idle).await);
    taken.push(in_hand);
    busy.drop_fetched();
    taken.sort_unstable();
    assert_eq!(taken, (0..MANY).collect::<Vec<_>>());
    ended(&mut busy).await;
}

/// Waits for the only request there is, and is at it.
async fn at_one<F: Fixture>(sender: &RequestSender<F>, receiver: &mut RequestReceiver<F>, number: u64) -> At<F> {
    let sending = async {
        moment().await;
        send(sender, [number]).await;
    };
    tokio::join!(receiver.fetch(), sending).0.expect("a request comes")
}

/// Handles what it is at.
async fn finish<F: Fixture>(receiver: &mut RequestReceiver<F>, at: At<F>) -> Option<u64> {
    let Some(delivery) = at else { return handle(receiver, true).await };
    let number = number(&delivery);
    delivery.ack().await.expect("the request is acked");
    Some(number)
}

/// Who was woken for the only request there is, and is at it, keeps the next one from nobody: not from a sibling that comes
/// later, and not from itself.
pub async fn who_is_at_the_only_request_keeps_the_next_from_nobody<F: Fixture>() {
    let (sender, mut busy) = requests::<F>(16, Overflow::Wait).await;
    for first in [0, 3, 6] {
        let at = at_one::<F>(&sender, &mut busy, first).await;
        let mut idle = busy.clone();
        let sending = async {
            moment().await;
            send(&sender, [first + 1]).await;
        };
        assert_eq!(tokio::join!(take(&mut idle), sending).0, first + 1);
        drop(idle);
        assert_eq!(finish::<F>(&mut busy, at).await, Some(first));
        let at = at_one::<F>(&sender, &mut busy, first).await;
        send(&sender, [first + 2]).await;
        assert_eq!(finish::<F>(&mut busy, at).await, Some(first));
        let at = busy.fetch_on().await.expect("it is there already");
        assert_eq!(finish::<F>(&mut busy, at).await, Some(first + 2));
    }
    silent(&mut busy).await;
}

/// What a receiver is at becomes a delivery of its own, also where that took so long that others should have the rest.
pub async fn what_is_in_hand_becomes_a_delivery<F: Fixture>() {
    for others in 0..10 {
        let (sender, mut receiver, _) = ahead_by::<F>(12).await;
        while receiver.fetched() > others + 1 && handle(&mut receiver, true).await.is_some() {}
        let Some(in_hand) = receiver.first_fetched().map(|fetched| fetched.first().number()) else { return };
        std::thread::sleep(std::time::Duration::from_millis(10));
        let delivery = receiver.next_fetched().expect("it was in hand");
        assert_eq!(number(&delivery), in_hand);
        delivery.ack().await.expect("the request is acked");
        drop(sender);
        assert_eq!(take_all(&mut receiver).await, (in_hand + 1..MANY).collect::<Vec<_>>());
    }
}

/// A receiver that goes while it handles the first request leaves that one behind, and nothing else.
pub async fn what_is_in_hand_returns_alone<F: Fixture>() {
    let (sender, mut receiver, next) = ahead::<F>().await;
    let Some(fetched) = receiver.first_fetched() else { return };
    fetched.release_rest();
    let mut other = receiver.clone();
    drop(receiver);
    for expected in next..MANY {
        assert_eq!(take(&mut other).await, expected);
    }
    silent(&mut other).await;
    send(&sender, [MANY]).await;
    assert_eq!(take(&mut other).await, MANY);
    drop(sender);
    ended(&mut other).await;
}

/// The same where it gives everything back itself.
pub async fn what_is_in_hand_can_be_released<F: Fixture>() {
    let (sender, mut receiver, next) = ahead::<F>().await;
    let Some(fetched) = receiver.first_fetched() else { return };
    fetched.release_rest();
    receiver.release();
    assert_eq!(receiver.fetched(), 0);
    for expected in next..MANY {
        assert_eq!(take(&mut receiver).await, expected);
    }
    silent(&mut receiver).await;
    drop(sender);
    ended(&mut receiver).await;
}

/// What is given back takes exactly its own room.
pub async fn what_is_released_takes_its_own_room<F: Fixture>() {
    const CAPACITY: u64 = 40;
    let (sender, mut receiver) = requests::<F>(CAPACITY as usize, Overflow::Refuse).await;
    send(&sender, 0..CAPACITY).await;
    let mut taken = 0;
    while receiver.fetched() < 3 && taken < 20 {
        take(&mut receiver).await;
        taken += 1;
    }
    if let Some(fetched) = receiver.first_fetched() {
        fetched.release_rest();
    }
    let mut other = receiver.clone();
    drop(receiver);
    send(&sender, CAPACITY..CAPACITY + taken).await;
    assert!(sender.try_send(Message::of(super::Parcel::new(999))).is_err(), "{CAPACITY} wait");
    drop(sender);
    assert_eq!(take_all(&mut other).await, (taken..CAPACITY + taken).collect::<Vec<_>>());
}

/// A request that is handled where it lies is let go when it is done.
pub async fn what_is_handled_in_place_is_let_go<F: Fixture>() {
    let census = Census::default();
    let (sender, mut receiver) = requests::<F>(64, Overflow::Wait).await;
    sender.send_many(&mut census.parcels(0, 64)).await.expect("all are accepted");
    let mut left = 64;
    while left > 0 {
        match handle(&mut receiver, true).await {
            Some(_) => left -= 1,
            None => match receiver.fetch().await.expect("something is there") {
                Some(delivery) => {
                    delivery.ack().await.expect("the request is acked");
                    left -= 1;
                }
                None => continue,
            },
        }
        assert_eq!(census.alive(), left, "what is done is gone");
    }
}

/// A cancelled fetch keeps nothing from others.
pub async fn a_cancelled_fetch_takes_nothing<F: Fixture>() {
    for polls in 0..4 {
        let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
        assert!(polled(polls, receiver.fetch()).await.is_none(), "nothing is there");
        send(&sender, [1]).await;
        assert_eq!(receiver.fetched(), 0);
        assert_eq!(take(&mut receiver.clone()).await, 1);
    }
}

//! Withdrawing: a request that waits can be taken back, exactly that one.

use std::time::Duration;

use tokio::time::Instant;

use super::ends::{channels, joined, message, moment, next, requests, send, send_blocked, silent, take, take_all};
use super::{Fixture, Law};
use crate::channel::{Acceptance, Channels, Delivery, Envelope, MpSend, Return, SendOptions, UniqueKey, Withdraw};
use crate::id::JobId;
use crate::settings::Overflow;

/// Sends a request and returns its id.
async fn send_known(sender: &impl MpSend<Message = Envelope<Law>>, number: u64, options: SendOptions) -> JobId {
    let envelope: Envelope<_> = message(number);
    let id = envelope.id();
    sender.send_with(envelope, options).await.expect("the request is accepted");
    id
}

async fn withdrawn(sender: &impl Withdraw<Message = Envelope<Law>>, id: JobId) -> Option<u64> {
    let request = sender.withdraw(id).await.expect("the channel looks for it");
    request.map(|envelope| envelope.request().number())
}

/// Exactly the request with the id is taken out, and handed back; the second time, nothing is there.
pub async fn a_request_can_be_withdrawn<F>()
where
    F: Fixture<Channels: Channels<Law, RequestSender: Withdraw>>,
{
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(send_known(&sender, number, SendOptions::default()).await);
    }
    for at in [2, 0, 4] {
        assert_eq!(withdrawn(&sender, ids[at]).await, Some(at as u64));
        assert_eq!(withdrawn(&sender, ids[at]).await, None);
    }
    assert_eq!(withdrawn(&sender, JobId::new()).await, None, "an id that never was");
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [1, 3]);
}

/// A request that runs, or has ended, cannot be withdrawn; one that was returned can.
pub async fn only_what_waits_can_be_withdrawn<F>()
where
    F: Fixture<Channels: Channels<Law, RequestSender: Withdraw>>,
{
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let id = send_known(&sender, 1, SendOptions::default()).await;
    let running = next(&mut receiver).await;
    assert_eq!(withdrawn(&sender, id).await, None);
    running.nack(Return::Untouched).await.expect("the request is returned");
    assert_eq!(withdrawn(&sender, id).await, Some(1));
    silent(&mut receiver).await;
    let id = send_known(&sender, 2, SendOptions::default()).await;
    assert_eq!(take(&mut receiver).await, 2);
    assert_eq!(withdrawn(&sender, id).await, None);
}

/// What is delayed, and what waits for its next attempt, can be withdrawn, and the others keep their times.
pub async fn a_delayed_request_can_be_withdrawn<F>()
where
    F: Fixture<Channels: Channels<Law, RequestSender: Withdraw>>,
{
    let (sender, mut receiver) = requests::<F>(8, Overflow::Wait).await;
    let after = |seconds| SendOptions { delay: Some(Duration::from_secs(seconds)), ..SendOptions::default() };
    let failed = send_known(&sender, 0, SendOptions::default()).await;
    next(&mut receiver).await.nack(Return::Failed(Duration::from_secs(9))).await.expect("the request is returned");
    let mut ids = Vec::new();
    for number in 1..6 {
        ids.push(send_known(&sender, number, after(number)).await);
    }
    assert_eq!(withdrawn(&sender, ids[0]).await, Some(1));
    assert_eq!(withdrawn(&sender, ids[3]).await, Some(4));
    assert_eq!(withdrawn(&sender, failed).await, Some(0));
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [2, 3, 5]);
}

/// A withdrawn request leaves room: a sender that waits gets in.
pub async fn a_withdrawn_request_leaves_room<F>()
where
    F: Fixture<Channels: Channels<Law, RequestSender: Withdraw>>,
{
    let (sender, mut receiver) = requests::<F>(2, Overflow::Wait).await;
    let id = send_known(&sender, 1, SendOptions::default()).await;
    send(&sender, [2]).await;
    let blocked = send_blocked(&sender, 3).await;
    assert_eq!(withdrawn(&sender, id).await, Some(1));
    joined(blocked).await.expect("there is room now");
    drop(sender);
    assert_eq!(take_all(&mut receiver).await, [2, 3]);
}

/// A withdrawn request frees its unique key.
pub async fn a_withdrawn_request_frees_its_key<F>()
where
    F: Fixture<Channels: Channels<Law, RequestSender: Withdraw>>,
{
    let (sender, mut receiver) = requests::<F>(4, Overflow::Wait).await;
    let unique =
        |id| SendOptions { unique: Some(UniqueKey { key: "the key".to_owned(), id }), ..SendOptions::default() };
    let first: Envelope<_> = message(1);
    let id = first.id();
    assert_eq!(sender.send_with(first, unique(id)).await.ok(), Some(Acceptance::New));
    assert_eq!(withdrawn(&sender, id).await, Some(1));
    let second: Envelope<_> = message(2);
    let options = unique(second.id());
    assert_eq!(sender.send_with(second, options).await.ok(), Some(Acceptance::New));
    assert_eq!(take(&mut receiver).await, 2);
}

/// Where the last request of a closed channel is withdrawn, the receivers that waited for it see the end.
pub async fn a_withdrawn_request_may_be_the_last<F>()
where
    F: Fixture<Channels: Channels<Law, RequestSender: Withdraw>>,
{
    let channels = channels::<F>(4, Overflow::Wait).await;
    let (sender, mut receiver) = (channels.request_sender(), channels.request_receiver());
    let year = SendOptions { delay: Some(Duration::from_secs(60 * 60 * 24 * 300)), ..SendOptions::default() };
    let id = send_known(&sender, 1, year).await;
    let waiting = tokio::spawn(async move { take_all(&mut receiver).await });
    channels.close();
    moment().await;
    let begun = Instant::now();
    assert_eq!(withdrawn(&sender, id).await, Some(1));
    assert!(joined(waiting).await.is_empty(), "nothing was left");
    assert!(begun.elapsed() < Duration::from_secs(60), "the end is told when it comes");
}

//! Lag is a value: a receiver is told exactly how many responses it missed.

use job_orch::channel::{McReceive, MpSend, ReceiveError, SendError};
use job_orch::engine::memory::responses;
use job_orch::prelude::*;
use job_orch::settings::Overflow;
use job_orch_tests::{Gate, soon};

#[job]
#[processor(responses(capacity = 3, full = drop_oldest))]
async fn newest(number: &u64) -> u64 {
    *number
}

#[job]
#[processor(responses(capacity = 3, full = refuse))]
async fn oldest(number: &u64) -> u64 {
    *number
}

#[job]
#[processor(responses(capacity = 3, full = refuse))]
async fn oldest_singly(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

/// What a receiver gets until the end: a number, or how many it missed.
async fn rest<R: McReceive>(mut receiver: R, number: impl Fn(&R::Delivery) -> u64) -> Vec<Result<u64, u64>> {
    let mut seen = Vec::new();
    loop {
        match soon(receiver.receive()).await {
            Ok(delivery) => seen.push(Ok(number(&delivery))),
            Err(ReceiveError::Lagged(missed)) => seen.push(Err(missed)),
            Err(_) => return seen,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_oldest_responses_go_and_are_counted() {
    let orch = Orchestrator::on(Memory::new()).host(Newest).start().await.unwrap();
    let mut slow = orch.responses(Newest);
    for number in 0..10 {
        orch.call(Newest, number).await.unwrap();
    }
    assert!(matches!(soon(slow.receive()).await, Err(ReceiveError::Lagged(7))));
    for expected in 7..10 {
        assert_eq!(soon(slow.receive()).await.unwrap().outcome, Ok(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_keeps_up_misses_nothing_beside_a_slow_one() {
    let orch = Orchestrator::on(Memory::new()).host(Newest).start().await.unwrap();
    let (mut quick, mut slow) = (orch.responses(Newest), orch.responses(Newest));
    for number in 0..10 {
        orch.send(Newest, number).await.unwrap();
        assert_eq!(soon(quick.receive()).await.unwrap().outcome, Ok(number));
    }
    assert!(matches!(soon(slow.receive()).await, Err(ReceiveError::Lagged(7))));
}

#[tokio::test(start_paused = true)]
async fn responses_that_are_refused_are_counted_where_they_would_have_been() {
    let orch = Orchestrator::on(Memory::new()).host(Oldest).start().await.unwrap();
    let mut slow = orch.responses(Oldest);
    for number in 0..10 {
        orch.call(Oldest, number).await.unwrap();
    }
    for expected in 0..3 {
        assert_eq!(soon(slow.receive()).await.unwrap().outcome, Ok(expected));
    }
    assert!(matches!(soon(slow.receive()).await, Err(ReceiveError::Lagged(7))));
    orch.call(Oldest, 10).await.unwrap();
    assert_eq!(soon(slow.receive()).await.unwrap().outcome, Ok(10));
    orch.shutdown().await.unwrap();
    assert_eq!(orch.counts(Oldest).unwrap().refused_responses, 7);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_though_its_response_is_refused() {
    let gate = Gate::shut();
    gate.open();
    let orch = Orchestrator::on(Memory::new()).share(gate).host(OldestSingly).start().await.unwrap();
    let _slow = orch.responses(OldestSingly);
    for number in 0..10 {
        assert_eq!(soon(orch.call(OldestSingly, number)).await.unwrap(), number);
    }
}

#[tokio::test]
async fn what_was_seen_and_what_was_missed_is_everything() {
    for overflow in [Overflow::DropOldest, Overflow::Refuse] {
        for capacity in 1..6 {
            for size in 1..8_u64 {
                let (sender, listener) = responses(capacity, overflow);
                let mut sent = 0;
                for _ in 0..3 {
                    let mut messages: Vec<u64> = (sent..sent + size).collect();
                    if let Err(SendError::Full(())) = sender.send_many(&mut messages).await {
                        sender.skip(messages.len() as u64);
                    }
                    sent += size;
                }
                drop(sender);
                let mut next = 0;
                for seen in rest(listener, |message| **message).await {
                    match seen {
                        Ok(number) => assert_eq!(number, next, "in order, without a gap that was not told"),
                        Err(missed) => next += missed - 1,
                    }
                    next += 1;
                }
                assert_eq!(next, sent, "{overflow:?}, {capacity} places, {size} at once");
            }
        }
    }
}

#[tokio::test]
async fn a_clone_of_a_receiver_takes_nothing_from_it() {
    let (sender, mut listener) = responses(3, Overflow::DropOldest);
    sender.send_many(&mut vec![1, 2, 3, 4, 5]).await.unwrap();
    assert!(matches!(listener.receive().await, Err(ReceiveError::Lagged(2))));
    let clone = listener.clone();
    drop(sender);
    assert_eq!(rest(clone, |message| **message).await, [Ok(3), Ok(4), Ok(5)]);
    assert_eq!(rest(listener, |message| **message).await, [Ok(3), Ok(4), Ok(5)]);
}

#[tokio::test]
async fn a_clone_goes_on_from_the_same_place() {
    let (sender, mut listener) = responses(8, Overflow::Wait);
    sender.send_many(&mut vec![1, 2, 3]).await.unwrap();
    assert_eq!(*listener.receive().await.unwrap(), 1);
    let clone = listener.clone();
    sender.send(4).await.unwrap();
    drop(sender);
    assert_eq!(rest(clone, |message| **message).await, [Ok(2), Ok(3), Ok(4)]);
    assert_eq!(rest(listener, |message| **message).await, [Ok(2), Ok(3), Ok(4)]);
}

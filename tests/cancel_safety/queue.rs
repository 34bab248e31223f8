//! The request channel.

use std::time::Duration;

use job_orch::channel::{Delivery, McReceive, MpSend, Return, SendOptions, UniqueKey};
use job_orch::engine::memory::{Receiver, Sender, requests};
use job_orch::prelude::JobId;
use job_orch::settings::Overflow;
use job_orch_tests::{Counted, Driver, Tally, cut_off, settle, soon};

/// A full channel of one place, and the values in it.
async fn full() -> (Sender<Counted>, Receiver<Counted>, Tally) {
    let (sender, receiver) = requests(1, Overflow::Wait);
    let tally = Tally::default();
    sender.send(tally.one(0)).await.unwrap();
    (sender, receiver, tally)
}

/// Takes everything out.
async fn rest(sender: &Sender<Counted>, receiver: &mut Receiver<Counted>) -> Vec<u64> {
    sender.close();
    let mut numbers = Vec::new();
    while let Ok(delivery) = soon(receiver.receive()).await {
        numbers.push(delivery.message().number);
        delivery.ack().await.unwrap();
    }
    numbers
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped_has_sent_nothing() {
    for polls in 0..4 {
        let (sender, mut receiver, tally) = full().await;
        assert!(cut_off(polls, sender.send(tally.one(1))).await.is_none());
        assert_eq!((tally.alive(), sender.accepted()), (1, 1), "its message was dropped with it");
        assert_eq!(rest(&sender, &mut receiver).await, [0]);
        assert_eq!(tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped_after_it_was_woken_lets_the_next_one_in() {
    let (sender, mut receiver, tally) = full().await;
    let mut giving_up = Driver::new(sender.send(tally.one(1)));
    let mut waiting = Driver::new(sender.send(tally.one(2)));
    assert!(giving_up.poll().is_pending() && waiting.poll().is_pending());
    receiver.receive().await.unwrap().ack().await.unwrap();
    assert_eq!((giving_up.woken(), waiting.woken()), (1, 0));
    drop(giving_up);
    assert_eq!(waiting.woken(), 1);
    assert!(waiting.poll().is_ready());
    assert_eq!(rest(&sender, &mut receiver).await, [2]);
    assert_eq!(tally.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_send_with_options_that_is_dropped_holds_no_key() {
    for polls in 0..4 {
        let (sender, mut receiver, tally) = full().await;
        let mut options = SendOptions::default();
        options.priority = 3;
        options.unique = Some(UniqueKey { key: "key".to_owned(), id: JobId::new() });
        assert!(cut_off(polls, sender.send_with(tally.one(1), options.clone())).await.is_none());
        assert_eq!(tally.alive(), 1);
        receiver.receive().await.unwrap().ack().await.unwrap();
        let accepted = soon(sender.send_with(tally.one(2), options)).await.unwrap();
        assert_eq!(accepted, job_orch::channel::Acceptance::New, "the key is free");
        assert_eq!(rest(&sender, &mut receiver).await, [2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_of_many_that_is_dropped_keeps_the_rest() {
    for polls in 0..12 {
        let (sender, mut receiver) = requests(2, Overflow::Wait);
        let tally = Tally::default();
        let mut messages: Vec<_> = (0..9).map(|number| tally.one(number)).collect();
        let mut seen = Vec::new();
        {
            let mut send = Box::pin(sender.send_many(&mut messages));
            for _ in 0..polls {
                if cut_off(1, &mut send).await.is_some() {
                    break;
                }
                let delivery = soon(receiver.receive()).await.unwrap();
                seen.push(delivery.message().number);
                delivery.ack().await.unwrap();
            }
        }
        seen.extend(rest(&sender, &mut receiver).await);
        seen.extend(messages.iter().map(|message| message.number));
        assert_eq!(seen, (0..9).collect::<Vec<_>>(), "after {polls} polls each is accepted or left, in order");
        drop(messages);
        assert_eq!(tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_dropped_has_received_nothing() {
    for polls in 0..6 {
        let (sender, mut receiver) = requests(16, Overflow::Wait);
        let tally = Tally::default();
        let feeder = sender.clone();
        let values: Vec<_> = (0..8).map(|number| tally.one(number)).collect();
        tokio::spawn(async move {
            for value in values {
                settle().await;
                feeder.send(value).await.unwrap();
            }
        });
        let mut seen = Vec::new();
        while seen.len() < 8 {
            match cut_off(polls, receiver.receive()).await {
                Some(delivery) => {
                    let delivery = delivery.unwrap();
                    seen.push(delivery.message().number);
                    delivery.ack().await.unwrap();
                }
                // So that those that are polled least get on too.
                None if polls < 2 => {
                    let delivery = soon(receiver.receive()).await.unwrap();
                    seen.push(delivery.message().number);
                    delivery.ack().await.unwrap();
                }
                None => {}
            }
        }
        assert_eq!(seen, (0..8).collect::<Vec<_>>());
        assert_eq!(tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_dropped_unsettled_comes_again() {
    let (sender, mut receiver, tally) = full().await;
    let settlings: [fn(job_orch::engine::memory::Lease<Counted>); 3] =
        [drop, |lease| drop(lease.nack(Return::Untouched)), |lease| drop(lease.nack(Return::Failed(Duration::ZERO)))];
    for settle in settlings {
        settle(soon(receiver.receive()).await.unwrap());
        assert_eq!((sender.waiting(), tally.alive()), (1, 1));
    }
    assert_eq!(rest(&sender, &mut receiver).await, [0]);
    assert_eq!(tally.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn receivers_that_come_and_go_starve_nobody() {
    let (sender, receiver) = requests::<Counted>(64, Overflow::Wait);
    let tally = Tally::default();
    let mut patient = receiver.clone();
    let reader = tokio::spawn(async move {
        let mut numbers = Vec::new();
        while let Ok(delivery) = patient.receive().await {
            numbers.push(delivery.message().number);
            delivery.ack().await.unwrap();
        }
        numbers
    });
    for number in 0..50 {
        let mut fickle = receiver.clone();
        // It waits with the patient one, is called, and leaves.
        let mut receive = Box::pin(fickle.receive());
        assert!(cut_off(1, &mut receive).await.is_none());
        let mut options = SendOptions::default();
        options.delay = (number % 2 == 1).then_some(Duration::from_secs(1));
        sender.send_with(tally.one(number), options).await.unwrap();
        drop(receive);
        settle().await;
    }
    sender.close();
    drop(receiver);
    let mut numbers = soon(reader).await.unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    assert_eq!(tally.alive(), 0);
}

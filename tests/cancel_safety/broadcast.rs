//! The response channel.

use futures_util::StreamExt;
use job_orch::channel::{McReceive, MpSend, ReceiveError};
use job_orch::engine::memory::{Listener, responses};
use job_orch::settings::Overflow;
use job_orch_tests::{Counted, Driver, Tally, cut_off, settle, soon};

/// The numbers that are left.
async fn rest(mut listener: Listener<Counted>) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        match soon(listener.receive()).await {
            Ok(message) => numbers.push(message.number),
            Err(ReceiveError::Closed) => return numbers,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped_has_sent_nothing() {
    for polls in 0..4 {
        let (sender, listener) = responses(1, Overflow::Wait);
        let tally = Tally::default();
        sender.send(tally.one(0)).await.unwrap();
        assert!(cut_off(polls, sender.send(tally.one(1))).await.is_none());
        assert_eq!(tally.alive(), 1);
        drop(sender);
        assert_eq!(rest(listener).await, [0]);
        assert_eq!(tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_of_many_that_is_dropped_keeps_the_rest() {
    for polls in 0..12 {
        let (sender, mut listener) = responses(2, Overflow::Wait);
        let tally = Tally::default();
        let mut messages: Vec<_> = (0..9).map(|number| tally.one(number)).collect();
        let mut seen = Vec::new();
        {
            let mut send = Box::pin(sender.send_many(&mut messages));
            for _ in 0..polls {
                if cut_off(1, &mut send).await.is_some() {
                    break;
                }
                seen.push(soon(listener.receive()).await.unwrap().number);
            }
        }
        drop(sender);
        seen.extend(rest(listener).await);
        seen.extend(messages.iter().map(|message| message.number));
        assert_eq!(seen, (0..9).collect::<Vec<_>>(), "after {polls} polls");
        drop(messages);
        assert_eq!(tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped_after_it_was_woken_lets_the_next_one_in() {
    let (sender, mut listener) = responses(1, Overflow::Wait);
    let tally = Tally::default();
    sender.send(tally.one(0)).await.unwrap();
    let mut giving_up = Driver::new(sender.send(tally.one(1)));
    let mut waiting = Driver::new(sender.send(tally.one(2)));
    assert!(giving_up.poll().is_pending() && waiting.poll().is_pending());
    drop(listener.receive().await.unwrap());
    assert_eq!(giving_up.woken(), 1);
    drop(giving_up);
    assert_eq!(waiting.woken(), 1);
    assert!(waiting.poll().is_ready());
    assert_eq!(soon(listener.receive()).await.unwrap().number, 2);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_dropped_has_received_nothing() {
    for polls in 0..4 {
        let (sender, mut listener) = responses(16, Overflow::Wait);
        let tally = Tally::default();
        let values: Vec<_> = (0..8).map(|number| tally.one(number)).collect();
        tokio::spawn(async move {
            for value in values {
                settle().await;
                sender.send(value).await.unwrap();
            }
        });
        let mut seen = Vec::new();
        for _ in 0..40 {
            // By turns one by one, by the stream, and all at once.
            match seen.len() % 3 {
                0 => seen.extend(cut_off(polls, listener.receive()).await.map(|one| one.unwrap().number)),
                1 => seen.extend(cut_off(polls, listener.next()).await.flatten().map(|one| one.unwrap().number)),
                _ => {
                    if let Some(Ok(many)) = cut_off(polls, listener.receive_many()).await {
                        seen.extend(many.iter().map(|one| one.number));
                    }
                }
            }
            if seen.len() == 8 {
                break;
            }
        }
        seen.extend(rest(listener).await);
        assert_eq!(seen, (0..8).collect::<Vec<_>>());
        assert_eq!(tally.alive(), 0);
    }
}

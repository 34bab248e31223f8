//! The end of a request channel, racing with everything else.

use std::sync::Arc;

use job_orch::channel::{Delivery, McReceive, MpSend};
use job_orch::engine::memory::requests;
use job_orch::settings::Overflow;
use shuttle::future::{spawn, yield_now};

use super::explore::{explore, joined, polled, send_all, take_all, together};

#[test]
fn what_is_accepted_before_the_close_arrives() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        let sending = (0..2).map(|own| spawn(send_all(sender.clone(), own * 10..own * 10 + 2))).collect();
        let taking = (0..2).map(|_| spawn(take_all(receiver.clone()))).collect();
        drop(receiver);
        let closing = spawn(async move { sender.close() });
        let accepted = together(sending).await;
        joined(closing).await;
        assert_eq!(together(taking).await, accepted);
    });
}

#[test]
fn the_last_receiver_tells_every_sender() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        let sending = (0..3).map(|own| spawn(send_all(sender.clone(), own * 10..own * 10 + 2))).collect();
        let leaving: Vec<_> = (0..2)
            .map(|polls| {
                let mut receiver = receiver.clone();
                spawn(async move { drop(polled(polls, receiver.receive()).await) })
            })
            .collect();
        drop(receiver);
        // Nobody waits for ever, whatever was accepted.
        together(sending).await;
        for task in leaving {
            joined(task).await;
        }
    });
}

#[test]
fn the_last_sender_tells_every_receiver() {
    explore(|| async {
        let (sender, receiver) = requests(2, Overflow::Wait);
        let taking = (0..3).map(|_| spawn(take_all(receiver.clone()))).collect();
        drop(receiver);
        let sending = (0..2).map(|own| spawn(send_all(sender.clone(), [own]))).collect();
        drop(sender);
        assert_eq!(together(sending).await, [0, 1]);
        assert_eq!(together(taking).await, [0, 1]);
    });
}

#[test]
fn what_is_drained_is_not_received() {
    explore(|| async {
        let (sender, receiver) = requests(2, Overflow::Wait);
        let sending = spawn(send_all(sender.clone(), 0..4));
        let taking = spawn(take_all(receiver));
        let draining = spawn(async move {
            yield_now().await;
            sender.drain()
        });
        let accepted = joined(sending).await;
        assert_eq!(together(vec![taking, draining]).await, accepted);
    });
}

#[test]
fn nothing_is_left_behind() {
    explore(|| async {
        let life = Arc::new(());
        let (sender, receiver) = requests(1, Overflow::Wait);
        let sending: Vec<_> = (0..2)
            .map(|_| {
                let (sender, life) = (sender.clone(), Arc::clone(&life));
                spawn(async move { drop(sender.send(life).await) })
            })
            .collect();
        drop(sender);
        let holding: Vec<_> = (0..2)
            .map(|polls| {
                let mut receiver = receiver.clone();
                spawn(async move {
                    let held = polled(polls + 1, receiver.receive()).await;
                    // The receiver goes first: what is held may return to nobody.
                    drop(receiver);
                    if let Some(Ok(delivery)) = held {
                        assert_eq!(delivery.attempt(), 1);
                    }
                })
            })
            .collect();
        drop(receiver);
        for task in sending.into_iter().chain(holding) {
            joined(task).await;
        }
        assert_eq!(Arc::strong_count(&life), 1, "every message is let go");
    });
}

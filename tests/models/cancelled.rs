//! Futures that are dropped while somebody wakes them: the wake-up must not be lost with them.

use job_orch::channel::{Delivery, McReceive, MpSend};
use job_orch::engine::memory::requests;
use job_orch::settings::Overflow;
use shuttle::future::spawn;

use super::explore::{begun, explore, joined, polled, send_all, settled, take_all, together};

/// Receives with a patience of so many polls each time, so often, and leaves.
async fn take_impatiently(mut receiver: impl McReceive<Message = u32>, polls: usize, times: usize) -> Vec<u32> {
    let mut taken = Vec::new();
    for _ in 0..times {
        if let Some(Ok(delivery)) = polled(polls, receiver.receive()).await {
            taken.push(*delivery.message());
            settled(delivery.ack()).await;
        }
    }
    taken
}

/// Sends each number with a patience of so many polls, and says which were accepted.
async fn send_impatiently(sender: impl MpSend<Message = u32>, polls: usize, numbers: Vec<u32>) -> Vec<u32> {
    let mut accepted = Vec::new();
    for number in numbers {
        if let Some(Ok(())) = polled(polls, sender.send(number)).await {
            accepted.push(number);
        }
    }
    accepted
}

#[test]
fn a_receiver_that_gives_up_wakes_another() {
    explore(|| async {
        let (sender, receiver) = requests(2, Overflow::Wait);
        let taking = vec![
            spawn(take_impatiently(receiver.clone(), 1, 3)),
            spawn(take_impatiently(receiver.clone(), 2, 2)),
            spawn(take_all(receiver.clone())),
        ];
        let sent = joined(spawn(send_all(sender, 0..4))).await;
        let mut taken = together(taking).await;
        // What an impatient one had fetched ahead may come back after the patient one has seen the end.
        taken.extend(take_all(receiver).await);
        taken.sort_unstable();
        assert_eq!(taken, sent);
    });
}

#[test]
fn a_receiver_that_is_held_back_keeps_the_others_going() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        // Woken and gone before it looked, while the one that stays is asleep too.
        let leaving = spawn(take_impatiently(receiver.clone(), 1, 1));
        let staying = spawn(take_all(receiver.clone()));
        let sending = vec![spawn(send_all(sender.clone(), [1])), spawn(send_all(sender, [2]))];
        assert_eq!(together(sending).await, [1, 2]);
        let mut taken = together(vec![leaving, staying]).await;
        taken.extend(take_all(receiver).await);
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    });
}

#[test]
fn a_sender_that_gives_up_lets_another_in() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        let sending = vec![
            spawn(send_impatiently(sender.clone(), 1, vec![0, 1])),
            spawn(send_impatiently(sender.clone(), 2, vec![10, 11])),
            spawn(send_all(sender, [20, 21])),
        ];
        let taking = spawn(take_all(receiver));
        assert_eq!(together(sending).await, together(vec![taking]).await);
    });
}

#[test]
fn a_batch_that_gives_up_lets_another_in() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        let batch = {
            let sender = sender.clone();
            spawn(async move {
                let mut batch = vec![0, 1, 2];
                let _ = polled(3, sender.send_many(&mut batch)).await;
                (0..3 - batch.len() as u32).collect::<Vec<u32>>()
            })
        };
        let sending = vec![batch, spawn(send_all(sender, [20, 21]))];
        let taking = spawn(take_all(receiver));
        assert_eq!(together(sending).await, together(vec![taking]).await);
    });
}

#[test]
fn everybody_gives_up_now_and_then() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        let sending = vec![spawn(send_impatiently(sender.clone(), 1, vec![0, 1])), spawn(send_all(sender, [20, 21]))];
        let taking = vec![spawn(take_impatiently(receiver.clone(), 1, 2)), spawn(take_all(receiver.clone()))];
        let sent = together(sending).await;
        let mut taken = together(taking).await;
        taken.extend(take_all(receiver).await);
        taken.sort_unstable();
        assert_eq!(taken, sent);
    });
}

#[test]
fn a_receiver_that_moves_to_another_task_is_woken() {
    explore(|| async {
        let (sender, mut receiver) = requests(1, Overflow::Wait);
        let mut first = Box::pin(async move {
            settled(receiver.receive().await.expect("one comes").ack()).await;
            receiver
        });
        assert!(begun(first.as_mut()).await.is_none(), "nothing is there");
        let moved = spawn(async move { take_all(first.await).await });
        assert_eq!(joined(spawn(send_all(sender, [1, 2]))).await, [1, 2]);
        assert_eq!(joined(moved).await, [2]);
    });
}

#[test]
fn a_sender_that_moves_to_another_task_is_woken() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        assert_eq!(send_all(sender.clone(), [1]).await, [1]);
        let mut second = Box::pin(async move { sender.send(2).await });
        assert!(begun(second.as_mut()).await.is_none(), "there is no room");
        let moved = spawn(second);
        assert_eq!(joined(spawn(take_all(receiver))).await, [1, 2]);
        assert!(joined(moved).await.is_ok(), "there is room in the end");
    });
}

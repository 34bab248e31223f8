//! The request channel: producers and consumers that meet on very little room.

use job_orch::JobId;
use job_orch::channel::{Acceptance, Delivery, McReceive, MpSend, Return, SendOptions, UniqueKey};
use job_orch::engine::memory::{Receiver, requests};
use job_orch::settings::Overflow;
use shuttle::future::{spawn, yield_now};

use super::explore::{explore, joined, send_all, settled, take_all, together};

async fn each_request_arrives_once(senders: u32, receivers: u32, capacity: usize) {
    let (sender, receiver) = requests(capacity, Overflow::Wait);
    let taking = (0..receivers).map(|_| spawn(take_all(receiver.clone()))).collect();
    drop(receiver);
    let sending = (0..senders).map(|own| spawn(send_all(sender.clone(), own * 10..own * 10 + 3))).collect();
    drop(sender);
    let sent = together(sending).await;
    assert_eq!(sent.len(), senders as usize * 3, "every send is accepted in the end");
    assert_eq!(together(taking).await, sent);
}

#[test]
fn two_senders_and_two_receivers_on_one_place() {
    explore(|| each_request_arrives_once(2, 2, 1));
}

#[test]
fn three_senders_and_three_receivers_on_two_places() {
    explore(|| each_request_arrives_once(3, 3, 2));
}

#[test]
fn one_sender_and_three_receivers() {
    explore(|| each_request_arrives_once(1, 3, 2));
}

#[test]
fn batches_and_single_requests_meet() {
    explore(|| async {
        let (sender, receiver) = requests(2, Overflow::Wait);
        let taking = (0..2).map(|_| spawn(take_all(receiver.clone()))).collect();
        drop(receiver);
        let single = spawn(send_all(sender.clone(), 10..13));
        let batch = spawn(async move {
            let mut batch = vec![0, 1, 2, 3, 4];
            sender.send_many(&mut batch).await.expect("all are accepted");
            assert!(batch.is_empty(), "what was accepted has left the vector");
        });
        joined(batch).await;
        assert_eq!(joined(single).await, [10, 11, 12]);
        assert_eq!(together(taking).await, [0, 1, 2, 3, 4, 10, 11, 12]);
    });
}

#[test]
fn every_idle_receiver_is_woken() {
    explore(|| async {
        let (sender, receiver) = requests(4, Overflow::Wait);
        // Each takes one and holds it until all have theirs: nobody else can stand in.
        let taking: Vec<_> = (0..3)
            .map(|_| {
                let mut receiver = receiver.clone();
                spawn(async move {
                    let delivery = receiver.receive().await.expect("one for each");
                    receiver.release();
                    (delivery, receiver)
                })
            })
            .collect();
        let sending = spawn(send_all(sender.clone(), 0..3));
        let mut held = Vec::new();
        for task in taking {
            held.push(joined(task).await);
        }
        joined(sending).await;
        let mut numbers: Vec<u32> = held.iter().map(|(delivery, _)| *delivery.message()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    });
}

#[test]
fn returned_requests_come_again() {
    explore(|| async {
        let (sender, receiver) = requests(2, Overflow::Wait);
        let taking = (0..2)
            .map(|own| {
                let mut receiver = receiver.clone();
                spawn(async move {
                    // The first delivery of each goes back, one way or the other.
                    match receiver.receive().await {
                        Ok(delivery) if own == 0 => drop(delivery),
                        Ok(delivery) => settled(delivery.nack(Return::Untouched)).await,
                        Err(_) => return Vec::new(),
                    }
                    take_all(receiver).await
                })
            })
            .collect();
        // The last receiver sees to what returns after the others have seen the end.
        let sent = joined(spawn(send_all(sender.clone(), 0..4))).await;
        drop(sender);
        let mut taken = together(taking).await;
        taken.extend(take_all(receiver).await);
        taken.sort_unstable();
        assert_eq!(taken, sent);
    });
}

/// Handles requests where they lie, and gives the rest back each time, until it has handled so many.
async fn handle_in_place(mut receiver: Receiver<u32>, most: usize) -> Vec<u32> {
    let mut done = Vec::new();
    while done.len() < most {
        if let Some(fetched) = receiver.first_fetched() {
            let number = *fetched.first();
            if number % 2 == 0 {
                fetched.release_rest();
                yield_now().await;
            }
            if number == 4 {
                // It leaves with this one in hand.
                return done;
            }
            receiver.drop_fetched();
            done.push(number);
            continue;
        }
        match receiver.fetch().await {
            Ok(None) => {}
            Ok(Some(delivery)) => {
                done.push(*delivery.message());
                settled(delivery.ack()).await;
            }
            Err(_) => return done,
        }
    }
    done
}

#[test]
fn what_is_handled_where_it_lies_is_handled_once() {
    explore(|| async {
        let (sender, receiver) = requests(8, Overflow::Wait);
        let sent = send_all(sender.clone(), 0..8).await;
        let taking = vec![
            spawn(handle_in_place(receiver.clone(), 6)),
            spawn(handle_in_place(receiver.clone(), 6)),
            spawn(async move {
                yield_now().await;
                drop(sender);
                Vec::new()
            }),
        ];
        let mut taken = together(taking).await;
        taken.extend(take_all(receiver).await);
        taken.sort_unstable();
        assert_eq!(taken, sent);
    });
}

#[test]
fn one_of_two_duplicates_is_accepted() {
    explore(|| async {
        let (sender, mut receiver) = requests(1, Overflow::Wait);
        let offers: Vec<_> = (0..2)
            .map(|number| {
                let sender = sender.clone();
                spawn(async move {
                    let id = JobId::new();
                    let mut options = SendOptions::default();
                    options.unique = Some(UniqueKey { key: "key".to_owned(), id });
                    (id, sender.send_with(number, options).await.expect("accepted, or a duplicate"))
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for offer in offers {
            outcomes.push(joined(offer).await);
        }
        outcomes.sort_by_key(|(_, outcome)| *outcome != Acceptance::New);
        let [(winner, Acceptance::New), (_, loser)] = outcomes[..] else { panic!("one of two wins: {outcomes:?}") };
        assert_eq!(loser, Acceptance::Duplicate(winner));
        drop(sender);
        settled(receiver.receive().await.expect("one is there").ack()).await;
        assert!(receiver.receive().await.is_err(), "and no second one");
    });
}

#[test]
fn a_request_is_withdrawn_or_received() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Wait);
        sender.send(1).await.expect("there is room");
        let withdrawing = {
            let sender = sender.clone();
            spawn(async move { sender.withdraw_where(|number| *number == 1).into_iter().collect::<Vec<u32>>() })
        };
        // It waits for the room that either of them makes.
        let sending = spawn(send_all(sender.clone(), [2]));
        drop(sender);
        yield_now().await;
        let taking = spawn(take_all(receiver));
        assert_eq!(joined(sending).await, [2]);
        assert_eq!(together(vec![withdrawing, taking]).await, [1, 2], "either of them has it, and never both");
    });
}

#[test]
fn a_channel_that_sheds_refuses_nobody() {
    explore(|| async {
        let (sender, receiver) = requests(1, Overflow::Shed);
        let taking = spawn(take_all(receiver.clone()));
        drop(receiver);
        let sending: Vec<_> = (0..2)
            .map(|own| {
                let sender = sender.clone();
                spawn(async move {
                    for number in 0..3 {
                        sender.try_send(own * 10 + number).expect("it makes room for it");
                        yield_now().await;
                    }
                })
            })
            .collect();
        drop(sender);
        for sender in sending {
            joined(sender).await;
        }
        joined(taking).await;
    });
}

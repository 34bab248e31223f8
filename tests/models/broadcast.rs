//! The broadcast: publishing, receiving, cloning and leaving at once, under each policy.

use job_orch::channel::{McReceive, MpSend, ReceiveError};
use job_orch::engine::memory::{Broadcast, Listener, responses};
use job_orch::settings::Overflow;
use shuttle::future::spawn;

use super::explore::{begun, explore, joined, polled, send_all, take_all};

/// Receives to the end from the number `expected` on; every number must be the next one, or its lag told before, and
/// none from `kept` on may be missed: there is room for those. Returns the number after the last.
async fn follow(mut listener: Listener<u32>, mut expected: u32, kept: u32) -> u32 {
    loop {
        match listener.receive().await {
            Ok(number) => {
                assert_eq!(*number, expected, "what was missed was told before");
                expected += 1;
            }
            Err(ReceiveError::Lagged(missed)) => {
                expected += u32::try_from(missed).expect("a small number");
                assert!(expected <= kept, "there was room for {expected}");
            }
            Err(_) => return expected,
        }
    }
}

async fn send_batches(sender: Broadcast<u32>, count: u32) {
    let mut next = 0;
    while next < count {
        let mut batch: Vec<u32> = (next..count.min(next + 2)).collect();
        next += batch.len() as u32;
        sender.send_many(&mut batch).await.expect("all are accepted");
    }
}

#[test]
fn every_listener_sees_everything() {
    explore(|| async {
        let (sender, listener) = responses(1, Overflow::Wait);
        let listening: Vec<_> = (0..2).map(|_| spawn(take_all(listener.clone()))).collect();
        drop(listener);
        let sending: Vec<_> = (0..2).map(|own| spawn(send_all(sender.clone(), own * 10..own * 10 + 2))).collect();
        drop(sender);
        for task in sending {
            assert_eq!(joined(task).await.len(), 2);
        }
        for task in listening {
            let seen = joined(task).await;
            let of = |own: u32| seen.iter().copied().filter(|number| number / 10 == own).collect::<Vec<_>>();
            assert_eq!((of(0), of(1)), (vec![0, 1], vec![10, 11]));
        }
    });
}

#[test]
fn a_listener_that_leaves_frees_the_senders() {
    explore(|| async {
        let (sender, listener) = responses(1, Overflow::Wait);
        let leaving: Vec<_> = (0..2)
            .map(|polls| {
                let mut listener = listener.clone();
                spawn(async move { drop(polled(polls, listener.receive()).await) })
            })
            .collect();
        let staying = spawn(follow(listener.clone(), 0, 0));
        drop(listener);
        let sending = spawn(send_batches(sender, 5));
        joined(sending).await;
        assert_eq!(joined(staying).await, 5);
        for task in leaving {
            joined(task).await;
        }
    });
}

#[test]
fn the_last_listener_frees_every_sender() {
    explore(|| async {
        let (sender, mut listener) = responses(1, Overflow::Wait);
        let sending: Vec<_> = (0..3).map(|own| spawn(send_all(sender.clone(), own * 10..own * 10 + 2))).collect();
        let leaving = spawn(async move { drop(polled(1, listener.receive()).await) });
        for task in sending {
            assert_eq!(joined(task).await.len(), 2, "nobody is left to wait for");
        }
        joined(leaving).await;
    });
}

#[test]
fn a_broadcasting_sender_that_gives_up_lets_another_in() {
    explore(|| async {
        let (sender, listener) = responses(1, Overflow::Wait);
        let listening = spawn(take_all(listener));
        let impatient = {
            let sender = sender.clone();
            spawn(async move {
                let mut accepted = 0;
                for number in 0..2 {
                    accepted += usize::from(polled(1, sender.send(number)).await.is_some());
                }
                accepted
            })
        };
        let patient = spawn(send_all(sender, [10, 11]));
        let accepted = joined(impatient).await + joined(patient).await.len();
        assert_eq!(joined(listening).await.len(), accepted);
    });
}

#[test]
fn lag_is_exact() {
    explore(|| async {
        let (sender, listener) = responses(2, Overflow::DropOldest);
        let listening: Vec<_> = (0..2).map(|_| spawn(follow(listener.clone(), 0, 5))).collect();
        drop(listener);
        joined(spawn(send_batches(sender, 7))).await;
        for task in listening {
            assert_eq!(joined(task).await, 7, "missed and received are together what was sent");
        }
    });
}

#[test]
fn lag_is_exact_for_clones() {
    explore(|| async {
        let (sender, mut listener) = responses(3, Overflow::DropOldest);
        let listening = spawn(async move {
            let expected = match listener.receive().await {
                Ok(number) => *number + 1,
                Err(ReceiveError::Lagged(missed)) => u32::try_from(missed).expect("a small number"),
                Err(_) => panic!("something was sent"),
            };
            let clone = spawn(follow(listener.clone(), expected, 5));
            (follow(listener, expected, 5).await, joined(clone).await)
        });
        joined(spawn(send_batches(sender, 8))).await;
        assert_eq!(joined(listening).await, (8, 8));
    });
}

#[test]
fn skipped_responses_are_a_lag() {
    explore(|| async {
        let (sender, listener) = responses(2, Overflow::Refuse);
        let listening: Vec<_> = (0..2).map(|_| spawn(follow(listener.clone(), 0, 6))).collect();
        drop(listener);
        let sending = spawn(async move {
            for number in 0..6 {
                if sender.send(number).await.is_err() {
                    sender.skip(1);
                }
            }
        });
        joined(sending).await;
        for task in listening {
            assert_eq!(joined(task).await, 6, "refused and received are together what was sent");
        }
    });
}

#[test]
fn a_listener_that_moves_to_another_task_is_woken() {
    explore(|| async {
        let (sender, mut listener) = responses(1, Overflow::Wait);
        let mut first = Box::pin(async move { (listener.receive().await.map(|number| *number), listener) });
        assert!(begun(first.as_mut()).await.is_none(), "nothing is there");
        let moved = spawn(async move {
            let (number, listener) = first.await;
            assert_eq!(number.ok(), Some(0));
            follow(listener, 1, 0).await
        });
        joined(spawn(send_batches(sender, 3))).await;
        assert_eq!(joined(moved).await, 3);
    });
}

#[test]
fn a_late_listener_sees_the_rest() {
    explore(|| async {
        let (sender, listener) = responses(1, Overflow::Wait);
        drop(listener);
        let late = {
            let sender = sender.clone();
            spawn(async move {
                let mut listener = sender.listen();
                drop(sender);
                match listener.receive().await {
                    Ok(number) => follow(listener, *number + 1, 0).await,
                    Err(_) => 5,
                }
            })
        };
        joined(spawn(send_batches(sender, 5))).await;
        assert_eq!(joined(late).await, 5, "from its first response on, it misses none");
    });
}

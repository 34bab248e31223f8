//! A request that was accepted is kept; one that was not comes back.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch::{Durability, Refusal};
use job_orch_tests::{Driver, Gate, Log, settle, soon};
use tokio::time::{Instant, advance};

#[job]
async fn note(number: &u64, notes: &Log<(u64, Instant)>) {
    notes.push((*number, Instant::now()));
}

#[job]
#[processor(requests(capacity = 2, full = wait))]
async fn queue_up(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
#[processor(requests(capacity = 2, full = refuse))]
async fn turn_away(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
async fn elsewhere(_: &String) {}

async fn noting() -> (Orchestrator<Memory>, Log<(u64, Instant)>) {
    let notes = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(notes.clone()).host(Note).start().await.unwrap();
    (orch, notes)
}

#[tokio::test]
async fn a_receipt_says_what_the_request_survives() {
    let (orch, notes) = noting().await;
    let first = orch.send(Note, 1).await.unwrap();
    let second = orch.send(Note, 2).await.unwrap();
    assert_eq!((first.durability, first.is_duplicate), (Durability::Memory, false));
    assert!(first.id < second.id, "ids sort by the time of sending");
    orch.shutdown().await.unwrap();
    assert_eq!(notes.entries().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_request_of_a_job_that_is_not_hosted_comes_back() {
    let (orch, _) = noting().await;
    let refused = orch.send(Elsewhere, "hey".to_owned()).await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::NotHosted));
    assert_eq!((refused.job(), refused.is_retryable()), ("elsewhere", false));
    assert!(refused.to_string().contains("`elsewhere`"));
    assert_eq!(refused.into_request(), "hey");
    let refused = orch.send_many(Elsewhere, ["a".to_owned(), "b".to_owned()]).await.unwrap_err();
    assert_eq!(refused.into_request(), ["a", "b"]);
}

#[tokio::test]
async fn a_request_after_the_shutdown_comes_back() {
    let (orch, _) = noting().await;
    orch.shutdown().await.unwrap();
    let refused = orch.send(Note, 7).await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Closed));
    assert_eq!(refused.into_request(), 7);
    let refused = orch.send(Note, 8).after("1s").await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Closed));
    let refused = orch.send_many(Note, [1, 2]).await.unwrap_err();
    assert_eq!((refused.job(), refused.into_request()), ("note", vec![1, 2]));
}

#[tokio::test(start_paused = true)]
async fn a_send_waits_while_the_channel_is_full() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(QueueUp).start().await.unwrap();
    orch.send(QueueUp, 0).await.unwrap();
    gate.reached_by(1).await;
    orch.send_many(QueueUp, [1, 2]).await.unwrap();
    let mut send = Driver::new(orch.send(QueueUp, 3));
    assert!(send.poll().is_pending());
    assert_eq!(send.woken(), 0);
    gate.let_through(1);
    gate.reached_by(2).await;
    assert_eq!(send.woken(), 1);
    assert!(send.poll().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_that_refuses_gives_the_request_back() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(TurnAway).start().await.unwrap();
    orch.send(TurnAway, 0).await.unwrap();
    gate.reached_by(1).await;
    orch.send_many(TurnAway, [1, 2]).await.unwrap();
    let refused = soon(orch.send(TurnAway, 3)).await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Full) && refused.is_retryable());
    assert_eq!(refused.into_request(), 3);
    let refused = soon(orch.send(TurnAway, 4).priority(9)).await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Full), "urgency makes no room");
}

#[tokio::test(start_paused = true)]
async fn a_send_may_ask_not_to_wait_for_room() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(QueueUp).start().await.unwrap();
    orch.send(QueueUp, 0).await.unwrap();
    gate.reached_by(1).await;
    orch.send_many(QueueUp, [1, 2]).await.unwrap();
    let refused = soon(orch.send(QueueUp, 3).refuse_if_full()).await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Full));
}

#[tokio::test(start_paused = true)]
async fn many_requests_go_in_order_and_get_ids_in_order() {
    let (orch, notes) = noting().await;
    let ids = orch.send_many(Note, 0..3000).await.unwrap();
    assert!(ids.is_sorted() && ids.len() == 3000);
    orch.shutdown().await.unwrap();
    let ran: Vec<u64> = notes.entries().iter().map(|(number, _)| *number).collect();
    assert_eq!(ran, (0..3000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn of_many_requests_those_without_room_come_back() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(TurnAway).start().await.unwrap();
    let mut responses = orch.responses(TurnAway);
    orch.send(TurnAway, 0).await.unwrap();
    gate.reached_by(1).await;
    let refused = orch.send_many(TurnAway, [1, 2, 3, 4]).await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Full));
    let accepted = refused.accepted().to_vec();
    assert_eq!(refused.into_request(), [3, 4]);
    gate.open();
    let mut answered = Vec::new();
    for expected in 0..3 {
        let response = soon(responses.receive()).await.unwrap();
        assert_eq!(response.outcome, Ok(expected));
        answered.push(response.id);
    }
    assert_eq!(answered[1..], accepted, "of those that were accepted the ids are told");
    assert_eq!(orch.health().await.jobs[0].accepted, 3);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_runs_when_it_is_due_and_no_earlier() {
    let (orch, notes) = noting().await;
    let begun = Instant::now();
    orch.send(Note, 3).after("3s").await.unwrap();
    orch.send(Note, 1).after(Duration::from_secs(1)).await.unwrap();
    orch.send(Note, 0).await.unwrap();
    orch.send(Note, 2).after("2s").await.unwrap();
    orch.shutdown().await.unwrap();
    let ran: Vec<_> = notes.entries().iter().map(|(number, at)| (*number, (*at - begun).as_secs())).collect();
    assert_eq!(ran, [(0, 0), (1, 1), (2, 2), (3, 3)]);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_due_together_go_in_the_order_of_sending() {
    let (orch, notes) = noting().await;
    for number in 0..100 {
        orch.send(Note, number).after("1s").await.unwrap();
    }
    orch.shutdown().await.unwrap();
    assert_eq!(notes.entries().iter().map(|(number, _)| *number).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_delay_that_is_none_comes_back() {
    let (orch, _) = noting().await;
    let refused = orch.send(Note, 5).after("soon").await.unwrap_err();
    assert!(matches!(refused.reason(), Refusal::InvalidSpan(_)), "{refused}");
    assert_eq!(refused.into_request(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_delay_beyond_the_end_of_the_clock_waits() {
    let (orch, notes) = noting().await;
    let receipt = orch.send(Note, 5).after(Duration::MAX).await.unwrap();
    advance(Duration::from_secs(3600)).await;
    settle().await;
    assert!(notes.is_empty());
    assert!(orch.cancel(Note, receipt.id).await);
}

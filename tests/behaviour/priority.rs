//! Urgent requests go first, and none waits for ever.

use job_orch::prelude::*;
use job_orch_tests::{Gate, Log, settle, soon};

#[job]
async fn note(number: &i64, notes: &Log<i64>, gate: &Gate) {
    gate.pass().await;
    notes.push(*number);
}

/// An orchestrator whose only worker is held up by the request -1000.
async fn held_up() -> (Orchestrator<Memory>, Log<i64>, Gate) {
    let (notes, gate) = (Log::new(), Gate::shut());
    let orch = Orchestrator::on(Memory::new()).share(notes.clone()).share(gate.clone()).host(Note);
    let orch = orch.start().await.unwrap();
    orch.send(Note, -1000).await.unwrap();
    gate.reached_by(1).await;
    (orch, notes, gate)
}

#[tokio::test(start_paused = true)]
async fn a_higher_priority_goes_first() {
    let (orch, notes, gate) = held_up().await;
    for priority in [0_i16, -5, 7, 3, i16::MIN, i16::MAX] {
        orch.send(Note, priority.into()).priority(priority).await.unwrap();
    }
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(notes.entries(), [-1000, i16::MAX.into(), 7, 3, 0, -5, i16::MIN.into()]);
}

#[tokio::test(start_paused = true)]
async fn requests_of_one_priority_go_in_order() {
    let (orch, notes, gate) = held_up().await;
    for number in 0..20 {
        orch.send(Note, number).priority(5).await.unwrap();
    }
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(notes.entries()[1..], (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_urgent_too() {
    let (orch, notes, gate) = held_up().await;
    orch.send_many(Note, [1, 2]).await.unwrap();
    let call = async { soon(orch.call(Note, 9).priority(1)).await.unwrap() };
    let open = async {
        settle().await;
        gate.open();
    };
    tokio::join!(call, open);
    orch.shutdown().await.unwrap();
    assert_eq!(notes.entries(), [-1000, 9, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn the_lowest_priority_gets_every_33rd_turn() {
    let (orch, notes, gate) = held_up().await;
    for number in 0..100 {
        orch.send(Note, number).priority(1).await.unwrap();
    }
    orch.send_many(Note, [-1, -2]).await.unwrap();
    gate.open();
    orch.shutdown().await.unwrap();
    let ran = &notes.entries()[1..];
    assert_eq!(ran.iter().position(|number| *number == -1), Some(32));
    assert_eq!(ran.iter().position(|number| *number == -2), Some(65));
}

#[tokio::test(start_paused = true)]
async fn a_priority_below_the_usual_gets_every_33rd_turn_too() {
    let (orch, notes, gate) = held_up().await;
    orch.send_many(Note, 0..100).await.unwrap();
    orch.send(Note, -1).priority(-1).await.unwrap();
    orch.send(Note, -2).priority(-2).await.unwrap();
    gate.open();
    orch.shutdown().await.unwrap();
    let ran = &notes.entries()[1..];
    assert_eq!(ran.iter().position(|number| *number == -2), Some(32), "the lowest first: it waits for the most");
}

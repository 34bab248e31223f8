//! A full channel in memory that sheds: what gives way is a dead letter, and its caller is told.

use job_orch::Refusal;
use job_orch::prelude::*;
use job_orch::settings::Overflow;
use job_orch_tests::{Bare, Gate, Log, soon};

#[job]
#[processor(requests(capacity = 2, full = shed))]
async fn wait(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

/// One runs, and two wait.
async fn full() -> (Orchestrator<Memory>, Gate, Vec<JobId>) {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Wait).start().await.unwrap();
    orch.send(Wait, 0).await.unwrap();
    gate.reached_by(1).await;
    let ids = vec![orch.send(Wait, 1).await.unwrap().id, orch.send(Wait, 2).await.unwrap().id];
    (orch, gate, ids)
}

async fn dead(orch: &Orchestrator<Memory>) -> Vec<JobId> {
    let letters = orch.dead_letters(Wait).await.unwrap();
    assert!(letters.iter().all(|letter| letter.reason.kind == FailureKind::Shed));
    letters.into_iter().map(|letter| letter.id).collect()
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room_and_can_be_sent_again() {
    let (orch, gate, ids) = full().await;
    let mut responses = orch.responses(Wait);
    orch.send(Wait, 3).await.unwrap();
    assert_eq!(dead(&orch).await, ids[..1]);
    let shed = responses.receive().await.unwrap();
    assert_eq!((shed.id, shed.outcome.as_ref().unwrap_err().kind), (ids[0], FailureKind::Shed));
    gate.open();
    for number in [0, 2, 3] {
        assert_eq!(responses.receive().await.unwrap().outcome, Ok(number));
    }
    assert!(orch.redrive(Wait, ids[0]).await.unwrap());
    assert_eq!(responses.receive().await.unwrap().outcome, Ok(1));
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_caller_of_what_was_shed_is_told() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Wait).start().await.unwrap();
    orch.send(Wait, 0).await.unwrap();
    gate.reached_by(1).await;
    let (call, ()) = tokio::join!(orch.call(Wait, 1), async {
        orch.send_many(Wait, [2, 3, 4]).await.unwrap();
    });
    assert!(matches!(call, Err(CallError::Shed { .. })), "{call:?}");
    assert_eq!(dead(&orch).await.len(), 2);
    gate.open();
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_lowest_priority_goes_first_and_a_lower_one_is_refused() {
    let (orch, gate, ids) = full().await;
    let low = orch.send(Wait, 10).priority(-1).await.unwrap_err();
    assert!(matches!(low.reason(), Refusal::Full), "{low}");
    orch.send(Wait, 11).priority(9).await.unwrap();
    orch.send(Wait, 12).priority(8).await.unwrap();
    assert_eq!(dead(&orch).await, ids);
    let plain = orch.send(Wait, 13).await.unwrap_err();
    assert!(matches!(plain.reason(), Refusal::Full), "{plain}");
    let above = orch.send(Wait, 14).priority(8).await;
    assert!(above.is_ok());
    assert_eq!(dead(&orch).await.len(), 3);
    gate.open();
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_unique_key_of_what_was_shed_is_free() {
    let (orch, gate, _) = full().await;
    orch.send(Wait, 3).unique("key").await.unwrap();
    orch.send(Wait, 4).priority(1).await.unwrap();
    orch.send(Wait, 5).priority(1).await.unwrap();
    assert!(!orch.send(Wait, 6).priority(1).unique("key").await.unwrap().is_duplicate);
    gate.open();
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn responses_are_not_shed_and_bytes_are_not_none() {
    for serving in [Wait::SERVING.full_responses(Overflow::Shed), Wait::SERVING.request_bytes(0)] {
        let orch = Orchestrator::on(Memory::new()).share(Gate::shut()).host_with(Wait, serving).start().await;
        assert!(matches!(orch, Err(job_orch::Error::InvalidServing { job: "wait", .. })));
    }
}

/// Fails once, and leads those who ask for the same meanwhile.
#[job(cache(ttl = "1h"), retry(max = 1, backoff = constant("1h")))]
#[processor(requests(capacity = 1, full = shed))]
async fn learn(number: &u64, ran: &Log<u64>) -> Result<u64, Bare> {
    ran.push(*number);
    if ran.len() == 1 { Err(Bare::of("not yet")) } else { Ok(*number) }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_same_as_what_was_shed_is_answered() {
    let ran = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(ran.clone()).host(Learn).start().await.unwrap();
    let first = tokio::spawn({
        let orch = orch.clone();
        async move { orch.call(Learn, 1).await }
    });
    while ran.is_empty() {
        tokio::task::yield_now().await;
    }
    // The only place is taken by the first one, which waits for its retry.
    assert_eq!(soon(orch.call(Learn, 1)).await.unwrap(), 1);
    assert!(matches!(first.await.unwrap(), Err(CallError::Shed { .. })));
    orch.shutdown().await.unwrap();
}

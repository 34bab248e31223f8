//! Of several requests with one key, one is accepted at a time.

use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, settle, soon};

#[job(retry(max = 1, backoff = constant("10s"), jitter = 0))]
async fn work(ends_well: &bool, gate: &Gate) -> Result<(), Bare> {
    gate.pass().await;
    if *ends_well { Ok(()) } else { Err(Bare::of("it went wrong")) }
}

async fn working() -> (Orchestrator<Memory>, Gate) {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Work).start().await.unwrap();
    (orch, gate)
}

#[tokio::test(start_paused = true)]
async fn a_second_request_with_the_key_of_one_that_runs_is_a_duplicate() {
    let (orch, gate) = working().await;
    let first = orch.send(Work, true).unique("key").await.unwrap();
    gate.reached_by(1).await;
    let second = orch.send(Work, true).unique("key").await.unwrap();
    assert!(!first.is_duplicate && second.is_duplicate);
    assert_eq!(second.id, first.id, "a duplicate gets the id of the one that was there before");
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(gate.arrived(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_request_with_the_key_of_one_that_waits_is_a_duplicate() {
    let (orch, gate) = working().await;
    orch.send(Work, true).await.unwrap();
    gate.reached_by(1).await;
    let first = orch.send(Work, true).unique("key").await.unwrap();
    assert!(orch.send(Work, true).unique("key").await.unwrap().is_duplicate);
    assert!(orch.send(Work, true).unique("key").after("1s").await.unwrap().is_duplicate);
    assert!(orch.send(Work, true).unique("key").priority(3).await.unwrap().is_duplicate);
    let delayed = orch.send(Work, true).unique("delayed").after("1h").await.unwrap();
    assert_eq!(orch.send(Work, true).unique("delayed").await.unwrap().id, delayed.id);
    assert!(!orch.send(Work, true).unique("other").await.unwrap().is_duplicate);
    assert_ne!(delayed.id, first.id);
    assert_eq!(orch.health().await.jobs[0].accepted, 4);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_free_again_after_a_success() {
    let (orch, gate) = working().await;
    let mut responses = orch.responses(Work);
    gate.open();
    for _ in 0..3 {
        assert!(!orch.send(Work, true).unique("key").await.unwrap().is_duplicate);
        soon(responses.receive()).await.unwrap();
        // The answer is published before the request is settled.
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_held_through_a_retry_and_free_after_the_last() {
    let (orch, gate) = working().await;
    let mut responses = orch.responses(Work);
    let first = orch.send(Work, false).unique("key").await.unwrap();
    gate.let_through(1);
    gate.reached_by(1).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(orch.counts(Work).unwrap().retried, 1, "it waits for its retry");
    assert_eq!(orch.send(Work, false).unique("key").await.unwrap().id, first.id);
    gate.open();
    assert!(soon(responses.receive()).await.unwrap().outcome.is_err());
    settle().await;
    assert!(!orch.send(Work, true).unique("key").await.unwrap().is_duplicate);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_free_after_a_cancellation() {
    let (orch, gate) = working().await;
    let running = orch.send(Work, true).unique("running").await.unwrap();
    gate.reached_by(1).await;
    let waiting = orch.send(Work, true).unique("waiting").await.unwrap();
    let delayed = orch.send(Work, true).unique("delayed").after("1h").await.unwrap();
    for id in [running.id, waiting.id, delayed.id] {
        assert!(orch.cancel(Work, id).await);
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    for key in ["running", "waiting", "delayed"] {
        assert!(!orch.send(Work, true).unique(key).await.unwrap().is_duplicate, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_senders_at_once_one_wins() {
    let (orch, gate) = working().await;
    let sends: Vec<_> = (0..64)
        .map(|_| {
            let orch = orch.clone();
            tokio::spawn(async move { orch.send(Work, true).unique("key").await.unwrap() })
        })
        .collect();
    let receipts = futures_util::future::join_all(sends).await;
    let winners = receipts.iter().filter(|receipt| !receipt.as_ref().unwrap().is_duplicate).count();
    assert_eq!(winners, 1);
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(gate.arrived(), 1);
}

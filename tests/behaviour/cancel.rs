//! Cancelling a request that waits, and one that runs.

use std::time::Duration;

use job_orch::channel::ReceiveError;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, Tally, soon};
use tokio::time::sleep;

/// Waits at the gate, and says who it is.
#[job(retry(max = 3, backoff = "10s", jitter = 0))]
async fn linger(
    number: &u64,
    gate: &Gate,
    ids: &Log<JobId>,
    tally: &Tally,
    #[context] context: &Context,
) -> Result<u64, Bare> {
    let _held = tally.one(*number);
    ids.push(context.id());
    gate.pass().await;
    if *number == 13 { Err(Bare::of("an unlucky number")) } else { Ok(*number) }
}

#[job]
async fn elsewhere(_: &()) {}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    ids: Log<JobId>,
    tally: Tally,
}

async fn scene() -> Scene {
    let (gate, ids, tally) = (Gate::shut(), Log::new(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ids.clone()).share(tally.clone());
    let orch = orch.host(Linger).start().await.unwrap();
    Scene { orch, gate, ids, tally }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_not_run() {
    let Scene { orch, gate, ids, .. } = scene().await;
    let mut responses = orch.responses(Linger);
    let first = orch.send(Linger, 1).await.unwrap();
    gate.reached_by(1).await;
    let second = orch.send(Linger, 2).await.unwrap();
    assert!(orch.cancel(Linger, second.id).await);
    let end = soon(responses.receive()).await.unwrap();
    assert_eq!((end.id, end.outcome.as_ref().unwrap_err().kind), (second.id, FailureKind::Cancelled));
    gate.open();
    orch.shutdown().await.unwrap();
    assert_eq!(ids.entries(), [first.id]);
    let counts = orch.counts(Linger).unwrap();
    assert_eq!((counts.cancelled, counts.succeeded, counts.buried), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_knows_its_id_before_it_is_made() {
    let Scene { orch, gate, ids, .. } = scene().await;
    let mut call = orch.call(Linger, 1);
    let id = call.id();
    assert_eq!(call.id(), id, "and keeps it");
    let (ended, was_there) = tokio::join!(call, async {
        gate.reached_by(1).await;
        orch.cancel(Linger, id).await
    });
    assert!(was_there);
    assert!(matches!(ended, Err(CallError::Cancelled { job: "linger" })));
    assert_eq!(ids.entries(), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_runs_is_stopped_where_it_waits() {
    let Scene { orch, gate, ids, tally } = scene().await;
    let mut responses = orch.responses(Linger);
    let receipt = orch.send(Linger, 1).await.unwrap();
    gate.reached_by(1).await;
    assert_eq!(tally.alive(), 1);
    assert!(orch.cancel(Linger, receipt.id).await);
    let end = soon(responses.receive()).await.unwrap();
    assert_eq!((end.id, end.outcome.as_ref().unwrap_err().kind), (receipt.id, FailureKind::Cancelled));
    assert_eq!(tally.alive(), 0);
    gate.open();
    assert_eq!(soon(orch.call(Linger, 2)).await.unwrap(), 2, "the worker goes on");
    orch.shutdown().await.unwrap();
    assert_eq!(ids.len(), 2, "it was not tried again");
    let counts = orch.counts(Linger).unwrap();
    assert_eq!((counts.cancelled, counts.retried, counts.buried), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_caller_of_a_request_that_is_stopped_is_told() {
    let Scene { orch, gate, ids, .. } = scene().await;
    let cancel = async {
        gate.reached_by(1).await;
        assert!(orch.cancel(Linger, ids.entries()[0]).await);
    };
    let (answer, ()) = soon(async { tokio::join!(orch.call(Linger, 1), cancel) }).await;
    let error = answer.unwrap_err();
    assert!(matches!(error, CallError::Cancelled { job: "linger" }), "{error}");
    assert!(error.to_string().contains("`linger`"));
}

#[tokio::test(start_paused = true)]
async fn a_request_between_two_attempts_is_not_run_again() {
    let Scene { orch, gate, ids, .. } = scene().await;
    gate.open();
    let cancel = async {
        sleep(Duration::from_secs(5)).await;
        assert_eq!(orch.counts(Linger).unwrap().retried, 1);
        assert!(orch.cancel(Linger, ids.entries()[0]).await);
    };
    let (answer, ()) = soon(async { tokio::join!(orch.call(Linger, 13), cancel) }).await;
    assert!(matches!(answer, Err(CallError::Cancelled { .. })), "{answer:?}");
    orch.shutdown().await.unwrap();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_not_run() {
    let Scene { orch, gate, ids, .. } = scene().await;
    gate.open();
    let receipt = orch.send(Linger, 1).after("5s").await.unwrap();
    assert!(orch.cancel(Linger, receipt.id).await);
    sleep(Duration::from_secs(60)).await;
    assert!(ids.is_empty());
    assert_eq!(orch.health().await.jobs[0].waiting, Some(0));
}

#[tokio::test(start_paused = true)]
async fn there_is_nothing_to_cancel_twice() {
    let Scene { orch, gate, .. } = scene().await;
    orch.send(Linger, 1).await.unwrap();
    gate.reached_by(1).await;
    let waiting = orch.send(Linger, 2).await.unwrap();
    assert!(orch.cancel(Linger, waiting.id).await);
    assert!(!orch.cancel(Linger, waiting.id).await);
    assert_eq!(orch.counts(Linger).unwrap().cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn there_is_nothing_to_cancel_where_nothing_is() {
    let Scene { orch, gate, .. } = scene().await;
    gate.open();
    assert!(!orch.cancel(Linger, JobId::new()).await);
    assert!(!orch.cancel(Elsewhere, JobId::new()).await);
    let receipt = orch.send(Linger, 1).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(!orch.cancel(Linger, receipt.id).await, "it has ended");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_does_not_stop_the_next_request() {
    let Scene { orch, gate, .. } = scene().await;
    let first = orch.send(Linger, 1).await.unwrap();
    gate.reached_by(1).await;
    assert!(orch.cancel(Linger, first.id).await);
    // A second time while the worker has not looked: the request is stopped already.
    orch.cancel(Linger, first.id).await;
    let open = async {
        gate.reached_by(2).await;
        sleep(Duration::from_secs(1)).await;
        gate.open();
    };
    let (answer, ()) = soon(async { tokio::join!(orch.call(Linger, 2), open) }).await;
    assert_eq!(answer.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_request_makes_room_for_the_next() {
    let Scene { orch, gate, .. } = scene().await;
    orch.send(Linger, 0).await.unwrap();
    gate.reached_by(1).await;
    let ids = orch.send_many(Linger, 1..=1024).await.unwrap();
    let mut send = Driver::new(orch.send(Linger, 9999));
    assert!(send.poll().is_pending());
    assert!(orch.cancel(Linger, ids[500]).await);
    assert_eq!(send.woken(), 1);
    assert!(send.poll().is_ready());
}

#[tokio::test]
async fn the_responses_of_a_job_that_is_not_hosted_have_ended() {
    let Scene { orch, .. } = scene().await;
    assert!(matches!(orch.responses(Elsewhere).receive().await, Err(ReceiveError::Closed)));
}

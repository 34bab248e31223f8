//! How a batch ends that does not end well.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, Tally, soon};
use tokio::time::Instant;

/// How a batch ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Well,
    TooFew,
    TooMany,
    Panic,
    Never,
}

#[job(timeout = "10s")]
#[processor(batch(max = 3, linger = "1s"))]
async fn ends(all: &[(End, u64)], sizes: &Log<usize>, tally: &Tally) -> Vec<Result<u64, Bare>> {
    sizes.push(all.len());
    let _held = tally.one(0);
    let mut results: Vec<_> = all.iter().map(|(_, number)| Ok(*number)).collect();
    match all[0].0 {
        End::Well => {}
        End::TooFew => drop(results.pop()),
        End::TooMany => results.push(Ok(0)),
        End::Panic => panic!("the batch fell"),
        End::Never => std::future::pending().await,
    }
    results
}

#[job(retry(max = 1, backoff = "1s", jitter = 0))]
#[processor(batch(max = 3, linger = "1s"))]
async fn falls_first(all: &[u64], sizes: &Log<usize>) -> Vec<u64> {
    sizes.push(all.len());
    assert!(sizes.len() > 1, "the first batch falls");
    all.to_vec()
}

#[job]
#[processor(batch(max = 3, linger = "1s"))]
async fn gated(all: &[u64], gate: &Gate) -> Vec<u64> {
    gate.pass().await;
    all.to_vec()
}

struct Scene {
    orch: Orchestrator<Memory>,
    sizes: Log<usize>,
    tally: Tally,
}

async fn scene() -> Scene {
    let (sizes, tally) = (Log::new(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(sizes.clone()).share(tally.clone());
    Scene { orch: orch.host(Ends).host(FallsFirst).start().await.unwrap(), sizes, tally }
}

/// The ends of three calls in one batch.
async fn three(scene: &Scene, end: End) -> Vec<CallError<Bare>> {
    let mut calls: Vec<_> = (0..3).map(|number| Driver::new(scene.orch.call(Ends, (end, number)))).collect();
    assert!(calls.iter_mut().all(|call| call.poll().is_pending()));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(scene.sizes.entries(), [3]);
    let error = |mut call: Driver<_>| match call.poll() {
        std::task::Poll::Ready(Err(error)) => error,
        other => panic!("{other:?}"),
    };
    calls.into_iter().map(error).collect()
}

#[tokio::test(start_paused = true)]
async fn too_few_or_too_many_answers_are_a_failure_of_all() {
    for (end, returned) in [(End::TooFew, 2), (End::TooMany, 4)] {
        let scene = scene().await;
        for error in three(&scene, end).await {
            let CallError::Panicked { job: "ends", message, attempts: 1 } = error else { panic!("{error}") };
            assert_eq!(message, format!("the batch returned {returned} outcomes for 3 requests"));
        }
        assert_eq!(soon(scene.orch.call(Ends, (End::Well, 7))).await.unwrap(), 7, "the worker goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_all() {
    let scene = scene().await;
    for error in three(&scene, End::Panic).await {
        assert!(matches!(&error, CallError::Panicked { message, .. } if message == "the batch fell"), "{error}");
    }
    assert_eq!(soon(scene.orch.call(Ends, (End::Well, 7))).await.unwrap(), 7, "the worker goes on");
    assert_eq!(scene.orch.health().await.jobs[0].counts.restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_takes_too_long_is_stopped() {
    let scene = scene().await;
    for error in three(&scene, End::Never).await {
        assert!(matches!(error, CallError::TimedOut { .. }), "{error}");
    }
    assert_eq!(scene.tally.alive(), 0);
    assert_eq!(soon(scene.orch.call(Ends, (End::Well, 7))).await.unwrap(), 7, "the worker goes on");
    scene.orch.shutdown().await.unwrap();
    let counts = scene.orch.counts(Ends).unwrap();
    assert_eq!((counts.timed_out, counts.failed, counts.succeeded), (3, 3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fell_is_tried_again() {
    let scene = scene().await;
    let answers = soon(futures_util::future::join_all((0..3).map(|number| scene.orch.call(FallsFirst, number)))).await;
    assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(scene.sizes.entries()[0], 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_time_passes_leaves_the_batch_to_run() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Gated).start().await.unwrap();
    let mut hasty = Driver::new(orch.call(Gated, 1).timeout("1s"));
    let mut patient = Driver::new(orch.call(Gated, 2));
    assert!(hasty.poll().is_pending() && patient.poll().is_pending());
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(matches!(hasty.poll(), std::task::Poll::Ready(Err(CallError::Expired { .. }))));
    assert!(patient.poll().is_pending());
    gate.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(patient.poll(), std::task::Poll::Ready(Ok(2))));
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_at_its_deadline_keeps_every_member() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(Gated).start().await.unwrap();
    let ids = orch.send_many(Gated, 0..5).await.unwrap();
    gate.reached_by(1).await;
    let error = soon(orch.shutdown()).await.unwrap_err();
    assert!(matches!(error, job_orch::Error::Unfinished(left) if left == [("gated", 5)]));
    let letters = orch.dead_letters(Gated).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), ids, "in their order");
}

//! Equal requests that run at the same time: one runs, the others share its answer.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Log, soon, within_a_minute};
use tokio::time::sleep;

/// What a run is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    Succeed,
    Fail,
    Panic,
    FailFirst,
}

#[job(cache, retry(max = 1, backoff = "10s", jitter = 0))]
#[processor(workers = 4)]
async fn share(then: &Then, gate: &Gate, ids: &Log<JobId>, #[context] context: &Context) -> Result<usize, Bare> {
    ids.push(context.id());
    gate.pass().await;
    match then {
        Then::Succeed => Ok(ids.len()),
        Then::FailFirst if context.attempt() > 1 => Ok(ids.len()),
        Then::Fail | Then::FailFirst => Err(Bare::of("no")),
        Then::Panic => panic!("fell"),
    }
}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    ids: Log<JobId>,
}

async fn scene() -> Scene {
    let (gate, ids) = (Gate::shut(), Log::new());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ids.clone()).host(Share);
    Scene { orch: orch.start().await.unwrap(), gate, ids }
}

type Answer = Result<usize, CallError<Bare>>;

/// Calls so often at once, and does something when one runs and the others have joined it.
async fn all(scene: &Scene, count: usize, then: Then, meanwhile: impl AsyncFnOnce()) -> Vec<Answer> {
    let calls = futures_util::future::join_all((0..count).map(|_| scene.orch.call(Share, then)));
    let meanwhile = async {
        scene.gate.reached_by(1).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(scene.orch.counts(Share).unwrap().cache.unwrap().joins, count as u64 - 1);
        meanwhile().await;
    };
    soon(async { tokio::join!(calls, meanwhile) }).await.0
}

#[tokio::test(start_paused = true)]
async fn a_hundred_equal_calls_make_one_run() {
    let scene = scene().await;
    let answers = all(&scene, 100, Then::Succeed, async || scene.gate.open()).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 1));
    assert_eq!(scene.ids.len(), 1);
    scene.orch.shutdown().await.unwrap();
    let counts = scene.orch.counts(Share).unwrap();
    assert_eq!((counts.attempts, counts.succeeded), (1, 100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_calls_from_many_threads_make_one_run() {
    let scene = scene().await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let orch = scene.orch.clone();
            tokio::spawn(async move { orch.call(Share, Then::Succeed).await.unwrap() })
        })
        .collect();
    scene.gate.open();
    for call in calls {
        assert_eq!(within_a_minute(call).await.unwrap(), 1);
    }
    assert_eq!(scene.ids.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_joined_hold_no_worker() {
    let scene = scene().await;
    let mut calls: Vec<_> = (0..50).map(|_| Driver::new(scene.orch.call(Share, Then::Succeed))).collect();
    assert!(calls.iter_mut().all(|call| call.poll().is_pending()));
    scene.gate.reached_by(1).await;
    sleep(Duration::from_secs(1)).await;
    scene.orch.send(Share, Then::Fail).await.unwrap();
    scene.gate.reached_by(2).await;
}

#[tokio::test(start_paused = true)]
async fn when_the_run_fails_those_that_joined_are_told_and_its_caller_gets_the_error() {
    let scene = scene().await;
    let answers = all(&scene, 5, Then::Fail, async || scene.gate.open()).await;
    let (mut failed, mut joined) = (0, 0);
    for answer in answers {
        match answer.unwrap_err() {
            CallError::Failed { error, attempts: 2, .. } => {
                assert_eq!(error.0, "no");
                failed += 1;
            }
            CallError::Joined { job: "share", failure } => {
                assert_eq!((failure.kind, failure.message.as_str(), failure.attempts), (FailureKind::Error, "no", 2));
                joined += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!((failed, joined), (1, 4));
    assert_eq!(scene.ids.len(), 2, "one run, and its retry");
}

#[tokio::test(start_paused = true)]
async fn when_the_run_panics_those_that_joined_are_told() {
    let scene = scene().await;
    let answers = all(&scene, 3, Then::Panic, async || scene.gate.open()).await;
    let joined = |answer: &Answer| matches!(answer, Err(CallError::Joined { failure, .. }) if failure.kind == FailureKind::Panic);
    assert_eq!(answers.iter().filter(|answer| joined(answer)).count(), 2);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(CallError::Panicked { .. }))).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_run_is_tried_again_those_that_joined_wait_for_it() {
    let scene = scene().await;
    let answers = all(&scene, 10, Then::FailFirst, async || scene.gate.open()).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 2));
    assert_eq!(scene.ids.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_run_is_cancelled_the_next_in_line_runs() {
    let scene = scene().await;
    let answers = all(&scene, 3, Then::Succeed, async || {
        assert!(scene.orch.cancel(Share, scene.ids.entries()[0]).await);
        scene.gate.reached_by(2).await;
        scene.gate.open();
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(CallError::Cancelled { .. }))).count(), 1);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(2))).count(), 2);
    assert_eq!(scene.ids.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_run_is_cancelled_before_its_retry_the_next_in_line_runs() {
    let scene = scene().await;
    let answers = all(&scene, 3, Then::FailFirst, async || {
        scene.gate.open();
        sleep(Duration::from_secs(1)).await;
        assert!(scene.orch.cancel(Share, scene.ids.entries()[0]).await);
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(CallError::Cancelled { .. }))).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_time_of_the_first_caller_passes_the_next_in_line_runs() {
    let scene = scene().await;
    let mut first = Driver::new(scene.orch.call(Share, Then::Succeed).timeout("5s"));
    assert!(first.poll().is_pending());
    scene.gate.reached_by(1).await;
    let open = async {
        scene.gate.reached_by(2).await;
        scene.gate.open();
    };
    let (second, ()) = soon(async { tokio::join!(scene.orch.call(Share, Then::Succeed), open) }).await;
    assert_eq!(second.unwrap(), 2);
    assert!(matches!(first.poll(), std::task::Poll::Ready(Err(CallError::Expired { .. }))));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_joined_can_be_cancelled() {
    let scene = scene().await;
    let mut responses = scene.orch.responses(Share);
    let first = scene.orch.send(Share, Then::Succeed).await.unwrap();
    scene.gate.reached_by(1).await;
    let second = scene.orch.send(Share, Then::Succeed).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(scene.orch.cancel(Share, second.id).await);
    let end = soon(responses.receive()).await.unwrap();
    assert_eq!((end.id, end.outcome.as_ref().unwrap_err().kind), (second.id, FailureKind::Cancelled));
    scene.gate.open();
    let end = soon(responses.receive()).await.unwrap();
    assert_eq!((end.id, &end.outcome), (first.id, &Ok(1)));
    scene.orch.shutdown().await.unwrap();
    let counts = scene.orch.counts(Share).unwrap();
    assert_eq!((counts.succeeded, counts.cancelled), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_those_that_joined() {
    let scene = scene().await;
    let mut calls: Vec<_> = (0..10).map(|_| Driver::new(scene.orch.call(Share, Then::FailFirst))).collect();
    assert!(calls.iter_mut().all(|call| call.poll().is_pending()));
    scene.gate.open();
    scene.orch.shutdown().await.unwrap();
    assert!(calls.iter_mut().all(|call| matches!(call.poll(), std::task::Poll::Ready(Ok(2)))));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_at_its_deadline_keeps_those_that_joined() {
    let scene = scene().await;
    for _ in 0..10 {
        scene.orch.send(Share, Then::Succeed).await.unwrap();
    }
    scene.gate.reached_by(1).await;
    let error = soon(scene.orch.shutdown()).await.unwrap_err();
    assert!(matches!(error, job_orch::Error::Unfinished(left) if left == [("share", 10)]));
    assert_eq!(scene.orch.dead_letters(Share).await.unwrap().len(), 10);
}

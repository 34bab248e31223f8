//! The time of an attempt, and the time of a call.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Counted, Gate, Log, Tally, settle, soon};
use tokio::time::{Instant, sleep};

/// Sleeps for so many milliseconds, and holds a value meanwhile.
#[job(timeout = "1s")]
async fn limited(millis: &u64, tally: &Tally) -> u64 {
    let _held: Counted = tally.one(0);
    sleep(Duration::from_millis(*millis)).await;
    *millis
}

#[job]
async fn unlimited(millis: &u64, begun: &Log<u64>, #[context] context: &Context) -> Option<Duration> {
    begun.push(*millis);
    let left = context.deadline().map(|deadline| deadline - Instant::now());
    sleep(Duration::from_millis(*millis)).await;
    left
}

#[job(timeout = "10s")]
async fn time_left(_: &(), #[context] context: &Context) -> Option<Duration> {
    context.deadline().map(|deadline| deadline - Instant::now())
}

#[job]
#[processor(requests = 1)]
async fn queue_up(_: &(), gate: &Gate) {
    gate.pass().await;
}

async fn unlimited_on_one_worker() -> (Orchestrator<Memory>, Log<u64>) {
    let begun = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(begun.clone()).host(Unlimited).start().await.unwrap();
    (orch, begun)
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_stopped() {
    let tally = Tally::default();
    let orch = Orchestrator::on(Memory::new()).share(tally.clone()).host(Limited).start().await.unwrap();
    let begun = Instant::now();
    let error = soon(orch.call(Limited, 5000)).await.unwrap_err();
    assert_eq!(error.to_string(), "job `limited` took longer than 1s at attempt 1");
    assert!(matches!(error, CallError::TimedOut { job: "limited", attempts: 1, .. }));
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
    assert_eq!(tally.alive(), 0, "the job was dropped where it stood");
    assert_eq!(soon(orch.call(Limited, 10)).await.unwrap(), 10, "the worker goes on");
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Limited).unwrap();
    assert_eq!((counts.timed_out, counts.failed, counts.succeeded), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_begins_with_it() {
    let orch = Orchestrator::on(Memory::new()).share(Tally::default()).host(Limited).start().await.unwrap();
    let calls = (0..5).map(|_| orch.call(Limited, 900));
    let answers = soon(futures_util::future::join_all(calls)).await;
    assert!(answers.iter().all(Result::is_ok), "they waited longer than their limit, and ran shorter: {answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_gives_up_after_its_time() {
    let (orch, _) = unlimited_on_one_worker().await;
    let begun = Instant::now();
    let error = soon(orch.call(Unlimited, 60_000).timeout("2s")).await.unwrap_err();
    assert!(matches!(error, CallError::Expired { job: "unlimited" }), "{error}");
    assert!(error.is_retryable() && error.to_string().contains("`unlimited`"));
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_with_the_time_of_its_call() {
    let (orch, _) = unlimited_on_one_worker().await;
    let mut responses = orch.responses(Unlimited);
    soon(orch.call(Unlimited, 60_000).timeout("2s")).await.unwrap_err();
    let begun = Instant::now();
    let failure = soon(responses.receive()).await.unwrap().outcome.clone().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Expired);
    assert!(soon(orch.call(Unlimited, 1)).await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(1), "the worker was free at once");
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Unlimited).unwrap();
    assert_eq!((counts.expired, counts.timed_out, counts.failed), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_time_passed_while_it_waited_never_runs() {
    let (orch, begun) = unlimited_on_one_worker().await;
    orch.send(Unlimited, 5_000).await.unwrap();
    settle().await;
    let error = soon(orch.call(Unlimited, 7).timeout("1s")).await.unwrap_err();
    assert!(matches!(error, CallError::Expired { .. }), "{error}");
    orch.shutdown().await.unwrap();
    assert_eq!(begun.entries(), [5_000]);
    let counts = orch.counts(Unlimited).unwrap();
    assert_eq!((counts.attempts, counts.expired), (1, 1), "what never ran is no attempt");
    assert!(orch.dead_letters(Unlimited).await.unwrap().is_empty(), "nobody would want it any more");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_any_time_never_runs() {
    let (orch, begun) = unlimited_on_one_worker().await;
    let error = soon(orch.call(Unlimited, 7).timeout(Duration::ZERO)).await.unwrap_err();
    assert!(matches!(error, CallError::Expired { .. }), "{error}");
    orch.shutdown().await.unwrap();
    assert!(begun.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_room_gives_up_too() {
    let gate = Gate::shut();
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).host(QueueUp).start().await.unwrap();
    orch.send(QueueUp, ()).await.unwrap();
    gate.reached_by(1).await;
    orch.send(QueueUp, ()).await.unwrap();
    let error = soon(orch.call(QueueUp, ()).timeout("1s")).await.unwrap_err();
    assert!(matches!(error, CallError::Expired { .. }), "{error}");
    assert_eq!(orch.health().await.jobs[0].accepted, 2, "it sent nothing");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_told_the_earlier_of_its_limit_and_its_callers() {
    let orch = Orchestrator::on(Memory::new()).share(Log::<u64>::new()).host(TimeLeft).host(Unlimited);
    let orch = orch.start().await.unwrap();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(orch.call(TimeLeft, ()).await.unwrap(), seconds(10));
    assert_eq!(orch.call(TimeLeft, ()).timeout("4s").await.unwrap(), seconds(4));
    assert_eq!(orch.call(TimeLeft, ()).timeout("1h").await.unwrap(), seconds(10));
    assert_eq!(soon(orch.call(Unlimited, 0).timeout("3s")).await.unwrap(), seconds(3));
    assert_eq!(soon(orch.call(Unlimited, 0)).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_time_beyond_the_end_of_the_clock_is_none() {
    let (orch, _) = unlimited_on_one_worker().await;
    assert_eq!(soon(orch.call(Unlimited, 1).timeout(Duration::MAX)).await.unwrap(), None);
}

//! When a failed run is repeated.

use std::time::Duration;

use job_orch::channel::Response;
use job_orch::prelude::*;
use job_orch::retry::Retry;
use job_orch_tests::{Bare, Log, soon};
use tokio::time::Instant;

/// The attempts that a job made, and when.
type Attempts = Log<(u32, Instant)>;

#[job]
async fn once(_: &(), attempts: &Attempts, #[context] context: &Context) -> Result<(), Bare> {
    attempts.push((context.attempt(), Instant::now()));
    Err(Bare::of("no"))
}

/// Succeeds at the attempt that is its request.
#[job(retry(max = 4, backoff = exponential("100ms..1s"), jitter = 0))]
async fn doubling(good: &u32, attempts: &Attempts, #[context] context: &Context) -> Result<u32, Bare> {
    attempts.push((context.attempt(), Instant::now()));
    if context.attempt() == *good { Ok(*good) } else { Err(Bare(format!("no {}", context.attempt()))) }
}

#[job(retry(max = 3, backoff = linear("1s"), jitter = 0))]
async fn linear(_: &(), attempts: &Attempts) -> Result<(), Bare> {
    attempts.push((0, Instant::now()));
    Err(Bare::of("no"))
}

#[job(retry(max = 3, backoff = "2s", jitter = 0))]
async fn constant(_: &(), attempts: &Attempts) -> Result<(), Bare> {
    attempts.push((0, Instant::now()));
    Err(Bare::of("no"))
}

#[job(retry(max = 3, backoff = polynomial("1s..1h"), jitter = 0))]
async fn patient(_: &(), attempts: &Attempts) -> Result<(), Bare> {
    attempts.push((0, Instant::now()));
    Err(Bare::of("no"))
}

#[job(retry(max = 50, backoff = "10s", jitter = 0.5))]
async fn jittery(_: &(), attempts: &Attempts) -> Result<(), Bare> {
    attempts.push((0, Instant::now()));
    Err(Bare::of("no"))
}

#[job(retry(max = 1, backoff = "1s", jitter = 0))]
async fn panics_first(_: &(), #[context] context: &Context) -> u32 {
    assert!(context.attempt() > 1, "the first attempt panics");
    context.attempt()
}

#[job(retry(max = 1, backoff = "1s", jitter = 0), timeout = "1s")]
async fn slow_first(_: &(), #[context] context: &Context) -> u32 {
    if context.attempt() == 1 {
        std::future::pending::<()>().await;
    }
    context.attempt()
}

/// Milliseconds between the attempts.
fn pauses(attempts: &Attempts) -> Vec<u128> {
    attempts.entries().windows(2).map(|pair| (pair[1].1 - pair[0].1).as_millis()).collect()
}

macro_rules! hosting {
    ($attempts:ident, $($job:ident),+) => {
        Orchestrator::on(Memory::new()).share($attempts.clone())$(.host($job))+.start().await.unwrap()
    };
}

#[tokio::test(start_paused = true)]
async fn a_job_without_retries_runs_once() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Once);
    let error = orch.call(Once, ()).await.unwrap_err();
    assert!(matches!(error, CallError::Failed { attempts: 1, .. }), "{error}");
    assert_eq!(attempts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_keeps_failing_runs_once_and_its_retries() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Doubling);
    let error = soon(orch.call(Doubling, 99)).await.unwrap_err();
    let CallError::Failed { error, attempts: made, .. } = error else { panic!("{error}") };
    assert_eq!((error.0.as_str(), made), ("no 5", 5), "the caller gets the last error");
    assert_eq!(attempts.entries().iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Doubling).unwrap();
    assert_eq!((counts.attempts, counts.retried, counts.failed, counts.succeeded), (5, 4, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_succeeds_is_a_success() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Doubling);
    assert_eq!(soon(orch.call(Doubling, 3)).await.unwrap(), 3);
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Doubling).unwrap();
    assert_eq!((counts.attempts, counts.retried, counts.failed, counts.succeeded), (3, 2, 0, 1));
    assert!(orch.dead_letters(Doubling).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_receivers_of_the_broadcast_see_only_the_end() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Doubling);
    let mut responses = orch.responses(Doubling);
    orch.send(Doubling, 3).await.unwrap();
    orch.send(Doubling, 99).await.unwrap();
    assert_eq!(soon(responses.receive()).await.unwrap().outcome, Ok(3));
    let end = soon(responses.receive()).await.unwrap();
    let Response { outcome: Err(failure), .. } = end else { panic!("{end:?}") };
    assert_eq!((failure.kind, failure.message.as_str(), failure.attempts), (FailureKind::Error, "no 5", 5));
}

#[tokio::test(start_paused = true)]
async fn the_pauses_grow_as_the_job_says() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Doubling);
    soon(orch.call(Doubling, 99)).await.unwrap_err();
    assert_eq!(pauses(&attempts), [100, 200, 400, 800]);

    let attempts = Attempts::new();
    let orch = hosting!(attempts, Linear);
    soon(orch.call(Linear, ())).await.unwrap_err();
    assert_eq!(pauses(&attempts), [1000, 2000, 3000]);

    let attempts = Attempts::new();
    let orch = hosting!(attempts, Constant);
    soon(orch.call(Constant, ())).await.unwrap_err();
    assert_eq!(pauses(&attempts), [2000, 2000, 2000]);

    let attempts = Attempts::new();
    let orch = hosting!(attempts, Patient);
    soon(orch.call(Patient, ())).await.unwrap_err();
    assert_eq!(pauses(&attempts), [1000, 16_000, 81_000]);
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_the_pauses_around_their_length() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Jittery);
    soon(orch.call(Jittery, ())).await.unwrap_err();
    let pauses = pauses(&attempts);
    assert_eq!(pauses.len(), 50);
    assert!(pauses.iter().all(|pause| (5_000..=15_001).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().min() < pauses.iter().max(), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_waits_holds_no_worker() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Doubling);
    let begun = Instant::now();
    orch.send(Doubling, 2).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(soon(orch.call(Doubling, 1)).await.unwrap(), 1);
    assert_eq!(begun.elapsed(), Duration::from_millis(50), "its only worker was free");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_repeated_like_an_error() {
    let orch = Orchestrator::on(Memory::new()).host(PanicsFirst).start().await.unwrap();
    assert_eq!(soon(orch.call(PanicsFirst, ())).await.unwrap(), 2);
    orch.shutdown().await.unwrap();
    let counts = orch.counts(PanicsFirst).unwrap();
    assert_eq!((counts.panicked, counts.retried, counts.succeeded), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_took_too_long_is_repeated() {
    let begun = Instant::now();
    let orch = Orchestrator::on(Memory::new()).host(SlowFirst).start().await.unwrap();
    assert_eq!(soon(orch.call(SlowFirst, ())).await.unwrap(), 2);
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    orch.shutdown().await.unwrap();
    let counts = orch.counts(SlowFirst).unwrap();
    assert_eq!((counts.timed_out, counts.retried, counts.succeeded), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_time_for_a_retry_gets_the_error_at_once() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Constant);
    let begun = Instant::now();
    let error = soon(orch.call(Constant, ()).timeout("3s")).await.unwrap_err();
    assert!(matches!(error, CallError::Failed { attempts: 2, .. }), "{error}");
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_retry_outlives_its_caller() {
    let attempts = Attempts::new();
    let orch = hosting!(attempts, Doubling);
    let mut responses = orch.responses(Doubling);
    let begun = tokio::time::timeout(Duration::from_millis(150), orch.call(Doubling, 3)).await;
    assert!(begun.is_err());
    assert_eq!(soon(responses.receive()).await.unwrap().outcome, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_sender_may_say_how_its_request_is_retried() {
    let (plain, attempts) = (Attempts::new(), Attempts::new());
    let orch = hosting!(plain, Once);
    let mut responses = orch.responses(Once);
    let thrice = Retry::times(2).linear(Duration::from_secs(3)).jitter(0.0);
    let receipt = orch.send(Once, ()).retry(thrice).await.unwrap();
    let end = soon(responses.receive()).await.unwrap();
    assert_eq!((end.id, end.outcome.as_ref().unwrap_err().attempts), (receipt.id, 3));
    assert_eq!(pauses(&plain), [3000, 6000]);
    orch.send(Once, ()).await.unwrap();
    assert_eq!(
        soon(responses.receive()).await.unwrap().outcome.as_ref().unwrap_err().attempts,
        1,
        "the next is as usual"
    );

    let orch = hosting!(attempts, Doubling);
    let error = soon(orch.call(Doubling, 99).retry(Retry::times(1).constant(Duration::from_secs(7)).jitter(0.0))).await;
    assert!(matches!(error, Err(CallError::Failed { attempts: 2, .. })), "{error:?}");
    assert_eq!(pauses(&attempts), [7000]);
    let error = soon(orch.call(Doubling, 99).retry(Retry::times(0))).await;
    assert!(matches!(error, Err(CallError::Failed { attempts: 1, .. })), "{error:?}");
}

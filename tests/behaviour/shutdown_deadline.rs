//! A shutdown ends at its deadline, and nothing is lost by that.

use std::time::Duration;

use job_orch::Error;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Driver, Gate, Tally, soon};
use tokio::time::Instant;

#[job(retry(max = 5, backoff = "1h", jitter = 0))]
async fn endless(number: &u64, gate: &Gate, tally: &Tally) -> Result<u64, Bare> {
    let _held = tally.one(*number);
    gate.pass().await;
    if *number == 13 { Err(Bare::of("an unlucky number")) } else { std::future::pending().await }
}

#[job]
async fn quick(number: &u64) -> u64 {
    *number
}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    tally: Tally,
}

async fn scene() -> Scene {
    let (gate, tally) = (Gate::shut(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(tally.clone());
    let orch = orch.host(Quick).host(Endless).drain_for("5s").unwrap().start().await.unwrap();
    Scene { orch, gate, tally }
}

#[tokio::test(start_paused = true)]
async fn what_is_unfinished_is_counted_and_kept() {
    let Scene { orch, gate, tally } = scene().await;
    orch.send_many(Quick, 0..3).await.unwrap();
    let mut ids = orch.send_many(Endless, [13, 1, 2]).await.unwrap();
    ids.push(orch.send(Endless, 3).after("1h").await.unwrap().id);
    gate.open();
    let begun = Instant::now();
    let error = soon(orch.shutdown()).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(error.to_string(), "4 requests were not handled before the drain deadline (`endless`: 4)");
    assert!(matches!(error, Error::Unfinished(left) if left == [("endless", 4)]));
    assert_eq!(tally.alive(), 0, "what ran was dropped");

    let letters = orch.dead_letters(Endless).await.unwrap();
    let mut dead: Vec<_> = letters.iter().map(|letter| letter.id).collect();
    dead.sort_unstable();
    ids.sort_unstable();
    assert_eq!(dead, ids, "nothing was lost");
    assert!(letters.iter().all(|letter| letter.reason.kind == FailureKind::Interrupted));
    assert!(orch.dead_letters(Quick).await.unwrap().is_empty());
    assert_eq!(orch.counts(Quick).unwrap().succeeded, 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_costs_no_attempt() {
    let Scene { orch, gate, .. } = scene().await;
    orch.send(Endless, 1).await.unwrap();
    gate.open();
    gate.reached_by(1).await;
    soon(orch.shutdown()).await.unwrap_err();
    assert_eq!(orch.dead_letters(Endless).await.unwrap()[0].reason.attempts, 0);
    let counts = orch.counts(Endless).unwrap();
    assert_eq!((counts.failed, counts.cancelled, counts.timed_out, counts.retried), (0, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn callers_are_told_closed() {
    let Scene { orch, gate, .. } = scene().await;
    let mut calls: Vec<_> = [1, 2, 13].map(|number| Driver::new(orch.call(Endless, number))).into();
    assert!(calls.iter_mut().all(|call| call.poll().is_pending()));
    gate.open();
    soon(orch.shutdown()).await.unwrap_err();
    for mut call in calls {
        assert!(matches!(call.poll(), std::task::Poll::Ready(Err(CallError::Closed { job: "endless" }))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_never_ends_does_not_hold_up_the_shutdown() {
    let Scene { orch, gate, .. } = scene().await;
    gate.open();
    orch.send(Endless, 1).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let begun = Instant::now();
    soon(orch.shutdown()).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    soon(orch.shutdown()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_word_a_shutdown_waits_half_a_minute() {
    let (gate, tally) = (Gate::shut(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate).share(tally).host(Endless).start().await.unwrap();
    orch.send(Endless, 1).await.unwrap();
    let begun = Instant::now();
    soon(orch.shutdown()).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_may_wait_as_long_as_it_takes() {
    let orch = Orchestrator::on(Memory::new()).host(Quick).drain_for(Duration::MAX).unwrap().start().await.unwrap();
    orch.send(Quick, 1).after("10d").await.unwrap();
    soon(orch.shutdown()).await.unwrap();
    assert_eq!(orch.counts(Quick).unwrap().succeeded, 1);
}

#[tokio::test]
async fn a_drain_time_that_is_none_is_refused() {
    assert!(Orchestrator::on(Memory::new()).host(Quick).drain_for("soon").is_err());
}

/// What a job does once it is told that its process ends.
#[derive(Clone, Copy, Debug)]
enum Then {
    Succeed,
    Fail,
    Panic,
    GoOn,
}

/// Takes a second to tidy up after it was told.
#[job(retry(max = 5, backoff = "1h", jitter = 0))]
#[processor(workers = 4)]
async fn tidy(then: &Then, gate: &Gate, tally: &Tally, #[context] context: &Context) -> Result<&'static str, Bare> {
    let _held = tally.one(0);
    let token = context.cancellation().clone();
    gate.pass().await;
    token.cancelled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    match then {
        Then::Succeed => Ok("tidy"),
        Then::Fail => Err(Bare::of("untidy")),
        Then::Panic => panic!("on the way out"),
        Then::GoOn => std::future::pending().await,
    }
}

async fn listening() -> Scene {
    let (gate, tally) = (Gate::shut(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(tally.clone());
    let orch = orch.host(Tidy).drain_for("5s").unwrap().start().await.unwrap();
    gate.open();
    Scene { orch, gate, tally }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_listens_is_told_and_what_it_then_returns_counts() {
    let Scene { orch, gate, .. } = listening().await;
    let mut call = Driver::new(orch.call(Tidy, Then::Succeed));
    assert!(call.poll().is_pending());
    gate.reached_by(1).await;
    let begun = Instant::now();
    soon(orch.shutdown()).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(6), "the time to drain, and a second to tidy up");
    assert!(matches!(call.poll(), std::task::Poll::Ready(Ok("tidy"))));
    assert_eq!(orch.counts(Tidy).unwrap().succeeded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_told_and_fails_is_kept_and_costs_no_attempt() {
    for then in [Then::Fail, Then::Panic, Then::GoOn] {
        let Scene { orch, gate, tally } = listening().await;
        orch.send(Tidy, then).await.unwrap();
        gate.reached_by(1).await;
        let error = soon(orch.shutdown()).await.unwrap_err();
        assert!(matches!(error, Error::Unfinished(left) if left == [("tidy", 1)]), "{then:?}");
        assert_eq!(tally.alive(), 0, "{then:?}");
        let letters = orch.dead_letters(Tidy).await.unwrap();
        assert_eq!(letters[0].reason.kind, FailureKind::Interrupted, "{then:?}");
        assert_eq!(letters[0].reason.attempts, 0, "{then:?}");
        let counts = orch.counts(Tidy).unwrap();
        assert_eq!((counts.failed, counts.cancelled, counts.retried, counts.panicked), (0, 0, 0, 0), "{then:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_a_job_that_goes_on_ends() {
    let Scene { orch, gate, .. } = listening().await;
    for then in [Then::GoOn, Then::Succeed, Then::GoOn] {
        orch.send(Tidy, then).await.unwrap();
    }
    gate.reached_by(3).await;
    let begun = Instant::now();
    let error = soon(orch.shutdown()).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(5) + job_orch::processor::GRACE);
    assert!(matches!(error, Error::Unfinished(left) if left == [("tidy", 2)]));
}

#[tokio::test(start_paused = true)]
async fn who_is_cancelled_while_it_tidies_up_stays_cancelled() {
    let Scene { orch, gate, .. } = listening().await;
    let id = orch.send(Tidy, Then::Fail).await.unwrap().id;
    gate.reached_by(1).await;
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(5_500)).await;
        assert!(orch.cancel(Tidy, id).await);
    };
    let (end, ()) = tokio::join!(soon(orch.shutdown()), cancel);
    end.unwrap();
    assert_eq!(orch.counts(Tidy).unwrap().cancelled, 1);
}

//! A job that listens to its token is given time to end by itself.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch::processor::GRACE;
use job_orch_tests::{Bare, Gate, Log, Tally, soon};
use tokio::time::{Instant, sleep};

/// What a job does once it is told to stop.
#[derive(Clone, Copy, Debug)]
enum Then {
    Succeed,
    Fail,
    Panic,
    PanicInDrop,
    GoOn,
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

/// Takes a second to tidy up after it was told to stop.
#[job(retry(max = 2, backoff = "1s", jitter = 0))]
async fn listen(
    then: &Then,
    gate: &Gate,
    ids: &Log<JobId>,
    tally: &Tally,
    #[context] context: &Context,
) -> Result<&'static str, Bare> {
    ids.push(context.id());
    let _held = tally.one(0);
    let token = context.cancellation().clone();
    gate.pass().await;
    token.cancelled().await;
    sleep(Duration::from_secs(1)).await;
    match then {
        Then::Succeed => Ok("tidy"),
        Then::Fail => Err(Bare::of("untidy")),
        Then::Panic => panic!("on the way out"),
        Then::PanicInDrop => {
            let _bomb = Bomb;
            std::future::pending().await
        }
        Then::GoOn => std::future::pending().await,
    }
}

#[job(timeout = "3s")]
async fn listen_in_time(_: &(), #[context] context: &Context) -> &'static str {
    context.cancellation().cancelled().await;
    sleep(Duration::from_secs(1)).await;
    "tidy"
}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    ids: Log<JobId>,
    tally: Tally,
}

async fn scene() -> Scene {
    let (gate, ids, tally) = (Gate::shut(), Log::new(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ids.clone()).share(tally.clone());
    let orch = orch.host(Listen).start().await.unwrap();
    gate.open();
    Scene { orch, gate, ids, tally }
}

type Answer = Result<&'static str, CallError<Bare>>;

/// Calls, cancels, and says what came of it after how long.
async fn cancelled(scene: &Scene, then: Then) -> (Answer, Duration) {
    let Scene { orch, gate, ids, .. } = scene;
    let cancel = async {
        gate.reached_by(1).await;
        assert!(orch.cancel(Listen, ids.entries()[0]).await);
        Instant::now()
    };
    let call = async { (soon(orch.call(Listen, then)).await, Instant::now()) };
    let ((answer, end), told) = tokio::join!(call, cancel);
    (answer, end - told)
}

#[tokio::test(start_paused = true)]
async fn a_success_within_the_grace_counts() {
    let scene = scene().await;
    let (answer, after) = cancelled(&scene, Then::Succeed).await;
    assert_eq!((answer.unwrap(), after), ("tidy", Duration::from_secs(1)));
    scene.orch.shutdown().await.unwrap();
    let counts = scene.orch.counts(Listen).unwrap();
    assert_eq!((counts.succeeded, counts.cancelled), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_the_grace_is_a_cancellation() {
    let scene = scene().await;
    let (answer, after) = cancelled(&scene, Then::Fail).await;
    assert!(matches!(answer, Err(CallError::Cancelled { .. })), "{answer:?}");
    assert_eq!(after, Duration::from_secs(1));
    scene.orch.shutdown().await.unwrap();
    assert_eq!(scene.ids.len(), 1, "it was not tried again");
}

#[tokio::test(start_paused = true)]
async fn a_panic_within_the_grace_is_not_tried_again() {
    let scene = scene().await;
    let (answer, _) = cancelled(&scene, Then::Panic).await;
    assert!(matches!(answer, Err(CallError::Cancelled { .. })), "{answer:?}");
    scene.orch.shutdown().await.unwrap();
    assert_eq!(scene.ids.len(), 1);
    assert_eq!(scene.orch.counts(Listen).unwrap().panicked, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_drop_after_the_grace_is_not_tried_again() {
    let scene = scene().await;
    let (answer, after) = cancelled(&scene, Then::PanicInDrop).await;
    assert!(answer.is_err());
    assert_eq!(after, GRACE);
    scene.orch.shutdown().await.unwrap();
    assert_eq!(scene.ids.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_the_job_is_dropped() {
    let scene = scene().await;
    let (answer, after) = cancelled(&scene, Then::GoOn).await;
    assert!(matches!(answer, Err(CallError::Cancelled { .. })), "{answer:?}");
    assert_eq!(after, GRACE);
    assert_eq!(scene.tally.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_took_too_long_is_told_and_may_still_succeed() {
    let orch = Orchestrator::on(Memory::new()).host(ListenInTime).start().await.unwrap();
    let begun = Instant::now();
    assert_eq!(soon(orch.call(ListenInTime, ())).await.unwrap(), "tidy");
    assert_eq!(begun.elapsed(), Duration::from_secs(4));
    orch.shutdown().await.unwrap();
    assert_eq!(orch.counts(ListenInTime).unwrap().timed_out, 0);
}

#[tokio::test(start_paused = true)]
async fn the_token_of_one_run_says_nothing_about_the_next() {
    let scene = scene().await;
    cancelled(&scene, Then::GoOn).await.0.unwrap_err();
    let second = scene.orch.send(Listen, Then::Succeed).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(scene.ids.len(), 2);
    assert_eq!(scene.tally.alive(), 1, "it runs still");
    assert!(scene.orch.cancel(Listen, second.id).await);
    scene.orch.shutdown().await.unwrap();
    assert_eq!(scene.orch.counts(Listen).unwrap().succeeded, 1);
}

/// Asks for patience once its time is up.
#[job(timeout = "3s", retry(max = 0))]
async fn asks_for_patience(_: &(), #[context] context: &Context) {
    context.cancellation().cancelled().await;
    context.snooze(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_snooze_within_the_grace_ends_the_run_at_once() {
    let orch = Orchestrator::on(Memory::new()).host(AsksForPatience).start().await.unwrap();
    orch.send(AsksForPatience, ()).await.unwrap();
    sleep(Duration::from_millis(3_500)).await;
    let counts = orch.counts(AsksForPatience).unwrap();
    assert_eq!((counts.snoozed, counts.timed_out), (1, 0));
    assert_eq!(orch.client(AsksForPatience).unwrap().waiting().await.unwrap(), 1);
}

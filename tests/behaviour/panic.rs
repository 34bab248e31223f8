//! A panic of a job is a failure, and takes nothing with it.

use std::panic::panic_any;
use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Tally, soon};

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

/// How a job panics.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Not,
    Text,
    FormattedText,
    Number,
    PayloadThatPanics,
    AfterAWait,
    DropAtTheEnd,
    DropWhenStopped,
}

#[job(timeout = "1s")]
async fn panics(how: &How, tally: &Tally) -> u64 {
    let _held = tally.one(0);
    match how {
        How::Not => 1,
        How::Text => panic!("a text"),
        How::FormattedText => panic!("a {}", "formatted text"),
        How::Number => panic_any(42_u8),
        How::PayloadThatPanics => panic_any(Bomb),
        How::AfterAWait => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            panic!("after a wait")
        }
        How::DropAtTheEnd => {
            let _bomb = Bomb;
            2
        }
        How::DropWhenStopped => {
            let _bomb = Bomb;
            std::future::pending().await
        }
    }
}

#[job]
#[processor(workers = 2)]
async fn panics_beside(panics: &bool) -> u64 {
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!panics);
    1
}

async fn panicking() -> (Orchestrator<Memory>, Tally) {
    let tally = Tally::default();
    let orch = Orchestrator::on(Memory::new()).share(tally.clone()).host(Panics).start().await.unwrap();
    (orch, tally)
}

async fn message(orch: &Orchestrator<Memory>, how: How) -> String {
    match soon(orch.call(Panics, how)).await.unwrap_err() {
        CallError::Panicked { job: "panics", message, attempts: 1 } => message,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_gets_the_text_of_the_panic() {
    let (orch, tally) = panicking().await;
    assert_eq!(message(&orch, How::Text).await, "a text");
    assert_eq!(message(&orch, How::FormattedText).await, "a formatted text");
    assert_eq!(message(&orch, How::AfterAWait).await, "after a wait");
    assert_eq!(tally.alive(), 0, "what the job held was dropped");
}

#[tokio::test(start_paused = true)]
async fn a_panic_without_a_text_is_a_failure_too() {
    let (orch, _) = panicking().await;
    assert_eq!(message(&orch, How::Number).await, "a panic without a text");
    assert_eq!(message(&orch, How::PayloadThatPanics).await, "a panic without a text");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_drop_of_what_the_job_leaves_is_a_failure() {
    let (orch, tally) = panicking().await;
    assert_eq!(message(&orch, How::DropAtTheEnd).await, "in a drop");
    assert_eq!(message(&orch, How::DropWhenStopped).await, "in a drop");
    assert_eq!(tally.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_receivers_and_the_dead_letters_get_the_text_too() {
    let (orch, _) = panicking().await;
    let mut responses = orch.responses(Panics);
    let receipt = orch.send(Panics, How::Text).await.unwrap();
    let failure = soon(responses.receive()).await.unwrap().outcome.clone().unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str(), failure.attempts), (FailureKind::Panic, "a text", 1));
    orch.shutdown().await.unwrap();
    let letters = orch.dead_letters(Panics).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].id, &letters[0].reason), (receipt.id, &failure));
}

#[tokio::test(start_paused = true)]
async fn the_worker_goes_on_after_any_panic() {
    let (orch, tally) = panicking().await;
    let all = [
        How::Text,
        How::FormattedText,
        How::Number,
        How::PayloadThatPanics,
        How::AfterAWait,
        How::DropAtTheEnd,
        How::DropWhenStopped,
    ];
    for _ in 0..10 {
        for how in all {
            orch.send(Panics, how).await.unwrap();
        }
    }
    assert_eq!(soon(orch.call(Panics, How::Not)).await.unwrap(), 1);
    assert!(orch.health().await.is_healthy());
    orch.shutdown().await.unwrap();
    let counts = orch.counts(Panics).unwrap();
    assert_eq!((counts.panicked, counts.failed, counts.succeeded, counts.restarts), (70, 70, 1, 0));
    assert_eq!(tally.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_does_not_touch_the_request_beside_it() {
    let orch = Orchestrator::on(Memory::new()).host(PanicsBeside).start().await.unwrap();
    let (bad, good) = soon(async { tokio::join!(orch.call(PanicsBeside, true), orch.call(PanicsBeside, false)) }).await;
    assert!(matches!(bad, Err(CallError::Panicked { .. })));
    assert_eq!(good.unwrap(), 1);
}

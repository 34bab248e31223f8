//! Several orchestrators on one file, as several processes have them.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, within_a_minute};

use crate::store::Place;

#[job]
async fn half(number: &u64) -> Result<u64, Bare> {
    if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Bare::of("odd")) }
}

#[tokio::test]
async fn a_caller_is_answered_by_a_worker_elsewhere() {
    let place = Place::new();
    let caller = Orchestrator::on(place.open()).reach(Half).start().await.unwrap();
    let worker = Orchestrator::on(place.open()).host(Half).start().await.unwrap();
    assert_eq!(within_a_minute(caller.call(Half, 8)).await.unwrap(), 4);
    let error = within_a_minute(caller.call(Half, 7)).await.unwrap_err();
    assert!(matches!(&error, CallError::Elsewhere { failure, .. } if failure.message == "odd"), "{error}");
    assert_eq!(worker.counts(Half).unwrap().succeeded, 1);
    let receipt = caller.send(Half, 10).await.unwrap();
    within_a_minute(async {
        while caller.response(Half, receipt.id).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    caller.shutdown().await.unwrap();
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_listener_hears_workers_elsewhere() {
    let place = Place::new();
    let listener = Orchestrator::on(place.open()).reach(Half).start().await.unwrap();
    let mut responses = listener.responses(Half);
    let worker = Orchestrator::on(place.open()).host(Half).start().await.unwrap();
    for number in 0..10 {
        worker.send(Half, number * 2).await.unwrap();
    }
    for number in 0..10 {
        assert_eq!(within_a_minute(responses.receive()).await.unwrap().outcome, Ok(number));
    }
    worker.shutdown().await.unwrap();
    listener.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_worker_elsewhere_need_not_look_by_itself() {
    const NEVER: Duration = Duration::from_secs(86_400);
    let place = Place::new();
    // So that a process looks by itself for no sign of life either.
    let deaf = || Sqlite::options().poll_every(NEVER).lease(NEVER).open(place.file()).unwrap();
    let worker = Orchestrator::on(deaf()).host(Half).start().await.unwrap();
    let caller = Orchestrator::on(deaf()).reach(Half).start().await.unwrap();
    for number in 0..21 {
        // Sooner or later the other is asleep.
        tokio::time::sleep(Duration::from_millis(number)).await;
        assert_eq!(within_a_minute(caller.call(Half, 2 * number)).await.unwrap(), number);
    }
    caller.shutdown().await.unwrap();
    worker.shutdown().await.unwrap();
}

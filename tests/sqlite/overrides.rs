//! What a sender says of one request goes with it into the file.

use std::time::Duration;

use job_orch::Engine;
use job_orch::channel::{Channels, Delivery, McReceive};
use job_orch::prelude::*;
use job_orch::retry::Retry;
use job_orch_tests::{Bare, Log, within_a_minute};

use crate::store::Place;

#[job(retry(max = 20, backoff = constant("1h")))]
async fn fail(number: &u32, log: &Log<(u32, u32)>, #[context] context: &Context) -> Result<(), Bare> {
    log.push((*number, context.attempt()));
    Err(Bare::of("no"))
}

#[tokio::test]
async fn retries_of_one_request_hold_in_another_process_and_after_its_restart() {
    let (place, log) = (Place::new(), Log::new());
    let sender = Orchestrator::on(place.open()).reach(Fail).start().await.unwrap();
    let soon = Retry::times(3).constant(Duration::from_millis(20)).jitter(f64::NAN);
    let receipt = sender.send(Fail, 7).retry(soon).priority(1).await.unwrap();
    sender.shutdown().await.unwrap();
    drop(sender);
    let stored = place.rows("SELECT json_extract(retry, '$.max'), json_extract(retry, '$.growth') FROM jobs");
    assert_eq!(stored, [["3", "constant"].map(str::to_owned)]);
    let worker = || async { Orchestrator::on(place.open()).share(log.clone()).host(Fail).start().await.unwrap() };
    let first = worker().await;
    within_a_minute(async {
        while log.len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    first.shutdown().await.unwrap();
    drop(first);
    let second = worker().await;
    within_a_minute(async {
        while place.number("SELECT count(*) FROM jobs WHERE state = 'dead'") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(log.entries(), [(7, 1), (7, 2), (7, 3), (7, 4)], "and not 21 times, hours apart");
    let dead = second.dead_letters(Fail).await.unwrap();
    assert_eq!((dead[0].id, dead[0].reason.attempts), (receipt.id, 4));
    second.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_request_that_kills_its_processes_has_as_many_attempts_as_its_sender_says() {
    let place = Place::new();
    let sender = Orchestrator::on(place.open()).reach(Fail).start().await.unwrap();
    sender.send(Fail, 1).retry(Retry::times(1)).await.unwrap();
    sender.shutdown().await.unwrap();
    drop(sender);
    for attempt in 1..=2 {
        let store = place.open();
        let channels = Engine::open::<Fail>(&store, &Fail::SERVING).await.unwrap();
        let held = within_a_minute(channels.request_receiver().receive()).await.unwrap();
        assert_eq!((held.attempt(), held.message().retry().map(|retry| retry.max)), (attempt, Some(1)));
        place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
        let next = place.open();
        assert!(held.ack().await.is_err(), "the next process has taken it");
        drop(next);
    }
    let store = place.open();
    let channels = Engine::open::<Fail>(&store, &Fail::SERVING).await.unwrap();
    tokio::time::timeout(Duration::from_millis(200), channels.request_receiver().receive()).await.unwrap_err();
    assert_eq!(place.rows("SELECT state FROM jobs"), [["dead".to_owned()]]);
}

#[tokio::test]
async fn a_flipped_bit_in_the_retries_of_a_request_is_told() {
    let (place, log) = (Place::new(), Log::<(u32, u32)>::new());
    let worker = Orchestrator::on(place.open()).share(log.clone()).host(Fail).start().await.unwrap();
    worker.pause(Fail).await.unwrap();
    worker.send(Fail, 1).retry(Retry::times(1)).await.unwrap();
    place.sql().execute(r#"UPDATE request SET retry = replace(retry, '"max":1', '"max":9')"#, []).unwrap();
    let mut responses = worker.responses(Fail);
    worker.resume(Fail).await.unwrap();
    let end = within_a_minute(responses.receive()).await.unwrap();
    assert_eq!(end.outcome.as_ref().unwrap_err().kind, FailureKind::Unreadable);
    assert!(log.is_empty());
    worker.shutdown().await.unwrap();
}

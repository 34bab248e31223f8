//! A cancelled request and its outcome are one: both are there, or neither.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::within_a_minute;

use crate::store::Place;

#[job]
async fn late(_: &u64) {}

async fn reaching(place: &Place) -> Orchestrator<Sqlite> {
    Orchestrator::on(place.open()).reach(Late).start().await.unwrap()
}

/// A call that waits, as nobody works on it, and its id.
async fn called(place: &Place, caller: &Orchestrator<Sqlite>) -> (tokio::task::JoinHandle<Called>, JobId) {
    let caller = caller.clone();
    let call = tokio::spawn(async move { caller.call(Late, 1111).await });
    within_a_minute(async {
        while place.number("SELECT count(*) FROM jobs") == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    (call, place.rows("SELECT id FROM jobs")[0][0].parse().unwrap())
}

type Called = Result<(), CallError<std::convert::Infallible>>;

/// It is gone, its outcome is there, and its caller has heard of it.
async fn is_cancelled(place: &Place, call: tokio::task::JoinHandle<Called>, id: JobId) {
    assert_eq!(place.number("SELECT count(*) FROM jobs") + place.number("SELECT sum(waiting) FROM job"), 0);
    let results = place.rows("SELECT id, response LIKE '%cancelled%' FROM results");
    assert_eq!(results, [[id.to_string(), "1".to_owned()]]);
    let answer = tokio::time::timeout(Duration::from_secs(10), call).await.expect("the caller hears of it");
    assert!(matches!(answer.unwrap(), Err(CallError::Cancelled { .. })));
}

#[tokio::test]
async fn what_cannot_be_read_can_be_cancelled() {
    let place = Place::new();
    let (caller, other) = (reaching(&place).await, reaching(&place).await);
    let (call, id) = called(&place, &caller).await;
    place.sql().execute("UPDATE request SET payload = x'7a7a7a7a'", []).unwrap();
    assert!(other.cancel(Late, id).await, "it waits");
    assert!(!other.cancel(Late, id).await, "it is gone");
    is_cancelled(&place, call, id).await;
    for orch in [caller, other] {
        orch.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_request_whose_outcome_cannot_be_written_is_not_cancelled() {
    let place = Place::new();
    let (caller, other) = (reaching(&place).await, reaching(&place).await);
    let (call, id) = called(&place, &caller).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON response BEGIN SELECT RAISE(ABORT, 'no more'); END";
    place.sql().execute_batch(refuse).unwrap();
    assert!(!other.cancel(Late, id).await);
    assert_eq!(place.number("SELECT count(*) FROM jobs WHERE state = 'ready'"), 1, "it is as it was");
    place.sql().execute_batch("DROP TRIGGER refuse").unwrap();
    assert!(other.cancel(Late, id).await);
    is_cancelled(&place, call, id).await;
    for orch in [caller, other] {
        orch.shutdown().await.unwrap();
    }
}

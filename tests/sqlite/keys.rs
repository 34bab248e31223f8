//! Unique keys that are taken for longer than their request is there.

use std::time::Duration;

use job_orch::prelude::*;

use crate::store::Place;

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

#[tokio::test(start_paused = true)]
async fn a_key_can_be_taken_for_longer_than_its_request_is_there() {
    let place = Place::new();
    let store = Sqlite::options().for_tests().open(place.file()).unwrap();
    let orch = Orchestrator::on(store).host(Double).start().await.unwrap();
    let first = orch.send(Double, 1).unique_for("key", "1h").await.unwrap();
    while orch.counts(Double).unwrap().succeeded < 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for window in ["1h", "1ms"] {
        let again = orch.send(Double, 2).unique_for("key", window).await.unwrap();
        assert_eq!((again.is_duplicate, again.id), (true, first.id), "it has ended, and has the key still");
    }
    assert!(orch.send(Double, 3).unique("key").await.unwrap().is_duplicate);
    assert!(!orch.send(Double, 4).unique_for("another", "1h").await.unwrap().is_duplicate);
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert!(!orch.send(Double, 5).unique_for("key", "1h").await.unwrap().is_duplicate, "its time is up");
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_request_gives_its_key_back() {
    let place = Place::new();
    let store = Sqlite::options().for_tests().open(place.file()).unwrap();
    let orch = Orchestrator::on(store).host(Double).start().await.unwrap();
    let first = orch.send(Double, 1).after("1m").unique_for("key", "1h").await.unwrap();
    assert!(orch.send(Double, 2).unique_for("key", "1h").await.unwrap().is_duplicate);
    assert!(orch.cancel(Double, first.id).await);
    assert!(!orch.send(Double, 3).unique_for("key", "1h").await.unwrap().is_duplicate);
    orch.shutdown().await.unwrap();
}

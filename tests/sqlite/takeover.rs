//! Processes that are taken for dead though they live, and those that must not be.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Gate, Log, within_a_minute};
use tokio::time::sleep;

use crate::store::Place;

#[job]
#[processor(workers = 4)]
async fn stay(number: &u64, gate: &Gate, log: &Log<u64>) -> u64 {
    log.push(*number);
    gate.pass().await;
    *number
}

async fn working(store: Sqlite, gate: &Gate, log: &Log<u64>) -> Orchestrator<Sqlite> {
    Orchestrator::on(store).share(gate.clone()).share(log.clone()).host(Stay).start().await.unwrap()
}

#[tokio::test]
async fn who_lost_a_request_answers_its_caller_with_what_came_of_it_elsewhere() {
    let (place, gate, open, log) = (Place::new(), Gate::shut(), Gate::shut(), Log::new());
    open.open();
    let stale = working(place.open(), &gate, &log).await;
    let mut responses = stale.responses(Stay);
    let call = {
        let stale = stale.clone();
        tokio::spawn(async move { stale.call(Stay, 7).await })
    };
    gate.reached_by(1).await;
    // As if it had been suspended for long: the next process to come takes what it held, and ends it.
    place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
    let fresh = working(place.open(), &open, &log).await;
    within_a_minute(responses.receive()).await.unwrap();
    // Whoever looks for callers has looked.
    sleep(Duration::from_millis(100)).await;
    gate.open();
    let answer = tokio::time::timeout(Duration::from_secs(10), call).await.expect("the caller is answered");
    assert_eq!(answer.unwrap().unwrap(), 7);
    assert_eq!((log.entries(), stale.counts(Stay).unwrap().unsettled), (vec![7, 7], 1));
    for orch in [stale, fresh] {
        orch.shutdown().await.unwrap();
    }
}

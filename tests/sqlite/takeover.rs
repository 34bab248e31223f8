//! Processes that are taken for dead though they live, and those that must not be.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Gate, Log, within_a_minute};
use tokio::time::sleep;

use crate::store::Place;

/// A process that gives no sign of life for so long is taken for dead.
const LEASE: Duration = Duration::from_millis(300);

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

fn short(place: &Place) -> Sqlite {
    Sqlite::options().lease(LEASE).open(place.file()).unwrap()
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

#[job(cache(store = engine))]
async fn remember(number: &u64) -> u64 {
    *number
}

#[tokio::test]
async fn what_cannot_be_written_keeps_nobody_from_saying_that_it_lives() {
    let (place, gate, log) = (Place::new(), Gate::shut(), Log::new());
    let assembly = Orchestrator::on(short(&place)).share(gate.clone()).share(log.clone());
    let working = assembly.host(Stay).host(Remember).start().await.unwrap();
    let other = Orchestrator::on(short(&place)).reach(Stay).start().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE DELETE ON flight BEGIN SELECT RAISE(ABORT, 'no more'); END";
    place.sql().execute_batch(refuse).unwrap();
    // Nobody waits for the leave to compute it to be taken back, so that is tried again and again.
    assert_eq!(within_a_minute(working.call(Remember, 3)).await.unwrap(), 3);
    let call = {
        let working = working.clone();
        tokio::spawn(async move { working.call(Stay, 7).await })
    };
    gate.reached_by(1).await;
    let holders = "SELECT number FROM holder ORDER BY number";
    let before = place.rows(holders);
    sleep(LEASE * 6).await;
    assert_eq!(place.rows(holders), before, "nobody was taken for dead");
    assert_eq!(place.rows("SELECT state, attempts FROM jobs"), [["running", "1"]]);
    place.sql().execute_batch("DROP TRIGGER refuse").unwrap();
    within_a_minute(async {
        while place.number("SELECT count(*) FROM flight") > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    gate.open();
    assert_eq!(within_a_minute(call).await.unwrap().unwrap(), 7);
    assert_eq!(log.entries(), [7]);
    for orch in [working, other] {
        orch.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_lasts_longer_than_a_lease_buries_nobody() {
    let (place, gate, log) = (Place::new(), Gate::shut(), Log::new());
    let both = [working(short(&place), &gate, &log).await, working(short(&place), &gate, &log).await];
    for number in 0..4 {
        both[0].send(Stay, number).await.unwrap();
    }
    gate.reached_by(4).await;
    let holders = "SELECT number FROM holder ORDER BY number";
    let before = place.rows(holders);
    for _ in 0..3 {
        let sql = place.sql();
        sql.execute_batch("BEGIN IMMEDIATE").unwrap();
        sleep(LEASE * 4).await;
        sql.execute_batch("ROLLBACK").unwrap();
        sleep(LEASE * 2).await;
    }
    assert_eq!(place.rows(holders), before, "nobody was taken for dead");
    assert_eq!(place.number("SELECT max(attempts) FROM jobs"), 1);
    gate.open();
    for orch in both {
        orch.shutdown().await.unwrap();
    }
    assert_eq!(log.entries().len(), 4, "each ran once");
}

#[tokio::test]
async fn who_comes_after_a_long_transaction_buries_nobody() {
    let (place, gate, log) = (Place::new(), Gate::shut(), Log::new());
    let first = working(place.open(), &gate, &log).await;
    first.send(Stay, 1).await.unwrap();
    gate.reached_by(1).await;
    let before = place.number("SELECT number FROM holder");
    // Its time is up, and it could not say otherwise.
    place.sql().execute("UPDATE holder SET until = until - 31000", []).unwrap();
    let second = working(place.open(), &gate, &log).await;
    assert_eq!(place.number("SELECT min(number) FROM holder"), before);
    assert_eq!(place.number("SELECT max(attempts) FROM jobs"), 1);
    gate.open();
    for orch in [first, second] {
        orch.shutdown().await.unwrap();
    }
    assert_eq!(log.entries(), [1]);
}

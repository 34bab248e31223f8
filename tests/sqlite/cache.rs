//! Caches in the store: shared by processes, kept over restarts, and honest about damage and death.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, Capture, Gate, Log, within_a_minute};
use tokio::time::sleep;

use crate::child::{self, Child};
use crate::store::{Place, file_in};

#[job(cache(store = engine))]
async fn square(number: &u64, log: &Log<u64>) -> Result<u64, Bare> {
    log.push(*number);
    if *number == 13 { Err(Bare::of("unlucky")) } else { Ok(number * number) }
}

async fn squares(place: &Place, log: &Log<u64>) -> Orchestrator<Sqlite> {
    Orchestrator::on(place.open()).share(log.clone()).host(Square).start().await.unwrap()
}

/// Hits, misses, joins and entries.
fn counts(orch: &Orchestrator<Sqlite>) -> [u64; 4] {
    let counts = orch.counts(Square).unwrap().cache.unwrap();
    [counts.hits, counts.misses, counts.joins, counts.entries]
}

#[tokio::test]
async fn answers_are_there_after_a_restart_and_in_other_processes() {
    let (place, log) = (Place::new(), Log::new());
    let first = squares(&place, &log).await;
    assert_eq!(first.call(Square, 4).await.unwrap(), 16);
    assert_eq!(first.call(Square, 4).await.unwrap(), 16);
    assert_eq!(counts(&first), [1, 1, 0, 1]);
    let second = squares(&place, &log).await;
    assert_eq!(second.call(Square, 4).await.unwrap(), 16);
    assert_eq!(counts(&second), [1, 0, 0, 1]);
    first.shutdown().await.unwrap();
    second.shutdown().await.unwrap();
    drop((first, second));
    let third = squares(&place, &log).await;
    assert_eq!(third.call(Square, 4).await.unwrap(), 16);
    third.shutdown().await.unwrap();
    assert_eq!(log.entries(), [4]);
    assert_eq!(place.rows("SELECT job, request, response FROM answers"), [["square", "4", "16"]]);
    assert_eq!(place.number("SELECT count(*) FROM flight"), 0);
}

#[tokio::test]
async fn failures_are_not_kept_and_a_cleared_cache_is_empty() {
    let (place, log) = (Place::new(), Log::new());
    let orch = squares(&place, &log).await;
    for _ in 0..2 {
        assert!(matches!(orch.call(Square, 13).await, Err(CallError::Failed { .. })));
        assert_eq!(orch.call(Square, 2).await.unwrap(), 4);
    }
    assert_eq!(log.entries(), [13, 2, 13]);
    assert_eq!(place.number("SELECT count(*) FROM flight"), 0, "a run that failed is over");
    orch.client(Square).unwrap().clear_cache();
    assert_eq!(orch.call(Square, 2).await.unwrap(), 4);
    assert_eq!(log.entries(), [13, 2, 13, 2]);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_damaged_answer_is_computed_anew_and_told() {
    let capture = Capture::begin();
    let (place, log) = (Place::new(), Log::new());
    let orch = squares(&place, &log).await;
    assert_eq!(orch.call(Square, 4).await.unwrap(), 16);
    for damage in ["payload = x'3137'", "fresh = 7", "key = x'00'"] {
        place.sql().execute(&format!("UPDATE answer SET {damage}"), []).unwrap();
        assert_eq!(orch.call(Square, 4).await.unwrap(), 16, "{damage}");
    }
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), [4; 4]);
    let messages: Vec<_> =
        capture.events.entries().iter().filter_map(|seen| seen.event.fields.get("message").cloned()).collect();
    let told = messages.iter().filter(|message| message.contains("kept answers are damaged")).count();
    assert_eq!(told, 3, "{messages:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_dropped_and_computed_again() {
    let (place, log) = (Place::new(), Log::new());
    let store = Sqlite::options().lease(Duration::from_millis(300)).open(place.file()).unwrap();
    let orch = Orchestrator::on(store).share(log.clone()).host(Square).start().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'no room'); END";
    place.sql().execute_batch(refuse).unwrap();
    for number in 20..70 {
        assert_eq!(orch.call(Square, number).await.unwrap(), number * number);
    }
    within_a_minute(async {
        while place.number("SELECT count(*) FROM flight") > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    place.sql().execute_batch("DROP TRIGGER refuse").unwrap();
    // There are some signs of life meanwhile, with which what was put off is done.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(place.number("SELECT count(*) FROM answer"), 0, "it was held in memory");
    assert_eq!(orch.call(Square, 20).await.unwrap(), 400);
    assert_eq!(log.entries().len(), 51);
    orch.shutdown().await.unwrap();
    assert_eq!(place.number("SELECT count(*) FROM answer"), 1);
}

/// The same job after a change of what it means.
mod changed {
    use super::{Bare, Log, job};

    #[job(name = "square", version = 2, cache(store = engine))]
    pub(super) async fn square(number: &u64, log: &Log<u64>) -> Result<u64, Bare> {
        log.push(*number);
        Ok(number * number + 1)
    }
}

#[tokio::test]
async fn another_version_has_answers_of_its_own() {
    let (place, log) = (Place::new(), Log::new());
    let old = squares(&place, &log).await;
    assert_eq!(old.call(Square, 4).await.unwrap(), 16);
    old.shutdown().await.unwrap();
    let new = Orchestrator::on(place.open()).share(log.clone()).host(changed::Square).start().await.unwrap();
    assert_eq!(new.call(changed::Square, 4).await.unwrap(), 17);
    new.shutdown().await.unwrap();
    let old = squares(&place, &log).await;
    assert_eq!(old.call(Square, 4).await.unwrap(), 16);
    old.shutdown().await.unwrap();
    assert_eq!(log.entries(), [4, 4]);
}

fn tens(number: &u64) -> (u64,) {
    (number / 10,)
}

#[job(cache(store = engine, key = tens, capacity = 128, ttl = "1m", stale = "1m"))]
async fn decade(number: &u64, log: &Log<u64>) -> u64 {
    log.push(*number);
    number / 10
}

async fn decades(place: &Place, log: &Log<u64>) -> Orchestrator<Sqlite> {
    let store = Sqlite::options().for_tests().open(place.file()).unwrap();
    Orchestrator::on(store).share(log.clone()).host(Decade).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_fresh_then_stale_then_gone() {
    let (place, log) = (Place::new(), Log::new());
    let orch = decades(&place, &log).await;
    assert_eq!(orch.call(Decade, 41).await.unwrap(), 4);
    sleep(Duration::from_secs(59)).await;
    assert_eq!(orch.call(Decade, 42).await.unwrap(), 4);
    assert_eq!(log.entries(), [41], "the key is the decade, and fresh");
    sleep(Duration::from_secs(2)).await;
    for number in [43, 44, 45] {
        assert_eq!(orch.call(Decade, number).await.unwrap(), 4);
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(log.entries(), [41, 43], "served, while one of them has a fresh one computed");
    sleep(Duration::from_secs(130)).await;
    assert_eq!(orch.call(Decade, 46).await.unwrap(), 4);
    assert_eq!(log.entries(), [41, 43, 46]);
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_number_of_answers_is_bounded_and_the_least_used_go() {
    let (place, log) = (Place::new(), Log::new());
    let orch = decades(&place, &log).await;
    for decade in 0..300 {
        orch.call(Decade, decade * 10).await.unwrap();
        assert!(place.number("SELECT count(*) FROM answer") <= 128);
        sleep(Duration::from_millis(10)).await;
    }
    let kept = place.number("SELECT count(*) FROM answer");
    assert!(kept > 120, "{kept}");
    assert_eq!(orch.counts(Decade).unwrap().cache.unwrap().entries, kept as u64);
    let runs = log.len();
    orch.call(Decade, 2_990).await.unwrap();
    assert_eq!(log.len(), runs, "the last ones are there");
    orch.shutdown().await.unwrap();
}

#[job(cache(store = engine))]
#[processor(workers = 4)]
async fn slow(number: &u64, log: &Log<u64>, gate: &Gate) -> u64 {
    log.push(*number);
    gate.pass().await;
    number + 1
}

/// As many orchestrators as processes.
async fn slows(place: &Place, log: &Log<u64>, gate: &Gate) -> Orchestrator<Sqlite> {
    let store = Sqlite::options().lease(LEASE).open(place.file()).unwrap();
    Orchestrator::on(store).share(log.clone()).share(gate.clone()).host(Slow).start().await.unwrap()
}

#[tokio::test]
async fn equal_requests_in_several_processes_run_once() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    let all = [slows(&place, &log, &gate).await, slows(&place, &log, &gate).await, slows(&place, &log, &gate).await];
    let calls: Vec<_> = (0..12)
        .map(|at| {
            let orch = all[at % 3].clone();
            tokio::spawn(async move { orch.call(Slow, 6).await.unwrap() })
        })
        .collect();
    gate.reached_by(1).await;
    // All the others have joined it, wherever they were claimed.
    let joins = || all.iter().map(|orch| orch.counts(Slow).unwrap().cache.unwrap().joins).sum::<u64>();
    within_a_minute(async {
        while joins() < 11 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    gate.open();
    for call in calls {
        assert_eq!(within_a_minute(call).await.unwrap(), 7);
    }
    assert_eq!(log.entries(), [6]);
    for orch in all {
        orch.shutdown().await.unwrap();
    }
}

/// Nobody waits for that.
const LEASE: Duration = Duration::from_secs(3600);

/// The process that is killed while it computes.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::options().lease(LEASE).open(file_in(&folder)).unwrap();
    let orch = Orchestrator::on(store).share(Log::<u64>::new()).share(Gate::shut()).host(Slow).start().await.unwrap();
    let _ = orch.call(Slow, 6).await;
}

#[tokio::test]
async fn a_process_that_dies_while_it_computes_holds_nobody_up() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    gate.open();
    drop(place.open());
    let child = Child::start("cache::process", place.folder());
    within_a_minute(async {
        while place.number("SELECT count(*) FROM flight") == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let orch = slows(&place, &log, &gate).await;
    let call = {
        let orch = orch.clone();
        tokio::spawn(async move { orch.call(Slow, 6).await.unwrap() })
    };
    sleep(Duration::from_secs(1)).await;
    assert!(!call.is_finished(), "the other one lives, and computes");
    child.kill();
    assert_eq!(within_a_minute(call).await.unwrap(), 7);
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), [6]);
}

#[job(cache(store = engine))]
async fn gated(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[tokio::test]
async fn two_orchestrators_on_one_open_store_hear_of_each_others_answers_at_once() {
    let (place, gate) = (Place::new(), Gate::shut());
    let store = place.open();
    let start = || Orchestrator::on(store.clone()).share(gate.clone()).host(Gated).start();
    let both = [start().await.unwrap(), start().await.unwrap()];
    let calls = both.clone().map(|orch| tokio::spawn(async move { orch.call(Gated, 4).await }));
    gate.reached_by(1).await;
    sleep(Duration::from_millis(200)).await;
    gate.open();
    // Long before anybody looks by himself.
    for call in calls {
        let answer = tokio::time::timeout(Duration::from_secs(5), call).await.expect("it is told");
        assert_eq!(answer.unwrap().unwrap(), 4);
    }
    for orch in both {
        orch.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_dead_process_was_computing_is_forgotten() {
    let (place, gate) = (Place::new(), Gate::shut());
    let first = Orchestrator::on(place.open()).share(gate.clone()).host(Gated).start().await.unwrap();
    let call = {
        let first = first.clone();
        tokio::spawn(async move { first.call(Gated, 4).await })
    };
    gate.reached_by(1).await;
    assert_eq!(place.number("SELECT count(*) FROM flight"), 1);
    place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
    let second = place.open();
    assert_eq!(place.number("SELECT count(*) FROM flight"), 0);
    gate.open();
    assert_eq!(within_a_minute(call).await.unwrap().unwrap(), 4);
    first.shutdown().await.unwrap();
    drop(second);
}

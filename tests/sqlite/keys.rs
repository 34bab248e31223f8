//! Unique keys that are taken for longer than their request is there.

use std::process::Stdio;
use std::time::Duration;

use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, within_a_minute};

use crate::child;
use crate::store::{Place, file_in};

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

fn parity(number: &u64) -> u64 {
    number % 2
}

#[job(unique(key = parity, within = "1h", even_dead))]
async fn halve(number: &u64) -> u64 {
    number / 2
}

#[tokio::test(start_paused = true)]
async fn a_job_can_take_its_keys_for_longer_than_a_request_is_there() {
    let place = Place::new();
    let store = Sqlite::options().for_tests().open(place.file()).unwrap();
    let mut connection = store.connection().unwrap();
    let orch = Orchestrator::on(store).host(Halve).start().await.unwrap();
    let first = orch.send(Halve, 2).await.unwrap();
    while orch.counts(Halve).unwrap().succeeded < 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let again = orch.send(Halve, 4).await.unwrap();
    assert_eq!((again.is_duplicate, again.id), (true, first.id), "it has ended, and has the key still");
    let transaction = connection.transaction().unwrap();
    let again = orch.send(Halve, 6).in_transaction(&transaction).unwrap();
    assert_eq!((again.is_duplicate, again.id), (true, first.id));
    transaction.rollback().unwrap();
    assert!(!orch.send(Halve, 1).await.unwrap().is_duplicate, "another key");
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert!(!orch.send(Halve, 8).await.unwrap().is_duplicate, "its time is up");
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

#[job(retry(max = 1, backoff = constant("1ms")))]
async fn work(ends_well: &bool, gate: &Gate) -> Result<(), Bare> {
    gate.pass().await;
    if *ends_well { Ok(()) } else { Err(Bare::of("it went wrong")) }
}

#[tokio::test]
async fn a_dead_letter_has_its_key_for_whoever_asks() {
    let (place, gate) = (Place::new(), Gate::shut());
    let orch = Orchestrator::on(place.open()).share(gate.clone()).host(Work).start().await.unwrap();
    gate.let_through(2);
    let mut responses = orch.responses(Work);
    let dead = orch.send(Work, false).unique("key").await.unwrap();
    assert!(within_a_minute(responses.receive()).await.unwrap().outcome.is_err());
    assert_eq!(place.rows("SELECT state, unique_key FROM jobs"), [["dead", "key"].map(str::to_owned)]);
    let duplicate = orch.send(Work, true).unique("key").even_dead().await.unwrap();
    assert_eq!((duplicate.is_duplicate, duplicate.id), (true, dead.id));
    let beside = orch.send(Work, true).unique("key").await.unwrap();
    assert!(!beside.is_duplicate, "who does not ask minds no dead letter");
    gate.let_through(1);
    within_a_minute(responses.receive()).await.unwrap();

    assert!(orch.redrive(Work, dead.id).await.unwrap());
    let duplicate = orch.send(Work, true).unique("key").await.unwrap();
    assert_eq!((duplicate.is_duplicate, duplicate.id), (true, dead.id), "it waits or runs again");
    gate.let_through(2);
    assert!(within_a_minute(responses.receive()).await.unwrap().outcome.is_err(), "it is dead again");
    assert!(orch.send(Work, true).unique("key").even_dead().await.unwrap().is_duplicate);
    assert!(orch.drop_dead_letter(Work, dead.id).await.unwrap());
    assert!(!orch.send(Work, true).unique("key").even_dead().await.unwrap().is_duplicate, "it is gone");
    gate.open();
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn one_more_may_wait_behind_the_one_that_runs_in_another_process() {
    let (place, gate) = (Place::new(), Gate::shut());
    let worker = Orchestrator::on(place.open()).share(gate.clone()).host(Work).start().await.unwrap();
    let sender = Orchestrator::on(place.open()).reach(Work).start().await.unwrap();
    let first = sender.send(Work, true).unique("key").await.unwrap();
    gate.reached_by(1).await;
    assert_eq!(sender.send(Work, true).unique("key").await.unwrap().id, first.id);
    let second = sender.send(Work, true).unique("key").while_waiting().await.unwrap();
    assert!(!second.is_duplicate);
    for _ in 0..3 {
        let third = sender.send(Work, true).unique("key").while_waiting().await.unwrap();
        assert_eq!((third.is_duplicate, third.id), (true, second.id));
    }
    gate.open();
    within_a_minute(gate.reached_by(2)).await;
    worker.shutdown().await.unwrap();
    sender.shutdown().await.unwrap();
    assert_eq!(gate.arrived(), 2);
}

#[job(unique(key = "all"))]
async fn alone(_: &u64) {}

#[tokio::test]
async fn each_queue_of_a_job_has_keys_of_its_own() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).reach(Alone).reach_in(Alone, "slow").start().await.unwrap();
    let own = orch.send(Alone, 1).await.unwrap();
    let other = orch.send(Alone, 1).queue("slow").await.unwrap();
    assert_eq!((own.is_duplicate, other.is_duplicate), (false, false));
    for (queue, first) in [(Alone::SERVING.queue, own.id), ("slow", other.id)] {
        let second = orch.send(Alone, 2).queue(queue).await.unwrap();
        assert_eq!((second.is_duplicate, second.id), (true, first), "{queue}");
    }
    orch.shutdown().await.unwrap();
}

/// So many keys are sent by all processes at once.
const KEYS: u64 = 40;

/// One of the processes. It says how many of its requests were accepted.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::open(file_in(&folder)).unwrap();
    let mut connection = store.connection().unwrap();
    let orch = Orchestrator::on(store).reach(Double).start().await.unwrap();
    let mut accepted = 0;
    for number in 0..KEYS {
        let send = orch.send(Double, number).unique(format!("key {number}"));
        let receipt = if number.is_multiple_of(2) {
            send.await.unwrap()
        } else {
            let transaction = connection.transaction().unwrap();
            let receipt = send.in_transaction(&transaction).unwrap();
            transaction.commit().unwrap();
            receipt
        };
        accepted += u64::from(!receipt.is_duplicate);
    }
    orch.shutdown().await.unwrap();
    println!("accepted {accepted}.");
}

#[tokio::test]
async fn duplicates_from_several_processes_are_accepted_once() {
    let place = Place::new();
    drop(place.open());
    let start = || child::command(&[], "keys::process", place.folder()).stdout(Stdio::piped()).spawn().unwrap();
    let processes = [start(), start(), start(), start()];
    let mut accepted = 0;
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let count = said.split("accepted ").nth(1).and_then(|rest| rest.split('.').next()).expect(&said);
        accepted += count.parse::<u64>().unwrap();
    }
    assert_eq!(accepted, KEYS);
    assert_eq!(place.number("SELECT count(*) FROM jobs"), i64::try_from(KEYS).unwrap());
    assert_eq!(place.number("SELECT count(DISTINCT unique_key) FROM jobs"), i64::try_from(KEYS).unwrap());
}

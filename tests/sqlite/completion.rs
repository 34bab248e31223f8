//! Jobs that end their request in a transaction of their own, with what they have done there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use job_orch::prelude::*;
use job_orch::{CompleteError, TransactionError};
use job_orch_tests::{Gate, Log, within_a_minute};
use rusqlite::Connection;

use crate::child::{self, Child};
use crate::store::{Place, file_in};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A connection of the user's, with a table in which effects are seen.
struct Shop(Connection);

impl Shop {
    fn of(store: &Sqlite) -> Self {
        let shop = store.connection().unwrap();
        shop.execute_batch("CREATE TABLE IF NOT EXISTS sale (what TEXT NOT NULL)").unwrap();
        Self(shop)
    }
}

/// What a job does when it has completed its request.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
enum Then {
    Return,
    ReturnAnother,
    Fail,
    Panic,
    Linger,
    RollBack,
}

#[job(timeout = "1s")]
async fn sell(then: &Then, shop: &mut Shop, log: &Log<u32>, #[context] context: &Context) -> Result<u64, Error> {
    log.push(context.attempt());
    sell_in(shop, *then, context)?;
    match then {
        Then::Return => Ok(7),
        Then::ReturnAnother => Ok(9),
        Then::Fail => Err("it went wrong".into()),
        Then::Panic => panic!("bang"),
        Then::Linger => std::future::pending().await,
        Then::RollBack => Ok(1),
    }
}

fn sell_in(shop: &mut Shop, then: Then, context: &Context) -> Result<(), Error> {
    let transaction = shop.0.transaction()?;
    transaction.execute("INSERT INTO sale VALUES (?1)", [format!("{then:?}")])?;
    context.complete_in(&transaction, &7_u64)?;
    if matches!(then, Then::RollBack) {
        return Ok(transaction.rollback()?);
    }
    let twice = context.complete_in(&transaction, &8_u64);
    assert!(matches!(twice, Err(CompleteError::Twice { job: "sell" })), "{twice:?}");
    Ok(transaction.commit()?)
}

async fn selling(place: &Place, log: &Log<u32>) -> Orchestrator<Sqlite> {
    let store = place.open();
    let shops = store.clone();
    let assembly = Orchestrator::on(store).share(log.clone()).provide_with(move || Shop::of(&shops)).host(Sell);
    assembly.start().await.unwrap()
}

#[tokio::test]
async fn what_was_committed_is_the_response_whatever_comes_after() {
    let (place, log) = (Place::new(), Log::new());
    let orch = selling(&place, &log).await;
    let mut responses = orch.responses(Sell);
    for then in [Then::Return, Then::ReturnAnother, Then::Fail, Then::Panic, Then::Linger] {
        assert_eq!(within_a_minute(orch.call(Sell, then)).await.unwrap(), 7, "{then:?}");
        assert_eq!(within_a_minute(responses.receive()).await.unwrap().outcome, Ok(7), "{then:?}");
        let receipt = orch.send(Sell, then).await.unwrap();
        let heard = within_a_minute(responses.receive()).await.unwrap();
        assert_eq!((heard.id, heard.outcome.as_ref().ok()), (receipt.id, Some(&7)), "{then:?}");
    }
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), [1; 10], "nothing ran twice");
    assert_eq!(place.number("SELECT count(*) FROM sale"), 10);
    assert_eq!(place.number("SELECT count(*) FROM results WHERE response = '7'"), 10);
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    let counts = orch.counts(Sell).unwrap();
    assert_eq!((counts.succeeded, counts.failed, counts.retried, counts.panicked, counts.unsettled), (10, 0, 0, 2, 0));
}

#[tokio::test]
async fn what_was_rolled_back_ends_as_any_other_does() {
    let (place, log) = (Place::new(), Log::new());
    let orch = selling(&place, &log).await;
    assert_eq!(within_a_minute(orch.call(Sell, Then::RollBack)).await.unwrap(), 1);
    assert_eq!(place.number("SELECT count(*) FROM sale"), 0);
    assert_eq!(place.rows("SELECT response FROM results"), [["1".to_owned()]]);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_flow_goes_on_with_what_was_committed() {
    let (place, log) = (Place::new(), Log::new());
    let orch = selling(&place, &log).await;
    let flow = job_orch::flow::Flow::define("sales", |then: job_orch::flow::Wire<Then, Error>| {
        then.attempt(Sell).or(|_| 0).map(|sold| sold + 1)
    })
    .unwrap();
    let id = JobId::new();
    assert_eq!(within_a_minute(orch.run(&flow, Then::Fail)).await.unwrap(), 8);
    assert_eq!(within_a_minute(orch.run_as(id, &flow, Then::Fail)).await.unwrap(), 8);
    orch.shutdown().await.unwrap();
    assert_eq!(place.number("SELECT count(*) FROM sale"), 2);
}

#[job]
async fn stall(
    _: &(),
    shop: &mut Shop,
    gate: &Gate,
    log: &Log<String>,
    #[context] context: &Context,
) -> Result<(), Error> {
    let attempt = context.attempt();
    gate.pass().await;
    let transaction = shop.0.transaction()?;
    transaction.execute("INSERT INTO sale VALUES (?1)", [attempt])?;
    let completed = context.complete_in(&transaction, &());
    // As one would who looks at no error.
    let committed = transaction.commit();
    log.push(format!("{attempt}: {} {}", completed.is_ok(), committed.is_ok()));
    if let Err(error) = completed {
        assert!(matches!(error, CompleteError::Lost { job: "stall" }), "{error}");
        return Err(error.into());
    }
    Ok(committed?)
}

#[tokio::test]
async fn a_worker_that_was_taken_for_dead_can_commit_nothing() {
    let (place, gate, log) = (Place::new(), Gate::shut(), Log::new());
    let working = || async {
        let store = place.open();
        let shops = store.clone();
        let shared = Orchestrator::on(store).share(gate.clone()).share(log.clone());
        shared.provide_with(move || Shop::of(&shops)).host(Stall).start().await.unwrap()
    };
    let stale = working().await;
    let id = stale.send(Stall, ()).await.unwrap().id;
    gate.reached_by(1).await;
    // As if nobody had heard of it for long: the next process to come takes what it held.
    place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
    let fresh = working().await;
    gate.reached_by(2).await;
    gate.let_through(1);
    within_a_minute(async {
        while log.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(log.entries(), ["1: false false"], "the first at the gate is the stale one");
    assert_eq!(place.number("SELECT count(*) FROM sale"), 0);
    gate.open();
    within_a_minute(async {
        while fresh.response(Stall, id).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    fresh.shutdown().await.unwrap();
    stale.shutdown().await.unwrap();
    assert_eq!(place.rows("SELECT what FROM sale"), [["2".to_owned()]], "the effect of the one that held it");
    assert_eq!(place.number("SELECT count(*) FROM results"), 1);
    assert_eq!(stale.counts(Stall).unwrap().unsettled, 1);
}

#[job]
async fn mistake(_: &(), shop: &mut Shop, #[context] context: &Context) -> Result<u64, Error> {
    let transaction = shop.0.transaction()?;
    transaction.execute("INSERT INTO sale VALUES ('once')", [])?;
    let error = context.complete_in(&transaction, &1_u32).unwrap_err();
    let expected = "job `mistake` responds with `u64`, and was completed with `u32`";
    assert_eq!(error.to_string(), expected);
    let elsewhere = Connection::open_in_memory()?;
    elsewhere.execute_batch("BEGIN")?;
    let error = context.complete_in(&elsewhere, &1_u64).unwrap_err();
    assert!(matches!(error, CompleteError::Transaction { source: TransactionError::Elsewhere { .. }, .. }), "{error}");
    // It is as it was.
    transaction.commit()?;
    Ok(2)
}

#[tokio::test]
async fn a_mistake_changes_nothing() {
    let place = Place::new();
    let store = place.open();
    let shops = store.clone();
    let orch = Orchestrator::on(store).provide_with(move || Shop::of(&shops)).host(Mistake).start().await.unwrap();
    assert_eq!(within_a_minute(orch.call(Mistake, ())).await.unwrap(), 2);
    assert_eq!(place.number("SELECT count(*) FROM sale"), 1);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_engine_that_takes_part_in_no_transaction_says_so() {
    let place = Place::new();
    let store = place.open();
    let log = Log::new();
    let shops = store.clone();
    let orch = Orchestrator::on(Memory::new()).share(log.clone()).provide_with(move || Shop::of(&shops)).host(Sell);
    let orch = orch.start().await.unwrap();
    let error = orch.call(Sell, Then::Return).await.unwrap_err();
    assert!(error.to_string().contains("takes part in no transaction"), "{error}");
    // A unit test has nothing to complete.
    let mut shop = Shop::of(&store);
    assert_eq!(sell(&Then::RollBack, &mut shop, &log, &Context::detached()).await.unwrap(), 1);
    orch.shutdown().await.unwrap();
}

/// A process that gives no sign of life for so long is taken for dead.
const LEASE: Duration = Duration::from_millis(300);

/// What becomes of the process that runs it for the first time, and when.
const KILLED_BEFORE_THE_COMMIT: &str = "killed before the commit";
const KILLED_AFTER_THE_COMMIT: &str = "killed after the commit";
const STOPPED: &str = "stopped";

/// A file that says that a worker found its lease lost.
const LOST: &str = "lost";

/// Gets a signal the first time that it comes by.
fn strike_once(folder: &Path, moment: &str, signal: &str) {
    let marker = folder.join(moment);
    if !marker.exists() {
        std::fs::write(marker, "").unwrap();
        Command::new("kill").args([signal, &std::process::id().to_string()]).status().unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[job]
async fn fatal(moment: &String, shop: &mut Shop, folder: &PathBuf, #[context] context: &Context) -> Result<u32, Error> {
    if moment == STOPPED {
        strike_once(folder, moment, "-STOP");
    }
    let transaction = shop.0.transaction()?;
    transaction.execute("INSERT INTO sale VALUES (?1)", [moment])?;
    let completed = context.complete_in(&transaction, &context.attempt());
    if matches!(completed, Err(CompleteError::Lost { .. })) {
        std::fs::write(folder.join(LOST), "")?;
    }
    if moment == KILLED_BEFORE_THE_COMMIT {
        strike_once(folder, moment, "-KILL");
    }
    transaction.commit()?;
    if moment == KILLED_AFTER_THE_COMMIT {
        strike_once(folder, moment, "-KILL");
    }
    completed?;
    Ok(99)
}

#[tokio::test]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::options().lease(LEASE).open(file_in(&folder)).unwrap();
    let shops = store.clone();
    let assembly = Orchestrator::on(store).share(folder).provide_with(move || Shop::of(&shops)).host(Fatal);
    let _orch = assembly.start().await.unwrap();
    std::future::pending::<()>().await;
}

fn spawn(place: &Place) -> Child {
    Child::start("completion::process", place.folder())
}

#[tokio::test]
async fn a_process_that_is_killed_after_the_commit_has_done_it_once() {
    for (moment, attempt) in [(KILLED_BEFORE_THE_COMMIT, 2), (KILLED_AFTER_THE_COMMIT, 1)] {
        let place = Place::new();
        let caller = Orchestrator::on(place.open()).reach(Fatal).start().await.unwrap();
        let call = {
            let caller = caller.clone();
            tokio::spawn(async move { caller.call(Fatal, moment.to_owned()).await })
        };
        let first = spawn(&place);
        let died = tokio::task::spawn_blocking(|| first.wait()).await.unwrap();
        assert!(!died.success(), "it was killed");
        let second = spawn(&place);
        assert_eq!(
            within_a_minute(call).await.unwrap().unwrap(),
            attempt,
            "{moment}: of the attempt that was committed"
        );
        // Time enough to run it again, if anybody would.
        tokio::time::sleep(2 * LEASE).await;
        second.kill();
        assert_eq!(place.number("SELECT count(*) FROM sale"), 1, "{moment}");
        assert_eq!(place.number("SELECT count(*) FROM results"), 1, "{moment}");
        assert_eq!(place.number("SELECT count(*) FROM jobs"), 0, "{moment}");
        caller.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_process_that_was_stopped_for_longer_than_its_lease_commits_nothing() {
    let place = Place::new();
    let folder = place.folder();
    let caller = Orchestrator::on(place.open()).reach(Fatal).start().await.unwrap();
    let call = {
        let caller = caller.clone();
        tokio::spawn(async move { caller.call(Fatal, STOPPED.to_owned()).await })
    };
    let first = spawn(&place);
    appears(&folder.join(STOPPED)).await;
    let second = spawn(&place);
    assert_eq!(within_a_minute(call).await.unwrap().unwrap(), 2, "the second attempt is the one that was committed");
    assert!(!folder.join(LOST).exists());
    first.signal("-CONT");
    appears(&folder.join(LOST)).await;
    tokio::time::sleep(LEASE).await;
    first.kill();
    second.kill();
    assert_eq!(place.number("SELECT count(*) FROM sale"), 1);
    assert_eq!(place.number("SELECT count(*) FROM results"), 1);
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    caller.shutdown().await.unwrap();
}

async fn appears(file: &Path) {
    within_a_minute(async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

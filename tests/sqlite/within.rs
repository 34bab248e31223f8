//! Requests that are sent in a transaction of the user's, on a connection of the user's to the same file.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use job_orch::prelude::*;
use job_orch::retry::Retry;
use job_orch::{Durability, Refusal, TransactionError};
use job_orch_tests::{Log, within_a_minute};
use rusqlite::{Connection, TransactionBehavior};

use crate::store::Place;

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(86_400);

#[job]
#[processor(requests(capacity = 1000, full = refuse))]
async fn note(number: &u64, log: &Log<u64>) {
    log.push(*number);
}

async fn noting(store: Sqlite, log: &Log<u64>) -> Orchestrator<Sqlite> {
    Orchestrator::on(store).share(log.clone()).host(Note).start().await.unwrap()
}

async fn reaching(place: &Place) -> Orchestrator<Sqlite> {
    Orchestrator::on(place.open()).reach(Note).start().await.unwrap()
}

/// A connection as anybody opens it, with a table of the user's.
fn shop(place: &Place) -> Connection {
    let shop = place.sql();
    shop.execute_batch("CREATE TABLE IF NOT EXISTS sale (number INTEGER NOT NULL)").unwrap();
    shop
}

async fn seen(log: &Log<u64>, count: usize) -> Vec<u64> {
    within_a_minute(async {
        while log.len() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    log.entries()
}

#[tokio::test]
async fn a_request_is_accepted_with_the_transaction_it_was_sent_in() {
    let (place, log) = (Place::new(), Log::new());
    let orch = noting(place.open(), &log).await;
    let mut shop = shop(&place);
    let transaction = shop.transaction().unwrap();
    transaction.execute("INSERT INTO sale VALUES (7)", []).unwrap();
    let receipt = orch.send(Note, 7).in_transaction(&transaction).unwrap();
    assert_eq!((receipt.is_duplicate, receipt.durability), (false, Durability::PowerLoss));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0, "nobody sees it yet");
    assert!(log.is_empty());
    transaction.commit().unwrap();
    assert_eq!(seen(&log, 1).await, [7]);
    within_a_minute(async {
        while orch.response(Note, receipt.id).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(place.number("SELECT count(*) FROM sale"), 1);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_rolled_back_was_never_sent() {
    let (place, log) = (Place::new(), Log::new());
    let orch = reaching(&place).await;
    let mut shop = place.open().connection().unwrap();
    for number in 0..3 {
        let transaction = shop.transaction().unwrap();
        assert!(
            !orch.send(Note, number).unique("key").in_transaction(&transaction).unwrap().is_duplicate,
            "it is free"
        );
        orch.send(Note, number).after("1h").in_transaction(&transaction).unwrap();
        drop(transaction);
    }
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    assert_eq!(place.number("SELECT waiting FROM job"), 0);
    // A part of a transaction, too.
    let mut transaction = shop.transaction().unwrap();
    orch.send(Note, 1).in_transaction(&transaction).unwrap();
    let savepoint = transaction.savepoint().unwrap();
    orch.send(Note, 2).in_transaction(&savepoint).unwrap();
    drop(savepoint);
    orch.send(Note, 3).in_transaction(&transaction).unwrap();
    transaction.commit().unwrap();
    let worker = noting(place.open(), &log).await;
    assert_eq!(seen(&log, 2).await, [1, 3]);
    assert_eq!(place.number("SELECT waiting FROM job"), 0);
    worker.shutdown().await.unwrap();
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn workers_here_and_elsewhere_hear_of_the_commit() {
    let place = Place::new();
    // They look by themselves for nothing.
    let deaf = || Sqlite::options().poll_every(NEVER).lease(NEVER).open(place.file()).unwrap();
    for is_elsewhere in [false, true] {
        let (log, mut waits) = (Log::new(), Vec::new());
        let worker = noting(deaf(), &log).await;
        let sender = Orchestrator::on(deaf()).reach(Note).start().await.unwrap();
        let through = if is_elsewhere { &sender } else { &worker };
        let mut shop = shop(&place);
        for number in 0..20 {
            // Sooner or later everybody is asleep.
            tokio::time::sleep(Duration::from_millis(number)).await;
            let transaction = shop.transaction().unwrap();
            through.send(Note, number).in_transaction(&transaction).unwrap();
            std::thread::sleep(Duration::from_millis(number % 7));
            transaction.commit().unwrap();
            let committed = Instant::now();
            seen(&log, usize::try_from(number).unwrap() + 1).await;
            waits.push(committed.elapsed());
        }
        waits.sort_unstable();
        println!("elsewhere: {is_elsewhere}; from the commit to the run {:?}, {:?} at most", waits[10], waits[19]);
        // Others may use this machine.
        assert!(waits[19] < Duration::from_secs(5), "{waits:?}");
        worker.shutdown().await.unwrap();
        sender.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_sender_asks_for_holds_in_a_transaction_too() {
    let (place, log) = (Place::new(), Log::new());
    let assembly = Orchestrator::on(place.open()).reach(Note).reach_in(Note, "slow");
    let orch = assembly.start().await.unwrap();
    let mut shop = place.open().connection().unwrap();
    let transaction = shop.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    orch.send(Note, 1).in_transaction(&transaction).unwrap();
    orch.send(Note, 2).priority(5).retry(Retry::times(3)).in_transaction(&transaction).unwrap();
    let key = orch.send(Note, 3).after("200ms").unique_for("key", "1h").in_transaction(&transaction).unwrap();
    let again = orch.send(Note, 4).unique("key").in_transaction(&transaction).unwrap();
    assert_eq!((again.is_duplicate, again.id), (true, key.id), "of the same transaction");
    orch.send(Note, 5).queue("slow").in_transaction(&transaction).unwrap();
    let unknown = orch.send(Note, 6).queue("fast").in_transaction(&transaction).unwrap_err();
    assert!(matches!(unknown.reason(), Refusal::NotHosted), "{unknown}");
    let wrong = orch.send(Note, 6).after("soon").in_transaction(&transaction).unwrap_err();
    assert!(matches!(wrong.reason(), Refusal::InvalidSpan(_)), "{wrong}");
    transaction.commit().unwrap();
    assert_eq!(orch.send(Note, 4).unique("key").await.unwrap().id, key.id);
    let rows =
        place.rows("SELECT job, request, priority, state, json_extract(retry, '$.max') FROM jobs ORDER BY request");
    let row = |job: &str, request: &str, priority: &str, state: &str, retry: &str| {
        [job, request, priority, state, retry].map(str::to_owned).to_vec()
    };
    assert_eq!(
        rows,
        [
            row("note", "1", "0", "ready", "Null"),
            row("note", "2", "5", "ready", "3"),
            row("note", "3", "0", "delayed", "Null"),
            row("note@slow", "5", "0", "ready", "Null"),
        ]
    );
    let worker = noting(place.open(), &log).await;
    assert_eq!(seen(&log, 3).await, [2, 1, 3]);
    worker.shutdown().await.unwrap();
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_full_channel_refuses_at_once() {
    let place = Place::new();
    let orch = reaching(&place).await;
    orch.send_many(Note, 0..999).await.unwrap();
    let mut shop = place.sql();
    let transaction = shop.transaction().unwrap();
    orch.send(Note, 1).in_transaction(&transaction).unwrap();
    let refused = orch.send(Note, 2).in_transaction(&transaction).unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Full), "{refused}");
    assert_eq!(refused.into_request(), 2);
    transaction.commit().unwrap();
    assert_eq!(place.number("SELECT waiting FROM job"), 1000);
    orch.shutdown().await.unwrap();
    let closed = orch.send(Note, 3).in_transaction(&shop.transaction().unwrap()).unwrap_err();
    assert!(matches!(closed.reason(), Refusal::Closed), "{closed}");
}

#[track_caller]
fn reason(refusal: &Refusal) -> &TransactionError {
    match refusal {
        Refusal::Transaction(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_transaction_that_will_not_do_is_refused_by_its_reason() {
    let (place, other) = (Place::new(), Place::new());
    let orch = reaching(&place).await;
    let refused = |connection: &Connection| orch.send(Note, 1).in_transaction(connection).unwrap_err();

    drop(other.open());
    let elsewhere = other.sql();
    elsewhere.execute_batch("BEGIN").unwrap();
    let error = refused(&elsewhere);
    assert!(matches!(reason(error.reason()), TransactionError::Elsewhere { found, .. } if found.ends_with("jobs.db")));
    assert_eq!((error.is_retryable(), error.into_request()), (false, 1));
    let nowhere = Connection::open_in_memory().unwrap();
    nowhere.execute_batch("BEGIN").unwrap();
    assert!(
        matches!(reason(refused(&nowhere).reason()), TransactionError::Elsewhere { found, .. } if found == "no file")
    );

    let weak = place.sql();
    assert!(matches!(reason(refused(&weak).reason()), TransactionError::NotBegun));
    weak.pragma_update(None, "synchronous", "NORMAL").unwrap();
    weak.execute_batch("BEGIN").unwrap();
    assert!(matches!(reason(refused(&weak).reason()), TransactionError::Weak { found: 1, needed: 2 }));

    let hiding = place.sql();
    hiding.execute_batch("CREATE TEMP TABLE request (mine); BEGIN").unwrap();
    assert!(matches!(reason(refused(&hiding).reason()), TransactionError::Hidden { table } if table == "request"));
    hiding.execute_batch("ROLLBACK").unwrap();

    let late = place.sql();
    late.execute_batch("BEGIN; SELECT * FROM job").unwrap();
    orch.send(Note, 0).await.unwrap();
    let error = refused(&late);
    assert!(matches!(reason(error.reason()), TransactionError::Busy) && error.is_retryable(), "{error:?}");
    late.execute_batch("ROLLBACK; BEGIN").unwrap();
    orch.send(Note, 1).in_transaction(&late).unwrap();
    late.execute_batch("COMMIT").unwrap();

    let newer = place.sql();
    newer.execute_batch("BEGIN; PRAGMA user_version = 99").unwrap();
    let error = refused(&newer);
    assert!(matches!(reason(error.reason()), TransactionError::Newer { found: 99, .. }));
    newer.execute_batch("ROLLBACK").unwrap();
    assert_eq!(place.number("SELECT waiting FROM job"), 2);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_same_file_by_another_path_is_the_same_file() {
    let place = Place::new();
    let orch = reaching(&place).await;
    let (folder, name) = (place.file().parent().unwrap().to_owned(), place.file().file_name().unwrap().to_owned());
    let mut shop = Connection::open(folder.join(".").join(name)).unwrap();
    let transaction = shop.transaction().unwrap();
    orch.send(Note, 1).in_transaction(&transaction).unwrap();
    transaction.commit().unwrap();
    assert_eq!(place.number("SELECT waiting FROM job"), 1);
    orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_and_sends_from_everywhere_take_places_of_their_own() {
    let (place, log) = (Place::new(), Log::new());
    let senders = [reaching(&place).await, reaching(&place).await];
    let worker = noting(place.open(), &log).await;
    let mut expected = BTreeSet::new();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (orch, mut shop) = (&senders[usize::from(thread > 1)], place.open().connection().unwrap());
            scope.spawn(move || {
                for round in 0..25 {
                    let number = thread * 1000 + round * 4;
                    let transaction = shop.transaction().unwrap();
                    orch.send(Note, number).in_transaction(&transaction).unwrap();
                    orch.send(Note, number + 1).priority(1).in_transaction(&transaction).unwrap();
                    if round % 3 == 0 { transaction.rollback() } else { transaction.commit() }.unwrap();
                    orch.send_blocking(Note, number + 2).unwrap();
                }
            });
            for number in (0..25).map(|round| thread * 1000 + round * 4) {
                expected.insert(number + 2);
                if number % 1000 / 4 % 3 != 0 {
                    expected.extend([number, number + 1]);
                }
            }
        }
    });
    let mut seen = seen(&log, expected.len()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(log.len(), seen.len(), "none twice, and nothing that was rolled back");
    seen.sort_unstable();
    assert_eq!(seen, expected.into_iter().collect::<Vec<_>>());
    worker.shutdown().await.unwrap();
    assert_eq!(place.number("SELECT waiting FROM job"), 0);
    for orch in senders {
        orch.shutdown().await.unwrap();
    }
}

#[test]
fn a_program_without_a_runtime_sends_in_its_transactions() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).reach(Note).start_blocking().unwrap();
    let mut shop = shop(&place);
    let transaction = shop.transaction().unwrap();
    transaction.execute("INSERT INTO sale VALUES (1)", []).unwrap();
    orch.send(Note, 1).in_transaction(&transaction).unwrap();
    transaction.commit().unwrap();
    assert_eq!(place.number("SELECT waiting FROM job"), 1);
    orch.shutdown().unwrap();
}

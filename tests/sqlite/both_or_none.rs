//! A transaction of the user's and what the store does in it are one, also when the process is killed in it.
//!
//! `JOB_ORCH_KILLS=1000 cargo test -p job-orch-tests --test sqlite both_or_none` is the long run. Where a request is sent beside
//! the transaction, or a job's end is recorded behind it, this fails.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use job_orch::prelude::*;
use job_orch_tests::within_a_minute;
use rusqlite::Connection;

use crate::child::{self, Child};
use crate::store::{Place, file_in};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A process that gives no sign of life for so long is taken for dead.
const LEASE: Duration = Duration::from_millis(300);

fn kills() -> u64 {
    std::env::var("JOB_ORCH_KILLS").map_or(25, |kills| kills.parse().unwrap())
}

fn open(folder: &Path) -> Sqlite {
    Sqlite::options().lease(LEASE).open(file_in(folder)).unwrap()
}

/// The user's part of the file.
struct Shop(Connection);

impl Shop {
    fn of(store: &Sqlite) -> Self {
        let shop = store.connection().unwrap();
        // No key: what is done twice stands there twice.
        shop.execute_batch("CREATE TABLE IF NOT EXISTS sale (number INTEGER NOT NULL)").unwrap();
        Self(shop)
    }

    fn sell(transaction: &rusqlite::Transaction<'_>, number: u64) -> rusqlite::Result<()> {
        transaction.execute("INSERT INTO sale VALUES (?1)", [number as i64]).map(drop)
    }
}

/// A file that says that the process is at work.
const BEGUN: &str = "begun";

/// Runs a process and kills it, again and again, at other moments each time. Judges after each.
fn kill_again_and_again(test: &str, place: &Place, mut judge: impl FnMut(u64)) {
    for round in 0..kills() {
        let begun = place.folder().join(BEGUN);
        let _ = std::fs::remove_file(&begun);
        let mut child = Child::start(test, place.folder());
        let started = Instant::now();
        while !begun.exists() {
            assert_eq!(child.ended(), None, "{test} has ended before it was at work");
            assert!(started.elapsed() < Duration::from_secs(60), "{test} does not get to work");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        child.kill();
        judge(round);
    }
}

/// The numbers that a query finds, of which there must be each once.
fn numbers(place: &Place, query: &str) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for row in place.rows(query) {
        assert!(numbers.insert(row[0].parse().unwrap()), "{} stands there twice: {query}", row[0]);
    }
    numbers
}

// ===== send(…).in_transaction(…) =====

#[job]
#[processor(requests = 10_000_000)]
async fn note(_: &u64) {}

/// Sells and sends, in one transaction each, until it is killed. What was committed it writes down.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn seller() {
    let Some(folder) = child::folder() else { return };
    let store = open(&folder);
    let mut shop = Shop::of(&store);
    let last: i64 = shop.0.query_row("SELECT coalesce(max(number), 0) FROM sale", [], |row| row.get(0)).unwrap();
    let mut diary = OpenOptions::new().create(true).append(true).open(folder.join("diary")).unwrap();
    let orch = Orchestrator::on(store).reach(Note).start().await.unwrap();
    std::fs::write(folder.join(BEGUN), "").unwrap();
    for number in last as u64 + 1.. {
        let transaction = shop.0.transaction().unwrap();
        // In either order.
        if number.is_multiple_of(2) {
            Shop::sell(&transaction, number).unwrap();
        }
        orch.send(Note, number).in_transaction(&transaction).unwrap();
        if !number.is_multiple_of(2) {
            Shop::sell(&transaction, number).unwrap();
        }
        if number.is_multiple_of(5) {
            transaction.rollback().unwrap();
        } else {
            transaction.commit().unwrap();
            // In one piece: a line that is killed in its middle would run into the next one.
            diary.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
    }
}

#[test]
fn a_process_that_is_killed_has_sold_and_sent_or_neither() {
    let place = Place::new();
    Shop::of(&place.open());
    let (mut before, mut fruitful) = (0, 0);
    kill_again_and_again("both_or_none::seller", &place, |round| {
        let (sold, sent) = (
            numbers(&place, "SELECT number FROM sale"),
            numbers(&place, "SELECT request FROM jobs WHERE job = 'note'"),
        );
        assert_eq!(sold, sent, "round {round}");
        let diary = std::fs::read_to_string(place.folder().join("diary")).unwrap_or_default();
        let told: Vec<u64> = diary.lines().map(|line| line.parse().unwrap()).collect();
        assert!(told.iter().all(|number| sold.contains(number)), "round {round}: what was committed is there");
        assert_eq!(place.number("SELECT waiting FROM job"), i64::try_from(sold.len()).unwrap(), "round {round}");
        fruitful += u64::from(sold.len() > before);
        before = sold.len();
    });
    println!("{before} sold, by {fruitful} of {} processes", kills());
    assert!(fruitful > kills() / 2, "it says too little: {fruitful} of {}", kills());
}

// ===== context.complete_in(…) =====

#[job]
#[processor(requests = 10_000_000, workers = 2)]
async fn sell(number: &u64, shop: &mut Shop, #[context] context: &Context) -> Result<u64, Error> {
    let transaction = shop.0.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    Shop::sell(&transaction, *number)?;
    context.complete_in(&transaction, number)?;
    transaction.commit()?;
    Ok(*number)
}

async fn selling(folder: &Path) -> Orchestrator<Sqlite> {
    let store = open(folder);
    let shops = store.clone();
    Orchestrator::on(store).provide_with(move || Shop::of(&shops)).host(Sell).start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the test below"]
async fn worker() {
    let Some(folder) = child::folder() else { return };
    let _orch = selling(&folder).await;
    std::fs::write(folder.join(BEGUN), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_process_that_is_killed_has_sold_and_ended_its_request_or_neither() {
    let place = Place::new();
    let all: BTreeSet<u64> = (0..kills() * 100).collect();
    let sender = Orchestrator::on(place.open()).reach(Sell).start().await.unwrap();
    sender.send_many(Sell, all.iter().copied()).await.unwrap();
    sender.shutdown().await.unwrap();
    drop(sender);
    Shop::of(&place.open());
    let (mut before, mut fruitful) = (0, 0);
    kill_again_and_again("both_or_none::worker", &place, |round| {
        let (sold, ended) =
            (numbers(&place, "SELECT number FROM sale"), numbers(&place, "SELECT response FROM results"));
        assert_eq!(sold, ended, "round {round}");
        let left = numbers(&place, "SELECT request FROM jobs");
        assert_eq!(&sold | &left, all, "round {round}: none is lost");
        assert!(sold.is_disjoint(&left), "round {round}: none is done and left");
        fruitful += u64::from(sold.len() > before);
        before = sold.len();
    });
    println!("{before} of {} sold, by {fruitful} of {} processes", all.len(), kills());
    assert!(fruitful > kills() / 2, "it says too little: {fruitful} of {}", kills());
    let orch = selling(place.folder()).await;
    within_a_minute(async {
        while place.number("SELECT count(*) FROM jobs") > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    orch.shutdown().await.unwrap();
    assert_eq!(numbers(&place, "SELECT number FROM sale"), all);
    assert_eq!(numbers(&place, "SELECT response FROM results WHERE outcome = 'succeeded'"), all);
}

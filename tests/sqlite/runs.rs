//! Runs of flows go on after a crash of every process: a step that has finished does not run again.
//!
//! `JOB_ORCH_KILLS=1000 cargo test -p job-orch-tests --test sqlite runs` is the long run. Without the journal, without the place
//! in a step's id, or where an end is not noted in the journal, it fails.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend};
use job_orch::engine::EngineChannels;
use job_orch::flow::{Flow, Wire, arm};
use job_orch::prelude::*;
use job_orch::retry::Retry;
use job_orch::{Engine, Route, flow};
use job_orch_tests::{Bare, Gate, Log, within_a_minute};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::child::{self, Child};
use crate::store::{Place, file_in};

#[job(retry(max = 0))]
#[processor(workers = 4)]
async fn noted(number: &u64, log: &Log<u64>, gate: &Gate) -> Result<u64, Bare> {
    log.push(*number);
    if *number >= 100 {
        gate.pass().await;
    }
    let is_first = log.entries().iter().filter(|other| *other == number).count() == 1;
    if *number == 13 && is_first { Err(Bare::of("unlucky")) } else { Ok(number + 1) }
}

type Chain = Flow<Vec<u64>, (Vec<u64>, u64), Bare>;

fn chain() -> Chain {
    Flow::define("chain", |numbers: Wire<Vec<u64>, Bare>| {
        numbers.fork(
            |all| all.each(|number| number.to(Noted).to(Noted)),
            |all| all.map(|all| all.len() as u64 + 50).to(Noted).map(|n| n + 98).to(Noted),
        )
    })
    .unwrap()
}

async fn noting(place: &Place, log: &Log<u64>, gate: &Gate) -> Orchestrator<Sqlite> {
    let assembly = Orchestrator::on(place.open()).share(log.clone()).share(gate.clone()).host(Noted);
    assembly.drain_for("10ms").unwrap().start().await.unwrap()
}

#[tokio::test]
async fn a_run_is_taken_up_where_it_stood() {
    let (place, log, gate, flow) = (Place::new(), Log::new(), Gate::shut(), chain());
    let (id, input) = (JobId::new(), vec![1, 2, 3]);
    let orch = noting(&place, &log, &gate).await;
    {
        let run = orch.run_as(id, &flow, input.clone());
        tokio::pin!(run);
        tokio::select! {
            _ = &mut run => panic!("it waits at the gate"),
            () = gate.reached_by(1) => {}
        }
        let journaled = within_a_minute(async {
            while place.number("SELECT count(*) FROM step WHERE payload IS NOT NULL") < 7 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        tokio::select! {
            _ = &mut run => panic!("it waits at the gate"),
            () = journaled => {}
        }
    }
    let _ = orch.shutdown().await;
    drop(orch);
    let mut first = log.entries();
    first.sort_unstable();
    assert_eq!(first, [1, 2, 2, 3, 3, 4, 53, 152]);

    gate.open();
    let orch = noting(&place, &log, &gate).await;
    let output = within_a_minute(orch.run_as(id, &flow, input.clone())).await.unwrap();
    assert_eq!(output, (vec![3, 4, 5], 153));
    assert_eq!(log.entries()[8..], [152], "only what had not finished runs again");
    orch.shutdown().await.unwrap();
    drop(orch);
    within_a_minute(async {
        while place.number("SELECT count(*) FROM step") > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_run_that_failed_tries_what_failed_again_and_nothing_else() {
    let (place, log, gate, flow) = (Place::new(), Log::new(), Gate::shut(), chain());
    let orch = noting(&place, &log, &gate).await;
    let (id, input) = (JobId::new(), vec![5, 13]);
    within_a_minute(orch.run_as(id, &flow, input.clone())).await.unwrap_err();
    orch.shutdown().await.unwrap();
    gate.open();
    let orch = noting(&place, &log, &gate).await;
    assert_eq!(within_a_minute(orch.run_as(id, &flow, input)).await.unwrap(), (vec![7, 15], 152));
    let mut counts = BTreeMap::<u64, usize>::new();
    log.entries().into_iter().for_each(|number| *counts.entry(number).or_default() += 1);
    assert_eq!(counts[&13], 2);
    assert_eq!(counts[&5], 1);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_buried_leaves_the_flow_and_the_others_go_on() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    let orch = noting(&place, &log, &gate).await;
    let flow = Flow::define("burying", |numbers: Wire<Vec<u64>, Bare>| {
        numbers.each(|number| number.attempt(Noted).dead_letter())
    })
    .unwrap();
    assert_eq!(within_a_minute(orch.run(&flow, vec![1, 13, 3])).await.unwrap(), [2, 4]);
    assert_eq!(orch.dead_letters(Noted).await.unwrap().len(), 1);
    orch.shutdown().await.unwrap();
}

// ===== killed =====

/// A process that gives no sign of life for so long is taken for dead.
const LEASE: Duration = Duration::from_millis(300);

/// What was done, in a file that outlives who did it.
#[derive(Clone, Debug)]
struct Diary(Arc<File>);

impl Diary {
    fn of(folder: &Path) -> Self {
        Self(Arc::new(OpenOptions::new().create(true).append(true).open(folder.join("diary")).unwrap()))
    }

    fn note(&self, context: &Context) {
        (&*self.0).write_all(format!("{}\n", context.id()).as_bytes()).unwrap();
    }
}

#[job(retry(max = 1000, backoff = constant("1ms")))]
#[processor(workers = 4)]
async fn step(number: &u64, diary: &Diary, #[context] context: &Context) -> u64 {
    diary.note(context);
    tokio::time::sleep(Duration::from_micros(number % 7 * 300)).await;
    number + 1
}

#[job(retry(max = 8, backoff = constant("1ms")))]
#[processor(workers = 2)]
async fn picky(number: &u64, diary: &Diary, #[context] context: &Context) -> Result<u64, Bare> {
    diary.note(context);
    if number.is_multiple_of(5) { Err(Bare::of("a fifth")) } else { Ok(number * 10) }
}

/// Fails once for each number.
#[job(retry(max = 0))]
#[processor(workers = 2)]
async fn flaky(number: &u64, diary: &Diary, folder: &PathBuf, #[context] context: &Context) -> Result<u64, Bare> {
    diary.note(context);
    let mark = folder.join(format!("flaky-{number}"));
    if File::create_new(mark).is_ok() { Err(Bare::of("the first time")) } else { Ok(number + 1) }
}

#[job(retry(max = 1000, backoff = constant("1ms")))]
async fn sum(numbers: &Vec<u64>, diary: &Diary, #[context] context: &Context) -> u64 {
    diary.note(context);
    numbers.iter().sum()
}

#[derive(Route)]
enum Parity {
    Even(u64),
    Odd(u64),
}

fn parity(n: u64) -> Parity {
    if n.is_multiple_of(2) { Parity::Even(n) } else { Parity::Odd(n) }
}

/// Forks, elements, routes, failures that are handled, parts that are repeated.
#[flow(retry(max = 1000, backoff = constant("1ms")))]
fn everything(input: Wire<u64, Bare>) -> Wire<u64, Bare> {
    input
        .fork(
            |n| {
                n.map(|n| (n..n + 6).collect::<Vec<u64>>())
                    .each(|n| {
                        n.to(Step)
                            .map(parity)
                            .route(ParityArms { even: arm(|n| n.to(Step)), odd: arm(|n| n.attempt(Picky).or(|_| 1)) })
                    })
                    .to(Sum)
            },
            |n| n.to(Step).retry_part(Retry::times(1000).constant(Duration::from_millis(1)), |n| n.to(Step).to(Flaky)),
        )
        .map(|(a, b)| vec![a, b])
        .to(Sum)
}

/// What comes of it, without a flow.
fn directly(n: u64) -> u64 {
    let picky = |n: u64| if n.is_multiple_of(5) { None } else { Some(n * 10) };
    let each = (n..n + 6).map(|n| n + 1).map(|n| if n.is_multiple_of(2) { n + 1 } else { picky(n).unwrap_or(1) });
    each.sum::<u64>() + n + 3
}

async fn hosting(folder: &Path) -> Orchestrator<Sqlite> {
    let store = Sqlite::options().lease(LEASE).open(file_in(folder)).unwrap();
    let shared = Orchestrator::on(store).share(Diary::of(folder)).share(folder.to_owned());
    let hosting =
        shared.host(Step).host(Picky).host(Flaky).host(Sum).host_with(Everything, Everything::SERVING.workers(3));
    hosting.start().await.unwrap()
}

/// The process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = child::folder() else { return };
    let _orch = hosting(&folder).await;
    std::future::pending::<()>().await;
}

/// How often each request has run, by its id.
fn diary(folder: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in std::fs::read_to_string(folder.join("diary")).unwrap_or_default().lines() {
        *counts.entry(id.to_owned()).or_default() += 1;
    }
    counts
}

/// How many runs there were.
fn lines_of(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("diary")).unwrap_or_default().lines().count()
}

/// The outcomes of all flows that have ended, by their ids; and the ids of all steps that have.
fn ended(folder: &Path) -> (BTreeMap<String, String>, Vec<String>) {
    let sql = Connection::open(file_in(folder)).unwrap();
    let mut statement = sql.prepare("SELECT job, id, response FROM results").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let (flows, steps): (Vec<_>, Vec<_>) =
        rows.map(|row| row.unwrap()).partition(|(job, _, _): &(String, String, String)| job == "everything");
    (
        flows.into_iter().map(|(_, id, response)| (id, response)).collect(),
        steps.into_iter().map(|(_, id, _)| id).collect(),
    )
}

/// Flows for each kill, so that there is something to kill until the end.
const FLOWS: u64 = 20;

#[tokio::test]
async fn a_step_that_has_finished_never_runs_again_whatever_is_killed() {
    let kills: usize = std::env::var("JOB_ORCH_KILLS").map_or(10, |kills| kills.parse().unwrap());
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let mut numbers = BTreeMap::new();
    let store = Sqlite::open(file_in(folder)).unwrap();
    let sender = Orchestrator::on(store).reach(Everything).start().await.unwrap();
    for number in 0..FLOWS * kills as u64 {
        numbers.insert(sender.send(Everything, number * 100).await.unwrap().id.to_string(), number * 100);
    }
    sender.shutdown().await.unwrap();
    drop(sender);

    // How often what has finished had run until then.
    let (mut finished, mut fruitful) = (BTreeMap::new(), 0);
    for round in 0..kills {
        let child = Child::start("runs::process", folder);
        // In the middle of it: however long it takes to get there.
        let lines = lines_of(folder) + 5 + (round * 37) % 60;
        within_a_minute(async {
            while lines_of(folder) < lines {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        child.kill();
        let (counts, (_, steps)) = (diary(folder), ended(folder));
        fruitful += usize::from(steps.len() > finished.len());
        for id in steps {
            let count = counts.get(&id).copied().unwrap_or(0);
            assert_eq!(*finished.entry(id.clone()).or_insert(count), count, "round {round}: {id} ran again");
        }
    }
    let orch = hosting(folder).await;
    within_a_minute(async {
        while ended(folder).0.len() < numbers.len() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    orch.shutdown().await.unwrap();
    drop(orch);
    let (outcomes, counts) = (ended(folder).0, diary(folder));
    for (id, number) in &numbers {
        assert_eq!(outcomes[id], directly(*number).to_string(), "of {number}");
    }
    for (id, count) in &finished {
        assert_eq!(counts.get(id).copied().unwrap_or(0), *count, "{id} ran again");
    }
    assert!(fruitful > kills / 2 && finished.len() > 5 * kills, "it says too little: {fruitful}, {}", finished.len());
    let sql = Connection::open(file_in(folder)).unwrap();
    let number = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    // Each place of each run once, also under another id.
    assert_eq!(number("SELECT count(*) FROM results WHERE job = 'sum'"), 2 * numbers.len() as i64);
    assert_eq!(number("SELECT count(*) FROM results WHERE job = 'picky'"), 3 * numbers.len() as i64);
    assert_eq!(number("SELECT count(*) FROM step"), 0, "runs that are over are forgotten");
}

/// However it died: not every death is told by the worker that ran it.
#[tokio::test]
async fn what_is_redriven_does_anew_what_had_failed() {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Noted>(&store, &Noted::SERVING).await.unwrap();
    let envelope = Envelope::new(1);
    let id = envelope.id();
    channels.request_sender().send(envelope).await.unwrap();
    let held = within_a_minute(channels.request_receiver().receive()).await.unwrap();
    held.bury(Failure::new(FailureKind::Interrupted, "its process died while it ran", 1)).await.unwrap();
    for (step, is_failure) in [(1, true), (2, false)] {
        let sql = "INSERT INTO step (id, run, noted, is_failure) SELECT zeroblob(?1), id, 0, ?2 FROM request";
        assert_eq!(place.sql().execute(sql, rusqlite::params![step, is_failure]).unwrap(), 1);
    }
    assert!(channels.redrive(id).await.unwrap());
    assert_eq!(place.rows("SELECT hex(id) FROM step"), [["0000"]], "what has succeeded is not done again");
}

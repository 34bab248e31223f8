//! Processes that send, run and record are killed at any moment, or stopped for longer than their lease: nothing that was
//! accepted is lost, and nobody who was taken for dead records anything.
//!
//! `JOB_ORCH_KILLS=1000 cargo test -p job-orch-tests --test sqlite kill` is the long run. With an answer before the commit,
//! without the fence in `settle`, or without the transaction around response and settlement, it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use job_orch::prelude::*;
use job_orch_tests::within_a_minute;
use rusqlite::Connection;
use tempfile::TempDir;

/// A process that gives no sign of life for so long is taken for dead.
const LEASE: Duration = Duration::from_millis(300);

/// The environment of a process that is to be killed: its folder.
const FOLDER: &str = "JOB_ORCH_KILL_FOLDER";

/// What a process has seen, in a file that outlives it.
#[derive(Clone, Debug)]
pub(crate) struct Diary(Arc<File>);

impl Diary {
    fn of(folder: &Path) -> Self {
        Self(Arc::new(OpenOptions::new().create(true).append(true).open(folder.join("diary")).unwrap()))
    }

    /// One line, written at once.
    fn note(&self, line: &str) {
        (&*self.0).write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

#[job(retry(max = 1000, backoff = constant("1ms")))]
#[processor(workers = 4, requests = 100)]
async fn double(number: &u64, diary: &Diary, #[context] context: &Context) -> (u64, u32) {
    diary.note(&format!("ran {} {}", context.id(), context.attempt()));
    tokio::time::sleep(Duration::from_micros(number % 4 * 700)).await;
    (number * 2, context.attempt())
}

async fn start(folder: &Path) -> Orchestrator<Sqlite> {
    let store = Sqlite::options().lease(LEASE).open(folder.join("jobs.db")).unwrap();
    Orchestrator::on(store).share(Diary::of(folder)).host(Double).start().await.unwrap()
}

/// The process that is killed: it sends and calls until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let (orch, diary) = (start(&folder).await, Diary::of(&folder));
    let sender = async {
        for number in 0.. {
            let receipt = orch.send(Double, number).await.unwrap();
            diary.note(&format!("accepted {} {number}", receipt.id));
        }
    };
    let caller = async {
        for number in 0.. {
            let (double, attempt) = orch.call(Double, number).await.unwrap();
            assert_eq!(double, number * 2);
            diary.note(&format!("answered {attempt}"));
        }
    };
    tokio::join!(sender, caller);
}

fn spawn(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["kill::process", "--exact", "--ignored", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Two processes work; again and again one of them is killed, or stopped until the other has taken its requests.
fn torment(folder: &Path, kills: u64) {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut children = [spawn(folder), spawn(folder)];
    for kill in 0..kills {
        std::thread::sleep(Duration::from_millis(30 + random(120)));
        let child = &mut children[usize::from(random(2) == 0)];
        if kill % 5 == 4 {
            signal(child, "-STOP");
            std::thread::sleep(LEASE * 2);
            signal(child, "-CONT");
            std::thread::sleep(Duration::from_millis(random(20)));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        *child = spawn(folder);
    }
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Runs what is left.
async fn drain(folder: &Path) {
    let orch = start(folder).await;
    let begun = Instant::now();
    while orch.health().await.jobs[0].waiting != Some(0) || running(folder) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "a ready request beside idle workers");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    orch.shutdown().await.unwrap();
}

fn running(folder: &Path) -> i64 {
    let sql = Connection::open(folder.join("jobs.db")).unwrap();
    sql.query_row("SELECT count(*) FROM jobs WHERE state <> 'dead'", [], |row| row.get(0)).unwrap()
}

#[derive(Debug, Default)]
struct Seen {
    accepted: BTreeMap<JobId, u64>,
    // Each attempt that was begun.
    runs: BTreeSet<(JobId, u32)>,
    answers: usize,
}

fn read(folder: &Path) -> Seen {
    let mut seen = Seen::default();
    for line in std::fs::read_to_string(folder.join("diary")).unwrap().lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["accepted", id, number] => {
                seen.accepted.insert(id.parse().unwrap(), number.parse().unwrap());
            }
            ["ran", id, attempt] => {
                let is_new = seen.runs.insert((id.parse().unwrap(), attempt.parse().unwrap()));
                assert!(is_new, "one attempt is begun once: {line}");
            }
            ["answered", _] => seen.answers += 1,
            // Cut off by a kill.
            _ => {}
        }
    }
    seen
}

/// What the store says in the end: of each request that has ended, its response, and the attempt that gave it.
fn ended(folder: &Path) -> BTreeMap<JobId, (u64, u32)> {
    let sql = Connection::open(folder.join("jobs.db")).unwrap();
    let dead: i64 = sql.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0)).unwrap();
    assert_eq!(dead, 0, "all have ended well");
    let check: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut statement = sql.prepare("SELECT id, response FROM results").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    let mut ended = BTreeMap::new();
    for row in rows {
        let (id, response) = row.unwrap();
        let (double, attempt) = response.trim_matches(['[', ']']).split_once(',').unwrap();
        let end = (double.parse().unwrap(), attempt.parse().unwrap());
        assert_eq!(ended.insert(id.parse().unwrap(), end), None, "{id} has ended twice");
    }
    ended
}

#[tokio::test]
async fn what_was_accepted_ends_once_whoever_is_killed() {
    let kills = std::env::var("JOB_ORCH_KILLS").map_or(25, |kills| kills.parse().unwrap());
    let folder = TempDir::new().unwrap();
    torment(folder.path(), kills);
    within_a_minute(drain(folder.path())).await;
    let (seen, ended) = (read(folder.path()), ended(folder.path()));
    let mut repeated = 0;
    for (id, number) in &seen.accepted {
        let Some((double, _)) = ended.get(id) else { panic!("{id} was accepted, and is lost") };
        assert_eq!(*double, number * 2);
    }
    for (id, (_, attempt)) in &ended {
        let last = seen.runs.range((*id, 0)..=(*id, u32::MAX)).next_back();
        assert_eq!(last, Some(&(*id, *attempt)), "the last attempt that was begun is the one that counts");
        repeated += usize::from(*attempt > 1);
    }
    // Else it has shown nothing.
    assert!(seen.accepted.len() > 100 && seen.answers > 20, "{} and {}", seen.accepted.len(), seen.answers);
    assert!(repeated as u64 > kills / 4, "only {repeated} of {} were interrupted", ended.len());
    println!(
        "{} accepted, {} ended, {repeated} interrupted, {} answers",
        seen.accepted.len(),
        ended.len(),
        seen.answers
    );
}

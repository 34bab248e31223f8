//! The commands over a store, while an orchestrator works on it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use job_orch::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::job_orch;

#[job(retry(max = 0))]
async fn half(number: &u64) -> Result<u64, String> {
    if number.is_multiple_of(2) { Ok(number / 2) } else { Err(format!("{number} is odd")) }
}

#[job(retry(max = 5, backoff = constant("1h")))]
async fn patient(_: &u64) -> Result<(), String> {
    Err("not today".to_owned())
}

#[job(cron = "0 0 1 1 *", tz = "Asia/Tokyo", missed = all, overlap = skip)]
async fn yearly() {}

/// A store, and an orchestrator that works on it.
struct Place {
    folder: TempDir,
    orch: Orchestrator<Sqlite>,
}

impl Place {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Sqlite::open(folder.path().join("jobs.db")).unwrap();
        let orch = Orchestrator::on(store).host(Half).host(Patient).host(Yearly).start().await.unwrap();
        Self { folder, orch }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("jobs.db")
    }

    fn run(&self, args: &[&str]) -> Output {
        job_orch().args(args).arg("--store").arg(self.file()).output().unwrap()
    }

    /// What a command prints, if it succeeds.
    fn print(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn rows(&self, args: &[&str]) -> Vec<Value> {
        self.print(args).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn queue(&self, job: &str) -> Value {
        self.rows(&["queues"]).into_iter().find(|row| row["job"] == job).unwrap()
    }

    /// Waits until the queue of a job is so.
    async fn until(&self, job: &str, is_so: impl Fn(&Value) -> bool) {
        for _ in 0..600 {
            if is_so(&self.queue(job)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}", self.queue(job));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_store_is_shown_while_it_is_used() {
    let place = Place::new().await;
    assert_eq!(place.orch.call(Half, 8).await.unwrap(), 4);
    // Nobody waits for its answer, so it is a dead letter.
    place.orch.send(Half, 7).await.unwrap();
    place.until("half", |queue| queue["dead"] == 1 && queue["results"] == 2).await;
    let dead = place.rows(&["jobs", "half", "--state", "dead"]);
    assert_eq!((&dead[0]["request"], &dead[0]["failure"]), (&7.into(), &"7 is odd".into()));
    let shown = place.rows(&["show", dead[0]["id"].as_str().unwrap()]);
    assert_eq!((&shown[0]["state"], &shown[1]["state"]), (&"dead".into(), &"failed".into()));
    let told = place.rows(&["tail", "half", "--from-start", "--no-follow"]);
    assert_eq!((&told[0]["response"], told.len()), (&4.into(), 2));
    let table = place.print(&["queues", "--table"]);
    assert!(table.lines().next().unwrap().trim_start().starts_with("JOB"), "{table}");
    assert!(place.print(&["doctor"]).lines().all(|line| line.contains("\"good\":true")));
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_for_people() {
    let place = Place::new().await;
    assert_eq!(place.print(&["jobs", "--table"]), "none\n");
    place.orch.send(Half, 7).await.unwrap();
    place.until("half", |queue| queue["dead"] == 1 && queue["results"] == 1).await;
    let queues = place.print(&["queues", "--table"]);
    let lines: Vec<&str> = queues.lines().collect();
    // The end of a number stands below the end of its column's name.
    let end = lines[0].find("READY").unwrap() + "READY".len();
    assert!(lines[1].contains("half") && lines[1].contains("  no"), "{queues}");
    assert_eq!(&lines[1][end - 1..=end], "0 ", "{queues}");
    let id = place.rows(&["jobs"])[0]["id"].as_str().unwrap().to_owned();
    let shown = place.print(&["show", &id, "--table"]);
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    assert!(lines[0].starts_with("id ") && lines[1].starts_with("job ") && lines[2].starts_with("state "), "{shown}");
    assert!(lines.contains(&""), "the request and its response stand apart: {shown}");
    let short = job_orch().args(["queues", "-s"]).arg(place.file()).output().unwrap();
    assert!(short.status.success());
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_shown_with_their_last_and_next_ticks() {
    let place = Place::new().await;
    let schedule = &place.orch.schedules()[0];
    let second = |at| humantime::format_rfc3339_seconds(at).to_string();
    let expected = serde_json::json!({
        "job": "yearly",
        "expression": "0 0 1 1 *",
        "tz": "Asia/Tokyo",
        "missed": "all",
        "overlap": "skip",
        "last": second(schedule.last),
        "next": second(schedule.next.unwrap()),
    });
    assert_eq!(place.rows(&["schedules"]), [expected]);
    let table = place.print(&["schedules", "--table"]);
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().unwrap(), ["JOB", "EXPRESSION", "TZ", "NEXT", "LAST", "MISSED", "OVERLAP"]);
    assert!(table.contains("T15:00:00Z") && table.contains("Asia/Tokyo"), "new year of Tokyo: {table}");
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_that_wait_are_shown_and_checked() {
    let place = Place::new().await;
    place.print(&["pause", "half"]);
    for number in [8, 1234, 99_999] {
        place.orch.send(Half, number).await.unwrap();
    }
    place.orch.send(Half, 20).after("1h").await.unwrap();
    assert_eq!(place.queue("half")["waiting_bytes"], 1 + 4 + 5 + 2);
    let counters = |row: &Value| row["check"] == "counters";
    let found = place.rows(&["doctor"]).into_iter().find(counters).unwrap();
    assert_eq!((&found["good"], &found["finding"]), (&true.into(), &"they agree with what is there".into()));
    place.orch.shutdown().await.unwrap();
    let sql = rusqlite::Connection::open(place.file()).unwrap();
    sql.execute("UPDATE job SET bytes = 11 WHERE name = 'half'", []).unwrap();
    let told = place.run(&["doctor"]);
    assert_eq!(told.status.code(), Some(1));
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("job `half` counts 4 that wait, of 11 bytes, and there are 4 of 12 bytes"), "{told}");
    assert_eq!(told.matches("\"good\":false").count(), 1, "one fault is told once: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_hides_nothing_else() {
    let place = Place::new().await;
    place.orch.send(Half, 7).await.unwrap();
    place.until("half", |queue| queue["dead"] == 1).await;
    let dead = &place.rows(&["jobs"])[0]["id"];
    let sql = rusqlite::Connection::open(place.file()).unwrap();
    sql.execute("UPDATE aside SET failure = CAST(x'ff' AS TEXT)", []).unwrap();
    sql.execute("UPDATE request SET dead_key = CAST(x'ff' AS TEXT)", []).unwrap();
    sql.execute("UPDATE response SET ended = 1 << 60", []).unwrap();
    let checks = place.rows(&["doctor"]);
    assert_eq!(checks.len(), 11);
    assert!(checks.iter().any(|check| check["finding"] == "1 wait to be redriven or dropped"), "{checks:?}");
    let shown = &place.rows(&["jobs"])[0];
    assert_eq!((&shown["id"], &shown["failure"]), (dead, &"its reason cannot be read".into()));
    let letters = place.orch.dead_letters(Half).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(&letters[0].id.to_string(), dead.as_str().unwrap());
    // Beyond what can be written as a date.
    let ended = place.rows(&["tail", "--from-start", "--no-follow"]);
    assert_eq!(ended[0]["ended"], "9999-12-31T23:59:59Z");
    // What cannot be made is a finding as any other.
    sql.execute_batch("DROP VIEW processes").unwrap();
    let checks = place.run(&["doctor"]);
    let told = String::from_utf8(checks.stdout).unwrap();
    assert_eq!((checks.status.code(), told.lines().count()), (Some(1), 11), "{told}");
    assert!(told.contains("no such table: processes"), "{told}");
    assert!(told.contains("the view `processes` is missing"), "{told}");
    sql.execute_batch("CREATE VIEW processes AS SELECT number, process, 0 AS running FROM holder").unwrap();
    let told = String::from_utf8(place.run(&["doctor"]).stdout).unwrap();
    assert!(told.contains("the view `processes` is not as it was made"), "{told}");
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_redriven_and_dropped() {
    let place = Place::new().await;
    place.orch.send(Half, 7).await.unwrap();
    place.until("half", |queue| queue["dead"] == 1).await;
    let id = place.rows(&["jobs"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.print(&["redrive", &id]), "1 redriven\n");
    // A worker of the other process hears of it, and fails again.
    place.until("half", |queue| queue["dead"] == 1 && queue["results"] == 2).await;
    assert_eq!(place.print(&["redrive", "--all", "half"]), "1 redriven\n");
    place.until("half", |queue| queue["dead"] == 1 && queue["results"] == 3).await;
    assert_eq!(place.print(&["drop", &id]), "1 dropped\n");
    let again = place.run(&["drop", &id]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(again.stderr, format!("job-orch: {id} is no dead letter\n").into_bytes());
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_job_is_handed_out_when_it_goes_on() {
    let place = Place::new().await;
    assert_eq!(place.print(&["pause", "half"]), "1 paused\n");
    place.orch.send(Half, 8).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let queue = place.queue("half");
    assert_eq!((&queue["ready"], &queue["paused"]), (&1.into(), &true.into()));
    assert_eq!(place.print(&["resume", "half"]), "1 resumed\n");
    place.until("half", |queue| queue["ready"] == 0 && queue["results"] == 1).await;
    assert_eq!(place.run(&["pause", "nothing"]).status.code(), Some(1));
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_hastened_and_cancelled() {
    let place = Place::new().await;
    let receipt = place.orch.send(Patient, 1).await.unwrap();
    let id = receipt.id.to_string();
    place.until("patient", |queue| queue["delayed"] == 1).await;
    assert_eq!(place.print(&["retry", &id]), "1 due now\n");
    // It has failed a second time, and waits again.
    for _ in 0..600 {
        let row = &place.rows(&["jobs", "patient"])[0];
        if row["attempts"] == 2 && row["state"] == "delayed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(place.print(&["cancel", &id]), "1 cancelled\n");
    let response = place.orch.response(Patient, receipt.id).await.unwrap().unwrap();
    assert_eq!(response.outcome.unwrap_err().kind, FailureKind::Cancelled);
    place.orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_told_that_its_request_was_cancelled() {
    let place = Place::new().await;
    place.print(&["pause", "half"]);
    let caller = tokio::spawn({
        let orch = place.orch.clone();
        async move { orch.call(Half, 8).await }
    });
    place.until("half", |queue| queue["ready"] == 1).await;
    assert_eq!(place.print(&["purge", "half", "--waiting"]), "1 cancelled\n");
    let error = tokio::time::timeout(Duration::from_secs(30), caller).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, CallError::Cancelled { .. }), "{error:?}");
    assert_eq!(
        place.print(&["purge", "half", "--everything"]),
        "0 cancelled\n0 dropped\nold responses are forgotten\n"
    );
    assert_eq!(place.queue("half")["results"], 0);
    place.orch.shutdown().await.unwrap();
}

#[test]
fn a_file_that_is_no_store_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("jobs.db");
    let queues = || job_orch().args(["queues", "--store"]).arg(&file).output().unwrap();
    assert_eq!(queues().status.code(), Some(1));
    assert!(!file.exists());
    std::fs::write(&file, "").unwrap();
    assert_eq!(queues().status.code(), Some(1));
    assert_eq!(std::fs::read(&file).unwrap(), b"");
    std::fs::write(&file, "something else\x1b[2J").unwrap();
    let output = queues();
    assert!(String::from_utf8(output.stderr).unwrap().contains("is no store of job-orch"));
    assert_eq!(job_orch().arg("queues").env_remove("JOB_ORCH_STORE").output().unwrap().status.code(), Some(2));
}

#[test]
fn shells_are_told_how_to_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let output = job_orch().args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("redrive"));
    }
}

#[job]
async fn newcomer(number: &u64) -> u64 {
    *number
}

/// Lines as they are printed, for ten seconds each.
struct Lines(mpsc::Receiver<String>);

impl Lines {
    fn of(program: &mut Child) -> Self {
        let printed = BufReader::new(program.stdout.take().unwrap()).lines();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || printed.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self(lines)
    }

    /// Whether one comes soon that has this in it.
    fn have(&self, word: &str, most: Duration) -> bool {
        std::iter::from_fn(|| self.0.recv_timeout(most).ok()).any(|line| line.contains(word))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_tells_of_jobs_that_come_later() {
    let place = Place::new().await;
    let mut tail = job_orch();
    let mut tail = tail.args(["tail", "--store"]).arg(place.file()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = Lines::of(&mut tail);
    let mut tries = 0;
    while !lines.have("half", Duration::from_millis(200)) {
        // What was there before it has begun it does not tell.
        place.orch.call(Half, 8).await.unwrap();
        tries += 1;
        assert!(tries < 100);
    }
    let other = Orchestrator::on(Sqlite::open(place.file()).unwrap()).host(Newcomer).start().await.unwrap();
    assert_eq!(other.call(Newcomer, 7).await.unwrap(), 7);
    assert!(lines.have("newcomer", Duration::from_secs(10)));
    tail.kill().unwrap();
    tail.wait().unwrap();
    other.shutdown().await.unwrap();
    place.orch.shutdown().await.unwrap();
}
